"""What all networks share: their arguments, their input, their end, the check that no trained weights are requested."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .. import layers
from ..core import arguments
from ..core.errors import ShapeError, ValueProblem
from ..graph import ancestors
from ..layers.layer_call import is_model_tensor
from ..models import Model
from ..tensors.tensor import INPUT, Tensor


def network_input(
    weights: Any, input_tensor: Any, input_shape: Any, include_top: bool = True,
    default: tuple[int, int, int] = (224, 224, 3), least: int = 32,
) -> Tensor:  # fmt: skip
    """Return the input of a network: `input_tensor`, or an `Input` of `input_shape`.

    The default is the `default` shape, or without the top images of any size, which may be ``None`` then.

    Raises:
        ValueProblem: for weights, or an `input_tensor` that does not come from `Input`.
        ShapeError: for images smaller than `least`, or with the top without a known size.
    """
    if weights is not None:
        raise ValueProblem(
            f"weights={weights!r}",
            "weights=None: random initial weights, as the library includes no trained ones",
            "train the model, or call load_weights(path) on it with a file of your own",
        )
    if input_tensor is not None and not (isinstance(input_tensor, Tensor) and is_model_tensor([input_tensor])):
        raise ValueProblem(
            f"{type(input_tensor).__name__} as input_tensor",
            "a symbolic tensor that comes from Input",
            "build the model without it, and call the model on the data",
        )
    any_size = default if include_top else (None, None, default[-1])
    shape: tuple[Any, ...] = tuple(input_shape or any_size) if input_tensor is None else input_tensor.shape[1:]
    sizes = [n for n in shape[:2] if n is not None or include_top]
    if len(shape) != 3 or not all(isinstance(n, int) and n >= least for n in sizes) or not isinstance(shape[2], int):
        raise ShapeError(
            f"images of shape {shape}",
            f"(height, width, channels), both at least {least}, and known with the top",
            f"e.g. input_shape={default}",
        )
    return layers.Input(shape) if input_tensor is None else input_tensor


def pool_features(x: Tensor, pooling: str | None) -> Tensor:
    """Return the features of a network without its top, or their mean or maximum over all positions."""
    if pooling is None:
        return x
    arguments.one_of((None, "avg", "max"), pooling=pooling)
    layer = layers.GlobalAveragePooling2D if pooling == "avg" else layers.GlobalMaxPooling2D
    return layer(name=f"{pooling}_pool")(x)


def add_classifier(x: Tensor, classes: int, activation: Any) -> Tensor:
    """Add the mean over all positions, and a dense layer of `classes`."""
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return layers.Dense(classes, activation=activation, name="predictions")(x)


def build_model(inputs: Tensor, outputs: Any, name: str | None) -> Model:
    """Return the model to `outputs` from the `Input`s on which the network's input depends."""
    sources = [node for node in ancestors([inputs]) if node.operation is INPUT]
    return Model(sources[0] if len(sources) == 1 else sources, outputs, name=name)


class Network(Protocol):
    """A function that makes a network, with the arguments of those in ``keras.applications``."""

    def __call__(
        self, include_top: bool = True, weights: Any = None, input_tensor: Any = None, input_shape: Any = None,
        pooling: str | None = None, classes: int = ..., classifier_activation: Any = "softmax", name: str = ...,
    ) -> Model:  # fmt: skip
        """Return the network."""
        ...


def network(
    name: str, input_shape: tuple[int, int, int] = (224, 224, 3), least: int = 32, classes: int = 1000,
    top: Callable[[Tensor, int, Any], Tensor] = add_classifier,
) -> Callable[[Callable[[Tensor], Tensor]], Network]:  # fmt: skip
    """Decorate a function from images to features: it becomes the function that makes the network.

    Args:
        name, input_shape, classes: the network's defaults. least: the smallest height and width.
        top: a function of the features, the number of classes and the last activation that returns the output.
    """
    default_shape, default_classes, default_name = input_shape, classes, name

    def decorate(features: Callable[[Tensor], Tensor]) -> Network:
        def make(
            include_top: bool = True, weights: Any = None, input_tensor: Any = None, input_shape: Any = None,
            pooling: str | None = None, classes: int = default_classes, classifier_activation: Any = "softmax",
            name: str = default_name,
        ) -> Model:  # fmt: skip
            inputs = network_input(weights, input_tensor, input_shape, include_top, default_shape, least)
            x = features(inputs)
            x = top(x, classes, classifier_activation) if include_top else pool_features(x, pooling)
            return build_model(inputs, x, name)

        for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(make, attribute, getattr(features, attribute))
        return make

    return decorate
