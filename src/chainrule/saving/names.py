"""Names of a model's variables by their path in it, equal for all models of the same structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..layers import Layer
from ..layers.layer import NOT_SUBLAYERS, own_seed_generators, own_variables
from ..models import Model, Sequential
from ..serialization.names import to_snake_case
from ..tensors.variable import Variable


def variables_of(model: Layer) -> dict[str, Variable]:
    """Return every variable once by name, states of random streams included.

    >>> from chainrule.layers import Dense, Input
    >>> from chainrule.models import Sequential
    >>> sorted(variables_of(Sequential([Input((2,)), Dense(1)])))
    ['dense/bias', 'dense/kernel']
    """
    variables: dict[str, Variable] = {}
    seen: set[int] = set()
    for path, layer in layers_of(model).items():
        for name, variable in _own_variables(layer):
            if id(variable) not in seen:
                seen.add(id(variable))
                key, k = f"{path}{name}", 1
                while key in variables:
                    key, k = f"{path}{name}_{k}", k + 1
                variables[key] = variable
    return variables


def layers_of(model: Layer) -> dict[str, Layer]:
    """Return the model, as ``""``, and every layer below it by its path (``"dense_1/"``), each once."""
    layers: dict[str, Layer] = {}
    seen: set[int] = set()
    pending: list[tuple[str, Layer]] = [("", model)]
    while pending:
        path, layer = pending.pop(0)
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        while path in layers:
            path = f"{path[:-1]}_/"
        layers[path] = layer
        pending = [(f"{path}{key}/", child) for key, child in _children(layer)] + pending
    return layers


def _own_variables(layer: Layer) -> Iterator[tuple[str, Variable]]:
    for variable in own_variables(layer):
        yield variable.name, variable
    for stream in own_seed_generators(layer):
        yield stream.state.name, stream.state


def _children(layer: Layer) -> list[tuple[str, Layer]]:
    """Return the layers of a model by class and order; those of other layers by the attribute that holds them."""
    children: list[tuple[str, Layer]] = []
    if isinstance(layer, Sequential) or (isinstance(layer, Model) and layer.inputs is not None):
        counts: Counter[str] = Counter()
        for child in layer.layers:
            kind = to_snake_case(type(child).__name__)
            children.append((f"{kind}_{counts[kind]}" if counts[kind] else kind, child))
            counts[kind] += 1
        return children
    for key, value in vars(layer).items():
        if key not in NOT_SUBLAYERS:
            children += _layers_in(key, value)
    return children


def _layers_in(key: str, value: Any) -> Iterator[tuple[str, Layer]]:
    if isinstance(value, Layer):
        yield key, value
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _layers_in(f"{key}_{i}", item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _layers_in(f"{key}_{name}", item)
