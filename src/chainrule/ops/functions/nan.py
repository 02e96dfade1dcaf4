"""Reductions that pass over nan: as if those entries were not there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...tensors.tensor import Tensor, as_tensor
from .. import elementwise
from .. import reduction as reductions
from ..record import freeze
from .counting import quantiles
from .creation import cast
from .indexing import where
from .reduction import cumprod, cumsum, max, min


def _filled(x: Any, value: float) -> Tensor:
    """x with `value` in the place of nan."""
    x = as_tensor(x)
    return where(elementwise.isnan(x), value, x) if x.spec.floating else x


def _count(x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """How many entries are numbers, in x's dtype (floatx for whole numbers)."""
    there = elementwise.logical_not(elementwise.isnan(x))
    return reductions.sum(cast(there, (x * 1.0).dtype), axis=axis, keepdims=keepdims)


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The sum of the numbers among the entries (``keras.ops.nansum``).

    >>> ops.nansum([1.0, float("nan"), 2.0])
    tensor(3.0)
    """
    return reductions.sum(_filled(x, 0.0), axis=freeze(axis), keepdims=keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The product of the numbers among the entries (``keras.ops.nanprod``).

    >>> ops.nanprod([3.0, float("nan"), 2.0])
    tensor(6.0)
    """
    return reductions.prod(_filled(x, 1.0), axis=freeze(axis), keepdims=keepdims)


def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running sum, nan counting as 0 (``keras.ops.nancumsum``).

    >>> ops.nancumsum([1.0, float("nan"), 2.0])
    tensor([1., 1., 3.])
    """
    return cumsum(_filled(x, 0.0), axis, dtype)


def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running product, nan counting as 1 (``keras.ops.nancumprod``).

    >>> ops.nancumprod([3.0, float("nan"), 2.0])
    tensor([3., 3., 6.])
    """
    return cumprod(_filled(x, 1.0), axis, dtype)


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The largest number among the entries, nan if there is none (``keras.ops.nanmax``).

    >>> ops.nanmax([1.0, float("nan"), 2.0])
    tensor(2.0)
    """
    return _extreme(max, -math.inf, as_tensor(x), freeze(axis), keepdims)


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The smallest number among the entries, nan if there is none (``keras.ops.nanmin``).

    >>> ops.nanmin([1.0, float("nan"), 2.0])
    tensor(1.0)
    """
    return _extreme(min, math.inf, as_tensor(x), freeze(axis), keepdims)


def _extreme(choose: Any, worst: float, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    found: Tensor = choose(_filled(x, worst), axis, keepdims)
    return where(_none(x, axis, keepdims), math.nan, found) if x.spec.floating else found


def _none(x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """Where every entry is nan."""
    return reductions.all(elementwise.isnan(x), axis=axis, keepdims=keepdims)


def nanargmax(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The index of the largest number, -1 if there is none, as int32 (``keras.ops.nanargmax``).

    >>> ops.nanargmax([1.0, float("nan"), 2.0])
    tensor(2, dtype=int32)
    """
    return _place(reductions.argmax, -math.inf, as_tensor(x), axis, keepdims)


def nanargmin(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The index of the smallest number, -1 if there is none, as int32 (``keras.ops.nanargmin``).

    >>> ops.nanargmin([1.0, float("nan"), 2.0])
    tensor(0, dtype=int32)
    """
    return _place(reductions.argmin, math.inf, as_tensor(x), axis, keepdims)


def _place(choose: Any, worst: float, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    found: Tensor = choose(_filled(x, worst), axis=axis, keepdims=keepdims)
    return where(_none(x, axis, keepdims), np.int32(-1), found) if x.spec.floating else found


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The mean of the numbers among the entries, nan if there is none (``keras.ops.nanmean``).

    >>> ops.nanmean([1.0, float("nan"), 2.0])
    tensor(1.5)
    """
    x, axis = as_tensor(x), freeze(axis)
    return nansum(x, axis, keepdims) / _count(x, axis, keepdims)


def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The variance of the numbers among the entries, nan if there is none (``keras.ops.nanvar``).

    >>> ops.nanvar([1.0, float("nan"), 3.0])
    tensor(1.0)
    """
    x, axis = as_tensor(x), freeze(axis)
    centred = x - nanmean(x, axis, True)
    apart = where(elementwise.isnan(x), 0.0, centred)
    return reductions.sum(apart * apart, axis=axis, keepdims=keepdims) / _count(x, axis, keepdims)


def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The standard deviation of the numbers among the entries (``keras.ops.nanstd``).

    >>> ops.nanstd([1.0, float("nan"), 3.0])
    tensor(1.0)
    """
    return elementwise.sqrt(nanvar(x, axis, keepdims))


def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`quantile` of the numbers among the entries, nan if there is none (``keras.ops.nanquantile``).

    >>> ops.nanquantile([1.0, float("nan"), 3.0], 0.5)
    tensor(2.0)
    """
    return quantiles(x, q, axis, method, keepdims, passing_nan=True)


def nanpercentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`percentile` of the numbers among the entries, nan if there is none (``keras.ops.nanpercentile``).

    >>> ops.nanpercentile([1.0, float("nan"), 3.0], 50)
    tensor(2.0)
    """
    return quantiles(x, q, axis, method, keepdims, whole=100.0, passing_nan=True)


def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """`median` of the numbers among the entries, nan if there is none (``keras.ops.nanmedian``).

    >>> ops.nanmedian([1.0, float("nan"), 3.0])
    tensor(2.0)
    """
    return nanquantile(x, 0.5, axis, "linear", keepdims)
