"""Inception v3: large convolutions factored into smaller ones, and into rows and columns."""

from __future__ import annotations

from ..layers import Activation, AveragePooling2D, BatchNormalization, Concatenate, Conv2D, MaxPooling2D
from ..tensors.tensor import Tensor
from .building import network
from .imagenet_utils import decode_predictions
from .imagenet_utils import preprocess_tf as preprocess_input

_Size = int | tuple[int, int]


def _conv(x: Tensor, filters: int, size: _Size, name: str, stride: int = 1, padding: str = "same") -> Tensor:
    """Apply convolution, batch normalization and ReLU."""
    x = Conv2D(filters, size, strides=stride, padding=padding, use_bias=False, name=f"{name}_conv")(x)
    x = BatchNormalization(scale=False, name=f"{name}_bn")(x)
    return Activation("relu", name=f"{name}_relu")(x)


def _chain(x: Tensor, name: str, *convolutions: tuple[int, _Size]) -> Tensor:
    """Apply convolutions one after the other, each (filters, size)."""
    for i, (filters, size) in enumerate(convolutions, 1):
        x = _conv(x, filters, size, f"{name}_{i}")
    return x


def _pool_branch(x: Tensor, filters: int, name: str) -> Tensor:
    """Apply average pooling and a 1×1 convolution."""
    return _conv(AveragePooling2D(3, 1, "same", name=f"{name}_pool")(x), filters, 1, f"{name}_pool")


def _concatenate(name: str, *branches: Tensor) -> Tensor:
    return Concatenate(name=name)(list(branches))


def _block_5x5(x: Tensor, pool_filters: int, name: str) -> Tensor:
    """Concatenate 1×1, 5×5 and twice 3×3 (figure 5 of the paper, with 5×5 in one branch)."""
    one, five = _conv(x, 64, 1, f"{name}_one"), _chain(x, f"{name}_five", (48, 1), (64, 5))
    twice = _chain(x, f"{name}_twice", (64, 1), (96, 3), (96, 3))
    return _concatenate(name, one, five, twice, _pool_branch(x, pool_filters, name))


def _block_7x7(x: Tensor, filters: int, name: str) -> Tensor:
    """Concatenate 1×1, 7×7 and twice 7×7, each 7×7 as a row and a column (figure 6)."""
    row, column = (1, 7), (7, 1)
    one = _conv(x, 192, 1, f"{name}_one")
    seven = _chain(x, f"{name}_seven", (filters, 1), (filters, row), (192, column))
    steps = ((filters, 1), (filters, column), (filters, row), (filters, column), (192, row))
    return _concatenate(name, one, seven, _chain(x, f"{name}_twice", *steps), _pool_branch(x, 192, name))


def _row_and_column(x: Tensor, name: str) -> Tensor:
    """Concatenate a 1×3 and a 3×1 convolution."""
    return _concatenate(name, _conv(x, 384, (1, 3), f"{name}_row"), _conv(x, 384, (3, 1), f"{name}_column"))


def _expanded_block(x: Tensor, name: str) -> Tensor:
    """Concatenate 1×1, 3×3 as a row and a column in parallel, and 3×3 followed by both (figure 7)."""
    one = _conv(x, 320, 1, f"{name}_one")
    three = _row_and_column(_chain(x, f"{name}_three", (384, 1)), f"{name}_three")
    twice = _row_and_column(_chain(x, f"{name}_twice", (448, 1), (384, 3)), f"{name}_twice")
    return _concatenate(name, one, three, twice, _pool_branch(x, 192, name))


@network("inception_v3", (299, 299, 3), 75)
def InceptionV3(x: Tensor) -> Tensor:
    """Return Inception v3 (``keras.applications.InceptionV3``): 23,851,784 parameters.

    Args:
        input_shape: default (299, 299, 3), sizes from 75 up. The others as for `ResNet50`.

    Source: Szegedy et al., arXiv:1512.00567, table 1; the mixed blocks' filters are Keras's.
    """
    x = _conv(x, 32, 3, "stem_1", 2, "valid")
    x = _conv(x, 32, 3, "stem_2", 1, "valid")
    x = MaxPooling2D(3, 2, name="pool1")(_conv(x, 64, 3, "stem_3"))
    x = _conv(x, 80, 1, "stem_4")
    x = MaxPooling2D(3, 2, name="pool2")(_conv(x, 192, 3, "stem_5", 1, "valid"))
    for number, filters in enumerate((32, 64, 64)):
        x = _block_5x5(x, filters, f"mixed{number}")
    three = _conv(x, 384, 3, "mixed3_three", 2, "valid")
    twice = _conv(_chain(x, "mixed3_twice", (64, 1), (96, 3)), 96, 3, "mixed3_twice_3", 2, "valid")
    x = _concatenate("mixed3", three, twice, MaxPooling2D(3, 2, name="mixed3_pool")(x))
    for number, filters in enumerate((128, 160, 160, 192), 4):
        x = _block_7x7(x, filters, f"mixed{number}")
    three = _conv(_conv(x, 192, 1, "mixed8_three_1"), 320, 3, "mixed8_three_2", 2, "valid")
    seven = _chain(x, "mixed8_seven", (192, 1), (192, (1, 7)), (192, (7, 1)))
    seven = _conv(seven, 192, 3, "mixed8_seven_4", 2, "valid")
    x = _concatenate("mixed8", three, seven, MaxPooling2D(3, 2, name="mixed8_pool")(x))
    return _expanded_block(_expanded_block(x, "mixed9"), "mixed10")


__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]
