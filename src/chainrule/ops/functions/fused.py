"""Steps for which engines have a kernel, with Keras's arguments: a product with bias and activation as one."""

from __future__ import annotations

from typing import Any

from ...tensors.tensor import Tensor, as_tensor
from .. import fused
from ..record import freeze
from .window import channels_last, groups_of, placed


def fused_dense(inputs: Any, kernel: Any, bias: Any = None, activation: str | None = None) -> Tensor:
    """``activation(inputs @ kernel + bias)`` as one operation.

    Args:
        inputs: (..., inputs). kernel: (inputs, units). bias: (units,), or none. activation: ``None`` or ``"relu"``.

    >>> ops.fused_dense([[1.0, 2.0]], [[1.0], [-1.0]], [0.5], activation="relu")
    tensor([[0.]])
    """
    given = (inputs, kernel) if bias is None else (inputs, kernel, bias)
    found: Tensor = fused.dense_record(*given, activation=activation)
    return found


def fused_conv(
    inputs: Any,
    kernel: Any,
    bias: Any = None,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    activation: str | None = None,
) -> Tensor:
    """`conv` with bias and activation as one operation.

    Args:
        bias: (channels out,), or none. activation: ``None`` or ``"relu"``. The others as in `conv`.

    >>> ops.fused_conv(ops.ones((1, 5, 5, 2)), ops.ones((3, 3, 2, 4)), ops.ones(4), activation="relu").shape
    (1, 3, 3, 4)
    """
    x, first = channels_last(inputs, data_format)
    k = as_tensor(kernel)
    window = {"strides": freeze(strides), "padding": freeze(padding), "dilation": freeze(dilation_rate)}
    given = (x, k) if bias is None else (x, k, bias)
    return placed(fused.convolution_record(*given, **window, groups=groups_of(x, k), activation=activation), first)
