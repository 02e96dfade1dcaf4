"""Functions of a point in the plane: its distance from the origin and its angle."""

from __future__ import annotations

from typing import Any

from .elementwise import TRANSCENDENTAL, binary
from .pairs import product, wide
from .record import Operation, Rule
from .rules import per_entry

_SAMPLES = [(3.0, 4.0), (0.5, -2.0), (0.0, 1.0), (-1.0, 1.0)]


def _normalized(xp: Any, x: Any, y: Any) -> tuple[Any, Any, Any, Any]:
    """Return both sides over the power of 2 next to the larger one, the distance of that point from the origin (1 at
    the origin), and a function that divides by the power. With these no square over- or underflows.
    """
    x, y = wide(x), wide(y)
    infinite = xp.isinf(x) | xp.isinf(y)  # of infinite sides each counts as 1, and a finite one beside it as 0

    def corner(side: Any) -> Any:
        return xp.where(infinite, xp.where(xp.isinf(side), xp.sign(side), xp.zeros_like(side)), side)

    x, y = corner(x), corner(y)
    _, exponent = xp.frexp(xp.maximum(xp.absolute(x), xp.absolute(y)))

    def divided(side: Any) -> Any:
        return xp.where(infinite, xp.zeros_like(side), xp.ldexp(side, -exponent))

    x, y = xp.ldexp(x, -exponent), xp.ldexp(y, -exponent)
    distance = xp.sqrt(x * x + y * y)
    return x, y, xp.where(distance == 0, xp.ones_like(distance), distance), divided


def _hypot_slope(xp: Any, x: Any, y: Any) -> Any:
    x, _, r, _ = _normalized(xp, x, y)
    return x / r


def _hypot_along(xp: Any, x: Any, y: Any) -> Any:
    _, y, r, divided = _normalized(xp, x, y)
    return divided(y) * y / (r * r * r)


def _ordered(xp: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """Return the sign of x y, and the smaller and the larger of both sizes: what is exact is multiplied first."""
    a, b = xp.absolute(x), xp.absolute(y)
    return xp.sign(x) * xp.sign(y), xp.minimum(a, b), xp.maximum(a, b)


def _hypot_across(xp: Any, x: Any, y: Any) -> Any:
    x, y, r, divided = _normalized(xp, x, y)
    sign, small, large = _ordered(xp, x, y)
    return -sign * (divided(small) * large / (r * r * r))


def _arctan2_slope(xp: Any, x: Any, y: Any) -> Any:
    x, _, r, divided = _normalized(xp, x, y)
    return divided(x) / (r * r)


def _arctan2_along(xp: Any, x: Any, y: Any) -> Any:
    x, y, r, divided = _normalized(xp, x, y)
    return product(xp, divided(y - x), divided(y + x) / (r * r * r * r))


def _arctan2_across(xp: Any, x: Any, y: Any) -> Any:
    x, y, r, divided = _normalized(xp, x, y)
    sign, small, large = _ordered(xp, x, y)
    return -2 * sign * product(xp, divided(small), divided(large) / (r * r * r * r))


def _third(xp: Any, x: Any, y: Any, form: Any) -> Any:
    """Compute form(p, q) / hypot(x, y), where p and q are the cosine and the sine of the point's angle."""
    return form(xp.hypot_slope(x, y), xp.hypot_slope(y, x)) / xp.hypot(x, y)


def _hypot_mixed(xp: Any, x: Any, y: Any) -> Any:
    """Compute the third slope of hypot, twice by x and once by y."""
    return _third(xp, x, y, lambda p, q: q * (2 * p * p - q * q)) / xp.hypot(x, y)


def _derived(name: str, value: Rule, local: tuple[Rule, Rule], format: str) -> Operation:
    """Make the record of a first or second slope, 0 at the origin."""
    return binary(
        name, value, local, f"{format.format('x1', 'x2')}.", gradient_note=f"the slopes of {name} are higher ones",
        format=format, kind="float", cost=per_entry(other=14), samples=_SAMPLES,
    )  # fmt: skip


hypot = binary(
    "hypot",
    lambda xp, x, y: xp.hypot(x, y),
    (lambda xp, x, y, r: xp.hypot_slope(x, y), lambda xp, x, y, r: xp.hypot_slope(y, x)),
    "sqrt(x1^2 + x2^2) without overflow (``keras.ops.hypot``).\n\n>>> ops.hypot([3.0], [4.0])\ntensor([5.])",
    gradient_note="hypot passes each side's share x/hypot",
    kind="float",
    cost=per_entry(other=6),
    samples=_SAMPLES,
)
hypot_slope = _derived(
    "hypot_slope",
    _hypot_slope,
    (lambda xp, x, y, r: xp.hypot_along(x, y), lambda xp, x, y, r: xp.hypot_across(x, y)),
    "{0} / hypot({0}, {1})",
)
hypot_along = _derived(
    "hypot_along",
    _hypot_along,
    (lambda xp, x, y, r: -3 * r * _third(xp, x, y, lambda p, q: p), lambda xp, x, y, r: _hypot_mixed(xp, x, y)),
    "{1} ** 2 / hypot({0}, {1}) ** 3",
)
hypot_across = _derived(
    "hypot_across",
    _hypot_across,
    (
        lambda xp, x, y, r: _hypot_mixed(xp, x, y),
        lambda xp, x, y, r: _third(xp, x, y, lambda p, q: p * (2 * q * q - p * p)) / xp.hypot(x, y),
    ),
    "-{0} * {1} / hypot({0}, {1}) ** 3",
)
arctan2 = binary(
    "arctan2",
    lambda xp, x, y: xp.arctan2(x, y),
    (lambda xp, x, y, r: xp.arctan2_slope(y, x), lambda xp, x, y, r: -xp.arctan2_slope(x, y)),
    "The angle in radians of the point (x2, x1); its slopes at the origin are taken as 0 (``keras.ops.arctan2``).\n\n"
    ">>> ops.arctan2([1.0], [0.0])\ntensor([1.5707964])",
    gradient_note="arctan2 passes x2/(x1^2+x2^2) to the first and -x1/(x1^2+x2^2) to the second",
    kind="float",
    cost=TRANSCENDENTAL,
    samples=[(0.5, 2.0), (-1.0, 1.0), (3.0, -0.5)],
)
arctan2_slope = _derived(
    "arctan2_slope",
    _arctan2_slope,
    (lambda xp, x, y, r: xp.arctan2_along(x, y), lambda xp, x, y, r: xp.arctan2_across(x, y)),
    "{0} / ({0} ** 2 + {1} ** 2)",
)
arctan2_along = _derived(
    "arctan2_along",
    _arctan2_along,
    (
        lambda xp, x, y, r: 2 * _third(xp, x, y, lambda p, q: p * (p * p - 3 * q * q)) / xp.square(xp.hypot(x, y)),
        lambda xp, x, y, r: 2 * _third(xp, x, y, lambda p, q: q * (3 * p * p - q * q)) / xp.square(xp.hypot(x, y)),
    ),
    "({1} ** 2 - {0} ** 2) / ({0} ** 2 + {1} ** 2) ** 2",
)
arctan2_across = _derived(
    "arctan2_across",
    _arctan2_across,
    (
        lambda xp, x, y, r: 2 * _third(xp, x, y, lambda p, q: q * (3 * p * p - q * q)) / xp.square(xp.hypot(x, y)),
        lambda xp, x, y, r: 2 * _third(xp, x, y, lambda p, q: p * (3 * q * q - p * p)) / xp.square(xp.hypot(x, y)),
    ),
    "-2 * {0} * {1} / ({0} ** 2 + {1} ** 2) ** 2",
)
