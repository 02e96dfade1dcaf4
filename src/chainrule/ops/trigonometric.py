"""Trigonometric and hyperbolic functions of each entry, and their inverses; `arctan2` is in `plane`."""

from __future__ import annotations

import math
from typing import Any

from .elementwise import BETWEEN_MINUS_1_AND_1, slope_of, transcendental
from .pairs import wide

sin = transcendental(
    "sin",
    lambda xp, x: xp.sin(x),
    lambda xp, x, y: xp.cos(x),
    "The sine of x in radians (``keras.ops.sin``).\n\n>>> ops.sin([0.0, 1.5707964])\ntensor([0., 1.])",
    gradient_note="the slope of sin is cos",
)


def _half_turns(xp: Any, x: Any) -> tuple[Any, Any]:
    """Return x without its nearest whole number, and the sign that this changes in sin(pi x) and cos(pi x)."""
    whole = xp.round(x)
    rest = xp.where(xp.isinf(x), xp.zeros_like(x), x - whole)
    return rest, 1 - 2 * xp.where(xp.isinf(x), xp.zeros_like(x), whole - 2 * xp.floor(0.5 * whole))


def _sinc(xp: Any, x: Any) -> Any:
    x = wide(x)
    rest, sign = _half_turns(xp, x)
    return xp.where(x == 0, xp.ones_like(x), sign * xp.sin(math.pi * rest) / (math.pi * xp.where(x == 0, 1, x)))


def _sinc_slope(xp: Any, x: Any) -> Any:
    """Compute (cos(pi x) - sinc(x)) / x, near 0 by its series."""
    x = wide(x)
    near = xp.absolute(x) < 0.5
    rest, sign = _half_turns(xp, x)
    far = xp.where(near, xp.ones_like(x), x)
    inside = xp.where(near, x, xp.zeros_like(x)) * math.pi
    square, series = inside * inside, xp.zeros_like(x)
    for k in range(10, -1, -1):
        series = (2 * k + 2) / math.factorial(2 * k + 3) - square * series
    return xp.where(near, -math.pi * inside * series, (sign * xp.cos(math.pi * rest) - _sinc(xp, far)) / far)


def _sinc_second(xp: Any, x: Any, y: Any) -> Any:
    origin = xp.absolute(x) < 1e-9
    quotient = y / xp.where(origin, xp.ones_like(x), x)
    return xp.where(origin, -(math.pi**2) / 3, -(math.pi**2) * xp.sinc(x) - 2 * quotient)


sinc = transcendental(
    "sinc",
    _sinc,
    lambda xp, x, y: xp.sinc_slope(x),
    "sin(pi x) / (pi x), and 1 at 0 (``keras.ops.sinc``).\n\n>>> ops.sinc([0.0, 0.5])\ntensor([1.       , 0.6366197])",
    gradient_note="the slope of sinc is (cos(pi x) - sinc(x))/x",
)
sinc_slope = slope_of(sinc, _sinc_slope, lambda xp, x, y: _sinc_second(xp, x, y), formula="sinc_slope({0})")
cos = transcendental(
    "cos",
    lambda xp, x: xp.cos(x),
    lambda xp, x, y: -xp.sin(x),
    "The cosine of x in radians (``keras.ops.cos``).\n\n>>> ops.cos([0.0])\ntensor([1.])",
    gradient_note="the slope of cos is -sin",
)
tan = transcendental(
    "tan",
    lambda xp, x: xp.tan(x),
    lambda xp, x, y: 1 + y * y,
    "The tangent of x in radians (``keras.ops.tan``).\n\n>>> ops.tan([0.0])\ntensor([0.])",
    gradient_note="the slope of tan is 1 + tan^2",
    samples=[0.5, -1.2, 0.0],
)
arcsin = transcendental(
    "arcsin",
    lambda xp, x: xp.arcsin(x),
    lambda xp, x, y: xp.arcsin_slope(x),
    "The angle in radians whose sine is x (``keras.ops.arcsin``).\n\n"
    ">>> ops.arcsin([0.0, 1.0])\ntensor([0.       , 1.5707964])",
    gradient_note="the slope of arcsin is 1/sqrt(1 - x^2)",
    samples=BETWEEN_MINUS_1_AND_1,
)
arccos = transcendental(
    "arccos",
    lambda xp, x: xp.arccos(x),
    lambda xp, x, y: -xp.arcsin_slope(x),
    "The angle in radians whose cosine is x (``keras.ops.arccos``).\n\n>>> ops.arccos([1.0])\ntensor([0.])",
    gradient_note="the slope of arccos is -1/sqrt(1 - x^2)",
    samples=BETWEEN_MINUS_1_AND_1,
)
arcsin_slope = slope_of(
    arcsin,
    lambda xp, x: 1 / xp.sqrt((1 - x) * (1 + x)),
    lambda xp, x, y: x * y * y * y,
    formula="1 / sqrt(1 - {0} ** 2)",
    samples=BETWEEN_MINUS_1_AND_1,
)


def _arctan_slope(xp: Any, x: Any) -> Any:
    square = x * x
    return xp.where(xp.isinf(square), xp.square(1 / x), 1 / (1 + square))


arctan = transcendental(
    "arctan",
    lambda xp, x: xp.arctan(x),
    lambda xp, x, y: xp.arctan_slope(x),
    "The angle in radians whose tangent is x (``keras.ops.arctan``).\n\n"
    ">>> ops.arctan([0.0, 1.0])\ntensor([0.       , 0.7853982])",
    gradient_note="the slope of arctan is 1/(1 + x^2)",
)
arctan_slope = slope_of(
    arctan, _arctan_slope, lambda xp, x, y: xp.where(y == 0, y, -2 * x * y * y), formula="1 / (1 + {0} ** 2)"
)
sinh = transcendental(
    "sinh",
    lambda xp, x: xp.sinh(x),
    lambda xp, x, y: xp.cosh(x),
    "The hyperbolic sine (``keras.ops.sinh``).\n\n>>> ops.sinh([0.0])\ntensor([0.])",
    gradient_note="the slope of sinh is cosh",
)
cosh = transcendental(
    "cosh",
    lambda xp, x: xp.cosh(x),
    lambda xp, x, y: xp.sinh(x),
    "The hyperbolic cosine (``keras.ops.cosh``).\n\n>>> ops.cosh([0.0])\ntensor([1.])",
    gradient_note="the slope of cosh is sinh",
)
tanh = transcendental(
    "tanh",
    lambda xp, x: xp.tanh(x),
    lambda xp, x, y: xp.tanh_slope(x),
    "The hyperbolic tangent, between -1 and 1 (``keras.ops.tanh``).\n\n>>> ops.tanh([0.0, 20.0])\ntensor([0., 1.])",
    gradient_note="the slope of tanh at x is 1/cosh(x)^2 = 1 - tanh(x)^2",
    samples=[0.0, -1.5, 3.0, 20.0],
)


def _tanh_slope(xp: Any, x: Any) -> Any:
    e = xp.exp(-2 * xp.absolute(x))
    return 4 * e / xp.square(1 + e)


tanh_slope = slope_of(tanh, _tanh_slope, lambda xp, x, y: -2 * xp.tanh(x) * y, formula="1 / cosh({0}) ** 2")


def _arcsinh_slope(xp: Any, x: Any) -> Any:
    square = x * x
    return xp.where(xp.isinf(square), xp.absolute(1 / x), 1 / xp.sqrt(1 + square))


arcsinh = transcendental(
    "arcsinh",
    lambda xp, x: xp.arcsinh(x),
    lambda xp, x, y: xp.arcsinh_slope(x),
    "The inverse of sinh (``keras.ops.arcsinh``).\n\n>>> ops.arcsinh([0.0])\ntensor([0.])",
    gradient_note="the slope of arcsinh is 1/sqrt(x^2 + 1)",
)
arcsinh_slope = slope_of(
    arcsinh, _arcsinh_slope, lambda xp, x, y: xp.where(y == 0, y, -x * y * y * y), formula="1 / sqrt({0} ** 2 + 1)"
)
arccosh = transcendental(
    "arccosh",
    lambda xp, x: xp.arccosh(x),
    lambda xp, x, y: xp.arccosh_slope(x),
    "The inverse of cosh, from 1 up (``keras.ops.arccosh``).\n\n>>> ops.arccosh([1.0])\ntensor([0.])",
    gradient_note="the slope of arccosh is 1/sqrt(x^2 - 1)",
    samples=[1.5, 2.0, 7.0],
)
arccosh_slope = slope_of(
    arccosh,
    lambda xp, x: 1 / (xp.sqrt(x - 1) * xp.sqrt(x + 1)),
    lambda xp, x, y: xp.where(y == 0, y, -x * y * y * y),
    formula="1 / sqrt({0} ** 2 - 1)",
    samples=[1.5, 2.0, 7.0],
)
arctanh = transcendental(
    "arctanh",
    lambda xp, x: xp.arctanh(x),
    lambda xp, x, y: xp.arctanh_slope(x),
    "The inverse of tanh, between -1 and 1 (``keras.ops.arctanh``).\n\n>>> ops.arctanh([0.0])\ntensor([0.])",
    gradient_note="the slope of arctanh is 1/(1 - x^2)",
    samples=BETWEEN_MINUS_1_AND_1,
)
arctanh_slope = slope_of(
    arctanh,
    lambda xp, x: 1 / ((1 - x) * (1 + x)),
    lambda xp, x, y: 2 * x * y * y,
    formula="1 / (1 - {0} ** 2)",
    samples=BETWEEN_MINUS_1_AND_1,
)
