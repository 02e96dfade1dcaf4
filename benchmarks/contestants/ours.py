"""chainrule: `fit` and `predict_on_batch` as users write them, and `chainrule.compile`."""

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
    if (policy or work.policy) != "float32":
        cr.config.set_dtype_policy(policy or work.policy)
    return Fit(cr, work, engine=engine)


def prediction(work: Any, engine: str | None) -> Predict:
    return Predict(cr, work, engine=engine)


def compiled(f: Callable[..., Any], engine: str | None) -> Callable[..., Any]:
    """By the fast engine, where no other is asked for."""
    return f if engine == "numpy" else cr.compile(f)


def arrived(found: Any) -> None:
    """An engine may still be at work on what it gave."""
    for t in found:
        np.asarray(t)


def roi(work: Any, engine: str | None) -> Repeat:
    features, boxes, upstream = work.data()
    x = cr.Variable(features)

    def both(boxes: Any, upstream: Any) -> Any:
        pooled = ops.roi_align(x, boxes, output_size=work.bins, sampling_ratio=work.samples)
        return pooled, cr.gradients(pooled, x, upstream=upstream)

    f = compiled(both, engine)
    given = cr.tensor(boxes[None]), cr.tensor(upstream[None])
    return Repeat(lambda: f(*given), lambda found: work.summary(*map(np.asarray, found)), wait=arrived)


def eager(work: Any, engine: str | None) -> Repeat:
    start, w, upstream = work.data()
    x, w, upstream = cr.Variable(start), cr.tensor(w), cr.tensor(upstream)

    def both() -> Any:
        t = x.value
        for _ in range(work.length // 4):
            t = ops.tanh(t * w + w) - w
        return t, cr.gradients(t, x, upstream=upstream)

    return Repeat(both, lambda found: work.summary(*map(np.asarray, found)), work.length, wait=arrived)


def hvp(work: Any, engine: str | None) -> Repeat:
    """`cr.hvp` is of one tensor; of several it is the same, written out: forward over reverse."""
    x, y, weights, directions = work.data()
    entropy = loss(cr, work.of.loss)

    def cost(*weights: Any) -> Any:
        t = cr.tensor(x)
        for n, layer in enumerate(work.of.net):
            t = ops.matmul(t, weights[2 * n]) + weights[2 * n + 1]
            t = ops.relu(t) if layer.relu else t
        return entropy(y, t)

    slopes = cr.grad(cost, argnums=range(len(weights)))
    f = compiled(lambda weights, directions: cr.jvp(slopes, weights, directions)[1], engine)
    given = [cr.tensor(w) for w in weights], [cr.tensor(d) for d in directions]
    return Repeat(lambda: f(*given), lambda found: work.summary([np.asarray(p) for p in found]), wait=arrived)


def net(work: Any) -> Any:
    """The work's model without its weights, for what is only counted."""
    return Builder(cr).model(work)
