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
from .convolution import Geometry, columns_to_image, geometry, merge_examples, per_axis, windows_of
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
    rank = len(g.window)
    indices = memory.arange(math.prod(g.sizes), dtype=np.int32).reshape(1, *g.sizes, 1)
    inside = windows_of(np.ones_like(indices), g).reshape(1, *g.out, 1, -1)  # 0 in the padding
    lowest = -np.inf if x.dtype.kind not in "biu" else np.iinfo(x.dtype).min if x.dtype.kind != "b" else False
    flat = windows_of(x, g).reshape(*(x.shape[0], *g.out, x.shape[-1]), -1)
    # a nan wins, as in np.argmax, so that it is seen; padding loses even to -inf
    score = np.where(inside == 1, flat, lowest)
    winner = np.argmax(score, axis=-1)
    first_inside = np.argmax(inside, axis=-1)
    winner_inside = np.take_along_axis(np.broadcast_to(inside, flat.shape), winner[..., None], -1)[..., 0]
    winner = np.where(winner_inside == 1, winner, first_inside)
    entries = np.broadcast_to(windows_of(indices, g).reshape(1, *g.out, 1, -1), flat.shape)
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


def _window_sum(x: Any, pool_size: Any, strides: Any, padding: Any) -> Any:
    g = _geometry_of(x.shape, pool_size, strides, padding)
    return windows_of(x, g).sum(axis=tuple(range(len(g.window) + 2, 2 * len(g.window) + 2)), dtype=x.dtype)


def _window_spread(u: Any, sizes: Any, pool_size: Any, strides: Any, padding: Any) -> Any:
    g = _geometry_of((u.shape[0], *sizes, u.shape[-1]), pool_size, strides, padding)
    rank = len(g.window)
    cols = np.broadcast_to(u[(slice(None),) * (rank + 1) + (None,) * rank], (*u.shape[:-1], *g.window, u.shape[-1]))
    return columns_to_image(cols, u.shape[0], u.shape[-1], g, u.dtype)


def _window_spread_spec(specs: tuple[Spec, ...], sizes: Any, **attributes: Any) -> Spec:
    u = specs[0].shape
    x = (u[0], *sizes, u[-1])
    if (pooled := _pooled_shape(x, **attributes)) != u:
        passed = f"shape {u} to be copied to windows of sizes {sizes}"
        raise ShapeError(passed, f"shape {pooled}", "check the sizes, strides and padding")
    return spec_of(x, specs[0].dtype)


window_sum = Operation.define(
    "window_sum",
    lambda xp, x, pool_size=2, strides=None, padding="valid": _window_sum(x, pool_size, strides, padding),
    spec=lambda specs, **attributes: spec_of(_pooled_shape(specs[0].shape, **attributes), specs[0].dtype),
    casts=promote_to_float,
    batch=merge_examples,
    cost=_window_cost(True),
    transpose=(lambda xp, u, x, **a: xp.window_spread(u, sizes=tuple(x.shape[1:-1]), **a),),
    gradient_note="window_sum passes each window's gradient to all its entries",
    samples=_POOL_SAMPLES,
    doc="The sum over each window; padding counts as 0.\n\n"
    ">>> ops.pooling.window_sum([[[1.0], [5.0], [5.0]]], pool_size=3).tolist()\n[[[11.0]]]",
)
window_spread = Operation.define(
    "window_spread",
    lambda xp, u, sizes=(), pool_size=2, strides=None, padding="valid": _window_spread(
        u, sizes, pool_size, strides, padding
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
)


def _average_pool(xp: Any, x: Any, pool_size: Any = 2, strides: Any = None, padding: Any = "valid") -> Any:
    total = xp.window_sum(x, pool_size, strides, padding)
    counts = _window_sum(memory.ones((1, *x.shape[1:-1], 1), x.dtype), pool_size, strides, padding)
    return total / xp.cast(counts, x.dtype)


average_pool_record = Composite.define(
    "average_pool",
    _average_pool,
    casts=promote_to_float,
    gradient_note="average pooling shares each window's gradient equally",
    samples=_POOL_SAMPLES,
    doc="Average pooling by frozen arguments.",
)
