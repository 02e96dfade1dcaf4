"""The two sides, tensors and arrays of `array_api_strict`, and their comparison; the functions and their dtypes."""

from functools import cache
from math import inf, nan

import array_api_strict as strict
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

import chainrule as cr
from chainrule import array_api as xp

strict.set_array_api_strict_flags(api_version="2024.12")

BOOL = ["bool"]
SIGNED, UNSIGNED = ["int8", "int16", "int32", "int64"], ["uint8", "uint16", "uint32", "uint64"]
INTS, FLOATS, COMPLEX = SIGNED + UNSIGNED, ["float32", "float64"], ["complex64", "complex128"]
REAL = INTS + FLOATS
NUMERIC = REAL + COMPLEX
ALL = BOOL + NUMERIC
KINDS = ["bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric"]


# ---- the two sides and their comparison


class D(str):
    """A dtype by its name, on either side."""


def convert(value, namespace, asarray):
    """An argument of the table for one side."""
    if isinstance(value, np.ndarray):
        return asarray(value)
    if isinstance(value, D):
        return getattr(namespace, value)
    if type(value) in (list, tuple):
        return type(value)(convert(v, namespace, asarray) for v in value)
    return value


def ours(value):
    return convert(value, xp, xp.asarray)


def theirs(value):
    return convert(value, strict, strict.asarray)


def index(found, given):
    """64-bit indices of the oracle are ours of 32."""
    return "int32" if found == "int64" else found


def wide(found, given):
    """Sums of small integers take our default integer dtype, of 32 bits."""
    return {"int64": "int32", "uint64": "uint32"}.get(found, found) if given not in ("int64", "uint64") else found


def as_is(found, given):
    return found


def same(a, b, given="", dtype=as_is, rtol=None):
    """a is what the oracle's b is, in type, shape, dtype and value."""
    if isinstance(b, list | tuple):
        assert isinstance(a, list if isinstance(b, list) else tuple)
        assert getattr(a, "_fields", None) == getattr(b, "_fields", None)
        assert len(a) == len(b)
        for i, (left, right) in enumerate(zip(a, b, strict=True)):
            keeps = getattr(b, "_fields", ("",))[0] == "values" and i == 0
            same(left, right, given, as_is if keeps else dtype, rtol)
        return
    if not isinstance(b, type(strict.asarray(0))):
        assert getattr(strict, str(a)) == b if isinstance(a, np.dtype) else a == b and type(a) is type(b)
        return
    array = np.asarray(b)
    assert type(a) is cr.Tensor
    assert a.shape == array.shape
    expected = np.dtype(dtype(array.dtype.name, given))
    assert a.dtype == expected
    agree(a.numpy(), array.astype(expected), rtol)


def agree(a, b, rtol=None):
    if b.dtype.kind in "biu":
        assert_array_equal(a, b)
        return
    single = b.dtype.itemsize // (1 + (b.dtype.kind == "c")) == 4
    assert_allclose(a, b, rtol=rtol or (2e-6 if single else 1e-14), atol=1e-6 if single else 1e-14)
    for part in ("real", "imag"):
        left, right = getattr(a, part), getattr(b, part)
        zeros = (right == 0) & (left == 0)
        assert_array_equal(np.signbit(left[zeros]), np.signbit(right[zeros]))


def draw(dtype, *shape, least=None, most=None, seed=0):
    """Numbers of `dtype`: small, some equal, for unsigned dtypes none negative."""
    if not shape:
        return draw(dtype, 1, least=least, most=most, seed=seed).reshape(())
    kind = np.dtype(dtype).kind
    rng = np.random.default_rng([seed, *shape])
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        low = (0 if kind == "u" else -4) if least is None else least
        return rng.integers(low, 6 if most is None else most, shape).astype(dtype)
    x = rng.integers(-8, 9, shape) / 4 + rng.integers(0, 2, shape) / 8
    if least is not None:
        x = least + np.abs(x)
    return (x + 1j * rng.normal(size=shape) if kind == "c" else x).astype(dtype)


# ---- the functions

FUNCTIONS = {n for n in strict.__all__ if callable(getattr(strict, n, None)) and not n.startswith("_")} - {
    "ArrayAPIStrictFlags", "Device", "get_array_api_strict_flags", "reset_array_api_strict_flags",
    "set_array_api_strict_flags", "broadcast_shapes", "isin",  # the last two: from 2025.12 on
} - set(ALL)  # fmt: skip

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -1.5, 2.5, 3.0, 1e-30, 1e30, inf, -inf, nan]
UNARY = {
    **dict.fromkeys(["abs", "negative", "positive", "sign", "square"], NUMERIC),
    **dict.fromkeys(["acos", "acosh", "asin", "asinh", "atan", "atanh"], FLOATS + COMPLEX),
    **dict.fromkeys(["cos", "cosh", "sin", "sinh", "tan", "tanh"], FLOATS + COMPLEX),
    **dict.fromkeys(["exp", "expm1", "log", "log1p", "log2", "log10", "reciprocal", "sqrt"], FLOATS + COMPLEX),
    **dict.fromkeys(["ceil", "floor", "trunc"], REAL),
    **dict.fromkeys(["isfinite", "isinf", "isnan", "conj", "round"], NUMERIC),
    **dict.fromkeys(["imag", "real"], COMPLEX),
    "bitwise_invert": BOOL + INTS,
    "logical_not": BOOL,
    "signbit": FLOATS,
}  # fmt: skip
BINARY = {
    **dict.fromkeys(["add", "multiply", "subtract"], NUMERIC),
    **dict.fromkeys(["bitwise_and", "bitwise_or", "bitwise_xor"], BOOL + INTS),
    **dict.fromkeys(["bitwise_left_shift", "bitwise_right_shift"], INTS),
    **dict.fromkeys(["equal", "not_equal"], ALL),
    **dict.fromkeys(["greater", "greater_equal", "less", "less_equal", "maximum", "minimum"], REAL),
    **dict.fromkeys(["floor_divide", "remainder"], REAL),
    **dict.fromkeys(["atan2", "copysign", "hypot", "logaddexp", "nextafter"], FLOATS),
    **dict.fromkeys(["logical_and", "logical_or", "logical_xor"], BOOL),
    "divide": FLOATS + COMPLEX,
    "pow": NUMERIC,
}


@cache
def promotable(a, b):
    try:
        strict.result_type(getattr(strict, a), getattr(strict, b))
    except TypeError:
        return False
    return True


def scalars(dtype):
    kinds = {"b": [True], "i": [2, 1], "u": [2, 1], "f": [2, 0.5, 1j], "c": [2, 0.5, 1.5j]}
    return kinds[np.dtype(dtype).kind]
