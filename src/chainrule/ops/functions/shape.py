"""Functions that rearrange entries without computing any."""

from __future__ import annotations

import math
import re
import sys
from itertools import pairwise
from typing import Any

import numpy as np

from ...core import arguments
from ...core.errors import ShapeError, ValueProblem
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import movement
from ..rules import as_shape, normalize_axis


def reshape(x: Any, newshape: Any) -> Tensor:
    """Return the same entries in another shape; one size may be -1 (``keras.ops.reshape``).

    >>> ops.reshape([1.0, 2.0, 3.0, 4.0], (2, -1)).shape
    (2, 2)
    """
    return movement.reshape_record(x, newshape=as_shape(newshape, least=-1, unknown=True))


def ravel(x: Any) -> Tensor:
    """Flatten the tensor to one axis (``keras.ops.ravel``).

    >>> ops.ravel([[1.0, 2.0]])
    tensor([1., 2.])
    """
    return reshape(x, (-1,))


def transpose(x: Any, axes: Any = None) -> Tensor:
    """Permute the axes, by default reverse them (``keras.ops.transpose``).

    >>> ops.transpose([[1.0, 2.0]]).shape
    (2, 1)
    """
    return movement.transpose_record(x, axes=axes)


def expand_dims(x: Any, axis: Any) -> Tensor:
    """Insert a new axis of size 1, or several (``keras.ops.expand_dims``).

    >>> ops.expand_dims([1.0, 2.0], 0).shape
    (1, 2)
    """
    return movement.expand_dims_record(x, axis=axis)


def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Exchange two axes (``keras.ops.swapaxes``).

    >>> ops.swapaxes([[1.0, 2.0]], 0, 1).shape
    (2, 1)
    """
    x = as_tensor(x)
    order = list(range(x.ndim))
    a, b = normalize_axis(axis1, x.ndim), normalize_axis(axis2, x.ndim)
    order[a], order[b] = order[b], order[a]
    return transpose(x, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Tensor:
    """Move axes to other positions, the others in order (``keras.ops.moveaxis``).

    >>> ops.moveaxis(ops.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_tensor(x)
    sources, destinations = (
        [normalize_axis(a, x.ndim) for a in as_shape(axes, least=-sys.maxsize)] for axes in (source, destination)
    )
    if not len(sources) == len(destinations) == len(set(sources)) == len(set(destinations)):
        passed = f"moving axes {source} to {destination}"
        raise ShapeError(passed, "as many positions as axes, each once", "list each axis once")
    order = [a for a in range(x.ndim) if a not in sources]
    for position, a in sorted(zip(destinations, sources, strict=True)):
        order.insert(position, a)
    return transpose(x, order)


def broadcast_to(x: Any, shape: Any) -> Tensor:
    """Repeat x along axes of size 1 and new leading axes (``keras.ops.broadcast_to``).

    >>> ops.broadcast_to([1.0, 2.0], (2, 2)).shape
    (2, 2)
    """
    x = as_tensor(x).cast_weak()
    sizes = as_shape(shape)
    return x if not x.spec.symbolic and x.shape == sizes else movement.broadcast_to_record(x, shape=sizes)


def concatenate(xs: Any, axis: int | None = 0) -> Tensor:
    """Join tensors along an existing axis; ``None`` flattens them first (``keras.ops.concatenate``).

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
    """Join tensors of one shape along a new axis (``keras.ops.stack``).

    >>> ops.stack([[1.0, 2.0], [3.0, 4.0]], axis=1)
    tensor([[1., 3.],
            [2., 4.]])
    """
    return concatenate([expand_dims(part, axis) for part in x], axis=axis)


def append(x1: Any, x2: Any, axis: int | None = None) -> Tensor:
    """Append x2 to x1 (``keras.ops.append``).

    >>> ops.append([1.0], [2.0])
    tensor([1., 2.])
    """
    return concatenate([x1, x2], axis=axis)


def vstack(xs: Any) -> Tensor:
    """Join tensors along the first axis, vectors as rows (``keras.ops.vstack``).

    >>> ops.vstack([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)
    """
    return concatenate([x if x.ndim > 1 else reshape(x, (1, -1)) for x in map(as_tensor, xs)], axis=0)


def hstack(xs: Any) -> Tensor:
    """Join tensors along the second axis, vectors end to end (``keras.ops.hstack``).

    >>> ops.hstack([[1.0, 2.0], [3.0]])
    tensor([1., 2., 3.])
    """
    parts = [x if x.ndim else reshape(x, (1,)) for x in map(as_tensor, xs)]
    return concatenate(parts, axis=0 if parts and parts[0].ndim == 1 else 1)


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Split along `axis` into a number of equal parts, or at indices (``keras.ops.split``).

    >>> ops.split([1.0, 2.0, 3.0, 4.0], 2)
    [tensor([1., 2.]), tensor([3., 4.])]
    """
    x = as_tensor(x)
    axis = normalize_axis(axis, x.ndim)
    n = x.shape[axis]
    sections = arguments.whole_number(indices_or_sections)
    if sections is not None:
        if sections < 1 or n % sections:
            passed = f"splitting an axis of {n} entries into {sections}"
            raise ShapeError(passed, "a number that divides it", "pass the indices to split at instead")
        step = n // sections
        cuts = list(range(step, n, step)) if n else [0] * (sections - 1)
    else:
        cuts = list(as_shape(indices_or_sections, least=-sys.maxsize))
    return [x[(slice(None),) * axis + (slice(a, b),)] for a, b in pairwise([0, *cuts, n])]


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """Return the slices along `axis`, without it (``keras.ops.unstack``).

    >>> ops.unstack([[1.0, 2.0], [3.0, 4.0]])
    [tensor([1., 2.]), tensor([3., 4.])]
    """
    x = as_tensor(x)
    axis = normalize_axis(axis, x.ndim)
    if num is not None and arguments.whole_number(num) != x.shape[axis]:
        raise ShapeError(f"num {num} for an axis of {x.shape[axis]}", "the axis's size", "leave num out")
    return [x[(slice(None),) * axis + (i,)] for i in range(x.shape[axis])]


def flip(x: Any, axis: Any = None) -> Tensor:
    """Reverse the entries along `axis` (``keras.ops.flip``).

    >>> ops.flip([1.0, 2.0, 3.0])
    tensor([3., 2., 1.])
    """
    return movement.flip_record(x, axis=axis)


def roll(x: Any, shift: Any, axis: Any = None) -> Tensor:
    """Shift entries along `axis`, the last ones wrapping to the front (``keras.ops.roll``).

    >>> ops.roll([1.0, 2.0, 3.0], 1)
    tensor([3., 1., 2.])
    """
    x = as_tensor(x)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), x.shape)
    axes, shifts = as_shape(axis, least=-x.ndim), as_shape(shift, least=-sys.maxsize)
    shifts = shifts * len(axes) if arguments.whole_number(shift) is not None else shifts
    if len(shifts) != len(axes):
        passed = f"{len(shifts)} shifts for {len(axes)} axes"
        raise ShapeError(passed, "one shift, or one for each axis", "pass as many of each")
    for a, by in zip(axes, shifts, strict=True):
        i = normalize_axis(a, x.ndim)
        n = x.shape[i]
        if n and by % n:
            leading = (slice(None),) * i
            cut = n - by % n
            x = concatenate([x[(*leading, slice(cut, None))], x[(*leading, slice(None, cut))]], axis=i)
    return x


def rot90(array: Any, k: int = 1, axes: Any = (0, 1)) -> Tensor:
    """Rotate by a quarter turn `k` times, from the first axis towards the second (``keras.ops.rot90``).

    >>> ops.rot90([[1.0, 2.0], [3.0, 4.0]])
    tensor([[2., 4.],
            [1., 3.]])
    """
    x = as_tensor(array)
    k, pair = arguments.integer(owner="rot90", k=k), [normalize_axis(a, x.ndim) for a in axes]
    if len(pair) != 2 or pair[0] == pair[1]:
        raise ShapeError(f"rotation axes {axes}", "two different axes", "name the plane's two axes")
    if k % 4 == 2:
        return flip(x, pair)
    return flip(swapaxes(x, *pair), pair[0] if k % 4 == 1 else pair[1]) if k % 2 else x


def dstack(xs: Any) -> Tensor:
    """Join tensors along the third axis, vectors as one row (``keras.ops.dstack``).

    >>> ops.dstack([[1.0, 2.0], [3.0, 4.0]]).shape
    (1, 2, 2)
    """
    parts = []
    for x in [as_tensor(x) for x in xs]:
        block = reshape(x, (1, -1)) if x.ndim < 2 else x
        parts.append(block if block.ndim > 2 else expand_dims(block, 2))
    return concatenate(parts, axis=2)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Split into parts that may be unequal, the first longer by one (``keras.ops.array_split``).

    >>> ops.array_split([1.0, 2.0, 3.0], 2)
    [tensor([1., 2.]), tensor([3.])]
    """
    if not isinstance(indices_or_sections, int | np.integer):
        return split(x, indices_or_sections, axis)
    x = as_tensor(x)
    n = x.shape[normalize_axis(axis, x.ndim)]
    parts = arguments.at_least(1, owner="array_split", indices_or_sections=indices_or_sections)
    return split(x, [i * (n // parts) + min(i, n % parts) for i in range(1, parts)], axis)


def hsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """Split along the second axis, or the only axis of a vector (``keras.ops.hsplit``).

    >>> ops.hsplit([1.0, 2.0], 2)
    [tensor([1.]), tensor([2.])]
    """
    x = as_tensor(x)
    return split(x, indices_or_sections, 0 if x.ndim == 1 else 1)


def vsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """Split along the first of two or more axes (``keras.ops.vsplit``).

    >>> [part.shape for part in ops.vsplit([[1.0], [2.0]], 2)]
    [(1, 1), (1, 1)]
    """
    return split(_check_rank(x, 2), indices_or_sections, 0)


def dsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """Split along the third axis (``keras.ops.dsplit``).

    >>> [part.shape for part in ops.dsplit([[[1.0, 2.0]]], 2)]
    [(1, 1, 1), (1, 1, 1)]
    """
    return split(_check_rank(x, 3), indices_or_sections, 2)


def _check_rank(x: Any, rank: int) -> Tensor:
    """Return `x` as a tensor, which must have at least `rank` axes."""
    tensor = as_tensor(x)
    if tensor.ndim < rank:
        raise ShapeError(f"a tensor of shape {tensor.shape}", f"at least {rank} axes", "add axes, or use split")
    return tensor


def fliplr(x: Any) -> Tensor:
    """Reverse the columns (``keras.ops.fliplr``).

    >>> ops.fliplr([[1.0, 2.0]])
    tensor([[2., 1.]])
    """
    return flip(_check_rank(x, 2), 1)


def flipud(x: Any) -> Tensor:
    """Reverse the rows (``keras.ops.flipud``).

    >>> ops.flipud([1.0, 2.0])
    tensor([2., 1.])
    """
    return flip(_check_rank(x, 1), 0)


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Tensor:
    """Split, move and merge axes by a pattern (``keras.ops.rearrange``; Rogozhnikov, "Einops", ICLR 2022).

    Args:
        pattern: names before and after ``->``; those in parentheses are one axis of the tensor, ``1`` is a new one
            or one of size 1. axes_lengths: sizes that the shape does not determine, all but one in each parenthesis.

    >>> ops.rearrange(ops.zeros((2, 6, 3)), "b (h w) c -> b c h w", h=2).shape
    (2, 3, 2, 3)
    """
    x = as_tensor(tensor)
    left, arrow, right = pattern.partition("->")
    old_groups, new_groups = _parse_axes(left), _parse_axes(right)
    names = [name for group in old_groups for name in group]
    new_names = [name for group in new_groups for name in group]
    same_names = sorted(names) == sorted(new_names) and len(set(names)) == len(names)
    if not arrow or not same_names or not {*names} >= {*axes_lengths}:
        passed = f"pattern {pattern!r} with lengths {axes_lengths}"
        raise ValueProblem(passed, "the same names on both sides, each once", "write one like 'b (h w) c -> b c h w'")
    if len(old_groups) != x.ndim:
        passed = f"pattern {pattern!r} for shape {x.shape}"
        raise ShapeError(passed, "one name or parenthesis for each axis", "add names")
    sizes: dict[str, Any] = dict(axes_lengths)
    for group, n in zip(old_groups, x.shape, strict=True):
        known_size = math.prod(sizes[name] for name in group if name in sizes)
        unknown_names = [name for name in group if name not in sizes]
        fits = n is None or (known_size == n if not unknown_names else known_size > 0 and n % known_size == 0)
        if len(unknown_names) > 1 or not fits or (n is None and len(group) != 1):
            passed = f"an axis of size {n} for {' '.join(group) or 1} with lengths {axes_lengths}"
            mend = "pass their lengths by name"
            raise ShapeError(passed, "lengths of all but one name, whose product divides it", mend)
        for name in unknown_names:
            sizes[name] = None if n is None else n // known_size
    x = transpose(reshape(x, [sizes[name] for name in names]), [names.index(name) for name in new_names])
    merged = [[sizes[name] for name in group] for group in new_groups]
    return reshape(x, [None if None in group else math.prod(group) for group in merged])


def _parse_axes(side: str) -> list[list[str]]:
    """Return a list of names for each axis."""
    matches = re.findall(r"\(([\w ]*)\)|(\w+)", side)
    if re.sub(r"\([\w ]*\)|\w+|\s", "", side):
        raise ValueProblem(f"pattern {side!r}", "names, 1 and single parentheses", "name each axis")
    return [[name for name in (group or word).split() if name != "1"] for group, word in matches]
