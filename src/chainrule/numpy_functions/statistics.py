"""Covariances, correlations and histograms, with NumPy's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import array_api, ops
from ..core.errors import ShapeError
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from .reductions import to_dtype


def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, fweights: Any = None,
    aweights: Any = None, dtype: Any = None,
) -> Tensor:  # fmt: skip
    """Compute the covariances of rows, or of columns (``numpy.cov``)."""
    rows = _as_rows(m, rowvar, dtype)
    if y is not None:
        rows = ops.concatenate([rows, _as_rows(y, rowvar, dtype)], axis=0)
    ddof = (0 if bias else 1) if ddof is None else ddof
    weights = [as_tensor(w).cast_weak() for w in (fweights, aweights) if w is not None]
    rows = rows.cast_to(array_api.result_type(rows, *weights))
    weights = [w.cast_to(rows.dtype) for w in weights]
    w = weights[0] * weights[1] if len(weights) == 2 else weights[0] if weights else None
    if w is None:
        centered: Any = rows - ops.mean(rows, axis=1, keepdims=True)
        weighted, scale = centered, rows.shape[1] - ddof
    else:
        total = ops.sum(w)
        centered = rows - ops.sum(rows * w, axis=1, keepdims=True) / total
        weighted = centered * w
        scale = total - (ddof if aweights is None else ddof * ops.sum(w * weights[-1]) / total)
    covariances = ops.matmul(weighted, ops.transpose(centered)) / ops.maximum(scale, 0)
    return to_dtype(ops.squeeze(covariances), dtype)


def _as_rows(m: Any, rowvar: bool, dtype: Any) -> Tensor:
    """Return observations as a matrix with a variable in each row."""
    x = to_dtype(m, dtype)
    if x.ndim > 2:
        raise ShapeError(f"observations of shape {x.shape}", "one axis or two", "reshape them")
    x = ops.reshape(x, (1, -1)) if x.ndim < 2 else x if rowvar else ops.transpose(x)
    return x if x.spec.floating else x * 1.0


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, dtype: Any = None) -> Tensor:
    """Compute the correlations of rows, or of columns (``numpy.corrcoef``)."""
    if y is None and rowvar and dtype is None and as_tensor(x).ndim == 2 and x.shape[0] != 1:
        return ops.corrcoef(x)
    covariances = cov(x, y, rowvar, dtype=dtype)
    if not covariances.ndim:
        return covariances / covariances
    deviations = ops.sqrt(ops.diagonal(covariances))
    return ops.clip(covariances / ops.expand_dims(deviations, 1) / deviations, -1.0, 1.0)


def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """Count the entries of each bin, or sum their weights, which gradients reach (``numpy.histogram``)."""
    row = ops.ravel(a)
    edges = histogram_bin_edges(row, bins, range, weights)
    if weights is None:
        counts, edges = ops.histogram(row, edges)
        counts = ops.cast(counts, "int32")
    else:
        below = ops.cast(ops.less(ops.expand_dims(row, 1), edges), (as_tensor(weights) * 1.0).dtype)
        within = ops.cast(ops.less_equal(row, edges[-1]), below.dtype)
        upto = ops.concatenate([below[:, :-1], ops.expand_dims(within, 1)], axis=1)
        counts = ops.sum((upto[:, 1:] - upto[:, :-1]) * ops.expand_dims(ops.ravel(weights), 1), axis=0)
    return (counts / ops.diff(edges) / ops.sum(counts), edges) if density else (counts, edges)


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Tensor:
    """Return the edges of a histogram's bins; they follow the data's ends (``numpy.histogram_bin_edges``)."""
    row = ops.ravel(a)
    if isinstance(bins, str):  # a rule that gives their number
        bins = len(np.histogram_bin_edges(row.numpy(), bins, range)) - 1
    return ops.histogram(row, bins, range)[1]
