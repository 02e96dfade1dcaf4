"""VGG: all convolutions are 3×3, and each pooling is followed by twice the channels, up to 512."""

from __future__ import annotations

from typing import Any

from ..layers import Conv2D, Dense, Flatten, MaxPooling2D
from ..tensors.tensor import Tensor
from .building import network


def _vgg(x: Tensor, depths: tuple[int, ...]) -> Tensor:
    for block, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512, 512), strict=True), 1):
        for i in range(1, depth + 1):
            x = Conv2D(filters, 3, padding="same", activation="relu", name=f"block{block}_conv{i}")(x)
        x = MaxPooling2D(2, name=f"block{block}_pool")(x)
    return x


def _dense_layers(x: Tensor, classes: int, activation: Any) -> Tensor:
    x = Flatten(name="flatten")(x)
    x = Dense(4096, activation="relu", name="fc1")(x)
    x = Dense(4096, activation="relu", name="fc2")(x)
    return Dense(classes, activation=activation, name="predictions")(x)


@network("vgg16", top=_dense_layers)
def VGG16(x: Tensor) -> Tensor:
    """Return VGG with 16 layers of weights (``keras.applications.VGG16``): 138,357,544 parameters, half a gigabyte.

    Args:
        include_top: whether the three dense layers follow. weights: only ``None``. input_tensor: the symbolic tensor to
            begin with. input_shape: default (224, 224, 3), sizes from 32 up. pooling: without the top, ``"avg"`` or
            ``"max"`` over all positions. classes: of the output. classifier_activation: of the output; ``None``
            gives logits.

    Source: Simonyan and Zisserman, arXiv:1409.1556, table 1, column D.

    >>> VGG16(include_top=False, input_shape=(32, 32, 3)).count_params()
    14714688
    """
    return _vgg(x, (2, 2, 3, 3, 3))


@network("vgg19", top=_dense_layers)
def VGG19(x: Tensor) -> Tensor:
    """Return VGG with 19 layers of weights (``keras.applications.VGG19``): 143,667,240 parameters.

    Arguments as for `VGG16`. Source: Simonyan and Zisserman, arXiv:1409.1556, table 1, column E.

    >>> VGG19(include_top=False, input_shape=(32, 32, 3)).count_params()
    20024384
    """
    return _vgg(x, (2, 2, 4, 4, 4))
