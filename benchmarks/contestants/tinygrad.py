"""tinygrad: a step compiled by `TinyJit`, which needs clang; `setup_peers.py` installs one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

clang = Path(sys.executable).parent / "clang"
if clang.exists():
    os.environ.setdefault("CC", str(clang))

import numpy as np  # noqa: E402
from tinygrad import Tensor, TinyJit, nn  # noqa: E402
from tinygrad.helpers import TRAINING  # noqa: E402

from workloads.net import SGD, Conv, Dense, Flatten, Join, Mean, Norm, Pool, Relu, Residual, Training  # noqa: E402


def _version() -> str:
    from importlib.metadata import version

    return f"tinygrad {version('tinygrad')}"


VERSION = _version()


class Net:
    """The network as a function of its weights: kernels (out, in, height, width), images NCHW."""

    def __init__(self, work: Training) -> None:
        self.work = work
        self.weights = [Tensor(np.ascontiguousarray(w.transpose(3, 2, 0, 1)) if w.ndim == 4 else w).realize()
                        for w in work.weights()]  # fmt: skip
        self.norms: list[Any] = []
        self.norm_index = 0

    def __call__(self, x: Any) -> Any:
        self.norm_index = 0
        return self.chain(self.work.net, iter(self.weights), x)

    def parameters(self) -> list[Any]:
        """Return all weights but the running statistics."""
        statistics = {id(w) for norm in self.norms for w in (norm.running_mean, norm.running_var)}
        return [w for w in self.weights if id(w) not in statistics]

    def chain(self, net: tuple[Any, ...], weights: Iterator[Any], x: Any) -> Any:
        """Apply the layers one after the other."""
        for layer in net:
            x = self.apply(layer, weights, x)
        return x

    def apply(self, layer: Any, weights: Iterator[Any], x: Any) -> Any:
        """Apply a layer."""
        match layer:
            case Dense(_, relu):
                x = x.linear(next(weights), next(weights))
                return x.relu() if relu else x
            case Conv(_, size, stride, relu, bias):
                total = max(size - stride, 0)  # "same" padding of a size that the stride divides
                before, after = total // 2, total - total // 2
                x = x.conv2d(next(weights), next(weights) if bias else None, stride=stride,
                             padding=(before, after, before, after))  # fmt: skip
                return x.relu() if relu else x
            case Norm():
                return self.norm(layer, weights)(x)
            case Relu():
                return x.relu()
            case Pool(size, stride):
                return x.max_pool2d((size, size), stride, padding=size // 2 if stride == 1 else 0)
            case Mean():
                return x.mean((2, 3))
            case Flatten():
                return x.permute(0, 2, 3, 1).flatten(1)
            case Join(branches):
                return Tensor.cat(*[self.chain(branch, weights, x) for branch in branches], dim=1)
            case Residual(layers, stride, filters):
                padding = (filters - x.shape[1]) // 2
                shortcut = x[:, :, ::stride, ::stride].pad(((0, 0), (padding, padding), (0, 0), (0, 0)))
                return shortcut + self.chain(layers, weights, x)
        raise TypeError(layer)

    def norm(self, layer: Any, weights: Iterator[Any]) -> Any:
        """Return the next batch normalisation, built in the first call."""
        scale, shift, mean, var = (next(weights) for _ in range(4))
        if self.norm_index == len(self.norms):
            norm = nn.BatchNorm(scale.shape[0], eps=layer.epsilon, momentum=1 - layer.momentum)
            norm.weight, norm.bias, norm.running_mean, norm.running_var = scale, shift, mean, var
            self.norms.append(norm)
        self.norm_index += 1
        return self.norms[self.norm_index - 1]


def images(x: Any) -> Any:
    """Return images as NCHW."""
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x


class Train:
    """Training by a loop over batches."""

    def __init__(self, work: Training) -> None:
        TRAINING.value = 1
        self.work = work
        x, y = work.data()
        self.net = Net(work)
        self.x, self.y = images(x), y
        self.net(Tensor(self.x[:1]))  # creates the batch normalisations
        options = work.optimizer
        parameters = self.net.parameters()
        self.optimizer = (
            nn.optim.SGD(parameters, options.rate, options.momentum)
            if isinstance(options, SGD)
            else nn.optim.Adam(parameters, options.rate, eps=options.epsilon)
        )
        self.steps_per_run, self.batches = work.steps, work.batches(self.x, self.y)
        self.order = np.random.default_rng(0)
        self.steps: dict[int, Any] = {}

    def cost(self, z: Any, y: Any) -> Any:
        """Return the mean loss."""
        if self.work.loss == "classes":
            return z.sparse_categorical_crossentropy(y)
        if self.work.loss == "logistic":
            return z.binary_crossentropy_logits(y)
        return ((z - y) ** 2).mean()

    def step(self, x: Any, y: Any) -> Any:
        """Do a step; return the loss."""

        def jitted_step(x: Any, y: Any) -> Any:
            self.optimizer.zero_grad()
            loss = self.cost(self.net(x), y)
            loss.backward()
            return loss.realize(*self.optimizer.schedule_step())

        if len(x) not in self.steps:
            self.steps[len(x)] = TinyJit(jitted_step)
        return self.steps[len(x)](Tensor(x).realize(), Tensor(y).realize())

    def first_step(self) -> list[float]:
        """Do the first step; return the numbers that prove equal work."""
        return [self.step(*next(self.batches)).item()]

    def next_steps(self) -> list[float]:
        """Do the next steps that are compared; return their numbers."""
        return [self.step(*batch).item() for batch in self.batches]

    def run(self, times: int) -> None:
        """Do `times` times `steps_per_run` steps."""
        size, rows = self.work.batch, self.work.rows
        loss = None
        for _ in range(times):
            order = self.order.permutation(rows) if self.work.shuffle else None
            for start in range(0, rows, size):
                end = min(start + size, rows)
                part = slice(start, end) if order is None else order[start:end]
                loss = self.step(self.x[part], self.y[part])
        loss.item()


def training(work: Training) -> Train:
    """Return the job of a training."""
    return Train(work)


class Predict:
    """Prediction by a compiled function."""

    steps_per_run = 1

    def __init__(self, work: Any) -> None:
        self.work, self.x, net = work, images(work.data()), Net(work.training)
        self.f = TinyJit(lambda x: net(x).realize())

    def predict(self) -> Any:
        """Return the outputs as a NumPy array."""
        return self.f(Tensor(self.x).realize()).numpy()

    def first_step(self) -> list[float]:
        """Do the first step; return the numbers that prove equal work."""
        return self.work.summary(self.predict())

    def next_steps(self) -> list[float]:
        """Do the next steps that are compared; return their numbers."""
        return self.first_step()

    def run(self, times: int) -> None:
        """Do `times` times `steps_per_run` steps."""
        for _ in range(times):
            self.predict()


def prediction(work: Any) -> Predict:
    """Return the job of a prediction."""
    return Predict(work)
