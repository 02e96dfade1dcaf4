"""Statistics, interpolation, differences, convolutions and polynomials, with NumPy's arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import array_api, ops
from ..core.errors import ShapeError, ValueProblem
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from .choices import by_values
from .reductions import to_dtype

# ---- statistics


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


# ---- differences and integrals


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    """Compute differences of neighbours (``numpy.diff``)."""
    x = as_tensor(a)
    if n < 0:
        raise ValueProblem(f"n={n}", "a whole number from 0 up", "pass n=1")
    if n == 0:
        return x
    shape = [1 if i == axis % x.ndim else size for i, size in enumerate(x.shape)]
    first, last = (
        v if v is None or as_tensor(v).ndim else ops.broadcast_to(as_tensor(v).cast_weak(), shape)
        for v in (prepend, append)
    )
    parts = [part for part in (first, x, last) if part is not None]
    return _differences(ops.concatenate(parts, axis=axis) if len(parts) > 1 else x, n, axis)


def _differences(x: Tensor, n: int, axis: int) -> Tensor:
    if x.dtype.kind != "b":
        return ops.diff(x, n=n, axis=axis)
    head = (slice(None),) * (axis % x.ndim)
    for _ in range(n):
        x = ops.not_equal(x[(*head, slice(1, None))], x[(*head, slice(None, -1))])
    return x


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Tensor:
    """Compute the differences of the flattened tensor, between two borders (``numpy.ediff1d``)."""
    differences = ops.diff(ops.ravel(ary))
    borders = [None if v is None else ops.ravel(v).cast_to(differences.dtype) for v in (to_begin, to_end)]
    parts = [part for part in (borders[0], differences, borders[1]) if part is not None]
    return ops.concatenate(parts) if len(parts) > 1 else differences


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Compute slopes along each axis from neighbours, exact for parabolas inside (``numpy.gradient``)."""
    x = as_tensor(f)
    x = x if x.spec.floating else x * 1.0
    axes = list(range(x.ndim)) if axis is None else [a % x.ndim for a in np.atleast_1d(axis).tolist()]
    steps = list(varargs) * (len(axes) if len(varargs) == 1 else 1) or [1.0] * len(axes)
    if len(steps) != len(axes) or edge_order not in (1, 2):
        passed = f"{len(varargs)} distances for {len(axes)} axes, edge_order={edge_order}"
        raise ValueProblem(passed, "none, one, or one for each axis; edge_order 1 or 2", "pass as many")
    slopes = tuple(_slopes(x, a, step, edge_order) for a, step in zip(axes, steps, strict=True))
    return slopes[0] if len(slopes) == 1 else slopes


def _slopes(x: Tensor, axis: int, step: Any, edge_order: int) -> Tensor:
    """Compute the slopes along an axis: Fornberg's three-point weights (Math. Comp. 51, 1988)."""
    y = ops.moveaxis(x, axis, -1)
    n = y.shape[-1]
    if n < edge_order + 1:
        passed = f"an axis of {n} entries"
        raise ShapeError(passed, f"at least {edge_order + 1} for edge_order={edge_order}", "name another axis")
    positions = as_tensor(step)
    widths = ops.diff(positions) if positions.ndim else ops.full((n - 1,), positions, x.dtype)
    if widths.shape != (n - 1,):
        raise ShapeError(f"{widths.shape[0] + 1} positions for an axis of {n} entries", f"{n}", "pass as many")
    before, after = widths[:-1], widths[1:]
    inner = (
        -after / (before * (before + after)) * y[..., :-2]
        + (after - before) / (before * after) * y[..., 1:-1]
        + before / (after * (before + after)) * y[..., 2:]
    )
    if edge_order == 1:
        first = (y[..., 1:2] - y[..., :1]) / widths[0]
        last = (y[..., -1:] - y[..., -2:-1]) / widths[-1]
    else:
        first = _edge_slope(y[..., 0], y[..., 1], y[..., 2], widths[0], widths[1])
        last = -_edge_slope(y[..., -1], y[..., -2], y[..., -3], widths[-1], widths[-2])
    return ops.moveaxis(ops.concatenate([first, inner, last], axis=-1), -1, axis)


def _edge_slope(y0: Tensor, y1: Tensor, y2: Tensor, near: Tensor, far: Tensor) -> Tensor:
    """Compute the slope at y0 of the parabola through three points."""
    both = near + far
    slope = -(near + both) / (near * both) * y0 + both / (near * far) * y1 - near / (far * both) * y2
    return ops.expand_dims(slope, -1)


def unwrap(p: Any, discont: Any = None, axis: int = -1, period: Any = 2 * math.pi) -> Tensor:
    """Add whole periods, so that no step is longer than half of one (``numpy.unwrap``)."""
    x = as_tensor(p)
    whole = x.dtype.kind in "iu" and isinstance(period, int)
    half: Any = period // 2 if whole else period / 2
    ambiguous = not whole or period % 2 == 0  # a step of half a period may go either way: it keeps its sign
    step = ops.diff(x, axis=axis)
    short = ops.mod(step + half, period) - half
    if ambiguous:
        short = ops.where(ops.equal(short, -half) & ops.greater(step, 0), half, short)
    limit = half if discont is None else discont
    change = ops.where(ops.less(ops.absolute(step), limit), 0, short - step)
    head = (slice(None),) * (axis % x.ndim)
    rest = x[(*head, slice(1, None))] + ops.cumsum(change, axis=axis)
    return ops.concatenate([x[(*head, slice(None, 1))], rest], axis=axis)


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Tensor:
    """Interpolate linearly between points; gradients reach x, the points and their values (``numpy.interp``)."""
    at, points, values = (as_tensor(v).cast_weak() for v in (x, xp, fp))
    if points.ndim != 1 or points.shape != values.shape or not points.size:
        passed = f"points of shape {points.shape} and values of shape {values.shape}"
        raise ShapeError(passed, "two vectors of one length, at least 1", "pass as many values as points")
    if period is not None:
        left = right = None
        at, points = ops.mod(at, period), ops.mod(points, period)
        order = ops.argsort(points)
        points, values = ops.take(points, order), ops.take(values, order)
        points = ops.concatenate([points[-1:] - period, points, points[:1] + period])
        values = ops.concatenate([values[-1:], values, values[:1]])
    n = points.shape[0]
    last = ops.clip(ops.searchsorted(points, at, "right") - 1, 0, n - 1)
    low, high = ops.minimum(last, max(n - 2, 0)), ops.minimum(last + 1, n - 1)
    x0, x1, y0, y1 = (ops.take(v, i) for v in (points, values) for i in (low, high))
    width = ops.where(ops.equal(x1, x0), 1, x1 - x0)
    result = ops.where(ops.equal(at, points[-1]), values[-1], y0 + (y1 - y0) * ((at - x0) / width))
    result = ops.where(ops.less(at, points[0]), values[0] if left is None else left, result)
    return ops.where(ops.greater(at, points[-1]), values[-1] if right is None else right, result)


def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """Return numbers in equal steps (``numpy.linspace``)."""
    return ops.linspace(start, stop, num, endpoint, retstep, _float_dtype(dtype, start, stop), axis)


def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Tensor:
    """Return powers whose exponents have equal steps (``numpy.logspace``)."""
    return ops.logspace(start, stop, num, endpoint, base, _float_dtype(dtype, start, stop), axis)


def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Tensor:
    """Return numbers with equal ratios (``numpy.geomspace``)."""
    return ops.geomspace(start, stop, num, endpoint, _float_dtype(dtype, start, stop), axis)


def _float_dtype(dtype: Any, *ends: Any) -> Any:
    """Return the dtype asked for, else that of floats made of these."""
    return (as_tensor(ends[0]) * 1.0 + ends[1]).dtype if dtype is None else dtype


# ---- convolution


def correlate(a: Any, v: Any, mode: str = "valid") -> Tensor:
    """Compute the sums of products at each shift of two vectors (``numpy.correlate``)."""
    return ops.correlate(a, v, mode)


def convolve(a: Any, v: Any, mode: str = "full") -> Tensor:
    """Convolve two vectors (``numpy.convolve``)."""
    x, kernel = as_tensor(a), as_tensor(v)
    if x.ndim == kernel.ndim == 1 and kernel.size > x.size:
        x, kernel = kernel, x
    return ops.correlate(ops.reshape(x, (-1,)) if not x.ndim else x, ops.flip(ops.reshape(kernel, (-1,))), mode)


# ---- polynomials: vectors of coefficients, the highest power first


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


def polyfit(x: Any, y: Any, deg: int, rcond: Any = None, w: Any = None) -> Tensor:
    """Fit a polynomial by least squares, with weights w of the residuals (``numpy.polyfit``)."""
    at, values = as_tensor(x) * 1.0, as_tensor(y) * 1.0
    if at.ndim != 1 or values.ndim not in (1, 2) or at.shape[0] != values.shape[0] or not at.size:
        passed = f"x of shape {at.shape} and y of shape {values.shape}"
        raise ShapeError(passed, "(n,) and (n,) or (n, columns), n from 1 up", "pass as many of each")
    powers = ops.vander(at, deg + 1)
    if w is not None:
        weights = as_tensor(w)
        powers = powers * ops.expand_dims(weights, 1)
        values = values * (weights if values.ndim == 1 else ops.expand_dims(weights, 1))
    scale = ops.sqrt(ops.sum(powers * powers, axis=0))
    rcond = at.shape[0] * float(np.finfo(at.dtype).eps) if rcond is None else rcond
    solution = ops.lstsq(powers / scale, values, rcond=rcond)
    return ops.transpose(ops.transpose(solution) / scale)


# ---- on each entry


def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Tensor:
    """Replace nan and infinities (``numpy.nan_to_num``)."""
    return ops.nan_to_num(x, nan, posinf, neginf)


def angle(z: Any, deg: bool = False) -> Tensor:
    """Return the angle in the complex plane (``numpy.angle``)."""
    return ops.rad2deg(ops.angle(z)) if deg else ops.angle(z)


def fix(x: Any) -> Tensor:
    """Round towards 0 (``numpy.fix``)."""
    return ops.trunc(x)


def iscomplex(x: Any) -> Tensor:
    """Return whether entries have an imaginary part (``numpy.iscomplex``)."""
    return ops.not_equal(array_api.imag(x), 0)


def real_if_close(a: Any, tol: Any = 100) -> Tensor:
    """Return the real part of complex numbers that are nearly real; real ones as they are (``numpy.real_if_close``)."""
    x = as_tensor(a)
    return by_values(np.real_if_close)(x, tol) if x.dtype.kind == "c" else x


def isreal(x: Any) -> Tensor:
    """Return whether entries have no imaginary part (``numpy.isreal``)."""
    return ops.equal(array_api.imag(x), 0)


# ---- functions of the caller's


def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Tensor:
    """Apply a function to each vector along an axis (``numpy.apply_along_axis``)."""
    x = as_tensor(arr)
    axis %= x.ndim
    rows = ops.moveaxis(x, axis, -1)
    outer = rows.shape[:-1]
    results = [as_tensor(func1d(rows[i], *args, **kwargs)).cast_weak() for i in np.ndindex(*outer)]
    if not results:
        raise ShapeError(f"no vectors along axis {axis} of shape {x.shape}", "at least one", "check the shape")
    joined = ops.reshape(ops.stack(results), (*outer, *results[0].shape))
    inner = list(range(len(outer), joined.ndim))
    return ops.moveaxis(joined, inner, [axis + i for i in range(len(inner))])


def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Tensor:
    """Apply a function of a tensor and an axis over several axes (``numpy.apply_over_axes``)."""
    x = as_tensor(a)
    for axis in np.atleast_1d(axes).tolist():
        axis %= x.ndim
        result = as_tensor(func(x, axis))
        x = result if result.ndim == x.ndim else ops.expand_dims(result, axis)
    return x
