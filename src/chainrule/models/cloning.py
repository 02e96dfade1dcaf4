"""Models from other models and from data: clones, and models from JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..core.errors import ValueProblem
from ..layers import InputLayer, Layer
from ..serialization.registry import deserialize
from .model import Model
from .sequential import Sequential
from .structure import from_functional_config, functional_config


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Any = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A model of the same structure with new first weights (``keras.models.clone_model``).

    Args:
        clone_function: makes the new layer for each old one; default: from its configuration.

    >>> from chainrule import layers
    >>> from chainrule.models import Sequential
    >>> m = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> clone_model(m).count_params()
    3
    """
    if input_tensors is not None or call_function is not None:
        raise ValueProblem("input_tensors or call_function", "neither", "call the cloned model on the tensors instead")

    def cloned(layer: Layer) -> Layer:
        if clone_function is not None:
            return clone_function(layer)
        copy: Layer = type(layer).from_config(layer.get_config())
        return copy

    if isinstance(model, Sequential):
        start = [model._input.output] if model._input is not None else []
        if start:
            first = type(model._input).from_config(model._input.get_config())  # type: ignore[union-attr]
            start = [first.output]
        return Sequential([*start, *[cloned(layer) for layer in model.layers]], name=model.name)
    if model._functional is None or (clone_function is None and type(model).__init__ is not Model.__init__):
        return type(model).from_config(model.get_config())
    old = model._functional.layers

    def replace(i: int) -> Layer:
        if isinstance(old[i], InputLayer):
            made: Layer = InputLayer.from_config(old[i].get_config())
            return made
        return cloned(old[i])

    config = {"name": model.name, "trainable": model._trainable, **functional_config(model._functional)}
    return from_functional_config(Model, config, replace=replace)


def model_from_json(json_string: str, custom_objects: Any = None) -> Any:
    """The model that `Model.to_json` described, with new weights."""
    try:
        config = json.loads(json_string)
    except ValueError:
        raise ValueProblem("text that is no JSON", "what model.to_json() gave", "check the text") from None
    with building("the text"):
        return require_model(deserialize(config, custom_objects), "the text")


@contextmanager
def building(where: str) -> Iterator[None]:
    """While a structure read from `where` is built, a structure nobody saved is said to be one."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ValueProblem(
            f"{where}, whose structure cannot be built ({error})", "a structure as it was saved", "save it anew"
        ) from None


def require_model(found: Any, where: str) -> Model:
    """`found`, if it is a model."""
    if not isinstance(found, Model):
        raise ValueProblem(f"{where}, which describes {type(found).__name__}", "a model", "check where it comes from")
    return found
