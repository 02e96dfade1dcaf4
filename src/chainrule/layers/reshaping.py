"""Layers that change shapes: flatten, reshape, permute, repeat, pad, crop and upsample."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..core.arguments import at_least, each_at_least, one_of, whole_number
from ..core.errors import ShapeError, ValueProblem
from ..graph import may_be_equal
from ..tensors.tensor import Tensor
from .checks import before_and_after, shape_sizes
from .input_spec import InputSpec
from .layer import Layer
from .shape_chain import layer_label


def channels_first(data_format: str | None) -> bool:
    """Check a `data_format`, by default ``"channels_last"``, and return whether it is ``"channels_first"``."""
    if data_format is not None:
        one_of(["channels_last", "channels_first"], data_format=data_format)
    return data_format == "channels_first"


def batch_of(x: Tensor) -> int:
    """Return the batch's size, or -1, which `reshape` infers, if it is not known."""
    return -1 if x.shape[0] is None else x.shape[0]


class Flatten(Layer):
    """Flatten each example: (batch, all its entries).

    >>> Flatten()(ops.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels_first = channels_first(data_format)
        self.data_format = "channels_first" if self.channels_first else "channels_last"
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        if self.channels_first and inputs.ndim > 2:
            inputs = ops.moveaxis(inputs, 1, -1)
        if inputs.ndim > 1 and None in inputs.shape[1:]:
            passed = f"an input of shape {inputs.shape}"
            raise ShapeError(passed, "known sizes, except the batch's", "give the Input a full shape")
        return ops.reshape(inputs, (batch_of(inputs), math.prod(inputs.shape[1:])))


class Reshape(Layer):
    """Reshape each example; one size may be -1, which is inferred.

    >>> Reshape((2, -1))(ops.ones((3, 8))).shape
    (3, 2, 4)
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(n for n in shape_sizes(target_shape, "target_shape", -1) if n is not None)
        if self.target_shape.count(-1) > 1:
            raise ShapeError(f"target_shape {self.target_shape}", "at most one -1", "give the other sizes")

    def call(self, inputs: Any) -> Any:
        entries = math.prod(inputs.shape[1:])
        known = math.prod(n for n in self.target_shape if n != -1)
        if not may_be_equal(entries // known * known if known and -1 in self.target_shape else known, entries):
            passed = f"{entries} entries in each example, to be reshaped to {self.target_shape}"
            expected = "as many entries before as after"
            raise ShapeError(passed, expected, "check target_shape, which leaves the batch out")
        shape = tuple(entries // known if n == -1 else n for n in self.target_shape)
        return ops.reshape(inputs, (batch_of(inputs), *shape))


class Permute(Layer):
    """Permute the axes of each example; the first is 1.

    >>> Permute((2, 1))(ops.ones((3, 4, 5))).shape
    (3, 5, 4)
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        numbers = [whole_number(d) for d in dims]
        self.dims = tuple(n for n in numbers if n is not None)
        if sorted(self.dims) != list(range(1, len(numbers) + 1)):
            passed = f"dims {tuple(dims)}"
            raise ValueProblem(passed, "each of 1, 2, ... once", "the batch is not counted: the first axis is 1")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """Repeat each row n times: (batch, features) to (batch, n, features).

    >>> RepeatVector(3)(ops.ones((2, 4))).shape
    (2, 3, 4)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = at_least(1, owner=layer_label(self), n=n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)


class _RankedLayer(Layer):
    """A layer for inputs with `rank` spatial axes, which a subclass states as ``class Conv2D(_Conv, rank=2)``."""

    rank: int

    def __init_subclass__(cls, rank: int | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if rank is not None:
            cls.rank = rank


class _Spatial(_RankedLayer):
    """A layer over the spatial axes, those besides batch and channels."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels_first = channels_first(data_format)
        self.data_format = "channels_first" if self.channels_first else "channels_last"
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def spatial(self) -> range:
        """Return the spatial axes."""
        return range(2, self.rank + 2) if self.channels_first else range(1, self.rank + 1)


class _ZeroPadding(_Spatial):
    """Add zeros before and after each spatial axis."""

    def __init__(self, padding: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.padding = before_and_after(self.rank, owner=layer_label(self), padding=padding)

    def call(self, inputs: Any) -> Any:
        widths = [(0, 0)] * inputs.ndim
        for axis, width in zip(self.spatial(), self.padding, strict=True):
            widths[axis] = width
        return ops.pad(inputs, widths)


class ZeroPadding1D(_ZeroPadding, rank=1):
    """Add zeros before and after the steps.

    >>> ZeroPadding1D(2)(ops.ones((1, 3, 4))).shape
    (1, 7, 4)
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding2D(_ZeroPadding, rank=2):
    """Add zeros around an image: a number, (rows, columns), or ((top, bottom), (left, right)).

    >>> ZeroPadding2D(((1, 0), (2, 2)))(ops.ones((1, 3, 4, 1))).shape
    (1, 4, 8, 1)
    """

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(_ZeroPadding, rank=3):
    """Add zeros around a volume.

    >>> ZeroPadding3D(1)(ops.ones((1, 2, 3, 4, 1))).shape
    (1, 4, 5, 6, 1)
    """

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class _Cropping(_Spatial):
    """Cut entries off both ends of each spatial axis."""

    def __init__(self, cropping: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.cropping = before_and_after(self.rank, owner=layer_label(self), cropping=cropping)

    def call(self, inputs: Any) -> Any:
        key: list[Any] = [slice(None)] * inputs.ndim
        for axis, (before, after) in zip(self.spatial(), self.cropping, strict=True):
            size = inputs.shape[axis]
            if before + after >= size:
                passed = f"an axis of {size} entries to be cropped by {before} and {after}"
                raise ShapeError(passed, "at least one entry left", "crop less")
            key[axis] = slice(before, size - after)
        return ops.get_item(inputs, tuple(key))


class Cropping1D(_Cropping, rank=1):
    """Cut steps off at both ends.

    >>> Cropping1D((1, 0))(ops.ones((1, 3, 4))).shape
    (1, 2, 4)
    """

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, **kwargs)


class Cropping2D(_Cropping, rank=2):
    """Cut off an image's border: a number, (rows, columns), or ((top, bottom), (left, right)).

    >>> Cropping2D(1)(ops.ones((1, 5, 6, 2))).shape
    (1, 3, 4, 2)
    """

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(_Cropping, rank=3):
    """Cut off a volume's border.

    >>> Cropping3D(1)(ops.ones((1, 5, 6, 7, 2))).shape
    (1, 3, 4, 5, 2)
    """

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class _UpSampling(_Spatial):
    """Repeat the entries along each spatial axis."""

    def __init__(self, size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.size = each_at_least(1, self.rank, owner=layer_label(self), size=size)

    def call(self, inputs: Any) -> Any:
        for axis, n in zip(self.spatial(), self.size, strict=True):
            inputs = ops.repeat(inputs, n, axis=axis)
        return inputs


class UpSampling1D(_UpSampling, rank=1):
    """Repeat each step `size` times.

    >>> UpSampling1D(2)(ops.ones((1, 3, 4))).shape
    (1, 6, 4)
    """

    def __init__(self, size: Any = 2, **kwargs: Any) -> None:
        super().__init__(size, **kwargs)


class UpSampling2D(_UpSampling, rank=2):
    """Enlarge an image by repeating pixels, or by interpolation (``interpolation="bilinear"``, ``"bicubic"``).

    >>> UpSampling2D((2, 3))(ops.ones((1, 3, 4, 1))).shape
    (1, 6, 12, 1)
    """

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = interpolation

    def call(self, inputs: Any) -> Any:
        if self.interpolation == "nearest":
            return super().call(inputs)
        sizes = tuple(inputs.shape[a] * n for a, n in zip(self.spatial(), self.size, strict=True))
        return ops.image.resize(inputs, sizes, interpolation=self.interpolation, data_format=self.data_format)


class UpSampling3D(_UpSampling, rank=3):
    """Enlarge a volume by repeating entries.

    >>> UpSampling3D(2)(ops.ones((1, 2, 3, 4, 1))).shape
    (1, 4, 6, 8, 1)
    """

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(size, data_format, **kwargs)
