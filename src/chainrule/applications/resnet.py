"""Residual networks, whose blocks add to their input: for ImageNet, and small ones for CIFAR-10."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..core.arguments import whole_number
from ..core.errors import ValueProblem
from ..layers import Activation, Add, BatchNormalization, Conv2D, MaxPooling2D, ZeroPadding2D
from ..models import Model
from ..tensors.tensor import Tensor
from .building import network
from .imagenet_utils import decode_predictions
from .imagenet_utils import preprocess_caffe as preprocess_input

_EPSILON = 1.001e-5  # Keras's, for every batch normalisation


def _bottleneck_block(x: Tensor, filters: int, stride: int, project: bool, name: str) -> Tensor:
    """Apply 1×1 to `filters`, 3×3, 1×1 to four times as many; add the input, projected where the shape changes."""

    def conv_bn(x: Tensor, filters: int, size: int, stride: int, part: int) -> Tensor:
        x = Conv2D(filters, size, strides=stride, padding="same", name=f"{name}_{part}_conv")(x)
        return BatchNormalization(epsilon=_EPSILON, name=f"{name}_{part}_bn")(x)

    shortcut = conv_bn(x, 4 * filters, 1, stride, 0) if project else x
    x = Activation("relu", name=f"{name}_1_relu")(conv_bn(x, filters, 1, stride, 1))
    x = Activation("relu", name=f"{name}_2_relu")(conv_bn(x, filters, 3, 1, 2))
    x = Add(name=f"{name}_add")([shortcut, conv_bn(x, 4 * filters, 1, 1, 3)])
    return Activation("relu", name=f"{name}_out")(x)


def _resnet(x: Tensor, depths: tuple[int, ...]) -> Tensor:
    x = ZeroPadding2D(3, name="conv1_pad")(x)
    x = Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = BatchNormalization(epsilon=_EPSILON, name="conv1_bn")(x)
    x = Activation("relu", name="conv1_relu")(x)
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, depth in enumerate(depths):
        for block in range(depth):
            stride = 2 if stage > 0 and block == 0 else 1
            x = _bottleneck_block(x, 64 * 2**stage, stride, block == 0, f"conv{stage + 2}_block{block + 1}")
    return x


@network("resnet50")
def ResNet50(x: Tensor) -> Tensor:
    """Return the residual network of 50 layers (``keras.applications.ResNet50``): 25,636,712 parameters.

    Layers and their names are those of Keras: convolutions have biases, and the first 1×1 convolution has the stride.

    Args:
        include_top: whether the mean over all positions and a dense layer follow. weights: only ``None``.
        input_tensor: the symbolic tensor to begin with. input_shape: default (224, 224, 3), sizes from 32 up.
        pooling: without the top, ``"avg"`` or ``"max"`` over all positions. classes: of the output.
        classifier_activation: of the output; ``None`` gives logits.

    Source: He et al., arXiv:1512.03385, table 1.

    >>> ResNet50(include_top=False, input_shape=(32, 32, 3)).count_params()
    23587712
    """
    return _resnet(x, (3, 4, 6, 3))


@network("resnet101")
def ResNet101(x: Tensor) -> Tensor:
    """Return the residual network of 101 layers (``keras.applications.ResNet101``): 44,707,176 parameters.

    Arguments and source as for `ResNet50`.
    """
    return _resnet(x, (3, 4, 23, 3))


@network("resnet152")
def ResNet152(x: Tensor) -> Tensor:
    """Return the residual network of 152 layers (``keras.applications.ResNet152``): 60,419,944 parameters.

    Arguments and source as for `ResNet50`.
    """
    return _resnet(x, (3, 8, 36, 3))


def _basic_block(x: Tensor, filters: int, stride: int, name: str) -> Tensor:
    """Apply two 3×3 convolutions; where the shape changes the input is strided and zero-padded (option A)."""
    shortcut = x
    if stride > 1:
        added = filters - x.shape[-1]
        shortcut = ops.pad(x[:, ::stride, ::stride], ((0, 0),) * 3 + ((added // 2, added - added // 2),))
    for part in (1, 2):
        strides = stride if part == 1 else 1
        x = Conv2D(filters, 3, strides=strides, padding="same", use_bias=False, name=f"{name}_{part}_conv")(x)
        x = BatchNormalization(name=f"{name}_{part}_bn")(x)
        x = Activation("relu", name=f"{name}_1_relu")(x) if part == 1 else x
    return Activation("relu", name=f"{name}_out")(Add(name=f"{name}_add")([shortcut, x]))


def ResNetCIFAR(
    depth: int = 20, include_top: bool = True, weights: Any = None, input_tensor: Any = None, input_shape: Any = None,
    pooling: str | None = None, classes: int = 10, classifier_activation: Any = "softmax", name: str | None = None,
) -> Model:  # fmt: skip
    """Return the residual network for CIFAR-10: 6n + 2 layers, 16 to 64 channels, shortcuts without parameters.

    20 layers have 269,722 trainable parameters (the paper's 0.27 million), 56 layers 853,018 (0.85), 110 layers
    1,727,962 (1.7); the moving statistics of batch normalisation are not included.

    Args:
        depth: 6n + 2, such as 20, 32, 44, 56, 110. input_shape: default (32, 32, 3). name: default from the depth.
            The others as for `ResNet50`.

    Raises:
        ValueProblem: for another depth.

    Source: He et al., arXiv:1512.03385, section 4.2.

    >>> model = ResNetCIFAR(20)
    >>> sum(w.size for w in model.trainable_weights), model.output_shape
    (269722, (None, 10))
    """
    layers = whole_number(depth)
    if layers is None or layers < 8 or layers % 6 != 2:
        raise ValueProblem(f"depth={depth!r:.80}", "6n + 2 layers for an n from 1 up", "e.g. 20, 32, 44, 56 or 110")
    make = network(name or f"resnet{layers}", (32, 32, 3), 8)(lambda x: _resnet_cifar(x, layers))
    return make(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation)


def _resnet_cifar(x: Tensor, layers: int) -> Tensor:
    x = Conv2D(16, 3, padding="same", use_bias=False, name="conv1_conv")(x)
    x = BatchNormalization(name="conv1_bn")(x)
    x = Activation("relu", name="conv1_relu")(x)
    for stage in range(3):
        for block in range((layers - 2) // 6):
            stride = 2 if stage > 0 and block == 0 else 1
            x = _basic_block(x, 16 * 2**stage, stride, f"conv{stage + 2}_block{block + 1}")
    return x


@network("resnet20", (32, 32, 3), 8, classes=10)
def ResNet20(x: Tensor) -> Tensor:
    """Return `ResNetCIFAR` with 20 layers.

    >>> ResNet20().name
    'resnet20'
    """
    return _resnet_cifar(x, 20)


__all__ = ["ResNet20", "ResNet50", "ResNet101", "ResNet152", "ResNetCIFAR", "decode_predictions", "preprocess_input"]
