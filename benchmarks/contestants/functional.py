"""A neutral net in Keras's words: the same text builds ours and Keras's, from whichever library is passed as `k`."""

from __future__ import annotations

from typing import Any

import numpy as np

from workloads.net import SGD, Conv, Dense, Flatten, Join, Mean, Norm, Pool, Relu, Residual, Training


class Builder:
    """Makes layers, and keeps them in the order in which the weights are listed."""

    def __init__(self, k: Any) -> None:
        self.k = k
        self.made: list[Any] = []

    def model(self, work: Training) -> Any:
        """A Sequential where the net is a chain of plain layers; weights are not yet the work's."""
        k = self.k
        start = k.Input(work.shape)
        if not any(isinstance(layer, Join | Residual) for layer in work.net):
            return k.Sequential([start, *(self.layer(layer) for layer in work.net)])
        return k.Model(start, self.chain(work.net, start))

    def load(self, weights: list[Any]) -> None:
        rest = iter(weights)
        for layer in self.made:
            layer.set_weights([next(rest) for _ in layer.weights])
        assert next(rest, None) is None, "weights are left over"

    def chain(self, net: tuple[Any, ...], x: Any) -> Any:
        for layer in net:
            x = self.apply(layer, x)
        return x

    def apply(self, layer: Any, x: Any) -> Any:
        k = self.k
        match layer:
            case Join(branches):
                return k.layers.Concatenate()([self.chain(branch, x) for branch in branches])
            case Residual(layers, stride, filters):
                shortcut = x
                if stride > 1:
                    more = (filters - x.shape[-1]) // 2
                    shortcut = k.ops.pad(x[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (more, more)))
                return k.layers.Add()([shortcut, self.chain(layers, x)])
        return self.layer(layer)(x)

    def layer(self, layer: Any, activation: str | None = None) -> Any:
        made = self._layer(self.k.layers, layer, "relu" if getattr(layer, "relu", False) else activation)
        if isinstance(layer, Dense | Conv | Norm):
            self.made.append(made)
        return made

    @staticmethod
    def _layer(layers: Any, layer: Any, activation: str | None) -> Any:
        match layer:
            case Dense(units):
                return layers.Dense(units, activation=activation)
            case Conv(filters, size, stride):
                return layers.Conv2D(filters, size, stride, "same", activation=activation, use_bias=layer.bias)
            case Norm(epsilon, momentum):
                return layers.BatchNormalization(epsilon=epsilon, momentum=momentum)
            case Relu():
                return layers.Activation("relu")
            case Pool(size, stride):
                return layers.MaxPooling2D(size, stride, padding="same")
            case Mean():
                return layers.GlobalAveragePooling2D()
            case Flatten():
                return layers.Flatten()
        raise TypeError(layer)


def optimizer(k: Any, of: Any) -> Any:
    if isinstance(of, SGD):
        return k.optimizers.SGD(of.rate, momentum=of.momentum)
    return k.optimizers.Adam(of.rate, epsilon=of.epsilon)


def loss(k: Any, name: str) -> Any:
    if name == "classes":
        return k.losses.SparseCategoricalCrossentropy(from_logits=True)
    return k.losses.BinaryCrossentropy(from_logits=True) if name == "logistic" else "mse"


class Fit:
    """`compile` and `fit`, as a user writes them. A step by itself is a fit on one batch."""

    def __init__(self, k: Any, work: Training, **options: Any) -> None:
        self.work, (self.x, self.y) = work, work.data()
        self.unit = work.steps
        builder = Builder(k)
        self.model = builder.model(work)
        builder.load(work.weights())
        self.compile = lambda: self.model.compile(optimizer(k, work.optimizer), loss(k, work.loss), **options)
        self.batches = work.batches(self.x, self.y)

    def first(self) -> list[float]:
        self.compile()
        return [self.step(*next(self.batches))]

    def more(self) -> list[float]:
        return [self.step(*batch) for batch in self.batches]

    def step(self, x: Any, y: Any) -> float:
        history = self.model.fit(x, y, batch_size=self.work.batch, epochs=1, shuffle=False, verbose=0)
        return float(history.history["loss"][0])

    def run(self, times: int) -> None:
        self.model.fit(self.x, self.y, batch_size=self.work.batch, epochs=times, shuffle=self.work.shuffle, verbose=0)


class Predict:
    """`predict_on_batch`: the shortest way that takes and gives NumPy arrays."""

    unit = 1

    def __init__(self, k: Any, work: Any, **options: Any) -> None:
        builder = Builder(k)
        self.work, self.x = work, work.data()
        self.model = builder.model(work.of)
        builder.load(work.of.weights())
        self.model.compile(**options)

    def first(self) -> list[float]:
        return self.more()

    def more(self) -> list[float]:
        return self.work.summary(np.asarray(self.model.predict_on_batch(self.x)))

    def run(self, times: int) -> None:
        for _ in range(times):
            self.model.predict_on_batch(self.x)
