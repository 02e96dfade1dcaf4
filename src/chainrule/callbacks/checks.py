"""Checks of arguments that several callbacks take, beside those of `core.arguments`."""

from __future__ import annotations

from typing import Any

from ..core.arguments import at_least, whole_number
from ..core.errors import ValueProblem


def check_string(**argument: Any) -> str:
    """Check that an argument is a string."""
    ((name, value),) = argument.items()
    if not isinstance(value, str):
        raise ValueProblem(f"{name}={value!r}", "a string", f"e.g. {name}='{name}'")
    return value


def check_frequency(*words: str, period: int = 1, **argument: Any) -> str | int:
    """Check that an argument is one of the words, such as ``"epoch"``, or a number of batches from 1 up.

    Args:
        period: of epochs, which goes with ``"epoch"`` alone.

    >>> check_frequency("epoch", save_freq=100)
    100
    """
    ((name, value),) = argument.items()
    if at_least(1, period=period) > 1 and value != "epoch":
        raise ValueProblem(f"period={period} with {name}={value!r}", f"{name}='epoch'", "leave one of them out")
    if isinstance(value, str) and value in words:
        return value
    batches = whole_number(value)
    if batches is None or batches < 1:
        passed = f"{name}={value!r}"
        raise ValueProblem(passed, f"{', '.join(map(repr, words))} or a whole number from 1 up", f"e.g. {name}=100")
    return batches
