"""Activations: relu, and x times a gate that opens from 0 to 1 (silu, gelu, mish); softsign and tanh_shrink.

Their slopes are computed from x, for the gate itself is rounded to 1 too soon. An exponential that x multiplies is
taken as two factors, for it may be too small for the dtype where the product is not.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .elementwise import slope_of, unary
from .error_function import near_erf, scaled_erfc
from .pairs import Pair, constant, exp_minus, exp_minus_square, renormalized, short, split, square, wide
from .rules import per_entry
from .sample import Draw, Sample

_CLOSED = 1600.0  # at -x the gate is 0 in any dtype, and finite

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
softsign = unary(
    "softsign",
    lambda xp, x: xp.where(xp.isinf(x), xp.sign(x), x / (1 + xp.absolute(x))),
    lambda xp, x, y: xp.square(1 / (1 + xp.absolute(x))),
    "x / (1 + |x|) (``keras.ops.softsign``).\n\n>>> ops.softsign([1.0, -3.0])\ntensor([ 0.5 , -0.75])",
    gradient_note="the slope of softsign is 1/(1 + |x|)^2",
    format="{0} / (1 + abs({0}))",
    cost=per_entry(other=3),
    samples=[0.5, -1.5, 3.0],
)


def _tanh_shrink(xp: Any, x: Any) -> Any:
    """Compute x - tanh(x), near 0 by the continued fraction of tanh, x / (1 + x^2 / k): its parts are all positive."""
    near = xp.clip(x, -1.5, 1.5)
    z = near * near
    k = xp.full_like(x, 25.0)
    for odd in range(23, 1, -2):
        k = odd + z / k
    return xp.where(xp.absolute(x) < 1.5, near * (z / (k + z)), x - xp.tanh(x))


tanh_shrink = unary(
    "tanh_shrink",
    _tanh_shrink,
    lambda xp, x, y: xp.square(xp.tanh(x)),
    "x - tanh(x) (``keras.ops.tanh_shrink``).\n\n>>> ops.tanh_shrink([0.0])\ntensor([0.])",
    gradient_note="the slope of tanh_shrink is tanh(x)^2",
    format="{0} - tanh({0})",
    cost=per_entry(other=9),
)
hard_silu = unary(
    "hard_silu",
    lambda xp, x: xp.maximum(x, -3) * ((xp.clip(x, -3, 3) + 3) / 6),
    lambda xp, x, y: xp.where((x >= -3) & (x <= 3), (2 * x + 3) / 6, xp.cast(x > 3, x.dtype)),
    "x hard_sigmoid(x); its slopes at -3 and 3 are those between (``keras.ops.hard_silu``).\n\n"
    ">>> ops.hard_silu([3.0])\ntensor([3.])",
    gradient_note="hard_silu is a soft switch made of straight lines",
    format="{0} * clip({0} / 6 + 0.5, 0, 1)",
    cost=per_entry(other=5),
    samples=[0.5, -1.5, 7.0, -4.0],
)


# ---- silu: the gate is the logistic function


def _silu(xp: Any, x: Any) -> Any:
    x = xp.maximum(wide(x), -_CLOSED)
    first, second = exp_minus(xp, xp.absolute(x))
    return ((xp.maximum(x, 0) + xp.minimum(x, 0) * first * second) / (1 + first * second)).astype(x.dtype)


def _gated_slope(xp: Any, x: Any, step: Any, first: Any, second: Any) -> Any:
    """Compute s + step s (1 - s) for a gate s, of which the smaller of s and 1 - s over the larger is two factors.

    Args:
        step: x times the slope of what the gate is the logistic function of.
    """
    total = 1 + first * second
    below = (1 + step / total) * first * second
    above = 1 + step * (first * second / total)
    is_below = (x < 0).astype(x.dtype)
    return ((is_below * below + (1 - is_below) * above) / total).astype(x.dtype)


def _silu_slope(xp: Any, x: Any) -> Any:
    x = xp.clip(wide(x), -_CLOSED, _CLOSED)
    return _gated_slope(xp, x, x, *exp_minus(xp, xp.absolute(x)))


def _silu_second(xp: Any, x: Any) -> Any:
    """Compute s (1 - s) (2 - x tanh(x/2)) for s = sigmoid(x)."""
    x = xp.clip(x, -_CLOSED, _CLOSED)
    h = xp.exp(-0.5 * xp.absolute(x))
    return h * (h * (2 - x * xp.tanh(0.5 * x))) / xp.square(1 + h * h)


silu = unary(
    "silu",
    _silu,
    lambda xp, x, y: xp.silu_slope(x),
    "x sigmoid(x), also called swish (``keras.ops.silu``).\n\n>>> ops.silu([0.0, 1.0])\ntensor([0.       , 0.7310586])",
    gradient_note="the slope of silu is s + x s (1 - s)",
    format="{0} * sigmoid({0})",
    cost=per_entry(other=11),
)
silu_slope = slope_of(
    silu, _silu_slope, lambda xp, x, y: _silu_second(xp, x), formula="sigmoid({0}) + {0} * sigmoid({0}) * sigmoid(-{0})"
)

# ---- gelu: the gate is the normal distribution function, or the logistic function of a cubic

_SQRT_HALF = math.sqrt(0.5)
_DENSITY = math.sqrt(0.5 / math.pi)
_LINEAR, _CUBIC = 1.5957691216057308, 0.07135481627260025  # sqrt(8/pi), and 0.044715 times that
_LINEAR_PAIR, _CUBIC_PAIR = constant(_LINEAR, -9.96930880911092031e-17), constant(_CUBIC, -6.17514991815531545e-19)


def _cubic(xp: Any, x: Any) -> Pair:
    """Compute sqrt(8/pi) (x + 0.044715 x^3), the logarithm of gelu's gate over its complement, as a pair."""
    if xp is np and x.dtype.itemsize == 4:
        z = x.astype("float64")
        z = z * (_LINEAR + _CUBIC * z * z)
        rounded = z.astype("float32")
        return rounded, (z - rounded).astype("float32")
    (a, a_rest), (b, b_rest) = _LINEAR_PAIR(x), _CUBIC_PAIR(x)
    head, tail = split(x)
    z, z_rest = square(x)
    z, z_rest = short(z), (z - short(z)) + z_rest
    product, rest = b * z, b * z_rest + b_rest * (z + z_rest) + a_rest
    factor = short(a + product + rest)
    factor_rest = ((a - factor) + product) + rest
    return renormalized(head * factor, head * factor_rest + tail * (factor + factor_rest))


def _cubic_gate(xp: Any, x: Any) -> Pair:
    """Return two factors of exp(-|z|) for z, the cubic of x."""
    if xp is np and x.dtype.itemsize == 4:
        z = x.astype("float64")
        return np.exp(-np.absolute(z * (_LINEAR + _CUBIC * z * z))), 1.0
    z, rest = _cubic(xp, x)
    first, second = exp_minus(xp, xp.absolute(z))
    return first * (1 - rest * xp.copysign(1.0, z).astype(x.dtype)), second


def _gelu(xp: Any, x: Any, approximate: bool = True) -> Any:
    x = wide(x)
    if approximate:
        first, second = _cubic_gate(xp, xp.clip(x, -50.0, 50.0))
        gated = xp.maximum(x, 0) + xp.clip(x, -50.0, 0) * first * second
        return (gated / (1 + first * second)).astype(x.dtype)
    below = xp.clip(x, -50.0, -0.7)
    tail = below * (0.5 * scaled_erfc(xp, -_SQRT_HALF * below)) * exp_minus_square(xp, below, 2)
    gate = 0.5 + 0.5 * near_erf(_SQRT_HALF * xp.clip(x, -0.7, 1.4))
    above = xp.maximum(x, 1.4)
    far = 1 - 0.5 * exp_minus_square(xp, above, 2) * scaled_erfc(xp, _SQRT_HALF * above)
    return xp.where(x < -0.7, tail, x * xp.where(x < 1.4, gate, far))


def _gelu_slope(xp: Any, x: Any, approximate: bool = True) -> Any:
    x = xp.clip(wide(x), -50.0, 50.0)
    if approximate:
        return _gated_slope(xp, x, x * (_LINEAR + 3 * _CUBIC * x * x), *_cubic_gate(xp, x))
    size = xp.maximum(xp.absolute(x), 0.71)
    density = exp_minus_square(xp, x, 2)
    tail = density * (0.5 * scaled_erfc(xp, _SQRT_HALF * size) - _DENSITY * size)
    near = 0.5 + 0.5 * near_erf(_SQRT_HALF * xp.clip(x, -0.71, 0.71)) + x * (_DENSITY * density)
    return xp.where(xp.absolute(x) < 0.71, near, xp.where(x < 0, tail, 1 - tail))


def _gelu_second(xp: Any, x: Any, approximate: bool) -> Any:
    x = xp.clip(x, -50.0, 50.0)
    if approximate:
        w, bell = _LINEAR + 3 * _CUBIC * x * x, xp.gelu_bell(x)
        inner = 2 * w + 6 * _CUBIC * x * x - x * w * w * xp.tanh(0.5 * x * (_LINEAR + _CUBIC * x * x))
        return bell * (bell * inner)
    return (2 - x * x) * xp.normal_density(x)


def _gelu_bell(xp: Any, x: Any) -> Any:
    x = xp.clip(wide(x), -50.0, 50.0)
    z, rest = _cubic(xp, x)
    e = xp.exp(-0.5 * xp.absolute(z)) * xp.where(z < 0, 1 + 0.5 * rest, 1 - 0.5 * rest)
    return e / (1 + e * e)


def _gelu_bell_slope(xp: Any, x: Any, y: Any) -> Any:
    z = x * (_LINEAR + _CUBIC * x * x)
    return xp.where(y == 0, y, -0.5 * y * (_LINEAR + 3 * _CUBIC * x * x) * xp.tanh(0.5 * z))


gelu = unary(
    "gelu",
    _gelu,
    lambda xp, x, y, approximate: xp.gelu_slope(x, approximate=approximate),
    "x times the normal distribution function of x, by tanh or exactly (``keras.ops.gelu``; Hendrycks and "
    "Gimpel, arXiv:1606.08415).\n\n>>> ops.gelu([0.0, 1.0], approximate=False)\ntensor([0.       , 0.8413447])",
    gradient_note="gelu multiplies x by a soft switch",
    format="gelu({0}, approximate={approximate})",
    more_samples=[Sample(Draw(3, 4), approximate=False)],
    cost=per_entry(other=40),
)
gelu_slope = slope_of(
    gelu,
    _gelu_slope,
    lambda xp, x, y, approximate: _gelu_second(xp, x, approximate),
    formula="gelu_slope({0}, approximate={approximate})",
    more_samples=[Sample(Draw(3, 4), approximate=False)],
)

gelu_bell = unary(
    "gelu_bell",
    _gelu_bell,
    lambda xp, x, y: _gelu_bell_slope(xp, x, y),
    "The root of s (1 - s), where s is the gate of the approximate gelu.",
    gradient_note="the root of s (1 - s) falls where the gate is open or closed",
    format=f"1 / (2 * cosh({_LINEAR / 2} * ({{0}} + 0.044715 * {{0}} ** 3)))",
    cost=per_entry(other=30),
)

# ---- mish: the gate is tanh(softplus(x)), written with e = exp(-|x|)


def _mish(xp: Any, x: Any) -> Any:
    x = xp.maximum(wide(x), -_CLOSED)
    first, second = exp_minus(xp, xp.absolute(x))
    e = first * second
    below = x * first * second * ((2 + e) / (2 + e * (2 + e)))
    return xp.where(x < 0, below, x * ((1 + 2 * e) / (1 + 2 * e * (1 + e)))).astype(x.dtype)


def _mish_slope(xp: Any, x: Any) -> Any:
    x = xp.clip(wide(x), -_CLOSED, _CLOSED)
    first, second = exp_minus(xp, xp.absolute(x))
    e = first * second
    p, q = 2 + e * (2 + e), 1 + 2 * e * (1 + e)
    below = ((2 + e) + 4 * x * (1 + e) / p) / p * first * second
    return xp.where(x < 0, below, ((1 + 2 * e) + 4 * x * (e * e) * (1 + e) / q) / q).astype(x.dtype)


def _mish_second(xp: Any, x: Any) -> Any:
    x = xp.clip(x, -_CLOSED, _CLOSED)
    h = xp.exp(-0.5 * xp.where(x < 0, -x, x))
    e = h * h
    p, q = 2 + e * (2 + e), 1 + 2 * e * (1 + e)
    below = h * ((2 * (1 + e) + x * (2 + e * (2 - e * (3 + 2 * e))) / p) * h) * 4 / xp.square(p)
    above = e * ((2 * (1 + e) + x * (e * (e * (2 * e + 2) - 3) - 2) / q) * e) * 4 / xp.square(q)
    return xp.where(x < 0, below, above)


mish = unary(
    "mish",
    _mish,
    lambda xp, x, y: xp.mish_slope(x),
    "x tanh(softplus(x)) (Misra, arXiv:1908.08681).",
    gradient_note="mish multiplies x by a soft switch",
    format="{0} * tanh(softplus({0}))",
    cost=per_entry(other=20),
)
mish_slope = slope_of(mish, _mish_slope, lambda xp, x, y: _mish_second(xp, x), formula="mish_slope({0})")
