"""Names of a model's variables by where they stand in it, the same for every model of the same structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..layers import Layer
from ..layers.layer import NOT_SUBLAYERS
from ..models import Model
from ..ops.random import SeedGenerator
from ..serialization.registry import to_snake_case
from ..tensors.tensor import Variable


def variables_of(model: Layer) -> dict[str, Variable]:
    """Every variable, states of random streams included, each once.

    >>> from chainrule.layers import Dense, Input
    >>> from chainrule.models import Sequential
    >>> sorted(variables_of(Sequential([Input((2,)), Dense(1)])))
    ['dense/bias', 'dense/kernel']
    """
    found: dict[str, Variable] = {}
    seen: set[int] = set()
    for path, layer in layers_of(model).items():
        for name, variable in _own(layer):
            if id(variable) not in seen:
                seen.add(id(variable))
                key, k = f"{path}{name}", 1
                while key in found:
                    key, k = f"{path}{name}_{k}", k + 1
                found[key] = variable
    return found


def layers_of(model: Layer) -> dict[str, Layer]:
    """The model, as ``""``, and every layer below it by its place (``"dense_1/"``), each once."""
    found: dict[str, Layer] = {}
    seen: set[int] = set()
    todo: list[tuple[str, Layer]] = [("", model)]
    while todo:
        path, layer = todo.pop(0)
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        while path in found:
            path = f"{path[:-1]}_/"
        found[path] = layer
        todo = [(f"{path}{key}/", child) for key, child in _children(layer)] + todo
    return found


def _own(layer: Layer) -> Iterator[tuple[str, Variable]]:
    for variable in layer._own_variables():
        yield variable.name, variable
    for stream in layer._flat(SeedGenerator):
        yield stream.state.name, stream.state


def _children(layer: Layer) -> list[tuple[str, Layer]]:
    """A model's layers by their kind, in order; those of others by the attribute that holds them."""
    if (isinstance(layer, Model) and layer._functional is not None) or hasattr(layer, "_stack"):
        counts: Counter[str] = Counter()
        named = []
        for child in layer.layers:
            kind = to_snake_case(type(child).__name__)
            named.append((f"{kind}_{counts[kind]}" if counts[kind] else kind, child))
            counts[kind] += 1
        return named
    found: list[tuple[str, Layer]] = []
    for key, value in vars(layer).items():
        if key not in NOT_SUBLAYERS:
            found += _inside(key, value)
    return found


def _inside(key: str, value: Any) -> Iterator[tuple[str, Layer]]:
    if isinstance(value, Layer):
        yield key, value
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _inside(f"{key}_{i}", item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _inside(f"{key}_{name}", item)
