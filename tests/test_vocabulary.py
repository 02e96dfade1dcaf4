"""The code speaks the field's language: identifiers and phrases of the library's early private dialect are refused."""

import io
import re
import tokenize
from pathlib import Path

import pytest

import chainrule as cr

SOURCE = Path(cr.__file__).parent
ROOT = SOURCE.parents[1]
FOLDERS = [SOURCE, *(ROOT / name for name in ("benchmarks", "kernels/src", "kernels/tests", "tests"))]

# old identifier: the field's word
EVERYWHERE = {
    "Seen": "Displayable",
    "Drawn": "Figure",
    "Said": "LazyMessage",
    "Say": "Translator",
    "OwnOperation": "CustomOperation",
    "Room": "Registry",
    "Ahead": "Prefetcher",
    "must_be_alike": "check_replicas_in_sync",
    "Mark": "Fingerprint",
    "Watch": "NanGuard",
    "ArraySource": "ArrayAdapter",
    "source_of": "data_adapter_for",
    "lends": "reuses_buffers",
    "goes_on": "is_infinite",
    "Several": "FusedEpochs",
    "at_leisure": "deferrable",
    "Aside": "StateOverlay",
    "Reads": "StateRecorder",
    "only_if": "run_if",
    "Again": "Rematerializer",
    "Cut": "Detached",
    "forgets": "stops_gradient",
    "Made": "SourceInfo",
    "made_here": "current_source_info",
    "made_for": "source_info_scope",
    "PICK": "GET_OUTPUT",
    "counts_steps": "depends_on_ulp",
    "floated": "promote_to_float",
    "own_dtypes": "preserve_dtypes",
    "as_given": "preserve_dtypes",
    "onion": "scope_tree",
    "troubles": "diagnostics",
    "Ledger": "ExplanationBuilder",
    "Ways": "Implementations",
    "looking_on": "capture_outputs",
    "OfTheCall": "CallTensors",
    "settle": "configure_jax",
    "stand_in": "placeholder",
    "with_stand_in": "with_placeholder",
}
IN_SOURCE = {  # words for whatever a thing is; in tests some name what a test is about
    "found": "result",
    "made": "what was created",
    "given": "arguments",
    "wanted": "expected",
    "told": "message",
    "room": "registry, package",
    "rooms": "packages",
    "builtin_max": "builtins.max",
    "all_of": "builtins.all",
}
IN_OPS = {"o": "xp"}
PHRASES = re.compile(
    r"\bhangs? on\b|\bis said\b|\bin silence\b|\bspeaks of\b|\b(this|the|which) room\b|\bhouse's\b", re.I
)


def names_in(text):
    """The identifiers in Python code, with their lines."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield token.string, token.start[0]


def files():
    for folder in FOLDERS:
        yield from sorted(path for path in folder.rglob("*.py") if path.name != Path(__file__).name)


@pytest.mark.parametrize("path", [p for p in files() if p.exists()], ids=lambda p: p.relative_to(ROOT).as_posix())
def test_old_identifiers_are_refused(path):
    refused = dict(EVERYWHERE)
    if SOURCE in path.parents:
        refused |= IN_SOURCE
    if SOURCE / "ops" in path.parents:
        refused |= IN_OPS
    for name, line in names_in(path.read_text()):
        assert name not in refused, f"line {line}: {name!r}; the field's word is {refused[name]!r}"


@pytest.mark.parametrize(
    "path",
    [
        *sorted(SOURCE.rglob("*.py")),
        *sorted((ROOT / "docs").glob("*.md")),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
    ],
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_phrases_of_the_dialect_are_refused(path):
    if not path.exists():
        pytest.skip("installed without its documents")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        assert not PHRASES.search(line), f"line {number}: {line.strip()}"


def test_the_search_sees_names_and_phrases():
    assert ("found", 2) in set(names_in("def f(x):\n    found = x\n    return f'{found}'  # found\n"))
    assert PHRASES.search("an output that hangs on the input 'x'")
    assert not PHRASES.search("Boston housing's houses")
