"""JAX with Optax: a jitted step that the host calls for each batch, or a whole epoch in one `lax.scan`."""

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
    """The net as a pure function of a list of weights; batch normalisation's running statistics come back new."""

    def __init__(self, work: Training, training: bool = True) -> None:
        self.work, self.training = work, training

    def __call__(self, weights: list[Any], x: Any) -> tuple[Any, list[Any]]:
        rest, kept = iter(weights), []
        return self.chain(self.work.net, rest, kept, x), kept

    def chain(self, net: tuple[Any, ...], rest: Iterator[Any], kept: list[Any], x: Any) -> Any:
        for layer in net:
            x = self.apply(layer, rest, kept, x)
        return x

    def take(self, rest: Iterator[Any], kept: list[Any], count: int) -> list[Any]:
        found = [next(rest) for _ in range(count)]
        kept += found
        return found

    def apply(self, layer: Any, rest: Iterator[Any], kept: list[Any], x: Any) -> Any:
        match layer:
            case Dense(_, relu):
                kernel, bias = self.take(rest, kept, 2)
                x = x @ kernel + bias
                return jax.nn.relu(x) if relu else x
            case Conv(_, _, stride, relu, bias):
                parts = self.take(rest, kept, 1 + bias)
                x = lax.conv_general_dilated(
                    x, parts[0], (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
                )
                x = x + parts[1] if bias else x
                return jax.nn.relu(x) if relu else x
            case Norm(epsilon, momentum):
                scale, shift, mean, var = self.take(rest, kept, 4)
                if self.training:
                    now = x.mean((0, 1, 2)), x.var((0, 1, 2))
                    kept[-2:] = [
                        lax.stop_gradient(old * momentum + new * (1 - momentum))
                        for old, new in zip((mean, var), now, strict=True)
                    ]
                    mean, var = now
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
                return jnp.concatenate([self.chain(branch, rest, kept, x) for branch in branches], -1)
            case Residual(layers, stride, filters):
                more = (filters - x.shape[-1]) // 2
                shortcut = jnp.pad(x[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (more, more)))
                return shortcut + self.chain(layers, rest, kept, x)
        raise TypeError(layer)


def cost(work: Training, logits: Any, y: Any) -> Any:
    if work.loss == "classes":
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()
    if work.loss == "logistic":
        return optax.sigmoid_binary_cross_entropy(logits, y).mean()
    return ((logits - y) ** 2).mean()


class Train:
    def __init__(self, work: Training, way: str) -> None:
        self.work, (self.x, self.y) = work, work.data()
        self.unit, self.batches = work.steps, work.batches(self.x, self.y)
        net = Net(work)
        of = work.optimizer
        rule = (
            optax.sgd(of.rate, momentum=of.momentum or None)
            if isinstance(of, SGD)
            else optax.adam(of.rate, eps=of.epsilon)
        )
        weights = [jnp.asarray(w) for w in work.weights()]
        self.state = weights, rule.init(weights)

        def loss(weights: Any, x: Any, y: Any) -> Any:
            logits, kept = net(weights, x)
            return cost(work, logits, y), kept

        def step(state: Any, x: Any, y: Any) -> Any:
            weights, slots = state
            (value, kept), grads = jax.value_and_grad(loss, has_aux=True)(weights, x, y)
            updates, slots = rule.update(grads, slots)
            return (optax.apply_updates(kept, updates), slots), value

        def epoch(state: Any, key: Any, x: Any, y: Any) -> Any:
            order = jax.random.permutation(key, len(x)) if work.shuffle else jnp.arange(len(x))
            whole = len(x) // work.batch * work.batch

            def one(state: Any, part: Any) -> Any:
                return step(state, x[part], y[part])

            state, values = lax.scan(one, state, order[:whole].reshape(-1, work.batch))
            return (one(state, order[whole:])[0] if whole < len(x) else state), values

        self.step = jax.jit(step, donate_argnums=0)
        self.scan = way == "scan"
        self.epoch = jax.jit(epoch, donate_argnums=0)
        self.order, self.key = np.random.default_rng(0), jax.random.key(0)
        if self.scan or work.batch >= work.rows:
            self.x, self.y = jnp.asarray(self.x), jnp.asarray(self.y)

    def take(self, x: Any, y: Any) -> float:
        if self.scan:  # an epoch of this batch alone: what is timed is what is compared
            self.state, values = self.epoch(self.state, self.key, x, y)
            return float(values[0])
        self.state, value = self.step(self.state, x, y)
        return float(value)

    def first(self) -> list[float]:
        return [self.take(*next(self.batches))]

    def more(self) -> list[float]:
        return [self.take(*batch) for batch in self.batches]

    def run(self, times: int) -> None:
        for _ in range(times):
            if self.scan:
                self.key, now = jax.random.split(self.key)
                self.state, _ = self.epoch(self.state, now, self.x, self.y)
            else:
                self.once()
        jax.block_until_ready(self.state)

    def once(self) -> None:
        size, rows = self.work.batch, self.work.rows
        if size >= rows:
            self.state, _ = self.step(self.state, self.x, self.y)
            return
        order = self.order.permutation(rows) if self.work.shuffle else None
        for start in range(0, rows, size):
            part = slice(start, start + size) if order is None else order[start : start + size]
            self.state, _ = self.step(self.state, self.x[part], self.y[part])


def training(work: Training, way: str) -> Train:
    return Train(work, way)


def prediction(work: Any, way: str) -> Repeat:
    net, x = Net(work.of, training=False), work.data()
    weights = [jnp.asarray(w) for w in work.of.weights()]
    f = jax.jit(lambda weights, x: net(weights, x)[0])
    return Repeat(lambda: np.asarray(f(weights, x)), work.summary)


def eager(work: Any, way: str) -> Repeat:
    x, w, upstream = map(jnp.asarray, work.data())

    def chain(t: Any) -> Any:
        for _ in range(work.length // 4):
            t = jnp.tanh(t * w + w) - w
        return t

    def both() -> Any:
        t, back = jax.vjp(chain, x)
        return t, back(upstream)[0]

    return Repeat(both, lambda found: work.summary(*map(np.asarray, found)), work.length, wait=jax.block_until_ready)


def hvp(work: Any, way: str) -> Repeat:
    x, y, weights, directions = work.data()
    net = Net(work.of)

    def loss(weights: Any) -> Any:
        return cost(work.of, net(weights, x)[0], y)

    f = jax.jit(lambda weights, directions: jax.jvp(jax.grad(loss), (weights,), (directions,))[1])
    given = [jnp.asarray(w) for w in weights], [jnp.asarray(d) for d in directions]
    return Repeat(
        lambda: f(*given), lambda found: work.summary([np.asarray(p) for p in found]), wait=jax.block_until_ready
    )


def roi(work: Any, way: str) -> Repeat:
    """Step: four gathers a sample. Einsum: the bilinear weights as matrices."""
    features, boxes, upstream = work.data()
    count, size = work.bins * work.samples, work.size
    parts = (jnp.arange(count) + 0.5) / count

    def places(boxes: Any, first: int) -> Any:
        start, end = boxes[:, first] - 0.5, boxes[:, first + 2] - 0.5
        return jnp.clip(start[:, None] + (end - start)[:, None] * parts, 0, size - 1)

    def gathered(x: Any, boxes: Any) -> Any:
        y, z = places(boxes, 1)[:, :, None], places(boxes, 0)[:, None, :]
        top, left = jnp.floor(y).astype(int), jnp.floor(z).astype(int)
        bottom, right = jnp.minimum(top + 1, size - 1), jnp.minimum(left + 1, size - 1)
        v, h = (y - top)[..., None], (z - left)[..., None]
        upper = x[top, left] * (1 - h) + x[top, right] * h
        lower = x[bottom, left] * (1 - h) + x[bottom, right] * h
        samples = upper * (1 - v) + lower * v
        return samples.reshape(-1, work.bins, work.samples, work.bins, work.samples, work.channels).mean((2, 4))

    def matrix(boxes: Any, first: int) -> Any:
        distance = jnp.abs(places(boxes, first)[..., None] - jnp.arange(size))
        return jnp.maximum(1 - distance, 0).reshape(-1, work.bins, work.samples, size).mean(2)

    def products(x: Any, boxes: Any) -> Any:
        return jnp.einsum("nph,hwc,nqw->npqc", matrix(boxes, 1), x, matrix(boxes, 0))

    pool = products if way == "einsum" else gathered

    def both(x: Any, boxes: Any, upstream: Any) -> Any:
        pooled, back = jax.vjp(lambda x: pool(x, boxes), x)
        return pooled, back(upstream)[0]

    f = jax.jit(both)
    given = jnp.asarray(features[0]), jnp.asarray(boxes), jnp.asarray(upstream)
    return Repeat(lambda: f(*given), lambda found: work.summary(*map(np.asarray, found)), wait=jax.block_until_ready)
