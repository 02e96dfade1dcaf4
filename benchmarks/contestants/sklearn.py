"""scikit-learn's multilayer perceptrons, for networks of dense layers; without a hidden one, a linear model.

There is no public API for initial weights: they are written over those after a first step, and Adam is reset.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

from workloads.net import Adam

VERSION = f"scikit-learn {sklearn.__version__}"


class Train:
    """Training by `partial_fit`."""

    def __init__(self, work: Any) -> None:
        self.work, (self.x, self.y) = work, work.data()
        self.y = self.y.reshape(-1)
        self.steps_per_run = work.steps
        self.model = model(work)
        self.classes = {"classes": np.arange(10), "logistic": np.array([0.0, 1.0])}.get(work.loss)
        self.start()
        self.batches = work.batches(self.x, self.y)

    def start(self) -> None:
        """Create the weights by a step, and set them."""
        self.step(self.x[: self.work.batch], self.y[: self.work.batch])
        load(self.model, self.work.weights())

    def step(self, x: Any, y: Any) -> float:
        """Fit one batch; return the loss."""
        classes = {} if self.classes is None or hasattr(self.model, "classes_") else {"classes": self.classes}
        self.model.partial_fit(x, y, **classes)
        return float(self.model.loss_) * (2 if self.work.loss == "mse" else 1)

    def first_step(self) -> list[float]:
        """Do the first step; return the numbers that prove equal work."""
        return [self.step(*next(self.batches))]

    def next_steps(self) -> list[float]:
        """Do the next steps that are compared; return their numbers."""
        return [self.step(*batch) for batch in self.batches]

    def run(self, times: int) -> None:
        """Do `times` times `steps_per_run` steps."""
        for _ in range(times):  # a call is an epoch over all rows, in batches
            self.model.partial_fit(self.x, self.y)


def model(work: Any) -> Any:
    """Return the model; its squared error is halved, so the rate is doubled."""
    rate = work.optimizer.rate * (2 if work.loss == "mse" else 1)
    if isinstance(work.optimizer, Adam):
        options = {"solver": "adam", "epsilon": work.optimizer.epsilon}
    else:
        options = {"solver": "sgd", "momentum": 0.0}
    model_class = MLPRegressor if work.loss == "mse" else MLPClassifier
    hidden = [layer.units for layer in work.net[:-1]]
    options |= {"batch_size": work.batch, "learning_rate_init": rate, "shuffle": work.shuffle}
    return model_class(hidden_layer_sizes=hidden, activation="relu", alpha=0.0, **options)


def load(model: Any, weights: list[Any]) -> None:
    """Set the weights and reset the optimizer."""
    for target, values in zip([*model.coefs_, *model.intercepts_], weights[::2] + weights[1::2], strict=True):
        target[...] = values
    optimizer = model._optimizer
    for slot in ("ms", "vs", "velocities"):
        for array in getattr(optimizer, slot, []):
            array[...] = 0
    optimizer.t = 0
    model.loss_curve_, model.t_ = [], 0


def training(work: Any) -> Train:
    """Return the job of a training."""
    return Train(work)


class Predict:
    """Prediction of probabilities, whose logarithms are the logits up to a constant for each row."""

    steps_per_run = 1

    def __init__(self, work: Any) -> None:
        self.work, self.x = work, work.data()
        self.model = Train(work.training).model

    def first_step(self) -> list[float]:
        """Do the first step; return the numbers that prove equal work."""
        return self.work.summary(np.log(self.model.predict_proba(self.x)))

    def next_steps(self) -> list[float]:
        """Do the next steps that are compared; return their numbers."""
        return self.first_step()

    def run(self, times: int) -> None:
        """Do `times` times `steps_per_run` steps."""
        for _ in range(times):
            self.model.predict_proba(self.x)


def prediction(work: Any) -> Predict:
    """Return the job of a prediction."""
    return Predict(work)
