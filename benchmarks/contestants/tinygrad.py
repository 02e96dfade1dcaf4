"""tinygrad: a step under `TinyJit`. It compiles with clang: `setup_peers.py` gives the environment one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

beside = Path(sys.executable).parent / "clang"
if beside.exists():
    os.environ.setdefault("CC", str(beside))

import numpy as np  # noqa: E402
from tinygrad import Tensor, TinyJit, nn  # noqa: E402
from tinygrad.helpers import TRAINING  # noqa: E402

from workloads.net import SGD, Conv, Dense, Flatten, Join, Mean, Norm, Pool, Relu, Residual, Training  # noqa: E402


def _version() -> str:
    from importlib.metadata import version

    return f"tinygrad {version('tinygrad')}"


VERSION = _version()


class Net:
    """The net as a function of a list of tensors: kernels (out, in, height, width), images NCHW."""

    def __init__(self, work: Training) -> None:
        self.work = work
        self.weights = [Tensor(np.ascontiguousarray(w.transpose(3, 2, 0, 1)) if w.ndim == 4 else w).realize()
                        for w in work.weights()]  # fmt: skip
        self.norms: list[Any] = []
        self.here = 0
        self.first = True

    def __call__(self, x: Any) -> Any:
        self.here = 0
        rest = iter(self.weights)
        found = self.chain(self.work.net, rest, x)
        self.first = False
        return found

    def parameters(self) -> list[Any]:
        """All but the running statistics."""
        held = {id(w) for norm in self.norms for w in (norm.running_mean, norm.running_var)}
        return [w for w in self.weights if id(w) not in held]

    def chain(self, net: tuple[Any, ...], rest: Iterator[Any], x: Any) -> Any:
        for layer in net:
            x = self.apply(layer, rest, x)
        return x

    def apply(self, layer: Any, rest: Iterator[Any], x: Any) -> Any:
        match layer:
            case Dense(_, relu):
                x = x.linear(next(rest), next(rest))
                return x.relu() if relu else x
            case Conv(_, size, stride, relu, bias):
                both, before = max(size - stride, 0), max(size - stride, 0) // 2  # "same" of a size the stride divides
                x = x.conv2d(next(rest), next(rest) if bias else None, stride=stride,
                             padding=(before, both - before, before, both - before))  # fmt: skip
                return x.relu() if relu else x
            case Norm():
                return self.norm(layer, rest)(x)
            case Relu():
                return x.relu()
            case Pool(size, stride):
                return x.max_pool2d((size, size), stride, padding=size // 2 if stride == 1 else 0)
            case Mean():
                return x.mean((2, 3))
            case Flatten():
                return x.permute(0, 2, 3, 1).flatten(1)
            case Join(branches):
                return Tensor.cat(*[self.chain(branch, rest, x) for branch in branches], dim=1)
            case Residual(layers, stride, filters):
                more = (filters - x.shape[1]) // 2
                return x[:, :, ::stride, ::stride].pad(((0, 0), (more, more), (0, 0), (0, 0))) + self.chain(
                    layers, rest, x
                )
        raise TypeError(layer)

    def norm(self, layer: Any, rest: Iterator[Any]) -> Any:
        scale, shift, mean, var = (next(rest) for _ in range(4))
        if self.here == len(self.norms):
            made = nn.BatchNorm(scale.shape[0], eps=layer.epsilon, momentum=1 - layer.momentum)
            made.weight, made.bias, made.running_mean, made.running_var = scale, shift, mean, var
            self.norms.append(made)
        self.here += 1
        return self.norms[self.here - 1]


def images(x: Any) -> Any:
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x


class Train:
    def __init__(self, work: Training) -> None:
        TRAINING.value = 1
        self.work = work
        x, y = work.data()
        self.net = Net(work)
        self.x, self.y = images(x), y
        self.net(Tensor(self.x[:1]))  # so that batch normalisation knows its tensors
        of = work.optimizer
        given = self.net.parameters()
        self.optimizer = (
            nn.optim.SGD(given, of.rate, of.momentum)
            if isinstance(of, SGD)
            else nn.optim.Adam(given, of.rate, eps=of.epsilon)
        )
        self.unit, self.batches = work.steps, work.batches(self.x, self.y)
        self.order = np.random.default_rng(0)
        self.steps: dict[int, Any] = {}

    def cost(self, z: Any, y: Any) -> Any:
        if self.work.loss == "classes":
            return z.sparse_categorical_crossentropy(y)
        if self.work.loss == "logistic":
            return z.binary_crossentropy_logits(y)
        return ((z - y) ** 2).mean()

    def step(self, x: Any, y: Any) -> Any:
        def one(x: Any, y: Any) -> Any:
            self.optimizer.zero_grad()
            loss = self.cost(self.net(x), y)
            loss.backward()
            return loss.realize(*self.optimizer.schedule_step())

        if len(x) not in self.steps:
            self.steps[len(x)] = TinyJit(one)
        return self.steps[len(x)](Tensor(x).realize(), Tensor(y).realize())

    def first(self) -> list[float]:
        return [self.step(*next(self.batches)).item()]

    def more(self) -> list[float]:
        return [self.step(*batch).item() for batch in self.batches]

    def run(self, times: int) -> None:
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
    return Train(work)


class Predict:
    unit = 1

    def __init__(self, work: Any) -> None:
        self.work, self.x, net = work, images(work.data()), Net(work.of)
        self.f = TinyJit(lambda x: net(x).realize())

    def answer(self) -> Any:
        return self.f(Tensor(self.x).realize()).numpy()

    def first(self) -> list[float]:
        return self.work.summary(self.answer())

    def more(self) -> list[float]:
        return self.first()

    def run(self, times: int) -> None:
        for _ in range(times):
            self.answer()


def prediction(work: Any) -> Predict:
    return Predict(work)
