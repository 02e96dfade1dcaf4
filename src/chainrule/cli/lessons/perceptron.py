"""The perceptron of ``chainrule train boston``: one linear unit, written with tensors and gradients only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ... import ops
from ...ops.random import SeedGenerator, permutation
from ...tensors.convert import tensor
from ...tensors.tensor import Tensor
from ...tensors.variable import Variable
from ...transforms.differentiate import gradients


class Houses(NamedTuple):
    """A set of examples. x: (rows, columns), standardized. y: (rows,)."""

    x: NDArray[Any]
    y: NDArray[Any]


class Measures(NamedTuple):
    """mse: mean squared error. rss: residual sum of squares. r2: the share of the variance explained."""

    mse: float
    rss: float
    r2: float


def split(x: NDArray[Any], y: NDArray[Any], seed: int, share: float = 0.8) -> tuple[Houses, Houses]:
    """Shuffle, split, and standardize by the mean and deviation of the training set; a constant column becomes 0."""
    order = permutation(len(y), SeedGenerator(seed, "split")).numpy()
    cut = min(max(int(len(y) * share), 1), len(y))
    train, test = order[:cut], order[cut:]
    mean, std = x[train].mean(axis=0), x[train].std(axis=0)
    scaled = (x - mean) / np.where(std > 0, std, 1.0)
    return Houses(scaled[train], y[train]), Houses(scaled[test], y[test])


class Perceptron:
    """price = x @ w + b, float64, starting at 0; `costs` is the training MSE before each epoch and after the last."""

    def __init__(self, columns: int) -> None:
        self.w = Variable(np.zeros(columns), name="w")
        self.b = Variable(0.0, dtype="float64", name="b")
        self.costs: list[float] = []
        self.updates = 0

    def predict(self, x: Any) -> Tensor:
        """Return x @ w + b."""
        return ops.matmul(x, self.w) + self.b

    def weights(self) -> NDArray[Any]:
        """Return the weights and, last, the bias."""
        return np.append(self.w.numpy(), self.b.numpy())

    def measure(self, houses: Houses) -> Measures:
        """Return how good the predictions for these examples are; nan where there are none."""
        if not len(houses.y):
            return Measures(float("nan"), 0.0, float("nan"))
        residual = np.asarray(self.predict(tensor(houses.x))) - houses.y
        rss = float(residual @ residual)
        total = float(((houses.y - houses.y.mean()) ** 2).sum())
        return Measures(rss / len(houses.y), rss, 1 - rss / total if total else float("nan"))

    def fit(self, houses: Houses, batch: int, rate: float, epochs: int, seed: int) -> Iterator[int]:
        """Train by gradient descent; yield the number of epochs done.

        Full-batch descent is a batch of all houses, stochastic descent a batch of one. Stops early when the gradient
        is almost 0, or when the cost diverges, as the learning rate is too large.
        """
        self.costs = [self.measure(houses).mse]
        return self._descend(houses, batch, rate, epochs, SeedGenerator(seed, "order"))

    def _descend(self, houses: Houses, batch: int, rate: float, epochs: int, stream: SeedGenerator) -> Iterator[int]:
        n = len(houses.y)
        full_batch = (tensor(houses.x), tensor(houses.y))
        for epoch in range(1, epochs + 1):
            largest = 0.0
            if batch >= n:
                largest = self._update(*full_batch, rate)
            else:
                order = permutation(n, stream).numpy()
                for start in range(0, n, batch):
                    rows = order[start : start + batch]
                    largest = max(largest, self._update(tensor(houses.x[rows]), tensor(houses.y[rows]), rate))
            self.costs.append(self.measure(houses).mse)
            yield epoch
            if (batch >= n and largest < 1e-9) or self.diverged:
                return

    @property
    def diverged(self) -> bool:
        """Whether the cost grew a thousandfold, or is not a number."""
        return not self.costs[-1] < 1e3 * max(self.costs[0], 1e-300)

    def _update(self, x: Tensor, y: Tensor, rate: float) -> float:
        """Do one gradient step on the batch's cost; return the largest absolute value in the gradient."""
        residual = self.predict(x) - y
        cost = ops.mean(residual * residual)
        dw, db = gradients(cost, [self.w, self.b])
        self.w.assign(self.w - rate * dw)
        self.b.assign(self.b - rate * db)
        self.updates += 1
        return max(float(np.abs(dw.numpy()).max()), abs(float(db)))


def least_squares(houses: Houses) -> Perceptron:
    """Return the perceptron with the smallest RSS, in closed form (`numpy.linalg.lstsq`)."""
    model = Perceptron(houses.x.shape[1])
    exact = np.linalg.lstsq(np.c_[houses.x, np.ones(len(houses.y))], houses.y, rcond=None)[0]
    model.w.assign(exact[:-1])
    model.b.assign(exact[-1])
    return model
