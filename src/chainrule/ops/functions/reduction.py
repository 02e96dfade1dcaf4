"""Sort, select, running sums and means."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...graph import UnknownSize, is_narrow, promote_specs
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import arithmetic, comparison, composite, running, selection
from .. import reduction as reductions
from ..record import Operation, freeze
from ..rules import in_float32, normalize_axis, reduced_shape
from .creation import cast, full
from .shape import broadcast_to, ravel, reshape


def sort(x: Any, axis: int | None = -1) -> Tensor:
    """Sort the entries along `axis`, or all of them in one row, in ascending order (``keras.ops.sort``).

    >>> ops.sort([3.0, 1.0, 2.0])
    tensor([1., 2., 3.])
    """
    return composite.sort_record(*_in_one_row(x, axis))


def argsort(x: Any, axis: int | None = -1) -> Tensor:
    """Return the indices that sort x along `axis`, or in one row, stably, as int32 (``keras.ops.argsort``).

    >>> ops.argsort([3.0, 1.0, 2.0])
    tensor([1, 2, 0], dtype=int32)
    """
    return reductions.argsort_record(*_in_one_row(x, axis))


def _in_one_row(x: Any, axis: int | None) -> tuple[Tensor, int]:
    """Return x and the axis; without an axis all entries in one row, and its only one."""
    return (ravel(x), 0) if axis is None else (as_tensor(x), axis)


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """Multiply the entries over `axis`, or all (``keras.ops.prod``).

    Args:
        dtype: of the product, to which the entries are cast before; default that of x, wider for short integers.

    >>> ops.prod([2.0, 3.0, 4.0])
    tensor(24.0)
    """
    return reductions.prod(x if dtype is None else cast(x, dtype), axis=axis, keepdims=keepdims)


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """Return the k largest along the last axis, largest first, and their indices (``keras.ops.top_k``).

    ``sorted=False`` permits any order and has no effect.

    >>> ops.top_k([1.0, 5.0, 3.0], 2)
    (tensor([5., 3.]), tensor([1, 2], dtype=int32))
    """
    x = as_tensor(x)
    if x.spec.symbolic:  # there are k only where the size allows it
        raise UnknownSize("the number of entries of which the largest are asked for")
    return composite.top_k_record(x, k=k), reductions.argsort_record(x, axis=-1, descending=True)[..., :k]


def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """Return the largest entry along `axis`, the first at a tie (``keras.ops.max``).

    Args:
        initial: a lower bound, and the result for an empty axis.

    >>> ops.max([[1.0, 2.0], [3.0, 0.0]], axis=1)
    tensor([2., 3.])
    """
    return _with_initial(x, axis, keepdims, initial, reductions.max_record, selection.maximum)


def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """Return the smallest entry along `axis`, the first at a tie (``keras.ops.min``).

    >>> ops.min([[1.0, 2.0], [3.0, 0.0]], axis=1)
    tensor([1., 0.])
    """
    return _with_initial(x, axis, keepdims, initial, reductions.min_record, selection.minimum)


def _with_initial(x: Any, axis: Any, keepdims: bool, initial: Any, record: Operation, choose: Operation) -> Tensor:
    """Reduce by the record, with the bound `initial`, which is the result for an empty tensor."""
    x, axis = as_tensor(x), freeze(axis)
    if initial is None:
        return record(x, axis=axis, keepdims=keepdims)
    if 0 in x.shape:
        return full(reduced_shape(x.shape, axis, keepdims), initial, x.dtype)
    return choose(record(x, axis=axis, keepdims=keepdims), initial)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Compute the largest minus the smallest entry (``keras.ops.ptp``).

    >>> ops.ptp([3.0, 1.0, 2.0])
    tensor(2.0)
    """
    return max(x, axis, keepdims) - min(x, axis, keepdims)


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Compute the running sum along `axis`, or of the flattened tensor (``keras.ops.cumsum``).

    >>> ops.cumsum([1.0, 2.0, 3.0])
    tensor([1., 3., 6.])
    """
    return _cumulative(running.cumsum_record, x, axis, dtype)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Compute the running product along `axis`, or of the flattened tensor (``keras.ops.cumprod``).

    >>> ops.cumprod([1.0, 2.0, 3.0])
    tensor([1., 2., 6.])
    """
    return _cumulative(running.cumprod_record, x, axis, dtype)


def _cumulative(record: Operation, x: Any, axis: int | None, dtype: Any) -> Tensor:
    """Accumulate by the record along `axis`, or over the flattened tensor, in the given dtype."""
    x = as_tensor(x)
    if x.dtype.kind == "b":
        x = cast(x, "int32")
    if dtype is not None:
        x = cast(x, dtype)
    if axis is None:
        x, axis = ravel(x), 0
    return record(x, axis=axis)


def count_nonzero(x: Any, axis: Any = None) -> Tensor:
    """Count the nonzero entries (``keras.ops.count_nonzero``).

    >>> ops.count_nonzero([0.0, 3.0, 4.0])
    tensor(2, dtype=int32)
    """
    return reductions.sum(cast(as_tensor(x) != 0, "int32"), axis=axis)


def average(x: Any, axis: Any = None, weights: Any = None) -> Tensor:
    """Compute the weighted mean (``keras.ops.average``).

    >>> ops.average([1.0, 4.0], weights=[3.0, 1.0])
    tensor(1.75)
    """
    if weights is None:
        return reductions.mean(x, axis=axis)
    x, w = as_tensor(x), as_tensor(weights)
    if w.shape != x.shape and w.ndim == 1 and isinstance(axis, int | np.integer):
        w = reshape(w, [-1 if i == normalize_axis(axis, x.ndim) else 1 for i in range(x.ndim)])
    dtype = promote_specs((x.spec, w.spec), floating=True)
    if is_narrow(dtype):
        x, w = cast(x, "float32"), cast(w, "float32")
    return cast(reductions.sum(x * w, axis=axis) / reductions.sum(broadcast_to(w, x.shape), axis=axis), dtype)


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Tensor, Tensor]:
    """Compute mean and variance over `axes` (``keras.ops.moments``); `synchronized` has no effect in a single process.

    >>> ops.moments([1.0, 3.0], 0)
    (tensor(2.0), tensor(1.0))
    """
    return reductions.mean(x, axis=axes, keepdims=keepdims), reductions.var(x, axis=axes, keepdims=keepdims)


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Return |x1 - x2| ≤ atol + rtol |x2|, entry by entry (``keras.ops.isclose``).

    >>> ops.isclose([1.0], [1.0 + 1e-7])
    tensor([ True], dtype=bool)
    """
    a, b = (cast(x, "int32") if as_tensor(x).dtype.kind == "b" else as_tensor(x) for x in (x1, x2))
    near = (arithmetic.absolute(a - b) <= atol + rtol * arithmetic.absolute(b)) & comparison.isfinite(b) | (a == b)
    return near | (comparison.isnan(a) & comparison.isnan(b)) if equal_nan else near


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Return whether all entries are close (``keras.ops.allclose``).

    >>> ops.allclose([1.0], [1.0])
    tensor(True, dtype=bool)
    """
    return reductions.all(isclose(x1, x2, rtol, atol, equal_nan))


@in_float32
def log_mean_exp(x: Any, axis: Any = None) -> Tensor:
    """Compute log(mean(exp(x))) without overflow.

    >>> ops.log_mean_exp([1000.0, 1000.0])
    tensor(1000.0)
    """
    x = as_tensor(x)
    count = reductions.reduced_count(x.shape, axis)
    return reductions.logsumexp(x, axis=axis) - (math.log(count) if count else math.nan)


def diff(a: Any, n: int = 1, axis: int = -1) -> Tensor:
    """Compute differences of adjacent entries along `axis`, `n` times (``keras.ops.diff``).

    >>> ops.diff([1.0, 4.0, 9.0])
    tensor([3., 5.])
    """
    a = as_tensor(a)
    head = (slice(None),) * normalize_axis(axis, a.ndim)
    minus = comparison.not_equal if a.dtype.kind == "b" else arithmetic.subtract  # as in NumPy
    for _ in range(n):
        a = minus(a[(*head, slice(1, None))], a[(*head, slice(None, -1))])
    return a


def argpartition(x: Any, kth: int, axis: int | None = -1) -> Tensor:
    """Return indices that put the `kth` smallest in position, by sorting all (``keras.ops.argpartition``).

    >>> ops.argpartition([3.0, 1.0, 2.0], 1)
    tensor([1, 2, 0], dtype=int32)
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    size = x.shape[normalize_axis(axis, x.ndim)]
    if size:  # else nothing is put in order
        normalize_axis(kth, size, "kth")
    return argsort(x, axis)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """Integrate by the trapezoidal rule (``keras.ops.trapezoid``).

    Args:
        x: the positions of the points, a vector or shaped as `y`; default a distance `dx`.

    >>> ops.trapezoid([1.0, 2.0, 4.0])
    tensor(4.5)
    """
    y = as_tensor(y)
    y_axis = normalize_axis(axis, y.ndim)
    head = (slice(None),) * y_axis
    pairs = (y[(*head, slice(1, None))] + y[(*head, slice(None, -1))]) / 2.0
    if x is None:
        return reductions.sum(pairs * dx, axis=y_axis)
    x = as_tensor(x)
    widths = reshape(diff(x), [-1 if i == y_axis else 1 for i in range(y.ndim)]) if x.ndim == 1 else diff(x, axis=axis)
    return reductions.sum(pairs * widths, axis=y_axis)


amax, amin = max, min
