"""Residual networks: blocks that learn what to add to their input. For ImageNet, and the small ones for CIFAR-10."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..core.errors import ValueProblem
from ..layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    MaxPooling2D,
    ZeroPadding2D,
)
from ..models import Model
from ..tensors.tensor import Tensor
from .building import begin, classified, finish, pooled
from .imagenet_utils import decode_predictions
from .imagenet_utils import preprocess_caffe as preprocess_input

_EPSILON = 1.001e-5  # Keras's, of every batch normalisation


def _bottleneck(x: Tensor, filters: int, stride: int, project: bool, name: str) -> Tensor:
    """1×1 down to `filters`, 3×3, 1×1 up to four times as many; the input, projected where the shape changes, added."""

    def normalized(x: Tensor, filters: int, size: int, stride: int, part: int) -> Tensor:
        x = Conv2D(filters, size, strides=stride, padding="same", name=f"{name}_{part}_conv")(x)
        found: Tensor = BatchNormalization(epsilon=_EPSILON, name=f"{name}_{part}_bn")(x)
        return found

    shortcut = normalized(x, 4 * filters, 1, stride, 0) if project else x
    x = Activation("relu", name=f"{name}_1_relu")(normalized(x, filters, 1, stride, 1))
    x = Activation("relu", name=f"{name}_2_relu")(normalized(x, filters, 3, 1, 2))
    x = Add(name=f"{name}_add")([shortcut, normalized(x, 4 * filters, 1, 1, 3)])
    found: Tensor = Activation("relu", name=f"{name}_out")(x)
    return found


def _resnet(
    depths: tuple[int, ...],
    include_top: bool,
    weights: Any,
    input_tensor: Any,
    input_shape: Any,
    pooling: str | None,
    classes: int,
    classifier_activation: Any,
    name: str,
) -> Model:
    x = start = begin(weights, input_tensor, input_shape)
    x = ZeroPadding2D(3, name="conv1_pad")(x)
    x = Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = BatchNormalization(epsilon=_EPSILON, name="conv1_bn")(x)
    x = Activation("relu", name="conv1_relu")(x)
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, depth in enumerate(depths):
        for block in range(depth):
            stride = 2 if stage > 0 and block == 0 else 1
            x = _bottleneck(x, 64 * 2**stage, stride, block == 0, f"conv{stage + 2}_block{block + 1}")
    x = classified(x, classes, classifier_activation) if include_top else pooled(x, pooling)
    return finish(start, x, name)


def ResNet50(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet50",
) -> Model:
    """The residual network of 50 layers (``keras.applications.ResNet50``): 25,636,712 parameters.

    Layers and their names are Keras's: convolutions have biases, and the stride is the first 1×1 convolution's.

    Args:
        include_top: whether the mean over all places and a dense layer follow. weights: ``None`` alone.
        input_tensor: begin with this symbolic tensor. input_shape: default (224, 224, 3), sizes from 32 up.
        pooling: without the top, ``"avg"`` or ``"max"`` over all places. classes: of the output.
        classifier_activation: of the output; ``None`` gives logits.

    Source: He et al., arXiv:1512.03385, table 1.

    >>> ResNet50(include_top=False, input_shape=(32, 32, 3)).count_params()
    23587712
    """
    given = (include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _resnet((3, 4, 6, 3), *given)


def ResNet101(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet101",
) -> Model:
    """The residual network of 101 layers (``keras.applications.ResNet101``): 44,707,176 parameters.

    Arguments and source as for `ResNet50`.
    """
    given = (include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _resnet((3, 4, 23, 3), *given)


def ResNet152(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet152",
) -> Model:
    """The residual network of 152 layers (``keras.applications.ResNet152``): 60,419,944 parameters.

    Arguments and source as for `ResNet50`.
    """
    given = (include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _resnet((3, 8, 36, 3), *given)


def _basic(x: Tensor, filters: int, stride: int, name: str) -> Tensor:
    """Two 3×3 convolutions; where the shape changes the input is thinned out and gets channels of zeros (option A)."""
    shortcut = x
    if stride > 1:
        more = filters - x.shape[-1]
        shortcut = ops.pad(x[:, ::stride, ::stride], ((0, 0),) * 3 + ((more // 2, more - more // 2),))
    for part in (1, 2):
        strides = stride if part == 1 else 1
        x = Conv2D(filters, 3, strides=strides, padding="same", use_bias=False, name=f"{name}_{part}_conv")(x)
        x = BatchNormalization(name=f"{name}_{part}_bn")(x)
        x = Activation("relu", name=f"{name}_1_relu")(x) if part == 1 else x
    found: Tensor = Activation("relu", name=f"{name}_out")(Add(name=f"{name}_add")([shortcut, x]))
    return found


def ResNetCIFAR(
    depth: int = 20,
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """The residual network for CIFAR-10: 6n + 2 layers on 16, 32 and 64 channels, shortcuts without parameters.

    With 20 layers 269,722 numbers are trained (the paper's 0.27 million), with 56 853,018 (0.85), with 110 1,727,962
    (1.7); the moving statistics of batch normalisation come on top.

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
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 8 or depth % 6 != 2:
        raise ValueProblem(f"depth {depth!r}", "6n + 2 layers for an n from 1 up", "e.g. 20, 32, 44, 56 or 110")
    x = start = begin(weights, input_tensor, input_shape, (32, 32, 3), 8)
    x = Conv2D(16, 3, padding="same", use_bias=False, name="conv1_conv")(x)
    x = BatchNormalization(name="conv1_bn")(x)
    x = Activation("relu", name="conv1_relu")(x)
    for stage in range(3):
        for block in range((depth - 2) // 6):
            stride = 2 if stage > 0 and block == 0 else 1
            x = _basic(x, 16 * 2**stage, stride, f"conv{stage + 2}_block{block + 1}")
    x = classified(x, classes, classifier_activation) if include_top else pooled(x, pooling)
    return finish(start, x, name or f"resnet{depth}")


def ResNet20(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    name: str = "resnet20",
) -> Model:
    """`ResNetCIFAR` with 20 layers.

    >>> ResNet20().name
    'resnet20'
    """
    given = (include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return ResNetCIFAR(20, *given)


__all__ = [
    "ResNet20",
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "ResNetCIFAR",
    "decode_predictions",
    "preprocess_input",
]
