"""Search, count, sum by segment, quantiles: made of comparisons, sums, sorts and gathers."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ...core import arguments, memory
from ...core.errors import DTypeError, IndexProblem, ShapeError, ValueProblem
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import arithmetic, comparison, movement, rounding, selection
from .. import reduction as reductions
from ..record import freeze
from ..rules import as_shape, in_float32, normalize_axes, normalize_axis
from .creation import cast, full_like
from .indexing import one_hot, pad, take, take_along_axis, where
from .reduction import max, min, sort
from .shape import concatenate, expand_dims, moveaxis, ravel, reshape, transpose


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Tensor:
    """Return the position of each value in a sorted vector, as int32 (``keras.ops.searchsorted``).

    Each value is compared with each entry, so that the graph is kept; nan is placed at the end.

    Args:
        side: ``"left"``, before equal entries, or ``"right"``, after them.

    >>> ops.searchsorted([1.0, 2.0, 2.0, 5.0], [2.0, 9.0])
    tensor([1, 4], dtype=int32)
    """
    row, v = as_tensor(sorted_sequence), as_tensor(values)
    if row.ndim != 1:
        raise ShapeError(f"a sorted sequence of shape {row.shape}", "one axis", "search row by row with vectorize")
    arguments.one_of(("left", "right"), side=side)
    row, v = _comparable(row, expand_dims(v, -1))
    before = comparison.less(row, v) if side == "left" else comparison.less_equal(row, v)
    return reductions.sum(cast(before | comparison.not_equal(v, v), "int32"), axis=-1)


def digitize(x: Any, bins: Any) -> Tensor:
    """Return the bin of each entry: i where bins[i-1] ≤ x < bins[i], as int32 (``keras.ops.digitize``).

    Of falling edges it is i where bins[i-1] > x ≥ bins[i].

    >>> ops.digitize([0.5, 2.0, 9.0], [1.0, 2.0, 5.0])
    tensor([0, 2, 3], dtype=int32)
    """
    edges = as_tensor(bins)
    rising = searchsorted(edges, x, "right")
    if edges.shape[0] < 2:
        return rising
    if not edges.symbolic and not _is_monotonic(edges.numpy()):
        raise ValueProblem(f"bins {bins}", "edges in rising or in falling order", "sort them")
    above = comparison.greater(*_comparable(edges, expand_dims(x, -1)))
    return where(edges[0] > edges[-1], reductions.sum(cast(above, "int32"), axis=-1), rising)


def _is_monotonic(edges: np.ndarray[Any, Any]) -> bool:
    """Return whether edges rise or fall."""
    return not ((edges[1:] < edges[:-1]).any() and (edges[1:] > edges[:-1]).any())


def _comparable(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return whole numbers and floats to be compared, as float64 where float32 has not all of the numbers."""
    mixed = a.spec.floating != b.spec.floating
    if mixed and any(t.dtype.kind in "iu" and t.dtype.itemsize >= 4 and not t.spec.weak for t in (a, b)):
        return cast(a, "float64"), cast(b, "float64")
    return a, b


def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Return whether each entry of x1 is among those of x2, or with `invert` not (``keras.ops.isin``).

    ``assume_unique`` has no effect here.

    >>> ops.isin([1, 2, 3], [3, 1])
    tensor([ True, False,  True], dtype=bool)
    """
    among = reductions.any(comparison.equal(expand_dims(x1, -1), ravel(x2)), axis=-1)
    return comparison.logical_not(among) if invert else among


def unravel_index(indices: Any, shape: Any) -> tuple[Tensor, ...]:
    """Convert indices into the flattened `shape` to indices along each axis (``keras.ops.unravel_index``).

    Negative ones count from the end.

    Raises:
        IndexProblem: for a known index outside the shape.

    >>> ops.unravel_index([5, -1], (2, 3))
    (tensor([1, 1], dtype=int32), tensor([2, 2], dtype=int32))
    """
    flat, sizes = _as_integers(indices, "flat indices"), as_shape(shape)
    total = math.prod(sizes)
    if not flat.symbolic and flat.size and not ((flat.numpy() >= -total) & (flat.numpy() < total)).all():
        raise IndexProblem(f"a flat index outside the {total} entries of {sizes}", "one inside", "check the shape")
    remainder = arithmetic.mod(flat, builtins.max(total, 1))
    indices_by_axis = []
    for n in sizes[::-1]:
        indices_by_axis.append(arithmetic.mod(remainder, builtins.max(n, 1)))
        remainder = arithmetic.floor_divide(remainder, builtins.max(n, 1))
    return tuple(indices_by_axis[::-1])


def _as_integers(x: Any, what: str) -> Tensor:
    """Return integers as int32 or int64."""
    tensor = as_tensor(x)
    if tensor.dtype.kind not in "iu" and tensor.size:
        raise DTypeError(f"{what} of dtype {tensor.dtype.name}", "whole numbers", "cast them to int32")
    return tensor if tensor.dtype == np.int64 else cast(tensor, "int32")


def _segments(data: Any, segment_ids: Any, num_segments: int | None) -> tuple[Tensor, Tensor, int]:
    """Check the arguments of a segment function, and return them as tensors with the number of segments."""
    x, ids = as_tensor(data), _as_integers(segment_ids, "segment ids")
    if ids.ndim != 1 or not x.ndim or x.shape[0] != ids.shape[0]:
        passed = f"segment ids of shape {ids.shape} for data of shape {x.shape}"
        raise ShapeError(passed, "a vector, as long as the data's first axis", "give one id for each row")
    if num_segments is None:
        num_segments = int(ids.numpy().max(initial=-1)) + 1
    (count,) = as_shape(num_segments)
    return x, ids, count


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Sum the rows of each segment (``keras.ops.segment_sum``).

    Args:
        data: (rows, ...). segment_ids: (rows,), the segment of each row; rows whose id is no segment are left out.
        num_segments: default one more than the largest id, which must then be known. sorted: has no effect here.

    Returns: (num_segments, ...), 0 for a segment without rows.

    >>> ops.segment_sum([1.0, 2.0, 4.0], [0, 2, 0])
    tensor([5., 0., 2.])
    """
    x = as_tensor(data)
    x, ids, n = _segments(cast(x, "int32") if x.dtype.kind == "b" else x, segment_ids, num_segments)
    rows = where((ids >= 0) & (ids < n), ids, n)  # one more row, for those left out
    return movement.add_at_record(x, rows, key=("array",), shape=(n + 1, *x.shape[1:]))[:n]


def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Return the largest entry of each segment, the first at a tie (``keras.ops.segment_max``); see `segment_sum`.

    Each row is compared with each segment. A segment without rows gives -inf, or the least integer.

    >>> ops.segment_max([1.0, 2.0, 4.0], [0, 1, 0])
    tensor([4., 2.])
    """
    x, ids, n = _segments(_as_numbers(data), segment_ids, num_segments)
    low = -math.inf if x.spec.floating else int(np.iinfo(x.dtype).min)
    return max(_by_segment(x, ids, n, low), axis=0, initial=low)


def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Return the smallest entry of each segment, the first at a tie (``keras.ops.segment_min``); see `segment_sum`.

    Each row is compared with each segment. A segment without rows gives inf, or the largest integer.

    >>> ops.segment_min([1.0, 2.0, 4.0], [0, 1, 0])
    tensor([1., 2.])
    """
    x, ids, n = _segments(_as_numbers(data), segment_ids, num_segments)
    high = math.inf if x.spec.floating else int(np.iinfo(x.dtype).max)
    return min(_by_segment(x, ids, n, high), axis=0, initial=high)


def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Multiply the rows of each segment (``keras.ops.segment_prod``); see `segment_sum`.

    Each row is compared with each segment. A segment without rows gives 1; gradients are exact at zeros.

    >>> ops.segment_prod([3.0, 2.0, 4.0], [0, 2, 0])
    tensor([12.,  1.,  2.])
    """
    x, ids, n = _segments(_as_numbers(data), segment_ids, num_segments)
    return cast(reductions.prod(_by_segment(x, ids, n, 1), axis=0), x.dtype)


def _in_32_bits(x: Tensor) -> Tensor:
    """Return booleans and small integers in 32 bits, in which `sum` adds them."""
    (dtype,) = reductions.accumulator_dtype((x.spec,))
    return x.cast_to(dtype)


def _as_numbers(data: Any) -> Tensor:
    """Return data as a tensor, which must not be boolean."""
    x = as_tensor(data)
    if x.dtype.kind == "b":
        raise DTypeError("data of dtype bool", "numbers", "cast them to int32")
    return x


def _by_segment(x: Tensor, ids: Tensor, n: int, other: float) -> Tensor:
    """Return (rows, n, ...): each row at its own segment, `other` at the remaining ones."""
    mine = comparison.equal(expand_dims(ids, 1), memory.arange(n, dtype=np.int32))
    return where(reshape(mine, (*mine.shape, *[1] * (x.ndim - 1))), expand_dims(x, 1), other)


def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """Count how often each whole number from 0 occurs, or sum its weights (``keras.ops.bincount``).

    Args:
        x: (n,), or (rows, n) to be counted row by row; from 0 up, and with known values, since the largest
            determines the length. weights: as `x`; gradients reach them. minlength: the smallest length.

    Raises:
        ValueProblem: for numbers below 0.

    >>> ops.bincount([1, 3, 1])
    tensor([0, 2, 0, 1], dtype=int32)
    """
    if sparse:
        raise ValueProblem("a sparse tensor", "a dense one", "leave the argument out")
    numbers = _as_integers(x, "numbers to count")
    w = None if weights is None else as_tensor(weights)
    if numbers.ndim not in (1, 2) or (w is not None and w.shape != numbers.shape):
        passed = f"numbers of shape {numbers.shape}" + ("" if w is None else f" and weights of shape {w.shape}")
        raise ShapeError(passed, "one or two axes, and as many weights", "reshape them")
    if numbers.numpy().min(initial=0) < 0:
        raise ValueProblem("numbers below 0 to be counted", "whole numbers from 0 up", "shift them")
    n = builtins.max(int(numbers.numpy().max(initial=-1)) + 1, *as_shape(minlength))
    rows = numbers.shape[0] if numbers.ndim == 2 else 1
    bins = reshape(numbers, (rows, numbers.size // builtins.max(rows, 1)))
    bins = bins + n * memory.arange(rows, dtype=np.int32)[:, None]
    row_weights = np.ones(numbers.size, np.int32) if w is None else ravel(_in_32_bits(w))
    return reshape(segment_sum(row_weights, ravel(bins), rows * n), (*numbers.shape[:-1], n))


def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """Return 1 for each class among an example's labels, else 0 (``keras.ops.multi_hot``).

    Args:
        inputs: (labels,), or (batch, labels, ...). axis: the axis of the classes in the result.

    >>> ops.multi_hot([[0, 2], [1, 1]], 3)
    tensor([[1., 0., 1.],
            [0., 1., 0.]])
    """
    if num_classes is None:
        raise ValueProblem("no num_classes", "the number of classes", "pass num_classes")
    x = as_tensor(inputs)
    hot = max(one_hot(x, num_classes, dtype=dtype, sparse=sparse), axis=1 if x.ndim > 1 else 0, initial=0)
    return moveaxis(hot, -1, axis)


def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the value that the share `q` of the entries does not exceed (``keras.ops.quantile``).

    Args:
        q: a number from 0 to 1, or a vector of them, which is then the first axis of the result.
        axis: one, several, or all by default.
        method: between two entries ``"linear"``, or the ``"lower"``, ``"higher"``, ``"midpoint"``, ``"nearest"``
            (the lower at the half, as in JAX).

    Gradients reach the entries between which the quantile lies. A single nan makes the quantile nan.

    >>> ops.quantile([4.0, 1.0, 2.0, 8.0], [0.5, 0.1])
    tensor([3. , 1.3])
    """
    return quantiles(x, q, axis, method, keepdims)


@in_float32
def quantiles(
    x: Any, q: Any, axis: Any, method: str, keepdims: bool, upper: float = 1.0, ignore_nan: bool = False
) -> Tensor:
    """Compute `quantile` with `q` from 0 to `upper`; nan makes the result nan, or is left out with `ignore_nan`."""
    arguments.one_of(("linear", "lower", "higher", "midpoint", "nearest"), method=method)
    x = arithmetic.multiply(x, 1.0) if as_tensor(x).dtype.kind in "biu" else as_tensor(x).cast_weak()
    level = as_tensor(q)
    if level.ndim > 1 or (not level.symbolic and not ((level.numpy() >= 0) & (level.numpy() <= upper)).all()):
        raise ValueProblem(
            f"q {q}",
            f"a number from 0 to {upper:g}, or a vector of them",
            "divide percentages by 100, or use percentile" if upper == 1 else "multiply shares by 100, or use quantile",
        )
    share = level if upper == 1 else arithmetic.divide(level.cast_to(np.dtype("float64")), upper)
    share = share.cast_to(x.dtype)
    axes = normalize_axes(freeze(axis), x.ndim)
    other_axes = [i for i in range(x.ndim) if i not in axes]
    n = math.prod(x.shape[i] for i in axes)
    row = reshape(transpose(x, (*other_axes, *axes)), (*[x.shape[i] for i in other_axes], n))
    if not n:  # no entries have the quantile nan, as in NumPy
        row, n = pad(row, ((0, 0),) * len(other_axes) + ((0, 1),), constant_values=math.nan), 1
    ordered, missing, position = sort(row), comparison.isnan(row), reshape(share, (-1,))
    gather: Any = take_along_axis if ignore_nan else take
    if ignore_nan:  # they are at the end: each row has its own last position
        last = n - 1 - reductions.sum(cast(missing, x.dtype), axis=-1, keepdims=True)
        position = position * selection.maximum(last, 0.0)
    else:
        position = position * (n - 1)
    below, above = (gather(ordered, cast(f(position), "int32"), axis=-1) for f in (rounding.floor, rounding.ceil))
    fraction: Any = {"lower": 0.0, "higher": 1.0, "midpoint": 0.5, "linear": position - rounding.floor(position)}.get(
        method
    )
    if fraction is None:
        result = gather(ordered, cast(rounding.ceil(position - 0.5), "int32"), axis=-1)
    else:
        result = where(below == above, below, below * (1 - fraction) + above * fraction)
    if not ignore_nan:
        result = where(reductions.any(missing, axis=-1, keepdims=True), math.nan, result)
    result = moveaxis(result, -1, 0) if share.ndim else result[..., 0]
    return expand_dims(result, tuple(a + share.ndim for a in axes)) if keepdims and axes else result


def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Compute `quantile` with `q` from 0 to 100 (``keras.ops.percentile``).

    >>> ops.percentile([4.0, 1.0, 2.0, 8.0], 50)
    tensor(3.0)
    """
    return quantiles(x, q, axis, method, keepdims, upper=100.0)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the middle entry, or the mean of the two in the middle (``keras.ops.median``).

    >>> ops.median([4.0, 1.0, 2.0, 8.0])
    tensor(3.0)
    """
    return quantile(x, 0.5, axis, "linear", keepdims)


def histogram(x: Any, bins: Any = 10, range: Any = None) -> tuple[Tensor, Tensor]:
    """Count how many entries fall into each bin, as floats, and return the bins' edges (``keras.ops.histogram``).

    Args:
        bins: the number of bins of equal width, or their edges. range: (lowest, highest) edge; default the data's.

    A bin includes its lower edge, the last one its upper edge too. nan and entries outside are not counted.

    >>> ops.histogram([1.0, 2.0, 2.5, 4.0], bins=3)
    (tensor([1., 2., 1.]), tensor([1., 2., 3., 4.]))
    """
    row = ravel(x)
    row = arithmetic.multiply(row, 1.0) if row.dtype.kind in "biu" else row
    edges = ravel(bins) if np.ndim(bins) else _equal_bins(row, bins, range)
    if edges.shape[0] < 2 or (not edges.symbolic and (np.diff(edges.numpy()) < 0).any()):
        raise ValueProblem(f"bins {bins}", "at least two edges in ascending order", "sort them")
    below = reductions.sum(cast(comparison.less(expand_dims(row, 1), edges), "int32"), axis=0)
    within = reductions.sum(cast(comparison.less_equal(row, edges[-1]), "int32"))
    upto = concatenate([below[:-1], reshape(within, (1,))])
    return cast(upto[1:] - upto[:-1], row.dtype), edges


def _equal_bins(row: Tensor, bins: Any, range: Any) -> Tensor:
    """Return the edges of bins of equal width."""
    (count,) = as_shape(bins)
    if not count:
        raise ValueProblem("0 bins", "at least one", "pass their number")
    if range is not None:
        range = freeze(range, "the range of a histogram")
        if not range[0] <= range[1]:
            raise ValueProblem(f"range {range}", "(lowest, highest)", "put the smaller number first")
        margin = 0.5 if range[0] == range[1] else 0.0
        return as_tensor(memory.linspace(range[0] - margin, range[1] + margin, count + 1, True, 0)[0].astype(row.dtype))
    if not row.size:
        return _equal_bins(row, bins, (0.0, 1.0))
    low, high = min(row), max(row)
    margins = cast(low == high, row.dtype) * 0.5
    low, high = low - margins, high + margins
    steps = memory.arange(count, dtype=np.int32).astype(row.dtype)
    return concatenate([low + (high - low) / count * steps, reshape(high, (1,))])


def unique(
    x: Any, sorted: bool = True, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, size: int | None = None, fill_value: Any = None,
) -> Any:  # fmt: skip
    """Return the distinct entries, or slices along `axis`, in ascending order (``keras.ops.unique``).

    Args:
        x: with known values, since they determine the shape. return_index, return_inverse, return_counts: also
            return the index of the first occurrence of each, for each entry the index of its value in the result,
            and the count of each, as int32.
        size: truncate to this number, or fill up with `fill_value` (default the smallest; count 0).
        sorted: has no effect, as the result is always sorted.

    Gradients reach the first occurrence of each. Every nan is distinct.

    >>> ops.unique([3.0, 1.0, 3.0], return_counts=True)
    (tensor([1., 3.]), tensor([1, 2], dtype=int32))
    """
    x = as_tensor(x).cast_weak()
    axis = None if axis is None else normalize_axis(axis, x.ndim)
    _, first, inverse, counts = np.unique(x.numpy(), True, True, True, axis=axis, equal_nan=False)
    values = take(x, first.astype(np.int32), axis=axis)
    inverse = inverse.reshape(x.shape if axis is None else -1)
    if size is not None:
        (n,) = as_shape(size)
        size_axis = normalize_axis(axis or 0, values.ndim)
        count, missing = builtins.min(n, len(first)), n - len(first)
        values = take(values, memory.arange(count, dtype=np.int32), axis=size_axis)
        if missing > 0:
            memory.require_array((missing,), np.int64, "the indices of entries that are filled in")
            if not len(first):
                raise ShapeError(f"size {n} for an empty tensor", "at least one entry", "leave size out")
            filler = take(values, np.zeros(missing, np.int32), axis=size_axis)
            filler = filler if fill_value is None else full_like(filler, fill_value)
            values = concatenate([values, filler], axis=size_axis)
        first = np.append(first[:count], np.full(builtins.max(missing, 0), first[0] if len(first) else 0))
        counts = np.append(counts[:count], np.zeros(builtins.max(missing, 0), int))
    optional = ((return_index, first), (return_inverse, inverse), (return_counts, counts))
    results = (values, *[as_tensor(a.astype(np.int32)) for requested, a in optional if requested])
    return results if len(results) > 1 else values
