"""Shapes: entries rearranged, none computed."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any

import numpy as np

from ...core.errors import ShapeError, ValueProblem
from ...tensors.tensor import Tensor, as_tensor
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


def dstack(xs: Any) -> Tensor:
    """Tensors joined along the third axis, vectors as one row (``keras.ops.dstack``).

    >>> ops.dstack([[1.0, 2.0], [3.0, 4.0]]).shape
    (1, 2, 2)
    """
    parts = []
    for x in [as_tensor(x) for x in xs]:
        wide = reshape(x, (1, -1)) if x.ndim < 2 else x
        parts.append(wide if wide.ndim > 2 else expand_dims(wide, 2))
    return concatenate(parts, axis=2)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """`split` into parts that need not be equal: the first are longer by one (``keras.ops.array_split``).

    >>> ops.array_split([1.0, 2.0, 3.0], 2)
    [tensor([1., 2.]), tensor([3.])]
    """
    if not isinstance(indices_or_sections, int | np.integer):
        return split(x, indices_or_sections, axis)
    x = as_tensor(x)
    n, parts = x.shape[normal_axis(axis, x.ndim)], int(indices_or_sections)
    if parts < 1:
        raise ShapeError(f"{parts} parts", "a number from 1 up", "say how many parts")
    return split(x, [i * (n // parts) + min(i, n % parts) for i in range(1, parts)], axis)


def hsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the second axis, of a vector along its only one (``keras.ops.hsplit``).

    >>> ops.hsplit([1.0, 2.0], 2)
    [tensor([1.]), tensor([2.])]
    """
    x = as_tensor(x)
    return split(x, indices_or_sections, 0 if x.ndim == 1 else 1)


def vsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the first of two or more axes (``keras.ops.vsplit``).

    >>> [part.shape for part in ops.vsplit([[1.0], [2.0]], 2)]
    [(1, 1), (1, 1)]
    """
    return split(_ranked(x, 2), indices_or_sections, 0)


def dsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the third axis (``keras.ops.dsplit``).

    >>> [part.shape for part in ops.dsplit([[[1.0, 2.0]]], 2)]
    [(1, 1, 1), (1, 1, 1)]
    """
    return split(_ranked(x, 3), indices_or_sections, 2)


def _ranked(x: Any, rank: int) -> Tensor:
    found = as_tensor(x)
    if found.ndim < rank:
        raise ShapeError(f"a tensor of shape {found.shape}", f"at least {rank} axes", "add axes, or use split")
    return found


def fliplr(x: Any) -> Tensor:
    """The columns in the opposite order (``keras.ops.fliplr``).

    >>> ops.fliplr([[1.0, 2.0]])
    tensor([[2., 1.]])
    """
    return flip(_ranked(x, 2), 1)


def flipud(x: Any) -> Tensor:
    """The rows in the opposite order (``keras.ops.flipud``).

    >>> ops.flipud([1.0, 2.0])
    tensor([2., 1.])
    """
    return flip(_ranked(x, 1), 0)


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Tensor:
    """Axes split, moved and merged as a pattern says (``keras.ops.rearrange``; Rogozhnikov, "Einops", ICLR 2022).

    Args:
        pattern: names before and behind ``->``; those in parentheses are one axis of the tensor, ``1`` is a new one
            or one of size 1. axes_lengths: sizes that the shape does not tell, all but one in each parenthesis.

    >>> ops.rearrange(ops.zeros((2, 6, 3)), "b (h w) c -> b c h w", h=2).shape
    (2, 3, 2, 3)
    """
    x = as_tensor(tensor)
    before, arrow, behind = pattern.partition("->")
    left, right = _groups(before), _groups(behind)
    names = [name for group in left for name in group]
    wanted = [name for group in right for name in group]
    if not arrow or sorted(names) != sorted(wanted) or len(set(names)) < len(names) or not {*names} >= {*axes_lengths}:
        raise ValueProblem(
            f"pattern {pattern!r} with lengths {axes_lengths}", "the same names on both sides, each once",
            "write one like 'b (h w) c -> b c h w'",
        )  # fmt: skip
    if len(left) != x.ndim:
        raise ShapeError(f"pattern {pattern!r} for shape {x.shape}", "one name or parenthesis an axis", "add names")
    sizes: dict[str, Any] = dict(axes_lengths)
    for group, n in zip(left, x.shape, strict=True):
        known = math.prod(sizes[name] for name in group if name in sizes)
        open_names = [name for name in group if name not in sizes]
        fits = n is None or (known == n if not open_names else known > 0 and n % known == 0)
        if len(open_names) > 1 or not fits or (n is None and len(group) != 1):
            raise ShapeError(
                f"an axis of size {n} for {' '.join(group) or 1} with lengths {axes_lengths}",
                "lengths of all but one name, whose product divides it",
                "pass their lengths by name",
            )
        for name in open_names:
            sizes[name] = None if n is None else n // known
    x = transpose(reshape(x, [sizes[name] for name in names]), [names.index(name) for name in wanted])
    merged = [[sizes[name] for name in group] for group in right]
    return reshape(x, [None if None in group else math.prod(group) for group in merged])


def _groups(side: str) -> list[list[str]]:
    """One list of names for each axis."""
    found = re.findall(r"\(([\w ]*)\)|(\w+)", side)
    if re.sub(r"\([\w ]*\)|\w+|\s", "", side):
        raise ValueProblem(f"pattern {side!r}", "names, 1 and single parentheses", "name each axis")
    return [[name for name in (group or word).split() if name != "1"] for group, word in found]
