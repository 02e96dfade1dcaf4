"""chainrule: `fit`, `predict_on_batch` and `chainrule.compile`, as a user would call them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule as cr
from chainrule import ops

from .functional import Builder, Fit, Predict, loss
from .repeat import Repeat

VERSION = f"chainrule {cr.version()}"


def training(work: Any, engine: str | None, policy: str | None = None) -> Fit:
    """Return the job of a training."""
    if (policy or work.policy) != "float32":
        cr.config.set_dtype_policy(policy or work.policy)
    return Fit(cr, work, engine=engine)


def prediction(work: Any, engine: str | None) -> Predict:
    """Return the job of a prediction."""
    return Predict(cr, work, engine=engine)


def compiled(f: Callable[..., Any], engine: str | None) -> Callable[..., Any]:
    """Return the function compiled for XLA, or itself for the NumPy engine."""
    return f if engine == "numpy" else cr.compile(f)


def wait(results: Any) -> None:
    """Wait for an engine that computes asynchronously."""
    for t in results:
        np.asarray(t)


def roi(work: Any, engine: str | None) -> Repeat:
    """Return the job of RoI align."""
    features, boxes, upstream = work.data()
    x = cr.Variable(features)

    def forward_and_backward(boxes: Any, upstream: Any) -> Any:
        pooled = ops.roi_align(x, boxes, output_size=work.bins, sampling_ratio=work.samples)
        return pooled, cr.gradients(pooled, x, upstream=upstream)

    f = compiled(forward_and_backward, engine)
    arguments = cr.tensor(boxes[None]), cr.tensor(upstream[None])
    return Repeat(lambda: f(*arguments), lambda results: work.summary(*map(np.asarray, results)), wait=wait)


def eager(work: Any, engine: str | None) -> Repeat:
    """Return the job of a chain of eager operations."""
    start, w, upstream = work.data()
    x, w, upstream = cr.Variable(start), cr.tensor(w), cr.tensor(upstream)

    def forward_and_backward() -> Any:
        t = x.value
        for _ in range(work.length // 4):
            t = ops.tanh(t * w + w) - w
        return t, cr.gradients(t, x, upstream=upstream)

    return Repeat(forward_and_backward, lambda results: work.summary(*map(np.asarray, results)), work.length, wait=wait)


def hvp(work: Any, engine: str | None) -> Repeat:
    """Return the job of a Hessian-vector product, forward over reverse; `cr.hvp` takes only one tensor."""
    x, y, weights, directions = work.data()
    entropy = loss(cr, work.training.loss)

    def cost(*weights: Any) -> Any:
        t = cr.tensor(x)
        for n, layer in enumerate(work.training.net):
            t = ops.matmul(t, weights[2 * n]) + weights[2 * n + 1]
            t = ops.relu(t) if layer.relu else t
        return entropy(y, t)

    gradient = cr.grad(cost, argnums=range(len(weights)))
    f = compiled(lambda weights, directions: cr.jvp(gradient, weights, directions)[1], engine)
    arguments = [cr.tensor(w) for w in weights], [cr.tensor(d) for d in directions]
    return Repeat(lambda: f(*arguments), lambda results: work.summary([np.asarray(p) for p in results]), wait=wait)


def net(work: Any) -> Any:
    """Return the workload's model with weights of its own, for counting operations."""
    return Builder(cr).model(work)
