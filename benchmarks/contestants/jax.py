"""JAX with Optax: a compiled step that Python calls for each batch, or an epoch in one `lax.scan`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from workloads.net import SGD, Conv, Dense, Flatten, Join, Mean, Norm, Pool, Relu, Residual, Training

from .repeat import Repeat

VERSION = f"JAX {jax.__version__}, Optax {optax.__version__}"


class Net:
    """The network as a pure function of its weights; it also returns the weights with new running statistics."""

    def __init__(self, work: Training, training: bool = True) -> None:
        self.work, self.training = work, training

    def __call__(self, weights: list[Any], x: Any) -> tuple[Any, list[Any]]:
        old, new = iter(weights), []
        return self.chain(self.work.net, old, new, x), new

    def chain(self, net: tuple[Any, ...], old: Iterator[Any], new: list[Any], x: Any) -> Any:
        """Apply the layers one after the other."""
        for layer in net:
            x = self.apply(layer, old, new, x)
        return x

    def take(self, old: Iterator[Any], new: list[Any], count: int) -> list[Any]:
        """Return the next weights, and append them to the new ones."""
        weights = [next(old) for _ in range(count)]
        new += weights
        return weights

    def apply(self, layer: Any, old: Iterator[Any], new: list[Any], x: Any) -> Any:
        """Apply a layer."""
        match layer:
            case Dense(_, relu):
                kernel, bias = self.take(old, new, 2)
                x = x @ kernel + bias
                return jax.nn.relu(x) if relu else x
            case Conv(_, _, stride, relu, bias):
                parts = self.take(old, new, 1 + bias)
                x = lax.conv_general_dilated(
                    x, parts[0], (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
                )
                x = x + parts[1] if bias else x
                return jax.nn.relu(x) if relu else x
            case Norm(epsilon, momentum):
                scale, shift, mean, var = self.take(old, new, 4)
                if self.training:
                    batch_statistics = x.mean((0, 1, 2)), x.var((0, 1, 2))
                    new[-2:] = [
                        lax.stop_gradient(running * momentum + batch * (1 - momentum))
                        for running, batch in zip((mean, var), batch_statistics, strict=True)
                    ]
                    mean, var = batch_statistics
                return (x - mean) * (scale * lax.rsqrt(var + epsilon)) + shift
            case Relu():
                return jax.nn.relu(x)
            case Pool(size, stride):
                return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, stride, stride, 1), "SAME")
            case Mean():
                return x.mean((1, 2))
            case Flatten():
                return x.reshape(len(x), -1)
            case Join(branches):
                return jnp.concatenate([self.chain(branch, old, new, x) for branch in branches], -1)
            case Residual(layers, stride, filters):
                padding = (filters - x.shape[-1]) // 2
                shortcut = jnp.pad(x[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (padding, padding)))
                return shortcut + self.chain(layers, old, new, x)
        raise TypeError(layer)


def cost(work: Training, logits: Any, y: Any) -> Any:
    """Return the mean loss."""
    if work.loss == "classes":
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()
    if work.loss == "logistic":
        return optax.sigmoid_binary_cross_entropy(logits, y).mean()
    return ((logits - y) ** 2).mean()


class Train:
    """Training, a step or an epoch at a time."""

    def __init__(self, work: Training, mode: str) -> None:
        self.work, (self.x, self.y) = work, work.data()
        self.steps_per_run, self.batches = work.steps, work.batches(self.x, self.y)
        net = Net(work)
        options = work.optimizer
        optimizer = (
            optax.sgd(options.rate, momentum=options.momentum or None)
            if isinstance(options, SGD)
            else optax.adam(options.rate, eps=options.epsilon)
        )
        weights = [jnp.asarray(w) for w in work.weights()]
        self.state = weights, optimizer.init(weights)

        def loss(weights: Any, x: Any, y: Any) -> Any:
            logits, new_weights = net(weights, x)
            return cost(work, logits, y), new_weights

        def step(state: Any, x: Any, y: Any) -> Any:
            weights, slots = state
            (value, new_weights), grads = jax.value_and_grad(loss, has_aux=True)(weights, x, y)
            updates, slots = optimizer.update(grads, slots)
            return (optax.apply_updates(new_weights, updates), slots), value

        def epoch(state: Any, key: Any, x: Any, y: Any) -> Any:
            order = jax.random.permutation(key, len(x)) if work.shuffle else jnp.arange(len(x))
            full = len(x) // work.batch * work.batch  # rows in full batches

            def step_on(state: Any, rows: Any) -> Any:
                return step(state, x[rows], y[rows])

            state, values = lax.scan(step_on, state, order[:full].reshape(-1, work.batch))
            return (step_on(state, order[full:])[0] if full < len(x) else state), values

        self.step = jax.jit(step, donate_argnums=0)
        self.scan = mode == "scan"
        self.epoch = jax.jit(epoch, donate_argnums=0)
        self.order, self.key = np.random.default_rng(0), jax.random.key(0)
        if self.scan or work.batch >= work.rows:
            self.x, self.y = jnp.asarray(self.x), jnp.asarray(self.y)

    def step_on(self, x: Any, y: Any) -> float:
        """Do a step; return the loss."""
        if self.scan:  # an epoch of this batch alone, so that the same function is compared and timed
            self.state, values = self.epoch(self.state, self.key, x, y)
            return float(values[0])
        self.state, value = self.step(self.state, x, y)
        return float(value)

    def first_step(self) -> list[float]:
        """Do the first step; return the numbers that prove equal work."""
        return [self.step_on(*next(self.batches))]

    def next_steps(self) -> list[float]:
        """Do the next steps that are compared; return their numbers."""
        return [self.step_on(*batch) for batch in self.batches]

    def run(self, times: int) -> None:
        """Do `times` times `steps_per_run` steps."""
        for _ in range(times):
            if self.scan:
                self.key, key = jax.random.split(self.key)
                self.state, _ = self.epoch(self.state, key, self.x, self.y)
            else:
                self.run_epoch()
        jax.block_until_ready(self.state)

    def run_epoch(self) -> None:
        """Do the steps of an epoch."""
        size, rows = self.work.batch, self.work.rows
        if size >= rows:
            self.state, _ = self.step(self.state, self.x, self.y)
            return
        order = self.order.permutation(rows) if self.work.shuffle else None
        for start in range(0, rows, size):
            part = slice(start, start + size) if order is None else order[start : start + size]
            self.state, _ = self.step(self.state, self.x[part], self.y[part])


def training(work: Training, mode: str) -> Train:
    """Return the job of a training."""
    return Train(work, mode)


def prediction(work: Any, mode: str) -> Repeat:
    """Return the job of a prediction."""
    net, x = Net(work.training, training=False), work.data()
    weights = [jnp.asarray(w) for w in work.training.weights()]
    f = jax.jit(lambda weights, x: net(weights, x)[0])
    return Repeat(lambda: np.asarray(f(weights, x)), work.summary)


def eager(work: Any, mode: str) -> Repeat:
    """Return the job of a chain of eager operations."""
    x, w, upstream = map(jnp.asarray, work.data())

    def chain(t: Any) -> Any:
        for _ in range(work.length // 4):
            t = jnp.tanh(t * w + w) - w
        return t

    def forward_and_backward() -> Any:
        t, back = jax.vjp(chain, x)
        return t, back(upstream)[0]

    return Repeat(
        forward_and_backward,
        lambda results: work.summary(*map(np.asarray, results)),
        work.length,
        wait=jax.block_until_ready,
    )


def hvp(work: Any, mode: str) -> Repeat:
    """Return the job of a Hessian-vector product."""
    x, y, weights, directions = work.data()
    net = Net(work.training)

    def loss(weights: Any) -> Any:
        return cost(work.training, net(weights, x)[0], y)

    f = jax.jit(lambda weights, directions: jax.jvp(jax.grad(loss), (weights,), (directions,))[1])
    arguments = [jnp.asarray(w) for w in weights], [jnp.asarray(d) for d in directions]
    return Repeat(
        lambda: f(*arguments),
        lambda results: work.summary([np.asarray(p) for p in results]),
        wait=jax.block_until_ready,
    )


def roi(work: Any, mode: str) -> Repeat:
    """Return the job of RoI align: by four gathers a sample, or for "einsum" by matrices of bilinear weights."""
    features, boxes, upstream = work.data()
    count, size = work.bins * work.samples, work.size
    parts = (jnp.arange(count) + 0.5) / count

    def positions(boxes: Any, first: int) -> Any:
        start, end = boxes[:, first] - 0.5, boxes[:, first + 2] - 0.5
        return jnp.clip(start[:, None] + (end - start)[:, None] * parts, 0, size - 1)

    def by_gather(x: Any, boxes: Any) -> Any:
        y, z = positions(boxes, 1)[:, :, None], positions(boxes, 0)[:, None, :]
        top, left = jnp.floor(y).astype(int), jnp.floor(z).astype(int)
        bottom, right = jnp.minimum(top + 1, size - 1), jnp.minimum(left + 1, size - 1)
        v, h = (y - top)[..., None], (z - left)[..., None]
        upper = x[top, left] * (1 - h) + x[top, right] * h
        lower = x[bottom, left] * (1 - h) + x[bottom, right] * h
        samples = upper * (1 - v) + lower * v
        return samples.reshape(-1, work.bins, work.samples, work.bins, work.samples, work.channels).mean((2, 4))

    def matrix(boxes: Any, first: int) -> Any:
        distance = jnp.abs(positions(boxes, first)[..., None] - jnp.arange(size))
        return jnp.maximum(1 - distance, 0).reshape(-1, work.bins, work.samples, size).mean(2)

    def by_products(x: Any, boxes: Any) -> Any:
        return jnp.einsum("nph,hwc,nqw->npqc", matrix(boxes, 1), x, matrix(boxes, 0))

    pool = by_products if mode == "einsum" else by_gather

    def forward_and_backward(x: Any, boxes: Any, upstream: Any) -> Any:
        pooled, back = jax.vjp(lambda x: pool(x, boxes), x)
        return pooled, back(upstream)[0]

    f = jax.jit(forward_and_backward)
    arguments = jnp.asarray(features[0]), jnp.asarray(boxes), jnp.asarray(upstream)
    return Repeat(
        lambda: f(*arguments), lambda results: work.summary(*map(np.asarray, results)), wait=jax.block_until_ready
    )
