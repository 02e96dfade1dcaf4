"""Sums, means, extremes and their like, with NumPy's ``where=``, ``initial=``, ``dtype=`` and ``correction=``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import array_api, ops
from ..core.errors import ValueProblem
from ..graph import as_dtype
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor

Reduction = Callable[..., Tensor]


def to_dtype(x: Any, dtype: Any) -> Tensor:
    """Return x as a tensor, in `dtype` if there is one."""
    tensor = as_tensor(x)
    return tensor if dtype is None else tensor.cast_to(as_dtype(dtype))


def _select(a: Tensor, where: Any, other: Any) -> Tensor:
    """Return the entries of a that count, `other` in place of those that do not."""
    return a if where is True else ops.where(where, a, as_tensor(other).cast_to(a.dtype))


def _count(a: Tensor, axis: Any, keepdims: bool, where: Any) -> Tensor:
    """Count the entries that count, in the dtype of a's mean."""
    ones = ops.ones_like(a, (array_api.real(a) * 1.0).dtype)
    return ops.sum(_select(ones, where, 0), axis=axis, keepdims=keepdims)


# ---- sums, products and extremes


def _reduce(
    reduce: Reduction, join: Reduction, neutral: Any, a: Any, axis: Any, dtype: Any, keepdims: bool, initial: Any,
    where: Any,
) -> Tensor:  # fmt: skip
    """Reduce the entries that count, and join `initial`."""
    x = to_dtype(a, dtype)
    result = reduce(_select(x, where, neutral), axis=axis, keepdims=keepdims)
    if initial is not None:
        result = join(result, as_tensor(initial).cast_to(result.dtype))
    return to_dtype(result, dtype)


def sum(
    a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Tensor:
    """Sum (``numpy.sum``)."""
    return _reduce(ops.sum, ops.add, 0, a, axis, dtype, keepdims, initial, where)


def prod(
    a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Tensor:
    """Multiply (``numpy.prod``)."""
    return _reduce(ops.prod, ops.multiply, 1, a, axis, dtype, keepdims, initial, where)


def all(a: Any, axis: Any = None, keepdims: bool = False, where: Any = True) -> Tensor:
    """Return whether all entries hold (``numpy.all``)."""
    return ops.all(_select(to_dtype(a, bool), where, True), axis=axis, keepdims=keepdims)


def any(a: Any, axis: Any = None, keepdims: bool = False, where: Any = True) -> Tensor:
    """Return whether any entry holds (``numpy.any``)."""
    return ops.any(_select(to_dtype(a, bool), where, False), axis=axis, keepdims=keepdims)


def _extreme(reduce: Reduction, a: Any, axis: Any, keepdims: bool, initial: Any, where: Any) -> Tensor:
    x = as_tensor(a).cast_weak()
    if where is not True:
        if initial is None:
            passed = "where= without initial= for a largest or smallest entry"
            raise ValueProblem(passed, "both: there may be no entry that counts", "pass initial= too")
        x = _select(x, where, initial)
    return reduce(x, axis=axis, keepdims=keepdims, initial=initial)


def max(a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True) -> Tensor:
    """Return the largest entry (``numpy.max``)."""
    return _extreme(ops.max, a, axis, keepdims, initial, where)


def min(a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True) -> Tensor:
    """Return the smallest entry (``numpy.min``)."""
    return _extreme(ops.min, a, axis, keepdims, initial, where)


def cumsum(a: Any, axis: Any = None, dtype: Any = None) -> Tensor:
    """Compute the running sum, small whole numbers in 32 bits (``numpy.cumsum``)."""
    return _running(ops.cumsum, a, axis, dtype)


def cumprod(a: Any, axis: Any = None, dtype: Any = None) -> Tensor:
    """Compute the running product, small whole numbers in 32 bits (``numpy.cumprod``)."""
    return _running(ops.cumprod, a, axis, dtype)


def nancumsum(a: Any, axis: Any = None, dtype: Any = None) -> Tensor:
    """Compute the running sum, nan as 0 (``numpy.nancumsum``)."""
    return _running(ops.nancumsum, a, axis, dtype)


def nancumprod(a: Any, axis: Any = None, dtype: Any = None) -> Tensor:
    """Compute the running product, nan as 1 (``numpy.nancumprod``)."""
    return _running(ops.nancumprod, a, axis, dtype)


def _running(run: Reduction, a: Any, axis: Any, dtype: Any) -> Tensor:
    x = as_tensor(a).cast_weak()
    return run(x, axis=axis, dtype=dtype or array_api.accumulator_dtype(x.dtype))


# ---- means and variances


def mean(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, where: Any = True) -> Tensor:
    """Compute the mean (``numpy.mean``)."""
    x = to_dtype(a, dtype)
    if where is True:
        return to_dtype(ops.mean(x, axis=axis, keepdims=keepdims), dtype)
    total = ops.sum(_select(x, where, 0), axis=axis, keepdims=keepdims)
    return to_dtype(total / _count(x, axis, keepdims, where), dtype)


def var(
    a: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: bool = False, where: Any = True,
    mean: Any = None, correction: Any = None,
) -> Tensor:  # fmt: skip
    """Compute the variance (``numpy.var``)."""
    return _variance(a, axis, dtype, ddof, keepdims, where, mean, correction, False)


def std(
    a: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: bool = False, where: Any = True,
    mean: Any = None, correction: Any = None,
) -> Tensor:  # fmt: skip
    """Compute the standard deviation (``numpy.std``)."""
    return _variance(a, axis, dtype, ddof, keepdims, where, mean, correction, True)


def _variance(
    a: Any, axis: Any, dtype: Any, ddof: Any, keepdims: bool, where: Any, mean_: Any, correction: Any, root: bool
) -> Tensor:
    x = to_dtype(a, dtype)
    ddof = _degrees(ddof, correction)
    if where is True and mean_ is None and size_of(x, axis) > ddof and x.dtype.kind != "c":
        record = ops.std if root else ops.var
        return to_dtype(record(x, axis=axis, keepdims=keepdims, ddof=ddof), dtype)
    center = mean(x, axis, None, True, where) if mean_ is None else as_tensor(mean_)
    squares = _squared_size(x - center)
    count = ops.maximum(_count(x, axis, keepdims, where) - ddof, 0)
    variance = ops.sum(_select(squares, where, 0), axis=axis, keepdims=keepdims) / count
    return to_dtype(_root(variance) if root else variance, dtype)


def _squared_size(x: Tensor) -> Tensor:
    return ops.square(x) if x.dtype.kind != "c" else array_api.real(x * array_api.conj(x))


def _root(variance: Tensor) -> Tensor:
    """Compute the square root, with slope 0 at 0, as `ops.std` has it."""
    is_zero = ops.equal(variance, 0)
    return ops.where(is_zero, 0, ops.sqrt(ops.where(is_zero, 1, variance)))


def _degrees(ddof: Any, correction: Any) -> Any:
    """Return the number that is subtracted from the count."""
    if correction is None:
        return ddof
    if ddof != 0:
        passed = f"ddof={ddof} and correction={correction}"
        raise ValueProblem(passed, "one of them: they are two names of one number", "leave one out")
    return correction


def size_of(x: Tensor, axis: Any) -> int:
    """Return the number of entries that are reduced to one."""
    axes = range(x.ndim) if axis is None else (axis if isinstance(axis, tuple | list) else (axis,))
    return math.prod(x.shape[i] or 1 if x.shape[i] is None else x.shape[i] for i in axes)


def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, keepdims: bool = False) -> Any:
    """Compute the weighted mean, and with `returned` the sum of the weights (``numpy.average``)."""
    x = as_tensor(a)
    if weights is None:
        result = ops.mean(x, axis=axis, keepdims=keepdims)
        scale: Any = ops.full_like(result, size_of(x, axis))
    else:
        w = _spread(as_tensor(weights).cast_weak(), x, axis)
        weighted = x * w
        total = ops.sum(weighted, axis=axis, keepdims=keepdims)
        scale = ops.sum(ops.broadcast_to(ops.cast(w, weighted.dtype), x.shape), axis=axis, keepdims=keepdims)
        result = total / scale
        scale = ops.cast(scale, result.dtype)
    return (result, scale) if returned else result


def _spread(weights: Tensor, x: Tensor, axis: Any) -> Tensor:
    """Return weights of some axes of x with as many axes as x."""
    if weights.shape == x.shape or axis is None:
        return weights
    axes = [i % x.ndim for i in (axis if isinstance(axis, tuple | list) else (axis,))]
    ordered = ops.transpose(weights, [axes.index(i) for i in sorted(axes)])
    return ops.reshape(ordered, [x.shape[i] if i in axes else 1 for i in range(x.ndim)])


# ---- with nan left out


def _numbers(x: Tensor, where: Any) -> Any:
    """Return where the entries are numbers and count."""
    if not x.spec.floating:
        return where
    is_number = ops.logical_not(ops.isnan(x))
    return is_number if where is True else ops.logical_and(is_number, where)


def nansum(
    a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Tensor:
    """Sum the numbers (``numpy.nansum``)."""
    return sum(a, axis, dtype, keepdims, initial, _numbers(as_tensor(a), where))


def nanprod(
    a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Tensor:
    """Multiply the numbers (``numpy.nanprod``)."""
    return prod(a, axis, dtype, keepdims, initial, _numbers(as_tensor(a), where))


def _nan_extreme(
    plain: Reduction, of_numbers: Reduction, a: Any, axis: Any, keepdims: bool, initial: Any, where: Any
) -> Tensor:
    x = as_tensor(a)
    if initial is None and where is True:
        return of_numbers(x, axis=axis, keepdims=keepdims)
    if initial is None or not x.spec.floating:
        return plain(x, axis, keepdims, initial, where)
    return plain(x, axis, keepdims, initial, _numbers(x, where))


def nanmax(a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True) -> Tensor:
    """Return the largest number (``numpy.nanmax``)."""
    return _nan_extreme(max, ops.nanmax, a, axis, keepdims, initial, where)


def nanmin(a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True) -> Tensor:
    """Return the smallest number (``numpy.nanmin``)."""
    return _nan_extreme(min, ops.nanmin, a, axis, keepdims, initial, where)


def nanmean(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, where: Any = True) -> Tensor:
    """Compute the mean of the numbers (``numpy.nanmean``)."""
    return mean(a, axis, dtype, keepdims, _numbers(as_tensor(a), where))


def nanvar(
    a: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: bool = False, where: Any = True,
    mean: Any = None, correction: Any = None,
) -> Tensor:  # fmt: skip
    """Compute the variance of the numbers (``numpy.nanvar``)."""
    return _nan_variance(a, axis, dtype, ddof, keepdims, where, mean, correction, False)


def nanstd(
    a: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: bool = False, where: Any = True,
    mean: Any = None, correction: Any = None,
) -> Tensor:  # fmt: skip
    """Compute the standard deviation of the numbers (``numpy.nanstd``)."""
    return _nan_variance(a, axis, dtype, ddof, keepdims, where, mean, correction, True)


def _nan_variance(
    a: Any, axis: Any, dtype: Any, ddof: Any, keepdims: bool, where: Any, mean_: Any, correction: Any, root: bool
) -> Tensor:
    x = as_tensor(a)
    if not x.spec.floating:
        return _variance(x, axis, dtype, ddof, keepdims, where, mean_, correction, root)
    numbers = _numbers(x, where)
    result = _variance(x, axis, dtype, ddof, keepdims, numbers, mean_, correction, root)
    enough = _count(x, axis, keepdims, numbers) > _degrees(ddof, correction)
    return ops.where(enough, result, math.nan)
