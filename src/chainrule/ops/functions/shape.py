"""Shapes: entries rearranged, none computed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ...errors import ShapeError, ValueProblem
from ...tensor import Tensor, as_tensor
from .. import movement
from ..record import freeze
from ..rules import normal_axis, sizes_of


def reshape(x: Any, newshape: Any) -> Tensor:
    """The same entries in another shape, one size may be -1 (``keras.ops.reshape``).

    >>> ops.reshape([1.0, 2.0, 3.0, 4.0], (2, -1)).shape
    (2, 2)
    """
    wanted = (newshape,) if isinstance(newshape, int | np.integer) else tuple(newshape)
    return movement.reshape_record(x, newshape=tuple(None if n is None else int(n) for n in wanted))


def ravel(x: Any) -> Tensor:
    """All entries in one axis (``keras.ops.ravel``).

    >>> ops.ravel([[1.0, 2.0]])
    tensor([1., 2.])
    """
    return reshape(x, (-1,))


def transpose(x: Any, axes: Any = None) -> Tensor:
    """The axes in another order, by default turned round (``keras.ops.transpose``).

    >>> ops.transpose([[1.0, 2.0]]).shape
    (2, 1)
    """
    return movement.transpose_record(x, axes=None if axes is None else tuple(int(a) for a in axes))


def expand_dims(x: Any, axis: Any) -> Tensor:
    """A new axis of size 1, or several (``keras.ops.expand_dims``).

    >>> ops.expand_dims([1.0, 2.0], 0).shape
    (1, 2)
    """
    return movement.expand_dims_record(x, axis=freeze(axis))


def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes in each other's place (``keras.ops.swapaxes``).

    >>> ops.swapaxes([[1.0, 2.0]], 0, 1).shape
    (2, 1)
    """
    x = as_tensor(x)
    order = list(range(x.ndim))
    a, b = normal_axis(axis1, x.ndim), normal_axis(axis2, x.ndim)
    order[a], order[b] = order[b], order[a]
    return transpose(x, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Tensor:
    """Axes moved to other places, the rest in order (``keras.ops.moveaxis``).

    >>> ops.moveaxis(ops.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_tensor(x)
    sources = [normal_axis(a, x.ndim) for a in np.atleast_1d(source).tolist()]
    places = [
        normal_axis(a, x.ndim) for a in ([destination] if isinstance(destination, int | np.integer) else destination)
    ]
    if len(sources) != len(places) or len(set(sources)) != len(sources) or len(set(places)) != len(places):
        raise ShapeError(
            f"axes {source} to be moved to {destination}", "as many places as axes, each once", "list each axis once"
        )
    order = [a for a in range(x.ndim) if a not in sources]
    for place, a in sorted(zip(places, sources, strict=True)):
        order.insert(place, a)
    return transpose(x, order)


def broadcast_to(x: Any, shape: Any) -> Tensor:
    """x repeated along axes of size 1 and new axes in front (``keras.ops.broadcast_to``).

    >>> ops.broadcast_to([1.0, 2.0], (2, 2)).shape
    (2, 2)
    """
    x = as_tensor(x).cast_weak()
    wanted = sizes_of(shape)
    return x if x.shape == wanted else movement.broadcast_to_record(x, shape=wanted)


def concatenate(xs: Any, axis: int | None = 0) -> Tensor:
    """Tensors joined along an axis they have; ``None`` flattens them first (``keras.ops.concatenate``).

    >>> ops.concatenate([[1.0, 2.0], [3.0]])
    tensor([1., 2., 3.])
    """
    parts = [as_tensor(x) for x in xs]
    if not parts:
        raise ValueProblem("nothing to concatenate", "at least one tensor", "pass a list of tensors")
    if axis is None:
        parts, axis = [ravel(p) for p in parts], 0
    return movement.concatenate_record(*parts, axis=axis)


def stack(x: Any, axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis (``keras.ops.stack``).

    >>> ops.stack([[1.0, 2.0], [3.0, 4.0]], axis=1)
    tensor([[1., 3.],
            [2., 4.]])
    """
    return concatenate([expand_dims(part, axis) for part in x], axis=axis)


def append(x1: Any, x2: Any, axis: int | None = None) -> Tensor:
    """x2 behind x1 (``keras.ops.append``).

    >>> ops.append([1.0], [2.0])
    tensor([1., 2.])
    """
    return concatenate([x1, x2], axis=axis)


def vstack(xs: Any) -> Tensor:
    """Tensors joined along the first axis, vectors as rows (``keras.ops.vstack``).

    >>> ops.vstack([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)
    """
    return concatenate([x if x.ndim > 1 else reshape(x, (1, -1)) for x in map(as_tensor, xs)], axis=0)


def hstack(xs: Any) -> Tensor:
    """Tensors joined along the second axis, vectors end to end (``keras.ops.hstack``).

    >>> ops.hstack([[1.0, 2.0], [3.0]])
    tensor([1., 2., 3.])
    """
    parts = [x if x.ndim else reshape(x, (1,)) for x in map(as_tensor, xs)]
    return concatenate(parts, axis=0 if parts and parts[0].ndim == 1 else 1)


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Parts along `axis`: so many equal ones, or cut at these indices (``keras.ops.split``).

    >>> ops.split([1.0, 2.0, 3.0, 4.0], 2)
    [tensor([1., 2.]), tensor([3., 4.])]
    """
    x = as_tensor(x)
    at = normal_axis(axis, x.ndim)
    n = x.shape[at]
    if isinstance(indices_or_sections, int | np.integer):
        if indices_or_sections < 1 or n % indices_or_sections:
            raise ShapeError(
                f"an axis of {n} entries to be split into {indices_or_sections}",
                "a number that divides it",
                "give the indices to cut at instead",
            )
        step = n // indices_or_sections
        cuts = list(range(step, n, step)) if n else [0] * (indices_or_sections - 1)
    else:
        cuts = [int(i) for i in indices_or_sections]
    edges = [0, *cuts, n]
    return [x[(slice(None),) * at + (slice(a, b),)] for a, b in pairwise(edges)]


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The slices along `axis`, without it (``keras.ops.unstack``).

    >>> ops.unstack([[1.0, 2.0], [3.0, 4.0]])
    [tensor([1., 2.]), tensor([3., 4.])]
    """
    x = as_tensor(x)
    at = normal_axis(axis, x.ndim)
    if num is not None and num != x.shape[at]:
        raise ShapeError(f"num {num} for an axis of {x.shape[at]}", "the axis's size", "leave num out")
    return [x[(slice(None),) * at + (i,)] for i in range(x.shape[at])]


def flip(x: Any, axis: Any = None) -> Tensor:
    """The entries in the opposite order along `axis` (``keras.ops.flip``).

    >>> ops.flip([1.0, 2.0, 3.0])
    tensor([3., 2., 1.])
    """
    return movement.flip_record(x, axis=freeze(axis))


def roll(x: Any, shift: Any, axis: Any = None) -> Tensor:
    """Entries moved on along `axis`, the last coming round to the front (``keras.ops.roll``).

    >>> ops.roll([1.0, 2.0, 3.0], 1)
    tensor([3., 1., 2.])
    """
    x = as_tensor(x)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), x.shape)
    axes = [axis] if isinstance(axis, int | np.integer) else list(axis)
    shifts = [shift] * len(axes) if isinstance(shift, int | np.integer) else list(shift)
    if len(shifts) != len(axes):
        raise ShapeError(
            f"{len(shifts)} shifts for {len(axes)} axes", "one shift, or one an axis", "give as many of each"
        )
    for a, by in zip(axes, shifts, strict=True):
        at = normal_axis(a, x.ndim)
        n = x.shape[at]
        if n and by % n:
            head = (slice(None),) * at
            cut = n - by % n
            x = concatenate([x[(*head, slice(cut, None))], x[(*head, slice(None, cut))]], axis=at)
    return x


def rot90(array: Any, k: int = 1, axes: Any = (0, 1)) -> Tensor:
    """A quarter turn, `k` times, from the first of the axes towards the second (``keras.ops.rot90``).

    >>> ops.rot90([[1.0, 2.0], [3.0, 4.0]])
    tensor([[2., 4.],
            [1., 3.]])
    """
    x = as_tensor(array)
    pair = [normal_axis(a, x.ndim) for a in axes]
    if len(pair) != 2 or pair[0] == pair[1]:
        raise ShapeError(f"axes {axes} to turn in", "two different axes", "name the plane's two axes")
    if k % 4 == 2:
        return flip(x, pair)
    if k % 2:
        turned = swapaxes(x, *pair)
        return flip(turned, pair[0] if k % 4 == 1 else pair[1])
    return x
