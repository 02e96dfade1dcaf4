"""Exponentials, logarithms and roots of each entry; logarithms of sums of powers are in `logistic`."""

from __future__ import annotations

import math

from .elementwise import POSITIVE, transcendental, unary
from .pairs import exp2 as exp2_value
from .pairs import wide
from .rules import per_entry

exp = transcendental(
    "exp",
    lambda xp, x: xp.exp(x),
    lambda xp, x, y: y,
    "e to the x; overflows to inf (``keras.ops.exp``).\n\n>>> ops.exp([0.0, 1.0])\ntensor([1.       , 2.7182817])",
    gradient_note="the slope of exp is exp(x) itself",
)
exp2 = transcendental(
    "exp2",
    lambda xp, x: exp2_value(xp, wide(x)),
    lambda xp, x, y: y * math.log(2.0),
    "2 to the x (``keras.ops.exp2``).\n\n>>> ops.exp2([0.0, 3.0])\ntensor([1., 8.])",
    gradient_note="the slope of 2^x is 2^x * log 2",
    format="2 ** {0}",
)
expm1 = transcendental(
    "expm1",
    lambda xp, x: xp.expm1(x),
    lambda xp, x, y: xp.exp(x),
    "exp(x) - 1, exact near 0 (``keras.ops.expm1``).\n\n>>> ops.expm1([0.0, 1e-10])\ntensor([0.e+00, 1.e-10])",
    gradient_note="the slope of exp(x) - 1 is exp(x)",
)
log = transcendental(
    "log",
    lambda xp, x: xp.log(x),
    lambda xp, x, y: 1 / x,
    "The natural logarithm; -inf at 0, nan below (``keras.ops.log``).\n\n"
    ">>> ops.log([1.0, 7.389056])\ntensor([0., 2.])",
    gradient_note="the slope of log is 1/x",
    samples=POSITIVE,
)
log1p = transcendental(
    "log1p",
    lambda xp, x: xp.log1p(x),
    lambda xp, x, y: 1 / (1 + x),
    "log(1 + x), exact near 0 (``keras.ops.log1p``).\n\n>>> ops.log1p([0.0, 1e-10])\ntensor([0.e+00, 1.e-10])",
    gradient_note="the slope of log(1 + x) is 1/(1 + x)",
    samples=[0.5, -0.5, 0.0, 3.0],
)
log2 = transcendental(
    "log2",
    lambda xp, x: xp.log2(x),
    lambda xp, x, y: (1 / math.log(2.0)) / x,
    "The logarithm to base 2 (``keras.ops.log2``).\n\n>>> ops.log2([1.0, 8.0])\ntensor([0., 3.])",
    gradient_note="the slope of log2 is 1/(x log 2)",
    samples=POSITIVE,
)
log10 = transcendental(
    "log10",
    lambda xp, x: xp.log10(x),
    lambda xp, x, y: (1 / math.log(10.0)) / x,
    "The logarithm to base 10 (``keras.ops.log10``).\n\n>>> ops.log10([1.0, 100.0])\ntensor([0., 2.])",
    gradient_note="the slope of log10 is 1/(x log 10)",
    samples=POSITIVE,
)
sqrt = unary(
    "sqrt",
    lambda xp, x: xp.sqrt(x),
    lambda xp, x, y: 0.5 / y,
    "The square root; nan below 0, slope inf at 0 (``keras.ops.sqrt``).\n\n>>> ops.sqrt([4.0, 9.0])\ntensor([2., 3.])",
    gradient_note="the slope of sqrt is 1/(2 sqrt(x))",
    samples=POSITIVE,
)
rsqrt = unary(
    "rsqrt",
    lambda xp, x: 1 / xp.sqrt(x),
    lambda xp, x, y: -0.5 * y / x,
    "1 / sqrt(x) (``keras.ops.rsqrt``).\n\n>>> ops.rsqrt([4.0, 16.0])\ntensor([0.5 , 0.25])",
    gradient_note="the slope of x^(-1/2) is -x^(-3/2)/2",
    format="{0} ** -0.5",
    cost=per_entry(other=2),
    samples=POSITIVE,
)
cbrt = transcendental(
    "cbrt",
    lambda xp, x: xp.cbrt(x),
    lambda xp, x, y: xp.square(1 / y) / 3,
    "The cube root (``keras.ops.cbrt``).\n\n>>> ops.cbrt([8.0, -27.0])\ntensor([ 2., -3.])",
    gradient_note="the slope of the cube root is 1/(3 cbrt(x)^2)",
    samples=[0.5, -1.5, 8.0],
)
