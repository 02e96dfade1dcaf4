"""Images made ready: resized, cropped, and in training changed at random.

Images are (height, width, channels) or (batch, height, width, channels), or with the channels in front of the height
where ``data_format="channels_first"``. But for `Resizing`, which keeps the dtype of whole numbers, the result is in the
layer's compute dtype, as in Keras: integers become floats unless ``dtype="uint8"`` or the like is given.

The random layers draw for each image of a batch. As in Keras they take a call without ``training`` for training;
``training=False``, as in a model's evaluation, hands the images on.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..core.errors import ValueProblem
from ..ops import random
from ..ops.random import SeedGenerator
from ..ops.resampling import FILL_MODES, ORDERS, check_one_of
from ..tensors.tensor import Tensor
from .core import positive
from .layer import InputSpec, Layer
from .regularization import _Random
from .reshaping import channels_first


class _Image(Layer):
    """A layer of images, with or without a batch."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = False  # a mask of pixels would have to move with them
        first = channels_first(data_format)
        self.data_format = "channels_first" if first else "channels_last"
        self.rows, self.columns = (-2, -1) if first else (-3, -2)  # the axes, counted from the end
        self.input_spec = InputSpec(min_ndim=3, max_ndim=4)

    def _advice(self, shape: Any) -> str:
        return "give images as (height, width, channels), or (batch, height, width, channels)"


class _Sized(_Image):
    """A layer whose images all come out in one size."""

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = positive(height, "height", self), positive(width, "width", self)

    def spare(self, images: Tensor) -> tuple[int, int]:
        """How many rows and columns there are above those wanted."""
        return images.shape[self.rows] - self.height, images.shape[self.columns] - self.width

    def fitted(self, images: Tensor) -> Tensor:
        """The largest centred window of the shape that is wanted, resized."""
        size = (self.height, self.width)
        return ops.image.resize(images, size, crop_to_aspect_ratio=True, data_format=self.data_format)


class Resizing(_Sized):
    """Images in another size (``keras.layers.Resizing``); see `ops.image.resize` for the arguments.

    >>> Resizing(4, 6)(ops.ones((2, 8, 8, 3))).shape
    (2, 4, 6, 3)
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, data_format, **kwargs)
        self.interpolation, self.antialias = interpolation, antialias
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value

    def call(self, inputs: Any) -> Tensor:
        return ops.image.resize(
            inputs,
            (self.height, self.width),
            self.interpolation,
            self.antialias,
            self.crop_to_aspect_ratio,
            self.pad_to_aspect_ratio,
            self.fill_mode,
            self.fill_value,
            self.data_format,
        )


class CenterCrop(_Sized):
    """The middle of each image; of smaller images the largest window of that shape, resized.

    >>> CenterCrop(1, 2)([[[1.0], [2.0], [3.0], [4.0]]]).tolist()
    [[[2.0], [3.0]]]
    """

    def call(self, inputs: Any) -> Tensor:
        x = ops.cast(inputs, self.compute_dtype)
        more = self.spare(x)
        if min(more) < 0:
            return self.fitted(x)
        rows, columns = (slice(n // 2, n // 2 + size) for n, size in zip(more, (self.height, self.width), strict=True))
        key = (..., rows, columns) if self.rows == -2 else (..., rows, columns, slice(None))
        return ops.get_item(x, key)


class _RandomImage(_Image, _Random):
    """A layer that changes images in training."""

    def change(self, images: Tensor) -> Tensor:
        """The images, changed at random."""
        raise NotImplementedError

    def call(self, inputs: Any, training: Any = True) -> Tensor:
        x = ops.cast(inputs, self.compute_dtype)
        return self.change(x) if training else x

    def draw(self, images: Tensor, between: tuple[float, float], ones: int = 0) -> Tensor:
        """A number for each image, followed by so many axes of 1."""
        return random.uniform((*images.shape[:-3], *(1,) * ones), *between, seed=self.seed_generator)


class RandomFlip(_RandomImage):
    """In training each image mirrored with probability 1/2 (``keras.layers.RandomFlip``).

    Args:
        mode: ``"horizontal"`` (left and right change places), ``"vertical"``, or ``"horizontal_and_vertical"``:
            two throws for each image, where Keras has one for both directions.

    >>> RandomFlip("horizontal", seed=1)([[[1.0], [2.0]]], training=False).tolist()
    [[[1.0], [2.0]]]
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | SeedGenerator | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, seed=seed, **kwargs)
        check_one_of(mode, ("horizontal", "vertical", "horizontal_and_vertical"), "mode")
        self.mode = mode

    def change(self, images: Tensor) -> Tensor:
        for direction, axis in (("horizontal", self.columns), ("vertical", self.rows)):
            if direction in self.mode:
                flipped = self.draw(images, (0.0, 1.0), 3) < 0.5
                images = ops.where(flipped, ops.flip(images, axis=axis), images)
        return images


def _between(factor: Any, name: str, least: float = -1.0, most: float = 1.0) -> tuple[float, float]:
    """The range that a factor means: -f to f, or from the smaller to the larger of two."""
    pair = factor if isinstance(factor, list | tuple) else (factor, factor)
    numbers = len(pair) == 2 and all(isinstance(v, int | float | np.floating) for v in pair)
    if not numbers or isinstance(factor, bool) or not all(least <= v <= most for v in pair):
        raise ValueProblem(
            f"{name}={factor!r}", f"a number, or two of them, from {least:g} to {most:g}", f"e.g. {name}=0.2"
        )
    return (float(min(pair)), float(max(pair))) if pair is factor else (-abs(float(factor)), abs(float(factor)))


class _RandomAffine(_RandomImage):
    """A layer that reads each image at places moved by a random affine map."""

    def __init__(self, fill_mode: str, interpolation: str, fill_value: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_one_of(fill_mode, FILL_MODES, "fill_mode")
        check_one_of(interpolation, ORDERS, "interpolation")
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value

    def places(self, images: Tensor) -> tuple[Any, Any, Any, Any, Any, Any]:
        """a0, a1, a2, b0, b1, b2: the result at (x, y) is read at (a0 x + a1 y + a2, b0 x + b1 y + b2)."""
        raise NotImplementedError

    def change(self, images: Tensor) -> Tensor:
        drawn = self.places(images)
        like = next(v for v in drawn if isinstance(v, Tensor))
        transform = ops.stack([like * 0.0 + v for v in (*drawn, 0.0, 0.0)], axis=-1)
        return ops.image.affine_transform(
            images, transform, self.interpolation, self.fill_mode, self.fill_value, self.data_format
        )

    def middle(self, images: Tensor) -> tuple[float, float]:
        """x and y of the image's centre."""
        return (images.shape[self.columns] - 1) / 2, (images.shape[self.rows] - 1) / 2


class RandomRotation(_RandomAffine):
    """In training each image turned about its centre (``keras.layers.RandomRotation``).

    Args:
        factor: a share of a full turn, counter-clockwise where positive: drawn from -f to f, or between two.
        fill_mode, interpolation, fill_value: as in `ops.image.affine_transform`.

    >>> RandomRotation(0.1)(ops.ones((2, 4, 5, 1))).shape
    (2, 4, 5, 1)
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | SeedGenerator | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, data_format=data_format, seed=seed, **kwargs)
        self.factor = _between(factor, "factor")

    def places(self, images: Tensor) -> tuple[Any, Any, Any, Any, Any, Any]:
        angle = self.draw(images, self.factor) * (2 * math.pi)
        cos, sin = ops.cos(angle), ops.sin(angle)
        x, y = self.middle(images)
        return cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos


class RandomTranslation(_RandomAffine):
    """In training each image moved (``keras.layers.RandomTranslation``).

    Args:
        height_factor, width_factor: shares of the height (down where positive) and width (to the right), drawn from
            -f to f, or between two.
        fill_mode, interpolation, fill_value: as in `ops.image.affine_transform`.

    >>> RandomTranslation((1.0, 1.0), 0.0, "constant")([[[5.0]], [[6.0]]]).tolist()
    [[[0.0]], [[0.0]]]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | SeedGenerator | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, data_format=data_format, seed=seed, **kwargs)
        self.height_factor = _between(height_factor, "height_factor")
        self.width_factor = _between(width_factor, "width_factor")

    def places(self, images: Tensor) -> tuple[Any, Any, Any, Any, Any, Any]:
        down = self.draw(images, self.height_factor) * images.shape[self.rows]
        right = self.draw(images, self.width_factor) * images.shape[self.columns]
        return 1.0, 0.0, -right, 0.0, 1.0, -down


class RandomZoom(_RandomAffine):
    """In training each image zoomed about its centre (``keras.layers.RandomZoom``).

    Args:
        height_factor: away where positive: 0.2 shows 1.2 times the height; drawn from -f to f, or between two.
        width_factor: default the draw of the height, which keeps the aspect.
        fill_mode, interpolation, fill_value: as in `ops.image.affine_transform`.

    >>> RandomZoom((-0.5, -0.5))([[[0.0], [2.0], [4.0]]]).tolist()
    [[[1.0], [2.0], [3.0]]]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | SeedGenerator | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, data_format=data_format, seed=seed, **kwargs)
        self.height_factor = _between(height_factor, "height_factor")
        self.width_factor = None if width_factor is None else _between(width_factor, "width_factor")

    def places(self, images: Tensor) -> tuple[Any, Any, Any, Any, Any, Any]:
        tall = 1 + self.draw(images, self.height_factor)
        wide = tall if self.width_factor is None else 1 + self.draw(images, self.width_factor)
        x, y = self.middle(images)
        return wide, 0.0, x - x * wide, 0.0, tall, y - y * tall


class RandomCrop(_Sized, _RandomImage):
    """In training a window of each image; otherwise the largest centred window of that shape, resized.

    So are, in training too, images smaller than the window. Keras documents this, and hands images on outside
    training; it draws one place for a whole batch, here each image has its own.

    >>> RandomCrop(2, 3, seed=1)(ops.ones((4, 5, 6, 1))).shape
    (4, 2, 3, 1)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | SeedGenerator | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, data_format, seed=seed, name=name, **kwargs)

    def call(self, inputs: Any, training: Any = True) -> Tensor:
        x = ops.cast(inputs, self.compute_dtype)
        return self.change(x) if training and min(self.spare(x)) >= 0 else self.fitted(x)

    def change(self, images: Tensor) -> Tensor:
        for axis, size in ((self.rows, self.height), (self.columns, self.width)):
            shape = (*images.shape[:-3], 1, 1, 1)
            start = random.randint(shape, 0, images.shape[axis] - size + 1, seed=self.seed_generator)
            along = ops.reshape(ops.arange(size, dtype="int32"), (size, *(1,) * (-1 - axis)))
            images = ops.take_along_axis(images, start + along, axis=axis)
        return images


class _RandomColor(_RandomImage):
    """A layer that changes the pixels' values, and keeps them in a range."""

    def __init__(self, value_range: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = isinstance(value_range, list | tuple) and len(value_range) == 2
        if not pair or not value_range[0] <= value_range[1]:
            raise ValueProblem(f"value_range={value_range!r}", "(least, greatest)", "e.g. value_range=(0, 255)")
        self.value_range = tuple(value_range)

    def kept(self, values: Tensor) -> Tensor:
        """Cut to the range, in the compute dtype; rounded if it is one of whole numbers."""
        values = ops.clip(values, *self.value_range)
        whole = not self.compute_dtype.startswith(("float", "bfloat"))
        return ops.cast(ops.round(values) if whole else values, self.compute_dtype)


class RandomContrast(_RandomColor):
    """In training each channel's distance from its mean times a number (``keras.layers.RandomContrast``).

    Args:
        factor: f, or (lower, upper), from 0 to 1: the number is drawn from 1 - lower to 1 + upper.
        value_range: what values are cut to.

    As Keras documents it; Keras 3.15 itself draws from 1 to 1 + f where `factor` is one number.

    >>> RandomContrast((1.0, 0.0), (0, 9))([[[3.0], [3.0]]]).tolist()
    [[[3.0], [3.0]]]
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | SeedGenerator | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, **kwargs)
        lower, upper = factor if isinstance(factor, list | tuple) and len(factor) == 2 else (factor, factor)
        _between((lower, upper), "factor", 0.0)
        self.factor = (lower, upper)

    def change(self, images: Tensor) -> Tensor:
        factor = self.draw(images, (1 - self.factor[0], 1 + self.factor[1]), 3)
        mean = ops.mean(images, axis=(self.rows, self.columns), keepdims=True)
        return self.kept((images - mean) * factor + mean)


class RandomBrightness(_RandomColor):
    """In training a number added to each image (``keras.layers.RandomBrightness``).

    Args:
        factor: a share of the value range, drawn from -f to f, or between two; from -1 to 1.
        value_range: what values are cut to.

    >>> RandomBrightness((0.5, 0.5), (0, 10))([[[1.0], [8.0]]]).tolist()
    [[[6.0], [10.0]]]
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | SeedGenerator | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, **kwargs)
        self.factor = _between(factor, "factor")

    def change(self, images: Tensor) -> Tensor:
        low, high = self.value_range
        return self.kept(images + self.draw(images, self.factor, 3) * (high - low))
