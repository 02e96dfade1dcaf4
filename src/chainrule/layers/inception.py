"""The inception block: convolutions of several sizes side by side, each behind a cheaper 1×1 convolution."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..tensors.tensor import Tensor
from .convolution import Conv2D
from .layer import InputSpec, Layer
from .pooling import MaxPooling2D
from .reshaping import channels_first


class InceptionBlock(Layer):
    """1×1, 3×3 and 5×5 convolutions and 3×3 max-pooling of one input, their channels joined in this order.

    One layer and not a dozen, so that it is one box in a drawing and one line in a summary or a price; scopes inside
    it tell its branches apart.

    Args:
        filters_1x1, filters_3x3, filters_5x5: channels of the three convolutions.
        reduce_3x3, reduce_5x5: channels of the 1×1 convolution (the bottleneck) before the larger one; ``None``:
            none, the larger convolution sees the input itself.
        pool_filters: channels of the 1×1 convolution after pooling; ``None``: none, all the input's channels go on.
        activation: of every convolution. data_format: ``"channels_last"`` (the default) or ``"channels_first"``.
        kernel_initializer, bias_initializer: of every convolution.

    Sizes stay: everything is padded, strides are 1. Raises `ShapeError` for an input that is no batch of images.

    Source: Szegedy et al., arXiv:1409.4842, figure 2; without reductions the naive version (a).

    >>> InceptionBlock(64, 96, 128, 16, 32, 32)(ops.ones((1, 4, 4, 192))).shape
    (1, 4, 4, 256)
    >>> InceptionBlock(64, None, 128, None, 32, None)(ops.ones((1, 4, 4, 192))).shape
    (1, 4, 4, 416)
    """

    def __init__(
        self,
        filters_1x1: int,
        reduce_3x3: int | None,
        filters_3x3: int,
        reduce_5x5: int | None,
        filters_5x5: int,
        pool_filters: int | None,
        activation: Any = "relu",
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.first = channels_first(data_format)

        def conv(filters: int, size: int, name: str) -> Conv2D:
            return Conv2D(
                filters,
                size,
                padding="same",
                data_format=data_format,
                activation=activation,
                kernel_initializer=kernel_initializer,
                bias_initializer=bias_initializer,
                dtype=self.dtype_policy,
                name=name,
            )

        pool = MaxPooling2D(3, 1, "same", data_format, name="pool", dtype=self.dtype_policy)
        self.branches: list[list[Layer]] = [
            [conv(filters_1x1, 1, "conv_1x1")],
            [*_if(reduce_3x3, conv, "reduce_3x3"), conv(filters_3x3, 3, "conv_3x3")],
            [*_if(reduce_5x5, conv, "reduce_5x5"), conv(filters_5x5, 5, "conv_5x5")],
            [pool, *_if(pool_filters, conv, "project_pool")],
        ]
        self.input_spec = InputSpec(ndim=4)

    def build(self, input_shape: Any) -> None:
        for branch in self.branches:
            shape = input_shape
            for layer in branch:
                shape = layer.compute_output_shape(shape)

    def call(self, inputs: Any) -> Tensor:
        outputs = []
        for branch in self.branches:
            x = inputs
            for layer in branch:
                x = layer(x)
            outputs.append(x)
        return ops.concatenate(outputs, axis=1 if self.first else -1)

    def _advice(self, shape: Any) -> str:
        return "images are (batch, height, width, channels); x[None, ...] adds the batch to one example"


def _if(filters: int | None, conv: Any, name: str) -> list[Layer]:
    return [] if filters is None else [conv(filters, 1, name)]
