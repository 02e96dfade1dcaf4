"""Comparisons, tests and logic of each entry. The results are booleans, without gradient."""

from __future__ import annotations

from .elementwise import binary, unary
from .record import Operation
from .rules import NO_GRADIENT


def _comparison(name: str, symbol: str, kind: str = "bool") -> Operation:
    """Make the record of a comparison of two entries."""
    return binary(
        name,
        lambda xp, x, y: getattr(xp, name)(x, y),
        None,
        f"x1 {symbol} x2, entry by entry, as booleans (``keras.ops.{name}``).\n\n"
        f">>> ops.{name}([1.0, 2.0], [1.0, 2.0]).dtype\ndtype('bool')",
        gradient_note=NO_GRADIENT,
        format=f"{{0}} {symbol} {{1}}",
        kind=kind,
        samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 3.0), (0.0, 0.0)],
    )


equal = _comparison("equal", "==")
not_equal = _comparison("not_equal", "!=")
less = _comparison("less", "<")
less_equal = _comparison("less_equal", "<=")
greater = _comparison("greater", ">")
greater_equal = _comparison("greater_equal", ">=")
logical_and = _comparison("logical_and", "and", "logic")
logical_or = _comparison("logical_or", "or", "logic")
logical_xor = _comparison("logical_xor", "^", "logic")


def _predicate(name: str, description: str, kind: str = "bool") -> Operation:
    """Make the record of a test of each entry."""
    return unary(
        name,
        lambda xp, x: getattr(xp, name)(x),
        None,
        f"{description}, as booleans (``keras.ops.{name}``).\n\n>>> ops.{name}([1.0]).dtype\ndtype('bool')",
        gradient_note=NO_GRADIENT,
        kind=kind,
        samples=[0.0, float("nan"), float("inf"), -float("inf"), 1.0],
    )


logical_not = _predicate("logical_not", "Whether x is zero or False", "logic")
isnan = _predicate("isnan", "Whether x is not a number")
isinf = _predicate("isinf", "Whether x is infinite")
isfinite = _predicate("isfinite", "Whether x is neither infinite nor nan")
signbit = _predicate("signbit", "Whether the sign bit is set, so also for -0.0")
