"""Reductions that ignore nan."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import comparison
from .. import reduction as reductions
from ..record import freeze, namespace
from ..rules import in_float32
from .counting import quantiles
from .creation import cast
from .indexing import where
from .reduction import cumprod, cumsum, max, min


def _replace_nan(x: Any, value: float) -> Tensor:
    """Replace nan in x by `value`."""
    x = as_tensor(x)
    return where(comparison.isnan(x), value, x) if x.spec.floating else x


def _count_numbers(x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """Count the entries that are numbers, in x's dtype (floatx for whole numbers)."""
    is_number = comparison.logical_not(comparison.isnan(x))
    return reductions.sum(cast(is_number, (x * 1.0).dtype), axis=axis, keepdims=keepdims)


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Sum the entries that are not nan (``keras.ops.nansum``).

    >>> ops.nansum([1.0, float("nan"), 2.0])
    tensor(3.0)
    """
    return reductions.sum(_replace_nan(x, 0.0), axis=freeze(axis), keepdims=keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Multiply the entries that are not nan (``keras.ops.nanprod``).

    >>> ops.nanprod([3.0, float("nan"), 2.0])
    tensor(6.0)
    """
    return reductions.prod(_replace_nan(x, 1.0), axis=freeze(axis), keepdims=keepdims)


def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Compute the running sum, counting nan as 0 (``keras.ops.nancumsum``).

    >>> ops.nancumsum([1.0, float("nan"), 2.0])
    tensor([1., 1., 3.])
    """
    return cumsum(_replace_nan(x, 0.0), axis, dtype)


def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Compute the running product, counting nan as 1 (``keras.ops.nancumprod``).

    >>> ops.nancumprod([3.0, float("nan"), 2.0])
    tensor([3., 3., 6.])
    """
    return cumprod(_replace_nan(x, 1.0), axis, dtype)


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the largest entry that is not nan; nan if there is none (``keras.ops.nanmax``).

    >>> ops.nanmax([1.0, float("nan"), 2.0])
    tensor(2.0)
    """
    return _extreme(max, -math.inf, as_tensor(x), freeze(axis), keepdims)


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the smallest entry that is not nan; nan if there is none (``keras.ops.nanmin``).

    >>> ops.nanmin([1.0, float("nan"), 2.0])
    tensor(1.0)
    """
    return _extreme(min, math.inf, as_tensor(x), freeze(axis), keepdims)


def _extreme(choose: Callable[..., Tensor], worst: float, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    extreme = choose(_replace_nan(x, worst), axis, keepdims)
    return where(_all_nan(x, axis, keepdims), math.nan, extreme) if x.spec.floating else extreme


def _all_nan(x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """Return where all entries are nan."""
    return reductions.all(comparison.isnan(x), axis=axis, keepdims=keepdims)


def nanargmax(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the index of the largest number, -1 if there is none, as int32 (``keras.ops.nanargmax``).

    >>> ops.nanargmax([1.0, float("nan"), 2.0])
    tensor(2, dtype=int32)
    """
    return _index_of_extreme(reductions.argmax, -math.inf, as_tensor(x), axis, keepdims)


def nanargmin(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the index of the smallest number, -1 if there is none, as int32 (``keras.ops.nanargmin``).

    >>> ops.nanargmin([1.0, float("nan"), 2.0])
    tensor(0, dtype=int32)
    """
    return _index_of_extreme(reductions.argmin, math.inf, as_tensor(x), axis, keepdims)


def _index_of_extreme(choose: Callable[..., Tensor], worst: float, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    index = choose(_replace_nan(x, worst), axis=axis, keepdims=keepdims)
    return where(_all_nan(x, axis, keepdims), np.int32(-1), index) if x.spec.floating else index


@in_float32
def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Compute the mean of the entries that are not nan; nan if there is none (``keras.ops.nanmean``).

    >>> ops.nanmean([1.0, float("nan"), 2.0])
    tensor(1.5)
    """
    x, axis = as_tensor(x), freeze(axis)
    return nansum(x, axis, keepdims) / _count_numbers(x, axis, keepdims)


@in_float32
def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Compute the variance of the entries that are not nan; nan if there is none (``keras.ops.nanvar``).

    >>> ops.nanvar([1.0, float("nan"), 3.0])
    tensor(1.0)
    """
    x, axis = as_tensor(x), freeze(axis)
    centered = x - nanmean(x, axis, True)
    deviation = where(comparison.isnan(x), 0.0, centered)
    return reductions.sum(deviation * deviation, axis=axis, keepdims=keepdims) / _count_numbers(x, axis, keepdims)


@in_float32
def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Compute the standard deviation of the entries that are not nan (``keras.ops.nanstd``).

    >>> ops.nanstd([1.0, float("nan"), 3.0])
    tensor(1.0)
    """
    return reductions.root(namespace(), nanvar(x, axis, keepdims))


def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Compute `quantile` of the entries that are not nan; nan if there is none (``keras.ops.nanquantile``).

    >>> ops.nanquantile([1.0, float("nan"), 3.0], 0.5)
    tensor(2.0)
    """
    return quantiles(x, q, axis, method, keepdims, ignore_nan=True)


def nanpercentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Compute `percentile` of the entries that are not nan; nan if there is none (``keras.ops.nanpercentile``).

    >>> ops.nanpercentile([1.0, float("nan"), 3.0], 50)
    tensor(2.0)
    """
    return quantiles(x, q, axis, method, keepdims, upper=100.0, ignore_nan=True)


def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Compute `median` of the entries that are not nan; nan if there is none (``keras.ops.nanmedian``).

    >>> ops.nanmedian([1.0, float("nan"), 3.0])
    tensor(2.0)
    """
    return nanquantile(x, 0.5, axis, "linear", keepdims)
