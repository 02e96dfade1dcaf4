"""A reading looks into an operation's record: code that asks for its name would know it twice."""

import ast
from pathlib import Path

import pytest

import chainrule
from chainrule.ops.record import registry

ROOT = Path(chainrule.__file__).parent
READINGS = ("graph", "transforms", "analysis", "engines", "training", "inspection", "models", "saving", "figures")
# engines replace operations by name, which is how a kernel is found; each such table is one of these files
BY_NAME = tuple(f"engines/xla/{name}" for name in ("calls", "lax", "lower", "report", "fuse", "kernels"))
# names that a user gives: operations to be kept, and those of a file
GIVEN = {("transforms/differentiate/rematerialize.py", "saved_operations")}


def readings():
    for package in READINGS:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not str(path.relative_to(ROOT)).startswith(BY_NAME):
                yield path


def asks_for_a_name(node):
    """Whether an expression is the name of an operation: ``operation.name``, ``step.operation``."""
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value
    owner = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    if isinstance(node.value, ast.Call):
        owner = getattr(node.value.func, "id", getattr(node.value.func, "attr", ""))
    return node.attr == "name" and owner in ("operation", "record", "op", "operation_of")


def strings_in(node):
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def faults(tree, path=""):
    """The lines that compare an operation's name, or have a set of names of operations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            others = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
            given = any((path, attribute) in GIVEN for attribute in others)
            if any(map(asks_for_a_name, sides)) and not given and "registry" not in ast.dump(node):
                yield node.lineno
        elif isinstance(node, ast.Set) and len(node.elts) > 1:
            names = [n.value for n in node.elts if isinstance(n, ast.Constant) and isinstance(n.value, str)]
            if len(names) == len(node.elts) and set(names) <= registry.keys():
                yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "split":
            words = [word for text in strings_in(node.func) for word in text.split()]
            if len(words) > 1 and set(words) <= registry.keys():
                yield node.lineno


@pytest.mark.parametrize("path", list(readings()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_reading_knows_an_operation_by_name(path):
    tree = ast.parse(path.read_text())
    assert list(faults(tree, str(path.relative_to(ROOT)))) == []


@pytest.mark.parametrize(
    "code",
    [
        'x = node.operation.name == "add"',
        'if operation.name in ("relu", "relu6"): pass',
        'y = operation_of(node).name != "cast"',
        'VIEWS = frozenset("reshape transpose squeeze".split())',
        'RECTIFIERS = {"relu", "relu6"}',
    ],
)
def test_the_test_finds_what_it_looks_for(code):
    assert list(faults(ast.parse(code))) == [1]


def test_names_that_no_operation_has_are_words():
    assert list(faults(ast.parse('MODES = {"valid", "same"}\nx = layer.name == "dense"'))) == []
