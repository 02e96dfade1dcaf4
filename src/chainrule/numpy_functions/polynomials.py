"""Convolution and polynomials: vectors of coefficients, the highest power first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import array_api, ops
from ..core.errors import ShapeError, ValueProblem
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from .linear import lstsq


def convolve(a: Any, v: Any, mode: str = "full") -> Tensor:
    """Convolve two vectors (``numpy.convolve``)."""
    x, kernel = as_tensor(a), as_tensor(v)
    if x.ndim == kernel.ndim == 1 and kernel.size > x.size:
        x, kernel = kernel, x
    return ops.correlate(ops.reshape(x, (-1,)) if not x.ndim else x, ops.flip(ops.reshape(kernel, (-1,))), mode)


def polyval(p: Any, x: Any) -> Tensor:
    """Compute a polynomial by Horner's rule (``numpy.polyval``)."""
    coefficients, at = as_tensor(p).cast_weak(), as_tensor(x).cast_weak()
    result: Tensor = ops.zeros_like(at)
    for i in range(coefficients.shape[0]):
        result = result * at + coefficients[i]
    return result


def _added(a1: Any, a2: Any, add: Callable[..., Tensor]) -> Tensor:
    a, b = (ops.reshape(v, (-1,)) for v in (a1, a2))
    n = max(a.shape[0], b.shape[0])
    a, b = (ops.concatenate([ops.zeros((n - v.shape[0],), v.dtype), v]) if v.shape[0] < n else v for v in (a, b))
    return add(a, b)


def polyadd(a1: Any, a2: Any) -> Tensor:
    """Add polynomials (``numpy.polyadd``)."""
    return _added(a1, a2, ops.add)


def polysub(a1: Any, a2: Any) -> Tensor:
    """Subtract polynomials (``numpy.polysub``)."""
    return _added(a1, a2, ops.subtract)


def _without_leading_zeros(p: Any) -> Tensor:
    """Return a polynomial from its first coefficient that is not 0 on; at least one coefficient."""
    row = ops.reshape(p, (-1,))
    nonzero = np.flatnonzero(row.numpy())
    if not row.shape[0]:
        return ops.zeros((1,), row.dtype)
    return row[int(nonzero[0]) if nonzero.size else row.shape[0] - 1 :]


def polymul(a1: Any, a2: Any) -> Tensor:
    """Multiply polynomials (``numpy.polymul``)."""
    return convolve(_without_leading_zeros(a1), _without_leading_zeros(a2))


def polydiv(u: Any, v: Any) -> tuple[Tensor, Tensor]:
    """Divide polynomials, and return quotient and remainder (``numpy.polydiv``)."""
    rest, divisor = ops.reshape(u, (-1,)) * 1.0, ops.reshape(v, (-1,)) * 1.0
    rest = rest.cast_to(array_api.result_type(rest, divisor))
    n = divisor.shape[0]
    steps = rest.shape[0] - n + 1
    quotient = []
    for k in range(max(steps, 0)):
        factor = rest[k] / divisor[0]
        quotient.append(factor)
        taken = ops.concatenate([ops.zeros((k,), rest.dtype), factor * divisor])
        rest = rest - ops.pad(taken, ((0, rest.shape[0] - k - n),))
    size = rest.shape[0]
    start = 0
    while start < size - 1 and np.allclose(rest[start].numpy(), 0, rtol=1e-14):
        start += 1
    return ops.stack(quotient) if quotient else ops.zeros((1,), rest.dtype), rest[start:]


def polyder(p: Any, m: int = 1) -> Tensor:
    """Return the m-th derivative (``numpy.polyder``)."""
    if m < 0:
        raise ValueProblem(f"m={m}", "a whole number from 0 up", "use polyint for integrals")
    coefficients = ops.reshape(p, (-1,))
    for _ in range(m):
        n = coefficients.shape[0]
        coefficients = coefficients[:-1] * np.arange(n - 1, 0, -1, dtype=np.int32) if n else coefficients
    return coefficients


def polyint(p: Any, m: int = 1, k: Any = None) -> Tensor:
    """Return the m-th integral, with the constants k (``numpy.polyint``)."""
    if m < 0:
        raise ValueProblem(f"m={m}", "a whole number from 0 up", "use polyder for derivatives")
    constants = ops.reshape(0.0 if k is None else k, (-1,))
    if constants.shape[0] not in (1, m) and m:
        raise ShapeError(f"{constants.shape[0]} constants for {m} integrals", "one, or one for each", "pass as many")
    coefficients = ops.reshape(p, (-1,))
    for i in range(m):
        n = coefficients.shape[0]
        powers = np.arange(n, 0, -1, dtype=np.int32)
        own = constants[i : i + 1] if constants.shape[0] > 1 else constants
        coefficients = ops.concatenate([coefficients / powers, own])
    return coefficients


def poly(seq_of_zeros: Any) -> Tensor:
    """Return the polynomial with these zeros (``numpy.poly``)."""
    zeros = as_tensor(seq_of_zeros)
    if zeros.ndim > 1:
        passed = f"zeros of shape {zeros.shape}"
        raise ShapeError(passed, "a vector; a matrix's polynomial needs its eigenvalues", "pass them, by eigvalsh")
    zeros = ops.reshape(zeros, (-1,)) * 1.0
    result = ops.ones((1,), zeros.dtype)
    for i in range(zeros.shape[0]):
        result = convolve(result, ops.stack([ops.ones_like(zeros[i]), -zeros[i]]))
    return result


def polyfit(x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    """Fit a polynomial by least squares, with weights w of the residuals (``numpy.polyfit``).

    With `full` also the squared residuals, the rank, singular values and `rcond`; with `cov` the coefficients'
    covariances.
    """
    at, values = as_tensor(x) * 1.0, as_tensor(y) * 1.0
    if at.ndim != 1 or values.ndim not in (1, 2) or at.shape[0] != values.shape[0] or not at.size:
        passed = f"x of shape {at.shape} and y of shape {values.shape}"
        raise ShapeError(passed, "(n,) and (n,) or (n, columns), n from 1 up", "pass as many of each")
    dtype = array_api.result_type(at, values)
    powers, values = ops.vander(at.cast_to(dtype), deg + 1), values.cast_to(dtype)
    if w is not None:
        weights = as_tensor(w)
        powers = powers * ops.expand_dims(weights, 1)
        values = values * (weights if values.ndim == 1 else ops.expand_dims(weights, 1))
    scale = ops.sqrt(ops.sum(powers * powers, axis=0))
    rcond = at.shape[0] * float(np.finfo(at.dtype).eps) if rcond is None else rcond
    scaled, residuals, rank, singular_values = lstsq(powers / scale, values, rcond)
    solution = ops.transpose(ops.transpose(scaled) / scale)
    if full:
        return solution, residuals, rank, singular_values, rcond
    return (solution, _covariance(powers, scale, residuals, cov, values.ndim)) if cov else solution


def _covariance(powers: Tensor, scale: Tensor, residuals: Tensor, cov: Any, rank: int) -> Tensor:
    """Return the covariances of fitted coefficients: times the residuals' variance, unless `cov` is "unscaled"."""
    scaled = powers / scale
    inverse = ops.inv(ops.matmul(ops.transpose(scaled), scaled)) / ops.outer(scale, scale)
    inverse = inverse if rank == 1 else ops.expand_dims(inverse, 2)
    if isinstance(cov, str) and cov == "unscaled":
        return inverse
    rows, columns = powers.shape
    if rows <= columns:
        passed = f"{rows} points for the covariances of {columns} coefficients"
        raise ValueProblem(passed, "more points than coefficients", "pass cov='unscaled', or more points")
    return inverse * (residuals / (rows - columns))
