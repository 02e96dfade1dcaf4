"""Nets and how they are trained, said once in plain data and NumPy, for every framework to build from.

Layers are the literature's: convolutions and poolings are padded to "same" as in Keras, images are (rows, height,
width, channels), kernels (height, width, in, out). Weights are listed in the order of the layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Dense:
    units: int
    relu: bool = False


@dataclass(frozen=True)
class Conv:
    filters: int
    size: int
    stride: int = 1
    relu: bool = False
    bias: bool = True


@dataclass(frozen=True)
class Norm:
    """Batch normalisation; running statistics keep 0.99 of themselves, as Keras's default."""

    epsilon: float = 1e-3
    momentum: float = 0.99


@dataclass(frozen=True)
class Relu:
    pass


@dataclass(frozen=True)
class Pool:
    """The largest of size×size."""

    size: int
    stride: int


@dataclass(frozen=True)
class Mean:
    """Of all places: global average pooling."""


@dataclass(frozen=True)
class Flatten:
    pass


@dataclass(frozen=True)
class Join:
    """Branches of layers on one input, their channels joined."""

    branches: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Residual:
    """What the layers give, added to the input: thinned out by `stride`, with channels of zeros on both sides."""

    layers: tuple[Any, ...]
    stride: int
    filters: int


@dataclass(frozen=True)
class SGD:
    rate: float
    momentum: float = 0.0


@dataclass(frozen=True)
class Adam:
    """Frameworks disagree on where epsilon is added: inside or outside the correction for the start at 0. With 1e-7
    that shows in the fourth digit of W3's fifth loss, with 1e-10 in none of the first six."""

    rate: float = 1e-3
    epsilon: float = 1e-10


@dataclass(frozen=True)
class Training:
    """A net, its data, its loss ("mse"; "logistic": one logit; "classes": a logit a class) and its optimizer.

    tolerance: how far apart, relatively, the contestants' first losses may be. shuffle: a new order each epoch while
    the clock runs; without it, and always while losses are compared, batches are taken in order. bar: what our time
    over the fastest peer's must reach.
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
        """An epoch's."""
        return -(-self.rows // self.batch)

    def data(self) -> tuple[Any, Any]:
        """x: standard normal, float32. y: what a hidden rule makes of it, so that there is something to learn."""
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
        """One array after the other, in the layers' order: kernel and bias; scale, shift, running mean, variance."""
        rng = np.random.default_rng(2)
        found: list[Any] = []
        walk(self.net, self.shape, rng, found)
        return found

    def batches(self, x: Any, y: Any) -> Iterator[tuple[Any, Any]]:
        """The first batches in order, from the start again after the last full one."""
        whole = max(self.rows // self.batch, 1)
        for k in range(self.compared):
            part = slice(k % whole * self.batch, (k % whole + 1) * self.batch)
            yield x[part], y[part]


def walk(net: Sequence[Any], shape: tuple[int, ...], rng: Any, found: list[Any]) -> tuple[int, ...]:
    """Append each layer's initial weights; the shape that comes out."""
    for layer in net:
        match layer:
            case Dense(units):
                found += [_draw(rng, shape[-1], (shape[-1], units)), np.zeros(units, np.float32)]
                shape = (*shape[:-1], units)
            case Conv(filters, size, stride):
                found.append(_draw(rng, size * size * shape[-1], (size, size, shape[-1], filters)))
                found += [np.zeros(filters, np.float32)] if layer.bias else []
                shape = (-(-shape[0] // stride), -(-shape[1] // stride), filters)
            case Norm():
                found += [f(shape[-1], np.float32) for f in (np.ones, np.zeros, np.zeros, np.ones)]
            case Pool(_, stride):
                shape = (-(-shape[0] // stride), -(-shape[1] // stride), shape[-1])
            case Mean():
                shape = shape[-1:]
            case Flatten():
                shape = (shape[0] * shape[1] * shape[2],)
            case Join(branches):
                shapes = [walk(branch, shape, rng, found) for branch in branches]
                shape = (*shapes[0][:-1], sum(s[-1] for s in shapes))
            case Residual(layers):
                shape = walk(layers, shape, rng, found)
    return shape


def _draw(rng: Any, fan_in: int, shape: tuple[int, ...]) -> Any:
    return rng.standard_normal(shape, dtype=np.float32) * np.float32((2 / fan_in) ** 0.5)
