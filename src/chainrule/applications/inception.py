"""The inception block as a layer and as a function, and GoogLeNet, which consists of nine of them."""

from __future__ import annotations

from typing import Any

from ..core.errors import ValueProblem
from ..layers import (
    AveragePooling2D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    InceptionBlock,
    MaxPooling2D,
)
from ..models import Model
from ..tensors.tensor import Tensor
from .building import build_model, network_input, pool_features
from .imagenet_utils import decode_predictions
from .imagenet_utils import preprocess_caffe as preprocess_input

# table 1 of the paper: 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, projection after pooling
_TABLE = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
_POOLED_AFTER = ("3b", "4e")
_HEADS_AFTER = ("4a", "4d")


def inception_block(
    x: Any, filters_1x1: int, reduce_3x3: int | None, filters_3x3: int, reduce_5x5: int | None, filters_5x5: int,
    pool_filters: int | None, **kwargs: Any,
) -> Tensor:  # fmt: skip
    """Return ``InceptionBlock(filters_1x1, ...)(x)``: a new block called on x, in Keras's functional style.

    Arguments, errors and source as for `layers.InceptionBlock`.

    >>> from chainrule.layers import Input
    >>> inception_block(Input((28, 28, 192)), 64, 96, 128, 16, 32, 32).shape
    (None, 28, 28, 256)
    """
    block = InceptionBlock(filters_1x1, reduce_3x3, filters_3x3, reduce_5x5, filters_5x5, pool_filters, **kwargs)
    return block(x)


def _auxiliary_head(x: Tensor, classes: int, activation: Any, name: str) -> Tensor:
    """Return the output of an auxiliary classifier on intermediate features."""
    x = AveragePooling2D(5, 3, name=f"{name}_pool")(x)
    x = Conv2D(128, 1, activation="relu", name=f"{name}_conv")(x)
    x = Dense(1024, activation="relu", name=f"{name}_fc")(Flatten(name=f"{name}_flatten")(x))
    x = Dropout(0.7, name=f"{name}_dropout")(x)
    return Dense(classes, activation=activation, name=f"{name}_predictions")(x)


def GoogLeNet(
    include_top: bool = True, weights: Any = None, input_tensor: Any = None, input_shape: Any = None,
    pooling: str | None = None, classes: int = 1000, classifier_activation: Any = "softmax", name: str = "googlenet",
    auxiliary: bool = False,
) -> Model:  # fmt: skip
    """Return GoogLeNet, the first Inception: nine inception blocks, 22 layers; 6,998,552 parameters with biases.

    The paper's local response normalisation (figure 3; it has no parameters) is omitted.

    Args:
        auxiliary: whether the two auxiliary classifiers (after 4a and 4d) are outputs too; they help training, with a
            weight of 0.3 each in the loss: ``compile(..., loss_weights=[1, 0.3, 0.3])``. Requires the top.
            The others as for `ResNet50`.

    Returns:
        A model with one output, or with a list of three: the top, and the two auxiliary classifiers.

    Raises:
        ValueProblem: for auxiliary classifiers without the top.

    Source: Szegedy et al., arXiv:1409.4842, table 1, section 5 for the auxiliary classifiers.

    >>> GoogLeNet(include_top=False, input_shape=(32, 32, 3)).output_shape
    (None, 1, 1, 1024)
    """
    if auxiliary and not include_top:
        raise ValueProblem("auxiliary classifiers without the top", "include_top=True", "leave auxiliary out")
    x = inputs = network_input(weights, input_tensor, input_shape, include_top)
    x = Conv2D(64, 7, strides=2, padding="same", activation="relu", name="conv1")(x)
    x = MaxPooling2D(3, 2, padding="same", name="pool1")(x)
    x = Conv2D(64, 1, activation="relu", name="conv2_reduce")(x)
    x = Conv2D(192, 3, padding="same", activation="relu", name="conv2")(x)
    x = MaxPooling2D(3, 2, padding="same", name="pool2")(x)
    heads: list[Tensor] = []
    for block, filters in _TABLE.items():
        x = inception_block(x, *filters, name=f"inception_{block}")
        if block in _POOLED_AFTER:
            x = MaxPooling2D(3, 2, padding="same", name=f"pool{block[0]}")(x)
        if auxiliary and block in _HEADS_AFTER:
            heads.append(_auxiliary_head(x, classes, classifier_activation, f"auxiliary{len(heads) + 1}"))
    if not include_top:
        return build_model(inputs, pool_features(x, pooling), name)
    x = Dropout(0.4, name="dropout")(GlobalAveragePooling2D(name="avg_pool")(x))
    x = Dense(classes, activation=classifier_activation, name="predictions")(x)
    return build_model(inputs, [x, *heads] if heads else x, name)


__all__ = ["GoogLeNet", "InceptionBlock", "decode_predictions", "inception_block", "preprocess_input"]
