"""DenseNet: every layer of a block receives the outputs of all layers before it."""

from __future__ import annotations

from ..layers import Activation, AveragePooling2D, BatchNormalization, Concatenate, Conv2D, MaxPooling2D, ZeroPadding2D
from ..tensors.tensor import Tensor
from .building import network
from .imagenet_utils import decode_predictions
from .imagenet_utils import preprocess_torch as preprocess_input

_GROWTH = 32  # channels that each layer of a block adds


def _normalize(x: Tensor, bn: str, relu: str) -> Tensor:
    """Apply batch normalization and ReLU."""
    return Activation("relu", name=relu)(BatchNormalization(epsilon=1.001e-5, name=bn)(x))


def _dense_layer(x: Tensor, name: str) -> Tensor:
    """Concatenate the input and new channels: 1×1 to four times the growth, 3×3 to the growth."""
    new = _normalize(x, f"{name}_0_bn", f"{name}_0_relu")
    new = Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(new)
    new = _normalize(new, f"{name}_1_bn", f"{name}_1_relu")
    new = Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(new)
    return Concatenate(name=f"{name}_concat")([x, new])


def _transition(x: Tensor, name: str) -> Tensor:
    """Halve the channels and the size."""
    x = _normalize(x, f"{name}_bn", f"{name}_relu")
    x = Conv2D(x.shape[-1] // 2, 1, use_bias=False, name=f"{name}_conv")(x)
    return AveragePooling2D(2, name=f"{name}_pool")(x)


def _densenet(x: Tensor, depths: tuple[int, ...]) -> Tensor:
    x = ZeroPadding2D(3, name="conv1_pad")(x)
    x = Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(x)
    x = _normalize(x, "conv1_bn", "conv1_relu")
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage, depth in enumerate(depths, 2):
        x = x if stage == 2 else _transition(x, f"pool{stage - 1}")
        for block in range(1, depth + 1):
            x = _dense_layer(x, f"conv{stage}_block{block}")
    return _normalize(x, "bn", "relu")


@network("densenet121")
def DenseNet121(x: Tensor) -> Tensor:
    """Return DenseNet with 121 layers (``keras.applications.DenseNet121``): 8,062,504 parameters.

    Arguments as for `ResNet50`. Source: Huang et al., arXiv:1608.06993, table 1.
    """
    return _densenet(x, (6, 12, 24, 16))


@network("densenet169")
def DenseNet169(x: Tensor) -> Tensor:
    """Return DenseNet with 169 layers (``keras.applications.DenseNet169``): 14,307,880 parameters. As `DenseNet121`."""
    return _densenet(x, (6, 12, 32, 32))


@network("densenet201")
def DenseNet201(x: Tensor) -> Tensor:
    """Return DenseNet with 201 layers (``keras.applications.DenseNet201``): 20,242,984 parameters. As `DenseNet121`."""
    return _densenet(x, (6, 12, 48, 32))


__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]
