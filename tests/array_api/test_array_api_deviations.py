"""Where tensors depart from the array API standard, and corners where they keep to it."""

import inspect
import re
from math import inf
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import array_api as xp
from chainrule.core.errors import ImmutableError, ShapeError

ROOT = Path(__file__).parents[2]

# Where tensors depart from the standard on purpose; docs/array-api.md says it at length.
DEVIATIONS = {
    "in-place updates": "tensors never change, so that the graph stays true: `x[i] = v` raises",
    "complex gradients": "complex numbers are computed with, not differentiated; real, imag, conj, abs leave the graph",
    "constants": "unique_*, searchsorted, nonzero and arg* give constants: gradients do not flow through indices",
    "mixed kinds": "promotions the standard leaves open (integer with float, bool with integer) work, as in Keras",
    "copies": "copy= is accepted and cannot be told, as nothing changes; copy=False of others' memory raises",
    "big integers": "Python integers that int32 cannot hold make an int64 tensor instead of an error",
    "float quotients": "floor_divide follows NumPy at infinities: nan for inf // 2, -1 for 1 // -inf",
    "T": "x.T turns round any number of axes, as NumPy's does; x.mT is the standard's matrix transpose",
    "extensions": "linalg and fft are absent",
}


def variable(method, *args):
    return getattr(cr.Variable([1.0, 2.0]), method)(*args)


# Each holds by the standard, or by the promise that tensors never change; none is this namespace's to mend.
CORNERS = {
    "Python integers of 64 bits": lambda: int(xp.ones(1, dtype=xp.uint64)[0] + (2**63)) == 2**63 + 1,
    "Python integers beside floats": lambda: float(xp.asarray(1.0, dtype=xp.float64) * 2**70) == 2.0**70,
    "a mask without axes": lambda: xp.ones(2)[xp.asarray(True)].shape == (1, 2),
    "a mask of another shape": lambda: raises(IndexError, lambda: xp.ones(2)[xp.asarray([True, False, True])]),
    "a mask of size 0": lambda: xp.ones((3, 4))[xp.ones((3, 0), dtype=xp.bool)].shape == (0,),
    "a mask of another size behind ...": lambda: raises(IndexError, lambda: xp.ones((3, 4))[..., xp.asarray([True])]),
    "float() of a complex number": lambda: raises(TypeError, lambda: float(xp.asarray(1j) + 1.0)),
    "abs() of complex numbers": lambda: float(abs(xp.asarray([3 + 4j]))[0]) == 5.0,
    "np.conj": lambda: np.conj(xp.asarray([3 + 4j]))[0].item() == 3 - 4j,
    "np.conj of what has a gradient": lambda: raises(cr.DTypeError, lambda: np.conj(cr.Variable(1.0) * 1j)),
    "a variable's namespace": lambda: variable("__array_namespace__") is xp,
    "a variable's memory": lambda: np.from_dlpack(cr.Variable([1.0, 2.0])).shape == (2,),
    "a variable as index": lambda: [10, 20][cr.Variable(1)] == 20,
    "a variable as complex number": lambda: complex(cr.Variable(1j)) == 1j,
    "integers beyond int32": lambda: int(xp.arange(2**31, 2**31 + 2)[0]) == 2**31,
    "NumPy's integers as axes": lambda: xp.moveaxis(xp.ones((2, 3)), np.int64(0), 1).shape == (3, 2),
    "memory lent for changes": lambda: not np.from_dlpack(xp.ones(3)).flags.writeable,
    "copy=False": lambda: raises(BufferError, lambda: xp.asarray([1.0]).__dlpack__(copy=False)),
    "the signature of x[key]": lambda: list(inspect.signature(cr.Tensor.__getitem__).parameters) == ["self", "key"],
    "triangles of a vector": lambda: raises(ShapeError, lambda: xp.tril(xp.ones(3))),
}


def raises(error, call):
    try:
        call()
    except error:
        return True
    return False


@pytest.mark.parametrize("what", CORNERS)
def test_corners(what):
    assert CORNERS[what]()


def test_deviations():
    x = xp.asarray([1.0, 2.0])
    with pytest.raises(ImmutableError, match="scatter_update"):
        x[0] = 5.0
    assert not (xp.abs(cr.Variable([1 + 1j]))).tracked
    assert (xp.asarray([1]) + x).dtype == xp.float32
    assert xp.result_type(xp.bool, xp.int8) == xp.int8
    assert xp.asarray([2**40]).dtype == xp.int64
    assert np.isnan(float(xp.floor_divide(xp.asarray(inf), 2.0)))
    assert float(xp.floor_divide(xp.asarray(1.0), -inf)) == -1.0
    assert not hasattr(xp, "linalg")
    assert not hasattr(xp, "fft")


def test_deviations_are_documented():
    with open(ROOT / "docs" / "array-api.md", encoding="utf-8") as file:
        text = file.read()
    assert [name for name in DEVIATIONS if f"| {name} |" not in text] == []


def test_xfails_file():
    """Every entry names a test of the official suite and stands under a reason."""
    with open(ROOT / "tests" / "array_api_xfails.txt", encoding="utf-8") as file:
        blocks = [b.splitlines() for b in file.read().strip().split("\n\n")]
    for block in blocks:
        assert block[0].startswith("# ")
        for line in block:
            assert line.startswith("# ") or re.fullmatch(r"array_api_tests/test_\w+\.py::\w+(\[.+)?", line)
