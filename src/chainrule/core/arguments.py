"""Checks of arguments: one rule for whole numbers, numbers and names, with one form of error.

Each check takes its argument by name, so that the error can name it, and returns the checked value."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

from .errors import ValueProblem


def whole_number(value: Any) -> int | None:
    """Return the whole number that a value is, or ``None``.

    Python's and NumPy's integers are accepted, and arrays and tensors of one integer (`operator.index`); booleans are
    not, nor is a float, even 3.0.

    >>> import numpy as np
    >>> whole_number(np.int64(3)), whole_number(np.array(2.7)), whole_number(True)
    (3, None, None)
    """
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except (TypeError, ValueError):  # ValueError: arrays and tensors of more than one entry
        return None


def integer(*, owner: str = "", **argument: Any) -> int:
    """Check that an argument is a whole number.

    >>> integer(k=-1)
    -1
    """
    ((name, value),) = argument.items()
    number = whole_number(value)
    if number is None:
        raise _argument_error(name, value, "a whole number", f"e.g. {name}=1", owner)
    return number


def at_least(least: int, *, owner: str = "", **argument: Any) -> int:
    """Check that an argument is a whole number from `least` up.

    Args:
        least: the smallest accepted value.
        owner: whose argument it is, for the error.
        argument: one argument by its name.

    Raises:
        ValueProblem: for anything else.

    >>> at_least(1, epochs=3)
    3
    >>> at_least(1, epochs=2.5)
    Traceback (most recent call last):
    chainrule.errors.ValueProblem: Got epochs=2.5; expected a whole number from 1 up. To mend it: e.g. epochs=1.
    """
    return _whole_number_within(least, math.inf, f"from {least} up", owner, argument)


def between(least: int, most: int, *, owner: str = "", **argument: Any) -> int:
    """Check that an argument is a whole number from `least` to `most`, both included.

    >>> between(1, 9, digits=4)
    4
    """
    return _whole_number_within(least, most, f"from {least} to {most}", owner, argument)


def _whole_number_within(least: int, most: float, bounds: str, owner: str, argument: dict[str, Any]) -> int:
    ((name, value),) = argument.items()
    number = whole_number(value)
    if number is None or not least <= number <= most:
        example = f"e.g. {name}={min(max(least, 1), most)}"
        raise _argument_error(name, value, f"a whole number {bounds}", example, owner)
    return number


def each_at_least(least: int, count: int, *, owner: str = "", **argument: Any) -> tuple[int, ...]:
    """Check that an argument is a whole number from `least` up, or `count` of them; one number stands for all.

    >>> each_at_least(1, 2, strides=2), each_at_least(1, 2, strides=(2, 3))
    ((2, 2), (2, 3))
    """
    ((name, value),) = argument.items()
    number = whole_number(value)
    values = list(value) if number is None and isinstance(value, list | tuple) else [number] * count
    numbers = [whole_number(v) for v in values]
    if len(numbers) != count or any(n is None or n < least for n in numbers):
        example = max(least, 2) if count == 1 else (max(least, 2),) * count
        expected = f"a whole number from {least} up" + (f", or {count} of them" if count > 1 else "")
        raise _argument_error(name, value, expected, f"e.g. {name}={example}", owner)
    return tuple(n for n in numbers if n is not None)


def finite(*, least: float = -math.inf, above: float = -math.inf, owner: str = "", **argument: Any) -> float:
    """Check that an argument is a finite number, at least `least` and more than `above`.

    >>> finite(above=0, seconds=0.5)
    0.5
    """
    ((name, value),) = argument.items()
    return _number(name, value, least, above, owner, "a finite number", math.isfinite)


def not_nan(*, least: float = -math.inf, above: float = -math.inf, owner: str = "", **argument: Any) -> float:
    """Check that an argument is a number or infinity, at least `least` and more than `above`.

    >>> not_nan(above=0, clipnorm=math.inf)
    inf
    """
    ((name, value),) = argument.items()
    return _number(name, value, least, above, owner, "a number", lambda number: not math.isnan(number))


def _number(
    name: str, value: Any, least: float, above: float, owner: str, what: str, accepts: Callable[[Any], bool]
) -> float:
    try:
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:  # a Python integer beyond float64
        number = math.nan
    if not accepts(number) or number < least or (number <= above and above > -math.inf):
        bound = f" from {least:g} up" if least > -math.inf else f" more than {above:g}" if above > -math.inf else ""
        example = 0.1 if least <= 0.1 and above < 0.1 else max(least, above) + 1
        raise _argument_error(name, value, what + bound, f"e.g. {name}={example:g}", owner)
    return number


def one_of(options: Iterable[Any], *, owner: str = "", **argument: Any) -> Any:
    """Check that an argument is one of the options.

    >>> one_of(["valid", "same"], padding="same")
    'same'
    """
    ((name, value),) = argument.items()
    listed = list(options)
    if not any(value is option or (type(value) is type(option) and value == option) for option in listed):
        expected = " or ".join(map(repr, listed)) if len(listed) < 3 else f"one of {', '.join(map(repr, listed))}"
        raise _argument_error(name, value, expected, f"e.g. {name}={listed[0]!r}", owner)
    return value


def describe_argument(name: str, value: Any, owner: str = "") -> str:
    """Describe an argument for an error: its name, its value cut to 80 characters, and whose it is.

    >>> describe_argument("units", 2.7, "Dense 'd'")
    "units=2.7 for Dense 'd'"
    """
    return f"{name}={value!r:.80}" + (f" for {owner}" if owner else "")


def _argument_error(name: str, value: Any, expected: str, mend: str, owner: str) -> ValueProblem:
    return ValueProblem(describe_argument(name, value, owner), expected, mend)
