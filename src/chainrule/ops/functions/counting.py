"""Places among sorted numbers, counts, sums by segment, quantiles: made of comparisons, sums, sorts and gathers."""

from __future__ import annotations

import math
from builtins import max as builtin_max
from builtins import min as builtin_min
from typing import Any

import numpy as np

from ...core.errors import DTypeError, IndexProblem, ShapeError, ValueProblem
from ...tensors.tensor import Tensor, as_tensor
from .. import elementwise, movement
from .. import reduction as reductions
from ..record import freeze
from ..rules import normal_axes, normal_axis, sizes_of
from .creation import cast, full_like
from .indexing import one_hot, take, take_along_axis, where
from .reduction import max, min, sort
from .shape import (
    concatenate,
    expand_dims,
    moveaxis,
    ravel,
    reshape,
    transpose,
)


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
    x, ids, n = _segments(_numbers(data), segment_ids, num_segments)
    low = -math.inf if x.spec.floating else int(np.iinfo(x.dtype).min)
    return max(_held_against(x, ids, n, low), axis=0, initial=low)


def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The smallest entry of each segment, the first at a tie (``keras.ops.segment_min``); see `segment_sum`.

    Each row is held against each segment. A segment without rows gives inf, or the largest integer.

    >>> ops.segment_min([1.0, 2.0, 4.0], [0, 1, 0])
    tensor([1., 2.])
    """
    x, ids, n = _segments(_numbers(data), segment_ids, num_segments)
    high = math.inf if x.spec.floating else int(np.iinfo(x.dtype).max)
    return min(_held_against(x, ids, n, high), axis=0, initial=high)


def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The product of the rows of each segment (``keras.ops.segment_prod``); see `segment_sum`.

    Each row is held against each segment. A segment without rows gives 1; gradients are exact at zeros.

    >>> ops.segment_prod([3.0, 2.0, 4.0], [0, 2, 0])
    tensor([12.,  1.,  2.])
    """
    x, ids, n = _segments(_numbers(data), segment_ids, num_segments)
    return cast(reductions.prod(_held_against(x, ids, n, 1), axis=0), x.dtype)


def _numbers(data: Any) -> Tensor:
    x = as_tensor(data)
    if x.dtype.kind == "b":
        raise DTypeError("data of dtype bool", "numbers", "cast them to int32")
    return x


def _held_against(x: Tensor, ids: Tensor, n: int, other: float) -> Tensor:
    """(rows, n, ...): each row at its own segment, `other` at the rest."""
    mine = elementwise.equal(expand_dims(ids, 1), np.arange(n, dtype=np.int32))
    return where(reshape(mine, (*mine.shape, *[1] * (x.ndim - 1))), expand_dims(x, 1), other)


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
    return quantiles(x, q, axis, method, keepdims)


def quantiles(
    x: Any, q: Any, axis: Any, method: str, keepdims: bool, whole: float = 1.0, passing_nan: bool = False
) -> Tensor:
    """`quantile` with shares of `whole`. With `passing_nan` nan are left out, else one makes the result nan."""
    if method not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ValueProblem(f"method {method!r}", "linear, lower, higher, midpoint or nearest", "name one of these")
    x = elementwise.multiply(x, 1.0) if as_tensor(x).dtype.kind in "biu" else as_tensor(x).cast_weak()
    given = as_tensor(q)
    if given.ndim > 1 or (not given.symbolic and not ((given.numpy() >= 0) & (given.numpy() <= whole)).all()):
        raise ValueProblem(
            f"q {q}",
            f"a number from 0 to {whole:g}, or a vector of them",
            "divide percentages by 100, or use percentile" if whole == 1 else "multiply shares by 100, or use quantile",
        )
    share = (
        given.cast_to(x.dtype)
        if whole == 1
        else elementwise.divide(given.cast_to(np.dtype("float64")), whole).cast_to(x.dtype)
    )
    axes = normal_axes(freeze(axis), x.ndim)
    rest = [i for i in range(x.ndim) if i not in axes]
    n = math.prod(x.shape[i] for i in axes)
    if not n:
        raise ShapeError(f"a quantile of none of shape {x.shape}", "at least one entry", "check the axis")
    row = reshape(transpose(x, (*rest, *axes)), (*[x.shape[i] for i in rest], n))
    ordered, missing, at = sort(row), elementwise.isnan(row), reshape(share, (-1,))
    read: Any = take_along_axis if passing_nan else take
    if passing_nan:  # they stand at the end: each row has its own last place
        last = n - 1 - reductions.sum(cast(missing, x.dtype), axis=-1, keepdims=True)
        at = at * elementwise.maximum(last, 0.0)
    else:
        at = at * (n - 1)
    below, above = (read(ordered, cast(f(at), "int32"), axis=-1) for f in (elementwise.floor, elementwise.ceil))
    part: Any = {"lower": 0.0, "higher": 1.0, "midpoint": 0.5, "linear": at - elementwise.floor(at)}.get(method)
    if part is None:
        found = read(ordered, cast(elementwise.ceil(at - 0.5), "int32"), axis=-1)
    else:
        found = where(below == above, below, below * (1 - part) + above * part)
    if not passing_nan:
        found = where(reductions.any(missing, axis=-1, keepdims=True), math.nan, found)
    found = moveaxis(found, -1, 0) if share.ndim else found[..., 0]
    return expand_dims(found, tuple(a + share.ndim for a in axes)) if keepdims and axes else found


def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`quantile` with `q` from 0 to 100 (``keras.ops.percentile``).

    >>> ops.percentile([4.0, 1.0, 2.0, 8.0], 50)
    tensor(3.0)
    """
    return quantiles(x, q, axis, method, keepdims, whole=100.0)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The middle entry, or the mean of the two in the middle (``keras.ops.median``).

    >>> ops.median([4.0, 1.0, 2.0, 8.0])
    tensor(3.0)
    """
    return quantile(x, 0.5, axis, "linear", keepdims)


def histogram(x: Any, bins: Any = 10, range: Any = None) -> tuple[Tensor, Tensor]:
    """How many entries fall into each bin, as floats, and the bins' edges (``keras.ops.histogram``).

    Args:
        bins: how many of equal width, or their edges. range: (lowest, highest) edge; default the data's.

    A bin holds its lower edge, the last its upper one too. nan and what lies outside is not counted.

    >>> ops.histogram([1.0, 2.0, 2.5, 4.0], bins=3)
    (tensor([1., 2., 1.]), tensor([1., 2., 3., 4.]))
    """
    row = ravel(x)
    row = elementwise.multiply(row, 1.0) if row.dtype.kind in "biu" else row
    edges = ravel(bins) if np.ndim(bins) else _equal_bins(row, bins, range)
    if edges.shape[0] < 2 or (not edges.symbolic and (np.diff(edges.numpy()) < 0).any()):
        raise ValueProblem(f"bins {bins}", "at least two edges that do not fall", "sort them")
    below = reductions.sum(cast(elementwise.less(expand_dims(row, 1), edges), "int32"), axis=0)
    within = reductions.sum(cast(elementwise.less_equal(row, edges[-1]), "int32"))
    upto = concatenate([below[:-1], reshape(within, (1,))])
    return cast(upto[1:] - upto[:-1], row.dtype), edges


def _equal_bins(row: Tensor, bins: Any, range: Any) -> Tensor:
    (count,) = sizes_of(bins)
    if not count:
        raise ValueProblem("0 bins", "at least one", "say how many")
    if range is not None:
        if not range[0] <= range[1]:
            raise ValueProblem(f"range {range}", "(lowest, highest)", "put the smaller number first")
        low, high = (as_tensor(float(v)).cast_to(row.dtype) for v in range)
    elif row.size:
        low, high = min(row), max(row)
    else:
        return _equal_bins(row, bins, (0.0, 1.0))
    flat = cast(low == high, row.dtype) * 0.5
    low, high = low - flat, high + flat
    shares = np.linspace(0.0, 1.0, count + 1).astype(row.dtype)
    return low * (1 - shares) + high * shares


def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different entries, or slices along `axis`, from small to large (``keras.ops.unique``).

    Args:
        x: with a value, since it decides the shape. return_index, return_inverse, return_counts: also where each
            first stands, which one stands at each place, and how often each comes, as int32.
        size: cut to so many, or filled up with `fill_value` (default the smallest; count 0). sorted: they always are.

    Gradients reach the entries where they first stand. Each nan is one of its own.

    >>> ops.unique([3.0, 1.0, 3.0], return_counts=True)
    (tensor([1., 3.]), tensor([1, 2], dtype=int32))
    """
    x = as_tensor(x).cast_weak()
    axis = None if axis is None else normal_axis(axis, x.ndim)
    _, first, inverse, counts = np.unique(x.numpy(), True, True, True, axis=axis, equal_nan=False)
    values = take(x, first.astype(np.int32), axis=axis)
    inverse = inverse.reshape(x.shape if axis is None else -1)
    if size is not None:
        (n,) = sizes_of(size)
        at = normal_axis(axis or 0, values.ndim)
        kept, more = builtin_min(n, len(first)), n - len(first)
        values = take(values, np.arange(kept, dtype=np.int32), axis=at)
        if more > 0:
            if not len(first):
                raise ShapeError(f"{n} of no entries at all", "at least one entry", "leave size out")
            filler = take(values, np.zeros(more, np.int32), axis=at)
            filler = filler if fill_value is None else full_like(filler, fill_value)
            values = concatenate([values, filler], axis=at)
        first = np.append(first[:kept], np.full(builtin_max(more, 0), first[0] if len(first) else 0))
        counts = np.append(counts[:kept], np.zeros(builtin_max(more, 0), int))
    wanted = ((return_index, first), (return_inverse, inverse), (return_counts, counts))
    found = (values, *[as_tensor(a.astype(np.int32)) for asked, a in wanted if asked])
    return found if len(found) > 1 else values
