"""Pooling, channels last. Max-pooling is an index without gradient and then a gather; average is a sum over windows.

Ties: the first entry in window order wins. Padding never wins and is never counted.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..core.messages import LazyMessage
from ..graph import Spec, spec_of
from .convolution import _spread_back, geometry, spread, windows_of
from .elementwise import FLAT
from .record import (
    Composite,
    Cost,
    Draw,
    Operation,
    Sample,
    namespace,
)
from .rules import preserve_dtype, promote_to_float, times


def _of(shape: tuple[Any, ...], pool_size: Any, strides: Any, padding: Any) -> Any:
    rank = len(shape) - 2
    if rank < 1:
        raise ShapeError(
            f"an input of shape {shape} to be pooled",
            "(batch, *sizes, channels)",
            "add the batch or channel axis with expand_dims",
        )
    window = spread(pool_size, rank, "pool_size")
    return geometry(shape[1:-1], window, window if strides is None else strides, padding, 1)


def _pooled(shape: tuple[Any, ...], pool_size: Any, strides: Any, padding: Any) -> tuple[Any, ...]:
    return (shape[0], *_of(shape, pool_size, strides, padding).out, shape[-1])


def _pool_index(x: Any, pool_size: Any, strides: Any, padding: Any) -> Any:
    """For each window the flat place, among the input's spatial entries, of its winner."""
    g = _of(x.shape, pool_size, strides, padding)
    rank = len(g.window)
    places = np.arange(math.prod(g.sizes), dtype=np.int32).reshape(1, *g.sizes, 1)
    inside = windows_of(np.ones_like(places), g).reshape(1, *g.out, 1, -1)  # 0 where padding is
    low = -np.inf if x.dtype.kind not in "biu" else np.iinfo(x.dtype).min if x.dtype.kind != "b" else False
    flat = windows_of(x, g).reshape(*(x.shape[0], *g.out, x.shape[-1]), -1)
    # a nan wins, as np.argmax lets it, so that it is seen; padding loses even to -inf
    score = np.where(inside == 1, flat, low)
    winner = np.argmax(score, axis=-1)
    first_inside = np.argmax(inside, axis=-1)
    taken = np.take_along_axis(np.broadcast_to(inside, flat.shape), winner[..., None], -1)[..., 0]
    winner = np.where(taken == 1, winner, first_inside)
    found = np.take_along_axis(
        np.broadcast_to(windows_of(places, g).reshape(1, *g.out, 1, -1), flat.shape), winner[..., None], -1
    )
    assert found.ndim == rank + 3
    return found[..., 0].astype(np.int32)


def _flat_batch(op: Operation, xs: list[Any], batched: list[bool], size: int, attributes: dict[str, Any]) -> Any:
    xp = namespace()
    x = xs[0]
    out = op(xp.reshape(x, (size * x.shape[1], *x.shape[2:])), **attributes)
    return xp.reshape(out, (size, x.shape[1], *out.shape[1:]))


def _window_cost(multiply: bool) -> Any:
    def cost(specs: tuple[Spec, ...], out: Spec, pool_size: Any, strides: Any, padding: Any, **more: Any) -> Cost:
        shape = specs[0].shape if "sizes" not in more else out.shape
        g = _of(shape, pool_size, strides, padding)
        n = math.prod(1 if v is None else v for v in (shape[0], *g.out, shape[-1]))
        each = math.prod(g.window)
        sizes = {"shape": times((shape[0], *g.out, shape[-1])), "window": times(g.window), "count": n * each}
        if multiply:
            return Cost(adds=n * each, formula=LazyMessage("{shape} windows × {window} = {count:,}", **sizes))
        # windows as rows, once more with padding made small, and the winners as NumPy's whole numbers
        workspace = n * (2 * each * specs[0].dtype.itemsize + 2 * np.dtype(np.intp).itemsize)
        formula = LazyMessage("{shape} windows × {window} = {count:,} comparisons", **sizes)
        return Cost(other=n * each, formula=formula, workspace=workspace)

    return cost


_POOLS = [
    Sample(Draw(2, 6, 7, 3), pool_size=2),
    Sample(Draw(2, 6, 7, 3), pool_size=(3, 2), strides=(2, 1), padding="same"),
    Sample(Draw(2, 9, 2), pool_size=3, strides=2),
    Sample([[[[1.0], [3.0]], [[3.0], [3.0]]]], pool_size=2),
    Sample(Draw(1, 5, 5, 1), pool_size=3, strides=1, padding="same"),
    Sample(Draw(1, 2, 2, 1), pool_size=3, error=ShapeError),
    Sample(Draw(4, 4), pool_size=2, error=ShapeError),
]

max_pool_index = Operation(
    "max_pool_index",
    lambda xp, x, pool_size=2, strides=None, padding="valid": _pool_index(x, pool_size, strides, padding),
    spec=lambda specs, pool_size, strides, padding: spec_of(
        _pooled(specs[0].shape, pool_size, strides, padding), np.dtype("int32")
    ),
    casts=preserve_dtype,
    batch=_flat_batch,
    cost=_window_cost(False),
    gradient_note=FLAT,
    format="max_pool_index({0})",
    samples=_POOLS,
    doc="The place of each window's largest entry among the flattened spatial entries, the first at a tie, as "
    "int32.\n\n"
    ">>> ops.max_pool_index([[[1.0], [5.0], [5.0]]], pool_size=3).tolist()\n[[[1]]]",
)


def _max_pool(xp: Any, x: Any, pool_size: Any = 2, strides: Any = None, padding: Any = "valid") -> Any:
    winner = xp.max_pool_index(x, pool_size, strides, padding)
    n, c = x.shape[0], x.shape[-1]
    flat = xp.reshape(x, (n, math.prod(x.shape[1:-1]), c))
    places = xp.reshape(winner, (n, math.prod(winner.shape[1:-1]), c))
    rows, channels = xp.reshape(xp.arange(n), (n, 1, 1)), xp.reshape(xp.arange(c), (1, 1, c))
    return xp.reshape(xp.get_item(flat, (rows, places, channels)), winner.shape)


max_pool_record = Composite(
    "max_pool",
    _max_pool,
    casts=preserve_dtype,
    gradient_note="max-pooling routes each window's gradient to its largest entry (the first at a tie)",
    format="max_pool({0})",
    samples=_POOLS,
    doc="Max-pooling by frozen arguments.",
)


def _window_sum(x: Any, pool_size: Any, strides: Any, padding: Any) -> Any:
    g = _of(x.shape, pool_size, strides, padding)
    return windows_of(x, g).sum(axis=tuple(range(len(g.window) + 2, 2 * len(g.window) + 2)), dtype=x.dtype)


def _window_spread(u: Any, sizes: Any, pool_size: Any, strides: Any, padding: Any) -> Any:
    g = _of((u.shape[0], *sizes, u.shape[-1]), pool_size, strides, padding)
    rank = len(g.window)
    cols = np.broadcast_to(u[(slice(None),) * (rank + 1) + (None,) * rank], (*u.shape[:-1], *g.window, u.shape[-1]))
    return _spread_back(cols, u.shape[0], u.shape[-1], g, u.dtype)


def _spread_spec(specs: tuple[Spec, ...], sizes: Any, pool_size: Any, strides: Any, padding: Any) -> Spec:
    u = specs[0].shape
    x = (u[0], *sizes, u[-1])
    if _pooled(x, pool_size, strides, padding) != u:
        raise ShapeError(
            f"shape {u} to be spread to sizes {sizes}",
            f"shape {_pooled(x, pool_size, strides, padding)}",
            "check the sizes, strides and padding",
        )
    return spec_of(x, specs[0].dtype)


window_sum = Operation(
    "window_sum",
    lambda xp, x, pool_size=2, strides=None, padding="valid": _window_sum(x, pool_size, strides, padding),
    spec=lambda specs, pool_size, strides, padding: spec_of(
        _pooled(specs[0].shape, pool_size, strides, padding), specs[0].dtype
    ),
    casts=promote_to_float,
    batch=_flat_batch,
    cost=_window_cost(True),
    transpose=(lambda xp, u, x, **a: xp.window_spread(u, sizes=tuple(x.shape[1:-1]), **a),),
    gradient_note="window_sum hands each window's gradient on to all its entries",
    format="window_sum({0})",
    samples=_POOLS,
    doc="The sum over each window; padding counts as 0.\n\n"
    ">>> ops.window_sum([[[1.0], [5.0], [5.0]]], pool_size=3).tolist()\n[[[11.0]]]",
)
window_spread = Operation(
    "window_spread",
    lambda xp, u, sizes=(), pool_size=2, strides=None, padding="valid": _window_spread(
        u, sizes, pool_size, strides, padding
    ),
    spec=_spread_spec,
    casts=promote_to_float,
    batch=_flat_batch,
    cost=_window_cost(True),
    transpose=(lambda xp, u, x, sizes, **a: xp.window_sum(u, **a),),
    gradient_note="window_spread sums the gradients of the copies",
    format="window_spread({0})",
    samples=[
        Sample(Draw(2, 3, 3, 3), sizes=(6, 7), pool_size=2),
        Sample(Draw(2, 3, 7, 3), sizes=(6, 7), pool_size=(3, 2), strides=(2, 1), padding="same"),
        Sample(Draw(2, 4, 2), sizes=(9,), pool_size=3, strides=2),
        Sample(Draw(2, 4, 2), sizes=(4,), pool_size=3, error=ShapeError),
    ],
    doc="Each entry copied to its whole window, copies added: the transpose of `window_sum`.\n\n"
    ">>> ops.window_spread([[[2.0]]], sizes=(3,), pool_size=3).tolist()\n[[[2.0], [2.0], [2.0]]]",
)


def _average_pool(xp: Any, x: Any, pool_size: Any = 2, strides: Any = None, padding: Any = "valid") -> Any:
    total = xp.window_sum(x, pool_size, strides, padding)
    counts = _window_sum(np.ones((1, *x.shape[1:-1], 1), x.dtype), pool_size, strides, padding)
    return total / xp.cast(counts, x.dtype)


average_pool_record = Composite(
    "average_pool",
    _average_pool,
    casts=promote_to_float,
    gradient_note="average pooling shares each window's gradient equally",
    format="average_pool({0})",
    samples=_POOLS,
    doc="Average pooling by frozen arguments.",
)
