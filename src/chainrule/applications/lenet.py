"""LeNet-5, for the recognition of digits."""

from __future__ import annotations

from typing import Any

from ..layers import AveragePooling2D, Conv2D, Dense, Flatten, ZeroPadding2D
from ..tensors.tensor import Tensor
from .building import network


def _dense_layers(x: Tensor, classes: int, activation: Any) -> Tensor:
    x = Flatten(name="flatten")(x)
    x = Dense(120, activation="tanh", name="c5")(x)
    x = Dense(84, activation="tanh", name="f6")(x)
    return Dense(classes, activation=activation, name="predictions")(x)


@network("lenet5", (32, 32, 1), 28, classes=10, top=_dense_layers)
def LeNet5(x: Tensor) -> Tensor:
    """Return LeNet-5: two convolutions of 5×5, each with average pooling, and three dense layers; 61,706 parameters.

    This is the variant that is usually taught: every map of C3 is connected to all 6 maps before it (in the paper's
    table I to 3, 4 or 6 of them), S2 and S4 are means without trainable factor and bias, activations are tanh without
    the paper's factors 1.7159 and 2/3, and the output is a softmax instead of distances to drawn digits (RBF).

    Args:
        include_top: whether the three dense layers (C5, F6, output) follow. weights: only ``None``.
        input_tensor: the symbolic tensor to begin with. input_shape: default (32, 32, 1). Images of 28×28 are padded
            with 2 zeros, as in the paper. pooling: without the top, ``"avg"`` or ``"max"`` over all positions.
        classes: of the output. classifier_activation: of the output; ``None`` gives logits.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", Proceedings
    of the IEEE 86 (1998).

    >>> LeNet5().count_params()
    61706
    """
    if x.shape[1:3] == (28, 28):
        x = ZeroPadding2D(2, name="border")(x)
    x = Conv2D(6, 5, activation="tanh", name="c1")(x)
    x = AveragePooling2D(2, name="s2")(x)
    x = Conv2D(16, 5, activation="tanh", name="c3")(x)
    return AveragePooling2D(2, name="s4")(x)


__all__ = ["LeNet5"]
