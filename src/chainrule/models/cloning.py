"""Create models from other models and from JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..core.errors import ValueProblem
from ..graph import Spec
from ..layers import InputLayer, Layer
from ..layers.layer import forget_losses
from ..serialization.serialize import deserialize
from ..tensors import tree
from ..tensors.convert import symbolic
from ..tensors.variable import recording
from ..transforms.trace import StateRecorder
from .model import Model
from .sequential import Sequential
from .structure import from_functional_config, functional_config


def clone_model(
    model: Model, input_tensors: Any = None, clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Any = None, recursive: bool = False, **kwargs: Any,
) -> Any:  # fmt: skip
    """Return a model of the same structure with new initial weights (``keras.models.clone_model``).

    Args:
        clone_function: creates the new layer from each old one; default: from its configuration.
        recursive: whether models that are layers are cloned layer by layer, too. input_tensors, call_function: refused.

    >>> from chainrule import layers
    >>> from chainrule.models import Sequential
    >>> m = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> clone_model(m).count_params()
    3
    """
    if input_tensors is not None or call_function is not None:
        raise ValueProblem("input_tensors or call_function", "neither", "call the cloned model on the tensors instead")

    def clone_layer(layer: Layer) -> Layer:
        if recursive and isinstance(layer, Model) and layer.inputs is not None:
            return clone_model(layer, clone_function=clone_function, recursive=True)
        return clone_function(layer) if clone_function is not None else type(layer).from_config(layer.get_config())

    if isinstance(model, Sequential):
        layer = model._input
        start = [type(layer).from_config(layer.get_config()).output] if layer is not None else []
        return Sequential([*start, *[clone_layer(layer) for layer in model.layers]], name=model.name)
    if model._functional is None or (clone_function is None and type(model).__init__ is not Model.__init__):
        return type(model).from_config(model.get_config())
    old_layers = model._functional.layers

    def replace(i: int) -> Layer:
        layer = old_layers[i]
        return InputLayer.from_config(layer.get_config()) if isinstance(layer, InputLayer) else clone_layer(layer)

    config = {"name": model.name, "trainable": model.trainable, **functional_config(model._functional)}
    return from_functional_config(Model, config, replace=replace)


def model_from_json(json_string: str, custom_objects: Any = None) -> Any:
    """Return the model that `Model.to_json` described, with new weights."""
    try:
        config = json.loads(json_string)
    except ValueError:
        raise ValueProblem("text that is not JSON", "the result of model.to_json()", "check the text") from None
    try:
        return require_model(deserialize(config, custom_objects), "the text")
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ValueProblem(
            f"the text, whose structure cannot be built ({error})", "a structure as it was saved", "save it again"
        ) from None


def require_model(value: Any, where: str) -> Model:
    """Return `value`, which must be a model."""
    if not isinstance(value, Model):
        raise ValueProblem(f"{where}, which describes {type(value).__name__}", "a model", "check where it comes from")
    return value


def build_from_specs(model: Model, specs: Any) -> None:
    """Build a model that has no Input, by calling it on symbolic tensors of the specs of its first call."""
    flat, unflatten = tree.flatten(specs)
    symbols = [symbolic(tuple(2 if n is None else n for n in s.shape), s.dtype) for s in flat if isinstance(s, Spec)]
    with recording(StateRecorder()):
        model(unflatten(symbols))
    model._call_specs = specs
    forget_losses(model)
