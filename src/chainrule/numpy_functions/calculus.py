"""Differences, slopes, interpolation and numbers in steps, with NumPy's arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..core.errors import ShapeError, ValueProblem
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    """Compute differences of neighbours (``numpy.diff``)."""
    x = as_tensor(a)
    if n < 0:
        raise ValueProblem(f"n={n}", "a whole number from 0 up", "pass n=1")
    if n == 0:
        return x
    shape = [1 if i == axis % x.ndim else size for i, size in enumerate(x.shape)]
    first, last = (
        v if v is None or as_tensor(v).ndim else ops.broadcast_to(as_tensor(v).cast_weak(), shape)
        for v in (prepend, append)
    )
    parts = [part for part in (first, x, last) if part is not None]
    return _differences(ops.concatenate(parts, axis=axis) if len(parts) > 1 else x, n, axis)


def _differences(x: Tensor, n: int, axis: int) -> Tensor:
    if x.dtype.kind != "b":
        return ops.diff(x, n=n, axis=axis)
    head = (slice(None),) * (axis % x.ndim)
    for _ in range(n):
        x = ops.not_equal(x[(*head, slice(1, None))], x[(*head, slice(None, -1))])
    return x


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Tensor:
    """Compute the differences of the flattened tensor, between two borders (``numpy.ediff1d``)."""
    differences = ops.diff(ops.ravel(ary))
    borders = [None if v is None else ops.ravel(v).cast_to(differences.dtype) for v in (to_begin, to_end)]
    parts = [part for part in (borders[0], differences, borders[1]) if part is not None]
    return ops.concatenate(parts) if len(parts) > 1 else differences


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Compute slopes along each axis from neighbours, exact for parabolas inside (``numpy.gradient``)."""
    x = as_tensor(f)
    x = x if x.spec.floating else x * 1.0
    axes = list(range(x.ndim)) if axis is None else [a % x.ndim for a in np.atleast_1d(axis).tolist()]
    steps = list(varargs) * (len(axes) if len(varargs) == 1 else 1) or [1.0] * len(axes)
    if len(steps) != len(axes) or edge_order not in (1, 2):
        passed = f"{len(varargs)} distances for {len(axes)} axes, edge_order={edge_order}"
        raise ValueProblem(passed, "none, one, or one for each axis; edge_order 1 or 2", "pass as many")
    slopes = tuple(_slopes(x, a, step, edge_order) for a, step in zip(axes, steps, strict=True))
    return slopes[0] if len(slopes) == 1 else slopes


def _slopes(x: Tensor, axis: int, step: Any, edge_order: int) -> Tensor:
    """Compute the slopes along an axis: Fornberg's three-point weights (Math. Comp. 51, 1988)."""
    y = ops.moveaxis(x, axis, -1)
    n = y.shape[-1]
    if n < edge_order + 1:
        passed = f"an axis of {n} entries"
        raise ShapeError(passed, f"at least {edge_order + 1} for edge_order={edge_order}", "name another axis")
    positions = as_tensor(step)
    widths = ops.diff(positions) if positions.ndim else ops.full((n - 1,), positions, x.dtype)
    if widths.shape != (n - 1,):
        raise ShapeError(f"{widths.shape[0] + 1} positions for an axis of {n} entries", f"{n}", "pass as many")
    before, after = widths[:-1], widths[1:]
    inner = (
        -after / (before * (before + after)) * y[..., :-2]
        + (after - before) / (before * after) * y[..., 1:-1]
        + before / (after * (before + after)) * y[..., 2:]
    )
    if edge_order == 1:
        first = (y[..., 1:2] - y[..., :1]) / widths[0]
        last = (y[..., -1:] - y[..., -2:-1]) / widths[-1]
    else:
        first = _edge_slope(y[..., 0], y[..., 1], y[..., 2], widths[0], widths[1])
        last = -_edge_slope(y[..., -1], y[..., -2], y[..., -3], widths[-1], widths[-2])
    return ops.moveaxis(ops.concatenate([first, inner, last], axis=-1), -1, axis)


def _edge_slope(y0: Tensor, y1: Tensor, y2: Tensor, near: Tensor, far: Tensor) -> Tensor:
    """Compute the slope at y0 of the parabola through three points."""
    both = near + far
    slope = -(near + both) / (near * both) * y0 + both / (near * far) * y1 - near / (far * both) * y2
    return ops.expand_dims(slope, -1)


def unwrap(p: Any, discont: Any = None, axis: int = -1, period: Any = 2 * math.pi) -> Tensor:
    """Add whole periods, so that no step is longer than half of one (``numpy.unwrap``)."""
    x = as_tensor(p)
    whole = x.dtype.kind in "iu" and isinstance(period, int)
    half: Any = period // 2 if whole else period / 2
    ambiguous = not whole or period % 2 == 0  # a step of half a period may go either way: it keeps its sign
    step = ops.diff(x, axis=axis)
    short = ops.mod(step + half, period) - half
    if ambiguous:
        short = ops.where(ops.equal(short, -half) & ops.greater(step, 0), half, short)
    limit = half if discont is None else discont
    change = ops.where(ops.less(ops.absolute(step), limit), 0, short - step)
    head = (slice(None),) * (axis % x.ndim)
    rest = x[(*head, slice(1, None))] + ops.cumsum(change, axis=axis)
    return ops.concatenate([x[(*head, slice(None, 1))], rest], axis=axis)


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Tensor:
    """Interpolate linearly between points; gradients reach x, the points and their values (``numpy.interp``)."""
    at, points, values = (as_tensor(v).cast_weak() for v in (x, xp, fp))
    if points.ndim != 1 or points.shape != values.shape or not points.size:
        passed = f"points of shape {points.shape} and values of shape {values.shape}"
        raise ShapeError(passed, "two vectors of one length, at least 1", "pass as many values as points")
    if period is not None:
        left = right = None
        at, points = ops.mod(at, period), ops.mod(points, period)
        order = ops.argsort(points)
        points, values = ops.take(points, order), ops.take(values, order)
        points = ops.concatenate([points[-1:] - period, points, points[:1] + period])
        values = ops.concatenate([values[-1:], values, values[:1]])
    n = points.shape[0]
    last = ops.clip(ops.searchsorted(points, at, "right") - 1, 0, n - 1)
    low, high = ops.minimum(last, max(n - 2, 0)), ops.minimum(last + 1, n - 1)
    x0, x1, y0, y1 = (ops.take(v, i) for v in (points, values) for i in (low, high))
    width = ops.where(ops.equal(x1, x0), 1, x1 - x0)
    result = ops.where(ops.equal(at, points[-1]), values[-1], y0 + (y1 - y0) * ((at - x0) / width))
    result = ops.where(ops.less(at, points[0]), values[0] if left is None else left, result)
    return ops.where(ops.greater(at, points[-1]), values[-1] if right is None else right, result)


def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """Return numbers in equal steps (``numpy.linspace``)."""
    return ops.linspace(start, stop, num, endpoint, retstep, _float_dtype(dtype, start, stop), axis)


def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Tensor:
    """Return powers whose exponents have equal steps (``numpy.logspace``)."""
    return ops.logspace(start, stop, num, endpoint, base, _float_dtype(dtype, start, stop), axis)


def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Tensor:
    """Return numbers with equal ratios (``numpy.geomspace``)."""
    return ops.geomspace(start, stop, num, endpoint, _float_dtype(dtype, start, stop), axis)


def _float_dtype(dtype: Any, *ends: Any) -> Any:
    """Return the dtype asked for, else that of floats made of these."""
    return (as_tensor(ends[0]) * 1.0 + ends[1]).dtype if dtype is None else dtype
