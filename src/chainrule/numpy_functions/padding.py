"""Pad by any of NumPy's modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..core import arguments
from ..core.errors import ShapeError, ValueProblem
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor

_STATISTICS: dict[str, Callable[..., Tensor]] = {
    "maximum": ops.max, "mean": ops.mean, "median": ops.median, "minimum": ops.min,
}  # fmt: skip
_ARGUMENTS = {  # of the modes that take any
    "constant": {"constant_values"}, "linear_ramp": {"end_values"}, "reflect": {"reflect_type"},
    "symmetric": {"reflect_type"}, **{name: {"stat_length"} for name in _STATISTICS},
}  # fmt: skip
_MODES = ("constant", "edge", "empty", "linear_ramp", "reflect", "symmetric", "wrap", *_STATISTICS)


def pad(
    array: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = None, stat_length: Any = None,
    end_values: Any = None, reflect_type: Any = None,
) -> Tensor:  # fmt: skip
    """Pad (``numpy.pad``)."""
    x = as_tensor(array).cast_weak()
    arguments.one_of(_MODES, mode="a function" if callable(mode) else mode)
    passed = {
        "constant_values": constant_values, "stat_length": stat_length, "end_values": end_values,
        "reflect_type": reflect_type,
    }  # fmt: skip
    for name, value in passed.items():
        if value is not None and name not in _ARGUMENTS.get(mode, ()):
            raise ValueProblem(f"{name}= for mode {mode!r}", "an argument of that mode", "leave it out")
    widths = _widths(pad_width, x.ndim)
    if mode in _STATISTICS:
        lengths = [(None, None)] * x.ndim if stat_length is None else _pairs(stat_length, x.ndim)
        return _each_axis(x, widths, lengths, lambda *at: _statistic(_STATISTICS[mode], *at))
    if mode == "linear_ramp":
        return _each_axis(x, widths, _pairs(0 if end_values is None else end_values, x.ndim), _ramp)
    if mode in ("reflect", "symmetric") and reflect_type not in (None, "even"):
        arguments.one_of(("even", "odd"), reflect_type=reflect_type)
        return _pad_odd(x, widths, mode == "symmetric")
    if mode != "constant" or constant_values is None or np.ndim(constant_values) == 0:
        return ops.pad(x, widths, "constant" if mode == "empty" else mode, constant_values)
    return _each_axis(x, widths, _pairs(constant_values, x.ndim), _constant)


def _pairs(value: Any, rank: int) -> list[Any]:
    """Return a pair for each axis from a number, a pair or pairs."""
    pairs: list[Any] = np.broadcast_to(np.asarray(value), (rank, 2)).tolist()
    return pairs


def _widths(pad_width: Any, rank: int) -> list[Any]:
    if not isinstance(pad_width, dict):
        return _pairs(pad_width, rank)
    widths: list[Any] = [(0, 0)] * rank
    for axis, width in pad_width.items():
        widths[axis] = np.broadcast_to(width, (2,)).tolist()
    return widths


Border = Callable[[Tensor, int, int, Any, bool], Tensor]


def _each_axis(x: Tensor, widths: list[Any], settings: list[Any], border: Border) -> Tensor:
    """Pad one axis after the other, so that a corner is made of a border.

    `border` gives the entries beyond one end, from the tensor, the axis, their number, the setting and which end it is.
    """
    for axis, (width, setting) in enumerate(zip(widths, settings, strict=True)):
        before = border(x, axis, width[0], setting[0], True)
        after = border(x, axis, width[1], setting[1], False)
        x = ops.concatenate([before, x, after], axis=axis)
    return x


def _repeated(x: Tensor, axis: int, count: int) -> Tensor:
    return ops.broadcast_to(x, [count if i == axis else n for i, n in enumerate(x.shape)])


def _constant(x: Tensor, axis: int, count: int, value: Any, first: bool) -> Tensor:
    return ops.full([count if i == axis else n for i, n in enumerate(x.shape)], value, x.dtype)


def _end(x: Tensor, axis: int, count: int, first: bool) -> Tensor:
    """Return the first or the last slices along an axis."""
    n = x.shape[axis]
    part = slice(0, count) if first else slice(n - count, n)
    return x[(slice(None),) * axis + (part,)]


def _statistic(
    reduce: Callable[..., Tensor], x: Tensor, axis: int, count: int, length: int | None, first: bool
) -> Tensor:
    """Return the statistic of the entries at one end."""
    n = x.shape[axis]
    length = n if length is None else min(length, n)
    if not length:
        raise ShapeError(f"a statistic of {length} entries", "at least one", "pass a larger stat_length")
    value = reduce(_end(x, axis, length, first), axis=axis, keepdims=True)
    value = value if x.spec.floating or not value.spec.floating else ops.round(value)
    return _repeated(ops.cast(value, x.dtype), axis, count)


def _ramp(x: Tensor, axis: int, count: int, value: Any, first: bool) -> Tensor:
    """Return equal steps from an end value to the entries at one end."""
    edge = _end(x, axis, 1, first)
    edge = edge if x.spec.floating else ops.cast(edge, "float64")
    steps = np.arange(count) if first else np.arange(count)[::-1]
    ramp = value + (edge - value) / max(count, 1) * _along(steps, axis, edge)
    return ops.cast(ramp if x.spec.floating else ops.floor(ramp), x.dtype)


def _pad_odd(x: Tensor, widths: list[Any], repeats_edge: bool) -> Tensor:
    """Reflect at the edges with the sign changed, so that slopes go on: twice the edge less the reflected entry."""
    for axis, (before, after) in enumerate(widths):
        n = x.shape[axis]
        period = 2 * (n if repeats_edge else max(n - 1, 1))
        turns, place = np.divmod(np.arange(-before, n + after) + n - 1 + repeats_edge, period)
        place = place - (n - 1 + repeats_edge)  # from -(n - 1), or -n, to n - 1
        index = np.where(place < 0, -place - repeats_edge, place) if n > 1 or repeats_edge else 0 * place
        sign = np.where(place < 0, -1, 1)
        of_sign, of_first, of_slope = (_along(v, axis, x) for v in (sign, 1 - sign, 2 * turns))
        first, last = _end(x, axis, 1, True), _end(x, axis, 1, False)
        entries = ops.take(x, index.astype(np.int32), axis=axis)
        x = entries * of_sign + first * of_first + (last - first) * of_slope
    return x


def _along(numbers: np.ndarray[Any, Any], axis: int, x: Tensor) -> np.ndarray[Any, Any]:
    """Return a vector along an axis of x, in its dtype."""
    return numbers.reshape([-1 if i == axis else 1 for i in range(x.ndim)]).astype(x.dtype)
