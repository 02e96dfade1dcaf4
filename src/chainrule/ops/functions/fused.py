"""Functions for which engines have a fused kernel, with Keras's arguments: a product with bias and activation."""

from __future__ import annotations

from typing import Any

from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import fused
from .window import channels_last, groups_of, restore_channels


def fused_dense(inputs: Any, kernel: Any, bias: Any = None, activation: str | None = None) -> Tensor:
    """Compute ``activation(inputs @ kernel + bias)`` as one operation.

    Args:
        inputs: (..., inputs). kernel: (inputs, units). bias: (units,), or none. activation: ``None`` or ``"relu"``.

    >>> ops.fused_dense([[1.0, 2.0]], [[1.0], [-1.0]], [0.5], activation="relu")
    tensor([[0.]])
    """
    operands = (inputs, kernel) if bias is None else (inputs, kernel, bias)
    return fused.dense_record(*operands, activation=activation)


def fused_conv(
    inputs: Any, kernel: Any, bias: Any = None, strides: Any = 1, padding: Any = "valid",
    data_format: str | None = None, dilation_rate: Any = 1, activation: str | None = None,
) -> Tensor:  # fmt: skip
    """Compute `conv` with bias and activation as one operation.

    Args:
        bias: (channels out,), or none. activation: ``None`` or ``"relu"``. The others as in `conv`.

    >>> ops.fused_conv(ops.ones((1, 5, 5, 2)), ops.ones((3, 3, 2, 4)), ops.ones(4), activation="relu").shape
    (1, 3, 3, 4)
    """
    x, first = channels_last(inputs, data_format)
    k = as_tensor(kernel)
    window = {"strides": strides, "padding": padding, "dilation": dilation_rate, "groups": groups_of(x, k)}
    operands = (x, k) if bias is None else (x, k, bias)
    return restore_channels(fused.convolution_record(*operands, **window, activation=activation), first)
