"""Powers, with their slopes by the base and the exponent.

In second slopes a power x^z is taken as the square of x^(z/2), since it may be too small or too large for the dtype
where what it is multiplied by makes up for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .elementwise import binary
from .pairs import difference, product, wide
from .record import Operation, Rule
from .rules import per_entry

_SAMPLES = [(1.5, 2.0), (2.0, -1.5), (3.0, 0.0), (1.0, 3.0), (0.0, 2.0), (-1.5, 3.0)]


def _log_size(xp: Any, x: Any) -> Any:
    return xp.log(xp.absolute(x))


def _power_of_lost(xp: Any, x: Any, lost: Any) -> Any:
    """Return |x| to the power that an exponent lost by rounding."""
    exponent = xp.clip(lost * _log_size(xp, x), -87.0, 88.0)  # where it is larger the power itself is infinite or 0
    return xp.where((lost == 0) | (x == 0), xp.ones_like(x), xp.exp(exponent))


def _power_times(xp: Any, x: Any, y: Any, less: int, f: Any, g: Any) -> Any:
    """Compute x^(y - less) f g; by the root of the power where that is too small or too large for the dtype."""
    exponent, lost = difference(y, xp.full_like(y, less))
    size = xp.absolute(x)
    plain = xp.power(size, exponent) * _power_of_lost(xp, x, lost)
    root = xp.power(size, 0.5 * exponent) * _power_of_lost(xp, x, 0.5 * lost)
    low, high = (1e-37, 1e37) if x.dtype.itemsize == 4 else (1e-307, 1e307)
    by_root = product(xp, product(xp, root, f), product(xp, root, g))
    result = xp.where((plain > low) & (plain < high), plain * (f * g), by_root)
    return xp.where(x < 0, (-1) ** less * xp.power(xp.full_like(x, -1.0), y), xp.ones_like(x)) * result


def _power_slope(xp: Any, x: Any, y: Any) -> Any:
    """Compute y x^(y-1); what y - 1 loses by rounding counts as a factor."""
    x, y = wide(x), wide(y)
    exponent, lost = difference(y, xp.full_like(y, 1))
    exponent = xp.where(y == 0, xp.ones_like(y), exponent)
    result = y * xp.power(x, exponent)
    if xp is np and not np.any(lost):  # a logarithm of each entry, saved where it is known
        return result
    is_odd = lost - 2 * xp.floor(0.5 * lost) == 1
    return xp.where(is_odd & (x < 0), -result, result) * _power_of_lost(xp, x, lost)


def _power_log(xp: Any, x: Any, y: Any) -> Any:
    """Compute x^y log(x); 0 below 0, and at 0 where y is not negative."""
    x, y = wide(x), wide(y)
    log = _log_size(xp, x)
    return _or_zero(xp, x, y, _power_times(xp, xp.absolute(x), y, 0, log, xp.ones_like(y)))


def _power_log_log(xp: Any, x: Any, y: Any) -> Any:
    """Compute x^y log(x)^2; 0 below 0, and at 0 where y is not negative."""
    x, y = wide(x), wide(y)
    log = _log_size(xp, x)
    return _or_zero(xp, x, y, _power_times(xp, xp.absolute(x), y, 0, log, log))


def _or_zero(xp: Any, x: Any, y: Any, slope: Any) -> Any:
    return xp.where((x < 0) | ((x == 0) & (y >= 0)), xp.zeros_like(slope), slope)


def _power_along(xp: Any, x: Any, y: Any) -> Any:
    """Compute y (y - 1) x^(y-2)."""
    x, y = wide(x), wide(y)
    return _power_times(xp, x, y, 2, y, y - 1)


def _power_across(xp: Any, x: Any, y: Any) -> Any:
    """Compute x^(y-1) (1 + y log(x)); below 0, where the slope by y counts as 0, x^(y-1)."""
    x, y = wide(x), wide(y)
    log = xp.where(x < 0, xp.zeros_like(x), _log_size(xp, x))
    factor = 1 + product(xp, y + xp.zeros_like(log), log)
    return _power_times(xp, x, y, 1, factor, xp.ones_like(y))


power = binary(
    "power",
    lambda xp, x, y: xp.power(x, y),
    (lambda xp, x, y, r: xp.power_slope(x, y), lambda xp, x, y, r: xp.power_log(x, y)),
    "x1 to the power x2 (``keras.ops.power``). The slope on x2 is 0 where x1 is negative; where x1 is 0, it is\n"
    "-inf if x2 is negative, else 0.\n\n"
    ">>> ops.power([2.0, 3.0], 2)\ntensor([4., 9.])",
    gradient_note="power's slope is x2 * x1^(x2-1) on the base and x1^x2 * log(x1) on the exponent",
    format="{0} ** {1}",
    kind="counted",
    samples=_SAMPLES,
)


def _derived(name: str, value: Rule, local: tuple[Rule, Rule], format: str) -> Operation:
    """Make the record of a first or second slope."""
    return binary(
        name, value, local, f"{format.format('x1', 'x2')}, a slope of power.", format=format,
        gradient_note="the slopes of a power's slopes are powers too", kind="float", cost=per_entry(other=20),
        samples=[(1.5, 2.0), (2.0, -1.5), (3.0, 0.0), (1.0, 3.0), (0.5, 2.5)],
    )  # fmt: skip


def _positive(xp: Any, x: Any) -> Any:
    """Return x, or 1 where it is not positive."""
    return xp.where(x > 0, x, xp.ones_like(x))


power_slope = _derived(
    "power_slope",
    _power_slope,
    (lambda xp, x, y, r: xp.power_along(x, y), lambda xp, x, y, r: xp.power_across(x, y)),
    "{1} * {0} ** ({1} - 1)",
)
power_log = _derived(
    "power_log",
    _power_log,
    (
        lambda xp, x, y, r: xp.where(x < 0, xp.zeros_like(r), xp.power_across(x, y)),
        lambda xp, x, y, r: xp.power_log_log(x, y),
    ),
    "{0} ** {1} * log({0})",
)
power_along = _derived(
    "power_along",
    _power_along,
    (
        lambda xp, x, y, r: y * (y - 1) * xp.power_slope(x, y - 2),
        lambda xp, x, y, r: (2 * y - 1) * xp.power(x, y - 2) + y * (y - 1) * xp.power_log(x, y - 2),
    ),
    "{1} * ({1} - 1) * {0} ** ({1} - 2)",
)
power_across = _derived(
    "power_across",
    _power_across,
    (
        lambda xp, x, y, r: (2 * y - 1) * xp.power(x, y - 2) + y * (y - 1) * xp.power_log(x, y - 2),
        lambda xp, x, y, r: 2 * xp.power_log(x, y - 1) + y * xp.power_log_log(x, y - 1),
    ),
    "{0} ** ({1} - 1) * (1 + {1} * log({0}))",
)
power_log_log = _derived(
    "power_log_log",
    _power_log_log,
    (
        lambda xp, x, y, r: 2 * xp.power_log(x, y - 1) + y * xp.power_log_log(x, y - 1),
        lambda xp, x, y, r: r * xp.log(_positive(xp, x)),
    ),
    "{0} ** {1} * log({0}) ** 2",
)
