"""Pictures: files to arrays and back, through Pillow (the extra ``chainrule[images]``); resizing, in NumPy."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ChainruleError, ShapeError, ValueProblem
from ..datasets.files import in_one_step
from ..graph import as_dtype, floatx
from .arrays import Array, numbers

MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}  # a colour mode, and Pillow's word for it
DEEP = ("L", "I;16", "I")  # grey already, of 8, 16 and 32 bits: kept as it is


def pillow() -> Any:
    """Pillow's Image module, imported at need."""
    try:
        return import_module("PIL.Image")
    except ImportError:
        raise ValueProblem("no Pillow", "the package that reads pictures", "pip install chainrule[images]") from None


def is_first(data_format: str | None) -> bool:
    """Whether channels come before height and width; None means they come last."""
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueProblem(f"data_format={data_format!r}", "'channels_last' or 'channels_first'", "name one of these")
    return data_format == "channels_first"


def of_mode(color_mode: str) -> str:
    if color_mode not in MODES:
        raise ValueProblem(f"color_mode={color_mode!r}", "one of " + ", ".join(MODES), "name one of these")
    return color_mode


def height_and_width(size: Any, name: str) -> tuple[int, int]:
    """A size, a whole number or two of them."""
    pair = (size, size) if isinstance(size, int) else size
    if (
        not isinstance(pair, list | tuple)
        or len(pair) != 2
        or not all(isinstance(v, int | np.integer) and not isinstance(v, bool) and v > 0 for v in pair)
    ):
        raise ValueProblem(f"{name}={size!r}", "height and width, whole numbers from 1", f"pass e.g. {name}=(64, 64)")
    return int(pair[0]), int(pair[1])


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """A picture from a file, as Pillow's Image (``keras.utils.load_img``).

    Args:
        path: of the file, or an ``io.BytesIO`` with its bytes. color_mode: "grayscale", "rgb" or "rgba".
        target_size: (height, width) to resize to; None to keep the size.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming", as Pillow does them, which
            averages when it makes smaller. keep_aspect_ratio: whether to cut the middle of the target's proportions
            out first.

    Returns:
        ``PIL.Image.Image``.

    Raises:
        ValueProblem: without Pillow; for a file that is missing or no whole picture, or an unknown word.

    ::

        picture = load_img("cat.jpg", target_size=(64, 64))
        x = img_to_array(picture)  # (64, 64, 3) float32
    """
    Image = pillow()
    mode = MODES[of_mode(color_mode)]
    if isinstance(path, io.BytesIO):
        source: Any = path
    elif isinstance(path, str | bytes | os.PathLike):
        source = os.fsdecode(path)
    else:
        raise ValueProblem(f"a path of type {type(path).__name__}", "a path or an io.BytesIO", "pass the file's path")
    try:
        with Image.open(source) as opened:
            opened.load()
            keep = color_mode == "grayscale" and opened.mode in DEEP
            picture = opened.copy() if keep or opened.mode == mode else opened.convert(mode)
    except Exception as error:  # the readers of the formats raise what they like on damaged files
        raise ValueProblem(
            f"{'the bytes' if source is path else source} ({str(error) or type(error).__name__})",
            "a whole picture that Pillow can read",
            "check the path and the file",
        ) from None
    if target_size is None:
        return picture
    height, width = height_and_width(target_size, "target_size")
    methods = {m: Image.Resampling[m.upper()] for m in ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")}
    if interpolation not in methods:
        raise ValueProblem(f"interpolation={interpolation!r}", "one of " + ", ".join(methods), "name one of these")
    if (width, height) == picture.size:
        return picture
    box = None
    if keep_aspect_ratio:
        high = min(picture.height, picture.width * height // width)
        wide = min(picture.width, picture.height * width // height)
        if not high or not wide:
            raise ValueProblem(f"target_size={target_size!r} of a picture {picture.size}", "nearer proportions", "")
        top, left = (picture.height - high) // 2, (picture.width - wide) // 2
        box = (left, top, left + wide, top + high)
    return picture.resize((width, height), methods[interpolation], box=box)


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """A picture as an array (``keras.utils.img_to_array``).

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
    first = is_first(data_format)
    array = numbers(img, "the picture").astype(as_dtype(dtype or floatx()))
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3:
        raise ShapeError(f"a picture of shape {array.shape}", "two or three axes", "pass one picture at a time")
    return array.transpose(2, 0, 1) if first else array


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array as a picture, Pillow's Image (``keras.utils.array_to_img``).

    Args:
        x: (height, width, channels), or (channels, height, width), with 1, 3 or 4 channels.
        data_format: "channels_last", as by default, or "channels_first".
        scale: whether its least and greatest entry become 0 and 255; else entries are cut to whole numbers.
        dtype: to reckon in, default floatx.

    Returns:
        ``PIL.Image.Image``; of one channel beyond 255, in mode "I", 32 bits.

    Raises:
        ShapeError: for other shapes. ValueProblem: without Pillow; for NaN, infinity, or entries the picture cannot
            hold.

    ::

        array_to_img(np.random.rand(28, 28, 1)).save("noise.png")
    """
    Image = pillow()
    array = numbers(x, "the picture")
    if array.ndim == 3 and is_first(data_format):
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise ShapeError(
            f"a picture of shape {np.shape(x)}",
            "height, width and 1, 3 or 4 channels",
            "reshape it, or say data_format",
        )
    array = array.astype(as_dtype(dtype or floatx()))
    if not np.isfinite(array).all():
        raise ValueProblem("a picture with NaN or infinity", "finite numbers", "replace them first")
    if scale:
        array = array - array.min()
        greatest = array.max()
        array = array / (greatest if greatest else 1) * 255
    least, greatest = array.min(), array.max()
    deep = array.shape[2] == 1 and greatest > 255
    most = 2**31 - 1 if deep else 255
    if least <= -1 or greatest >= most + 1:
        raise ValueProblem(f"entries from {least} to {greatest}", f"0 to {most}", "pass scale=True, or scale it first")
    return Image.fromarray((array[:, :, 0] if array.shape[2] == 1 else array).astype("int32" if deep else "uint8"))


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Write an array as a picture (``keras.utils.save_img``). The file appears whole or not at all.

    Args:
        path: of the file, or a file object. x, data_format, scale: as `array_to_img` takes them.
        file_format: e.g. "png" or "jpeg"; default the path's ending. kwargs: of Pillow's ``save``.
        Four channels become three in a JPEG, which has no transparency; a warning says so.

    Raises:
        ShapeError, ValueProblem: as `array_to_img`; for an unknown format, or a file that cannot be written.

    ::

        save_img("digit.png", x_train[0][..., None])
    """
    named = isinstance(path, str | os.PathLike)
    if file_format is None and named:
        file_format = Path(path).suffix[1:]
    if not file_format:
        raise ValueProblem(
            "a file without a format", "an ending such as .png, or file_format", "pass file_format='png'"
        )
    file_format = "jpeg" if file_format.lower() == "jpg" else file_format.lower()
    picture = array_to_img(x, data_format, scale)
    if picture.mode == "RGBA" and file_format == "jpeg":
        warnings.warn("a JPEG has no transparency: the fourth channel is left out", stacklevel=2)
        picture = picture.convert("RGB")
    written = io.BytesIO()
    try:
        picture.save(written, format=file_format, **kwargs)
        _write(path if not named else Path(path), written.getvalue())
    except ChainruleError:
        raise
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise ValueProblem(
            f"a picture that cannot be written as {file_format!r} to {path} ({error})",
            "a format that Pillow writes, and a place that can be written to",
            "check the format, its options and the path",
        ) from None


def _write(target: Any, data: bytes) -> None:
    """All the bytes to a file object, or to a path, which they reach in one step."""
    if not isinstance(target, Path):
        target.write(data)
        return
    with in_one_step(target) as file:
        file.write(data)


# Resizing, by Keras's rule for data sets: entry i stands at i + 1/2, and what is made smaller is not averaged


def _cubic(x: Array) -> Array:
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def _lanczos(radius: int) -> Callable[[Array], Array]:
    return lambda x: np.where(x <= radius, np.sinc(x) * np.sinc(x / radius), 0)


_KERNELS: dict[str, tuple[int, Callable[[Array], Array]]] = {  # reach in entries, weight at a distance
    "bilinear": (1, lambda x: np.maximum(0, 1 - x)),
    "bicubic": (2, _cubic),  # Keys (1981), a = -1/2
    "lanczos3": (3, _lanczos(3)),
    "lanczos5": (5, _lanczos(5)),
}
INTERPOLATIONS = ("nearest", *_KERNELS)


def resize(x: Array, size: tuple[int, int], interpolation: str = "bilinear", fit: str = "") -> Array:
    """A picture (height, width, channels) in another size, float32.

    Args:
        x: the picture. size: (height, width). interpolation: one of `INTERPOLATIONS`.
        fit: "crop" cuts the middle of the target's proportions out first, "pad" adds black edges, "" distorts.

    >>> resize(np.array([[[0.0], [1.0]]]), (1, 4))[0, :, 0]
    array([0.  , 0.25, 0.75, 1.  ], dtype=float32)
    """
    x = x.astype(np.float32)
    high = _proportioned(x.shape[0], x.shape[1], size[0], size[1], fit)
    wide = _proportioned(x.shape[1], x.shape[0], size[1], size[0], fit)
    if fit == "crop":
        top, left = (x.shape[0] - high) // 2, (x.shape[1] - wide) // 2
        x = x[top : top + high, left : left + wide]
    elif fit == "pad":
        top, left = (high - x.shape[0]) // 2, (wide - x.shape[1]) // 2
        x = np.pad(x, ((top, top), (left, left), (0, 0)))  # as Keras, whose edges are equal even if the sum is odd
    for axis in (0, 1):
        x = np.moveaxis(_resized(np.moveaxis(x, axis, 0), size[axis], interpolation), 0, axis)
    return np.ascontiguousarray(x)


def _proportioned(length: int, other: int, target: int, other_target: int, fit: str) -> int:
    """The length that has to the other side the target's proportion: no more than there is, or, to pad, no less."""
    wanted = int(other * target / other_target)
    return max(min(length, wanted), 1) if fit == "crop" else max(length, wanted)


def _resized(x: Array, size: int, interpolation: str) -> Array:
    """x in another length along its first axis: each entry a weighted sum of those within reach."""
    at = (np.arange(size) + 0.5) * len(x) / size
    if interpolation == "nearest":
        return x[np.minimum(at.astype(int), len(x) - 1)]
    reach, kernel = _KERNELS[interpolation]
    taps = np.floor(at - 0.5).astype(int)[:, None] + np.arange(1 - reach, reach + 1)
    weights = np.where((taps >= 0) & (taps < len(x)), kernel(np.abs(at[:, None] - 0.5 - taps)), 0)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    found = np.zeros((size, *x.shape[1:]), np.float32)
    for tap, weight in zip(np.clip(taps, 0, len(x) - 1).T, weights.T, strict=True):
        found += weight.reshape(-1, *[1] * (x.ndim - 1)) * x[tap]
    return found
