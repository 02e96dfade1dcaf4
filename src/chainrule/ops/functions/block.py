"""Blocks of images: unfold and fold, move between space and depth, pool to a given size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core import arguments, memory
from ...core.errors import ShapeError
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import convolution
from .. import reduction as reductions
from ..record import freeze
from ..rules import in_float32
from .indexing import pad, take, where
from .reduction import max
from .shape import moveaxis, reshape, transpose


def _images(x: Any, data_format: str | None) -> tuple[Tensor, bool]:
    """Return the images, and whether their channels come first."""
    arguments.one_of((None, "channels_last", "channels_first"), data_format=data_format)
    return as_tensor(x), data_format == "channels_first"


def _block_size(x: Tensor, size: Any) -> int:
    """Check the block size, and that x is a batch of images."""
    if x.ndim != 4:
        raise ShapeError(f"images of shape {x.shape}", "(batch, height, width, channels)", "add the batch axis")
    (block_size,) = convolution.per_axis(freeze(size), 1, "block_size")
    return block_size


def depth_to_space(x: Any, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Arrange channels as blocks of pixels (``keras.ops.depth_to_space``; Shi et al., arXiv:1609.05158).

    Args:
        x: (batch, height, width, channels), the channels a multiple of block_size².

    Returns: (batch, height · block_size, width · block_size, channels / block_size²).

    >>> ops.depth_to_space([[[[1.0, 2.0, 3.0, 4.0]]]], 2)[0, :, :, 0]
    tensor([[1., 2.],
            [3., 4.]])
    """
    x, first = _images(x, data_format)
    b = _block_size(x, block_size)
    c = x.shape[1 if first else 3]
    if c % (b * b):
        raise ShapeError(f"{c} channels in blocks of {b}·{b}", "a multiple of the block's pixels", "change the block")
    if first:
        h, w = x.shape[2:]
        parts = transpose(reshape(x, (x.shape[0], c // (b * b), b, b, h, w)), (0, 1, 4, 2, 5, 3))
        return reshape(parts, (x.shape[0], c // (b * b), h * b, w * b))
    h, w = x.shape[1:3]
    parts = transpose(reshape(x, (x.shape[0], h, w, b, b, c // (b * b))), (0, 1, 3, 2, 4, 5))
    return reshape(parts, (x.shape[0], h * b, w * b, c // (b * b)))


def space_to_depth(x: Any, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Arrange blocks of pixels as channels, the inverse of `depth_to_space` (``keras.ops.space_to_depth``).

    >>> ops.space_to_depth([[[[1.0], [2.0]], [[3.0], [4.0]]]], 2)[0, 0, 0]
    tensor([1., 2., 3., 4.])
    """
    x, first = _images(x, data_format)
    b = _block_size(x, block_size)
    h, w = x.shape[2:] if first else x.shape[1:3]
    if h % b or w % b:
        raise ShapeError(f"{h}·{w} pixels in blocks of {b}·{b}", "a multiple along both axes", "crop or pad them")
    if first:
        c = x.shape[1]
        parts = transpose(reshape(x, (x.shape[0], c, h // b, b, w // b, b)), (0, 1, 3, 5, 2, 4))
        return reshape(parts, (x.shape[0], c * b * b, h // b, w // b))
    c = x.shape[3]
    parts = transpose(reshape(x, (x.shape[0], h // b, b, w // b, b, c)), (0, 1, 3, 2, 4, 5))
    return reshape(parts, (x.shape[0], h // b, w // b, c * b * b))


def _grid(sizes: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[Any, ...]:
    """Return window, dilation, stride and padding by axis, and how many windows fit along each axis."""
    window, dilations, strides = (
        convolution.per_axis(freeze(v), 2, what)
        for v, what in ((kernel_size, "kernel_size"), (dilation, "dilation"), (stride, "stride"))
    )
    paddings = arguments.each_at_least(0, 2, padding=padding)
    extents = [(k - 1) * d + 1 for k, d in zip(window, dilations, strict=True)]
    counts = [(n + 2 * p - r) // s + 1 for n, p, r, s in zip(sizes, paddings, extents, strides, strict=True)]
    if any(n < 1 for n in counts):
        passed = f"windows reaching over {extents} of {tuple(sizes)} pixels"
        raise ShapeError(passed, "no more than there are", "pad them")
    return window, dilations, strides, paddings, counts


def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Return every window of an image as a column (``keras.ops.unfold``, ``torch.nn.functional.unfold``).

    Args:
        x: (batch, channels, height, width). kernel_size, dilation, padding (zeros on both sides), stride: one number
            or two.

    Returns: (batch, channels · window, number of windows).

    >>> ops.unfold(ops.reshape(ops.arange(6.0), (1, 1, 2, 3)), 2)[0]
    tensor([[0., 1.],
            [1., 2.],
            [3., 4.],
            [4., 5.]])
    """
    x = as_tensor(x)
    if x.ndim != 4:
        raise ShapeError(f"images of shape {x.shape}", "(batch, channels, height, width)", "add the batch axis")
    window, dilations, strides, paddings, counts = _grid(x.shape[2:], kernel_size, dilation, padding, stride)
    x = pad(x, ((0, 0), (0, 0), *[(p, p) for p in paddings]))
    for k, n in zip(window, counts, strict=True):
        memory.require_array((k, n), np.int64, "the indices of windows")
    rows, columns = (
        (memory.arange(k)[:, None] * d + memory.arange(n) * s).astype(np.int32)
        for k, d, s, n in zip(window, dilations, strides, counts, strict=True)
    )
    windows = x[:, :, rows[:, None, :, None], columns[None, :, None, :]]
    return reshape(windows, (x.shape[0], x.shape[1] * window[0] * window[1], counts[0] * counts[1]))


def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Add columns as windows of an image, the transpose of `unfold` (``keras.ops.fold``).

    Args:
        x: (batch, channels · window, number of windows). output_size: (height, width), or one number for both.

    Returns: (batch, channels, height, width).

    >>> ops.fold(ops.ones((1, 4, 2)), (2, 3), 2)[0, 0]
    tensor([[1., 2., 1.],
            [1., 2., 1.]])
    """
    x = as_tensor(x)
    sizes = convolution.per_axis(freeze(output_size), 2, "output_size")
    window, dilations, strides, paddings, counts = _grid(sizes, kernel_size, dilation, padding, stride)
    k = window[0] * window[1]
    if x.ndim != 3 or x.shape[1] % k or x.shape[2] != counts[0] * counts[1]:
        passed = f"columns of shape {x.shape}"
        mend = "pass the same sizes as to unfold"
        raise ShapeError(passed, f"(batch, a multiple of {k}, {counts[0] * counts[1]})", mend)
    c = x.shape[1] // k
    memory.require_array((k, k, c), np.float64, "the kernel that places windows")
    kernel = memory.eye(k, None, 0, x.cast_weak().dtype).reshape(*window, 1, k)
    kernel = np.tile(kernel, (1, 1, 1, c))
    columns = moveaxis(reshape(x, (x.shape[0], c * k, *counts)), 1, -1)
    images = convolution.conv_transpose_record(
        columns,
        kernel,
        sizes=sizes,
        strides=strides,
        padding=tuple((p, p) for p in paddings),
        dilation=dilations,
        groups=c,
    )
    return moveaxis(images, -1, 1)


@in_float32
def _adaptive_pool(inputs: Any, output_size: Any, data_format: str | None, reduce: Callable[..., Tensor]) -> Tensor:
    """Pool along each spatial axis in turn: window i holds entries floor(i n / out) to ceil((i + 1) n / out) - 1."""
    x, first = _images(inputs, data_format)
    if not 3 <= x.ndim <= 5:
        raise ShapeError(f"an input of shape {x.shape}", "(batch, *sizes, channels)", "add the batch axis")
    sizes = convolution.per_axis(freeze(output_size), x.ndim - 2, "output_size")
    for axis, out in enumerate(sizes, start=2 if first else 1):
        n = x.shape[axis]
        if not n:
            raise ShapeError(f"an input of shape {x.shape}", "at least one entry along each axis", "check the data")
        starts = memory.arange(out) * n // out
        counts = -(-(memory.arange(out) + 1) * n // out) - starts
        offsets = memory.arange(counts.max())
        memory.require_array((out, len(offsets)), np.int64, "the indices of windows")
        valid = offsets < counts[:, None]
        indices = np.where(valid, starts[:, None] + offsets, starts[:, None]).astype(np.int32)
        trailing = (1,) * (x.ndim - axis - 1)
        x = reduce(
            take(x, indices, axis=axis), valid.reshape(*valid.shape, *trailing), counts.reshape(-1, *trailing), axis + 1
        )
    return x


def adaptive_average_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Tensor:
    """Average over `output_size` windows that cover the input evenly (``keras.ops.adaptive_average_pool``).

    Args:
        inputs: (batch, *sizes, channels), one to three sizes. output_size: a number, or one for each axis.

    >>> ops.adaptive_average_pool(ops.reshape(ops.arange(4.0), (1, 4, 1)), 2).tolist()
    [[[0.5], [2.5]]]
    """

    def mean(x: Tensor, valid: Any, counts: Any, axis: int) -> Tensor:
        x = x * 1.0
        return reductions.sum(where(valid, x, 0.0), axis=axis) / counts.astype(x.dtype)

    return _adaptive_pool(inputs, output_size, data_format, mean)


def adaptive_max_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Tensor:
    """Return the largest entry of each of `adaptive_average_pool`'s windows (``keras.ops.adaptive_max_pool``).

    At a tie the first one gets the gradient.

    >>> ops.adaptive_max_pool(ops.reshape(ops.arange(4.0), (1, 4, 1)), 2).tolist()
    [[[1.0], [3.0]]]
    """
    return _adaptive_pool(inputs, output_size, data_format, lambda x, valid, counts, axis: max(x, axis=axis))
