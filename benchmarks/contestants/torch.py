"""PyTorch: eager as commonly written (NCHW), tuned (channels last, fused optimizer), and torch.compile of the tuned.

On images of even size, a convolution of stride 2 with PyTorch's symmetric padding is shifted by one entry from "same"
padding. Mirrored images and kernels give the same numbers at no cost: see `mirror`.
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
    """Branches on one input, concatenated along the channels."""

    def __init__(self, branches: list[Any]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Any) -> Any:
        """Apply all branches."""
        return torch.cat([branch(x) for branch in self.branches], 1)


class Shortcut(nn.Module):
    """A residual block with a shortcut."""

    def __init__(self, body: Any, stride: int, padding: int) -> None:
        super().__init__()
        self.body, self.stride, self.padding = body, stride, padding

    def forward(self, x: Any) -> Any:
        """Add the body's output and the input."""
        y = self.body(x)
        if self.stride > 1:  # of a mirrored image the odd entries are kept
            x = functional.pad(x[:, :, self.stride - 1 :: self.stride, self.stride - 1 :: self.stride],
                               (0, 0, 0, 0, self.padding, self.padding))  # fmt: skip
        return y + x


class GlobalMean(nn.Module):
    """Global average pooling."""

    def forward(self, x: Any) -> Any:
        """Average over height and width."""
        return x.mean((2, 3))


class Builder:
    """Builds the network, with the weights of the workload."""

    def __init__(self, work: Training) -> None:
        self.weights = iter(work.weights())
        self.mirror = any(isinstance(layer, Residual) for layer in work.net)
        self.shape = work.shape
        self.net = self.chain(work.net)
        assert next(self.weights, None) is None, "weights are left over"

    def chain(self, net: tuple[Any, ...]) -> Any:
        """Build the layers."""
        return nn.Sequential(*[part for layer in net for part in self.layer(layer)])

    def layer(self, layer: Any) -> list[Any]:
        """Build a layer, as a list of modules."""
        height, width, channels = self.shape if len(self.shape) == 3 else (0, 0, self.shape[-1])
        match layer:
            case Dense(units, relu):
                module = nn.Linear(channels, units)
                self.fill(module.weight, next(self.weights).T)
                self.fill(module.bias, next(self.weights))
                self.shape = (units,)
                return [module, nn.ReLU()] if relu else [module]
            case Conv(filters, size, stride, relu, bias):
                module = nn.Conv2d(channels, filters, size, stride, size // 2, bias=bias)
                kernel = next(self.weights)
                kernel = kernel[::-1, ::-1] if self.mirror else kernel
                self.fill(module.weight, kernel.transpose(3, 2, 0, 1))
                if bias:
                    self.fill(module.bias, next(self.weights))
                self.shape = (-(-height // stride), -(-width // stride), filters)
                return [module, nn.ReLU()] if relu else [module]
            case Norm(epsilon, momentum):
                module = nn.BatchNorm2d(channels, eps=epsilon, momentum=1 - momentum)
                for target in (module.weight, module.bias, module.running_mean, module.running_var):
                    self.fill(target, next(self.weights))
                return [module]
            case Relu():
                return [nn.ReLU()]
            case Pool(size, stride):
                self.shape = (-(-height // stride), -(-width // stride), channels)
                return [nn.MaxPool2d(size, stride, size // 2 if stride == 1 else 0)]
            case Mean():
                self.shape = (channels,)
                return [GlobalMean()]
            case Flatten():
                self.shape = (height * width * channels,)
                # the next weights are for channels last: bring their rows into PyTorch's order
                order = np.arange(self.shape[0]).reshape(height, width, channels).transpose(2, 0, 1).ravel()
                self.weights = iter([next(self.weights)[order], *self.weights])
                return [nn.Flatten()]
            case Join(branches):
                shape, built, channels = self.shape, [], 0
                for branch in branches:
                    self.shape = shape
                    built.append(self.chain(branch))
                    channels += self.shape[-1]
                self.shape = (*shape[:2], channels)
                return [Branches(built)]
            case Residual(layers, stride, filters):
                return [Shortcut(self.chain(layers), stride, (filters - channels) // 2)]
        raise TypeError(layer)

    @staticmethod
    def fill(target: Any, values: Any) -> None:
        """Copy values into a parameter."""
        with torch.no_grad():
            target.copy_(torch.from_numpy(np.ascontiguousarray(values)))


def images(x: Any, mirror: bool, tuned: bool) -> Any:
    """Return images as PyTorch takes them: NCHW, and if tuned channels last in memory."""
    if x.ndim != 4:
        return torch.from_numpy(x)
    tensor = torch.from_numpy(np.ascontiguousarray((x[:, ::-1, ::-1] if mirror else x).transpose(0, 3, 1, 2)))
    return tensor.contiguous(memory_format=torch.channels_last) if tuned else tensor


def build(work: Training, mode: str) -> tuple[Any, bool]:
    """Return the network, and whether its images are mirrored."""
    builder = Builder(work)
    net = builder.net if mode == "eager" else builder.net.to(memory_format=torch.channels_last)
    return (torch.compile(net) if mode == "compiled" else net), builder.mirror


class Train:
    """Training by a loop over batches."""

    def __init__(self, work: Training, mode: str) -> None:
        self.work = work
        x, y = work.data()
        self.model, mirror = build(work, mode)
        self.x = images(x, mirror, mode != "eager")
        self.y = torch.from_numpy(y).long() if work.loss == "classes" else torch.from_numpy(y)
        fused = {} if mode == "eager" else {"fused": True}
        if isinstance(work.optimizer, SGD):
            rate, momentum = work.optimizer.rate, work.optimizer.momentum
            self.optimizer = torch.optim.SGD(self.model.parameters(), rate, momentum, **fused)
        else:
            rate, epsilon = work.optimizer.rate, work.optimizer.epsilon
            self.optimizer = torch.optim.Adam(self.model.parameters(), rate, eps=epsilon, **fused)
        self.loss = {"mse": nn.MSELoss, "logistic": nn.BCEWithLogitsLoss, "classes": nn.CrossEntropyLoss}[work.loss]()
        self.steps_per_run = work.steps
        self.batches = work.batches(self.x, self.y)

    def step(self, x: Any, y: Any) -> Any:
        """Do a step; return the loss."""
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss

    def first_step(self) -> list[float]:
        """Do the first step; return the numbers that prove equal work."""
        return [self.step(*next(self.batches)).item()]

    def next_steps(self) -> list[float]:
        """Do the next steps that are compared; return their numbers."""
        return [self.step(*batch).item() for batch in self.batches]

    def run(self, times: int) -> None:
        """Do `times` times `steps_per_run` steps."""
        size, rows = self.work.batch, self.work.rows
        for _ in range(times):
            if self.work.shuffle:
                for part in torch.randperm(rows).split(size):
                    self.step(self.x[part], self.y[part])
            else:
                for x, y in zip(self.x.split(size), self.y.split(size), strict=True):
                    self.step(x, y)


def training(work: Training, mode: str) -> Train:
    """Return the job of a training."""
    return Train(work, mode)


def prediction(work: Any, mode: str) -> Repeat:
    """Return the job of a prediction."""
    model, mirror = build(work.training, mode)
    model.eval()
    x = work.data()

    @torch.inference_mode()
    def predict() -> Any:
        return model(images(x, mirror, mode != "eager")).numpy()

    return Repeat(predict, work.summary)


def eager(work: Any, mode: str) -> Repeat:
    """Return the job of a chain of eager operations."""
    start, w, upstream = map(torch.from_numpy, work.data())
    x = start.requires_grad_()

    def forward_and_backward() -> Any:
        t = x
        for _ in range(work.length // 4):
            t = torch.tanh(t * w + w) - w
        return t, torch.autograd.grad(t, x, upstream)[0]

    return Repeat(
        forward_and_backward, lambda results: work.summary(*[t.detach().numpy() for t in results]), work.length
    )


def hvp(work: Any, mode: str) -> Repeat:
    """Return the job of a Hessian-vector product."""
    x, y, weights, directions = work.data()
    x, y = torch.from_numpy(x), torch.from_numpy(y).long()
    weights, directions = tuple(map(torch.from_numpy, weights)), tuple(map(torch.from_numpy, directions))

    def cost(weights: Any) -> Any:
        t = x
        for n, layer in enumerate(work.training.net):
            t = t @ weights[2 * n] + weights[2 * n + 1]
            t = torch.relu(t) if layer.relu else t
        return functional.cross_entropy(t, y)

    def product(weights: Any, directions: Any) -> Any:
        return torch.func.jvp(torch.func.grad(cost), (weights,), (directions,))[1]

    f = torch.compile(product) if mode == "compiled" else product
    return Repeat(lambda: f(weights, directions), lambda results: work.summary([p.numpy() for p in results]))


def roi(work: Any, mode: str) -> Repeat:
    """Return the job of RoI align: by four gathers a sample, if tuned by matrices of bilinear weights and two products,
    or by torchvision's kernel."""
    features, boxes, upstream = work.data()
    count = work.bins * work.samples
    y0, x0, y1, x1 = (torch.from_numpy(boxes[:, k]) - 0.5 for k in (1, 0, 3, 2))
    parts = (torch.arange(count) + 0.5) / count
    size = work.size

    def positions(start: Any, end: Any) -> Any:
        return (start[:, None] + (end - start)[:, None] * parts).clamp(0, size - 1)

    def by_gather(x: Any) -> Any:
        y, z = positions(y0, y1)[:, :, None], positions(x0, x1)[:, None, :]
        top, left = y.floor().long(), z.floor().long()
        bottom, right = (top + 1).clamp(max=size - 1), (left + 1).clamp(max=size - 1)
        v, h = (y - top)[..., None], (z - left)[..., None]
        upper = x[top, left] * (1 - h) + x[top, right] * h
        lower = x[bottom, left] * (1 - h) + x[bottom, right] * h
        return average(upper * (1 - v) + lower * v)

    def average(samples: Any) -> Any:
        parts = samples.reshape(-1, work.bins, work.samples, work.bins, work.samples, work.channels)
        return parts.mean((2, 4))

    def matrix(start: Any, end: Any) -> Any:
        distance = (positions(start, end)[..., None] - torch.arange(size)).abs()
        return (1 - distance).clamp(min=0).reshape(-1, work.bins, work.samples, size).mean(2)

    def by_products(x: Any) -> Any:
        rows = (matrix(y0, y1).reshape(-1, size) @ x.reshape(size, -1)).reshape(-1, work.bins, size, work.channels)
        return torch.einsum("nqw,npwc->npqc", matrix(x0, x1), rows)

    def kernel(x: Any) -> Any:
        from torchvision.ops import roi_align

        return roi_align(x, [torch.from_numpy(boxes)], work.bins, sampling_ratio=work.samples, aligned=True)

    if mode == "torchvision":
        import torchvision  # noqa: F401 - so that its absence is an ImportError here

        x = torch.from_numpy(np.ascontiguousarray(features.transpose(0, 3, 1, 2))).requires_grad_()
        g = torch.from_numpy(np.ascontiguousarray(upstream.transpose(0, 3, 1, 2)))
    else:
        x, g = torch.from_numpy(features[0]).requires_grad_(), torch.from_numpy(upstream)
    f = {"eager": by_gather, "tuned": by_products, "compiled": torch.compile(by_gather), "torchvision": kernel}[mode]

    def forward_and_backward() -> Any:
        pooled = f(x)
        return pooled, torch.autograd.grad(pooled, x, g)[0]

    def channels_last(t: Any) -> Any:
        array = t.detach().numpy()
        return array.transpose(0, 2, 3, 1) if mode == "torchvision" else array

    return Repeat(forward_and_backward, lambda results: work.summary(*map(channels_last, results)))
