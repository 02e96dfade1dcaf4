"""Layers that move entries: flatten, reshape, permute, pad, crop, repeat."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..core.errors import ShapeError, ValueProblem
from ..tensors.tensor import Tensor
from .core import positive, spread
from .layer import InputSpec, Layer


def channels_first(data_format: str | None) -> bool:
    """Whether channels come before the sizes; default they come last."""
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueProblem(f"data_format {data_format!r}", "'channels_last' or 'channels_first'", "name one of these")
    return data_format == "channels_first"


def batch_of(x: Tensor) -> int:
    """The batch's size, or -1 for `reshape` to find where it is not known."""
    n: int | None = x.shape[0]
    return -1 if n is None else n


class Flatten(Layer):
    """One row for each example: (batch, all its entries).

    >>> Flatten()(ops.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = channels_first(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        if self.first and inputs.ndim > 2:
            inputs = ops.moveaxis(inputs, 1, -1)
        if inputs.ndim > 1 and None in inputs.shape[1:]:
            raise ShapeError(
                f"an input of shape {inputs.shape}", "all sizes but the batch's", "give the Input a full shape"
            )
        return ops.reshape(inputs, (batch_of(inputs), math.prod(inputs.shape[1:])))


class Reshape(Layer):
    """Each example in another shape; one size may be -1.

    >>> Reshape((2, -1))(ops.ones((3, 8))).shape
    (3, 2, 4)
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = (target_shape,) if isinstance(target_shape, int) else tuple(target_shape)
        if self.target_shape.count(-1) > 1:
            raise ShapeError(f"target_shape {self.target_shape}", "at most one -1", "give the other sizes")

    def call(self, inputs: Any) -> Any:
        entries, known = math.prod(inputs.shape[1:]), math.prod(n for n in self.target_shape if n != -1)
        if (-1 in self.target_shape and (known == 0 or entries % known)) or (
            -1 not in self.target_shape and entries != known
        ):
            raise ShapeError(
                f"{entries} entries in each example, to be reshaped to {self.target_shape}",
                "as many entries before as after",
                "check target_shape, which leaves the batch out",
            )
        shape = tuple(entries // known if n == -1 else n for n in self.target_shape)
        return ops.reshape(inputs, (batch_of(inputs), *shape))


class Permute(Layer):
    """The axes of each example in another order; the first is 1.

    >>> Permute((2, 1))(ops.ones((3, 4, 5))).shape
    (3, 5, 4)
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueProblem(
                f"dims {self.dims}", "each of 1, 2, ... once", "the batch is not counted: the first axis is 1"
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """Each row n times: (batch, features) to (batch, n, features).

    >>> RepeatVector(3)(ops.ones((2, 4))).shape
    (2, 3, 4)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive(n, "n", self)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)


def pairs(value: Any, rank: int, what: str) -> tuple[tuple[int, int], ...]:
    """A number, one an axis, or (before, after) an axis."""
    given = value
    if isinstance(value, int):
        value = (value,) * rank
    value = tuple(value) if isinstance(value, list | tuple) else ()
    if rank == 1 and len(value) == 2 and all(isinstance(v, int) for v in value):
        value = (value,)
    found = tuple((v, v) if isinstance(v, int) else tuple(v) if isinstance(v, list | tuple) else () for v in value)
    if len(found) != rank or any(len(p) != 2 or not all(isinstance(n, int) and n >= 0 for n in p) for p in found):
        raise ShapeError(f"{what} {given!r}", f"a number, {rank} of them, or {rank} pairs from 0 up", f"check {what}")
    return found


class _Spatial(Layer):
    """A layer over the sizes between batch and channels."""

    rank: int

    def _set_up(self, data_format: str | None) -> None:
        self.first = channels_first(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def spatial(self) -> range:
        """The axes of the sizes."""
        return range(2, self.rank + 2) if self.first else range(1, self.rank + 1)


class _ZeroPadding(_Spatial):
    def __init__(self, padding: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = pairs(padding, self.rank, "padding")
        self._set_up(data_format)

    def call(self, inputs: Any) -> Any:
        widths = [(0, 0)] * inputs.ndim
        for axis, p in zip(self.spatial(), self.padding, strict=True):
            widths[axis] = p
        return ops.pad(inputs, widths)


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after the steps.

    >>> ZeroPadding1D(2)(ops.ones((1, 3, 4))).shape
    (1, 7, 4)
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding2D(_ZeroPadding):
    """Zeros around an image: a number, (rows, columns), or ((top, bottom), (left, right)).

    >>> ZeroPadding2D(((1, 0), (2, 2)))(ops.ones((1, 3, 4, 1))).shape
    (1, 4, 8, 1)
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(_ZeroPadding):
    """Zeros around a volume.

    >>> ZeroPadding3D(1)(ops.ones((1, 2, 3, 4, 1))).shape
    (1, 4, 5, 6, 1)
    """

    rank = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class _Cropping(_Spatial):
    def __init__(self, cropping: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = pairs(cropping, self.rank, "cropping")
        self._set_up(data_format)

    def call(self, inputs: Any) -> Any:
        key: list[Any] = [slice(None)] * inputs.ndim
        for axis, (before, after) in zip(self.spatial(), self.cropping, strict=True):
            size = inputs.shape[axis]
            if before + after >= size:
                raise ShapeError(
                    f"an axis of {size} entries to be cropped by {before} and {after}",
                    "something to remain",
                    "crop less",
                )
            key[axis] = slice(before, size - after)
        return ops.get_item(inputs, tuple(key))


class Cropping1D(_Cropping):
    """Steps cut off at both ends.

    >>> Cropping1D((1, 0))(ops.ones((1, 3, 4))).shape
    (1, 2, 4)
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, **kwargs)


class Cropping2D(_Cropping):
    """An image's border cut off: a number, (rows, columns), or ((top, bottom), (left, right)).

    >>> Cropping2D(1)(ops.ones((1, 5, 6, 2))).shape
    (1, 3, 4, 2)
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(_Cropping):
    """A volume's border cut off.

    >>> Cropping3D(1)(ops.ones((1, 5, 6, 7, 2))).shape
    (1, 3, 4, 5, 2)
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class _UpSampling(_Spatial):
    def __init__(self, size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = spread(size, self.rank, "size", self)
        self._set_up(data_format)

    def call(self, inputs: Any) -> Any:
        for axis, n in zip(self.spatial(), self.size, strict=True):
            inputs = ops.repeat(inputs, n, axis=axis)
        return inputs


class UpSampling1D(_UpSampling):
    """Each step `size` times.

    >>> UpSampling1D(2)(ops.ones((1, 3, 4))).shape
    (1, 6, 4)
    """

    rank = 1

    def __init__(self, size: Any = 2, **kwargs: Any) -> None:
        super().__init__(size, **kwargs)


class UpSampling2D(_UpSampling):
    """A larger image: each pixel repeated, or interpolated (``interpolation="bilinear"``, ``"bicubic"``).

    >>> UpSampling2D((2, 3))(ops.ones((1, 3, 4, 1))).shape
    (1, 6, 12, 1)
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = interpolation

    def call(self, inputs: Any) -> Any:
        if self.interpolation == "nearest":
            return super().call(inputs)
        sizes = tuple(inputs.shape[a] * n for a, n in zip(self.spatial(), self.size, strict=True))
        form = "channels_first" if self.first else "channels_last"
        return ops.image.resize(inputs, sizes, interpolation=self.interpolation, data_format=form)


class UpSampling3D(_UpSampling):
    """A larger volume: each entry repeated.

    >>> UpSampling3D(2)(ops.ones((1, 2, 3, 4, 1))).shape
    (1, 4, 6, 8, 1)
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(size, data_format, **kwargs)
