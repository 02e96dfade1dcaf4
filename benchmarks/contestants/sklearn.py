"""scikit-learn's multilayer perceptrons where they fit: dense layers alone; without a hidden one, a linear model.

Initial weights have no public way in: they are written over those of a first step, and Adam is sent back to its start.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

from workloads.net import Adam

VERSION = f"scikit-learn {sklearn.__version__}"


class Train:
    def __init__(self, work: Any) -> None:
        self.work, (self.x, self.y) = work, work.data()
        self.y = self.y.reshape(-1)
        self.unit = work.steps
        self.model = model(work)
        self.classes = {"classes": np.arange(10), "logistic": np.array([0.0, 1.0])}.get(work.loss)
        self.start()
        self.batches = work.batches(self.x, self.y)

    def start(self) -> None:
        self.step(self.x[: self.work.batch], self.y[: self.work.batch])
        load(self.model, self.work.weights())

    def step(self, x: Any, y: Any) -> float:
        known = {} if self.classes is None or hasattr(self.model, "classes_") else {"classes": self.classes}
        self.model.partial_fit(x, y, **known)
        return float(self.model.loss_) * (2 if self.work.loss == "mse" else 1)

    def first(self) -> list[float]:
        return [self.step(*next(self.batches))]

    def more(self) -> list[float]:
        return [self.step(*batch) for batch in self.batches]

    def run(self, times: int) -> None:
        for _ in range(times):  # a call is an epoch over all rows, in batches
            self.model.partial_fit(self.x, self.y)


def model(work: Any) -> Any:
    """Its squared error is halved, hence the doubled rate."""
    of = work.optimizer
    rate = of.rate * (2 if work.loss == "mse" else 1)
    ways = {"solver": "adam", "epsilon": of.epsilon} if isinstance(of, Adam) else {"solver": "sgd", "momentum": 0.0}
    kind = MLPRegressor if work.loss == "mse" else MLPClassifier
    hidden = [layer.units for layer in work.net[:-1]]
    return kind(hidden_layer_sizes=hidden, activation="relu", alpha=0.0, batch_size=work.batch, learning_rate_init=rate,
                shuffle=work.shuffle, **ways)  # fmt: skip


def load(made: Any, weights: list[Any]) -> None:
    for to, values in zip([*made.coefs_, *made.intercepts_], weights[::2] + weights[1::2], strict=True):
        to[...] = values
    rule = made._optimizer
    for slot in ("ms", "vs", "velocities"):
        for array in getattr(rule, slot, []):
            array[...] = 0
    rule.t = 0
    made.loss_curve_, made.t_ = [], 0


def training(work: Any) -> Train:
    return Train(work)


class Predict:
    """Probabilities are what it gives: their logarithms are the logits but for a constant a row."""

    unit = 1

    def __init__(self, work: Any) -> None:
        self.work, self.x = work, work.data()
        self.model = Train(work.of).model

    def first(self) -> list[float]:
        return self.work.summary(np.log(self.model.predict_proba(self.x)))

    def more(self) -> list[float]:
        return self.first()

    def run(self, times: int) -> None:
        for _ in range(times):
            self.model.predict_proba(self.x)


def prediction(work: Any) -> Predict:
    return Predict(work)
