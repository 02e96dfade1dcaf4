"""Convolution and pooling with Keras's arguments."""

from __future__ import annotations

from builtins import max as builtin_max
from typing import Any

import numpy as np

from ...core.errors import ShapeError, ValueProblem
from ...tensors.tensor import Tensor, as_tensor
from .. import convolution, elementwise, pooling
from ..record import freeze
from ..rules import sizes_of
from .indexing import pad
from .shape import expand_dims, flip, moveaxis, reshape


def channels_last(inputs: Any, data_format: str | None) -> tuple[Tensor, bool]:
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueProblem(f"data_format {data_format!r}", "'channels_last' or 'channels_first'", "name one of these")
    x = as_tensor(inputs)
    first = data_format == "channels_first"
    return (moveaxis(x, 1, -1) if first else x), first


def placed(out: Tensor, first: bool) -> Tensor:
    """The channels where the caller has them."""
    return moveaxis(out, -1, 1) if first else out


def _convolved(x: Tensor, k: Tensor, strides: Any, padding: Any, dilation: Any, groups: int, first: bool) -> Tensor:
    frozen = {"strides": freeze(strides), "padding": freeze(padding), "dilation": freeze(dilation)}
    return placed(convolution.conv_record(x, k, **frozen, groups=groups), first)


def _pooled(record: Any, inputs: Any, pool_size: Any, strides: Any, padding: Any, data_format: str | None) -> Tensor:
    x, first = channels_last(inputs, data_format)
    return placed(record(x, pool_size=freeze(pool_size), strides=freeze(strides), padding=freeze(padding)), first)


def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Convolution (a cross-correlation) in as many dimensions as the kernel has (``keras.ops.conv``).

    Args:
        inputs: (batch, *sizes, channels). kernel: (*window, channels in / groups, channels out); the
            number of groups follows from the two. strides, dilation_rate: a number or one an axis.
        padding: ``"valid"``, ``"same"``, or pairs (before, after), one an axis.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    >>> ops.conv(ops.ones((1, 28, 28, 192)), ops.ones((5, 5, 192, 32)), padding="same").shape
    (1, 28, 28, 32)
    """
    x, first = channels_last(inputs, data_format)
    k = as_tensor(kernel)
    return _convolved(x, k, strides, padding, dilation_rate, groups_of(x, k), first)


def groups_of(x: Tensor, kernel: Tensor) -> int:
    groups = x.shape[-1] // kernel.shape[-2] if x.ndim and kernel.ndim > 1 and kernel.shape[-2] else 1
    return builtin_max([groups, 1])


def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Each channel with its own kernels; kernel: (*window, channels, multiplier) (``keras.ops.depthwise_conv``).

    >>> ops.depthwise_conv(ops.ones((1, 4, 4, 3)), ops.ones((2, 2, 3, 2))).shape
    (1, 3, 3, 6)
    """
    x, first = channels_last(inputs, data_format)
    k = as_tensor(kernel)
    c, m = k.shape[-2:]
    flat = reshape(k, (*k.shape[:-2], 1, c * m))
    return _convolved(x, flat, strides, padding, dilation_rate, c, first)


def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """`depthwise_conv`, then a convolution over single places that mixes channels (``keras.ops.separable_conv``).

    >>> ops.separable_conv(ops.ones((1, 4, 4, 3)), ops.ones((2, 2, 3, 1)), ops.ones((1, 1, 3, 5))).shape
    (1, 3, 3, 5)
    """
    deep = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(deep, pointwise_kernel, 1, "valid", data_format)


def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Each entry spread by the kernel and added: the transpose of `conv` (``keras.ops.conv_transpose``).

    Args:
        inputs: (batch, *sizes, channels). kernel: (*window, channels out, channels in), as Keras has it.
        output_padding: entries added to the output's end, to choose among the sizes that `conv` maps to
            the input's; default: the largest for ``"same"``, and for ``"valid"``.

    >>> ops.conv_transpose(ops.ones((1, 4, 4, 3)), ops.ones((2, 2, 5, 3)), strides=2).shape
    (1, 8, 8, 5)
    """
    x, first = channels_last(inputs, data_format)
    k = as_tensor(kernel)
    rank = x.ndim - 2
    if rank < 1 or k.ndim != x.ndim or k.shape[-1] != x.shape[-1]:
        raise ShapeError(
            f"an input of shape {x.shape} and a kernel of shape {k.shape}",
            "(batch, *sizes, channels) and (*window, channels out, channels in)",
            "check the channel axes",
        )
    steps = convolution.spread(freeze(strides), rank, "strides")
    holes = convolution.spread(freeze(dilation_rate), rank, "dilation_rate")
    more = (
        (None,) * rank
        if output_padding is None
        else (output_padding,) * rank
        if isinstance(output_padding, int)
        else tuple(output_padding)
    )
    if padding not in ("valid", "same"):
        raise ValueProblem(f"padding {padding!r}", "'valid' or 'same'", "name one of these")
    if len(more) != rank:
        raise ShapeError(
            f"output_padding {output_padding} for {rank} spatial axes", "a number, or one an axis", "check it"
        )
    sizes, pads = [], []
    for n, w, s, d, extra in zip(x.shape[1:-1], k.shape[:-2], steps, holes, more, strict=True):
        reach = (w - 1) * d + 1
        if padding == "valid":
            size = n * s + builtin_max([reach - s, 0]) if extra is None else (n - 1) * s + reach + extra
            pads.append((0, 0))
        else:
            size = n * s if extra is None else (n - 1) * s + reach - 2 * (reach // 2) + extra
            total = builtin_max([(n - 1) * s + reach - size, 0])
            pads.append((total // 2, total - total // 2))
        sizes.append(size)
    out = convolution.conv_transpose_record(
        x, k, sizes=tuple(sizes), strides=steps, padding=tuple(pads), dilation=holes, groups=1
    )
    return placed(out, first)


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Tensor:
    """Windows along the last axis, one every `sequence_stride` entries (``keras.ops.extract_sequences``).

    >>> ops.extract_sequences([1.0, 2.0, 3.0, 4.0, 5.0], 3, 2)
    tensor([[1., 2., 3.],
            [3., 4., 5.]])
    """
    x = as_tensor(x)
    if not x.ndim:
        raise ShapeError("a number", "at least one axis", "give a signal")
    (length,), (stride,) = (
        convolution.spread(freeze(v), 1, "a window's size or stride") for v in (sequence_length, sequence_stride)
    )
    if length > x.shape[-1]:
        raise ShapeError(f"windows of {length} along {x.shape[-1]} entries", "no more than there are", "shorten them")
    starts = np.arange(0, x.shape[-1] - length + 1, stride, dtype=np.int32)
    return x[..., starts[:, None] + np.arange(length, dtype=np.int32)]


def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """The largest entry of each window, the first at a tie; padding never wins (``keras.ops.max_pool``).

    Args:
        inputs: (batch, *sizes, channels). pool_size: a number or one an axis. strides: default pool_size.

    >>> ops.max_pool(ops.reshape(ops.arange(4.0), (1, 4, 1)), 2).tolist()
    [[[1.0], [3.0]]]
    """
    return _pooled(pooling.max_pool_record, inputs, pool_size, strides, padding, data_format)


def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """The mean of each window; padding is not counted (``keras.ops.average_pool``).

    >>> ops.average_pool(ops.reshape(ops.arange(4.0), (1, 4, 1)), 2).tolist()
    [[[0.5], [2.5]]]
    """
    return _pooled(pooling.average_pool_record, inputs, pool_size, strides, padding, data_format)


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Tensor:
    """sum(x1[n + k] x2[n]) at each shift k of two vectors (``keras.ops.correlate``).

    Args:
        mode: ``"valid"``, where the shorter lies inside the longer; ``"full"``, where they meet; ``"same"``, the middle
            of these, as many as the longer has.

    >>> ops.correlate([1.0, 2.0, 3.0], [1.0, 1.0])
    tensor([3., 5.])
    """
    a, b = as_tensor(x1), as_tensor(x2)
    if a.ndim != 1 or b.ndim != 1 or not a.size or not b.size:
        raise ShapeError(f"shapes {a.shape} and {b.shape}", "two vectors of at least one entry", "flatten them")
    if mode not in ("valid", "same", "full"):
        raise ValueProblem(f"mode {mode!r}", "'valid', 'same' or 'full'", "name one of these")
    if a.size < b.size:
        return flip(correlate(b, a, mode))
    more = b.size - 1
    edges = {"valid": (0, 0), "full": (more, more), "same": (b.size // 2, more - b.size // 2)}[mode]
    return extract_sequences(pad(a, (edges,)), b.size, 1) @ b


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of each entry as a row, the highest first or, `increasing`, last (``keras.ops.vander``).

    >>> ops.vander([2.0, 3.0], 3)
    tensor([[4., 2., 1.],
            [9., 3., 1.]])
    """
    x = as_tensor(x)
    if x.ndim != 1:
        raise ShapeError(f"a tensor of shape {x.shape}", "a vector", "flatten it")
    (count,) = sizes_of(x.shape[0] if N is None else N)
    powers = np.arange(count, dtype=np.int32)
    base = expand_dims(x, 1)
    return elementwise.power(base, powers if increasing else powers[::-1].copy())
