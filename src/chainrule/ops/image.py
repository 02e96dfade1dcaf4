"""Images, under the names and with the arguments of `keras.ops.image`.

Everywhere `images` is (height, width, channels) or (batch, height, width, channels), or with the channels in front of
the height where ``data_format="channels_first"``; the batch may be unknown. The result has the images' dtype.

>>> from chainrule import ops
>>> ops.image.resize(ops.ones((2, 3, 5, 1)), (6, 10)).shape
(2, 6, 10, 1)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import DTypeError, ShapeError, ValueProblem
from ..tensors.tensor import Tensor, as_tensor
from . import convolution, elementwise, movement, resampling
from .functions import (
    cast,
    depthwise_conv,
    expand_dims,
    moveaxis,
    reshape,
    stack,
    where,
)
from .products import matmul
from .record import freeze, namespace
from .reduction import mean, sum
from .resampling import border_of, check_one_of, check_size, settled, wide

__all__ = [
    "affine_transform",
    "crop_images",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "sobel_edges",
    "ssim",
]


def _placed(images: Any, data_format: str | None, spatial: int = 2) -> tuple[Tensor, Callable[..., Tensor]]:
    """The images as (batch, *sizes, channels), and what gives a result the caller's axes back."""
    check_one_of(data_format, (None, "channels_last", "channels_first"), "data_format")
    x = as_tensor(images).cast_weak()
    single, first = x.ndim == spatial + 1, data_format == "channels_first"
    if x.ndim not in (spatial + 1, spatial + 2) or None in x.shape[x.ndim - spatial - 1 :]:
        raise ShapeError(
            f"images of shape {x.shape}",
            f"{spatial + 1} known sizes ({spatial} and the channels), or these behind a batch",
            "add or remove an axis with expand_dims or squeeze",
        )
    if single:
        x = expand_dims(x, 0)
    if first:
        x = moveaxis(x, 1, -1)

    def back(y: Tensor) -> Tensor:
        y = moveaxis(y, spatial + 1, 1) if first else y
        return y[0] if single else y

    return x, back


def _bordered(x: Tensor, rows: tuple[int, int], columns: tuple[int, int], value: float = 0) -> Tensor:
    border = border_of(freeze(value), x.dtype)
    made = movement.pad_record(x, widths=((0, 0), rows, columns, (0, 0)))
    if not border:
        return made
    inside = np.pad(np.ones(x.shape[1:3], bool), (rows, columns))[..., None]
    return where(inside, made, border)


# ---- size


def resize(
    images: Any,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Images in another size (``keras.ops.image.resize``). Pixel i has its centre at i + 1/2.

    Args:
        size: (height, width). interpolation: ``"nearest"``, ``"bilinear"``, ``"bicubic"`` (Keys, a = -1/2),
            ``"lanczos3"`` or ``"lanczos5"``.
        antialias: widen the kernel when shrinking, so that every old pixel counts; not for ``"nearest"``.
        crop_to_aspect_ratio: first cut away, from both sides, what the new shape has no room for.
        pad_to_aspect_ratio: first add borders of `fill_value` on both sides until the shapes agree.

    Returns: the images' dtype; integers are rounded, halves to even, and cut to their range.

    Raises:
        ShapeError: for another rank, or a size below 1. ValueProblem: for an unknown name.

    Keras computes in float16 where the images are; here in float32, rounded once. As an integer image's
    border, `fill_value` loses its fraction.

    >>> ops.image.resize([[[0.0], [4.0]]], (1, 4)).tolist()
    [[[0.0], [1.0], [3.0], [4.0]]]
    """
    check_one_of(fill_mode, ("constant",), "fill_mode")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueProblem("images to be cropped and padded", "one of the two", "leave one out")
    x, back = _placed(images, data_format)
    wanted = freeze(size)
    if crop_to_aspect_ratio or pad_to_aspect_ratio:
        check_size(wanted)
        h, w = x.shape[1:3]
        fit_h, fit_w = int(w * wanted[0] / wanted[1]), int(h * wanted[1] / wanted[0])
        if crop_to_aspect_ratio:
            keep_h, keep_w = max(min(h, fit_h), 1), max(min(w, fit_w), 1)
            top, left = (h - keep_h) // 2, (w - keep_w) // 2
            x = x[:, top : top + keep_h, left : left + keep_w]
        else:
            top, left = max(fit_h - h, 0) // 2, max(fit_w - w, 0) // 2
            x = _bordered(x, (top, top), (left, left), fill_value)
    return back(resampling.resize_record(x, size=wanted, interpolation=interpolation, antialias=bool(antialias)))


def _edges(before: Any, after: Any, target: Any, size: int, sign: int) -> tuple[int, int]:
    """Before and after, from two of the three: the target is the size plus `sign` times both."""
    known = [v for v in (before, after, target) if v is not None]
    whole = all(isinstance(v, int | np.integer) and not isinstance(v, bool) and v >= 0 for v in known)
    if len(known) != 2 or not whole:
        raise ValueProblem(
            f"{before} before, {after} after and the target {target}",
            "exactly two of the three, whole numbers from 0 up",
            "give two of them",
        )
    if target is None:
        return int(before), int(after)
    rest = sign * (target - size) - known[0]
    if rest < 0:
        raise ShapeError(
            f"a target of {target} for {size} pixels and {known[0]} at one edge", "a rest from 0 up", "check the target"
        )
    return (int(rest), int(after)) if before is None else (int(before), int(rest))


def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Zeros around the images (``keras.ops.image.pad_images``).

    For each direction exactly two of the three are given: the padding before, after, and the target size.

    >>> ops.image.pad_images(ops.ones((2, 3, 1)), 1, 0, target_height=4, target_width=5).shape
    (4, 5, 1)
    """
    x, back = _placed(images, data_format)
    h, w = x.shape[1:3]
    rows = _edges(top_padding, bottom_padding, target_height, h, 1)
    columns = _edges(left_padding, right_padding, target_width, w, 1)
    return back(_bordered(x, rows, columns))


def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """The images without their edges (``keras.ops.image.crop_images``).

    For each direction exactly two of the three are given: what is cut before, after, and the target size.

    >>> ops.image.crop_images(ops.ones((4, 5, 1)), 1, 0, target_height=2, target_width=3).shape
    (2, 3, 1)
    """
    x, back = _placed(images, data_format)
    h, w = x.shape[1:3]
    top, bottom = _edges(top_cropping, bottom_cropping, target_height, h, -1)
    left, right = _edges(left_cropping, right_cropping, target_width, w, -1)
    if top + bottom > h or left + right > w:
        raise ShapeError(
            f"croppings {(top, bottom)} and {(left, right)} for {h} rows and {w} columns",
            "no more than there is",
            "cut less",
        )
    return back(x[:, top : h - bottom, left : w - right])


# ---- reading at coordinates


def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Tensor:
    """A tensor read between its entries (``keras.ops.image.map_coordinates``).

    Args:
        inputs: any rank r. coordinates: (r, ...), for each axis where to read, 0 being the first entry's centre.
        order: 0, the nearest entry (halves away from zero), or 1, linear between neighbours.
        fill_mode: what stands outside a b c d: ``"constant"`` k k k, ``"nearest"`` d d d, ``"wrap"`` a b c,
            ``"mirror"`` c b a, ``"reflect"`` d c b. fill_value: k.

    Returns: (...), of the inputs' dtype; integers are rounded, halves away from zero. Gradients reach the inputs
    and, for order 1, the coordinates.

    Raises:
        ShapeError: if the coordinates are not r arrays with at least one axis. ValueProblem: for an unknown name.

    >>> ops.image.map_coordinates([0.0, 10.0, 30.0], [[0.5, 1.25]], order=1)
    tensor([ 5., 15.])
    """
    at = stack(coordinates) if isinstance(coordinates, list | tuple) else coordinates
    return resampling.map_coordinates_record(inputs, at, order=order, fill_mode=fill_mode, fill_value=fill_value)


def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Images turned, stretched, moved (``keras.ops.image.affine_transform``).

    Args:
        transform: ``[a0, a1, a2, b0, b1, b2, c0, c1]``, (8,) for all images or (batch, 8): the result at (x, y),
            x to the right and y down, is read at ((a0 x + a1 y + a2)/k, (b0 x + b1 y + b2)/k), k = c0 x + c1 y + 1.
        interpolation: ``"nearest"`` or ``"bilinear"``. fill_mode, fill_value: as in `map_coordinates`.

    Returns: the images' shape and dtype; integers are rounded, halves away from zero. Gradients reach the images
    and, if bilinear, the transform.

    Raises:
        ShapeError: for a transform of another length or number. ValueProblem: for an unknown name.

    Keras documents that c0 and c1 count with TensorFlow only (with JAX and PyTorch they move the channels apart),
    that no gradient reaches the transform, and takes one transform for one image alone.

    >>> ops.image.affine_transform([[[1.0], [2.0], [3.0]]], [1, 0, 0.5, 0, 1, 0, 0, 0], fill_mode="nearest").tolist()
    [[[1.5], [2.5], [3.0]]]
    """
    x, back = _placed(images, data_format)
    t = as_tensor(transform)
    t = expand_dims(t, 0) if t.ndim == 1 else t
    return back(
        resampling.affine_transform_record(
            x, t, interpolation=interpolation, fill_mode=fill_mode, fill_value=fill_value
        )
    )


def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Images seen from elsewhere: four points moved to four others (``keras.ops.image.perspective_transform``).

    Args:
        start_points, end_points: (4, 2) for all images or (batch, 4, 2), each point (x, y), no three on a line.
            What stood at a start point stands at its end point. They must have values; no gradient reaches them.
        interpolation, fill_value: as in `affine_transform`, which this is, with the transform solved for.

    Raises:
        ShapeError: for other shapes. ValueProblem: if the points determine no transform.

    >>> square = [[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]]
    >>> moved = [[1.0, 0.0], [3.0, 0.0], [1.0, 2.0], [3.0, 2.0]]
    >>> ops.image.perspective_transform([[[1.0], [2.0], [3.0]]], square, moved).tolist()
    [[[0.0], [1.0], [2.0]]]
    """
    start, end = (as_tensor(p).numpy().astype(np.float64) for p in (start_points, end_points))
    if start.shape != end.shape or start.ndim not in (2, 3) or start.shape[-2:] != (4, 2):
        raise ShapeError(
            f"points of shapes {start.shape} and {end.shape}", "both (4, 2), or both (batch, 4, 2)", "give four points"
        )
    (x, y), (u, v) = (np.moveaxis(p, -1, 0) for p in (end, start))
    one, zero = np.ones_like(x), np.zeros_like(x)
    across = np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], -1)
    down = np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], -1)
    try:
        solved = np.linalg.solve(np.concatenate([across, down], -2), np.concatenate([u, v], -1)[..., None])[..., 0]
    except np.linalg.LinAlgError:
        raise ValueProblem("points that no transform joins", "four points, no three on a line", "move them") from None
    return affine_transform(images, solved.astype("float32"), interpolation, "constant", fill_value, data_format)


# ---- windows


def extract_patches(
    images: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Each window's pixels as the channels of one (``keras.ops.image.extract_patches``).

    Args:
        images: with `size` of length 3 volumes: (depth, height, width, channels), or these behind a batch.
        size, strides, dilation_rate: a number or one an axis. strides: default `size`, patches side by side.
        padding: ``"valid"``, or ``"same"`` with zeros.

    Returns: (batch, rows, columns, height · width · channels), by rows, then columns, then channels.

    >>> ops.image.extract_patches(ops.reshape(ops.arange(8.0), (2, 4, 1)), 2).tolist()
    [[[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]]
    """
    given = freeze(size)
    spatial = 3 if isinstance(given, tuple) and len(given) == 3 else 2
    window = convolution.spread(given, spatial, "size")
    x, back = _placed(images, data_format, spatial)
    check_one_of(padding, ("valid", "same"), "padding")
    steps = window if strides is None else freeze(strides)
    g = convolution.geometry(x.shape[1:-1], window, steps, padding, freeze(dilation_rate))
    x = movement.pad_record(x, widths=((0, 0), *g.padding, (0, 0)))
    places = []
    for axis, (n, k, step, hole) in enumerate(zip(g.out, g.window, g.strides, g.dilation, strict=True)):
        shape = [1] * (2 * spatial)
        shape[axis], shape[spatial + axis] = n, k
        places.append((np.arange(n)[:, None] * step + np.arange(k) * hole).astype(np.int32).reshape(shape))
    found = x[(slice(None), *places)]
    return back(reshape(found, (-1, *g.out, math.prod(window) * x.shape[-1])))


def extract_patches_3d(
    volumes: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """`extract_patches` of volumes, `size` being a number or three (``keras.ops.image.extract_patches_3d``).

    >>> ops.image.extract_patches_3d(ops.ones((4, 4, 6, 1)), 2).shape
    (2, 2, 3, 8)
    """
    return extract_patches(
        volumes, convolution.spread(freeze(size), 3, "size"), strides, dilation_rate, padding, data_format
    )


def _blurred(x: Tensor, sizes: tuple[int, ...], spreads: Any, padding: str) -> Tensor:
    """Under a bell curve along the rows' axis, then along the columns': a product of two is the bell of both."""
    for i, n in enumerate(sizes):
        from_centre = (np.arange(n) - (n - 1) / 2).astype(x.dtype)
        bell = elementwise.exp(-0.5 * elementwise.square(from_centre / spreads[i]))
        kernel = reshape(bell / sum(bell), (-1, 1, 1, 1) if i == 0 else (1, -1, 1, 1))
        x = depthwise_conv(x, kernel * np.ones((x.shape[-1], 1), x.dtype), padding=padding)
    return x


def gaussian_blur(
    images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: str | None = None
) -> Tensor:
    """Each pixel's neighbours weighted by a bell curve; zeros stand outside (``keras.ops.image.gaussian_blur``).

    Args:
        kernel_size, sigma: (height, width), in pixels; `sigma` may be a tensor, which gradients reach.

    Returns: the images' shape and dtype; integers are rounded, halves to even.

    Keras documents (height, width), but takes (width, height).

    >>> ops.image.gaussian_blur([[[0.0], [1.0], [0.0]]], (1, 3)).tolist()
    [[[0.2740...], [0.4518...], [0.2740...]]]
    """
    x, back = _placed(images, data_format)
    kind, real = x.dtype, wide(x.dtype)
    sizes = convolution.spread(freeze(kernel_size), 2, "kernel_size")
    spreads = stack([cast(v, real) for v in sigma]) if isinstance(sigma, list | tuple) else cast(sigma, real)
    if spreads.shape != (2,):
        raise ShapeError(f"sigma of shape {spreads.shape}", "(height, width)", "give two numbers")
    x = _blurred(cast(x, real), sizes, spreads, "same")
    return back(settled(namespace(), elementwise.round(x) if kind.kind in "iu" else x, kind))


def sobel_edges(images: Any, data_format: str | None = None) -> Tensor:
    """How fast the images change downwards and to the right, by Sobel (``keras.ops.image.sobel_edges``).

    Returns: the images' shape and a last axis of 2, ``[dy, dx]``; zeros stand outside the images.

    >>> ops.image.sobel_edges(ops.reshape(ops.arange(9.0), (3, 3, 1)))[1, 1, 0]
    tensor([24.,  8.])
    """
    x, back = _placed(images, data_format)
    smooth, slope = np.array([1, 2, 1]), np.array([-1, 0, 1])
    both = np.stack([np.outer(slope, smooth), np.outer(smooth, slope)], -1).astype(x.dtype)
    kernel = np.broadcast_to(both[:, :, None], (3, 3, x.shape[-1], 2))
    edges = depthwise_conv(x, kernel, padding="same")
    return back(reshape(edges, (-1, *x.shape[1:], 2)))


def ssim(
    image1: Any,
    image2: Any,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Tensor:
    """How alike two images look, 1 when equal: the structural similarity (``keras.ops.image.ssim``).

    Means, variances and the covariance under a bell curve of `filter_size` pixels a side, wherever it lies inside;
    then the mean over places and channels (Wang et al., 2004, https://doi.org/10.1109/TIP.2003.819861).

    Args:
        max_val: the range of the pixels' values, 255 for uint8. k1, k2: what keeps the quotients from 0/0.

    Returns: (batch,), or a number for two single images, in a float dtype (Keras casts it to the images').

    Raises:
        ShapeError: for unequal shapes, or images smaller than the window.

    >>> ops.image.ssim(ops.ones((12, 12, 1)), ops.zeros((12, 12, 1)))
    tensor(9.9990e-05)
    """
    (x, _), (y, _) = _placed(image1, data_format), _placed(image2, data_format)
    if as_tensor(image1).shape != as_tensor(image2).shape:
        raise ShapeError(f"images of shapes {as_tensor(image1).shape} and {as_tensor(image2).shape}", "equal", "resize")
    sizes = convolution.spread((freeze(filter_size),) * 2, 2, "filter_size")
    real = wide(np.result_type(x.dtype, y.dtype))
    x, y = cast(x, real), cast(y, real)
    mean_x, mean_y, xx, yy, xy = (_blurred(v, sizes, (filter_sigma,) * 2, "valid") for v in (x, y, x * x, y * y, x * y))
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    both = mean_x * mean_y
    squares = mean_x * mean_x + mean_y * mean_y
    alike = (2 * both + c1) * (2 * (xy - both) + c2) / ((squares + c1) * (xx + yy - squares + c2))
    found = mean(alike, axis=(1, 2, 3))
    return found[0] if as_tensor(image1).ndim == 3 else found


# ---- colours


def _colours(images: Any, data_format: str | None, counts: tuple[int, ...]) -> tuple[Tensor, Callable[..., Tensor]]:
    x, back = _placed(images, data_format)
    if x.shape[-1] not in counts:
        raise ShapeError(
            f"images of shape {as_tensor(images).shape}, with {x.shape[-1]} channels",
            f"{' or '.join(map(str, counts))} channels",
            "check data_format, or choose the channels",
        )
    return x, back


def _three(images: Any, data_format: str | None) -> tuple[Tensor, Tensor, Tensor, Callable[..., Tensor]]:
    x, back = _colours(images, data_format, (3,))
    if not x.spec.floating:
        raise DTypeError(f"images of dtype {x.dtype.name}", "floats from 0 to 1", "cast them, and divide by 255")
    return x[..., 0], x[..., 1], x[..., 2], back


def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Tensor:
    """0.2989 red + 0.587 green + 0.114 blue, as one channel (``keras.ops.image.rgb_to_grayscale``).

    Images of one channel stay as they are; integers lose their fraction, as in Keras.

    >>> ops.image.rgb_to_grayscale([[[1.0, 1.0, 0.0]]]).tolist()
    [[[0.8859...]]]
    """
    x, back = _colours(images, data_format, (1, 3))
    if x.shape[-1] == 1:
        return back(x)
    real = wide(x.dtype)
    gray = matmul(cast(x, real), np.array([[0.2989], [0.5870], [0.1140]], real))
    return back(cast(gray, x.dtype))


def rgb_to_hsv(images: Any, data_format: str | None = None) -> Tensor:
    """Red, green, blue as hue, saturation, value, all from 0 to 1 (``keras.ops.image.rgb_to_hsv``).

    Hue is 0 for red, 1/3 for green, 2/3 for blue; 0, too, where there is none. Channels smaller than the
    dtype's epsilon count as 0.

    Raises:
        DTypeError: for integers. ShapeError: for other than 3 channels.

    >>> ops.image.rgb_to_hsv([[[0.0, 1.0, 0.0]]]).tolist()
    [[[0.3333..., 1.0, 1.0]]]
    """
    *planes, back = _three(images, data_format)
    small = float(np.spacing(np.ones((), planes[0].dtype)))  # unlike np.finfo, also for bfloat16
    r, g, b = (where(elementwise.absolute(p) < small, 0.0, p) for p in planes)
    value = elementwise.maximum(elementwise.maximum(r, g), b)
    spread = value - elementwise.minimum(elementwise.minimum(r, g), b)
    lit, coloured = value > 0, spread > 0
    saturation = where(lit, spread / where(lit, value, 1.0), 0.0)
    turn = 6 * where(coloured, spread, 1.0)
    hue = where(value == r, (g - b) / turn, where(value == g, (b - r) / turn + 1 / 3, (r - g) / turn + 2 / 3))
    hue = where(coloured, where(hue < 0, hue + 1, hue), 0.0)
    return back(stack([hue, saturation, value], axis=-1))


def hsv_to_rgb(images: Any, data_format: str | None = None) -> Tensor:
    """Hue, saturation, value as red, green, blue, all from 0 to 1 (``keras.ops.image.hsv_to_rgb``).

    Raises:
        DTypeError: for integers. ShapeError: for other than 3 channels.

    >>> ops.image.hsv_to_rgb([[[0.5, 1.0, 1.0]]]).tolist()
    [[[0.0, 1.0, 1.0]]]
    """
    hue, saturation, value, back = _three(images, data_format)
    turn = 6 * elementwise.mod(hue, 1.0)
    red = elementwise.absolute(turn - 3) - 1
    green, blue = (2 - elementwise.absolute(turn - at) for at in (2, 4))
    planes = [value * (1 - saturation + saturation * elementwise.clip(p, 0, 1)) for p in (red, green, blue)]
    return back(stack(planes, axis=-1))
