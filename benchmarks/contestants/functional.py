"""Models by Keras's API: the same code builds chainrule's and Keras's, from the library passed as `k`."""

from __future__ import annotations

from typing import Any

import numpy as np

from workloads.net import SGD, Conv, Dense, Flatten, Join, Mean, Norm, Pool, Relu, Residual, Training


class Builder:
    """Builds layers, and lists those with weights in the order of the weights."""

    def __init__(self, k: Any) -> None:
        self.k = k
        self.layers: list[Any] = []

    def model(self, work: Training) -> Any:
        """Return the model, a Sequential if the network is a chain of layers; `load` sets the weights."""
        k = self.k
        inputs = k.Input(work.shape)
        if not any(isinstance(layer, Join | Residual) for layer in work.net):
            return k.Sequential([inputs, *(self.layer(layer) for layer in work.net)])
        return k.Model(inputs, self.chain(work.net, inputs))

    def load(self, weights: list[Any]) -> None:
        """Set the weights of all layers."""
        arrays = iter(weights)
        for layer in self.layers:
            layer.set_weights([next(arrays) for _ in layer.weights])
        assert next(arrays, None) is None, "weights are left over"

    def chain(self, net: tuple[Any, ...], x: Any) -> Any:
        """Apply the layers one after the other."""
        for layer in net:
            x = self.apply(layer, x)
        return x

    def apply(self, layer: Any, x: Any) -> Any:
        """Build a layer and apply it."""
        k = self.k
        match layer:
            case Join(branches):
                return k.layers.Concatenate()([self.chain(branch, x) for branch in branches])
            case Residual(layers, stride, filters):
                shortcut = x
                if stride > 1:
                    padding = (filters - x.shape[-1]) // 2
                    shortcut = k.ops.pad(x[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (padding, padding)))
                return k.layers.Add()([shortcut, self.chain(layers, x)])
        return self.layer(layer)(x)

    def layer(self, layer: Any, activation: str | None = None) -> Any:
        """Build a layer."""
        built = self._layer(self.k.layers, layer, "relu" if getattr(layer, "relu", False) else activation)
        if isinstance(layer, Dense | Conv | Norm):
            self.layers.append(built)
        return built

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


def optimizer(k: Any, options: Any) -> Any:
    """Return the library's optimizer with these options."""
    if isinstance(options, SGD):
        return k.optimizers.SGD(options.rate, momentum=options.momentum)
    return k.optimizers.Adam(options.rate, epsilon=options.epsilon)


def loss(k: Any, name: str) -> Any:
    """Return the library's loss."""
    if name == "classes":
        return k.losses.SparseCategoricalCrossentropy(from_logits=True)
    return k.losses.BinaryCrossentropy(from_logits=True) if name == "logistic" else "mse"


class Fit:
    """`compile` and `fit`, as a user would call them; a single step is a fit on one batch."""

    def __init__(self, k: Any, work: Training, **options: Any) -> None:
        self.work, (self.x, self.y) = work, work.data()
        self.steps_per_run = work.steps
        builder = Builder(k)
        self.model = builder.model(work)
        builder.load(work.weights())
        self.compile = lambda: self.model.compile(optimizer(k, work.optimizer), loss(k, work.loss), **options)
        self.batches = work.batches(self.x, self.y)

    def first_step(self) -> list[float]:
        """Do the first step; return the numbers that prove equal work."""
        self.compile()
        return [self.step(*next(self.batches))]

    def next_steps(self) -> list[float]:
        """Do the next steps that are compared; return their numbers."""
        return [self.step(*batch) for batch in self.batches]

    def step(self, x: Any, y: Any) -> float:
        """Fit one batch; return the loss."""
        history = self.model.fit(x, y, batch_size=self.work.batch, epochs=1, shuffle=False, verbose=0)
        return float(history.history["loss"][0])

    def run(self, times: int) -> None:
        """Do `times` times `steps_per_run` steps."""
        self.model.fit(self.x, self.y, batch_size=self.work.batch, epochs=times, shuffle=self.work.shuffle, verbose=0)


class Predict:
    """`predict_on_batch`, from and to NumPy arrays."""

    steps_per_run = 1

    def __init__(self, k: Any, work: Any, **options: Any) -> None:
        builder = Builder(k)
        self.work, self.x = work, work.data()
        self.model = builder.model(work.training)
        builder.load(work.training.weights())
        self.model.compile(**options)

    def first_step(self) -> list[float]:
        """Do the first step; return the numbers that prove equal work."""
        return self.next_steps()

    def next_steps(self) -> list[float]:
        """Do the next steps that are compared; return their numbers."""
        return self.work.summary(np.asarray(self.model.predict_on_batch(self.x)))

    def run(self, times: int) -> None:
        """Do `times` times `steps_per_run` steps."""
        for _ in range(times):
            self.model.predict_on_batch(self.x)
