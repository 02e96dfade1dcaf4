"""What all builders share: where a network begins, how it ends, and that no trained weights come with it."""

from __future__ import annotations

from typing import Any

from .. import layers
from ..core.errors import ShapeError, ValueProblem
from ..graph import ancestors
from ..layers.layer_call import is_model_tensor
from ..models import Model
from ..tensors.tensor import INPUT, Tensor


def begin(
    weights: Any, input_tensor: Any, input_shape: Any, default: tuple[int, int, int] = (224, 224, 3), least: int = 32
) -> Tensor:
    """The tensor a network begins with: `input_tensor`, or an `Input` of `input_shape`, or of the `default` one.

    Raises:
        ValueProblem: for weights, or an `input_tensor` that comes from no `Input`.
        ShapeError: for images smaller than `least`, or without a known size.
    """
    if weights is not None:
        raise ValueProblem(
            f"weights={weights!r}",
            "weights=None: random first weights, as the library carries no trained ones",
            "train the model, or call load_weights(path) on it with a file of your own",
        )
    if input_tensor is not None and not (isinstance(input_tensor, Tensor) and is_model_tensor([input_tensor])):
        raise ValueProblem(
            f"{type(input_tensor).__name__} as input_tensor",
            "a symbolic tensor that comes from Input",
            "build the model without it, and call the model on the data",
        )
    shape = tuple(input_shape or default) if input_tensor is None else input_tensor.shape[1:]
    if len(shape) != 3 or any(not isinstance(n, int) for n in shape) or min(shape[:2]) < least:
        raise ShapeError(
            f"images of shape {shape}",
            f"(height, width, channels), both sizes known and at least {least}",
            f"e.g. input_shape={default}",
        )
    return layers.Input(shape) if input_tensor is None else input_tensor


def pooled(x: Tensor, pooling: str | None) -> Tensor:
    """Features of a network without its top: as they are, or their mean or largest entry over all places."""
    if pooling is None:
        return x
    if pooling not in ("avg", "max"):
        raise ValueProblem(f"pooling {pooling!r}", "None, 'avg' or 'max'", "name one of these")
    layer = layers.GlobalAveragePooling2D if pooling == "avg" else layers.GlobalMaxPooling2D
    found: Tensor = layer(name=f"{pooling}_pool")(x)
    return found


def classified(x: Tensor, classes: int, activation: Any) -> Tensor:
    """The mean over all places, and a dense layer of `classes`."""
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    found: Tensor = layers.Dense(classes, activation=activation, name="predictions")(x)
    return found


def finish(start: Tensor, outputs: Any, name: str | None) -> Model:
    """The model from all that `start` comes from to `outputs`."""
    sources = [node for node in ancestors([start]) if node.operation is INPUT]
    return Model(sources[0] if len(sources) == 1 else sources, outputs, name=name)
