"""Every operation has every reading, or a stated reason; public names and examples are whole."""

import doctest
import importlib
import inspect
import math
import pkgutil
import re
import subprocess
import sys
from operator import attrgetter
from pathlib import Path

import pytest

import chainrule as cr
from chainrule import ops
from chainrule.ops.calls import Composite
from chainrule.ops.record import Operation, registry

ROOT = Path(cr.__file__).parent
NO_GRADIENT = {  # the result is no real number that moves with the input
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "logical_not",
    "isnan",
    "isinf",
    "isfinite",
    "signbit",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_left_shift",
    "bitwise_right_shift",
    "bitwise_invert",
    "gcd",
    "determinant_sign",
    "argmax",
    "argmin",
    "argsort",
    "all",
    "any",
    "max_pool_index",
    "roi_pool_index",
    "random_bits",
    "random_uniform",
    "random_normal",
    "random_permutation",
}


@pytest.mark.parametrize("name", registry)
def test_every_record_is_whole(name):
    record = registry[name]
    assert record.name == name
    assert record.gradient_note
    assert record.format
    assert record.__doc__
    assert record.samples or name in ("adam_update", "momentum_update")  # several results: test_optimizers
    assert callable(record.batch)
    assert callable(record.cost)
    assert callable(record.spec)
    if not isinstance(record, Composite):
        assert record.differentiable != (name in NO_GRADIENT)
        for form in (record.local, record.transpose):
            assert not isinstance(form, tuple) or len(form) == record.arity


def test_records_that_are_not_public_are_no_attributes_of_ops():
    assert {name for name, thing in vars(ops).items() if isinstance(thing, Operation)} <= set(ops.__all__)


def test_no_list_is_stale():
    assert set(registry) >= NO_GRADIENT


def test_only_numpy_is_imported():
    heavy = ("jax", "torch", "scipy", "matplotlib", "pandas", "ml_dtypes", "PIL", "mlxtend", "sklearn")
    code = (
        f"import sys, chainrule, chainrule.datasets, chainrule.utils; print([m for m in {heavy} if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_public_names():
    assert set(cr.__all__) <= set(dir(cr))
    for name in cr.__all__:
        assert inspect.getdoc(getattr(cr, name)), name
    issue = [
        "tensor",
        "Variable",
        "gradients",
        "grad",
        "value_and_grad",
        "jacobian",
        "hessian",
        "vectorize",
        "check",
        "price",
        "explain",
        "scope",
    ]
    assert set(issue) <= set(cr.__all__)
    assert cr.Tensor.__array_namespace__(cr.tensor(1.0)).__name__ == "chainrule.array_api"


@pytest.mark.parametrize("name", sorted([*ops.__all__, *(f"image.{name}" for name in ops.image.__all__)]))
def test_every_public_operation_is_documented_by_an_example(name):
    doc = attrgetter(name)(ops).__doc__
    assert doc
    assert ">>>" in doc, f"ops.{name} has no example"


def modules():
    for result in pkgutil.walk_packages(cr.__path__, "chainrule."):
        if not result.name.endswith("__main__"):
            yield result.name


class Close(doctest.OutputChecker):
    """The last digits of float32 differ between processors: numbers need only be close, the rest equal."""

    NUMBER = re.compile(r"-?\d+\.\d*(?:e[+-]?\d+)?")

    def check_output(self, want, got, optionflags):
        if super().check_output(want, got, optionflags):
            return True
        if [*map(str.split, self.NUMBER.split(want))] != [*map(str.split, self.NUMBER.split(got))]:
            return False
        pairs = zip(self.NUMBER.findall(want), self.NUMBER.findall(got), strict=True)
        return all(math.isclose(float(a), float(b), rel_tol=1e-5, abs_tol=1e-7) for a, b in pairs)


def failures(tests):
    runner = doctest.DocTestRunner(Close(), optionflags=FLAGS, verbose=False)
    for test in tests:
        runner.run(test)
    return runner.failures


FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("name", ["chainrule", *modules()])
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(name)
    globs = {**vars(module), "ops": ops, "cr": cr}
    assert failures(doctest.DocTestFinder(exclude_empty=True).find(module, globs=globs)) == 0


@pytest.mark.parametrize("name", registry)
def test_examples_in_records_run(name):
    parser = doctest.DocTestParser()
    test = parser.get_doctest(registry[name].__doc__, {"ops": ops, "cr": cr}, name, None, 0)
    assert failures([test]) == 0


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        *sorted(str(p.relative_to(ROOT.parents[1])) for p in (ROOT.parents[1] / "docs").rglob("*.md")),
    ],
)
def test_examples_in_pages_run(page, tmp_path, monkeypatch):
    path = ROOT.parents[1] / page
    if not path.exists():
        pytest.skip("installed without its documents")
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(path.read_text(), {"cr": cr, "ops": ops}, page, str(path), 0)
    assert failures([test]) == 0
