"""Xception: residual blocks of separable convolutions."""

from __future__ import annotations

from ..layers import Activation, Add, BatchNormalization, Conv2D, MaxPooling2D, SeparableConv2D
from ..tensors.tensor import Tensor
from .building import network
from .imagenet_utils import decode_predictions
from .imagenet_utils import preprocess_tf as preprocess_input


def _relu(x: Tensor, name: str) -> Tensor:
    """Apply ReLU."""
    return Activation("relu", name=f"{name}_act")(x)


def _separable(x: Tensor, filters: int, name: str) -> Tensor:
    """Apply a separable convolution and batch normalization."""
    x = SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return BatchNormalization(name=f"{name}_bn")(x)


def _downsampling_block(x: Tensor, first: int, second: int, block: int, active: bool = True) -> Tensor:
    """Add two separable convolutions with pooling, and a 1×1 convolution of stride 2."""
    name = f"block{block}"
    shortcut = Conv2D(second, 1, strides=2, padding="same", use_bias=False, name=f"{name}_shortcut")(x)
    shortcut = BatchNormalization(name=f"{name}_shortcut_bn")(shortcut)
    x = _relu(x, f"{name}_sepconv1") if active else x
    x = _separable(x, first, f"{name}_sepconv1")
    x = _separable(_relu(x, f"{name}_sepconv2"), second, f"{name}_sepconv2")
    x = MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
    return Add(name=f"{name}_add")([x, shortcut])


@network("xception", (299, 299, 3), 71)
def Xception(x: Tensor) -> Tensor:
    """Return Xception (``keras.applications.Xception``): 22,910,480 parameters.

    Args:
        input_shape: default (299, 299, 3), sizes from 71 up. The others as for `ResNet50`.

    Source: Chollet, arXiv:1610.02357, figure 5.
    """
    for i, (filters, stride) in enumerate(((32, 2), (64, 1)), 1):
        x = Conv2D(filters, 3, strides=stride, use_bias=False, name=f"block1_conv{i}")(x)
        x = _relu(BatchNormalization(name=f"block1_conv{i}_bn")(x), f"block1_conv{i}")
    x = _downsampling_block(x, 128, 128, 2, active=False)  # its input has passed an activation already
    x = _downsampling_block(x, 256, 256, 3)
    x = _downsampling_block(x, 728, 728, 4)
    for block in range(5, 13):
        shortcut = x
        for i in (1, 2, 3):
            part = f"block{block}_sepconv{i}"
            x = _separable(_relu(x, part), 728, part)
        x = Add(name=f"block{block}_add")([x, shortcut])
    x = _downsampling_block(x, 728, 1024, 13)
    for i, filters in enumerate((1536, 2048), 1):
        x = _relu(_separable(x, filters, f"block14_sepconv{i}"), f"block14_sepconv{i}")
    return x


__all__ = ["Xception", "decode_predictions", "preprocess_input"]
