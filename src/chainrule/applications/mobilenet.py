"""MobileNet: each convolution is split into a depthwise and a pointwise one."""

from __future__ import annotations

from typing import Any

from ..core import arguments
from ..layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    ReLU,
    Reshape,
    ZeroPadding2D,
)
from ..models import Model
from ..tensors.tensor import Tensor
from .building import build_model, network_input, pool_features
from .imagenet_utils import decode_predictions
from .imagenet_utils import preprocess_tf as preprocess_input

_FILTERS = (64, 128, 128, 256, 256, *(512,) * 6, 1024, 1024)  # an increase implies a stride of 2


def _normalize(x: Tensor, name: str) -> Tensor:
    """Apply batch normalization and ReLU6."""
    return ReLU(6.0, name=f"{name}_relu")(BatchNormalization(name=f"{name}_bn")(x))


def MobileNet(
    input_shape: Any = None, alpha: float = 1.0, depth_multiplier: int = 1, dropout: float = 1e-3,
    include_top: bool = True, weights: Any = None, input_tensor: Any = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str | None = None,
) -> Model:  # fmt: skip
    """Return MobileNet, version 1 (``keras.applications.MobileNet``): 4,253,864 parameters, 0.57 billion multiplies.

    Args:
        alpha: a factor of all channels. depth_multiplier: kernels for each channel of the depthwise convolutions.
        dropout: before the top. name: default from alpha and the height. The others as for `ResNet50`.

    Raises:
        ValueProblem: for an alpha that leaves a layer without channels.

    Source: Howard et al., arXiv:1704.04861, table 1.

    >>> MobileNet((32, 32, 3), alpha=0.25, classes=10).count_params()
    221114
    """
    alpha = arguments.finite(least=1 / 32, owner="MobileNet", alpha=alpha)
    x = inputs = network_input(weights, input_tensor, input_shape, include_top)
    name = name or f"mobilenet_{alpha:0.2f}_{x.shape[1] or 224}"
    x = Conv2D(int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv1")(x)
    x = _normalize(x, "conv1")
    for i, filters in enumerate(_FILTERS, 1):
        stride, padding = (2, "valid") if i > 1 and filters > _FILTERS[i - 2] else (1, "same")
        if stride == 2:
            x = ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{i}")(x)
        x = DepthwiseConv2D(3, stride, padding, depth_multiplier, use_bias=False, name=f"conv_dw_{i}")(x)
        x = _normalize(x, f"conv_dw_{i}")
        x = Conv2D(int(filters * alpha), 1, padding="same", use_bias=False, name=f"conv_pw_{i}")(x)
        x = _normalize(x, f"conv_pw_{i}")
    if not include_top:
        return build_model(inputs, pool_features(x, pooling), name)
    x = GlobalAveragePooling2D(keepdims=True, name="avg_pool")(x)
    x = Dropout(dropout, name="dropout")(x)
    x = Conv2D(classes, 1, padding="same", name="conv_preds")(x)
    x = Reshape((classes,), name="reshape_2")(x)
    return build_model(inputs, Activation(classifier_activation, name="predictions")(x), name)


__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]
