"""Images: files to arrays and back, through Pillow (the extra ``chainrule[images]``); resizing, in NumPy."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..core import files
from ..core.arguments import each_at_least, one_of
from ..core.errors import MissingFileError, ShapeError, ValueProblem
from ..graph import as_dtype, floatx
from .arrays import Array, as_numeric_array

MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}  # a colour mode, and Pillow's name for it
GREY_MODES = ("L", "I;16", "I")  # of 8, 16 and 32 bits: not converted for color_mode="grayscale"


def pillow() -> Any:
    """Import Pillow's Image module."""
    try:
        return import_module("PIL.Image")
    except ImportError:
        raise ValueProblem("no Pillow", "the package that reads images", "pip install chainrule[images]") from None


def is_channels_first(data_format: str | None) -> bool:
    """Whether channels come before height and width; None means that they come last."""
    return one_of(("channels_last", "channels_first", None), data_format=data_format) == "channels_first"


def load_img(
    path: Any, color_mode: str = "rgb", target_size: Any = None, interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:  # fmt: skip
    """Read an image from a file, as Pillow's Image (``keras.utils.load_img``).

    Args:
        path: of the file, or an ``io.BytesIO`` with its bytes. color_mode: "grayscale", "rgb" or "rgba".
        target_size: (height, width) to resize to; None to keep the size.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming", as in Pillow, which averages
            when it reduces the size. keep_aspect_ratio: whether to crop the centre to the target's aspect ratio first.

    Returns:
        ``PIL.Image.Image``.

    Raises:
        MissingFileError: for a file that does not exist.
        ValueProblem: without Pillow; for a file that is not a complete image, or an unknown argument.

    ::

        image = load_img("cat.jpg", target_size=(64, 64))
        x = img_to_array(image)  # (64, 64, 3) float32
    """
    Image = pillow()
    mode = MODES[one_of(MODES, color_mode=color_mode)]
    if isinstance(path, io.BytesIO):
        source: Any = path
    elif isinstance(path, str | bytes | os.PathLike):
        source = os.fsdecode(path)
    else:
        raise ValueProblem(f"a path of type {type(path).__name__}", "a path or an io.BytesIO", "pass the file's path")
    from_bytes = isinstance(path, io.BytesIO)
    if not from_bytes and not os.path.exists(source):
        raise MissingFileError(f"the path {source!r}, which does not exist", "an image file")
    try:
        with Image.open(source) as opened:
            opened.load()
            keep = color_mode == "grayscale" and opened.mode in GREY_MODES
            image = opened.copy() if keep or opened.mode == mode else opened.convert(mode)
    except Exception as error:  # on damaged files, Pillow's readers raise many kinds of errors
        passed = f"{'the bytes' if from_bytes else source} ({str(error) or type(error).__name__})"
        raise ValueProblem(passed, "a complete image that Pillow can read", "check the path and the file") from None
    if target_size is None:
        return image
    height, width = each_at_least(1, 2, target_size=target_size)
    methods = {m: Image.Resampling[m.upper()] for m in ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")}
    one_of(methods, interpolation=interpolation)
    if (width, height) == image.size:
        return image
    box = None
    if keep_aspect_ratio:
        high = min(image.height, image.width * height // width)
        wide = min(image.width, image.height * width // height)
        if not high or not wide:
            raise ValueProblem(f"target_size={target_size!r} of an image {image.size}", "nearer proportions", "")
        top, left = (image.height - high) // 2, (image.width - wide) // 2
        box = (left, top, left + wide, top + high)
    return image.resize((width, height), methods[interpolation], box=box)


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """Convert an image to an array (``keras.utils.img_to_array``).

    Args:
        img: Pillow's Image, or an array of two or three axes. data_format: "channels_last", as by default, or
            "channels_first". dtype: default floatx.

    Returns:
        (height, width, channels), or (channels, height, width); one channel for grey.

    Raises:
        ShapeError: for another number of axes. ValueProblem: for another data_format.

    >>> img_to_array(np.zeros((2, 3), "uint8")).shape
    (2, 3, 1)
    """
    first = is_channels_first(data_format)
    array = as_numeric_array(img, "the image").astype(as_dtype(dtype or floatx()))
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3:
        raise ShapeError(f"an image of shape {array.shape}", "two or three axes", "pass one image at a time")
    return array.transpose(2, 0, 1) if first else array


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """Convert an array to Pillow's Image (``keras.utils.array_to_img``).

    Args:
        x: (height, width, channels), or (channels, height, width), with 1, 3 or 4 channels.
        data_format: "channels_last", as by default, or "channels_first".
        scale: whether to scale the entries so that their range becomes 0 to 255; else they are truncated to integers.
        dtype: of the computation, default floatx.

    Returns:
        ``PIL.Image.Image``; of one channel beyond 255, in mode "I", 32 bits.

    Raises:
        ShapeError: for other shapes. ValueProblem: without Pillow; for NaN, infinity, or entries outside the image's
            range.

    ::

        array_to_img(np.random.rand(28, 28, 1)).save("noise.png")
    """
    Image = pillow()
    array = as_numeric_array(x, "the image")
    if array.ndim == 3 and is_channels_first(data_format):
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        passed = f"an image of shape {np.shape(x)}"
        raise ShapeError(passed, "height, width and 1, 3 or 4 channels", "reshape it, or pass data_format")
    array = array.astype(as_dtype(dtype or floatx()))
    if not np.isfinite(array).all():
        raise ValueProblem("an image with NaN or infinity", "finite numbers", "replace them first")
    if scale:
        array = array - array.min()
        array = array / (array.max() or 1) * 255
    low, high = array.min(), array.max()
    is_int32 = array.shape[2] == 1 and high > 255
    limit = 2**31 - 1 if is_int32 else 255
    if low <= -1 or high >= limit + 1:
        raise ValueProblem(f"entries from {low} to {high}", f"0 to {limit}", "pass scale=True, or scale it first")
    return Image.fromarray((array[:, :, 0] if array.shape[2] == 1 else array).astype("int32" if is_int32 else "uint8"))


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Write an array as an image file (``keras.utils.save_img``), completely or not at all.

    Args:
        path: of the file, or a file object. x, data_format, scale: as for `array_to_img`.
        file_format: e.g. "png" or "jpeg"; default the path's ending. kwargs: of Pillow's ``save``.

    Four channels become three in a JPEG, which has no transparency, with a warning.

    Raises:
        ShapeError, ValueProblem: as for `array_to_img`; for an unknown format, or a file that cannot be written.

    ::

        save_img("digit.png", x_train[0][..., None])
    """
    is_path = isinstance(path, str | os.PathLike)
    if file_format is None and is_path:
        file_format = Path(path).suffix[1:]
    if not file_format:
        passed = "a file without a format"
        raise ValueProblem(passed, "an ending such as .png, or file_format", "pass file_format='png'")
    file_format = "jpeg" if file_format.lower() == "jpg" else file_format.lower()
    image = array_to_img(x, data_format, scale)
    if image.mode == "RGBA" and file_format == "jpeg":
        warnings.warn("a JPEG has no transparency: the fourth channel is left out", stacklevel=2)
        image = image.convert("RGB")
    encoded = io.BytesIO()
    try:
        image.save(encoded, format=file_format, **kwargs)
    except (KeyError, TypeError, ValueError, OSError) as error:
        passed = f"an image that cannot be written as {file_format!r} ({error})"
        raise ValueProblem(passed, "a format that Pillow writes", "check the format and its options") from None
    files.write(path, [encoded.getvalue()])


# Resizing, by Keras's rule for data sets: entry i is at position i + 1/2, and nothing is averaged when it gets smaller


def _cubic(x: Array) -> Array:
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def _lanczos(radius: int) -> Callable[[Array], Array]:
    return lambda x: np.where(x <= radius, np.sinc(x) * np.sinc(x / radius), 0)


_KERNELS: dict[str, tuple[int, Callable[[Array], Array]]] = {  # radius in entries, weight at a distance
    "bilinear": (1, lambda x: np.maximum(0, 1 - x)),
    "bicubic": (2, _cubic),  # Keys (1981), a = -1/2
    "lanczos3": (3, _lanczos(3)),
    "lanczos5": (5, _lanczos(5)),
}
INTERPOLATIONS = ("nearest", *_KERNELS)


def resize(x: Array, size: tuple[int, int], interpolation: str = "bilinear", fit: str = "") -> Array:
    """Resize an image (height, width, channels), to float32.

    Args:
        x: the image. size: (height, width). interpolation: one of `INTERPOLATIONS`.
        fit: "crop" crops the centre to the target's aspect ratio first, "pad" adds black edges, "" distorts.

    >>> resize(np.array([[[0.0], [1.0]]]), (1, 4))[0, :, 0]
    array([0.  , 0.25, 0.75, 1.  ], dtype=float32)
    """
    x = x.astype(np.float32)
    height = _fitted_length(x.shape[0], x.shape[1], size[0], size[1], fit)
    width = _fitted_length(x.shape[1], x.shape[0], size[1], size[0], fit)
    if fit == "crop":
        top, left = (x.shape[0] - height) // 2, (x.shape[1] - width) // 2
        x = x[top : top + height, left : left + width]
    elif fit == "pad":
        top, left = (height - x.shape[0]) // 2, (width - x.shape[1]) // 2
        x = np.pad(x, ((top, top), (left, left), (0, 0)))  # equal edges even if the sum is odd, as in Keras
    for axis in (0, 1):
        x = np.moveaxis(_resize_first_axis(np.moveaxis(x, axis, 0), size[axis], interpolation), 0, axis)
    return np.ascontiguousarray(x)


def _fitted_length(length: int, other: int, target: int, other_target: int, fit: str) -> int:
    """Return the length of a side at the target's aspect ratio: at most `length` to crop, at least `length` to pad."""
    fitted = int(other * target / other_target)
    return max(min(length, fitted), 1) if fit == "crop" else max(length, fitted)


def _resize_first_axis(x: Array, size: int, interpolation: str) -> Array:
    """Resize x along its first axis: each new entry is a weighted sum of the old ones within the kernel's radius."""
    centers = (np.arange(size) + 0.5) * len(x) / size
    if interpolation == "nearest":
        return x[np.minimum(centers.astype(int), len(x) - 1)]
    radius, kernel = _KERNELS[interpolation]
    taps = np.floor(centers - 0.5).astype(int)[:, None] + np.arange(1 - radius, radius + 1)
    weights = np.where((taps >= 0) & (taps < len(x)), kernel(np.abs(centers[:, None] - 0.5 - taps)), 0)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    resized = np.zeros((size, *x.shape[1:]), np.float32)
    for tap, weight in zip(np.clip(taps, 0, len(x) - 1).T, weights.T, strict=True):
        resized += weight.reshape(-1, *[1] * (x.ndim - 1)) * x[tap]
    return resized
