"""Checks of arguments and attributes that several layers have, beyond those of `core.arguments`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import activations
from ..core.arguments import describe_argument, one_of, whole_number
from ..core.errors import ShapeError, ValueProblem


class ActivationAttribute:
    """A layer's attribute ``activation``, to which a name, a function or ``None`` (no activation) is assigned.

    >>> from chainrule.layers import Dense
    >>> layer = Dense(2, activation="softmax")
    >>> layer.activation = None
    >>> layer.activation.__name__
    'linear'
    """

    def __get__(self, layer: Any, cls: Any = None) -> Any:
        if layer is None:
            return self
        try:
            return vars(layer)["activation"]
        except KeyError:
            raise AttributeError(f"{type(layer).__name__} has no activation yet") from None

    def __set__(self, layer: Any, activation: Any) -> None:
        vars(layer)["activation"] = activations.get(activation)


def any_whole_number(*, owner: str = "", **argument: Any) -> int:
    """Check that an argument is a whole number, negative or not.

    >>> any_whole_number(axis=-1)
    -1
    """
    ((name, value),) = argument.items()
    number = whole_number(value)
    if number is None:
        raise _refused(name, value, "a whole number", owner)
    return number


def axis_numbers(*, owner: str = "", **argument: Any) -> Any:
    """Check that an argument is one axis, or a list or tuple of axes, and return it in the same form.

    >>> axis_numbers(axis=[-1, 2])
    [-1, 2]
    """
    ((name, value),) = argument.items()
    number = whole_number(value)
    if number is not None:
        return number
    numbers = [whole_number(v) for v in value] if isinstance(value, list | tuple) else [None]
    if None in numbers:
        raise _refused(name, value, "an axis, or several", owner)
    return numbers if isinstance(value, list) else tuple(numbers)


def as_axis_list(axis: Any) -> list[int]:
    """Return one axis, or several, as a list."""
    return [axis] if isinstance(axis, int) else list(axis)


def shape_sizes(shape: Any, what: str, least: int = 0, unknown: bool = False) -> tuple[int | None, ...]:
    """Check that a shape is one size or several, each a whole number from `least` up, and return it as a tuple.

    Args:
        shape: the sizes. what: the name of the shape, for the error. least: the smallest size that is taken.
        unknown: whether ``None`` is taken too.

    Raises:
        ShapeError: for anything else.

    >>> shape_sizes([None, 3], "noise_shape", unknown=True), shape_sizes(4, "target_shape")
    ((None, 3), (4,))
    """
    length = whole_number(shape)
    try:
        entries = [length] if length is not None else list(shape)
    except TypeError:
        entries = [shape]
    result: list[int | None] = []
    for entry in entries:
        number = whole_number(entry)
        is_unknown = unknown and entry is None
        if not is_unknown and (number is None or number < least):
            expected = f"whole numbers from {least} up" + (", or None" if unknown else "")
            raise ShapeError(f"{what} {shape!r:.80}", expected, "give whole numbers")
        result.append(number)
    return tuple(result)


def known_sizes(shape: Sequence[int | None], axes: Sequence[int], expected: str) -> list[int]:
    """Return the sizes of an input's shape along some axes; the error for an unknown one says what is `expected`."""
    sizes = [n for n in (shape[a] for a in axes) if n is not None]
    if len(sizes) < len(axes):
        raise ShapeError(f"an input of shape {shape}", expected, "give the Input a shape")
    return sizes


def padding_mode(padding: Any, options: Sequence[str], owner: str) -> str:
    """Check that `padding` is one of the options, in upper or lower case, and return it in lower case."""
    return one_of(options, owner=owner, padding=padding.lower() if isinstance(padding, str) else padding)


def before_and_after(rank: int, *, owner: str = "", **argument: Any) -> tuple[tuple[int, int], ...]:
    """Check that an argument is one whole number from 0 up, one for each of `rank` axes, or (before, after) for each.

    >>> before_and_after(2, padding=(1, (0, 2)))
    ((1, 1), (0, 2))
    """
    ((name, value),) = argument.items()
    number = whole_number(value)
    if number is not None:
        value = (number,) * rank
    items = list(value) if isinstance(value, list | tuple) else []
    if rank == 1 and len(items) == 2 and None not in map(whole_number, items):
        items = [items]
    pairs = [item if isinstance(item, list | tuple) else (item, item) for item in items]
    result = []
    for pair in pairs:
        numbers = [n for n in map(whole_number, pair) if n is not None and n >= 0]
        if len(numbers) == len(pair) == 2:
            result.append((numbers[0], numbers[1]))
    if not len(result) == len(pairs) == rank:
        expected = f"a whole number, {rank} of them, or {rank} pairs, from 0 up"
        raise ShapeError(describe_argument(name, argument[name], owner), expected, f"e.g. {name}=1")
    return tuple(result)


def _refused(name: str, value: Any, expected: str, owner: str) -> ValueProblem:
    return ValueProblem(describe_argument(name, value, owner), expected, f"e.g. {name}=1")
