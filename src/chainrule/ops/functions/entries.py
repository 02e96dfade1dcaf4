"""Functions of each entry that are made of others; what Keras has for complex numbers, answered for real ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.errors import DTypeError, ShapeError
from ...graph import as_dtype
from ...tensors.tensor import Tensor, as_tensor, constant
from .. import elementwise
from .. import reduction as reductions
from .creation import cast, ones_like, zeros_like
from .indexing import where
from .shape import expand_dims


def _floating(x: Any) -> Tensor:
    """Whole numbers and booleans as floatx."""
    found = as_tensor(x)
    return elementwise.multiply(found, 1.0) if found.dtype.kind in "biu" else found


def _real(x: Any, name: str) -> Tensor:
    found = as_tensor(x)
    if found.dtype.kind == "c":
        raise DTypeError(f"{name} of a complex tensor", "a real one", f"use np.{name}(t.numpy())")
    return found


def fabs(x: Any) -> Tensor:
    """|x| as a float (``keras.ops.fabs``).

    >>> ops.fabs([-2, 3])
    tensor([2., 3.])
    """
    return elementwise.absolute(_floating(_real(x, "fabs")))


def fmax(x1: Any, x2: Any) -> Tensor:
    """The larger of each pair, the other one where one is nan (``keras.ops.fmax``).

    >>> ops.fmax([1.0, float("nan")], 0.5)
    tensor([1. , 0.5])
    """
    return _either(x1, x2, elementwise.maximum)


def fmin(x1: Any, x2: Any) -> Tensor:
    """The smaller of each pair, the other one where one is nan (``keras.ops.fmin``).

    >>> ops.fmin([1.0, float("nan")], 0.5)
    tensor([0.5, 0.5])
    """
    return _either(x1, x2, elementwise.minimum)


def _either(x1: Any, x2: Any, join: Any) -> Tensor:
    found = join(x1, x2)
    if not found.spec.floating:
        return found
    return where(elementwise.isnan(x1), x2, where(elementwise.isnan(x2), x1, found))


def fmod(x1: Any, x2: Any) -> Tensor:
    """The remainder of x1 / x2 with the sign of x1, as C has it (``keras.ops.fmod``).

    >>> ops.fmod([7.0, -7.0], 4.0)
    tensor([ 3., -3.])
    """
    x1, size = as_tensor(x1), elementwise.absolute(x2)
    return where(x1 < 0, -elementwise.mod(-x1, size), elementwise.mod(x1, size))


def lcm(x1: Any, x2: Any) -> Tensor:
    """The least common multiple of two whole numbers, 0 if one is 0 (``keras.ops.lcm``).

    >>> ops.lcm([4, 0], [6, 5])
    tensor([12,  0], dtype=int32)
    """
    common = elementwise.gcd(x1, x2)
    divisor = where(common == 0, 1, common)
    return elementwise.absolute(elementwise.multiply(elementwise.floor_divide(x1, divisor), x2))


def heaviside(x1: Any, x2: Any) -> Tensor:
    """0 below 0, 1 above, x2 at 0 (``keras.ops.heaviside``); gradients reach x2 alone.

    >>> ops.heaviside([-1.0, 0.0, 2.0], 0.5)
    tensor([0. , 0.5, 1. ])
    """
    x = elementwise.stop_gradient(_floating(x1))
    return where(x == 0, _floating(x2), where(x < 0, 0.0, where(x > 0, 1.0, x)))


def ldexp(x1: Any, x2: Any) -> Tensor:
    """x1 times 2 to the whole number x2 (``keras.ops.ldexp``).

    >>> ops.ldexp([1.0, 3.0], [2, -1])
    tensor([4. , 1.5])
    """
    x, n = _floating(x1), as_tensor(x2)
    if n.dtype.kind not in "iu":
        raise DTypeError(f"exponents of dtype {n.dtype.name}", "whole numbers", "cast them to int32, or use power")
    half = elementwise.floor_divide(n, 2)  # in two steps neither power leaves the range where the result does not
    for part in (half, n - half):
        x = x * elementwise.exp2(cast(part, x.cast_weak().dtype))
    return x


def logaddexp2(x1: Any, x2: Any) -> Tensor:
    """log2(2^x1 + 2^x2) without overflow (``keras.ops.logaddexp2``).

    >>> ops.logaddexp2([1.0], [1.0])
    tensor([2.])
    """
    two = math.log(2.0)
    return elementwise.logaddexp(elementwise.multiply(x1, two), elementwise.multiply(x2, two)) / two


def sinc(x: Any) -> Tensor:
    """sin(pi x) / (pi x), and 1 at 0 (``keras.ops.sinc``), smooth there: a series near 0.

    >>> ops.sinc([0.0, 0.5])
    tensor([1.       , 0.6366197])
    """
    t = _floating(x) * math.pi
    near = elementwise.absolute(t) < 0.5
    squared: Any = where(near, t * t, 0.0)
    series: Any = 1.0
    for k in range(8, 0, -1):  # 1 - t²/(2·3) (1 - t²/(4·5) (1 - ...))
        series = 1 - squared / (2 * k * (2 * k + 1)) * series
    far = where(near, 1.0, t)
    return where(near, series, elementwise.sin(far) / far)


def i0(x: Any) -> Tensor:
    """The modified Bessel function of order 0 (``keras.ops.i0``): the mean of cosh(x cos t) over a quarter turn.

    64 points give 14 digits wherever cosh(x) is finite (|x| < 710; 89 in float32). Source: Abramowitz and Stegun,
    9.6.16.

    >>> ops.i0([0.0, 1.0])
    tensor([1.       , 1.2660658])
    """
    x = _floating(x)
    turns = np.cos((np.arange(64) + 0.5) * (math.pi / 128)).astype(x.cast_weak().dtype)
    return reductions.mean(elementwise.cosh(expand_dims(x, -1) * turns), axis=-1)


def isposinf(x: Any) -> Tensor:
    """Whether each entry is infinity (``keras.ops.isposinf``).

    >>> ops.isposinf([1.0, float("inf")])
    tensor([False,  True], dtype=bool)
    """
    return elementwise.equal(_real(x, "isposinf"), math.inf)


def isneginf(x: Any) -> Tensor:
    """Whether each entry is minus infinity (``keras.ops.isneginf``).

    >>> ops.isneginf([1.0, -float("inf")])
    tensor([False,  True], dtype=bool)
    """
    return elementwise.equal(_real(x, "isneginf"), -math.inf)


def isreal(x: Any) -> Tensor:
    """Whether each entry is real: every one (``keras.ops.isreal``).

    >>> ops.isreal([1.0, 2.0])
    tensor([ True,  True], dtype=bool)
    """
    return ones_like(_real(x, "isreal"), "bool")


def real(x: Any) -> Tensor:
    """The real part of real numbers, themselves (``keras.ops.real``).

    >>> ops.real([1.0, -2.0])
    tensor([ 1., -2.])
    """
    return elementwise.positive(_real(x, "real"))


def imag(x: Any) -> Tensor:
    """The imaginary part of real numbers, 0 (``keras.ops.imag``).

    >>> ops.imag([1.0, -2.0])
    tensor([0., 0.])
    """
    return zeros_like(_real(x, "imag"))


def conj(x: Any) -> Tensor:
    """The conjugate of real numbers, themselves (``keras.ops.conj``).

    >>> ops.conj([1.0, -2.0])
    tensor([ 1., -2.])
    """
    return elementwise.positive(_real(x, "conj"))


def angle(x: Any) -> Tensor:
    """The angle of real numbers in the complex plane: 0, or pi below 0 (``keras.ops.angle``).

    >>> ops.angle([1.0, -2.0])
    tensor([0.       , 3.1415927])
    """
    x = elementwise.stop_gradient(_floating(_real(x, "angle")))
    return where(elementwise.signbit(x), where(elementwise.isnan(x), x, math.pi), where(elementwise.isnan(x), x, 0.0))


def copy(x: Any) -> Tensor:
    """x under a node of its own; tensors never change, so nothing need be copied (``keras.ops.copy``).

    >>> ops.copy([1.0, 2.0])
    tensor([1., 2.])
    """
    return elementwise.positive(as_tensor(x))


def view(x: Any, dtype: Any = None) -> Tensor:
    """The bits of x read as another dtype (``keras.ops.view``); x must have a value, and no gradient flows.

    >>> ops.view(ops.array([1.0]), "int32")
    tensor([1065353216], dtype=int32)
    """
    x = as_tensor(x).cast_weak()
    if dtype is None:
        return x
    array, found = np.ascontiguousarray(x.numpy()), as_dtype(dtype)
    if found.itemsize != array.dtype.itemsize and (not x.ndim or x.shape[-1] * array.dtype.itemsize % found.itemsize):
        raise ShapeError(
            f"{x.dtype.name} of shape {x.shape} to be read as {found.name}",
            "a last axis whose bytes the dtype divides",
            "pad the last axis, or use cast to convert numbers",
        )
    return constant(array.reshape(x.shape).view(found))


def saturate_cast(x: Any, dtype: Any) -> Tensor:
    """x as `dtype`, first cut to the numbers it can hold (``keras.ops.saturate_cast``).

    >>> ops.saturate_cast([-1.0, 256.0], "uint8")
    tensor([  0, 255], dtype=uint8)
    """
    x, to = _real(x, "clip").cast_weak(), as_dtype(dtype)
    if to.kind == "b" or x.dtype.kind == "b" or x.dtype == to:
        return cast(x, to)
    low, high = (_range_end(x.dtype, to, end) for end in ("min", "max"))
    return cast(elementwise.clip(x, low, high), to)


def _range_end(source: np.dtype[Any], to: np.dtype[Any], end: str) -> Any:
    """The outermost number of `source` that `to` holds, in `source`."""
    limits = [_limits(d, end) for d in (source, to)]
    found = np.asarray(min(limits) if end == "max" else max(limits)).astype(source)
    if abs(int(found) if to.kind in "iu" else float(found)) > abs(limits[1]):  # 2**31 - 1 is none of float32's
        found = np.nextafter(found, np.zeros((), source))
    return found


def _limits(dtype: np.dtype[Any], end: str) -> Any:
    if dtype.kind in "iu":
        return int(getattr(np.iinfo(dtype), end))
    if dtype.name == "bfloat16":
        return math.copysign((2.0 - 2.0**-7) * 2.0**127, -1.0 if end == "min" else 1.0)
    return float(getattr(np.finfo(dtype), end))


conjugate = conj
