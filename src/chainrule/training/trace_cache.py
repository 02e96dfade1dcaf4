"""What a traced step was made from, remembered, so that a change of it by the user is noticed."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import is_
from typing import Any

import numpy as np

from ..serialization.configurable import Configurable
from ..tensors.variable import Variable

SIMPLE_TYPES = (bool, int, float, str, types.NoneType, np.generic)
ARGUMENTS = {"_init_arguments", "_initial_attributes"}  # the constructor's arguments, which other attributes hold too


class Fingerprint:
    """What a trace takes as constant and the user may change: numbers, strings, functions, and the losses, schedules
    and the like that objects hold; which layers and metrics there are, and which weights are trained.

    Args:
        parts: the objects whose attributes are compared.
        trained: the weights that training changes. variables: all of them. containers: other objects that hold parts.
    """

    def __init__(
        self, parts: Sequence[Any], trained: Sequence[Variable], variables: Sequence[Variable],
        containers: Iterable[Any],
    ) -> None:  # fmt: skip
        # the objects themselves, not their ids, which another object may get
        objects, self._attributes = _walk(parts)
        self._trained = tuple(trained)
        self._variables = list(variables)
        self._trainable = [v.trainable for v in variables]
        namespaces = [vars(thing) for thing in (*objects, *containers)]
        held = [names[key] for names in namespaces for key in names.keys() - ARGUMENTS]
        parts = [*namespaces, *(part for value in held for part in _collections(value))]
        # live views, which show what the dictionaries and lists hold now
        self._views: list[Any] = [part.values() if isinstance(part, dict) else part for part in parts]
        self._sizes = list(map(len, self._views))
        self._entries = list(chain.from_iterable(self._views))

    def matches(self, other: Fingerprint) -> bool:
        """Whether both are of the same objects, compared by identity, with equal numbers and strings."""
        return _same(self._attributes, other._attributes) and _same(self._trained, other._trained)

    def is_unchanged(self) -> bool:
        """Whether every attribute, and every entry of a list, is the same object as before.

        A fingerprint made now then matches. This takes microseconds, less than a small model's step.
        """
        return (
            [v.trainable for v in self._variables] == self._trainable
            and list(map(len, self._views)) == self._sizes
            and all(map(is_, chain.from_iterable(self._views), self._entries))
        )


def _walk(objects: Sequence[Any]) -> tuple[list[Any], tuple[Any, ...]]:
    """Return the objects with the configurable ones that they hold, and all of their attributes that are compared."""
    things: list[Any] = []
    attributes: list[Any] = []
    todo, seen = list(objects), set()
    while todo:
        thing = todo.pop(0)
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        things.append(thing)
        attributes.append(thing)
        for key, value in vars(thing).items():
            values = value if isinstance(value, tuple) else (value,)
            if all(isinstance(v, SIMPLE_TYPES) for v in values):
                attributes.append((key, value))
            elif isinstance(value, types.FunctionType | types.BuiltinFunctionType | Configurable):
                attributes.append((key, value))
                if isinstance(value, Configurable):
                    todo.append(value)
    return things, tuple(attributes)


def _collections(value: Any) -> Iterator[Any]:
    """Yield the lists and dictionaries in a value, those nested in others too."""
    if isinstance(value, list | dict):
        yield value
    if isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _collections(item)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return a is b or (isinstance(a, SIMPLE_TYPES) and type(a) is type(b) and bool(a == b))
