"""Looking inside a model at work: its values and gradients by layer, and the whole of them explained.

Nothing is changed by looking: what a pass in training assigns (a batch normalisation's averages, the place in a random
stream) is seen by that pass alone.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from ..errors import GraphError, ValueProblem
from ..graph import Node, line_of
from ..layers.calling import looking_on
from ..readings.differentiate import gradients as gradients_of
from ..readings.explain import Explanation, explain
from ..readings.nested import flatten
from ..readings.trace import Aside
from ..tensor import Tensor, Variable, constant, recording, tensor
from ..training.feed import one_batch


class Pass(NamedTuple):
    """One pass through a model: what went in, by name; each layer's output, by path; the outputs; the loss or None."""

    given: dict[str, Tensor]
    layers: dict[str, Tensor]
    outputs: Any
    loss: Tensor | None


def run_through(model: Any, x: Any, y: Any, sample_weight: Any, training: bool, watch: bool) -> Pass:
    """Run a model on a batch, and its loss if there are targets; `watch`: gradients are wanted of x, too."""
    batch = one_batch(x, y, sample_weight, None, model._float_dtype())
    if y is not None:
        model._must_be_compiled("the loss")
    model._prepare(batch, training=training)
    flat, build = flatten(batch, numbers=False)
    inputs = {id(a) for a in flatten(batch[0], numbers=False)[0]}
    held = []
    for a in flat:
        watched = a is not None and watch and id(a) in inputs and a.dtype.kind == "f"
        held.append(None if a is None else tensor(a, watch=True) if watched else constant(a))
    data, targets, weights = build(held)
    given = {**_named("x", data, model.input_names), **_named("y", targets), **_named("sample_weight", weights)}
    try:
        with recording(Aside()), looking_on() as seen, np.errstate(all="ignore"):
            outputs = model(data, training=training)
            loss = model.compute_loss(data, targets, outputs, weights, training) if y is not None else None
    finally:
        model._forget_losses()
    return Pass(given, _by_path(model, seen), outputs, loss)


def _named(name: str, nested: Any, own: Any = None) -> dict[str, Tensor]:
    flat = [t for t in flatten(nested, numbers=False)[0] if isinstance(t, Tensor)]
    if len(flat) == 1:
        return {name: flat[0]}
    names = own if own is not None and len(own) == len(flat) else [f"{name}{i}" for i in range(len(flat))]
    return dict(zip(names, flat, strict=True))


def _by_path(model: Any, seen: list[tuple[str, Any, Any]]) -> dict[str, Tensor]:
    """Each layer's output under its path in the model; further calls of it, and further outputs, are numbered."""
    found: dict[str, Tensor] = {}
    calls: Counter[str] = Counter()
    own = f"{model.name}/"
    for path, layer, result in seen:
        if layer is model:
            continue
        short = path.removeprefix(own)
        calls[short] += 1
        name = short if calls[short] == 1 else f"{short}#{calls[short]}"
        flat = [t for t in flatten(result, numbers=False)[0] if isinstance(t, Tensor)]
        found.update((name if len(flat) == 1 else f"{name}[{i}]", t) for i, t in enumerate(flat))
    return found


def values(model: Any, x: Any, training: bool = False) -> dict[str, Any]:
    """Each layer's output on a batch, by the layer's path in the model."""
    return {name: t.numpy() for name, t in run_through(model, x, None, None, training, False).layers.items()}


def gradients(model: Any, x: Any, y: Any, sample_weight: Any = None, training: bool = True) -> dict[str, Any]:
    """The loss's gradient by each layer's output, by each weight and by the inputs, by path."""
    found = run_through(model, x, y, sample_weight, training, True)
    assert found.loss is not None
    weights: dict[str, Any] = {w.path.removeprefix(f"{model.name}/"): w for w in model.trainable_weights}
    watched = {name: t for name, t in found.given.items() if t.tracked}
    moved = {name: t for name, t in found.layers.items() if t.tracked and t.spec.floating}
    wanted = {**moved, **weights, **watched}
    made = gradients_of(found.loss, [_leaf(t) for t in wanted.values()], unconnected="zero")
    return {name: g.numpy() for name, g in zip(wanted, made, strict=True)}


def _leaf(t: Any) -> Any:
    return t._leaf if isinstance(t, Variable) else t


def explained(
    model: Any,
    x: Any,
    y: Any = None,
    entry: Any = None,
    *,
    sample_weight: Any = None,
    training: bool | None = None,
    depth: int | None = None,
    digits: int | None = None,
) -> Explanation:
    """The loss of a batch explained, or, without targets, one entry of the output."""
    if y is None and entry is None:
        raise ValueProblem(
            "a model to be explained without y and without an entry",
            "targets, for the loss, or the index of one number of the output",
            "e.g. model.explain(x, y), or model.explain(x, entry=(0, 3))",
        )
    caller = sys._getframe(2).f_code  # the user's line that asks is not the one that made a layer
    found = run_through(model, x, y, sample_weight, y is not None if training is None else training, True)
    made = {f"{model.name}/{layer.name}": layer.line for layer in model._flatten_layers() if layer is not model}

    def line(node: Node) -> str:
        if node.made is None or node.made.code is not caller:
            return line_of(node.made)
        paths = node.scope.split("/")
        return next(
            (made[path] for k in range(len(paths), 1, -1) if (path := f"{model.name}/{paths[k - 1]}") in made), ""
        )

    if found.loss is not None:
        wanted: Any = found.loss if entry is None else None
    else:
        flat = [t for t in flatten(found.outputs, numbers=False)[0] if isinstance(t, Tensor)]
        wanted = flat[0] if len(flat) == 1 else None
    if wanted is None:
        raise GraphError(
            "an entry of several outputs, or of a loss", "one output, without y", "explain the tensor you mean"
        )
    return explain(wanted, entry, names=found.given, depth=depth, digits=digits, lines=line)
