"""Join, split, repeat and rearrange, with NumPy's arguments."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..core import arguments
from ..core.errors import ShapeError, ValueProblem
from ..graph import as_dtype, broadcast
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from .reductions import to_dtype

# ---- join


def _parts(arrays: Any, dtype: Any) -> list[Tensor]:
    return [to_dtype(part, dtype) for part in arrays]


def concatenate(arrays: Any, axis: Any = 0, dtype: Any = None) -> Tensor:
    """Join along an axis; ``axis=None`` flattens first (``numpy.concatenate``)."""
    return ops.concatenate(_parts(arrays, dtype), axis=axis)


def stack(arrays: Any, axis: int = 0, dtype: Any = None) -> Tensor:
    """Join along a new axis (``numpy.stack``)."""
    return ops.stack(_parts(arrays, dtype), axis=axis)


def vstack(tup: Any, dtype: Any = None) -> Tensor:
    """Join along the first axis, vectors as rows (``numpy.vstack``)."""
    return ops.vstack(_parts(tup, dtype))


def hstack(tup: Any, dtype: Any = None) -> Tensor:
    """Join along the second axis, vectors end to end (``numpy.hstack``)."""
    return ops.hstack(_parts(tup, dtype))


def column_stack(tup: Any) -> Tensor:
    """Join along the second axis, vectors as columns (``numpy.column_stack``)."""
    return ops.concatenate([x if x.ndim > 1 else ops.reshape(x, (-1, 1)) for x in map(as_tensor, tup)], axis=1)


def block(arrays: Any) -> Tensor:
    """Join nested lists, the innermost along the last axis (``numpy.block``)."""
    depth = _depth(arrays)
    rank = max(depth, *[leaf.ndim for leaf in _leaves(arrays)])
    return _join_block(arrays, depth, rank)


def _depth(arrays: Any) -> int:
    return 1 + max(map(_depth, arrays)) if isinstance(arrays, list) else 0


def _leaves(arrays: Any) -> list[Tensor]:
    return [leaf for part in arrays for leaf in _leaves(part)] if isinstance(arrays, list) else [as_tensor(arrays)]


def _join_block(arrays: Any, depth: int, rank: int) -> Tensor:
    """Join a nested list of this depth, each tensor in it with `rank` axes."""
    if isinstance(arrays, list) != bool(depth) or (depth and not arrays):
        raise ShapeError("lists nested to different depths, or empty", "one depth", "put brackets around the others")
    if depth:
        return ops.concatenate([_join_block(part, depth - 1, rank) for part in arrays], axis=-depth)
    return _with_axes(as_tensor(arrays).cast_weak(), rank)


def _with_axes(x: Tensor, rank: int) -> Tensor:
    """Return x with new axes in front, so that it has at least `rank`."""
    return ops.reshape(x, (1,) * (rank - x.ndim) + x.shape) if x.ndim < rank else x


# ---- axes


def _each(arrays: Sequence[Any], change: Callable[[Tensor], Tensor]) -> Any:
    """Change each of several; one alone is returned alone."""
    results = tuple(change(as_tensor(x).cast_weak()) for x in arrays)
    return results[0] if len(results) == 1 else results


def atleast_1d(*arys: Any) -> Any:
    """Add an axis to numbers (``numpy.atleast_1d``)."""
    return _each(arys, lambda x: _with_axes(x, 1))


def atleast_2d(*arys: Any) -> Any:
    """Add axes in front, up to two (``numpy.atleast_2d``)."""
    return _each(arys, lambda x: _with_axes(x, 2))


def atleast_3d(*arys: Any) -> Any:
    """Add axes on both sides, up to three (``numpy.atleast_3d``)."""
    return _each(arys, lambda x: ops.expand_dims(_with_axes(x, 2), 2) if x.ndim < 3 else x)


def broadcast_arrays(*args: Any) -> tuple[Tensor, ...]:
    """Repeat each to their common shape (``numpy.broadcast_arrays``)."""
    tensors = [as_tensor(x).cast_weak() for x in args]
    shape = broadcast([x.shape for x in tensors])
    return tuple(ops.broadcast_to(x, shape) for x in tensors)


def rollaxis(a: Any, axis: int, start: int = 0) -> Tensor:
    """Move an axis before another (``numpy.rollaxis``)."""
    x = as_tensor(a)
    position, before = axis % x.ndim, start if start >= 0 else start + x.ndim
    return ops.moveaxis(x, position, before - 1 if position < before else before)


def reshape(a: Any, shape: Any, order: str = "C") -> Tensor:
    """Return the same entries in another shape; ``order="F"`` counts the first axis fastest (``numpy.reshape``)."""
    arguments.one_of(("C", "F", "A"), order=order)
    if order != "F":  # "A" is "C": tensors are laid out by rows
        return ops.reshape(a, shape)
    sizes = tuple(np.atleast_1d(shape).tolist())
    return ops.transpose(ops.reshape(ops.transpose(a), sizes[::-1]))


def ravel(a: Any, order: str = "C") -> Tensor:
    """Flatten; ``order="F"`` by columns (``numpy.ravel``)."""
    arguments.one_of(("C", "F", "A", "K"), order=order)
    return ops.ravel(ops.transpose(a) if order == "F" else a)


def meshgrid(*xi: Any, sparse: bool = False, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Return grids of coordinates, with `sparse` of size 1 along the other axes (``numpy.meshgrid``)."""
    grids = ops.meshgrid(*xi, indexing=indexing)
    if not sparse:
        return tuple(grids)
    rank = len(grids)
    axes = [1, 0, *range(2, rank)] if indexing == "xy" and rank > 1 else list(range(rank))
    vectors = [ops.ravel(x) for x in xi]
    return tuple(
        ops.reshape(v, [-1 if j == axis else 1 for j in range(rank)]) for v, axis in zip(vectors, axes, strict=True)
    )


# ---- of a shape


def _like(a: Any, value: Any, dtype: Any, shape: Any) -> Tensor:
    x = as_tensor(a).cast_weak()
    return ops.full(x.shape if shape is None else shape, value, as_dtype(dtype) if dtype else x.dtype)


def full_like(a: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Tensor:
    """Return one value in a's shape and dtype, or those passed (``numpy.full_like``)."""
    return _like(a, fill_value, dtype, shape)


def zeros_like(a: Any, dtype: Any = None, shape: Any = None) -> Tensor:
    """Return zeros in a's shape and dtype, or those passed (``numpy.zeros_like``)."""
    return _like(a, 0, dtype, shape)


def ones_like(a: Any, dtype: Any = None, shape: Any = None) -> Tensor:
    """Return ones in a's shape and dtype, or those passed (``numpy.ones_like``)."""
    return _like(a, 1, dtype, shape)


def empty_like(prototype: Any, dtype: Any = None, shape: Any = None) -> Tensor:
    """Return zeros: tensors are never uninitialized (``numpy.empty_like``)."""
    return _like(prototype, 0, dtype, shape)


def copy(a: Any) -> Tensor:
    """Return the tensor itself: it never changes (``numpy.copy``)."""
    return as_tensor(a).cast_weak()


def resize(a: Any, new_shape: Any) -> Tensor:
    """Return a shape filled with the entries, from the start again where they run out (``numpy.resize``)."""
    x, sizes = ops.ravel(a), tuple(np.atleast_1d(new_shape).tolist())
    if not x.shape[0]:
        return ops.zeros(sizes, x.dtype)
    return ops.reshape(ops.take(x, np.arange(math.prod(sizes), dtype=np.int32) % x.shape[0]), sizes)


def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Tensor:
    """Insert values before indices (``numpy.insert``)."""
    x, new = as_tensor(arr), as_tensor(values)
    if axis is None:
        x, axis = ops.ravel(x), 0
    axis %= x.ndim
    new = _with_axes(new.cast_to(x.dtype), x.ndim)
    index = _index_of(obj)
    if isinstance(index, int):  # all values before one index
        new = ops.moveaxis(new, 0, axis)
        count = new.shape[axis]
    else:
        count = len(np.arange(x.shape[axis])[index]) if isinstance(index, slice) else _count_indices(index)
        count = max(count, new.shape[axis]) if count == 1 else count
    new = ops.broadcast_to(new, [count if i == axis else n for i, n in enumerate(x.shape)])
    positions = np.insert(np.arange(x.shape[axis]), index, x.shape[axis] + np.arange(count))
    return ops.take(ops.concatenate([x, new], axis=axis), positions.astype(np.int32), axis=axis)


def _count_indices(index: np.ndarray[Any, Any]) -> int:
    return int(index.sum()) if index.dtype.kind == "b" else index.size


def _index_of(obj: Any) -> Any:
    """Return an index as a slice, a whole number, or an array."""
    if isinstance(obj, slice):
        return obj
    array = np.asarray(as_tensor(obj).numpy())
    array = array.astype(int) if not array.size else array
    return array if array.ndim else int(array)


def delete(arr: Any, obj: Any, axis: Any = None) -> Tensor:
    """Leave out the slices at indices (``numpy.delete``)."""
    x = as_tensor(arr)
    if axis is None:
        x, axis = ops.ravel(x), 0
    return ops.take(x, np.delete(np.arange(x.shape[axis], dtype=np.int32), _index_of(obj)), axis=axis)


def sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Tensor:
    """Return all windows along axes, the windows' axes last (``numpy.lib.stride_tricks.sliding_window_view``)."""
    windows, sizes = as_tensor(x), np.atleast_1d(window_shape).tolist()
    axes = list(range(windows.ndim)) if axis is None else [a % windows.ndim for a in np.atleast_1d(axis).tolist()]
    if len(sizes) != len(axes):
        raise ShapeError(f"{len(sizes)} window sizes for {len(axes)} axes", "one for each", "pass as many")
    for a, size in zip(axes, sizes, strict=True):
        n = arguments.at_least(0, windows=windows.shape[a] - size + 1)
        positions = np.arange(n, dtype=np.int32)[:, None] + np.arange(size, dtype=np.int32)
        windows = ops.moveaxis(ops.take(windows, positions, axis=a), a + 1, -1)
    return windows


def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Tensor:
    """Leave out the zeros at the ends (``numpy.trim_zeros``)."""
    x = as_tensor(filt)
    if set(trim.lower()) - set("fb") or not trim:
        raise ValueProblem(f"trim={trim!r}", "'f', 'b' or 'fb'", "name the front, the back or both")
    nonzero = np.nonzero(x.numpy())
    axes = range(x.ndim) if axis is None else [i % x.ndim for i in np.atleast_1d(axis).tolist()]
    key = [slice(None)] * x.ndim
    for i in axes:
        n = x.shape[i]
        first, last = (int(nonzero[i].min()), int(nonzero[i].max())) if len(nonzero[i]) else (n, -1)
        start = first if "f" in trim.lower() else 0
        key[i] = slice(start, max(last + 1, 0) if "b" in trim.lower() else n)
    return x[tuple(key)]


def fftshift(x: Any, axes: Any = None) -> Tensor:
    """Move the first entries to the middle (``numpy.fft.fftshift``)."""
    return _roll_by_half(x, axes, lambda n: n // 2)


def ifftshift(x: Any, axes: Any = None) -> Tensor:
    """Undo `fftshift` (``numpy.fft.ifftshift``)."""
    return _roll_by_half(x, axes, lambda n: -(n // 2))


def _roll_by_half(x: Any, axes: Any, shift: Callable[[int], int]) -> Tensor:
    tensor = as_tensor(x)
    axes = list(range(tensor.ndim)) if axes is None else np.atleast_1d(axes).tolist()
    return ops.roll(tensor, [shift(tensor.shape[i]) for i in axes], axes)
