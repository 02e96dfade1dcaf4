"""The inception block: parallel convolutions of several sizes, each after a cheaper 1×1 convolution."""

from __future__ import annotations

from functools import reduce
from typing import Any

from .. import ops
from ..core.arguments import at_least
from ..tensors.tensor import Tensor
from .convolution import Conv2D
from .input_spec import InputSpec
from .layer import Layer
from .pooling import MaxPooling2D
from .reshaping import channels_first
from .shape_chain import layer_label


class InceptionBlock(Layer):
    """1×1, 3×3 and 5×5 convolutions and 3×3 max-pooling of one input, with channels concatenated in this order.

    It is a single layer, so that it is one box in a drawing and one line in a summary or a price; its branches have
    scopes of their own.

    Args:
        filters_1x1, filters_3x3, filters_5x5: channels of the three convolutions.
        reduce_3x3, reduce_5x5: channels of the 1×1 convolution (the bottleneck) before the larger one; ``None`` for no
            such convolution.
        pool_filters: channels of the 1×1 convolution after pooling; ``None`` for no such convolution.
        activation: of every convolution. data_format: ``"channels_last"`` (the default) or ``"channels_first"``.
        kernel_initializer, bias_initializer: of every convolution.

    Heights and widths do not change: everything is padded, strides are 1. Raises `ShapeError` for an input that is
    not a batch of images.

    Source: Szegedy et al., arXiv:1409.4842, figure 2; without reductions its naive version (a).

    >>> InceptionBlock(64, 96, 128, 16, 32, 32)(ops.ones((1, 4, 4, 192))).shape
    (1, 4, 4, 256)
    >>> InceptionBlock(64, None, 128, None, 32, None)(ops.ones((1, 4, 4, 192))).shape
    (1, 4, 4, 416)
    """

    def __init__(
        self, filters_1x1: int, reduce_3x3: int | None, filters_3x3: int, reduce_5x5: int | None, filters_5x5: int,
        pool_filters: int | None, activation: Any = "relu", kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.channels_first = channels_first(data_format)
        label = layer_label(self)
        self.filters_1x1 = at_least(1, owner=label, filters_1x1=filters_1x1)
        self.reduce_3x3 = None if reduce_3x3 is None else at_least(1, owner=label, reduce_3x3=reduce_3x3)
        self.filters_3x3 = at_least(1, owner=label, filters_3x3=filters_3x3)
        self.reduce_5x5 = None if reduce_5x5 is None else at_least(1, owner=label, reduce_5x5=reduce_5x5)
        self.filters_5x5 = at_least(1, owner=label, filters_5x5=filters_5x5)
        self.pool_filters = None if pool_filters is None else at_least(1, owner=label, pool_filters=pool_filters)
        options = {"data_format": data_format, "activation": activation, "dtype": self.dtype_policy}
        options |= {"kernel_initializer": kernel_initializer, "bias_initializer": bias_initializer}

        def conv(filters: int, size: int, name: str) -> Conv2D:
            return Conv2D(filters, size, padding="same", name=name, **options)

        def bottleneck(filters: int | None, name: str) -> list[Conv2D]:
            return [] if filters is None else [conv(filters, 1, name)]

        pool = MaxPooling2D(3, 1, "same", data_format, name="pool", dtype=self.dtype_policy)
        self.branches: list[list[Layer]] = [
            [conv(self.filters_1x1, 1, "conv_1x1")],
            [*bottleneck(self.reduce_3x3, "reduce_3x3"), conv(self.filters_3x3, 3, "conv_3x3")],
            [*bottleneck(self.reduce_5x5, "reduce_5x5"), conv(self.filters_5x5, 5, "conv_5x5")],
            [pool, *bottleneck(self.pool_filters, "project_pool")],
        ]
        self.input_spec = InputSpec(ndim=4)

    def build(self, input_shape: Any) -> None:
        for branch in self.branches:
            shape = input_shape
            for layer in branch:
                shape = layer.compute_output_shape(shape)

    def call(self, inputs: Any) -> Tensor:
        outputs = [reduce(lambda x, layer: layer(x), branch, inputs) for branch in self.branches]
        return ops.concatenate(outputs, axis=1 if self.channels_first else -1)

    def _advice(self, shape: Any) -> str:
        return "images are (batch, height, width, channels); x[None, ...] adds the batch to one example"
