"""The perceptron that `chainrule train` learns: one linear unit, written with the graph and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ... import ops
from ...ops.random import SeedGenerator, permutation
from ...tensors.tensor import Tensor, Variable, tensor
from ...transforms.differentiate import gradients


class Houses(NamedTuple):
    """x: (rows, columns), scaled. y: (rows,)."""

    x: NDArray[Any]
    y: NDArray[Any]


class Measures(NamedTuple):
    """mse: mean squared error. rss: residual sum of squares. r2: the share of the variance explained."""

    mse: float
    rss: float
    r2: float


def split(x: NDArray[Any], y: NDArray[Any], seed: int, share: float = 0.8) -> tuple[Houses, Houses]:
    """Shuffle, part, and scale by the training part's own mean and deviation. A constant column stays at 0."""
    order = permutation(len(y), SeedGenerator(seed, "split")).numpy()
    cut = min(max(int(len(y) * share), 1), len(y))
    first, rest = order[:cut], order[cut:]
    mean, std = x[first].mean(axis=0), x[first].std(axis=0)
    scaled = (x - mean) / np.where(std > 0, std, 1.0)
    return Houses(scaled[first], y[first]), Houses(scaled[rest], y[rest])


class Perceptron:
    """price = x @ w + b, float64, starting at 0; `costs` is the training MSE before each epoch and after the last."""

    def __init__(self, columns: int) -> None:
        self.w = Variable(np.zeros(columns), name="w")
        self.b = Variable(0.0, dtype="float64", name="b")
        self.costs: list[float] = []
        self.updates = 0

    def predict(self, x: Any) -> Tensor:
        return ops.matmul(x, self.w) + self.b

    def numbers(self) -> NDArray[Any]:
        """The weights and, last, the bias."""
        return np.append(self.w.numpy(), self.b.numpy())

    def measure(self, houses: Houses) -> Measures:
        if not len(houses.y):
            return Measures(float("nan"), 0.0, float("nan"))
        residual = np.asarray(self.predict(tensor(houses.x))) - houses.y
        rss = float(residual @ residual)
        spread = float(((houses.y - houses.y.mean()) ** 2).sum())
        return Measures(rss / len(houses.y), rss, 1 - rss / spread if spread else float("nan"))

    def fit(self, houses: Houses, batch: int, rate: float, epochs: int, seed: int) -> Iterator[int]:
        """Descend; yields the number of epochs done.

        Batch gradient descent is a batch of all houses, stochastic a batch of one. Stops early when no
        gradient is left to follow, or when the cost is no number any more: the rate was too large.
        """
        self.costs = [self.measure(houses).mse]
        return self._descend(houses, batch, rate, epochs, SeedGenerator(seed, "order"))

    def _descend(self, houses: Houses, batch: int, rate: float, epochs: int, stream: SeedGenerator) -> Iterator[int]:
        n = len(houses.y)
        whole = (tensor(houses.x), tensor(houses.y))
        for epoch in range(1, epochs + 1):
            steepest = 0.0
            if batch >= n:
                steepest = self._update(*whole, rate)
            else:
                order = permutation(n, stream).numpy()
                for start in range(0, n, batch):
                    chosen = order[start : start + batch]
                    steepest = max(steepest, self._update(tensor(houses.x[chosen]), tensor(houses.y[chosen]), rate))
            self.costs.append(self.measure(houses).mse)
            yield epoch
            if (batch >= n and steepest < 1e-9) or self.diverged:
                return

    @property
    def diverged(self) -> bool:
        """Whether the cost ran away."""
        return not self.costs[-1] < 1e3 * max(self.costs[0], 1e-300)

    def _update(self, x: Tensor, y: Tensor, rate: float) -> float:
        """One step down the batch's cost; returns the largest slope."""
        residual = self.predict(x) - y
        cost = ops.mean(residual * residual)
        dw, db = gradients(cost, [self.w, self.b])
        self.w.assign(self.w - rate * dw)
        self.b.assign(self.b - rate * db)
        self.updates += 1
        return max(float(np.abs(dw.numpy()).max()), abs(float(db)))


def least_squares(houses: Houses) -> Perceptron:
    """The perceptron that has the smallest RSS of all, in closed form (`numpy.linalg.lstsq`)."""
    model = Perceptron(houses.x.shape[1])
    exact = np.linalg.lstsq(np.c_[houses.x, np.ones(len(houses.y))], houses.y, rcond=None)[0]
    model.w.assign(exact[:-1])
    model.b.assign(exact[-1])
    return model
