"""Special functions of each entry, and the activations that are primitives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .elementwise import transcendental, unary
from .rules import per_entry


def _on_arrays(function: Callable[[float], float]) -> Any:
    """Apply a function of a number to each entry of an array."""
    apply = np.frompyfunc(function, 1, 1)
    return lambda x: np.asarray(apply(x), dtype=x.dtype)


_erf, _erfc = _on_arrays(math.erf), _on_arrays(math.erfc)
_TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)
erf = transcendental(
    "erf",
    lambda xp, x: _erf(x),
    lambda xp, x, y: _TWO_OVER_SQRT_PI * xp.exp(-x * x),
    "The error function, by Python's exact `math.erf` (``keras.ops.erf``).\n\n"
    ">>> ops.erf([0.0, 5.0])\ntensor([0., 1.])",
    gradient_note="the slope of erf is 2/sqrt(pi) exp(-x^2)",
)
erfc = transcendental(
    "erfc",
    lambda xp, x: _erfc(x),
    lambda xp, x, y: -_TWO_OVER_SQRT_PI * xp.exp(-x * x),
    "1 - erf(x), exact for large x (``keras.ops.erfc``).\n\n>>> ops.erfc([0.0])\ntensor([1.])",
    gradient_note="the slope of erfc is -2/sqrt(pi) exp(-x^2)",
)

# Wichura's approximation to the normal quantile, good to 16 digits (Algorithm AS 241, Applied Statistics 37, 1988)
QUANTILE_MIDDLE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
QUANTILE_TAIL = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
)  # fmt: skip
QUANTILE_FAR = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
     0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
     0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0),
)  # fmt: skip


def ratio(x: Any, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> Any:
    """Compute one polynomial over another, each given by its coefficients from the highest power down."""
    numerator, denominator = coefficients
    p, q = x * numerator[0] + numerator[1], x * denominator[0] + denominator[1]
    for a, b in zip(numerator[2:], denominator[2:], strict=True):
        p, q = p * x + a, q * x + b
    return p / q


def _erfinv(xp: Any, x: Any) -> Any:
    """Compute the normal quantile of (1 + x) / 2 over sqrt(2), in float32 or more, for float16 overflows."""
    dtype = x.dtype
    x = x.astype("float32") if dtype.itemsize < 4 else x
    size = xp.absolute(x)
    root = xp.sqrt(-xp.log(xp.where(size < 1, 1 - size, xp.ones_like(x)) / 2))
    tail = xp.where(root <= 5, ratio(root - 1.6, QUANTILE_TAIL), ratio(root - 5, QUANTILE_FAR))
    quantile = xp.where(size <= 0.85, x / 2 * ratio(0.180625 - x * x / 4, QUANTILE_MIDDLE), xp.sign(x) * tail)
    ends = xp.where(size == 1, xp.copysign(xp.full_like(x, math.inf), x), quantile * math.sqrt(0.5))
    return xp.where(size <= 1, ends, xp.full_like(x, math.nan)).astype(dtype)


erfinv = unary(
    "erfinv",
    _erfinv,
    lambda xp, x, y: xp.exp(y * y) / _TWO_OVER_SQRT_PI,
    "The number whose erf is x: infinite at -1 and 1, nan beyond (``keras.ops.erfinv``).\n\n"
    ">>> ops.erfinv([0.0, 0.8427008])\ntensor([0., 1.])",
    gradient_note="the slope of erfinv is sqrt(pi)/2 exp(erfinv(x)^2)",
    cost=per_entry(other=40),
    samples=[0.5, -0.75, 0.0, 0.9, -0.99],
)


def _sigmoid(xp: Any, x: Any) -> Any:
    """Compute 1 / (1 + exp(-x)) or exp(x) / (1 + exp(x)), whichever cannot overflow."""
    e = xp.exp(-xp.absolute(x))
    return xp.where(x < 0, e, xp.ones_like(e)) / (1 + e)


sigmoid = unary(
    "sigmoid",
    _sigmoid,
    lambda xp, x, y: y * (1 - y),
    "1 / (1 + exp(-x)), between 0 and 1, exact for large x of either sign "
    "(``keras.ops.sigmoid``).\n\n"
    ">>> ops.sigmoid([0.0, 1.0])\ntensor([0.5      , 0.7310586])",
    probabilities="independent",
    gradient_note="the slope of sigmoid is s (1 - s)",
    cost=per_entry(other=10),
    samples=[0.0, -1.5, 3.0, 1.0],
)
softplus = unary(
    "softplus",
    lambda xp, x: xp.logaddexp(x, xp.zeros_like(x)),
    lambda xp, x, y: xp.sigmoid(x),
    "log(1 + exp(x)), a smooth relu (``keras.ops.softplus``).\n\n"
    ">>> ops.softplus([0.0, 100.0])\ntensor([  0.6931472, 100.       ])",
    gradient_note="the slope of softplus is sigmoid(x)",
    cost=per_entry(other=18),
    samples=[0.0, -1.5, 3.0, 40.0],
)
relu = unary(
    "relu",
    lambda xp, x: xp.maximum(x, xp.zeros_like(x)),
    lambda xp, x, y: x > 0,
    "max(x, 0) (``keras.ops.relu``); its slope at 0 is taken as 0.\n\n>>> ops.relu([-1.0, 2.0])\ntensor([0., 2.])",
    selects=True,
    rectifies=True,
    gradient_note="relu is a switch: it passes the gradient where x > 0 and stops it elsewhere",
    kind="same",
)
