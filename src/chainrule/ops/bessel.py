"""Modified Bessel functions of the first kind, of order 0 and 1: each is the other's slope, but for a term of order 1.

Up to |x| = 20 by their series, whose terms are all positive (Abramowitz and Stegun, 9.6.10), beyond by exp(x) over
sqrt(2 pi x) times a series in 1/x (9.7.1), which there is as exact as float64.
"""

from __future__ import annotations

import math
from typing import Any

from .elementwise import unary
from .pairs import square, wide
from .rules import per_entry

_BOUND, _NEAR_TERMS, _FAR_TERMS = 20.0, 40, 30


def _bessel(xp: Any, x: Any, order: int) -> Any:
    """Compute I0(x), or I1(x) for x not below 0."""
    near = xp.minimum(x, _BOUND)
    head, tail = square(near)
    quarter = 0.25 * head
    series = xp.ones_like(x)
    for k in range(_NEAR_TERMS, 0, -1):
        series = 1 + quarter / (k * (k + order)) * series
    series = series * (1 + 0.5 * tail / (1 + near))  # to first order the effect of what rounding took from the square
    far = xp.maximum(x, _BOUND)
    inverse = 1 / (8 * far)
    asymptotic = xp.ones_like(x)
    for k in range(_FAR_TERMS, 0, -1):
        asymptotic = 1 - (4 * order - (2 * k - 1) ** 2) / k * inverse * asymptotic
    safe = xp.minimum(far, 80.0 if x.dtype.itemsize == 4 else 700.0)  # exp(x) may overflow where the result does not
    beyond = asymptotic / (math.sqrt(2 * math.pi) * xp.sqrt(far)) * xp.exp(safe) * xp.exp(far - safe)
    return xp.where(x < _BOUND, series if order == 0 else 0.5 * near * series, xp.where(xp.isinf(x), x, beyond))


def _i0(xp: Any, x: Any) -> Any:
    return _bessel(xp, xp.absolute(wide(x)), 0)


def _i1(xp: Any, x: Any) -> Any:
    x = wide(x)
    return xp.copysign(_bessel(xp, xp.absolute(x), 1), x)


def _i1_slope(xp: Any, x: Any, y: Any) -> Any:
    """Compute i0(x) - i1(x) / x, the quotient near 0 by its series."""
    near = xp.absolute(x) < 1e-4
    quotient = xp.where(near, 0.5 + x * x / 16, y / xp.where(near, xp.ones_like(x), x))
    return xp.where(xp.isinf(y), xp.absolute(y), xp.i0(x) - quotient)


i0 = unary(
    "i0",
    _i0,
    lambda xp, x, y: xp.i1(x),
    "The modified Bessel function of order 0 (``keras.ops.i0``).\n\n"
    ">>> ops.i0([0.0, 1.0])\ntensor([1.       , 1.2660658])",
    gradient_note="the slope of the modified Bessel function of order 0 is that of order 1",
    cost=per_entry(other=180),
)
i1 = unary(
    "i1",
    _i1,
    lambda xp, x, y: _i1_slope(xp, x, y),
    "The modified Bessel function of order 1.",
    gradient_note="the slope of the modified Bessel function of order 1 is i0(x) - i1(x)/x",
    cost=per_entry(other=180),
)
