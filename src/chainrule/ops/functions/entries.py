"""Elementwise functions made of others, and Keras's functions of complex numbers, for real ones only."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.errors import DTypeError, ShapeError
from ...graph import as_dtype
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor, constant
from .. import arithmetic, comparison, exponential, integers, rounding, selection
from .creation import cast, ones_like, zeros_like
from .indexing import where


def _to_floating(x: Any) -> Tensor:
    """Return whole numbers and booleans as floatx, others unchanged."""
    tensor = as_tensor(x)
    return arithmetic.multiply(tensor, 1.0) if tensor.dtype.kind in "biu" else tensor


def _check_real(x: Any, name: str) -> Tensor:
    """Return `x` as a tensor, which must not be complex."""
    tensor = as_tensor(x)
    if tensor.dtype.kind == "c":
        raise DTypeError(f"{name} of a complex tensor", "a real one", f"use np.{name}(t.numpy())")
    return tensor


def fabs(x: Any) -> Tensor:
    """Compute |x| as a float (``keras.ops.fabs``).

    >>> ops.fabs([-2, 3])
    tensor([2., 3.])
    """
    return arithmetic.absolute(_to_floating(_check_real(x, "fabs")))


def fmax(x1: Any, x2: Any) -> Tensor:
    """Return the larger of each pair, or the number where the other is nan (``keras.ops.fmax``).

    >>> ops.fmax([1.0, float("nan")], 0.5)
    tensor([1. , 0.5])
    """
    return _ignoring_nan(x1, x2, selection.maximum)


def fmin(x1: Any, x2: Any) -> Tensor:
    """Return the smaller of each pair, or the number where the other is nan (``keras.ops.fmin``).

    >>> ops.fmin([1.0, float("nan")], 0.5)
    tensor([0.5, 0.5])
    """
    return _ignoring_nan(x1, x2, selection.minimum)


def _ignoring_nan(x1: Any, x2: Any, choose: Callable[..., Tensor]) -> Tensor:
    chosen = choose(x1, x2)
    if not chosen.spec.floating:
        return chosen
    return where(comparison.isnan(x1), x2, where(comparison.isnan(x2), x1, chosen))


def lcm(x1: Any, x2: Any) -> Tensor:
    """Compute the least common multiple of two whole numbers, 0 if one is 0 (``keras.ops.lcm``).

    >>> ops.lcm([4, 0], [6, 5])
    tensor([12,  0], dtype=int32)
    """
    common = integers.gcd(x1, x2)
    divisor = where(common == 0, 1, common)
    return arithmetic.absolute(arithmetic.multiply(arithmetic.floor_divide(x1, divisor), x2))


def heaviside(x1: Any, x2: Any) -> Tensor:
    """Return 0 below 0, 1 above, x2 at 0 (``keras.ops.heaviside``); gradients reach x2 only.

    >>> ops.heaviside([-1.0, 0.0, 2.0], 0.5)
    tensor([0. , 0.5, 1. ])
    """
    x = arithmetic.stop_gradient(_to_floating(x1))
    return where(x == 0, _to_floating(x2), where(x < 0, 0.0, where(x > 0, 1.0, x)))


def ldexp(x1: Any, x2: Any) -> Tensor:
    """Compute x1 times 2 to the whole number x2 (``keras.ops.ldexp``).

    >>> ops.ldexp([1.0, 3.0], [2, -1])
    tensor([4. , 1.5])
    """
    x, n = _to_floating(x1), as_tensor(x2)
    if n.dtype.kind not in "iu":
        raise DTypeError(f"exponents of dtype {n.dtype.name}", "whole numbers", "cast them to int32, or use power")
    dtype = x.cast_weak().dtype
    limit = {"float16": 60, "float64": 2400}.get(dtype.name, 300)  # beyond it the result is 0 or infinite
    n = selection.clip(cast(n, dtype), -limit, limit)
    for parts in (4, 3, 2, 1):  # in four steps no power leaves the range of the dtype where the result does not
        step = rounding.round(n / parts)
        x, n = x * exponential.exp2(step), n - step
    return x


def isposinf(x: Any) -> Tensor:
    """Return whether each entry is infinity (``keras.ops.isposinf``).

    >>> ops.isposinf([1.0, float("inf")])
    tensor([False,  True], dtype=bool)
    """
    return comparison.equal(_check_real(x, "isposinf"), math.inf)


def isneginf(x: Any) -> Tensor:
    """Return whether each entry is minus infinity (``keras.ops.isneginf``).

    >>> ops.isneginf([1.0, -float("inf")])
    tensor([False,  True], dtype=bool)
    """
    return comparison.equal(_check_real(x, "isneginf"), -math.inf)


def isreal(x: Any) -> Tensor:
    """Return whether each entry is real, which all are (``keras.ops.isreal``).

    >>> ops.isreal([1.0, 2.0])
    tensor([ True,  True], dtype=bool)
    """
    return ones_like(_check_real(x, "isreal"), "bool")


def real(x: Any) -> Tensor:
    """Return the real part of real numbers, the numbers themselves (``keras.ops.real``).

    >>> ops.real([1.0, -2.0])
    tensor([ 1., -2.])
    """
    return arithmetic.positive(_check_real(x, "real"))


def imag(x: Any) -> Tensor:
    """Return the imaginary part of real numbers, 0 (``keras.ops.imag``).

    >>> ops.imag([1.0, -2.0])
    tensor([0., 0.])
    """
    return zeros_like(_check_real(x, "imag"))


def conj(x: Any) -> Tensor:
    """Return the conjugate of real numbers, the numbers themselves (``keras.ops.conj``).

    >>> ops.conj([1.0, -2.0])
    tensor([ 1., -2.])
    """
    return arithmetic.positive(_check_real(x, "conj"))


def angle(x: Any) -> Tensor:
    """Return the angle of real numbers in the complex plane: 0, or pi below 0 (``keras.ops.angle``).

    >>> ops.angle([1.0, -2.0])
    tensor([0.       , 3.1415927])
    """
    x = arithmetic.stop_gradient(_to_floating(_check_real(x, "angle")))
    return where(comparison.signbit(x), where(comparison.isnan(x), x, math.pi), where(comparison.isnan(x), x, 0.0))


def copy(x: Any) -> Tensor:
    """Return x under a new node; tensors never change, so nothing is copied (``keras.ops.copy``).

    >>> ops.copy([1.0, 2.0])
    tensor([1., 2.])
    """
    return arithmetic.positive(as_tensor(x))


def view(x: Any, dtype: Any = None) -> Tensor:
    """Reinterpret the bits of x as another dtype (``keras.ops.view``); x must have a value, and no gradient flows.

    >>> ops.view(ops.array([1.0]), "int32")
    tensor([1065353216], dtype=int32)
    """
    x = as_tensor(x).cast_weak()
    if dtype is None:
        return x
    array, target = np.ascontiguousarray(x.numpy()), as_dtype(dtype)
    if target.itemsize != array.dtype.itemsize and (not x.ndim or x.shape[-1] * array.dtype.itemsize % target.itemsize):
        passed = f"{x.dtype.name} of shape {x.shape} to be read as {target.name}"
        mend = "pad the last axis, or use cast to convert numbers"
        raise ShapeError(passed, "a last axis whose bytes the dtype divides", mend)
    return constant(array.reshape(x.shape).view(target))


def saturate_cast(x: Any, dtype: Any) -> Tensor:
    """Convert x to `dtype`, clipped to its range (``keras.ops.saturate_cast``).

    >>> ops.saturate_cast([-1.0, 256.0], "uint8")
    tensor([  0, 255], dtype=uint8)
    """
    x, target = _check_real(x, "clip").cast_weak(), as_dtype(dtype)
    if target.kind == "b" or x.dtype.kind == "b" or x.dtype == target:
        return cast(x, target)
    low, high = (_largest_representable(x.dtype, target, end) for end in ("min", "max"))
    return cast(selection.clip(x, low, high), target)


def _largest_representable(source: np.dtype[Any], target: np.dtype[Any], end: str) -> Any:
    """Return the largest or smallest number of `source` that `target` can hold, in `source`."""
    limits = [_limits(d, end) for d in (source, target)]
    bound = np.asarray(min(limits) if end == "max" else max(limits)).astype(source)
    if abs(int(bound) if target.kind in "iu" else float(bound)) > abs(limits[1]):  # 2**31 - 1 is not a float32
        bound = np.nextafter(bound, np.zeros((), source))
    return bound


def _limits(dtype: np.dtype[Any], end: str) -> Any:
    if dtype.kind in "iu":
        return int(getattr(np.iinfo(dtype), end))
    if dtype.name == "bfloat16":
        return math.copysign((2.0 - 2.0**-7) * 2.0**127, -1.0 if end == "min" else 1.0)
    return float(getattr(np.finfo(dtype), end))


conjugate = conj
