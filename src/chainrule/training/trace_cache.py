"""What a traced step was made from, remembered, so that a change by hand is seen."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import is_, itemgetter
from typing import Any

import numpy as np

from ..serialization.registry import Configurable
from ..tensors.tensor import Variable

SIMPLE = (bool, int, float, str, types.NoneType, np.generic)
# where training stands, which no step is traced from
PROGRESS_ATTRIBUTES = {
    "stop_training",
    "history",
    "_position",
    "_logs",
    "_sources",
    "_hooks_now",
    "_engine_now",
    "_resume",
    "_steps",
}
ARGUMENTS = {"_given", "_settled"}  # what the constructor was given, which is in the attributes again


class Fingerprint:
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
        self._variables = list(variables)
        self._trainable = [v.trainable for v in variables]
        held = [vars(thing) for thing in (*things, *besides)]
        self._moving = [Moving(names) for names in held if not PROGRESS_ATTRIBUTES.isdisjoint(names)]
        still = [names for names in held if PROGRESS_ATTRIBUTES.isdisjoint(names)]
        containers = [
            part
            for names in held
            for key in names.keys() - PROGRESS_ATTRIBUTES - ARGUMENTS
            for part in _containers(names[key])
        ]
        # views and lists, which show what their dictionaries and lists hold now
        self._views: list[Any] = [part.values() if isinstance(part, dict) else part for part in (*still, *containers)]
        self._sizes = list(map(len, self._views))
        self._entries = list(chain.from_iterable(self._views))

    def same(self, other: Fingerprint) -> bool:
        """Whether both are of the same things: objects by identity, numbers and words by value."""
        return _same(self._found, other._found) and _same(self._trained, other._trained)

    def untouched(self) -> bool:
        """Whether every attribute and every entry of a list that the mark hangs on is the very thing it was; if so,
        a mark made now is the same. It takes microseconds, not the time of a small model's step."""
        return (
            [v.trainable for v in self._variables] == self._trainable
            and list(map(len, self._views)) == self._sizes
            and all(map(is_, chain.from_iterable(self._views), self._entries))
            and all(moving.untouched() for moving in self._moving)
        )


class Moving:
    """The attributes of an object that trains, but for those that say where training stands."""

    __slots__ = ("count", "names", "pick", "values")

    def __init__(self, names: dict[str, Any]) -> None:
        self.names, self.count = names, len(names)
        self.pick = itemgetter(*(names.keys() - PROGRESS_ATTRIBUTES))
        self.values = self.pick(names)

    def untouched(self) -> bool:
        """Whether every attribute holds the very thing it held."""
        try:
            return len(self.names) == self.count and all(map(is_, self.pick(self.names), self.values))
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
            if key in PROGRESS_ATTRIBUTES or key in ARGUMENTS:
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
