"""The error function, its complement and its inverse."""

from __future__ import annotations

import math
from typing import Any

from .elementwise import slope_of, transcendental, unary
from .pairs import exp_minus_square, wide
from .rules import per_entry

_TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)

# Polynomials of least error, by Chebyshev's points, from the highest power down, in 32 and 64 bits:
# near: erf(x) / x of x^2 up to x = 1; tail: (1 + 2x) exp(x^2) erfc(x) of (x - 3) / (x + 3) from x = 1/2 to infinity
_NEAR_32 = (
    -9.667044571e-6, 0.0001126595903, -0.0008484080406, 0.005221031808, -0.02686543073, 0.112837825, -0.3761263847,
    1.128379167,
)  # fmt: skip
_NEAR_64 = (
    5.9571761477489114e-11, -1.13728488567916737e-9, 1.46597752740474358e-8, -1.6350312701054695e-7,
    1.6461000484121368e-6, -0.0000149255952668311816, 0.000120553311116427109, -0.000854832698083378991,
    0.00522397762481801447, -0.0268661706450767932, 0.112837916709548787, -0.376126389031837481, 1.12837916709551257,
)  # fmt: skip
_TAIL_32 = (
    3.626567048e-5, -0.000667835741, 0.001704955984, 0.002502017476, -0.02368390252, 0.06830648988, -0.1192907645,
    0.129646122, -0.04756108134, -0.1356211545, 1.253008044,
)  # fmt: skip
_TAIL_64 = (
    3.48576165987615772e-9, -2.36472213710311216e-8, 1.84144103176829414e-8, 1.33766118324238419e-7,
    -1.23777711734895962e-7, -6.55172154077577738e-7, 3.52422602316232175e-7, 3.49802529287017617e-6,
    -7.33450002371117562e-7, -0.0000201109956856978823, 4.95124676642782305e-6, 0.000125102049650005431,
    -0.000105160366919414781, -0.000779832714487893703, 0.0018886904549149964, 0.00252939186041314806,
    -0.0237705149273075419, 0.0683080273414816538, -0.119273663414926665, 0.129645158702826738,
    -0.0475622943534570999, -0.135621106124581703, 1.25300805826972967,
)  # fmt: skip


def _polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    result = x * coefficients[0] + coefficients[1]
    for c in coefficients[2:]:
        result = result * x + c
    return result


def near_erf(x: Any) -> Any:
    """Compute erf(x) for x between -1 and 1."""
    return x * _polynomial(x * x, _NEAR_32 if x.dtype.itemsize == 4 else _NEAR_64)


def scaled_erfc(xp: Any, x: Any) -> Any:
    """Compute exp(x^2) erfc(x) for x from 1/2 up."""
    t = 1 - 6 / (x + 3)
    return _polynomial(t, _TAIL_32 if x.dtype.itemsize == 4 else _TAIL_64) / (1 + 2 * x)


def _erf(xp: Any, x: Any) -> Any:
    x = wide(x)
    size = xp.absolute(x)
    tail = 1 - exp_minus_square(xp, x) * scaled_erfc(xp, size)
    return xp.where(size < 1, near_erf(xp.clip(x, -1, 1)), xp.copysign(tail, x))


def _erfc(xp: Any, x: Any) -> Any:
    x = wide(x)
    size = xp.absolute(x)
    tail = exp_minus_square(xp, x) * scaled_erfc(xp, size)
    near = 1 - near_erf(xp.clip(x, -1, 1))
    return xp.where(x < -1, 2 - tail, xp.where(x < 0.5, near, tail))


def _erf_second(xp: Any, x: Any) -> Any:
    """Compute -4/sqrt(pi) x exp(-x^2), by halves, since exp(-x^2) may be too small where x times it is not."""
    half = xp.normal_density(x)
    return (-8 * math.sqrt(math.pi) * x * half) * half


erf = transcendental(
    "erf",
    _erf,
    lambda xp, x, y: xp.erf_slope(x),
    "The error function (``keras.ops.erf``).\n\n>>> ops.erf([0.0, 5.0])\ntensor([0., 1.])",
    gradient_note="the slope of erf is 2/sqrt(pi) exp(-x^2)",
)
erf_slope = slope_of(
    erf,
    lambda xp, x: _TWO_OVER_SQRT_PI * exp_minus_square(xp, wide(x)),
    lambda xp, x, y: _erf_second(xp, xp.clip(x, -60.0, 60.0)),
    formula="2 / sqrt(pi) * exp(-({0} ** 2))",
)
normal_density = transcendental(
    "normal_density",
    lambda xp, x: math.sqrt(0.5 / math.pi) * exp_minus_square(xp, wide(x), 2),
    lambda xp, x, y: xp.where(y == 0, y, -x * y),
    "The density of the standard normal distribution, exp(-x^2/2) / sqrt(2 pi).",
    gradient_note="the slope of the normal density is -x times it",
    format="exp(-({0} ** 2) / 2) / sqrt(2 * pi)",
)
erfc = transcendental(
    "erfc",
    _erfc,
    lambda xp, x, y: -xp.erf_slope(x),
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
    """Compute the normal quantile of (1 + x) / 2 over sqrt(2); in the middle with one step of Newton's method."""
    x = wide(x)
    size = xp.absolute(x)
    root = xp.sqrt(-xp.log(xp.where(size < 1, 1 - size, xp.ones_like(x)) / 2))
    tail = xp.where(root <= 5, ratio(root - 1.6, QUANTILE_TAIL), ratio(root - 5, QUANTILE_FAR)) * math.sqrt(0.5)
    inside = xp.clip(x, -0.84, 0.84)
    middle = inside * (0.5 * math.sqrt(0.5) * ratio(0.180625 - inside * inside / 4, QUANTILE_MIDDLE))
    middle = middle - (near_erf(middle) - inside) * xp.exp(middle * middle) / _TWO_OVER_SQRT_PI
    quantile = xp.where(size <= 0.84, middle, xp.sign(x) * tail)
    ends = xp.where(size == 1, xp.copysign(xp.full_like(x, math.inf), x), quantile)
    return xp.where(size <= 1, ends, xp.full_like(x, math.nan))


erfinv = unary(
    "erfinv",
    _erfinv,
    lambda xp, x, y: xp.erfinv_slope(x),
    "The number whose erf is x: infinite at -1 and 1, nan beyond (``keras.ops.erfinv``).\n\n"
    ">>> ops.erfinv([0.0, 0.8427008])\ntensor([0., 1.])",
    gradient_note="the slope of erfinv is sqrt(pi)/2 exp(erfinv(x)^2)",
    cost=per_entry(other=40),
    samples=[0.5, -0.75, 0.0, 0.9, -0.99],
)


def _erfinv_slope(xp: Any, x: Any) -> Any:
    """Compute 1 / slope of erf at y, where exp(y^2) is exp(y^2) erfc(y) over 1 - |x|, which is known exactly."""
    x = wide(x)
    y, tail = xp.absolute(_erfinv(xp, x)), 1 - xp.absolute(x)
    far = xp.where(tail == 0, math.inf, scaled_erfc(xp, xp.maximum(y, 0.5)) / tail)
    return xp.where(y < 0.5, xp.exp(xp.square(xp.minimum(y, 0.5))), far) / _TWO_OVER_SQRT_PI


erfinv_slope = slope_of(
    erfinv,
    _erfinv_slope,
    lambda xp, x, y: 2 * xp.erfinv(x) * y * y,
    formula="sqrt(pi) / 2 * exp(erfinv({0}) ** 2)",
    samples=[0.5, -0.75, 0.0, 0.9, -0.2],
)
