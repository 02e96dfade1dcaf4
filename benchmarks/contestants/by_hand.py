"""NumPy by hand: what one writes for a linear or logistic unit without any framework."""

from __future__ import annotations

from typing import Any

import numpy as np

VERSION = f"NumPy {np.__version__}"


class ByHand:
    def __init__(self, work: Any) -> None:
        self.work, (self.x, self.y) = work, work.data()
        self.y = self.y.reshape(-1)
        kernel, self.b = work.weights()
        self.w = kernel[:, 0]
        self.unit = work.steps
        self.batches = work.batches(self.x, self.y)
        self.order = np.random.default_rng(0)

    def step(self, x: Any, y: Any) -> Any:
        z = x @ self.w + self.b
        residual = (1 / (1 + np.exp(-z)) if self.work.loss == "logistic" else z) - y
        slope = residual * np.float32((1 if self.work.loss == "logistic" else 2) / len(y))
        rate = np.float32(self.work.optimizer.rate)
        self.w -= rate * (slope @ x)
        self.b -= rate * slope.sum()
        return z, residual

    def cost(self, z: Any, residual: Any, y: Any) -> float:
        return float(np.mean(np.logaddexp(0, z) - z * y if self.work.loss == "logistic" else residual**2))

    def first(self) -> list[float]:
        x, y = next(self.batches)
        return [self.cost(*self.step(x, y), y)]

    def more(self) -> list[float]:
        return [self.cost(*self.step(x, y), y) for x, y in self.batches]

    def run(self, times: int) -> None:
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
    return ByHand(work)
