"""Elementwise functions of the array API beside `array_api_strict`, another implementation of the standard.

Those of two arguments are called on drawn shapes, dtypes and values, and as operators with Python numbers.
"""

import operator
from math import inf, nan

import array_api_strict as strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from array_api_cases import BINARY, SPECIAL, UNARY, draw, ours, promotable, same, scalars, theirs
from chainrule import array_api as xp


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    for dtype in UNARY[name]:
        kind = np.dtype(dtype).kind
        x = np.asarray(SPECIAL, dtype) if kind in "fc" else draw(dtype, 13)
        if kind == "c":
            x = (x[:, None] + 1j * x).astype(dtype)
        if name == "sign" and kind == "c":
            x = x[np.isfinite(x)]  # elsewhere the standard says nothing
        for array in (x, x.ravel()[:1].reshape(()), x.reshape(1, -1), x[:0]):
            same(getattr(xp, name)(ours(array)), getattr(strict, name)(theirs(array)))


def values(name, dtype, second):
    """Strategies for entries: exponents and shifts stay where the standard says something."""
    kind, bits = np.dtype(dtype).kind, 8 * np.dtype(dtype).itemsize
    if kind in "iu" and second and name.startswith("bitwise") and name.endswith("shift"):
        return st.integers(0, min(bits, 8) - 1)
    if kind in "iu" and name == "pow":
        return st.integers(0, 4)
    if kind in "iu" and second and name in ("floor_divide", "remainder"):
        return st.integers(1, 100)
    if kind in "fc" and name in ("pow", "floor_divide", "remainder", "multiply", "divide"):
        return st.sampled_from([0.0, -0.0, 0.25, 1.0, -1.5, 3.0, 7.0] + [inf, -inf, nan] * (kind == "f"))
    return npst.from_dtype(np.dtype(dtype))


@st.composite
def two_arrays(draw, name, pairs):
    pair = draw(st.sampled_from(pairs))
    shapes = draw(npst.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)).input_shapes
    return [
        draw(npst.arrays(dtype, shape, elements=values(name, dtype, i == 1)))
        for i, (dtype, shape) in enumerate(zip(pair, shapes, strict=True))
    ]


OPERATORS = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "floor_divide": operator.floordiv, "remainder": operator.mod, "pow": operator.pow,
    "bitwise_and": operator.and_, "bitwise_or": operator.or_, "bitwise_xor": operator.xor,
    "bitwise_left_shift": operator.lshift, "bitwise_right_shift": operator.rshift,
    "equal": operator.eq, "not_equal": operator.ne, "less": operator.lt, "less_equal": operator.le,
    "greater": operator.gt, "greater_equal": operator.ge,
}  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
def test_binary(name):
    pairs = [(a, b) for a in BINARY[name] for b in BINARY[name] if promotable(a, b)]

    @settings(max_examples=30)
    @given(two_arrays(name, pairs))
    def check(pair):
        a, b = pair
        expected = getattr(strict, name)(theirs(a), theirs(b))
        same(getattr(xp, name)(ours(a), ours(b)), expected)
        if name in OPERATORS:
            same(OPERATORS[name](ours(a), ours(b)), expected)

    check()


@pytest.mark.parametrize("name", BINARY)
def test_python_numbers(name):
    function, expected = getattr(xp, name), getattr(strict, name)
    for dtype in BINARY[name]:
        array = draw(dtype, 2, 3, least=1)
        for number in scalars(dtype):
            if isinstance(number, complex) and "complex64" not in BINARY[name]:
                continue
            same(function(ours(array), number), expected(theirs(array), number))
            same(function(number, ours(array)), expected(number, theirs(array)))
            if name in OPERATORS:
                op = OPERATORS[name]
                same(op(ours(array), number), op(theirs(array), number))
                same(op(number, ours(array)), op(number, theirs(array)))
