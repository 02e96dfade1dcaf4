"""Sorts and quantiles, with NumPy's arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable
from .reductions import Reduction


def sort(a: Any, axis: Any = -1) -> Tensor:
    """Sort along an axis, or the flattened tensor (``numpy.sort``)."""
    return ops.sort(ops.ravel(a)) if axis is None else ops.sort(a, axis=axis)


def argsort(a: Any, axis: Any = -1) -> Tensor:
    """Return the indices that sort (``numpy.argsort``)."""
    return ops.argsort(ops.ravel(a)) if axis is None else ops.argsort(a, axis=axis)


def partition(a: Any, kth: Any, axis: Any = -1) -> Tensor:
    """Sort, by which every position is that of its order (``numpy.partition``)."""
    argpartition(a, kth, axis)
    return sort(a, axis)


def argpartition(a: Any, kth: Any, axis: Any = -1) -> Tensor:
    """Return the indices that sort (``numpy.argpartition``)."""
    order = argsort(a, axis)
    for k in np.atleast_1d(kth).tolist():
        order = ops.argpartition(a, k, axis)
    return order


def lexsort(keys: Any, axis: int = -1) -> Tensor:
    """Return the indices that sort by several keys, the last one first (``numpy.lexsort``)."""
    rows = [as_tensor(key) for key in keys]
    order = ops.argsort(rows[0], axis=axis)
    for row in rows[1:]:
        within = ops.argsort(ops.take_along_axis(row, order, axis=axis), axis=axis)
        order = ops.take_along_axis(order, within, axis=axis)
    return order


# ---- quantiles


def quantile(a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the value that a share of the entries does not exceed (``numpy.quantile``)."""
    return _quantile(ops.quantile, a, q, axis, method, keepdims)


def percentile(a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the value that a percentage of the entries does not exceed (``numpy.percentile``)."""
    return _quantile(ops.percentile, a, q, axis, method, keepdims)


def nanquantile(a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the value that a share of the numbers does not exceed (``numpy.nanquantile``)."""
    return _nan_quantile(ops.nanquantile, a, q, axis, method, keepdims)


def nanpercentile(a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the value that a percentage of the numbers does not exceed (``numpy.nanpercentile``)."""
    return _nan_quantile(ops.nanpercentile, a, q, axis, method, keepdims)


def _nan_quantile(choose: Reduction, a: Any, q: Any, axis: Any, method: str, keepdims: bool) -> Tensor:
    """Compute quantiles of numbers; those of no entries are nan, as NumPy's are."""
    x = as_tensor(a)
    if all(n != 0 for n in x.shape):
        return _quantile(choose, x, q, axis, method, keepdims)
    mean = ops.mean(x, axis=axis, keepdims=keepdims)
    return ops.full((*np.shape(q), *mean.shape), math.nan, mean.dtype)


def _quantile(choose: Reduction, a: Any, q: Any, axis: Any, method: str, keepdims: bool) -> Tensor:
    """Compute quantiles; an entry of whole numbers is returned as such."""
    x = as_tensor(a)
    share = q if isinstance(q, Tensor | Variable) else np.asarray(q, float)  # a list would be rounded to floatx
    if x.spec.floating or method not in ("lower", "higher", "nearest"):
        return choose(x, share, axis=axis, method=method, keepdims=keepdims)
    entry = choose(ops.cast(x, "float64"), share, axis=axis, method=method, keepdims=keepdims)
    return ops.cast(entry, x.dtype)


def median(a: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the middle entry (``numpy.median``)."""
    return _of_axes(ops.median, a, axis, keepdims)


def nanmedian(a: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the number in the middle (``numpy.nanmedian``)."""
    return _of_axes(ops.nanmedian, a, axis, keepdims)


def _of_axes(reduce: Reduction, a: Any, axis: Any, keepdims: bool) -> Tensor:
    """Reduce; an empty tensor gives nan, as NumPy's does."""
    x = as_tensor(a)
    if all(n != 0 for n in x.shape):
        return reduce(x, axis=axis, keepdims=keepdims)
    empty = ops.mean(x, axis=axis, keepdims=keepdims)
    return ops.full_like(empty, math.nan)
