"""PyTorch: eager as commonly written (NCHW), tuned (channels last, fused optimizer), and torch.compile of the tuned.

A convolution of stride 2 that PyTorch pads on both sides reads an even image one entry to the left of where "same"
padding reads it. Mirrored images and kernels make both the same numbers at no cost: see `mirror`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from workloads.net import SGD, Conv, Dense, Flatten, Join, Mean, Norm, Pool, Relu, Residual, Training

from .repeat import Repeat

VERSION = f"PyTorch {torch.__version__}"


class Branches(nn.Module):
    def __init__(self, branches: list[Any]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Any) -> Any:
        return torch.cat([branch(x) for branch in self.branches], 1)


class Shortcut(nn.Module):
    def __init__(self, body: Any, stride: int, more: int) -> None:
        super().__init__()
        self.body, self.stride, self.more = body, stride, more

    def forward(self, x: Any) -> Any:
        found = self.body(x)
        if self.stride > 1:  # in the mirror the entries that stay are the odd ones
            x = functional.pad(x[:, :, self.stride - 1 :: self.stride, self.stride - 1 :: self.stride],
                               (0, 0, 0, 0, self.more, self.more))  # fmt: skip
        return found + x


class MeanPlaces(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.mean((2, 3))


class Builder:
    def __init__(self, work: Training) -> None:
        self.rest = iter(work.weights())
        self.mirror = any(isinstance(layer, Residual) for layer in work.net)
        self.shape = work.shape
        self.net = self.chain(work.net)
        assert next(self.rest, None) is None, "weights are left over"

    def chain(self, net: tuple[Any, ...]) -> Any:
        return nn.Sequential(*[part for layer in net for part in self.layer(layer)])

    def layer(self, layer: Any) -> list[Any]:
        height, width, channels = self.shape if len(self.shape) == 3 else (0, 0, self.shape[-1])
        match layer:
            case Dense(units, relu):
                made = nn.Linear(channels, units)
                self.fill(made.weight, next(self.rest).T)
                self.fill(made.bias, next(self.rest))
                self.shape = (units,)
                return [made, nn.ReLU()] if relu else [made]
            case Conv(filters, size, stride, relu, bias):
                made = nn.Conv2d(channels, filters, size, stride, size // 2, bias=bias)
                kernel = next(self.rest)
                kernel = kernel[::-1, ::-1] if self.mirror else kernel
                self.fill(made.weight, kernel.transpose(3, 2, 0, 1))
                if bias:
                    self.fill(made.bias, next(self.rest))
                self.shape = (-(-height // stride), -(-width // stride), filters)
                return [made, nn.ReLU()] if relu else [made]
            case Norm(epsilon, momentum):
                made = nn.BatchNorm2d(channels, eps=epsilon, momentum=1 - momentum)
                for to in (made.weight, made.bias, made.running_mean, made.running_var):
                    self.fill(to, next(self.rest))
                return [made]
            case Relu():
                return [nn.ReLU()]
            case Pool(size, stride):
                self.shape = (-(-height // stride), -(-width // stride), channels)
                return [nn.MaxPool2d(size, stride, size // 2 if stride == 1 else 0)]
            case Mean():
                self.shape = (channels,)
                return [MeanPlaces()]
            case Flatten():
                self.shape = (height * width * channels,)
                # the weights that follow are listed for channels last: bring their rows into PyTorch's order
                order = np.arange(self.shape[0]).reshape(height, width, channels).transpose(2, 0, 1).ravel()
                self.rest = iter([next(self.rest)[order], *self.rest])
                return [nn.Flatten()]
            case Join(branches):
                shape, made, channels = self.shape, [], 0
                for branch in branches:
                    self.shape = shape
                    made.append(self.chain(branch))
                    channels += self.shape[-1]
                self.shape = (*shape[:2], channels)
                return [Branches(made)]
            case Residual(layers, stride, filters):
                return [Shortcut(self.chain(layers), stride, (filters - channels) // 2)]
        raise TypeError(layer)

    @staticmethod
    def fill(to: Any, values: Any) -> None:
        with torch.no_grad():
            to.copy_(torch.from_numpy(np.ascontiguousarray(values)))


def images(x: Any, mirror: bool, tuned: bool) -> Any:
    """Rows as PyTorch wants them: NCHW, in memory channels last where it is tuned."""
    if x.ndim != 4:
        return torch.from_numpy(x)
    found = torch.from_numpy(np.ascontiguousarray((x[:, ::-1, ::-1] if mirror else x).transpose(0, 3, 1, 2)))
    return found.contiguous(memory_format=torch.channels_last) if tuned else found


def built(work: Training, way: str) -> tuple[Any, bool]:
    """The net, and whether it is a mirrored one."""
    builder = Builder(work)
    net = builder.net if way == "eager" else builder.net.to(memory_format=torch.channels_last)
    return (torch.compile(net) if way == "compiled" else net), builder.mirror


class Train:
    def __init__(self, work: Training, way: str) -> None:
        self.work = work
        x, y = work.data()
        self.model, mirror = built(work, way)
        self.x = images(x, mirror, way != "eager")
        self.y = torch.from_numpy(y).long() if work.loss == "classes" else torch.from_numpy(y)
        fused = {} if way == "eager" else {"fused": True}
        if isinstance(work.optimizer, SGD):
            rate, momentum = work.optimizer.rate, work.optimizer.momentum
            self.optimizer = torch.optim.SGD(self.model.parameters(), rate, momentum, **fused)
        else:
            rate, epsilon = work.optimizer.rate, work.optimizer.epsilon
            self.optimizer = torch.optim.Adam(self.model.parameters(), rate, eps=epsilon, **fused)
        self.loss = {"mse": nn.MSELoss, "logistic": nn.BCEWithLogitsLoss, "classes": nn.CrossEntropyLoss}[work.loss]()
        self.unit = work.steps
        self.batches = work.batches(self.x, self.y)

    def step(self, x: Any, y: Any) -> Any:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss

    def first(self) -> list[float]:
        return [self.step(*next(self.batches)).item()]

    def more(self) -> list[float]:
        return [self.step(*batch).item() for batch in self.batches]

    def run(self, times: int) -> None:
        size, rows = self.work.batch, self.work.rows
        for _ in range(times):
            if self.work.shuffle:
                for part in torch.randperm(rows).split(size):
                    self.step(self.x[part], self.y[part])
            else:
                for x, y in zip(self.x.split(size), self.y.split(size), strict=True):
                    self.step(x, y)


def training(work: Training, way: str) -> Train:
    return Train(work, way)


def prediction(work: Any, way: str) -> Repeat:
    model, mirror = built(work.of, way)
    model.eval()
    x = work.data()

    @torch.inference_mode()
    def answer() -> Any:
        return model(images(x, mirror, way != "eager")).numpy()

    return Repeat(answer, work.summary)


def eager(work: Any, way: str) -> Repeat:
    start, w, upstream = map(torch.from_numpy, work.data())
    x = start.requires_grad_()

    def both() -> Any:
        t = x
        for _ in range(work.length // 4):
            t = torch.tanh(t * w + w) - w
        return t, torch.autograd.grad(t, x, upstream)[0]

    return Repeat(both, lambda found: work.summary(*[t.detach().numpy() for t in found]), work.length)


def hvp(work: Any, way: str) -> Repeat:
    x, y, weights, directions = work.data()
    x, y = torch.from_numpy(x), torch.from_numpy(y).long()
    weights, directions = tuple(map(torch.from_numpy, weights)), tuple(map(torch.from_numpy, directions))

    def cost(weights: Any) -> Any:
        t = x
        for n, layer in enumerate(work.of.net):
            t = t @ weights[2 * n] + weights[2 * n + 1]
            t = torch.relu(t) if layer.relu else t
        return functional.cross_entropy(t, y)

    def product(weights: Any, directions: Any) -> Any:
        return torch.func.jvp(torch.func.grad(cost), (weights,), (directions,))[1]

    f = torch.compile(product) if way == "compiled" else product
    return Repeat(lambda: f(weights, directions), lambda found: work.summary([p.numpy() for p in found]))


def roi(work: Any, way: str) -> Repeat:
    """Eager: four gathers a sample. Tuned: bilinear weights as matrices, two products. Or torchvision's own kernel."""
    features, boxes, upstream = work.data()
    count = work.bins * work.samples
    y0, x0, y1, x1 = (torch.from_numpy(boxes[:, k]) - 0.5 for k in (1, 0, 3, 2))
    parts = (torch.arange(count) + 0.5) / count
    size = work.size

    def places(start: Any, end: Any) -> Any:
        return (start[:, None] + (end - start)[:, None] * parts).clamp(0, size - 1)

    def gathered(x: Any) -> Any:
        y, z = places(y0, y1)[:, :, None], places(x0, x1)[:, None, :]
        top, left = y.floor().long(), z.floor().long()
        bottom, right = (top + 1).clamp(max=size - 1), (left + 1).clamp(max=size - 1)
        v, h = (y - top)[..., None], (z - left)[..., None]
        upper = x[top, left] * (1 - h) + x[top, right] * h
        lower = x[bottom, left] * (1 - h) + x[bottom, right] * h
        return averaged(upper * (1 - v) + lower * v)

    def averaged(samples: Any) -> Any:
        parts = samples.reshape(-1, work.bins, work.samples, work.bins, work.samples, work.channels)
        return parts.mean((2, 4))

    def matrix(start: Any, end: Any) -> Any:
        distance = (places(start, end)[..., None] - torch.arange(size)).abs()
        return (1 - distance).clamp(min=0).reshape(-1, work.bins, work.samples, size).mean(2)

    def products(x: Any) -> Any:
        rows = (matrix(y0, y1).reshape(-1, size) @ x.reshape(size, -1)).reshape(-1, work.bins, size, work.channels)
        return torch.einsum("nqw,npwc->npqc", matrix(x0, x1), rows)

    def kernel(x: Any) -> Any:
        from torchvision.ops import roi_align

        given = [torch.from_numpy(boxes)]
        return roi_align(x, given, work.bins, sampling_ratio=work.samples, aligned=True)

    if way == "torchvision":
        import torchvision  # noqa: F401 - so that its absence is said at once

        x = torch.from_numpy(np.ascontiguousarray(features.transpose(0, 3, 1, 2))).requires_grad_()
        g = torch.from_numpy(np.ascontiguousarray(upstream.transpose(0, 3, 1, 2)))
    else:
        x, g = torch.from_numpy(features[0]).requires_grad_(), torch.from_numpy(upstream)
    f = {"eager": gathered, "tuned": products, "compiled": torch.compile(gathered), "torchvision": kernel}[way]

    def both() -> Any:
        pooled = f(x)
        return pooled, torch.autograd.grad(pooled, x, g)[0]

    def last(t: Any) -> Any:
        array = t.detach().numpy()
        return array.transpose(0, 2, 3, 1) if way == "torchvision" else array

    return Repeat(both, lambda found: work.summary(*map(last, found)))
