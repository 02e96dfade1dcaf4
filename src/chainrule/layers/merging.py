"""Layers with several inputs: sums, products, extremes, concatenation and dot products."""

from __future__ import annotations

from functools import reduce
from typing import Any

from .. import ops
from ..core.arguments import whole_number
from ..core.errors import ShapeError
from ..tensors.tensor import Tensor
from .checks import any_whole_number
from .layer import Layer
from .shape_chain import layer_label


class _Merge(Layer):
    """Combine a list of inputs whose shapes are equal or broadcast."""

    least = 1

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def merge(self, inputs: list[Tensor]) -> Tensor:
        """Combine inputs with the same number of axes; subclasses define it."""
        raise NotImplementedError

    def _refused(self, inputs: Any, expected: str, arguments: str = "") -> ShapeError:
        """Return the error for inputs that are not the list expected."""
        name = type(self).__name__
        return ShapeError(f"{type(inputs).__name__} for {name}", expected, f"call it as {name}({arguments})([a, b])")

    def call(self, inputs: Any) -> Tensor:
        if not isinstance(inputs, list | tuple) or len(inputs) < self.least:
            raise self._refused(inputs, f"a list of {self.least} tensors or more")
        rank = max(t.ndim for t in inputs)
        return self.merge([_expand_to_rank(t, rank) for t in inputs])

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        masks = [m for m in previous_mask or () if m is not None] if isinstance(previous_mask, list | tuple) else []
        return reduce(ops.logical_or, masks) if masks and len(masks) == len(inputs) else None


def _expand_to_rank(t: Tensor, rank: int) -> Tensor:
    """Insert axes of size 1 after the batch until `t` has `rank` axes."""
    for _ in range(rank - t.ndim):
        t = ops.expand_dims(t, 1)
    return t


class Add(_Merge):
    """The sum of the inputs.

    >>> Add()([ops.ones((1, 1)), ops.ones((1, 1))])
    tensor([[2.]])
    """

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return reduce(ops.add, inputs)


class Subtract(_Merge):
    """The first input minus the second.

    >>> Subtract()([ops.ones((1, 1)), ops.ones((1, 1))])
    tensor([[0.]])
    """

    least = 2

    def merge(self, inputs: list[Tensor]) -> Tensor:
        if len(inputs) != 2:
            raise ShapeError(f"{len(inputs)} inputs for Subtract", "two", "give a list of two tensors")
        return ops.subtract(*inputs)


class Multiply(_Merge):
    """The product of the inputs, entry by entry.

    >>> Multiply()([ops.ones((1, 1)), 3 * ops.ones((1, 1))])
    tensor([[3.]])
    """

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return reduce(ops.multiply, inputs)


class Average(_Merge):
    """The mean of the inputs, entry by entry.

    >>> Average()([ops.ones((1, 1)), 3 * ops.ones((1, 1))])
    tensor([[2.]])
    """

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return reduce(ops.add, inputs) / len(inputs)


class Maximum(_Merge):
    """The largest of the inputs, entry by entry.

    >>> Maximum()([ops.ones((1, 1)), 3 * ops.ones((1, 1))])
    tensor([[3.]])
    """

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return reduce(ops.maximum, inputs)


class Minimum(_Merge):
    """The smallest of the inputs, entry by entry.

    >>> Minimum()([ops.ones((1, 1)), 3 * ops.ones((1, 1))])
    tensor([[1.]])
    """

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return reduce(ops.minimum, inputs)


class Concatenate(_Merge):
    """Concatenate the inputs along `axis`; the other sizes must be equal.

    >>> Concatenate()([ops.ones((1, 2)), ops.ones((1, 3))]).shape
    (1, 5)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = any_whole_number(owner=layer_label(self), axis=axis)

    def call(self, inputs: Any) -> Tensor:
        if not isinstance(inputs, list | tuple) or not inputs:
            raise self._refused(inputs, "a list of tensors")
        return ops.concatenate(list(inputs), axis=self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        if not isinstance(previous_mask, list | tuple) or all(m is None for m in previous_mask):
            return None
        masks = [ops.ones(x.shape[:-1], "bool") if m is None else m for x, m in zip(inputs, previous_mask, strict=True)]
        axis = self.axis % inputs[0].ndim
        return ops.concatenate(masks, axis=axis) if axis < masks[0].ndim else reduce(ops.logical_and, masks)


class Dot(_Merge):
    """Dot products of two inputs along `axes`, example by example (``keras.layers.Dot``).

    Args:
        axes: one axis, or one for each input; the batch is axis 0. normalize: whether to return cosines instead.

    >>> Dot(axes=1)([ops.ones((2, 3)), ops.ones((2, 3))]).tolist()
    [[3.0], [3.0]]
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        axis = whole_number(axes)
        pair = (axis, axis) if axis is not None else tuple(axes) if isinstance(axes, list | tuple) else ()
        numbers = [whole_number(a) for a in pair]
        self.axes = tuple(n for n in numbers if n is not None)
        if not len(self.axes) == len(pair) == 2:
            raise ShapeError(f"axes={axes!r} for Dot", "an axis, or one for each of two inputs", "e.g. axes=(2, 1)")
        self.normalize = normalize

    def call(self, inputs: Any) -> Tensor:
        if not isinstance(inputs, list | tuple) or len(inputs) != 2:
            raise self._refused(inputs, "a list of two tensors", "axes")
        x, y = inputs
        a, b = self.axes[0] % x.ndim, self.axes[1] % y.ndim
        if not a or not b or x.shape[a] != y.shape[b]:
            passed = f"shapes {x.shape} and {y.shape} to be multiplied along axes {a} and {b}"
            raise ShapeError(passed, "axes from 1 up with equal sizes", "choose other axes")
        if self.normalize:
            x, y = ops.normalize(x, axis=a), ops.normalize(y, axis=b)
        left = "b" + "".join("s" if i == a else chr(ord("c") + i) for i in range(1, x.ndim))
        right = "b" + "".join("s" if i == b else chr(ord("A") + i) for i in range(1, y.ndim))
        out = "b" + left[1:].replace("s", "") + right[1:].replace("s", "")
        products = ops.einsum(f"{left},{right}->{out}", x, y)
        return ops.expand_dims(products, -1) if products.ndim == 1 else products

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None


def add(inputs: Any, **kwargs: Any) -> Tensor:
    """Return ``Add()(inputs)``."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Tensor:
    """Return ``Subtract()(inputs)``."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Tensor:
    """Return ``Multiply()(inputs)``."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Tensor:
    """Return ``Average()(inputs)``."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Tensor:
    """Return ``Maximum()(inputs)``."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Tensor:
    """Return ``Minimum()(inputs)``."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Tensor:
    """Return ``Concatenate(axis)(inputs)``."""
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Tensor:
    """Return ``Dot(axes)(inputs)``."""
    return Dot(axes, **kwargs)(inputs)
