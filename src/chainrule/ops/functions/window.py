"""Convolution and pooling with Keras's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import arguments, memory
from ...core.errors import ShapeError
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import convolution, pooling
from ..powers import power
from ..record import Operation, freeze
from ..rules import as_shape
from .indexing import pad
from .shape import expand_dims, flip, moveaxis, reshape


def channels_last(inputs: Any, data_format: str | None) -> tuple[Tensor, bool]:
    """Return the inputs with the channels last, and whether they came first."""
    arguments.one_of((None, "channels_last", "channels_first"), data_format=data_format)
    x = as_tensor(inputs)
    first = data_format == "channels_first"
    return (moveaxis(x, 1, -1) if first else x), first


def restore_channels(out: Tensor, first: bool) -> Tensor:
    """Move the channels back to the caller's axis."""
    return moveaxis(out, -1, 1) if first else out


def _conv(x: Tensor, k: Tensor, strides: Any, padding: Any, dilation: Any, groups: int, first: bool) -> Tensor:
    """Convolve and move the channels back."""
    out = convolution.conv_record(x, k, strides=strides, padding=padding, dilation=dilation, groups=groups)
    return restore_channels(out, first)


def _pool(
    record: Operation, inputs: Any, pool_size: Any, strides: Any, padding: Any, data_format: str | None
) -> Tensor:
    """Pool by the record, for either data format."""
    x, first = channels_last(inputs, data_format)
    return restore_channels(record(x, pool_size=pool_size, strides=strides, padding=padding), first)


def conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: Any = "valid", data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    """Convolve (cross-correlate) in as many dimensions as the kernel has (``keras.ops.conv``).

    Args:
        inputs: (batch, *sizes, channels). kernel: (*window, channels in / groups, channels out); the
            number of groups follows from both. strides, dilation_rate: a number, or one for each axis.
        padding: ``"valid"``, ``"same"``, or pairs (before, after), one for each axis.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    >>> ops.conv(ops.ones((1, 28, 28, 192)), ops.ones((5, 5, 192, 32)), padding="same").shape
    (1, 28, 28, 32)
    """
    x, first = channels_last(inputs, data_format)
    k = as_tensor(kernel)
    return _conv(x, k, strides, padding, dilation_rate, groups_of(x, k), first)


def groups_of(x: Tensor, kernel: Tensor) -> int:
    """Return the number of groups, from the channels of the input and the kernel."""
    groups = x.shape[-1] // kernel.shape[-2] if x.ndim and kernel.ndim > 1 and kernel.shape[-2] else 1
    return max([groups, 1])


def depthwise_conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: Any = "valid", data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    """Convolve each channel with its own kernels (``keras.ops.depthwise_conv``).

    Args:
        kernel: (*window, channels, multiplier). The others as in `conv`.

    >>> ops.depthwise_conv(ops.ones((1, 4, 4, 3)), ops.ones((2, 2, 3, 2))).shape
    (1, 3, 3, 6)
    """
    x, first = channels_last(inputs, data_format)
    k = as_tensor(kernel)
    c, m = k.shape[-2:]
    flat = reshape(k, (*k.shape[:-2], 1, c * m))
    return _conv(x, flat, strides, padding, dilation_rate, c, first)


def separable_conv(
    inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = 1, padding: Any = "valid",
    data_format: str | None = None, dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    """Apply `depthwise_conv`, then a pointwise convolution that mixes channels (``keras.ops.separable_conv``).

    >>> ops.separable_conv(ops.ones((1, 4, 4, 3)), ops.ones((2, 2, 3, 1)), ops.ones((1, 1, 3, 5))).shape
    (1, 3, 3, 5)
    """
    filtered = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(filtered, pointwise_kernel, 1, "valid", data_format)


def conv_transpose(
    inputs: Any, kernel: Any, strides: Any = 1, padding: Any = "valid", output_padding: Any = None,
    data_format: str | None = None, dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    """Add each entry times the kernel to the output, the transpose of `conv` (``keras.ops.conv_transpose``).

    Args:
        inputs: (batch, *sizes, channels). kernel: (*window, channels out, channels in), as in Keras.
        output_padding: entries added at the end of the output, to choose among the sizes that `conv` maps to
            that of the input; default: the largest for ``"same"``, and for ``"valid"``.

    >>> ops.conv_transpose(ops.ones((1, 4, 4, 3)), ops.ones((2, 2, 5, 3)), strides=2).shape
    (1, 8, 8, 5)
    """
    x, first = channels_last(inputs, data_format)
    k = as_tensor(kernel)
    rank = x.ndim - 2
    if rank < 1 or k.ndim != x.ndim or k.shape[-1] != x.shape[-1]:
        passed = f"an input of shape {x.shape} and a kernel of shape {k.shape}"
        mend = "check the channel axes"
        raise ShapeError(passed, "(batch, *sizes, channels) and (*window, channels out, channels in)", mend)
    steps = convolution.per_axis(freeze(strides), rank, "strides")
    dilations = convolution.per_axis(freeze(dilation_rate), rank, "dilation_rate")
    extras = (None,) * rank if output_padding is None else as_shape(output_padding)
    extras = extras * rank if arguments.whole_number(output_padding) is not None else extras
    arguments.one_of(("valid", "same"), padding=padding)
    if len(extras) != rank:
        passed = f"output_padding {output_padding} for {rank} spatial axes"
        raise ShapeError(passed, "a number, or one for each axis", "check it")
    sizes, pads = [], []
    for n, w, s, d, extra in zip(x.shape[1:-1], k.shape[:-2], steps, dilations, extras, strict=True):
        extent = (w - 1) * d + 1
        if padding == "valid":
            size = n * s + max([extent - s, 0]) if extra is None else (n - 1) * s + extent + extra
            pads.append((0, 0))
        else:
            size = n * s if extra is None else (n - 1) * s + extent - 2 * (extent // 2) + extra
            total = max([(n - 1) * s + extent - size, 0])
            pads.append((total // 2, total - total // 2))
        sizes.append(size)
    out = convolution.conv_transpose_record(
        x, k, sizes=tuple(sizes), strides=steps, padding=tuple(pads), dilation=dilations, groups=1
    )
    return restore_channels(out, first)


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Tensor:
    """Return windows along the last axis, one every `sequence_stride` entries (``keras.ops.extract_sequences``).

    >>> ops.extract_sequences([1.0, 2.0, 3.0, 4.0, 5.0], 3, 2)
    tensor([[1., 2., 3.],
            [3., 4., 5.]])
    """
    x = as_tensor(x)
    if not x.ndim:
        raise ShapeError("a number", "at least one axis", "give a signal")
    (length,), (stride,) = (
        convolution.per_axis(freeze(v), 1, "a window's size or stride") for v in (sequence_length, sequence_stride)
    )
    if length > x.shape[-1]:
        raise ShapeError(f"windows of {length} along {x.shape[-1]} entries", "no more than there are", "shorten them")
    starts = memory.arange(0, x.shape[-1] - length + 1, stride, dtype=np.int32)
    memory.require_array((len(starts), length), np.int64, "the indices of windows")
    return x[..., starts[:, None] + memory.arange(length, dtype=np.int32)]


def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """Return the largest entry of each window, the first at a tie, without padding (``keras.ops.max_pool``).

    Args:
        inputs: (batch, *sizes, channels). pool_size: a number, or one for each axis. strides: default pool_size.

    >>> ops.max_pool(ops.reshape(ops.arange(4.0), (1, 4, 1)), 2).tolist()
    [[[1.0], [3.0]]]
    """
    return _pool(pooling.max_pool_record, inputs, pool_size, strides, padding, data_format)


def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """Compute the mean of each window, without padding (``keras.ops.average_pool``).

    >>> ops.average_pool(ops.reshape(ops.arange(4.0), (1, 4, 1)), 2).tolist()
    [[[0.5], [2.5]]]
    """
    return _pool(pooling.average_pool_record, inputs, pool_size, strides, padding, data_format)


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Tensor:
    """Compute sum(x1[n + k] x2[n]) at each shift k of two vectors (``keras.ops.correlate``).

    Args:
        mode: ``"valid"``: shifts with the shorter inside the longer; ``"full"``: where they overlap; ``"same"``: the
            middle of these, as many as the longer has entries.

    >>> ops.correlate([1.0, 2.0, 3.0], [1.0, 1.0])
    tensor([3., 5.])
    """
    a, b = as_tensor(x1), as_tensor(x2)
    if a.ndim != 1 or b.ndim != 1 or not a.size or not b.size:
        raise ShapeError(f"shapes {a.shape} and {b.shape}", "two vectors of at least one entry", "flatten them")
    arguments.one_of(("valid", "same", "full"), mode=mode)
    if a.size < b.size:
        return flip(correlate(b, a, mode))
    overlap = b.size - 1
    padding = {"valid": (0, 0), "full": (overlap, overlap), "same": (b.size // 2, overlap - b.size // 2)}[mode]
    return extract_sequences(pad(a, (padding,)), b.size, 1) @ b


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Tensor:
    """Return the powers of each entry as a row, in descending or `increasing` order (``keras.ops.vander``).

    >>> ops.vander([2.0, 3.0], 3)
    tensor([[4., 2., 1.],
            [9., 3., 1.]])
    """
    x = as_tensor(x)
    if x.ndim != 1:
        raise ShapeError(f"a tensor of shape {x.shape}", "a vector", "flatten it")
    (count,) = as_shape(x.shape[0] if N is None else N)
    powers = memory.arange(count, dtype=np.int32)
    base = expand_dims(x, 1)
    return power(base, powers if increasing else powers[::-1].copy())
