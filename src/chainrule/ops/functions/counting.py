"""Places among sorted numbers, counts, sums by segment, quantiles: made of comparisons, sums, sorts and gathers."""

from __future__ import annotations

import math
from builtins import max as builtin_max
from typing import Any

import numpy as np

from ...errors import DTypeError, IndexProblem, ShapeError, ValueProblem
from ...tensor import Tensor, as_tensor
from .. import elementwise, movement
from .. import reduction as reductions
from ..rules import normal_axes, sizes_of
from .creation import cast
from .indexing import one_hot, take, where
from .reduction import max, sort
from .shape import expand_dims, moveaxis, ravel, reshape, transpose


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Tensor:
    """Where each value belongs in a sorted vector, as int32 (``keras.ops.searchsorted``).

    Each value is compared with each entry, so that the graph is kept; nan belongs at the end.

    Args:
        side: ``"left"``, before equal entries, or ``"right"``, behind them.

    >>> ops.searchsorted([1.0, 2.0, 2.0, 5.0], [2.0, 9.0])
    tensor([1, 4], dtype=int32)
    """
    row, v = as_tensor(sorted_sequence), as_tensor(values)
    if row.ndim != 1:
        raise ShapeError(f"a sorted sequence of shape {row.shape}", "one axis", "search row by row with vectorize")
    if side not in ("left", "right"):
        raise ValueProblem(f"side {side!r}", "'left' or 'right'", "name one of these")
    v = expand_dims(v, -1)
    before = elementwise.less(row, v) if side == "left" else elementwise.less_equal(row, v)
    return reductions.sum(cast(before | elementwise.not_equal(v, v), "int32"), axis=-1)


def digitize(x: Any, bins: Any) -> Tensor:
    """The bin of each entry: i where bins[i-1] ≤ x < bins[i], as int32 (``keras.ops.digitize``).

    >>> ops.digitize([0.5, 2.0, 9.0], [1.0, 2.0, 5.0])
    tensor([0, 2, 3], dtype=int32)
    """
    return searchsorted(bins, x, "right")


def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each entry of x1 is among those of x2, or with `invert` not (``keras.ops.isin``).

    ``assume_unique`` changes nothing here.

    >>> ops.isin([1, 2, 3], [3, 1])
    tensor([ True, False,  True], dtype=bool)
    """
    among = reductions.any(elementwise.equal(expand_dims(x1, -1), ravel(x2)), axis=-1)
    return elementwise.logical_not(among) if invert else among


def unravel_index(indices: Any, shape: Any) -> tuple[Tensor, ...]:
    """For each axis of `shape` the index of a place counted flat (``keras.ops.unravel_index``).

    Negative ones count from the end.

    Raises:
        IndexProblem: for a known place outside the shape.

    >>> ops.unravel_index([5, -1], (2, 3))
    (tensor([1, 1], dtype=int32), tensor([2, 2], dtype=int32))
    """
    flat, sizes = _whole(indices, "flat indices"), sizes_of(shape)
    total = math.prod(sizes)
    if not flat.symbolic and flat.size and not ((flat.numpy() >= -total) & (flat.numpy() < total)).all():
        raise IndexProblem(f"a flat index outside the {total} entries of {sizes}", "one inside", "check the shape")
    rest = elementwise.mod(flat, builtin_max(total, 1))
    found = []
    for n in sizes[::-1]:
        found.append(elementwise.mod(rest, builtin_max(n, 1)))
        rest = elementwise.floor_divide(rest, builtin_max(n, 1))
    return tuple(found[::-1])


def _whole(x: Any, what: str) -> Tensor:
    """As int32 or int64."""
    found = as_tensor(x)
    if found.dtype.kind not in "iu" and found.size:
        raise DTypeError(f"{what} of dtype {found.dtype.name}", "whole numbers", "cast them to int32")
    return found if found.dtype == np.int64 else cast(found, "int32")


def _segments(data: Any, segment_ids: Any, num_segments: int | None) -> tuple[Tensor, Tensor, int]:
    x, ids = as_tensor(data), _whole(segment_ids, "segment ids")
    if ids.ndim != 1 or not x.ndim or x.shape[0] != ids.shape[0]:
        raise ShapeError(
            f"segment ids of shape {ids.shape} for data of shape {x.shape}",
            "a vector, as long as the data's first axis",
            "give one id for each row",
        )
    if num_segments is None:
        num_segments = int(ids.numpy().max(initial=-1)) + 1
    (count,) = sizes_of(num_segments)
    return x, ids, count


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The sum of the rows of each segment (``keras.ops.segment_sum``).

    Args:
        data: (rows, ...). segment_ids: (rows,), the segment of each row; rows whose id is no segment are left out.
        num_segments: default one more than the largest id, which must then be known. sorted: changes nothing here.

    Returns: (num_segments, ...), 0 for a segment without rows.

    >>> ops.segment_sum([1.0, 2.0, 4.0], [0, 2, 0])
    tensor([5., 0., 2.])
    """
    x, ids, n = _segments(data, segment_ids, num_segments)
    places = where((ids >= 0) & (ids < n), ids, n)  # one more place, for those left out
    return movement.add_at_record(x, places, key=("array",), shape=(n + 1, *x.shape[1:]))[:n]


def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The largest entry of each segment, the first at a tie (``keras.ops.segment_max``); see `segment_sum`.

    Each row is held against each segment. A segment without rows gives -inf, or the least integer.

    >>> ops.segment_max([1.0, 2.0, 4.0], [0, 1, 0])
    tensor([4., 2.])
    """
    x, ids, n = _segments(data, segment_ids, num_segments)
    if x.dtype.kind == "b":
        raise DTypeError("data of dtype bool", "numbers", "cast them to int32")
    low = -math.inf if x.spec.floating else int(np.iinfo(x.dtype).min)
    mine = elementwise.equal(expand_dims(ids, 1), np.arange(n, dtype=np.int32))
    mine = reshape(mine, (*mine.shape, *[1] * (x.ndim - 1)))
    return max(where(mine, expand_dims(x, 1), low), axis=0, initial=low)


def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """How often each whole number from 0 occurs, or the sum of its weights (``keras.ops.bincount``).

    Args:
        x: (n,), or (rows, n) to be counted row by row; from 0 up, and with a value, since the largest decides
            the length. weights: as `x`; gradients reach them. minlength: the least length.

    Raises:
        ValueProblem: for numbers below 0.

    >>> ops.bincount([1, 3, 1])
    tensor([0, 2, 0, 1], dtype=int32)
    """
    if sparse:
        raise ValueProblem("a sparse tensor", "a dense one", "leave the argument out")
    found = _whole(x, "numbers to count")
    w = None if weights is None else as_tensor(weights).cast_weak()
    if found.ndim not in (1, 2) or (w is not None and w.shape != found.shape):
        raise ShapeError(
            f"numbers of shape {found.shape}" + ("" if w is None else f" and weights of shape {w.shape}"),
            "one or two axes, and as many weights",
            "reshape them",
        )
    if found.numpy().min(initial=0) < 0:
        raise ValueProblem("numbers below 0 to be counted", "whole numbers from 0 up", "shift them")
    n = builtin_max(int(found.numpy().max(initial=-1)) + 1, *sizes_of(minlength))
    rows = found.shape[0] if found.ndim == 2 else 1
    places = reshape(found, (rows, found.size // builtin_max(rows, 1))) + n * np.arange(rows, dtype=np.int32)[:, None]
    each = np.ones(found.size, np.int32) if w is None else ravel(w)
    return reshape(segment_sum(each, ravel(places), rows * n), (*found.shape[:-1], n))


def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """1 for each class among an example's labels (``keras.ops.multi_hot``).

    Args:
        inputs: (labels,), or (batch, labels, ...). axis: where the classes stand in the result.

    >>> ops.multi_hot([[0, 2], [1, 1]], 3)
    tensor([[1., 0., 1.],
            [0., 1., 0.]])
    """
    if num_classes is None:
        raise ValueProblem("no num_classes", "how many classes there are", "pass num_classes")
    x = as_tensor(inputs)
    hot = max(one_hot(x, num_classes, dtype=dtype, sparse=sparse), axis=1 if x.ndim > 1 else 0, initial=0)
    return moveaxis(hot, -1, axis)


def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """What the share `q` of the entries does not exceed (``keras.ops.quantile``).

    Args:
        q: a number from 0 to 1, or a vector of them, which then stands first in the result.
        axis: one, several, or all by default.
        method: between two entries ``"linear"``, or the ``"lower"``, ``"higher"``, ``"midpoint"``, ``"nearest"``
            (the lower at the half, as JAX has it).

    Gradients go to the entries between which the quantile lies. One nan makes the quantile nan.

    >>> ops.quantile([4.0, 1.0, 2.0, 8.0], [0.5, 0.1])
    tensor([3. , 1.3])
    """
    if method not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ValueProblem(f"method {method!r}", "linear, lower, higher, midpoint or nearest", "name one of these")
    x = elementwise.multiply(x, 1.0) if as_tensor(x).dtype.kind in "biu" else as_tensor(x).cast_weak()
    share = as_tensor(q).cast_to(x.dtype)
    if share.ndim > 1 or (not share.symbolic and not ((share.numpy() >= 0) & (share.numpy() <= 1)).all()):
        raise ValueProblem(f"q {q}", "a number from 0 to 1, or a vector of them", "divide percentages by 100")
    axes = normal_axes(axis, x.ndim)
    rest = [i for i in range(x.ndim) if i not in axes]
    n = math.prod(x.shape[i] for i in axes)
    if not n:
        raise ShapeError(f"a quantile of none of shape {x.shape}", "at least one entry", "check the axis")
    row = reshape(transpose(x, (*rest, *axes)), (*[x.shape[i] for i in rest], n))
    ordered, at = sort(row), reshape(share, (-1,)) * (n - 1)
    below, above = (take(ordered, cast(f(at), "int32"), axis=-1) for f in (elementwise.floor, elementwise.ceil))
    part = {"lower": 0.0, "higher": 1.0, "midpoint": 0.5, "linear": at - elementwise.floor(at)}.get(method)
    if part is None:
        found = take(ordered, cast(elementwise.ceil(at - 0.5), "int32"), axis=-1)
    else:
        found = where(below == above, below, below * (1 - part) + above * part)
    found = where(reductions.any(elementwise.isnan(row), axis=-1, keepdims=True), math.nan, found)
    found = moveaxis(found, -1, 0) if share.ndim else found[..., 0]
    return expand_dims(found, tuple(a + share.ndim for a in axes)) if keepdims and axes else found


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The middle entry, or the mean of the two in the middle (``keras.ops.median``).

    >>> ops.median([4.0, 1.0, 2.0, 8.0])
    tensor(3.0)
    """
    return quantile(x, 0.5, axis, "linear", keepdims)
