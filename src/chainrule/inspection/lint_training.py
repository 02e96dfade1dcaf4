"""Checks of `lint` that run the model: units that are dead, a learning rate that is too large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..graph import CallNode, Graph
from ..ops.record import operation_of
from ..tensors import tree
from ..tensors.convert import symbolic
from ..tensors.tensor import Tensor
from ..training.preparation import optimizers_of, prepare, prepare_optimizer
from ..transforms.run import run
from ..transforms.trace import restored_variables
from .lint_case import CROSSENTROPIES, Case, Finding, warning

EPSILON = 1e-7  # what the losses of probabilities keep them from 0 and 1 by


def dead_units(case: Case) -> Iterator[Finding]:
    """Relu units that are 0 for all of the data."""
    if case.rows is None or case.graph is None or len(case.rows) < 20:
        return
    batch_size = 500
    relus: list[Tensor] = []
    active: list[Any] = []  # for each relu, which units are positive for some example
    for start in range(0, min(len(case.rows), 2000), batch_size):
        batch = [a[start : start + batch_size] for a in case.x]
        symbols = [symbolic(a.shape, a.dtype) for a in batch]
        relus = _relu_outputs(case, symbols)
        if not relus:
            return
        arrays = [v.numpy() for v in run(relus, dict(zip(symbols, batch, strict=True)))]
        active_here = [(a > 0).any(axis=tuple(range(a.ndim - 1))) for a in arrays]
        active = [old | new for old, new in zip(active or active_here, active_here, strict=True)]
    for node, is_active in zip(relus, active, strict=True):
        dead = int((~is_active).sum())
        if is_active.size >= 4 and dead >= 0.5 * is_active.size:
            what = f"{dead} of {is_active.size} units of {node.scope!r} are 0 for all of the data, and cannot learn"
            yield warning("dead-units", what, "lower the learning rate, use he_normal initial weights, or leaky_relu")


def _relu_outputs(case: Case, symbols: list[Tensor]) -> list[Any]:
    """Return the outputs of the model's relus for these inputs."""
    outputs = case.model(case.unflatten(list(symbols)), training=False)
    tensors = [t for t in tree.leaves(outputs) if isinstance(t, Tensor)]
    relus = []
    for node in Graph(symbols, tensors).nodes:
        if node.operation.leaf or isinstance(node, CallNode):  # a call's outputs are nodes of their own
            continue
        if operation_of(node.source).rectifies or node.source.attributes.get("activation") == "relu":
            relus.append(node)
    return relus


def saturated(case: Case) -> Iterator[Finding]:
    """Probabilities so near to 0 for the true class that the loss, which keeps them from 0, has no slope."""
    operation = case.last_operation
    if case.loss not in CROSSENTROPIES or case.logits or operation is None or not operation.probabilities:
        return
    if case.rows is None or not isinstance(case.y, np.ndarray) or case.output is None:
        return
    batch, y = [a[:500] for a in case.x], case.y[:500]
    symbols = [symbolic(a.shape, a.dtype) for a in batch]
    outputs = tree.leaves(case.model(case.unflatten(list(symbols)), training=False))
    (p,) = (v.numpy() for v in run(outputs[:1], dict(zip(symbols, batch, strict=True))))
    if case.loss == "SparseCategoricalCrossentropy":
        labels = y.reshape(p.shape[:-1]).astype("int64")
        inside = (labels >= 0) & (labels < p.shape[-1])
        of_class = np.take_along_axis(p, np.where(inside, labels, 0)[..., None], -1)[..., 0][inside]
    elif case.loss == "CategoricalCrossentropy":
        of_class = p[y > 0.5]
    else:
        hard = (y.reshape(p.shape) == 0) | (y.reshape(p.shape) == 1)
        of_class = np.where(y.reshape(p.shape) == 1, p, 1 - p)[hard]
    stuck = int((of_class <= EPSILON).sum())
    if stuck >= max(1, 0.01 * of_class.size):
        activation = "sigmoid" if case.loss == "BinaryCrossentropy" else "softmax"
        what = f"{stuck} of {of_class.size} labels have a probability of 0 after the {activation}"
        what += f", at which {case.loss} has no slope: they never move"
        mend = f"leave the {activation} out and use {case.loss}(from_logits=True), or scale the inputs"
        yield warning("saturated", what, mend)


def learning_rate(case: Case) -> Iterator[Finding]:
    """A learning rate under which the loss rises: ten steps on one batch, which are then undone."""
    model = case.model
    if case.rows is None or case.y is None or model.optimizer is None:
        return
    x, y = case.unflatten([a[:128] for a in case.x]), case.y[:128]
    losses = []
    prepare(model, (x, y, None), training=True)
    prepare_optimizer(model)
    owners = [model, *optimizers_of(model), *model.metrics]
    with restored_variables([v for owner in owners for v in owner.variables]):
        for _ in range(10):
            model.reset_metrics()
            losses.append(model.train_on_batch(x, y, return_dict=True).get("loss", 0.0))
    first, last = losses[0], float(np.median(losses[-3:]))
    if not np.isfinite(losses).all() or last > 2 * first + 1e-6:
        values = " ".join(f"{v:.3g}" for v in losses)
        what = f"the loss rises over ten steps on one batch: {values}"
        yield warning("loss-rises", what, "use a smaller learning rate: try a tenth")
