"""Sorts and quantiles, with NumPy's arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..core import arguments
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable
from .choices import values_of
from .reductions import Reduction, size_of


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


# of the methods that interpolate everywhere, the parameters of R. Hyndman and Y. Fan, "Sample quantiles in statistical
# packages" (American Statistician, 1996): the position among n entries is n q + alpha + q (1 - alpha - beta), from 1 up
_ALPHA_BETA = {
    "interpolated_inverted_cdf": (0.0, 1.0), "hazen": (0.5, 0.5), "weibull": (0.0, 0.0),
    "median_unbiased": (1 / 3, 1 / 3), "normal_unbiased": (3 / 8, 3 / 8),
}  # fmt: skip
_STEPS = ("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "nearest")
_ENTRIES = ("lower", "higher", "nearest", "inverted_cdf", "closest_observation")  # their results are entries


def quantile(a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the value that a share of the entries does not exceed (``numpy.quantile``)."""
    return _quantile(ops.quantile, 1.0, a, q, axis, method, keepdims)


def percentile(a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the value that a percentage of the entries does not exceed (``numpy.percentile``)."""
    return _quantile(ops.percentile, 100.0, a, q, axis, method, keepdims)


def nanquantile(a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the value that a share of the numbers does not exceed (``numpy.nanquantile``)."""
    return _nan_quantile(ops.nanquantile, a, q, axis, method, keepdims)


def nanpercentile(a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the value that a percentage of the numbers does not exceed (``numpy.nanpercentile``)."""
    return _nan_quantile(ops.nanpercentile, a, q, axis, method, keepdims)


def _quantile(choose: Reduction, upper: float, a: Any, q: Any, axis: Any, method: str, keepdims: bool) -> Tensor:
    """Compute quantiles with `q` from 0 to `upper`, by any of NumPy's methods."""
    x, share = as_tensor(a), _share(q)
    n = size_of(x, axis)
    if method in _ALPHA_BETA:
        alpha, beta = _ALPHA_BETA[method]
        share = share / upper
        share = _at_position(n * share + alpha + share * (1 - alpha - beta) - 1, n, upper)
    elif method in _STEPS:
        share = _at_position(_step(values_of(share) / upper, n, method), n, upper)
    elif method not in ("linear", "lower", "higher", "midpoint"):
        arguments.one_of(("linear", "lower", "higher", "midpoint", *_ALPHA_BETA, *_STEPS), method=method)
    interpolation = method if method in ("lower", "higher", "midpoint") else "linear"
    return _chosen(choose, x, share, axis, interpolation, keepdims, method in _ENTRIES)


def _share(q: Any) -> Any:
    """Return q as a tensor, or as an array of float64: a list would be rounded to floatx."""
    return as_tensor(q) if isinstance(q, Tensor | Variable) else np.asarray(q, float)


def _at_position(position: Any, n: int, upper: float) -> Any:
    """Return the q, from 0 to `upper`, with which linear interpolation takes this position of n, from 0 up."""
    clip = ops.clip if isinstance(position, Tensor) else np.clip
    return clip(position * (upper / max(n - 1, 1)), 0.0, upper if n > 1 else 0.0)


def _step(share: Any, n: int, method: str) -> Any:
    """Return the position, from 0 up, of the methods whose position jumps."""
    if method == "nearest":
        return np.rint(share * (n - 1))
    position = n * share - (1.5 if method == "closest_observation" else 1.0)
    below = np.floor(position)
    if method == "averaged_inverted_cdf":
        return np.where(position == below, below + 0.5, below + 1)
    stays = position == below if method == "inverted_cdf" else (position == below) & (below % 2 == 1)
    return np.where(stays, below, below + 1)


def _chosen(choose: Reduction, x: Tensor, share: Any, axis: Any, method: str, keepdims: bool, is_entry: bool) -> Tensor:
    """Compute quantiles at shares of any shape; an entry of whole numbers is returned as such."""
    flat = ops.ravel(share) if share.ndim > 1 else share
    whole = is_entry and not x.spec.floating
    result = choose(ops.cast(x, "float64") if whole else x, flat, axis=axis, method=method, keepdims=keepdims)
    if share.ndim > 1:
        result = ops.reshape(result, (*share.shape, *result.shape[1:]))
    return ops.cast(ops.round(result), x.dtype) if whole else result


def _nan_quantile(choose: Reduction, a: Any, q: Any, axis: Any, method: str, keepdims: bool) -> Tensor:
    """Compute quantiles of numbers; those of no entries are nan, as NumPy's are."""
    x, share = as_tensor(a), _share(q)
    if all(n != 0 for n in x.shape):
        return _chosen(choose, x, share, axis, method, keepdims, method in _ENTRIES)
    mean = ops.mean(x, axis=axis, keepdims=keepdims)
    return ops.full((*share.shape, *mean.shape), math.nan, mean.dtype)


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
