"""Networks and their training as plain data and NumPy, from which each framework builds its own.

Convolutions and poolings are padded to "same" as in Keras, images are (rows, height,
width, channels), kernels (height, width, in, out). Weights are in the order of the layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Dense:
    """A dense layer."""

    units: int
    relu: bool = False


@dataclass(frozen=True)
class Conv:
    """A 2-D convolution."""

    filters: int
    size: int
    stride: int = 1
    relu: bool = False
    bias: bool = True


@dataclass(frozen=True)
class Norm:
    """Batch normalisation; running statistics with a momentum of 0.99, Keras's default."""

    epsilon: float = 1e-3
    momentum: float = 0.99


@dataclass(frozen=True)
class Relu:
    """A rectifier."""


@dataclass(frozen=True)
class Pool:
    """Max pooling over size×size."""

    size: int
    stride: int


@dataclass(frozen=True)
class Mean:
    """Global average pooling."""


@dataclass(frozen=True)
class Flatten:
    """Flatten all axes but the batch."""


@dataclass(frozen=True)
class Join:
    """Branches of layers on one input, concatenated along the channels."""

    branches: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Residual:
    """The layers' output plus the input, subsampled by `stride` and padded with channels of zeros on both sides."""

    layers: tuple[Any, ...]
    stride: int
    filters: int


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent."""

    rate: float
    momentum: float = 0.0


@dataclass(frozen=True)
class Adam:
    """Adam. Frameworks differ in where epsilon is added, inside or outside the bias correction; with 1e-7 this changes
    the fourth digit of W3's fifth loss, with 1e-10 none of the first six."""

    rate: float = 1e-3
    epsilon: float = 1e-10


@dataclass(frozen=True)
class Training:
    """A network, its data, its loss ("mse"; "logistic": one logit; "classes": one logit a class) and its optimizer.

    tolerance: the largest relative difference of the contestants' first losses. shuffle: whether each timed epoch has a
    new order; without it, and always while losses are compared, batches are in order. compared: number of losses that
    are compared. bar: the goal for our time over that of the fastest peer.
    """

    key: str
    name: str
    title: str
    net: tuple[Any, ...]
    shape: tuple[int, ...]
    rows: int
    batch: int
    loss: str
    optimizer: Any
    bar: float
    contestants: tuple[str, ...]
    shuffle: bool = False
    policy: str = "float32"
    tolerance: float = 1e-3
    compared: int = 5
    floor: bool = False
    kind: str = "training"

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return -(-self.rows // self.batch)

    def data(self) -> tuple[Any, Any]:
        """Return x, standard normal, float32, and y, computed from x by a hidden linear model."""
        rng = np.random.default_rng(1)
        x = rng.standard_normal((self.rows, *self.shape), dtype=np.float32)
        flat = x.reshape(self.rows, -1)
        outputs = 10 if self.loss == "classes" else 1
        hidden = rng.standard_normal((flat.shape[1], outputs), dtype=np.float32) / np.float32(flat.shape[1] ** 0.5)
        score = flat @ hidden
        if self.loss == "classes":
            return x, score.argmax(1).astype(np.int32)
        return x, (score > 0).astype(np.float32) if self.loss == "logistic" else score

    def weights(self) -> list[Any]:
        """Return the weights in the layers' order: kernel and bias; scale, shift, running mean and variance."""
        rng = np.random.default_rng(2)
        weights: list[Any] = []
        append_weights(self.net, self.shape, rng, weights)
        return weights

    def batches(self, x: Any, y: Any) -> Iterator[tuple[Any, Any]]:
        """Yield the first batches in order, starting again after the last full one."""
        full_batches = max(self.rows // self.batch, 1)
        for k in range(self.compared):
            part = slice(k % full_batches * self.batch, (k % full_batches + 1) * self.batch)
            yield x[part], y[part]


def append_weights(net: Sequence[Any], shape: tuple[int, ...], rng: Any, weights: list[Any]) -> tuple[int, ...]:
    """Append the initial weights of each layer; return the output shape."""
    for layer in net:
        match layer:
            case Dense(units):
                weights += [_he_normal(rng, shape[-1], (shape[-1], units)), np.zeros(units, np.float32)]
                shape = (*shape[:-1], units)
            case Conv(filters, size, stride):
                weights.append(_he_normal(rng, size * size * shape[-1], (size, size, shape[-1], filters)))
                weights += [np.zeros(filters, np.float32)] if layer.bias else []
                shape = (-(-shape[0] // stride), -(-shape[1] // stride), filters)
            case Norm():
                weights += [f(shape[-1], np.float32) for f in (np.ones, np.zeros, np.zeros, np.ones)]
            case Pool(_, stride):
                shape = (-(-shape[0] // stride), -(-shape[1] // stride), shape[-1])
            case Mean():
                shape = shape[-1:]
            case Flatten():
                shape = (shape[0] * shape[1] * shape[2],)
            case Join(branches):
                shapes = [append_weights(branch, shape, rng, weights) for branch in branches]
                shape = (*shapes[0][:-1], sum(s[-1] for s in shapes))
            case Residual(layers):
                shape = append_weights(layers, shape, rng, weights)
    return shape


def _he_normal(rng: Any, fan_in: int, shape: tuple[int, ...]) -> Any:
    """Return random weights with the variance 2 / fan_in."""
    return rng.standard_normal(shape, dtype=np.float32) * np.float32((2 / fan_in) ** 0.5)
