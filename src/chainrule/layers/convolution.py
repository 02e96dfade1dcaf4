"""Convolutions in one, two and three dimensions: ordinary, transposed, depthwise and separable ones.

A constructor's ``*args`` are the arguments of the base class; signatures and configurations name them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import activations, ops
from ..core.arguments import at_least, each_at_least
from ..core.errors import ShapeError, ValueProblem
from ..tensors.tensor import Tensor
from .checks import ActivationAttribute, known_sizes, padding_mode
from .input_spec import InputSpec
from .reshaping import _Spatial
from .shape_chain import layer_label


class BaseConv(_Spatial):
    """The base of all convolutions: window, bias and activation. Subclasses define the kernels and the product."""

    _is_transpose = False
    activation = ActivationAttribute()

    def __init__(self, window: Sequence[Any], activation: Any, bias: Sequence[Any], **kwargs: Any) -> None:
        """Take the window from its size to its dilation, and whether there is a bias, its initializer and so on."""
        kernel_size, strides, padding, data_format, dilation_rate = window
        super().__init__(data_format, **kwargs)
        label = layer_label(self)
        self.kernel_size = each_at_least(1, self.rank, owner=label, kernel_size=kernel_size)
        self.strides = each_at_least(1, self.rank, owner=label, strides=strides)
        self.dilation_rate = each_at_least(1, self.rank, owner=label, dilation_rate=dilation_rate)
        paddings = ["valid", "same", *(["causal"] if self.rank == 1 and not self._is_transpose else [])]
        self.padding = padding_mode(padding, paddings, owner=label)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1 and not self._is_transpose:
            passed = f"strides {self.strides} and dilation_rate {self.dilation_rate}"
            raise ValueProblem(passed, "only one of them above 1", "set the other to 1")
        if self.padding == "causal" and self.channels_first:
            raise ValueProblem("causal padding with channels_first", "channels_last", "move the channels to the end")
        self.activation = activation
        self.use_bias, self.bias_initializer, self.bias_regularizer, self.bias_constraint = bias

    def channels_of(self, input_shape: Any) -> int:
        """Return the input's number of channels, and require it of every later input."""
        axis = 1 if self.channels_first else -1
        (channels,) = known_sizes(input_shape, [axis], "a known number of channels")
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels

    def add_bias(self, channels: int) -> None:
        """Make the bias, if there is one: one number for each channel of the output."""
        self.bias = self._add_configured_weight("bias", (channels,)) if self.use_bias else None

    def convolve(self, inputs: Tensor) -> Tensor:
        """Return the product with the kernels; subclasses define it."""
        raise NotImplementedError

    def call(self, inputs: Any) -> Tensor:
        out = self.convolve(inputs)
        if self.bias is not None:
            bias = ops.reshape(self.bias, (1, -1, *(1,) * self.rank)) if self.channels_first else self.bias
            out = out + bias
        return self.activation(out)

    def padded(self, inputs: Tensor) -> tuple[Tensor, str]:
        """Return the input, with zeros before it if padding is causal, and the padding that remains for the product."""
        if self.padding != "causal":
            return inputs, self.padding
        width = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        return ops.pad(inputs, ((0, 0), (width, 0), (0, 0))), "valid"

    def _advice(self, shape: Any) -> str:
        if len(shape) == self.rank + 1:
            return "add the missing axis: x[..., None] for one channel, x[None, ...] for one example"
        if self.built:
            where = "first here" if self.channels_first else "last: move them with np.moveaxis(x, 1, -1)"
            return f"give as many channels as the layer was built for; channels come {where}"
        return "images are (batch, height, width, channels)" if self.rank == 2 else "check the number of axes"


class _FilterConv(BaseConv):
    """A convolution with kernels of its own for each channel of the output."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any, padding: str, data_format: str | None, dilation_rate: Any,
        activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        window = (kernel_size, strides, padding, data_format, dilation_rate)
        bias = (use_bias, bias_initializer, bias_regularizer, bias_constraint)
        super().__init__(window, activation, bias, activity_regularizer=activity_regularizer, **kwargs)
        self.filters = at_least(1, owner=layer_label(self), filters=filters)
        self.kernel_initializer, self.kernel_regularizer = kernel_initializer, kernel_regularizer
        self.kernel_constraint = kernel_constraint


class _Conv(_FilterConv):
    """A convolution with kernels (*kernel_size, channels / groups, filters)."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, groups: int = 1, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, *args, **kwargs)
        self.groups = at_least(1, owner=layer_label(self), groups=groups)
        if self.filters % self.groups:
            passed = f"{self.filters} filters in {self.groups} groups"
            raise ValueProblem(passed, "groups that divide the filters", "choose other numbers")

    def build(self, input_shape: Any) -> None:
        channels = self.channels_of(input_shape)
        if channels % self.groups:
            passed = f"{channels} channels in {self.groups} groups"
            raise ShapeError(passed, "groups that divide the channels", "change groups")
        self.kernel = self._add_configured_weight("kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self.add_bias(self.filters)

    def call(self, inputs: Any) -> Tensor:
        x, padding = self.padded(inputs)
        fused = activations.fused(self.activation)
        window = (self.strides, padding, self.data_format, self.dilation_rate)
        out = ops.fused_conv(x, self.kernel, self.bias, *window, activation=fused)
        return out if fused else self.activation(out)


class Conv1D(_Conv, rank=1):
    """Convolution along steps: (batch, steps, channels) (``keras.layers.Conv1D``).

    Args:
        padding: ``"valid"``, ``"same"``, or ``"causal"``: no output sees a later step.

    >>> Conv1D(4, 3, padding="causal")(ops.ones((2, 10, 3))).shape
    (2, 10, 4)
    """


class Conv2D(_Conv, rank=2):
    """Convolution (a cross-correlation) over images: (batch, height, width, channels) (``keras.layers.Conv2D``).

    Args:
        filters: channels of the output. kernel_size: a number, or (height, width).
        groups: how many groups the channels are split into, each convolved on its own.

    Weights: kernel (height, width, channels / groups, filters), bias (filters,).

    >>> Conv2D(4, 3)(ops.ones((2, 8, 9, 3))).shape
    (2, 6, 7, 4)
    """


class Conv3D(_Conv, rank=3):
    """Convolution over volumes: (batch, depth, height, width, channels).

    >>> Conv3D(4, 2)(ops.ones((1, 4, 5, 6, 3))).shape
    (1, 3, 4, 5, 4)
    """


class _ConvTranspose(_FilterConv):
    """The transpose of a convolution, with kernels (*kernel_size, filters, channels)."""

    _is_transpose = True

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
        data_format: str | None = None, dilation_rate: Any = 1, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, *args, **kwargs)
        if output_padding is not None:
            output_padding = each_at_least(0, self.rank, owner=layer_label(self), output_padding=output_padding)
        self.output_padding = output_padding

    def build(self, input_shape: Any) -> None:
        shape = (*self.kernel_size, self.filters, self.channels_of(input_shape))
        self.kernel = self._add_configured_weight("kernel", shape)
        self.add_bias(self.filters)

    def convolve(self, inputs: Tensor) -> Tensor:
        window = (self.strides, self.padding, self.output_padding, self.data_format, self.dilation_rate)
        return ops.conv_transpose(inputs, self.kernel, *window)


class Conv1DTranspose(_ConvTranspose, rank=1):
    """The transpose of a convolution along steps: each entry times the kernel, added where they overlap.

    >>> Conv1DTranspose(4, 2, strides=2)(ops.ones((1, 5, 3))).shape
    (1, 10, 4)
    """


class Conv2DTranspose(_ConvTranspose, rank=2):
    """The transpose of a convolution over images, to make them larger (``keras.layers.Conv2DTranspose``).

    >>> Conv2DTranspose(4, 2, strides=2)(ops.ones((1, 5, 6, 3))).shape
    (1, 10, 12, 4)
    """


class Conv3DTranspose(_ConvTranspose, rank=3):
    """The transpose of a convolution over volumes.

    >>> Conv3DTranspose(2, 2, strides=2)(ops.ones((1, 2, 3, 4, 3))).shape
    (1, 4, 6, 8, 2)
    """

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid",
        data_format: str | None = None, output_padding: Any = None, dilation_rate: Any = (1, 1, 1), *args: Any,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        window = (kernel_size, strides, padding, output_padding, data_format, dilation_rate)
        super().__init__(filters, *window, *args, **kwargs)


class _DepthwiseConv(BaseConv):
    """A convolution of each channel on its own, with kernels (*kernel_size, channels, depth_multiplier)."""

    def __init__(
        self, kernel_size: Any, strides: Any = 1, padding: str = "valid", depth_multiplier: int = 1,
        data_format: str | None = None, dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        depthwise_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        window = (kernel_size, strides, padding, data_format, dilation_rate)
        bias = (use_bias, bias_initializer, bias_regularizer, bias_constraint)
        super().__init__(window, activation, bias, activity_regularizer=activity_regularizer, **kwargs)
        self.depth_multiplier = at_least(1, owner=layer_label(self), depth_multiplier=depth_multiplier)
        self.depthwise_initializer, self.depthwise_regularizer = depthwise_initializer, depthwise_regularizer
        self.depthwise_constraint = depthwise_constraint

    def build(self, input_shape: Any) -> None:
        channels = self.channels_of(input_shape)
        self.add_depthwise(channels, "kernel")
        self.add_bias(channels * self.depth_multiplier)

    def add_depthwise(self, channels: int, name: str) -> None:
        """Make the kernels, `depth_multiplier` for each channel."""
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_kernel = self._add_configured_weight("depthwise", shape, name)

    @property
    def kernel(self) -> Any:
        """The kernels of each channel, also called ``depthwise_kernel``."""
        return self.depthwise_kernel

    def convolve(self, inputs: Tensor) -> Tensor:
        x, padding = self.padded(inputs)
        return ops.depthwise_conv(x, self.depthwise_kernel, self.strides, padding, self.data_format, self.dilation_rate)


class DepthwiseConv1D(_DepthwiseConv, rank=1):
    """Convolve each channel on its own, along steps.

    >>> DepthwiseConv1D(3, depth_multiplier=2)(ops.ones((1, 5, 3))).shape
    (1, 3, 6)
    """


class DepthwiseConv2D(_DepthwiseConv, rank=2):
    """Convolve each channel on its own, with `depth_multiplier` kernels (``keras.layers.DepthwiseConv2D``).

    >>> DepthwiseConv2D(3, depth_multiplier=2)(ops.ones((1, 5, 6, 3))).shape
    (1, 3, 4, 6)
    """


class _SeparableConv(_DepthwiseConv):
    """A depthwise convolution, then one with kernels of size 1 over all channels."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform", pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", depthwise_regularizer: Any = None, pointwise_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None,
        depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        window = (kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate)
        initializers = (depthwise_initializer, bias_initializer)
        regularizers = (depthwise_regularizer, bias_regularizer, activity_regularizer)
        constraints = (depthwise_constraint, bias_constraint)
        super().__init__(*window, activation, use_bias, *initializers, *regularizers, *constraints, **kwargs)
        self.filters = at_least(1, owner=layer_label(self), filters=filters)
        self.pointwise_initializer, self.pointwise_regularizer = pointwise_initializer, pointwise_regularizer
        self.pointwise_constraint = pointwise_constraint

    def build(self, input_shape: Any) -> None:
        channels = self.channels_of(input_shape)
        self.add_depthwise(channels, "depthwise_kernel")
        shape = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        self.pointwise_kernel = self._add_configured_weight("pointwise", shape, "pointwise_kernel")
        self.add_bias(self.filters)

    def convolve(self, inputs: Tensor) -> Tensor:
        return ops.conv(super().convolve(inputs), self.pointwise_kernel, 1, "valid", self.data_format)


class SeparableConv1D(_SeparableConv, rank=1):
    """A depthwise convolution along steps, then one over single steps that mixes channels.

    >>> SeparableConv1D(4, 3)(ops.ones((1, 5, 3))).shape
    (1, 3, 4)
    """


class SeparableConv2D(_SeparableConv, rank=2):
    """A depthwise convolution, then a 1×1 one that mixes channels (Chollet, arXiv:1610.02357).

    >>> SeparableConv2D(4, 3)(ops.ones((1, 5, 6, 3))).shape
    (1, 3, 4, 4)
    """


Convolution1D, Convolution1DTranspose = Conv1D, Conv1DTranspose
Convolution2D, Convolution2DTranspose = Conv2D, Conv2DTranspose
Convolution3D, Convolution3DTranspose = Conv3D, Conv3DTranspose
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
