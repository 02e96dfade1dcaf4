"""Image layers: resizing, cropping, and random changes in training.

Images are (height, width, channels) or (batch, height, width, channels), or with the channels before the height if
``data_format="channels_first"``. The result is in the layer's compute dtype, as in Keras: integers become floats unless
``dtype="uint8"`` or the like is given. Only `Resizing` keeps integer dtypes.

The random layers draw separately for each image of a batch. As in Keras a call without ``training`` counts as training;
with ``training=False``, as in a model's evaluation, the images are returned unchanged.

A constructor's ``*args`` are the arguments of the base class; signatures and configurations name them.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from .. import ops
from ..core.arguments import at_least, one_of
from ..core.errors import ValueProblem
from ..ops import random
from ..ops.random import SeedGenerator
from ..ops.resampling import FILL_MODES, ORDERS
from ..tensors.tensor import Tensor
from .input_spec import InputSpec
from .layer import Layer
from .regularization import _RandomLayer
from .reshaping import channels_first
from .shape_chain import layer_label


class _ImageLayer(Layer):
    """A layer for images, with or without a batch axis."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = False  # a mask of pixels would have to move with them
        is_first = channels_first(data_format)
        self.data_format = "channels_first" if is_first else "channels_last"
        self.height_axis, self.width_axis = (-2, -1) if is_first else (-3, -2)
        self.input_spec = InputSpec(min_ndim=3, max_ndim=4)

    def _advice(self, shape: Any) -> str:
        return "give images as (height, width, channels), or (batch, height, width, channels)"


class _FixedSizeLayer(_ImageLayer):
    """A layer whose output images all have one size."""

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        label = layer_label(self)
        self.height, self.width = at_least(1, owner=label, height=height), at_least(1, owner=label, width=width)

    def spare(self, images: Tensor) -> tuple[int, int]:
        """Return how many rows and columns the images have beyond the output's."""
        return images.shape[self.height_axis] - self.height, images.shape[self.width_axis] - self.width

    def fitted(self, images: Tensor) -> Tensor:
        """Return the largest centred window with the output's aspect ratio, resized."""
        size = (self.height, self.width)
        return ops.image.resize(images, size, crop_to_aspect_ratio=True, data_format=self.data_format)


class Resizing(_FixedSizeLayer):
    """Resize images (``keras.layers.Resizing``); see `ops.image.resize` for the arguments.

    >>> Resizing(4, 6)(ops.ones((2, 8, 8, 3))).shape
    (2, 4, 6, 3)
    """

    def __init__(
        self, height: int, width: int, interpolation: str = "bilinear", crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False, fill_mode: str = "constant", fill_value: float = 0.0,
        antialias: bool = False, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(height, width, data_format, **kwargs)
        self.interpolation, self.antialias = interpolation, antialias
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value

    def call(self, inputs: Any) -> Tensor:
        size, fill = (self.height, self.width), (self.fill_mode, self.fill_value)
        fit = (self.antialias, self.crop_to_aspect_ratio, self.pad_to_aspect_ratio)
        return ops.image.resize(inputs, size, self.interpolation, *fit, *fill, self.data_format)


class CenterCrop(_FixedSizeLayer):
    """Crop the middle of each image; of smaller images the largest window of that aspect ratio, resized.

    >>> CenterCrop(1, 2)([[[1.0], [2.0], [3.0], [4.0]]]).tolist()
    [[[2.0], [3.0]]]
    """

    def call(self, inputs: Any) -> Tensor:
        x = ops.cast(inputs, self.compute_dtype)
        margins = self.spare(x)
        if min(margins) < 0:
            return self.fitted(x)
        sizes = (self.height, self.width)
        rows, columns = (slice(n // 2, n // 2 + size) for n, size in zip(margins, sizes, strict=True))
        key = (..., rows, columns) if self.height_axis == -2 else (..., rows, columns, slice(None))
        return ops.get_item(x, key)


class _RandomImage(_ImageLayer, _RandomLayer):
    """A layer that changes images in training."""

    def change(self, images: Tensor) -> Tensor:
        """Change the images at random; subclasses define it."""
        raise NotImplementedError

    def call(self, inputs: Any, training: Any = True) -> Tensor:
        x = ops.cast(inputs, self.compute_dtype)
        return self.change(x) if training else x

    def draw(self, images: Tensor, between: tuple[float, float], ones: int = 0) -> Tensor:
        """Draw a number for each image, from a range; the result has `ones` more axes, of size 1."""
        return random.uniform((*images.shape[:-3], *(1,) * ones), *between, seed=self.seed_generator)


class RandomFlip(_RandomImage):
    """In training, mirror each image with probability 1/2 (``keras.layers.RandomFlip``).

    Args:
        mode: ``"horizontal"`` (left and right are exchanged), ``"vertical"``, or ``"horizontal_and_vertical"``:
            two independent draws for each image, where Keras draws once for both directions.

    >>> RandomFlip("horizontal", seed=1)([[[1.0], [2.0]]], training=False).tolist()
    [[[1.0], [2.0]]]
    """

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | SeedGenerator | None = None,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, seed=seed, **kwargs)
        self.mode = one_of(["horizontal", "vertical", "horizontal_and_vertical"], owner=layer_label(self), mode=mode)

    def change(self, images: Tensor) -> Tensor:
        for direction, axis in (("horizontal", self.width_axis), ("vertical", self.height_axis)):
            if direction in self.mode:
                flipped = self.draw(images, (0.0, 1.0), 3) < 0.5
                images = ops.where(flipped, ops.flip(images, axis=axis), images)
        return images


def _factor_range(factor: Any, name: str, least: float = -1.0, most: float = 1.0) -> tuple[float, float]:
    """Return the range of a factor: from -f to f, or from the smaller to the larger of two numbers."""
    pair = factor if isinstance(factor, list | tuple) else (factor, factor)
    are_numbers = len(pair) == 2 and all(isinstance(v, Real) and not isinstance(v, bool) for v in pair)
    if not are_numbers or not all(least <= v <= most for v in pair):
        passed = f"{name}={factor!r}"
        raise ValueProblem(passed, f"a number, or two of them, from {least:g} to {most:g}", f"e.g. {name}=0.2")
    return (float(min(pair)), float(max(pair))) if pair is factor else (-abs(float(factor)), abs(float(factor)))


class _RandomAffine(_RandomImage):
    """A layer that samples each image at positions moved by a random affine map."""

    def __init__(
        self, fill_mode: str = "reflect", interpolation: str = "bilinear", seed: int | SeedGenerator | None = None,
        fill_value: float = 0.0, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, seed=seed, **kwargs)
        label = layer_label(self)
        one_of(FILL_MODES, owner=label, fill_mode=fill_mode)
        one_of(ORDERS, owner=label, interpolation=interpolation)
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value

    def places(self, images: Tensor) -> tuple[Any, Any, Any, Any, Any, Any]:
        """Draw a0, a1, a2, b0, b1, b2: the result at (x, y) is the image at (a0 x + a1 y + a2, b0 x + b1 y + b2)."""
        raise NotImplementedError

    def change(self, images: Tensor) -> Tensor:
        coefficients = self.places(images)
        like = next(v for v in coefficients if isinstance(v, Tensor))
        transform = ops.stack([like * 0.0 + v for v in (*coefficients, 0.0, 0.0)], axis=-1)
        options = (self.interpolation, self.fill_mode, self.fill_value, self.data_format)
        return ops.image.affine_transform(images, transform, *options)

    def middle(self, images: Tensor) -> tuple[float, float]:
        """Return x and y of the image's centre."""
        return (images.shape[self.width_axis] - 1) / 2, (images.shape[self.height_axis] - 1) / 2


class RandomRotation(_RandomAffine):
    """In training, rotate each image about its centre (``keras.layers.RandomRotation``).

    Args:
        factor: a fraction of a full turn, counter-clockwise if positive, drawn from -f to f, or between two numbers.
        fill_mode, interpolation, fill_value: as in `ops.image.affine_transform`.

    >>> RandomRotation(0.1)(ops.ones((2, 4, 5, 1))).shape
    (2, 4, 5, 1)
    """

    def __init__(self, factor: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.factor = _factor_range(factor, "factor")

    def places(self, images: Tensor) -> tuple[Any, Any, Any, Any, Any, Any]:
        angle = self.draw(images, self.factor) * (2 * math.pi)
        cos, sin = ops.cos(angle), ops.sin(angle)
        x, y = self.middle(images)
        return cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos


class RandomTranslation(_RandomAffine):
    """In training, shift each image (``keras.layers.RandomTranslation``).

    Args:
        height_factor, width_factor: fractions of the height (down if positive) and width (to the right), drawn from
            -f to f, or between two numbers.
        fill_mode, interpolation, fill_value: as in `ops.image.affine_transform`.

    >>> RandomTranslation((1.0, 1.0), 0.0, "constant")([[[5.0]], [[6.0]]]).tolist()
    [[[0.0]], [[0.0]]]
    """

    def __init__(self, height_factor: Any, width_factor: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.height_factor = _factor_range(height_factor, "height_factor")
        self.width_factor = _factor_range(width_factor, "width_factor")

    def places(self, images: Tensor) -> tuple[Any, Any, Any, Any, Any, Any]:
        down = self.draw(images, self.height_factor) * images.shape[self.height_axis]
        right = self.draw(images, self.width_factor) * images.shape[self.width_axis]
        return 1.0, 0.0, -right, 0.0, 1.0, -down


class RandomZoom(_RandomAffine):
    """In training, zoom each image about its centre (``keras.layers.RandomZoom``).

    Args:
        height_factor: zooms out if positive: 0.2 shows 1.2 times the height; drawn from -f to f or between two numbers.
        width_factor: default the number drawn for the height, which keeps the aspect ratio.
        fill_mode, interpolation, fill_value: as in `ops.image.affine_transform`.

    >>> RandomZoom((-0.5, -0.5))([[[0.0], [2.0], [4.0]]]).tolist()
    [[[1.0], [2.0], [3.0]]]
    """

    def __init__(self, height_factor: Any, width_factor: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.height_factor = _factor_range(height_factor, "height_factor")
        self.width_factor = None if width_factor is None else _factor_range(width_factor, "width_factor")

    def places(self, images: Tensor) -> tuple[Any, Any, Any, Any, Any, Any]:
        height_scale = 1 + self.draw(images, self.height_factor)
        width_scale = height_scale if self.width_factor is None else 1 + self.draw(images, self.width_factor)
        x, y = self.middle(images)
        return width_scale, 0.0, x - x * width_scale, 0.0, height_scale, y - y * height_scale


class RandomCrop(_FixedSizeLayer, _RandomImage):
    """In training, crop a random window; otherwise the largest centred window of that aspect ratio, resized.

    Images smaller than the window are cropped and resized in training too. Keras documents the same, but returns images
    unchanged outside training, and draws one position for a whole batch; here each image has its own.

    >>> RandomCrop(2, 3, seed=1)(ops.ones((4, 5, 6, 1))).shape
    (4, 2, 3, 1)
    """

    def __init__(
        self, height: int, width: int, seed: int | SeedGenerator | None = None, data_format: str | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(height, width, data_format, seed=seed, name=name, **kwargs)

    def call(self, inputs: Any, training: Any = True) -> Tensor:
        x = ops.cast(inputs, self.compute_dtype)
        return self.change(x) if training and min(self.spare(x)) >= 0 else self.fitted(x)

    def change(self, images: Tensor) -> Tensor:
        for axis, size in ((self.height_axis, self.height), (self.width_axis, self.width)):
            shape = (*images.shape[:-3], 1, 1, 1)
            start = random.randint(shape, 0, images.shape[axis] - size + 1, seed=self.seed_generator)
            offsets = ops.reshape(ops.arange(size, dtype="int32"), (size, *(1,) * (-1 - axis)))
            images = ops.take_along_axis(images, start + offsets, axis=axis)
        return images


class _RandomColor(_RandomImage):
    """A layer that changes the pixels' values within a range."""

    def __init__(self, value_range: Any = (0, 255), seed: int | SeedGenerator | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        is_pair = isinstance(value_range, list | tuple) and len(value_range) == 2
        if not is_pair or not value_range[0] <= value_range[1]:
            raise ValueProblem(f"value_range={value_range!r}", "(least, greatest)", "e.g. value_range=(0, 255)")
        self.value_range = tuple(value_range)

    def kept(self, values: Tensor) -> Tensor:
        """Clip values to the range and cast them to the compute dtype, rounded if it is an integer dtype."""
        values = ops.clip(values, *self.value_range)
        is_integer = not self.compute_dtype.startswith(("float", "bfloat"))
        return ops.cast(ops.round(values) if is_integer else values, self.compute_dtype)


class RandomContrast(_RandomColor):
    """In training, scale each channel's distance from its mean (``keras.layers.RandomContrast``).

    Args:
        factor: f, or (lower, upper), from 0 to 1: the scale is drawn from 1 - lower to 1 + upper.
        value_range: the range to which values are clipped.

    As Keras documents it; Keras 3.15 itself draws from 1 to 1 + f where `factor` is one number.

    >>> RandomContrast((1.0, 0.0), (0, 9))([[[3.0], [3.0]]]).tolist()
    [[[3.0], [3.0]]]
    """

    def __init__(self, factor: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lower, upper = factor if isinstance(factor, list | tuple) and len(factor) == 2 else (factor, factor)
        _factor_range((lower, upper), "factor", 0.0)
        self.factor = (lower, upper)

    def change(self, images: Tensor) -> Tensor:
        factor = self.draw(images, (1 - self.factor[0], 1 + self.factor[1]), 3)
        mean = ops.mean(images, axis=(self.height_axis, self.width_axis), keepdims=True)
        return self.kept((images - mean) * factor + mean)


class RandomBrightness(_RandomColor):
    """In training, add a number to each image (``keras.layers.RandomBrightness``).

    Args:
        factor: a fraction of the value range, drawn from -f to f, or between two numbers; from -1 to 1.
        value_range: the range to which values are clipped.

    >>> RandomBrightness((0.5, 0.5), (0, 10))([[[1.0], [8.0]]]).tolist()
    [[[6.0], [10.0]]]
    """

    def __init__(self, factor: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.factor = _factor_range(factor, "factor")

    def change(self, images: Tensor) -> Tensor:
        low, high = self.value_range
        return self.kept(images + self.draw(images, self.factor, 3) * (high - low))
