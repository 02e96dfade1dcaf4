"""Operations that move entries without computing, and indexing. All are linear: the second gradient form.

`get_item` reads entries by slices and index arrays, `add_at` writes them and adds those with the same index:
each is the other's transpose. ``take``, ``gather``, ``repeat`` and the like are one of the two.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.errors import DTypeError, IndexProblem, ShapeError
from ..graph import Dim, Spec, is_less, larger, may_be_equal, smaller, spec_of
from ..tensors.tensor import Tensor
from .record import Operation, namespace
from .rules import (
    all_batched,
    no_arithmetic,
    normalize_axes,
    normalize_axis,
    per_input_entry,
    promote_inputs,
    shift_axis,
)
from .sample import Draw, Sample


def _resolved(shape: tuple[Any, ...], newshape: tuple[Any, ...]) -> tuple[Any, ...]:
    """Replace the -1 (or ``None``) in `newshape` by its size."""
    sizes = tuple(-1 if n is None else n for n in newshape)
    problem = ShapeError(
        f"shape {shape} to be reshaped to {newshape}",
        f"{math.prod(1 if n is None else n for n in shape)} entries",
        "give sizes whose product is the number of entries; one of them may be -1",
    )
    inferred = [i for i, n in enumerate(sizes) if isinstance(n, int) and n == -1]
    if len(inferred) > 1 or any(isinstance(n, int) and n < -1 for n in sizes):
        raise problem
    known, total = math.prod([n for i, n in enumerate(sizes) if i not in inferred]), math.prod(shape)
    if inferred:
        if isinstance(known, int) and known == 0:  # any size would do
            problem.mend = "give that size as a number: beside an axis of 0 entries it does not follow"
            raise problem
        size = total // known
        sizes = tuple([size if i in inferred else n for i, n in enumerate(sizes)])
        known *= size
    if not may_be_equal(known, total):
        raise problem
    return sizes


def _reshape_batch(
    op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]
) -> Tensor:
    return op(xs[0], (size, *_resolved(xs[0].shape[1:], attributes["newshape"])))


reshape_record = Operation.define(
    "reshape",
    lambda xp, x, newshape=(): xp.reshape(x, _resolved(x.shape, newshape)),
    spec=lambda specs, newshape: spec_of(_resolved(specs[0].shape, newshape), specs[0].dtype),
    batch=_reshape_batch,
    cost=no_arithmetic,
    transpose=(lambda xp, u, x, newshape: xp.reshape(u, x.shape),),
    is_view=True,
    is_move=True,
    gradient_note="reshape passes the gradient back in the input's shape",
    format="reshape({0})",
    samples=[
        Sample(Draw(3, 4), newshape=(2, 6)),
        Sample(Draw(3, 4), newshape=(-1,)),
        Sample(2.0, newshape=(1, 1)),
        Sample(np.zeros((0, 3)), newshape=(0,)),
        Sample(Draw(3, 4), newshape=(5, 2), error=ShapeError),
        Sample(Draw(3, 4), newshape=(-1, -1), error=ShapeError),
    ],
    doc="The same entries in another shape, one size may be -1 (``keras.ops.reshape``).\n\n"
    ">>> ops.reshape([1.0, 2.0, 3.0, 4.0], (2, -1))\ntensor([[1., 2.],\n        [3., 4.]])",
)


def _permutation(rank: int, axes: Any) -> tuple[int, ...]:
    """Return the axes counted from the front; ``None`` reverses them."""
    if axes is None:
        return tuple(range(rank))[::-1]
    permutation = tuple(normalize_axis(a, rank) for a in axes)
    if sorted(permutation) != list(range(rank)):
        raise ShapeError(
            f"axes {axes} for a tensor with {rank} axes",
            "each axis once",
            f"give a permutation of {tuple(range(rank))}",
        )
    return permutation


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axes.index(i) for i in range(len(axes)))


def _transpose_batch(
    op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]
) -> Tensor:
    return op(xs[0], (0, *(a + 1 for a in _permutation(xs[0].ndim - 1, attributes["axes"]))))


transpose_record = Operation.define(
    "transpose",
    lambda xp, x, axes=None: xp.transpose(x, axes),
    spec=lambda specs, axes: spec_of(
        tuple(specs[0].shape[a] for a in _permutation(len(specs[0].shape), axes)), specs[0].dtype
    ),
    batch=_transpose_batch,
    cost=no_arithmetic,
    transpose=(lambda xp, u, x, axes: xp.transpose(u, _inverse(_permutation(len(x.shape), axes))),),
    is_view=True,
    is_move=True,
    gradient_note="transpose passes the gradient back with the axes in the input's order",
    format="transpose({0})",
    samples=[
        Sample(Draw(3, 4)),
        Sample(Draw(2, 3, 4), axes=(1, 2, 0)),
        Sample(Draw(2, 3, 4), axes=(-1, 0, 1)),
        Sample(1.0),
        Sample(Draw(2, 3), axes=(0, 0), error=ShapeError),
    ],
    doc="The axes in another order, by default reversed (``keras.ops.transpose``).\n\n"
    ">>> ops.transpose([[1.0, 2.0], [3.0, 4.0]])\ntensor([[1., 3.],\n        [2., 4.]])",
)


def _new_axes(rank: int, axis: Any) -> tuple[int, ...]:
    """Return the new axes, counted from the front of the result."""
    axes = axis if isinstance(axis, tuple) else (axis,)
    return normalize_axes(axes, rank + len(axes))


def _expand_spec(specs: tuple[Spec, ...], axis: Any) -> Spec:
    axes = _new_axes(len(specs[0].shape), axis)
    sizes = iter(specs[0].shape)
    return spec_of(
        tuple(1 if i in axes else next(sizes) for i in range(len(specs[0].shape) + len(axes))), specs[0].dtype
    )


expand_dims_record = Operation.define(
    "expand_dims",
    lambda xp, x, axis=0: xp.expand_dims(x, axis),
    spec=_expand_spec,
    cost=no_arithmetic,
    batch=lambda op, xs, batched, size, attributes: op(
        xs[0], tuple(a + 1 for a in _new_axes(xs[0].ndim - 1, attributes["axis"]))
    ),
    transpose=(lambda xp, u, x, axis: xp.reshape(u, x.shape),),
    is_view=True,
    is_move=True,
    gradient_note="expand_dims passes the gradient back in the input's shape",
    format="expand_dims({0})",
    samples=[
        Sample(Draw(3, 4), axis=1),
        Sample(Draw(3), axis=-1),
        Sample(2.0, axis=0),
        Sample(Draw(3), axis=(0, 2)),
        Sample(Draw(3), axis=4, error=ShapeError),
    ],
    doc="A new axis of size 1 (``keras.ops.expand_dims``).\n\n>>> ops.expand_dims([1.0, 2.0], -1).shape\n(2, 1)",
)


def _axes_to_squeeze(shape: tuple[Any, ...], axis: Any) -> tuple[int, ...]:
    """Return the axes to be removed, counted from the front; ``None``: all of size 1."""
    if axis is None:
        return tuple(i for i, n in enumerate(shape) if isinstance(n, int) and n == 1)
    axes = normalize_axes(axis, len(shape))
    for a in axes:
        if not may_be_equal(shape[a], 1):
            raise ShapeError(
                f"shape {shape} without axis {a}, of size {shape[a]}",
                "an axis of size 1",
                "reduce that axis instead, or name another",
            )
    return axes


def _squeeze_spec(specs: tuple[Spec, ...], axis: Any) -> Spec:
    axes = _axes_to_squeeze(specs[0].shape, axis)
    return spec_of(tuple(n for i, n in enumerate(specs[0].shape) if i not in axes), specs[0].dtype)


squeeze = Operation.define(
    "squeeze",
    lambda xp, x, axis=None: xp.squeeze(x, axis=axis),
    spec=_squeeze_spec,
    cost=no_arithmetic,
    batch=lambda op, xs, batched, size, attributes: op(
        xs[0], tuple(a + 1 for a in _axes_to_squeeze(xs[0].shape[1:], attributes["axis"]))
    ),
    transpose=(lambda xp, u, x, axis: xp.reshape(u, x.shape),),
    is_view=True,
    is_move=True,
    gradient_note="squeeze passes the gradient back in the input's shape",
    format="squeeze({0})",
    samples=[
        Sample(Draw(3, 1, 4)),
        Sample(Draw(1, 3, 1), axis=-1),
        Sample(Draw(1, 3, 1), axis=(0, 2)),
        Sample(Draw(3, 1), axis=0, error=ShapeError),
    ],
    doc="Axes of size 1 removed, all or those named (``keras.ops.squeeze``).\n\n"
    ">>> ops.squeeze([[1.0, 2.0]])\ntensor([1., 2.])",
)


def _broadcast_spec(specs: tuple[Spec, ...], shape: tuple[int, ...]) -> Spec:
    old = specs[0].shape
    compatible = len(shape) >= len(old) and all(
        may_be_equal(n, 1) or may_be_equal(n, m) for n, m in zip(old[::-1], shape[::-1], strict=False)
    )
    if not compatible:
        raise ShapeError(
            f"shape {old} to be broadcast to {shape}",
            "each size equal to that of the result, 1, or missing in front",
            "add axes with expand_dims, or repeat entries with repeat",
        )
    return spec_of(tuple(shape), specs[0].dtype)


def _broadcast_batch(
    op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]
) -> Tensor:
    x, shape = xs[0], attributes["shape"]
    return op(x.reshape((size,) + (1,) * (len(shape) - x.ndim + 1) + x.shape[1:]), (size, *shape))


def sum_to_shape(xp: Any, u: Any, shape: tuple[int, ...]) -> Any:
    """Sum `u` over the axes that `shape` lacks or has as 1: the transpose of broadcasting."""
    if u.shape == tuple(shape):
        return u
    extra = len(u.shape) - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 and u.shape[i + extra] != 1)
    return xp.reshape(xp.sum(u, axis=axes), shape) if axes else xp.reshape(u, shape)


broadcast_to_record = Operation.define(
    "broadcast_to",
    lambda xp, x, shape=(): xp.broadcast_to(x, shape),
    spec=_broadcast_spec,
    batch=_broadcast_batch,
    cost=no_arithmetic,
    transpose=(lambda xp, u, x, shape: sum_to_shape(xp, u, x.shape),),
    is_view=True,
    is_move=True,
    gradient_note="broadcast_to adds up the gradients of the copies",
    format="broadcast_to({0})",
    samples=[
        Sample(Draw(3, 1), shape=(2, 3, 4)),
        Sample(1.5, shape=(2, 2)),
        Sample(Draw(4), shape=(3, 4)),
        Sample(Draw(1), shape=(0,)),
        Sample(Draw(3), shape=(4,), error=ShapeError),
    ],
    doc="x repeated along axes of size 1 and new axes in front (``keras.ops.broadcast_to``).\n\n"
    ">>> ops.broadcast_to([1.0, 2.0], (2, 2))\ntensor([[1., 2.],\n        [1., 2.]])",
)


def _concatenate_spec(specs: tuple[Spec, ...], axis: int) -> Spec:
    rank = len(specs[0].shape)
    axis_index = normalize_axis(axis, rank)
    total: Any = 0
    shapes = [s.shape for s in specs]
    for s in specs:
        same = len(s.shape) == rank and all(
            may_be_equal(a, b) for i, (a, b) in enumerate(zip(s.shape, specs[0].shape, strict=False)) if i != axis_index
        )
        if not same:
            raise ShapeError(
                f"shapes {', '.join(str(s.shape) for s in specs)} to be concatenated along axis {axis}",
                "shapes equal except along that axis",
                "reshape or pad the odd one",
            )
        total = total + s.shape[axis_index]
    known = [[n for n in sizes if isinstance(n, int)] for sizes in zip(*shapes, strict=True)]
    shape = tuple(total if i == axis_index else [*known[i], n][0] for i, n in enumerate(shapes[0]))
    return spec_of(shape, specs[0].dtype)


def _concatenate_transpose(xp: Any, i: int, u: Any, *xs: Any, axis: int) -> Any:
    axis = axis % len(u.shape)
    start = sum(x.shape[axis] for x in xs[:i])
    return xp.get_item(u, (slice(None),) * axis + (slice(start, start + xs[i].shape[axis]),))


def _concatenate_batch(
    op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]
) -> Tensor:
    axis = attributes["axis"]
    return op(*all_batched(xs, batched, size), axis=axis + 1 if axis >= 0 else axis)


concatenate_record = Operation.define(
    "concatenate",
    lambda xp, *xs, axis=0: xp.concatenate(xs, axis=axis),
    spec=_concatenate_spec,
    casts=promote_inputs,
    batch=_concatenate_batch,
    cost=no_arithmetic,
    transpose=_concatenate_transpose,
    joint=True,
    gradient_note="concatenate gives each part its slice of the gradient",
    format="concatenate({0})",
    samples=[
        Sample(Draw(2, 3), Draw(4, 3)),
        Sample(Draw(2, 3), Draw(2, 1), Draw(2, 2), axis=-1),
        Sample(Draw(3)),
        Sample(np.zeros((0, 2)), Draw(3, 2)),
        Sample(Draw(2, 3), Draw(2, 2), error=ShapeError),
    ],
    doc="Tensors joined along an axis they have.",
)
flip_record = Operation.define(
    "flip",
    lambda xp, x, axis=None: xp.flip(x, axis=axis),
    spec=lambda specs, axis: (normalize_axes(axis, len(specs[0].shape)), spec_of(specs[0].shape, specs[0].dtype))[1],
    cost=no_arithmetic,
    batch=lambda op, xs, batched, size, attributes: op(xs[0], shift_axis(attributes["axis"], xs[0].ndim - 1)),
    transpose=(lambda xp, u, x, axis: xp.flip(u, axis=axis),),
    gradient_note="flip passes the gradient back flipped",
    format="flip({0})",
    samples=[
        Sample(Draw(3, 4)),
        Sample(Draw(3, 4), axis=1),
        Sample(Draw(2, 3, 4), axis=(0, -1)),
        Sample(Draw(3), axis=1, error=ShapeError),
    ],
    doc="The entries in the opposite order along `axis` (``keras.ops.flip``).\n\n"
    ">>> ops.flip([1.0, 2.0, 3.0])\ntensor([3., 2., 1.])",
)


def check_pad_widths(widths: Any, shape: tuple[Any, ...]) -> None:
    """Check that there is a pair (before, after) of sizes from 0 up for each axis."""
    pairs = all(isinstance(w, tuple) and len(w) == 2 and min(w) >= 0 for w in widths)
    if len(widths) != len(shape) or not pairs:
        raise ShapeError(
            f"pad widths {widths} for shape {shape}",
            "a pair (before, after) of sizes from 0 up for each axis",
            "give a pair for each axis",
        )


def _pad_spec(specs: tuple[Spec, ...], widths: tuple[tuple[int, int], ...]) -> Spec:
    shape = specs[0].shape
    check_pad_widths(widths, shape)
    return spec_of(tuple([n + b + a for n, (b, a) in zip(shape, widths, strict=True)]), specs[0].dtype)


pad_record = Operation.define(
    "pad",
    lambda xp, x, widths=(): xp.pad(x, widths),
    spec=_pad_spec,
    cost=no_arithmetic,
    batch=lambda op, xs, batched, size, attributes: op(xs[0], ((0, 0), *attributes["widths"])),
    transpose=(
        lambda xp, u, x, widths: xp.get_item(
            u, tuple(slice(b, b + n) for (b, _), n in zip(widths, x.shape, strict=True))
        ),
    ),
    is_move=True,
    gradient_note="pad gives back the gradient without the border",
    format="pad({0})",
    samples=[
        Sample(Draw(3, 4), widths=((1, 2), (0, 3))),
        Sample(Draw(3), widths=((0, 0),)),
        Sample(np.zeros((0,)), widths=((1, 1),)),
        Sample(Draw(3), widths=((1, 1), (0, 0)), error=ShapeError),
    ],
    doc="Zeros around the tensor.",
)

# ---- reading and writing entries by key. A key is frozen so that it can be compared and saved:
#      integers, ("slice", start, stop, step), "newaxis", and "array" where an index array is an input.


def freeze_key(key: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """Split a Python index into (frozen key, index arrays).

    Raises:
        IndexProblem: for an index that is not an integer, slice, ``None``, ``...`` or array.
    """
    frozen: list[Any] = []
    arrays: list[Any] = []
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, slice):
            frozen.append(("slice", *map(_slice_bound, (part.start, part.stop, part.step))))
        elif part is None:
            frozen.append("newaxis")
        elif part is Ellipsis:
            frozen.append("...")
        elif isinstance(part, int) and not isinstance(part, bool):
            frozen.append(part)
        elif (
            hasattr(part, "__index__")
            and getattr(part, "shape", ()) == ()
            and not isinstance(part, bool | np.bool_)
            and getattr(part, "dtype", np.dtype(int)).kind in "iu"
            and not getattr(part, "symbolic", False)
        ):
            frozen.append(int(part))
        elif isinstance(part, str):
            raise IndexProblem(
                f"the index {part!r}",
                "integers, slices, None, ... or arrays of integers or booleans",
                "select columns by number",
            )
        else:
            frozen.append("array")
            arrays.append(part)
    return tuple(frozen), arrays


def _slice_bound(value: Any) -> Any:
    return value if value is None or isinstance(value, Dim) else operator.index(value)


def unfreeze_key(key: tuple[Any, ...], arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Put the index arrays back into a frozen key, as NumPy takes it."""
    remaining = iter(arrays)
    return tuple(
        slice(*part[1:])
        if isinstance(part, tuple)
        else None
        if part == "newaxis"
        else Ellipsis
        if part == "..."
        else next(remaining)
        if part == "array"
        else part
        for part in key
    )


def _advanced_axis(key: tuple[Any, ...], rank: int) -> int:
    """Return before which axis of the result NumPy puts those of index arrays: 0 if other parts are between them."""
    advanced = [i for i, part in enumerate(key) if part == "array" or isinstance(part, int)]
    if not advanced or advanced[-1] - advanced[0] >= len(advanced):
        return 0
    ellipsis_axes = rank - sum(part not in ("newaxis", "...") for part in key)
    return sum(ellipsis_axes if part == "..." else 1 for part in key[: advanced[0]])


def _item_shape(shape: tuple[Any, ...], key: tuple[Any, ...], indices: tuple[Spec, ...]) -> tuple[Any, ...]:
    """Apply NumPy's own rule, to an array without memory."""
    if not indices and any(isinstance(n, Dim) for n in (*shape, *[n for part in key for n in _parts_of(part)])):
        return _symbolic_item_shape(shape, key)
    try:
        index_shape = np.broadcast_shapes(*[s.shape for s in indices])
        # empty index arrays: with arrays of the real size NumPy would copy all the entries that they read
        empty = np.zeros((0,) * len(index_shape), np.int8) if index_shape else 0
        entries = np.broadcast_to(np.int8(0), shape)
        result = entries[unfreeze_key(key, (empty,) * len(indices))].shape
        if 0 in shape and 0 not in index_shape:  # an axis without entries has none for an index array
            one = np.zeros((1,) * len(index_shape), np.int8)
            entries[unfreeze_key(key, (one,) * len(indices))]
        axis = _advanced_axis(key, len(shape))
        result = result[:axis] + index_shape + result[axis + len(index_shape) :]
    except (IndexError, ValueError) as error:
        raise IndexProblem(
            f"an index into shape {shape}: {error}",
            "an index inside the tensor, at most one for each axis",
            "check the index and its axis",
        ) from None
    return result


def _parts_of(part: Any) -> tuple[Any, ...]:
    return part if isinstance(part, tuple) else (part,)


def _symbolic_item_shape(shape: tuple[Any, ...], key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the shape of ``x[key]`` without index arrays, where sizes are symbolic."""
    taken = sum(part not in ("newaxis", "...") for part in key)
    if taken > len(shape):
        raise IndexProblem(
            f"{taken} indices into shape {shape}", "at most one for each axis", "check the index and its axis"
        )
    if "..." not in key:
        key = (*key, "...")
    axes, result = iter(shape), []
    for part in key:
        if part == "newaxis":
            result.append(1)
        elif part == "...":
            result += [next(axes) for _ in range(len(shape) - taken)]
        elif isinstance(part, tuple):
            result.append(_slice_length(next(axes), *part[1:]))
        elif is_less(next(axes), part + 1):
            raise IndexProblem(f"the index {part} into shape {shape}", "an index inside the tensor", "check the index")
    return tuple(result)


def _slice_length(n: Any, start: Any, stop: Any, step: int | None) -> Any:
    """Return how many of n entries a slice takes, as ``len(range(n)[start:stop:step])``."""
    step = 1 if step is None else step
    least, most = (0, n) if step > 0 else (-1, n - 1)

    def clamp(bound: Any, default: Any) -> Any:
        if bound is None:
            return default
        return larger(n + bound, least) if is_less(bound, 0) else smaller(bound, most)

    first, end = clamp(start, least if step > 0 else most), clamp(stop, most if step > 0 else least)
    return larger(-((first - end) // step), 0)


def _check_indices(specs: tuple[Spec, ...]) -> None:
    """Check that index arrays have an integer dtype."""
    for s in specs:
        if s.dtype.kind not in "iu":
            raise DTypeError(f"an index array of dtype {s.dtype.name}", "integers", "cast it to int32")


def _item_spec(specs: tuple[Spec, ...], key: tuple[Any, ...]) -> Spec:
    _check_indices(specs[1:])
    return spec_of(_item_shape(specs[0].shape, key, specs[1:]), specs[0].dtype)


def _item_batch(op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]) -> Tensor:
    """Give the batch axis a full slice, or an index of its own where index arrays differ by example."""
    xp, key = namespace(), attributes["key"]
    x, indices = xs[0], xs[1:]
    if not any(batched[1:]):
        if not indices:
            return op(x, key=(("slice", None, None, None), *key))
        # index arrays whose axes NumPy would move to the front must stay behind the batch: index example by example
        parts = [i for i, part in enumerate(key) if part == "array" or isinstance(part, int)]
        if parts == list(range(parts[0], parts[0] + len(parts))) and "..." not in key:
            return op(x, *indices, key=(("slice", None, None, None), *key))
    rank = max(i.ndim - b for i, b in zip(indices, batched[1:], strict=True))
    simple = all(part == "array" for part in key)
    if not simple:
        all_xs = all_batched(xs, batched, size)
        rows = [op(all_xs[0][b], *[i[b] for i in all_xs[1:]], key=key) for b in range(size)]
        return xp.stack(rows, axis=0)
    aligned = [
        i.reshape((size,) + (1,) * (rank - i.ndim + 1) + i.shape[1:]) if b else i
        for i, b in zip(indices, batched[1:], strict=True)
    ]
    if not batched[0]:
        return op(x, *aligned, key=key)
    rows = xp.reshape(xp.arange(size), (size,) + (1,) * rank)
    return op(x, rows, *aligned, key=("array", *key))


get_item_record = Operation.define(
    "get_item",
    lambda xp, x, *indices, key=(): x[unfreeze_key(key, indices)],
    spec=_item_spec,
    batch=_item_batch,
    cost=no_arithmetic,
    transpose=lambda xp, i, u, x, *indices, key: xp.add_at(u, *indices, key=key, shape=x.shape) if i == 0 else None,
    is_move=True,
    gradient_note="get_item puts the gradient back where the entries were read, adding where one was read twice",
    format="{0}[...]",
    samples=[
        Sample(Draw(4, 5), key=(1,)),
        Sample(Draw(4, 5), key=(("slice", 1, None, 2), ("slice", None, None, -1))),
        Sample(Draw(4, 5), key=("...", "newaxis", 0)),
        Sample(Draw(4, 5), [0, 0, 3], key=("array",)),
        Sample(Draw(4, 5), [[0, 1], [1, 3]], [2, 4], key=("array", "array")),
        Sample(Draw(4, 5, 2), [3, -1], key=(("slice", None, None, None), "array")),
        Sample(Draw(3), key=(("slice", 2, 2, None),)),
        Sample(Draw(3), key=(5,), error=IndexProblem),
    ],
    doc="The entries at a frozen key.",
)


def _add_at_value(xp: Any, u: Any, indices: tuple[Any, ...], key: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    result = np.zeros(shape, u.dtype)
    if indices:
        np.add.at(result, unfreeze_key(key, indices), u)
    else:
        result[unfreeze_key(key, ())] = u
    return result


def _add_at_spec(specs: tuple[Spec, ...], key: tuple[Any, ...], shape: tuple[int, ...]) -> Spec:
    _check_indices(specs[1:])
    expected = _item_shape(shape, key, specs[1:])
    if specs[0].shape != expected:
        raise ShapeError(
            f"values of shape {specs[0].shape} to be added at entries of shape {expected}",
            "the two to be equal",
            "broadcast or reshape the values",
        )
    return spec_of(tuple(shape), specs[0].dtype)


def _add_at_batch(
    op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]
) -> Tensor:
    xp, key, shape = namespace(), attributes["key"], attributes["shape"]
    if len(xs) == 1:
        return op(xs[0], key=(("slice", None, None, None), *key), shape=(size, *shape))
    all_xs = all_batched(xs, batched, size)
    return xp.stack([op(all_xs[0][b], *[i[b] for i in all_xs[1:]], key=key, shape=shape) for b in range(size)], axis=0)


add_at_record = Operation.define(
    "add_at",
    lambda xp, u, *indices, key=(), shape=(): _add_at_value(xp, u, indices, key, shape),
    spec=_add_at_spec,
    batch=_add_at_batch,
    cost=per_input_entry(adds=1),
    transpose=lambda xp, i, u, x, *indices, key, shape: xp.get_item_record(u, *indices, key=key) if i == 0 else None,
    gradient_note="add_at reads the gradient at the positions it wrote to",
    format="add_at({0})",
    samples=[
        Sample(Draw(5), key=(1,), shape=(4, 5)),
        Sample(Draw(2, 5), key=(("slice", 1, None, 2),), shape=(4, 5)),
        Sample(Draw(3, 5), [0, 0, 3], key=("array",), shape=(4, 5)),
        Sample(Draw(2, 2), [[0, 1], [1, 3]], [2, 4], key=("array", "array"), shape=(4, 5)),
        Sample(Draw(2), key=(1,), shape=(4, 5), error=ShapeError),
    ],
    doc="Zeros of `shape` with values added at a frozen key.",
)
