"""Pooling, channels last. Max-pooling is an index without gradient, then a gather; average pooling sums over windows.

Ties: the first entry in window order wins. Padding never wins and is not counted.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core import memory
from ..core.errors import ShapeError
from ..core.messages import LazyMessage
from ..graph import Spec, spec_of
from .calls import Composite
from .convolution import Geometry, geometry, merge_examples, per_axis, windows_of
from .record import Cost, Operation
from .rules import NO_GRADIENT, promote_to_float, times
from .sample import Draw, Sample


def _geometry_of(shape: tuple[Any, ...], pool_size: Any, strides: Any, padding: Any) -> Geometry:
    """Work out the geometry of the windows over an input of this shape."""
    rank = len(shape) - 2
    if rank < 1:
        passed = f"an input of shape {shape} to be pooled"
        raise ShapeError(passed, "(batch, *sizes, channels)", "add the batch or channel axis with expand_dims")
    window = per_axis(pool_size, rank, "pool_size")
    return geometry(shape[1:-1], window, window if strides is None else strides, padding, 1)


def _pooled_shape(shape: tuple[Any, ...], **attributes: Any) -> tuple[Any, ...]:
    """Return the shape after pooling an input of this shape; `attributes` as for `_geometry_of`."""
    return (shape[0], *_geometry_of(shape, **attributes).out, shape[-1])


def _pool_index(x: Any, pool_size: Any, strides: Any, padding: Any) -> Any:
    """Find the largest entry of each window: its index among the input's flattened spatial entries."""
    g = _geometry_of(x.shape, pool_size, strides, padding)
    rank, each = len(g.window), math.prod(g.window)
    indices = memory.arange(math.prod(g.sizes), dtype=np.int32).reshape(1, *g.sizes, 1)
    inside = windows_of(np.ones_like(indices), g).reshape(1, *g.out, 1, each)  # 0 in the padding
    lowest = -np.inf if x.dtype.kind not in "biu" else np.iinfo(x.dtype).min if x.dtype.kind != "b" else False
    flat = windows_of(x, g).reshape(x.shape[0], *g.out, x.shape[-1], each)
    # a nan wins, as in np.argmax, so that it is seen; padding loses even to -inf
    score = np.where(inside == 1, flat, lowest)
    winner = np.argmax(score, axis=-1)
    first_inside = np.argmax(inside, axis=-1)
    winner_inside = np.take_along_axis(np.broadcast_to(inside, flat.shape), winner[..., None], -1)[..., 0]
    winner = np.where(winner_inside == 1, winner, first_inside)
    entries = np.broadcast_to(windows_of(indices, g).reshape(1, *g.out, 1, each), flat.shape)
    index = np.take_along_axis(entries, winner[..., None], -1)
    assert index.ndim == rank + 3
    return index[..., 0].astype(np.int32)


def _window_cost(sums: bool) -> Any:
    """Return the cost rule of an operation that adds up each window, or finds its largest entry."""

    def cost(specs: tuple[Spec, ...], out: Spec, sizes: Any = None, **attributes: Any) -> Cost:
        shape = specs[0].shape if sizes is None else out.shape
        g = _geometry_of(shape, **attributes)
        n = math.prod((shape[0], *g.out, shape[-1]))
        each = math.prod(g.window)
        parts = {"shape": times((shape[0], *g.out, shape[-1])), "window": times(g.window), "count": n * each}
        if sums:
            return Cost(adds=n * each, formula=LazyMessage("{shape} windows × {window} = {count:,}", **parts))
        # windows as rows, a copy of these with the padding replaced, and two indices for each
        workspace = n * (2 * each * specs[0].dtype.itemsize + 2 * np.dtype(np.intp).itemsize)
        formula = LazyMessage("{shape} windows × {window} = {count:,} comparisons", **parts)
        return Cost(other=n * each, formula=formula, workspace=workspace)

    return cost


_POOL_SAMPLES = [
    Sample(Draw(2, 6, 7, 3), pool_size=2),
    Sample(Draw(2, 6, 7, 3), pool_size=(3, 2), strides=(2, 1), padding="same"),
    Sample(Draw(2, 9, 2), pool_size=3, strides=2),
    Sample([[[[1.0], [3.0]], [[3.0], [3.0]]]], pool_size=2),
    Sample(Draw(1, 5, 5, 1), pool_size=3, strides=1, padding="same"),
    Sample(Draw(1, 2, 2, 1), pool_size=3, error=ShapeError),
    Sample(Draw(4, 4), pool_size=2, error=ShapeError),
]

max_pool_index = Operation.define(
    "max_pool_index",
    lambda xp, x, pool_size=2, strides=None, padding="valid": _pool_index(x, pool_size, strides, padding),
    spec=lambda specs, **attributes: spec_of(_pooled_shape(specs[0].shape, **attributes), np.dtype("int32")),
    batch=merge_examples,
    cost=_window_cost(False),
    gradient_note=NO_GRADIENT,
    samples=_POOL_SAMPLES,
    doc="The index of each window's largest entry among the flattened spatial entries, the first at a tie, as "
    "int32.\n\n"
    ">>> ops.pooling.max_pool_index([[[1.0], [5.0], [5.0]]], pool_size=3).tolist()\n[[[1]]]",
)


def _max_pool(xp: Any, x: Any, pool_size: Any = 2, strides: Any = None, padding: Any = "valid") -> Any:
    index = xp.max_pool_index(x, pool_size, strides, padding)
    n, c = x.shape[0], x.shape[-1]
    flat = xp.reshape(x, (n, math.prod(x.shape[1:-1]), c))
    positions = xp.reshape(index, (n, math.prod(index.shape[1:-1]), c))
    rows, channels = xp.reshape(xp.arange(n), (n, 1, 1)), xp.reshape(xp.arange(c), (1, 1, c))
    return xp.reshape(xp.get_item(flat, (rows, positions, channels)), index.shape)


max_pool_record = Composite.define(
    "max_pool",
    _max_pool,
    gradient_note="max-pooling routes each window's gradient to its largest entry (the first at a tie)",
    samples=_POOL_SAMPLES,
    doc="Max-pooling by frozen arguments.",
)


def _part(x: Any, axis: int, start: int, stop: int, step: int = 1) -> Any:
    """Return a slice along one axis."""
    return x[(slice(None),) * axis + (slice(start, stop, step),)]


def _sums_of_neighbours(x: Any, axis: int, k: int) -> Any:
    """Sum each k neighbours along an axis, by sums of 2, 4, 8 ... of them: of a large window few are added up."""
    n, size, taken = x.shape[axis] - k + 1, 1, 0
    total, blocks = None, x
    while True:
        if k & size:
            part = _part(blocks, axis, taken, taken + n)
            total, taken = part if total is None else total + part, taken + size
        if 2 * size > k:
            return total
        length = blocks.shape[axis]
        blocks = _part(blocks, axis, 0, length - size) + _part(blocks, axis, size, length)
        size *= 2


def _strided_sums(xp: Any, x: Any, axis: int, k: int, stride: int, out: int) -> Any:
    """Sum k neighbours along an axis, at `out` places with this stride between them."""
    reach = (out - 1) * stride + k
    x = _part(x, axis, 0, reach)
    if stride > 1 and k % stride == 0:  # first those that each window has whole
        x = xp.sum(x.reshape(*x.shape[:axis], reach // stride, stride, *x.shape[axis + 1 :]), axis=axis + 1)
        k, stride = k // stride, 1
    return _part(_sums_of_neighbours(x, axis, k), axis, 0, (out - 1) * stride + 1, stride)


def _spread_along(xp: Any, u: Any, axis: int, k: int, stride: int) -> Any:
    """Add each entry to k neighbours along an axis, the windows' starts `stride` apart: the transpose of the sums."""
    if k % stride == 0:  # the windows have all of each `stride` neighbours or none
        k, copies = k // stride, stride
    else:
        copies, out = 1, u.shape[axis]
        apart = xp.stack([u, *[xp.zeros_like(u)] * (stride - 1)], axis=axis + 1)
        apart = apart.reshape(*u.shape[:axis], out * stride, *u.shape[axis + 1 :])
        u = _part(apart, axis, 0, (out - 1) * stride + 1)
    sums = _sums_of_neighbours(_padded(xp, u, axis, k - 1, k - 1), axis, k)
    return xp.repeat(sums, copies, axis=axis) if copies > 1 else sums


def _padded(xp: Any, x: Any, axis: int, before: int, after: int) -> Any:
    """Return x with zeros before and after along an axis."""
    if not before and not after:
        return x
    widths = [(before, after) if i == axis else (0, 0) for i in range(x.ndim)]
    return memory.pad(x, widths) if xp is np else xp.pad(x, widths)


def _window_sum(xp: Any, x: Any, pool_size: Any, strides: Any, padding: Any) -> Any:
    """Sum along one axis after the other."""
    g = _geometry_of(x.shape, pool_size, strides, padding)
    if 0 in g.out:
        return xp.zeros((x.shape[0], *g.out, x.shape[-1]), x.dtype)
    for axis, (k, stride, out) in enumerate(zip(g.window, g.strides, g.out, strict=True), start=1):
        x = _strided_sums(xp, _padded(xp, x, axis, *g.padding[axis - 1]), axis, k, stride, out)
    return x


def _window_spread(xp: Any, u: Any, sizes: Any, pool_size: Any, strides: Any, padding: Any) -> Any:
    shape = (u.shape[0], *sizes, u.shape[-1])
    g = _geometry_of(shape, pool_size, strides, padding)
    if 0 in g.out:
        return xp.zeros(shape, u.dtype)
    for axis, (k, stride, n, (before, _)) in enumerate(
        zip(g.window, g.strides, sizes, g.padding, strict=True), start=1
    ):
        u = _spread_along(xp, u, axis, k, stride)
        behind = max(before + n - u.shape[axis], 0)  # the last window
        u = _part(_padded(xp, u, axis, 0, behind), axis, before, before + n)
    return u


def _window_spread_spec(specs: tuple[Spec, ...], sizes: Any, **attributes: Any) -> Spec:
    u = specs[0].shape
    x = (u[0], *sizes, u[-1])
    if (pooled := _pooled_shape(x, **attributes)) != u:
        passed = f"shape {u} to be copied to windows of sizes {sizes}"
        raise ShapeError(passed, f"shape {pooled}", "check the sizes, strides and padding")
    return spec_of(x, specs[0].dtype)


window_sum = Operation.define(
    "window_sum",
    lambda xp, x, pool_size=2, strides=None, padding="valid": _window_sum(xp, x, pool_size, strides, padding),
    spec=lambda specs, **attributes: spec_of(_pooled_shape(specs[0].shape, **attributes), specs[0].dtype),
    casts=promote_to_float,
    batch=merge_examples,
    cost=_window_cost(True),
    transpose=(lambda xp, u, x, **a: xp.window_spread(u, sizes=tuple(x.shape[1:-1]), **a),),
    gradient_note="window_sum passes each window's gradient to all its entries",
    samples=_POOL_SAMPLES,
    doc="The sum over each window; padding counts as 0.\n\n"
    ">>> ops.pooling.window_sum([[[1.0], [5.0], [5.0]]], pool_size=3).tolist()\n[[[11.0]]]",
    wide=True,
)
window_spread = Operation.define(
    "window_spread",
    lambda xp, u, sizes=(), pool_size=2, strides=None, padding="valid": _window_spread(
        xp, u, sizes, pool_size, strides, padding
    ),
    spec=_window_spread_spec,
    casts=promote_to_float,
    batch=merge_examples,
    cost=_window_cost(True),
    transpose=(lambda xp, u, x, sizes, **a: xp.window_sum(u, **a),),
    gradient_note="window_spread sums the gradients of the copies",
    samples=[
        Sample(Draw(2, 3, 3, 3), sizes=(6, 7), pool_size=2),
        Sample(Draw(2, 3, 7, 3), sizes=(6, 7), pool_size=(3, 2), strides=(2, 1), padding="same"),
        Sample(Draw(2, 4, 2), sizes=(9,), pool_size=3, strides=2),
        Sample(Draw(2, 4, 2), sizes=(4,), pool_size=3, error=ShapeError),
    ],
    doc="Each entry copied to its whole window, copies added: the transpose of `window_sum`.\n\n"
    ">>> ops.pooling.window_spread([[[2.0]]], sizes=(3,), pool_size=3).tolist()\n[[[2.0], [2.0], [2.0]]]",
    wide=True,
)


def _average_pool(xp: Any, x: Any, pool_size: Any = 2, strides: Any = None, padding: Any = "valid") -> Any:
    total = xp.window_sum(x, pool_size, strides, padding)
    counts = _window_sum(np, memory.ones((1, *x.shape[1:-1], 1), x.dtype), pool_size, strides, padding)
    return total / xp.cast(counts, x.dtype)


average_pool_record = Composite.define(
    "average_pool",
    _average_pool,
    casts=promote_to_float,
    gradient_note="average pooling shares each window's gradient equally",
    samples=_POOL_SAMPLES,
    doc="Average pooling by frozen arguments.",
    wide=True,
)
