"""Create sequences of numbers, and windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core import arguments, memory
from ...core.errors import ValueProblem
from ...graph import as_dtype, floatx
from ...tensors.convert import as_tensor, tensor
from ...tensors.tensor import Tensor, constant
from ..bessel import i0
from ..exponential import exp, log
from ..powers import power
from ..record import freeze, is_tracked
from ..rules import as_shape, promote_to_float
from .creation import cast
from .shape import expand_dims, moveaxis


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """Return numbers from `start` (0 if only one is given) up to, excluding, `stop` (``keras.ops.arange``).

    >>> ops.arange(3)
    tensor([0, 1, 2], dtype=int32)
    """
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    if dtype is None:
        dtype = "int32" if all(isinstance(v, int | np.integer) for v in (start, stop, step)) else floatx()
    if step == 0:
        raise ValueProblem("a step of 0", "a step other than 0", "pass another step")
    if is_tracked(start) or is_tracked(step):
        first, step = as_tensor(start), as_tensor(step)
        count = memory.arange(first.item(), as_tensor(stop).item(), step.item()).size
        return cast(first + step * np.arange(count), dtype)
    numbers = memory.arange(start, stop, step)
    if (
        dtype == "int32"
        and numbers.size
        and not -(2**31) <= min(numbers[0], numbers[-1]) <= max(numbers[0], numbers[-1]) < 2**31
    ):
        dtype = "int64"  # as for data outside the range of int32
    return constant(numbers.astype(as_dtype(dtype)))


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """Return `num` evenly spaced numbers from `start` to `stop` (``keras.ops.linspace``).

    Args:
        start, stop: numbers or arrays. endpoint: whether `stop` is the last. retstep: also return the step.
        axis: the axis of the numbers in the result when start and stop are arrays.

    >>> ops.linspace(0.0, 1.0, 3)
    tensor([0. , 0.5, 1. ])
    """
    num, axis = arguments.at_least(0, owner="linspace", num=num), arguments.integer(owner="linspace", axis=axis)
    if is_tracked(start) or is_tracked(stop):
        return _linspace(start, stop, num, endpoint, retstep, dtype, axis)
    points, step = memory.linspace(_numbers(start), _numbers(stop), num, endpoint, axis)
    numbers = constant(points.astype(as_dtype(dtype or floatx())))
    return (numbers, step) if retstep else numbers


def _numbers(value: Any) -> np.ndarray[Any, Any]:
    return np.asarray(as_tensor(value).numpy(), float)


def _linspace(start: Any, stop: Any, num: int, endpoint: bool, retstep: bool, dtype: Any, axis: int) -> Any:
    """Compute `linspace` as operations, so that gradients reach both ends."""
    first, last = as_tensor(start), as_tensor(stop)
    intervals = num - 1 if endpoint else num
    shares = memory.arange(num) / max(intervals, 1)
    rank = max(first.ndim, last.ndim)
    numbers = cast(_between(first, last, shares.reshape(num, *(1,) * rank)), dtype or floatx())
    numbers = moveaxis(numbers, 0, axis)
    return (numbers, (last - first) / (intervals or math.nan)) if retstep else numbers


def _between(first: Tensor, last: Tensor, shares: np.ndarray[Any, Any]) -> Tensor:
    """Return the points that divide the way from `first` to `last`; both are exact at the shares 0 and 1."""
    weights = tensor(shares, promote_to_float((first.spec, last.spec))[0])
    return first * (1 - weights) + last * weights


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Tensor:
    """Return `base` to the powers of `linspace` (``keras.ops.logspace``).

    >>> ops.logspace(0.0, 2.0, 3)
    tensor([  1.,  10., 100.])
    """
    powers = linspace(start, stop, num, endpoint, dtype="float64", axis=axis)
    return cast(power(cast(base, "float64"), powers), dtype or floatx())


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Tensor:
    """Return `num` numbers from `start` to `stop` with a constant factor between them (``keras.ops.geomspace``).

    >>> ops.geomspace(1.0, 100.0, 3)
    tensor([  1.,  10., 100.])
    """
    num, axis = arguments.at_least(0, owner="geomspace", num=num), arguments.integer(owner="geomspace", axis=axis)
    if is_tracked(start) or is_tracked(stop):
        low = as_tensor(start)
        logarithms = linspace(0.0, log(as_tensor(stop) / low), num, endpoint, dtype="float64", axis=axis)
        return cast(expand_dims(low, axis) * exp(logarithms), dtype or floatx())
    ends = _numbers(start), _numbers(stop)
    if any((end == 0).any() for end in ends):
        raise ValueProblem(f"numbers from {start} to {stop}", "ends other than 0", "use linspace")
    memory.require_array((num, *np.broadcast(*ends).shape), np.float64, "evenly spaced numbers")
    with np.errstate(invalid="ignore"):
        points = np.geomspace(*ends, num, endpoint, axis=axis)
    return constant(points.astype(as_dtype(dtype or floatx())))


def bartlett(x: Any) -> Tensor:
    """Return a triangle over `x` points, 0 at its ends (``keras.ops.bartlett``).

    >>> ops.bartlett(5)
    tensor([0. , 0.5, 1. , 0.5, 0. ])
    """
    return _window_function(np.bartlett, x)


def blackman(x: Any) -> Tensor:
    """Return Blackman's window over `x` points, of three cosines (``keras.ops.blackman``).

    >>> ops.blackman(3)
    tensor([0., 1., 0.])
    """
    return _window_function(lambda n: np.maximum(np.blackman(n), 0.0), x)  # rounding takes its ends below 0


def hamming(x: Any) -> Tensor:
    """Return Hamming's window over `x` points, a cosine on a step of 0.08 (``keras.ops.hamming``).

    >>> ops.hamming(3)
    tensor([0.08, 1.  , 0.08])
    """
    return _window_function(np.hamming, x)


def hanning(x: Any) -> Tensor:
    """Return von Hann's window over `x` points, a raised cosine (``keras.ops.hanning``).

    >>> ops.hanning(3)
    tensor([0., 1., 0.])
    """
    return _window_function(np.hanning, x)


def kaiser(x: Any, beta: Any) -> Tensor:
    """Return Kaiser's window over `x` points; a larger `beta` makes it narrower (``keras.ops.kaiser``).

    >>> ops.kaiser(3, 0.0)
    tensor([1., 1., 1.])
    """
    if is_tracked(beta):
        (points,) = as_shape(int(freeze(x, "the number of points")))
        position = 2 * memory.arange(points) / max(points - 1, 1) - 1
        strength = cast(beta, "float64")
        return cast(i0(strength * np.sqrt(1 - position**2)) / i0(strength), floatx())
    return _window_function(lambda n: np.kaiser(n, float(beta)), x)


def _window_function(function: Callable[[int], Any], x: Any) -> Tensor:
    (points,) = as_shape(int(freeze(x, "the number of points")))
    memory.require_array((points,), np.float64, "a window")
    return constant(function(points).astype(as_dtype(floatx())))
