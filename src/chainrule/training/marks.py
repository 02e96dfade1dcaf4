"""What a traced step was made from, remembered, so that a change by hand is seen."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Sequence
from operator import is_, itemgetter
from typing import Any

import numpy as np

from ..configurable import Configurable
from ..tensor import Variable

SIMPLE = (bool, int, float, str, types.NoneType, np.generic)
# where training stands, which no step is traced from
PROGRESS = {
    "stop_training",
    "history",
    "_position",
    "_logs",
    "_sources",
    "_hooks_now",
    "_engine_now",
    "_resume",
    "_settled",
    "_given",
    "_steps",
}


class Mark:
    """What is settled when a step is traced and may be changed by hand: numbers, words, functions, and the losses,
    schedules and the like that objects hold; which layers and metrics there are, and which weights are trained.

    Args:
        parts: the objects whose attributes are looked at.
        trained: the weights that training changes. variables: all of them.
        besides: what else says which parts there are.
    """

    def __init__(
        self, parts: Sequence[Any], trained: Sequence[Variable], variables: Sequence[Variable], besides: Iterable[Any]
    ) -> None:
        # the things themselves, so that none is mistaken for another
        things, self._found = _walk(parts)
        self._trained = tuple(trained)
        self._variables = [(v, v.trainable) for v in variables]
        self._held = [Contents(vars(thing), PROGRESS) for thing in (*things, *besides)]
        self._held += [Contents(part) for held in self._held for value in held.values for part in _containers(value)]

    def same(self, other: Mark) -> bool:
        """Whether both are of the same things: objects by identity, numbers and words by value."""
        return _same(self._found, other._found) and _same(self._trained, other._trained)

    def untouched(self) -> bool:
        """Whether every attribute and every entry of a list that the mark hangs on is the very thing it was; if so,
        a mark made now is the same. It takes microseconds, not the time of a small model's step."""
        return all(v.trainable is was for v, was in self._variables) and all(held.untouched() for held in self._held)


class Contents:
    """What a dictionary, but for some keys, or a list holds, to be compared by identity."""

    __slots__ = ("count", "held", "pick", "values")

    def __init__(self, held: dict[Any, Any] | list[Any], but: Iterable[Any] = ()) -> None:
        self.held, self.count = held, len(held)
        keys = [key for key in held if key not in but] if isinstance(held, dict) else []
        self.values: list[Any] = [held[key] for key in keys] if isinstance(held, dict) else list(held)
        self.pick = itemgetter(*keys, keys[0]) if keys else None  # of one key it would give no tuple

    def untouched(self) -> bool:
        if len(self.held) != self.count:
            return False
        if isinstance(self.held, list):
            return all(map(is_, self.held, self.values))
        try:
            return self.pick is None or all(map(is_, self.pick(self.held), self.values))
        except KeyError:
            return False


def _walk(objects: Sequence[Any]) -> tuple[list[Any], tuple[Any, ...]]:
    """The objects with the configurable ones that they hold, and all of theirs that counts."""
    things: list[Any] = []
    found: list[Any] = []
    todo, seen = list(objects), set()
    while todo:
        thing = todo.pop(0)
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        things.append(thing)
        found.append(thing)
        for key, value in vars(thing).items():
            if key in PROGRESS:
                continue
            if isinstance(value, SIMPLE) or (isinstance(value, tuple) and all(isinstance(v, SIMPLE) for v in value)):
                found.append((key, value))
            elif isinstance(value, types.FunctionType | types.BuiltinFunctionType | Configurable):
                found.append((key, value))
                if isinstance(value, Configurable):
                    todo.append(value)
    return things, tuple(found)


def _containers(value: Any) -> Iterator[Any]:
    """The lists and dictionaries in a value, those in tuples and in others too."""
    if isinstance(value, list | dict):
        yield value
    if isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _containers(item)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return a is b or (isinstance(a, SIMPLE) and type(a) is type(b) and bool(a == b))
