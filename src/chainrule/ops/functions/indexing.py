"""Read and replace entries: slices, index arrays, masks, padding, diagonals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core import arguments, memory
from ...core.errors import DTypeError, IndexProblem, ShapeError, ValueProblem
from ...graph import UnknownSize, floatx
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor, constant
from .. import arithmetic, comparison, movement, selection
from .. import reduction as reductions
from ..movement import freeze_key
from ..record import freeze
from ..rules import as_shape, normalize_axis
from .creation import cast, ones_like, zeros_like
from .shape import broadcast_to, concatenate, expand_dims, moveaxis, ravel, reshape


def get_item(x: Any, key: Any) -> Tensor:
    """Return ``x[key]`` with NumPy's indexing: integers, slices, ``None``, ``...``, arrays of integers or booleans.

    A boolean array must have a value, since it determines the shape (``keras.ops.get_item``).

    >>> ops.get_item([[1.0, 2.0], [3.0, 4.0]], (0, slice(None)))
    tensor([1., 2.])
    """
    x = as_tensor(x)
    if isinstance(key, bool | np.bool_) or (getattr(key, "shape", None) == () and key.dtype.kind == "b"):
        return get_item(expand_dims(x, 0), np.array([bool(key)]))  # a new axis of size 1 or 0, as NumPy
    frozen, arrays = freeze_key(key)
    index_arrays = iter([_index_array(a) for a in arrays])
    parts: list[Any] = []
    indices: list[Any] = []
    masks: list[tuple[int, Any]] = []
    for part in frozen:
        index = next(index_arrays) if part == "array" else None
        if index is not None and index.dtype.kind == "b":
            masks.append((len(parts), index))
            indices += [constant(w.astype(np.int32)) for w in np.nonzero(index.numpy())]
            parts += ["array"] * index.ndim
        else:
            parts.append(part)
            indices += [] if index is None else [index]
    for position, mask in masks:
        _check_mask(x, parts, position, mask)
    return movement.get_item_record(x, *indices, key=tuple(parts))


def _check_block(x: Tensor, starts: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    if x.spec.symbolic:  # a block has its size only where the tensor is large enough
        raise UnknownSize("the sizes of a tensor of which a block is asked for")
    fits = len(starts) == len(sizes) == x.ndim
    if not fits or any(s + n > m for s, n, m in zip(starts, sizes, x.shape, strict=True)):
        passed = f"a block of shape {sizes} from {starts} of shape {x.shape}"
        raise ShapeError(passed, "a start and a size for each axis, inside the tensor", "move or shrink it")


def _index_array(index: Any) -> Tensor:
    tensor = as_tensor(index)
    if tensor.size == 0 and not tensor.symbolic and tensor.dtype.kind == "f":
        return cast(tensor, "int32")  # an empty list is not a list of floats
    if tensor.dtype.kind == "b" and not tensor.ndim:
        passed = "a single boolean among other indices"
        raise DTypeError(passed, "integers, slices, or boolean arrays with axes", "index in two steps")
    return tensor


def _check_mask(x: Tensor, parts: list[Any], position: int, mask: Tensor) -> None:
    """Check that a mask has the sizes of the axes it selects from (or 0: nothing is selected)."""

    def count_axes(key: list[Any]) -> int:
        return len([p for p in key if p not in ("newaxis", "...")])

    before, after = parts[:position], parts[position:]
    start = x.ndim - count_axes(after) if "..." in before else count_axes(before)
    sizes = x.shape[max(start, 0) : start + mask.ndim]
    if len(sizes) != mask.ndim or any(n not in (m, 0) for n, m in zip(mask.shape, sizes, strict=True)):
        passed = f"a boolean index of shape {mask.shape} for shape {x.shape}"
        mend = "build the mask from the tensor itself, e.g. t[t > 0]"
        raise IndexProblem(passed, "a mask with the sizes of the axes it selects from", mend)


def slice_(inputs: Any, start_indices: Any, shape: Any) -> Tensor:
    """Return a block: from `start_indices`, of `shape` (``keras.ops.slice``).

    >>> ops.slice([1.0, 2.0, 3.0], (1,), (2,))
    tensor([2., 3.])
    """
    x, sizes = as_tensor(inputs), as_shape(shape)
    if isinstance(start_indices, Tensor) and start_indices.symbolic:
        for axis, n in enumerate(sizes):
            start = selection.clip(start_indices[axis], 0, x.shape[axis] - n)
            x = take(x, start + memory.arange(n, dtype=np.int32), axis=axis)
        return x
    starts = as_shape(start_indices)
    _check_block(x, starts, sizes)
    return x[tuple(slice(s, s + n) for s, n in zip(starts, sizes, strict=True))]


def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """Return the slices at `indices` along `axis`, or entries of the flattened tensor (``keras.ops.take``).

    Raises:
        IndexProblem: for an index outside the axis.

    >>> ops.take([10.0, 20.0, 30.0], [2, 0])
    tensor([30., 10.])
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    index = as_tensor(indices).cast_weak()
    if index.size == 0 and index.dtype.kind == "f":
        index = cast(index, "int32")
    key = (("slice", None, None, None),) * normalize_axis(axis, x.ndim) + ("array",)
    return movement.get_item_record(x, index, key=key)


def gather(x: Any, indices: Any, axis: int = 0) -> Tensor:
    """Return the slices at `indices` along the first axis by default, as TensorFlow's ``tf.gather``.

    >>> ops.gather([[1.0, 2.0], [3.0, 4.0]], [1])
    tensor([[3., 4.]])
    """
    return take(x, indices, axis=axis)


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """Return for each position the entry at its index along `axis` (``keras.ops.take_along_axis``).

    >>> ops.take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]], axis=1)
    tensor([[2.],
            [3.]])
    """
    x, index = as_tensor(x), as_tensor(indices)
    if axis is None:
        x, index, axis = ravel(x), ravel(index), 0
    gather_axis = normalize_axis(axis, x.ndim)
    if index.ndim == x.ndim:  # axes of size 1 are broadcast to the indices' sizes
        pairs = zip(x.shape, index.shape, strict=True)
        x = broadcast_to(x, [m if n == 1 and i != gather_axis else n for i, (n, m) in enumerate(pairs)])
    if index.ndim != x.ndim:
        passed = f"indices of shape {index.shape} for shape {x.shape}"
        raise ShapeError(passed, "as many axes in both", "add axes with expand_dims")
    key: list[Any] = []
    for i in range(x.ndim):
        if i == gather_axis:
            key.append(index)
        else:
            n = x.shape[i] if index.shape[i] in (1, x.shape[i]) else -1
            if n < 0:
                passed = f"indices of shape {index.shape} for shape {x.shape}"
                raise ShapeError(passed, f"sizes equal or 1 but for axis {axis}", "broadcast the indices")
            key.append(memory.arange(n, dtype=np.int32).reshape([-1 if j == i else 1 for j in range(x.ndim)]))
    return movement.get_item_record(x, *key, key=("array",) * x.ndim)


def scatter(indices: Any, values: Any, shape: Any) -> Tensor:
    """Return zeros of `shape` with `values` added at `indices` (``keras.ops.scatter``).

    The last axis of `indices` holds the index along each axis.

    >>> ops.scatter([[0], [0], [2]], [1.0, 2.0, 3.0], (3,))
    tensor([3., 0., 3.])
    """
    index, sizes = as_tensor(indices), as_shape(shape)
    _check_rows(index, sizes)
    depth = index.shape[-1]
    columns = [index[..., i] for i in range(depth)]
    return movement.add_at_record(values, *columns, key=("array",) * depth, shape=sizes)


def _check_rows(index: Tensor, sizes: tuple[int, ...]) -> None:
    """Check that the last axis of `index` holds indices along some of the first axes."""
    if not index.ndim or index.shape[-1] > len(sizes):
        passed = f"indices of shape {index.shape} into shape {sizes}"
        raise ShapeError(passed, f"a last axis of 1 to {len(sizes)} numbers", "pass each index as a row")


def scatter_add(inputs: Any, indices: Any, updates: Any) -> Tensor:
    """Add `updates` to `inputs` at `indices`, repeated ones included (``jax.numpy``'s ``.at[].add``).

    Args:
        inputs: any shape. indices: integers (..., depth), each row an index into the first `depth` axes.
        updates: (..., *the other axes).

    >>> ops.scatter_add([1.0, 1.0, 1.0], [[0], [0]], [2.0, 3.0])
    tensor([6., 1., 1.])
    """
    x = as_tensor(inputs)
    return x + scatter(indices, as_tensor(updates).cast_to(x.dtype), x.shape)


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Tensor:
    """Replace entries of `inputs` at `indices` by `updates` (``keras.ops.scatter_update``).

    Args:
        reduction: default: replaced, by the last update where an index is repeated. ``"add"``, ``"mul"``, ``"max"`` or
            ``"min"``: combined with the entry and with each other.

    >>> ops.scatter_update([1.0, 1.0, 1.0], [[0], [2]], [5.0, 6.0])
    tensor([5., 1., 6.])
    """
    arguments.one_of((None, "add", "mul", "max", "min"), reduction=reduction)
    if reduction == "add":
        return scatter_add(inputs, indices, updates)
    x, index = as_tensor(inputs), as_tensor(indices)
    new = as_tensor(updates).cast_to(x.dtype)
    _check_rows(index, x.shape)
    depth, count, rest = index.shape[-1], math.prod(index.shape[:-1]), x.shape[index.shape[-1] :]
    rows, new = reshape(index, (count, depth)), reshape(new, (count, *rest))
    sizes = np.array(x.shape[:depth], np.int32)
    strides = np.append(np.cumprod(sizes[:0:-1])[::-1], 1).astype(np.int32)
    flat = reductions.sum(arithmetic.mod(rows, sizes) * strides, axis=1)
    if reduction is not None and count:
        entries = x[tuple([rows[:, i] for i in range(depth)])]
        new = _combined(reduction, entries, new, expand_dims(flat, 1) == flat)
    # sort the indices, stably: all but the last of equal ones are overwritten
    order = reductions.argsort_record(flat, axis=0)
    flat, rows, new = take(flat, order, axis=0), take(rows, order, axis=0), take(new, order, axis=0)
    last = concatenate([flat[1:] != flat[:-1], np.ones(min(count, 1), bool)])
    new = where(reshape(last, (count, *[1] * len(rest))), new, zeros_like(new))
    counts = scatter(rows, memory.ones((count, *rest), np.int32), x.shape)
    return where(counts == 0, x, scatter(rows, new, x.shape))


def _combined(reduction: str, entries: Tensor, updates: Tensor, same: Tensor) -> Tensor:
    """Combine each entry with all updates of it.

    Args:
        reduction: ``"mul"``, ``"max"`` or ``"min"``. entries, updates: (rows, ...).
        same: (rows, rows), whether two rows are of one entry.
    """
    same = reshape(same, (*same.shape, *[1] * (updates.ndim - 1)))
    others = expand_dims(updates, 0)
    if reduction == "mul":
        product = reductions.prod(where(same, others, ones_like(others)), axis=1)
        return entries * cast(product, entries.dtype)
    first = where(same, others, expand_dims(updates, 1))  # a row's own update stands for those of others
    if reduction == "max":
        return selection.maximum(entries, reductions.max_record(first, axis=1))
    return selection.minimum(entries, reductions.min_record(first, axis=1))


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """Replace a block of `inputs` by `updates` (``keras.ops.slice_update``).

    >>> ops.slice_update([1.0, 2.0, 3.0], (1,), [9.0])
    tensor([1., 9., 3.])
    """
    x = as_tensor(inputs)
    new = as_tensor(updates).cast_to(x.dtype)
    starts = as_shape(start_indices)
    _check_block(x, starts, new.shape)
    width = tuple((s, m - s - n) for s, n, m in zip(starts, new.shape, x.shape, strict=True))
    return where(memory.pad(memory.ones(new.shape, bool), width), movement.pad_record(new, widths=width), x)


def as_class_labels(x: Any) -> Tensor:
    """Return class labels as a tensor of integers; booleans and floats that are whole numbers are cast to int32.

    Raises:
        DTypeError: for floats that are not whole.
    """
    labels = as_tensor(x)
    if labels.dtype.kind in "iu":
        return labels
    if labels.value is not None and not np.all(labels.value == np.round(labels.value)):
        passed = f"class labels of dtype {labels.dtype.name} that are not whole"
        raise DTypeError(passed, "whole numbers", "round them, and cast them to int32")
    return cast(labels, "int32")


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Tensor:
    """Return 1 at each label's index, 0 elsewhere; labels outside give zeros (``keras.ops.one_hot``).

    >>> ops.one_hot([0, 2], 3)
    tensor([[1., 0., 0.],
            [0., 0., 1.]])
    """
    if sparse:
        raise ValueProblem("a sparse tensor", "a dense one", "leave the argument out")
    x = as_class_labels(x)
    class_axis = normalize_axis(axis, x.ndim + 1)
    num_classes = arguments.at_least(0, owner="one_hot", num_classes=num_classes)
    if x.value is not None:
        memory.require_array((*x.shape, num_classes), bool, "a one-hot array")
    rank = x.ndim + 1
    classes = memory.arange(num_classes, dtype=np.int32).reshape([-1 if i == class_axis else 1 for i in range(rank)])
    return cast(comparison.equal(expand_dims(x, class_axis), classes), dtype or floatx())


def nonzero(x: Any) -> tuple[Tensor, ...]:
    """Return for each axis the indices of the nonzero entries; `x` must have a value (``keras.ops.nonzero``).

    >>> ops.nonzero([0.0, 3.0])
    (tensor([1], dtype=int32),)
    """
    array = as_tensor(x).numpy()
    if not array.ndim:
        raise ShapeError("a tensor without axes", "at least one axis", "reshape it to (1,) first")
    return tuple(constant(i.astype(np.int32)) for i in np.nonzero(array))


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Select x1 where the condition holds, x2 elsewhere; with the condition alone, `nonzero` (``keras.ops.where``).

    >>> ops.where([True, False], [1.0, 2.0], 0.0)
    tensor([1., 0.])
    """
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueProblem("a condition with one branch", "both branches or none", "pass x1 and x2")
    return selection.where_record(condition, x1, x2)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Tensor:
    """Select for each entry the first choice whose condition holds, or the default (``keras.ops.select``).

    >>> ops.select([[True, False], [True, True]], [[1.0, 2.0], [3.0, 4.0]])
    tensor([1., 4.])
    """
    conditions, choices = list(condlist), list(choicelist)
    if not conditions or len(conditions) != len(choices):
        passed = f"{len(conditions)} conditions for {len(choices)} choices"
        raise ValueProblem(passed, "as many of each, at least one", "pair them")
    result = as_tensor(default)
    for condition, choice in zip(conditions[::-1], choices[::-1], strict=True):
        result = where(condition, choice, result)
    return result


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Repeat each entry `repeats` times in a row (``keras.ops.repeat``).

    >>> ops.repeat([1.0, 2.0], 2)
    tensor([1., 1., 2., 2.])
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    n = x.shape[normalize_axis(axis, x.ndim)]
    counts = np.asarray(repeats)
    if counts.dtype.kind not in "iu" or counts.size not in (1, n) or (counts < 0).any():
        passed = f"repeats {repeats} for an axis of {n}"
        raise ShapeError(passed, f"a number from 0 up, or {n} of them", "count each entry")
    return take(x, memory.repeat(memory.arange(n, dtype=np.int32), counts.reshape(-1)), axis=axis)


def tile(x: Any, repeats: Any) -> Tensor:
    """Repeat the whole tensor along each axis (``keras.ops.tile``).

    >>> ops.tile([1.0, 2.0], 2)
    tensor([1., 2., 1., 2.])
    """
    x = as_tensor(x)
    times = as_shape(repeats)
    rank = max(len(times), x.ndim)
    times = (1,) * (rank - len(times)) + times
    old = (1,) * (rank - x.ndim) + x.shape
    pairs = [n for pair in zip(times, old, strict=True) for n in pair]
    repeated = broadcast_to(reshape(x, [n for size in old for n in (1, size)]), pairs)
    return reshape(repeated, [t * n for t, n in zip(times, old, strict=True)])


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """Pad the tensor (``keras.ops.pad``).

    Args:
        pad_width: a number, a pair (before, after), or a pair for each axis.
        mode: ``"constant"``, ``"edge"``, ``"reflect"``, ``"symmetric"`` or ``"wrap"``.
        constant_values: the border's value, default 0.

    >>> ops.pad([1.0, 2.0], (1, 0))
    tensor([0., 1., 2.])
    """
    x = as_tensor(x)
    width = freeze(pad_width)
    if isinstance(width, int):
        width = ((width, width),) * x.ndim
    elif len(width) == 2 and all(isinstance(w, int) for w in width):
        width = (width,) * x.ndim
    elif len(width) == 1 and isinstance(width[0], tuple):
        width = width * x.ndim
    if mode == "constant":
        padded = movement.pad_record(x, widths=width)
        if constant_values is None or (not isinstance(constant_values, Tensor) and constant_values == 0):
            return padded
        border = memory.pad(memory.zeros(x.shape, bool), width, constant_values=True)
        return where(border, as_tensor(constant_values).cast_to(x.dtype), padded)
    arguments.one_of(("constant", "edge", "reflect", "symmetric", "wrap"), mode=mode)
    movement.check_pad_widths(width, x.shape)
    for axis, pair in enumerate(width):
        if any(pair):
            if not x.shape[axis]:
                passed = f"padding an empty axis in mode {mode!r}"
                raise ShapeError(passed, "at least one entry to copy", "use mode='constant'")
            x = take(x, memory.pad(memory.arange(x.shape[axis], dtype=np.int32), [pair], mode), axis=axis)
    return x


def _matrix_shape(x: Tensor) -> tuple[int, int]:
    """Return the sizes of the last two axes."""
    if x.ndim < 2:
        raise ShapeError(f"shape {x.shape} for a triangle", "a matrix, or several", "add an axis with expand_dims")
    return x.shape[-2], x.shape[-1]


def tril(x: Any, k: int = 0) -> Tensor:
    """Return the entries on and below the k-th diagonal, zeros above (``keras.ops.tril``).

    >>> ops.tril([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 0.],
            [3., 4.]])
    """
    x = as_tensor(x)
    k = arguments.integer(owner="tril", k=k)
    return where(memory.tri(*_matrix_shape(x), k, bool), x, zeros_like(x))


def triu(x: Any, k: int = 0) -> Tensor:
    """Return the entries on and above the k-th diagonal, zeros below (``keras.ops.triu``).

    >>> ops.triu([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [0., 4.]])
    """
    x = as_tensor(x)
    k = arguments.integer(owner="triu", k=k)
    return where(~memory.tri(*_matrix_shape(x), k - 1, bool), x, zeros_like(x))


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Return the diagonal of two axes, as the last axis (``keras.ops.diagonal``).

    >>> ops.diagonal([[1.0, 2.0], [3.0, 4.0]])
    tensor([1., 4.])
    """
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    n = memory.arange(max(min(x.shape[-2] + min(offset, 0), x.shape[-1] - max(offset, 0)), 0), dtype=np.int32)
    return x[..., n - min(offset, 0), n + max(offset, 0)]


def diag(x: Any, k: int = 0) -> Tensor:
    """Return a matrix with a vector as its k-th diagonal, or a matrix's diagonal (``keras.ops.diag``).

    >>> ops.diag([1.0, 2.0])
    tensor([[1., 0.],
            [0., 2.]])
    """
    x = as_tensor(x)
    if x.ndim != 1:
        return diagonal(x, k)
    n = x.shape[0] + abs(k)
    i = memory.arange(x.shape[0], dtype=np.int32)
    return movement.add_at_record(x, i - min(k, 0), i + max(k, 0), key=("array", "array"), shape=(n, n))


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Sum a diagonal (``keras.ops.trace``).

    >>> ops.trace([[1.0, 2.0], [3.0, 4.0]])
    tensor(5.0)
    """
    return reductions.sum(diagonal(x, offset, axis1, axis2), axis=-1)


def diagflat(x: Any, k: int = 0) -> Tensor:
    """Return a matrix with the flattened tensor on the k-th diagonal (``keras.ops.diagflat``).

    >>> ops.diagflat([[1.0, 2.0]])
    tensor([[1., 0.],
            [0., 2.]])
    """
    return diag(ravel(x), k)
