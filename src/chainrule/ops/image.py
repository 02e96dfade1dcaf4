"""Functions of images, with the names and arguments of `keras.ops.image`.

`images` always has the shape (height, width, channels) or (batch, height, width, channels), or with the channels before
the height if ``data_format="channels_first"``; the batch may be unknown. The result has the images' dtype.

>>> from chainrule import ops
>>> ops.image.resize(ops.ones((2, 3, 5, 1)), (6, 10)).shape
(2, 6, 10, 1)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import arguments, memory
from ..core.errors import DTypeError, ShapeError, ValueProblem
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from . import arithmetic, convolution, exponential, movement, resampling, rounding, selection
from .functions import (
    cast,
    concatenate,
    depthwise_conv,
    expand_dims,
    moveaxis,
    ones_like,
    reshape,
    solve,
    stack,
    where,
    zeros_like,
)  # fmt: skip
from .products import matmul
from .record import freeze, namespace
from .reduction import mean, sum
from .resampling import blending_dtype, check_size, fill_value_array, saturate_cast

__all__ = [
    "affine_transform", "crop_images", "extract_patches", "extract_patches_3d", "gaussian_blur", "hsv_to_rgb",
    "map_coordinates", "pad_images", "perspective_transform", "resize", "rgb_to_grayscale", "rgb_to_hsv", "sobel_edges",
    "ssim",
]  # fmt: skip


def _to_batch(images: Any, data_format: str | None, spatial: int = 2) -> tuple[Tensor, Callable[..., Tensor]]:
    """Return the images as (batch, *sizes, channels), and a function that restores the caller's axes."""
    arguments.one_of((None, "channels_last", "channels_first"), data_format=data_format)
    x = as_tensor(images).cast_weak()
    single, first = x.ndim == spatial + 1, data_format == "channels_first"
    if x.ndim not in (spatial + 1, spatial + 2) or None in x.shape[x.ndim - spatial - 1 :]:
        passed = f"images of shape {x.shape}"
        expected = f"{spatial + 1} known sizes ({spatial} and the channels), or these after a batch axis"
        raise ShapeError(passed, expected, "add or remove an axis with expand_dims or squeeze")
    if single:
        x = expand_dims(x, 0)
    if first:
        x = moveaxis(x, 1, -1)

    def restore(y: Tensor) -> Tensor:
        y = moveaxis(y, spatial + 1, 1) if first else y
        return y[0] if single else y

    return x, restore


def _pad(x: Tensor, rows: tuple[int, int], columns: tuple[int, int], value: float = 0) -> Tensor:
    """Pad images at both sides of the rows and the columns with a value."""
    border = fill_value_array(freeze(value), x.dtype)
    padded = movement.pad_record(x, widths=((0, 0), rows, columns, (0, 0)))
    if not border:
        return padded
    inside = memory.pad(memory.ones(x.shape[1:3], bool), (rows, columns))[..., None]
    return where(inside, padded, border)


# ---- size


def resize(
    images: Any, size: Any, interpolation: str = "bilinear", antialias: bool = False,
    crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False, fill_mode: str = "constant",
    fill_value: float = 0.0, data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """Resize images (``keras.ops.image.resize``). Pixel i has its centre at i + 1/2.

    Args:
        size: (height, width). interpolation: ``"nearest"``, ``"bilinear"``, ``"bicubic"`` (Keys, a = -1/2),
            ``"lanczos3"`` or ``"lanczos5"``.
        antialias: widen the kernel when shrinking, so that every old pixel counts; not for ``"nearest"``.
        crop_to_aspect_ratio: first crop both sides to the aspect ratio of the new size.
        pad_to_aspect_ratio: first pad both sides with `fill_value` to the aspect ratio of the new size.

    Returns: the images' dtype; integers are rounded, halves to even, and clipped to their range.

    Raises:
        ShapeError: for another rank, or a size below 1. ValueProblem: for an unknown name.

    Keras computes float16 images in float16; here they are computed in float32 and rounded once. For integer images
    the fraction of `fill_value` is dropped.

    >>> ops.image.resize([[[0.0], [4.0]]], (1, 4)).tolist()
    [[[0.0], [1.0], [3.0], [4.0]]]
    """
    arguments.one_of(("constant",), owner="resize", fill_mode=fill_mode)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueProblem("crop_to_aspect_ratio and pad_to_aspect_ratio", "one of the two", "leave one out")
    x, restore = _to_batch(images, data_format)
    target = freeze(size)
    if crop_to_aspect_ratio or pad_to_aspect_ratio:
        check_size(target)
        h, w = x.shape[1:3]
        fitting_h, fitting_w = int(w * target[0] / target[1]), int(h * target[1] / target[0])
        if crop_to_aspect_ratio:
            keep_h, keep_w = max(min(h, fitting_h), 1), max(min(w, fitting_w), 1)
            top, left = (h - keep_h) // 2, (w - keep_w) // 2
            x = x[:, top : top + keep_h, left : left + keep_w]
        else:
            top, left = max(fitting_h - h, 0) // 2, max(fitting_w - w, 0) // 2
            x = _pad(x, (top, top), (left, left), fill_value)
    return restore(resampling.resize_record(x, size=target, interpolation=interpolation, antialias=bool(antialias)))


def _resolve_edges(before: Any, after: Any, target: Any, size: int, sign: int) -> tuple[int, int]:
    """Return what is before and after, from two of the three: the target is the size plus `sign` times both."""
    values = [v for v in (before, after, target) if v is not None]
    numbers = [arguments.whole_number(v) for v in values]
    if len(values) != 2 or any(n is None or n < 0 for n in numbers):
        passed = f"{before} before, {after} after and the target {target}"
        raise ValueProblem(passed, "exactly two of the three, whole numbers from 0 up", "pass two of them")
    if target is None:
        return int(before), int(after)
    remainder = sign * (target - size) - values[0]
    if remainder < 0:
        passed = f"a target of {target} for {size} pixels and {values[0]} at one edge"
        raise ShapeError(passed, "a remainder from 0 up", "check the target")
    return (int(remainder), int(after)) if before is None else (int(before), int(remainder))


def pad_images(
    images: Any, top_padding: int | None = None, left_padding: int | None = None, bottom_padding: int | None = None,
    right_padding: int | None = None, target_height: int | None = None, target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """Pad images with zeros (``keras.ops.image.pad_images``).

    For each direction pass exactly two of the three: the padding before, after, and the target size.

    >>> ops.image.pad_images(ops.ones((2, 3, 1)), 1, 0, target_height=4, target_width=5).shape
    (4, 5, 1)
    """
    x, restore = _to_batch(images, data_format)
    h, w = x.shape[1:3]
    rows = _resolve_edges(top_padding, bottom_padding, target_height, h, 1)
    columns = _resolve_edges(left_padding, right_padding, target_width, w, 1)
    return restore(_pad(x, rows, columns))


def crop_images(
    images: Any, top_cropping: int | None = None, left_cropping: int | None = None, bottom_cropping: int | None = None,
    right_cropping: int | None = None, target_height: int | None = None, target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """Crop images (``keras.ops.image.crop_images``).

    For each direction pass exactly two of the three: the cropping before, after, and the target size.

    >>> ops.image.crop_images(ops.ones((4, 5, 1)), 1, 0, target_height=2, target_width=3).shape
    (2, 3, 1)
    """
    x, restore = _to_batch(images, data_format)
    h, w = x.shape[1:3]
    top, bottom = _resolve_edges(top_cropping, bottom_cropping, target_height, h, -1)
    left, right = _resolve_edges(left_cropping, right_cropping, target_width, w, -1)
    if top + bottom > h or left + right > w:
        passed = f"croppings {(top, bottom)} and {(left, right)} for {h} rows and {w} columns"
        raise ShapeError(passed, "no more than the image has", "crop less")
    return restore(x[:, top : h - bottom, left : w - right])


# ---- interpolation at coordinates


def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Tensor:
    """Interpolate a tensor at coordinates (``keras.ops.image.map_coordinates``).

    Args:
        inputs: any rank r. coordinates: (r, ...), the position along each axis, 0 being the first entry's centre.
        order: 0, the nearest entry (halves away from zero), or 1, linear between neighbours.
        fill_mode: the values outside a b c d: ``"constant"`` k k k, ``"nearest"`` d d d, ``"wrap"`` a b c,
            ``"mirror"`` c b a, ``"reflect"`` d c b. fill_value: k.

    Returns: (...), of the inputs' dtype; integers are rounded, halves away from zero. Gradients reach the inputs
    and, for order 1, the coordinates.

    Raises:
        ShapeError: if the coordinates are not r arrays with at least one axis. ValueProblem: for an unknown name.

    >>> ops.image.map_coordinates([0.0, 10.0, 30.0], [[0.5, 1.25]], order=1)
    tensor([ 5., 15.])
    """
    positions = stack(coordinates) if isinstance(coordinates, list | tuple) else coordinates
    return resampling.map_coordinates_record(inputs, positions, order=order, fill_mode=fill_mode, fill_value=fill_value)


def affine_transform(
    images: Any, transform: Any, interpolation: str = "bilinear", fill_mode: str = "constant", fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """Transform images affinely or projectively (``keras.ops.image.affine_transform``).

    Args:
        transform: ``[a0, a1, a2, b0, b1, b2, c0, c1]``, (8,) for all images or (batch, 8): the result at (x, y),
            x to the right and y down, is read at ((a0 x + a1 y + a2)/k, (b0 x + b1 y + b2)/k), k = c0 x + c1 y + 1.
        interpolation: ``"nearest"`` or ``"bilinear"``. fill_mode, fill_value: as in `map_coordinates`.

    Returns: the images' shape and dtype; integers are rounded, halves away from zero. Gradients reach the images
    and, if bilinear, the transform.

    Raises:
        ShapeError: for a transform of another length or number. ValueProblem: for an unknown name.

    Unlike here, in Keras c0 and c1 take effect with TensorFlow only (with JAX and PyTorch they shift the channels
    apart), no gradient reaches the transform, and one transform is accepted for a single image only.

    >>> ops.image.affine_transform([[[1.0], [2.0], [3.0]]], [1, 0, 0.5, 0, 1, 0, 0, 0], fill_mode="nearest").tolist()
    [[[1.5], [2.5], [3.0]]]
    """
    x, restore = _to_batch(images, data_format)
    t = as_tensor(transform)
    t = expand_dims(t, 0) if t.ndim == 1 else t
    fill = {"fill_mode": fill_mode, "fill_value": fill_value}
    return restore(resampling.affine_transform_record(x, t, interpolation=interpolation, **fill))


def perspective_transform(
    images: Any, start_points: Any, end_points: Any, interpolation: str = "bilinear", fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """Transform images so that four points move to four others (``keras.ops.image.perspective_transform``).

    Args:
        start_points, end_points: (4, 2) for all images or (batch, 4, 2), each point (x, y), no three on a line.
            The pixel at a start point moves to its end point.
        interpolation, fill_value: as in `affine_transform`, which applies the transform solved for.

    Raises:
        ShapeError: for other shapes. ValueProblem: if the points determine no transform.

    >>> square = [[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]]
    >>> moved = [[1.0, 0.0], [3.0, 0.0], [1.0, 2.0], [3.0, 2.0]]
    >>> ops.image.perspective_transform([[[1.0], [2.0], [3.0]]], square, moved).tolist()
    [[[0.0], [1.0], [2.0]]]
    """
    start, end = (cast(p, "float64") for p in (start_points, end_points))
    if start.shape != end.shape or start.ndim not in (2, 3) or start.shape[-2:] != (4, 2):
        passed = f"points of shapes {start.shape} and {end.shape}"
        raise ShapeError(passed, "both (4, 2), or both (batch, 4, 2)", "pass four points")
    x, y, u, v = end[..., 0], end[..., 1], start[..., 0], start[..., 1]
    one, zero = ones_like(x), zeros_like(x)
    across = stack([x, y, one, zero, zero, zero, -u * x, -u * y], -1)
    down = stack([zero, zero, zero, x, y, one, -v * x, -v * y], -1)
    try:
        solved = solve(concatenate([across, down], -2), expand_dims(concatenate([u, v], -1), -1))
    except ValueProblem:
        passed = "points that determine no transform"
        raise ValueProblem(passed, "four points, no three on a line", "move them") from None
    dtype = blending_dtype(as_tensor(images).dtype)
    return affine_transform(images, cast(solved[..., 0], dtype), interpolation, "constant", fill_value, data_format)


# ---- windows


def extract_patches(
    images: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """Arrange the pixels of each window as channels (``keras.ops.image.extract_patches``).

    Args:
        images: with `size` of length 3 volumes: (depth, height, width, channels), or these after a batch axis.
        size, strides, dilation_rate: a number or one for each axis. strides: default `size`, adjacent patches.
        padding: ``"valid"``, or ``"same"`` with zeros.

    Returns: (batch, rows, columns, height · width · channels), by rows, then columns, then channels.

    >>> ops.image.extract_patches(ops.reshape(ops.arange(8.0), (2, 4, 1)), 2).tolist()
    [[[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]]
    """
    window_size = freeze(size)
    spatial = 3 if isinstance(window_size, tuple) and len(window_size) == 3 else 2
    window = convolution.per_axis(window_size, spatial, "size")
    x, restore = _to_batch(images, data_format, spatial)
    arguments.one_of(("valid", "same"), padding=padding)
    steps = window if strides is None else freeze(strides)
    g = convolution.geometry(x.shape[1:-1], window, steps, padding, freeze(dilation_rate))
    x = movement.pad_record(x, widths=((0, 0), *g.padding, (0, 0)))
    indices = []
    for axis, (n, k, stride, dilation) in enumerate(zip(g.out, g.window, g.strides, g.dilation, strict=True)):
        shape = [1] * (2 * spatial)
        shape[axis], shape[spatial + axis] = n, k
        memory.require_array((n, k), np.int64, "the indices of windows")
        index = memory.arange(n)[:, None] * stride + memory.arange(k) * dilation
        indices.append(index.astype(np.int32).reshape(shape))
    patches = x[(slice(None), *indices)]
    return restore(reshape(patches, (x.shape[0], *g.out, math.prod(window) * x.shape[-1])))


def extract_patches_3d(
    volumes: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """Do the same as `extract_patches` for volumes, `size` a number or three (``keras.ops.image.extract_patches_3d``).

    >>> ops.image.extract_patches_3d(ops.ones((4, 4, 6, 1)), 2).shape
    (2, 2, 3, 8)
    """
    window = convolution.per_axis(freeze(size), 3, "size")
    return extract_patches(volumes, window, strides, dilation_rate, padding, data_format)


def _blur(x: Tensor, sizes: tuple[int, ...], sigmas: Any, padding: str) -> Tensor:
    """Blur with a Gaussian along the rows' axis, then along the columns': the product of both is the Gaussian in 2D."""
    for i, n in enumerate(sizes):
        offsets = (memory.arange(n) - (n - 1) / 2).astype(x.dtype)
        bell = exponential.exp(-0.5 * arithmetic.square(offsets / sigmas[i]))
        kernel = reshape(bell / sum(bell), (-1, 1, 1, 1) if i == 0 else (1, -1, 1, 1))
        x = depthwise_conv(x, kernel * memory.ones((x.shape[-1], 1), x.dtype), padding=padding)
    return x


def gaussian_blur(
    images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: str | None = None
) -> Tensor:
    """Blur images with a Gaussian kernel, with zeros outside (``keras.ops.image.gaussian_blur``).

    Args:
        kernel_size, sigma: (height, width), in pixels; `sigma` may be a tensor, which gradients reach.

    Returns: the images' shape and dtype; integers are rounded, halves to even.

    Keras documents (height, width), but takes (width, height).

    >>> ops.image.gaussian_blur([[[0.0], [1.0], [0.0]]], (1, 3)).tolist()
    [[[0.2740...], [0.4518...], [0.2740...]]]
    """
    x, restore = _to_batch(images, data_format)
    dtype, compute_dtype = x.dtype, blending_dtype(x.dtype)
    sizes = convolution.per_axis(freeze(kernel_size), 2, "kernel_size")
    is_sequence = isinstance(sigma, list | tuple)
    sigmas = stack([cast(v, compute_dtype) for v in sigma]) if is_sequence else cast(sigma, compute_dtype)
    if sigmas.shape != (2,):
        raise ShapeError(f"sigma of shape {sigmas.shape}", "(height, width)", "pass two numbers")
    x = _blur(cast(x, compute_dtype), sizes, sigmas, "same")
    return restore(saturate_cast(namespace(), rounding.round(x) if dtype.kind in "iu" else x, dtype))


def sobel_edges(images: Any, data_format: str | None = None) -> Tensor:
    """Compute the gradients of images downwards and to the right, by Sobel (``keras.ops.image.sobel_edges``).

    Returns: the images' shape and a last axis of 2, ``[dy, dx]``; zeros are assumed outside the images.

    >>> ops.image.sobel_edges(ops.reshape(ops.arange(9.0), (3, 3, 1)))[1, 1, 0]
    tensor([24.,  8.])
    """
    x, restore = _to_batch(images, data_format)
    smooth, slope = np.array([1, 2, 1]), np.array([-1, 0, 1])
    both = np.stack([np.outer(slope, smooth), np.outer(smooth, slope)], -1).astype(x.dtype)
    memory.require_array((3, 3, x.shape[-1], 2), x.dtype, "kernels of edges")
    kernel = np.broadcast_to(both[:, :, None], (3, 3, x.shape[-1], 2))
    edges = depthwise_conv(x, kernel, padding="same")
    return restore(reshape(edges, (-1, *x.shape[1:], 2)))


def ssim(
    image1: Any, image2: Any, max_val: float = 1.0, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01,
    k2: float = 0.03, data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """Compute the structural similarity of two images, 1 if they are equal (``keras.ops.image.ssim``).

    Means, variances and the covariance under a Gaussian of `filter_size` pixels a side, wherever it lies inside;
    then the mean over positions and channels (Wang et al., 2004, https://doi.org/10.1109/TIP.2003.819861).

    Args:
        max_val: the range of the pixels' values, 255 for uint8. k1, k2: constants that keep the quotients from 0/0.

    Returns: (batch,), or a number for two single images, in a float dtype (Keras casts it to the images').

    Raises:
        ShapeError: for unequal shapes, or images smaller than the window.

    >>> ops.image.ssim(ops.ones((12, 12, 1)), ops.zeros((12, 12, 1)))
    tensor(9.9990e-05)
    """
    (x, _), (y, _) = _to_batch(image1, data_format), _to_batch(image2, data_format)
    if as_tensor(image1).shape != as_tensor(image2).shape:
        raise ShapeError(f"images of shapes {as_tensor(image1).shape} and {as_tensor(image2).shape}", "equal", "resize")
    sizes = convolution.per_axis((freeze(filter_size),) * 2, 2, "filter_size")
    compute_dtype = blending_dtype(np.result_type(x.dtype, y.dtype))
    x, y = cast(x, compute_dtype), cast(y, compute_dtype)
    mean_x, mean_y, xx, yy, xy = (_blur(v, sizes, (filter_sigma,) * 2, "valid") for v in (x, y, x * x, y * y, x * y))
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    product = mean_x * mean_y
    squares = mean_x * mean_x + mean_y * mean_y
    similarity_map = (2 * product + c1) * (2 * (xy - product) + c2) / ((squares + c1) * (xx + yy - squares + c2))
    similarity = mean(similarity_map, axis=(1, 2, 3))
    return similarity[0] if as_tensor(image1).ndim == 3 else similarity


# ---- colours


def _check_channels(
    images: Any, data_format: str | None, counts: tuple[int, ...]
) -> tuple[Tensor, Callable[..., Tensor]]:
    """Check the number of channels; return as `_to_batch`."""
    x, restore = _to_batch(images, data_format)
    if x.shape[-1] not in counts:
        passed = f"images of shape {as_tensor(images).shape}, with {x.shape[-1]} channels"
        mend = "check data_format, or choose the channels"
        raise ShapeError(passed, f"{' or '.join(map(str, counts))} channels", mend)
    return x, restore


def _split_channels(images: Any, data_format: str | None) -> tuple[Tensor, Tensor, Tensor, Callable[..., Tensor]]:
    """Return the three channels of float images, and a function that restores the caller's axes."""
    x, restore = _check_channels(images, data_format, (3,))
    if not x.spec.floating:
        raise DTypeError(f"images of dtype {x.dtype.name}", "floats from 0 to 1", "cast them, and divide by 255")
    return x[..., 0], x[..., 1], x[..., 2], restore


def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Tensor:
    """Compute 0.2989 red + 0.587 green + 0.114 blue, as one channel (``keras.ops.image.rgb_to_grayscale``).

    Images of one channel are unchanged; the fraction of integers is dropped, as in Keras.

    >>> ops.image.rgb_to_grayscale([[[1.0, 1.0, 0.0]]]).tolist()
    [[[0.8859...]]]
    """
    x, restore = _check_channels(images, data_format, (1, 3))
    if x.shape[-1] == 1:
        return restore(x)
    compute_dtype = blending_dtype(x.dtype)
    gray = matmul(cast(x, compute_dtype), np.array([[0.2989], [0.5870], [0.1140]], compute_dtype))
    return restore(cast(gray, x.dtype))


def rgb_to_hsv(images: Any, data_format: str | None = None) -> Tensor:
    """Convert red, green, blue to hue, saturation, value, all from 0 to 1 (``keras.ops.image.rgb_to_hsv``).

    Hue is 0 for red, 1/3 for green, 2/3 for blue, and 0 for grays. Channels smaller than the dtype's epsilon
    count as 0.

    Raises:
        DTypeError: for integers. ShapeError: for other than 3 channels.

    >>> ops.image.rgb_to_hsv([[[0.0, 1.0, 0.0]]]).tolist()
    [[[0.3333..., 1.0, 1.0]]]
    """
    *planes, restore = _split_channels(images, data_format)
    small = float(np.spacing(np.ones((), planes[0].dtype)))  # unlike np.finfo, also for bfloat16
    r, g, b = (where(arithmetic.absolute(p) < small, 0.0, p) for p in planes)
    value = selection.maximum(selection.maximum(r, g), b)
    chroma = value - selection.minimum(selection.minimum(r, g), b)
    lit, coloured = value > 0, chroma > 0
    saturation = where(lit, chroma / where(lit, value, 1.0), 0.0)
    turn = 6 * where(coloured, chroma, 1.0)
    hue = where(value == r, (g - b) / turn, where(value == g, (b - r) / turn + 1 / 3, (r - g) / turn + 2 / 3))
    hue = where(coloured, where(hue < 0, hue + 1, hue), 0.0)
    return restore(stack([hue, saturation, value], axis=-1))


def hsv_to_rgb(images: Any, data_format: str | None = None) -> Tensor:
    """Convert hue, saturation, value to red, green, blue, all from 0 to 1 (``keras.ops.image.hsv_to_rgb``).

    Raises:
        DTypeError: for integers. ShapeError: for other than 3 channels.

    >>> ops.image.hsv_to_rgb([[[0.5, 1.0, 1.0]]]).tolist()
    [[[0.0, 1.0, 1.0]]]
    """
    hue, saturation, value, restore = _split_channels(images, data_format)
    turn = 6 * arithmetic.mod(hue, 1.0)
    red = arithmetic.absolute(turn - 3) - 1
    green, blue = (2 - arithmetic.absolute(turn - centre) for centre in (2, 4))
    planes = [value * (1 - saturation + saturation * selection.clip(p, 0, 1)) for p in (red, green, blue)]
    return restore(stack(planes, axis=-1))
