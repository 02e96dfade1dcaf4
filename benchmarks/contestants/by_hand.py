"""NumPy by hand: a linear or logistic unit without a framework."""

from __future__ import annotations

from typing import Any

import numpy as np

VERSION = f"NumPy {np.__version__}"


class ByHand:
    """The training of one unit."""

    def __init__(self, work: Any) -> None:
        self.work, (self.x, self.y) = work, work.data()
        self.y = self.y.reshape(-1)
        kernel, self.b = work.weights()
        self.w = kernel[:, 0]
        self.steps_per_run = work.steps
        self.batches = work.batches(self.x, self.y)
        self.order = np.random.default_rng(0)

    def step(self, x: Any, y: Any) -> Any:
        """Do a gradient step; return the outputs and the residuals."""
        z = x @ self.w + self.b
        residual = (1 / (1 + np.exp(-z)) if self.work.loss == "logistic" else z) - y
        gradient = residual * np.float32((1 if self.work.loss == "logistic" else 2) / len(y))
        rate = np.float32(self.work.optimizer.rate)
        self.w -= rate * (gradient @ x)
        self.b -= rate * gradient.sum()
        return z, residual

    def cost(self, z: Any, residual: Any, y: Any) -> float:
        """Return the mean loss."""
        return float(np.mean(np.logaddexp(0, z) - z * y if self.work.loss == "logistic" else residual**2))

    def first_step(self) -> list[float]:
        """Do the first step; return the numbers that prove equal work."""
        x, y = next(self.batches)
        return [self.cost(*self.step(x, y), y)]

    def next_steps(self) -> list[float]:
        """Do the next steps that are compared; return their numbers."""
        return [self.cost(*self.step(x, y), y) for x, y in self.batches]

    def run(self, times: int) -> None:
        """Do `times` times `steps_per_run` steps."""
        size = self.work.batch
        for _ in range(times):
            if size >= len(self.y):
                self.step(self.x, self.y)
                continue
            order = self.order.permutation(len(self.y)) if self.work.shuffle else np.arange(len(self.y))
            for start in range(0, len(order), size):
                part = order[start : start + size]
                self.step(self.x[part], self.y[part])


def training(work: Any) -> ByHand:
    """Return the job of a training."""
    return ByHand(work)
