"""The logistic function and what is made of it: softplus, and logarithms of sums of powers."""

from __future__ import annotations

import math
from typing import Any

from .elementwise import binary, slope_of, unary
from .pairs import difference, exp2, wide
from .record import Operation, Rule
from .rules import per_entry


def _sigmoid(xp: Any, x: Any) -> Any:
    """Compute 1 / (1 + exp(-x)) or exp(x) / (1 + exp(x)), whichever cannot overflow."""
    e = xp.exp(-xp.absolute(x))
    return xp.where(x < 0, e, xp.ones_like(e)) / (1 + e)


def _sigmoid_slope(xp: Any, x: Any) -> Any:
    e = xp.exp(-xp.absolute(x))
    return e / xp.square(1 + e)


sigmoid = unary(
    "sigmoid",
    _sigmoid,
    lambda xp, x, y: xp.sigmoid_slope(x),
    "1 / (1 + exp(-x)), between 0 and 1, exact for large x of either sign "
    "(``keras.ops.sigmoid``).\n\n"
    ">>> ops.sigmoid([0.0, 1.0])\ntensor([0.5      , 0.7310586])",
    probabilities="independent",
    gradient_note="the slope of sigmoid is s (1 - s)",
    cost=per_entry(other=10),
    samples=[0.0, -1.5, 3.0, 1.0],
)
sigmoid_slope = slope_of(
    sigmoid, _sigmoid_slope, lambda xp, x, y: -y * xp.tanh(0.5 * x), formula="sigmoid({0}) * sigmoid(-{0})"
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


def _log_of_sum(name: str, power: Rule, base: float, description: str, example: str) -> Operation:
    """Make the record of the logarithm, to this base, of the sum of two powers of it."""
    scale, share = math.log(base), f"{name}_share"
    written, logarithm = ("e", "log") if base == math.e else ("2", "log2")

    def smaller_over_larger(xp: Any, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the difference, 0 of equal infinities, and the smaller power over the larger."""
        d, lost = difference(x, y)
        d = xp.where(x == y, xp.zeros_like(d), d)
        lost = xp.where(xp.isfinite(lost), lost, xp.zeros_like(d)) * scale
        return d, power(xp, -xp.absolute(d)) * xp.where(d < 0, 1 + lost, 1 - lost)

    def value(xp: Any, x: Any, y: Any) -> Any:
        x, y = wide(x), wide(y)
        rest = xp.log1p(smaller_over_larger(xp, x, y)[1])
        return xp.maximum(x, y) + (rest if base == math.e else rest / scale)

    def share_value(xp: Any, x: Any, y: Any) -> Any:
        d, e = smaller_over_larger(xp, wide(x), wide(y))
        return xp.where(d < 0, e, xp.ones_like(e)) / (1 + e)

    def of(xp: Any, x: Any, y: Any) -> Any:
        return getattr(xp, share)(x, y)

    def slope_of_share(xp: Any, x: Any, y: Any) -> Any:
        product = of(xp, x, y) * of(xp, y, x)
        return product if base == math.e else product * scale

    samples = [(0.5, 2.0), (0.0, 0.0), (30.0, -30.0)]
    binary(
        share,
        share_value,
        (lambda xp, x, y, r: slope_of_share(xp, x, y), lambda xp, x, y, r: -slope_of_share(xp, x, y)),
        f"The first power's share of the sum whose logarithm {name} is.",
        gradient_note="each share takes from the other what it gains: s (1 - s)",
        format=f"1 / (1 + {written} ** ({{1}} - {{0}}))",
        kind="float",
        cost=per_entry(other=20),
        samples=samples,
    )
    return binary(
        name,
        value,
        (lambda xp, x, y, r: of(xp, x, y), lambda xp, x, y, r: of(xp, y, x)),
        f"{description} without overflow (``keras.ops.{name}``).\n\n{example}",
        gradient_note=f"{name} shares the gradient as softmax does",
        format=f"{logarithm}({written} ** {{0}} + {written} ** {{1}})",
        kind="float",
        cost=per_entry(other=18),
        samples=samples,
    )


logaddexp = _log_of_sum(
    "logaddexp",
    lambda xp, x: xp.exp(x),
    math.e,
    "log(exp(x1) + exp(x2))",
    ">>> ops.logaddexp([0.0], [0.0])\ntensor([0.6931472])",
)
logaddexp2 = _log_of_sum("logaddexp2", exp2, 2.0, "log2(2^x1 + 2^x2)", ">>> ops.logaddexp2([1.0], [1.0])\ntensor([2.])")
