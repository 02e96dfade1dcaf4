"""Looking inside a model at work: its values and gradients by layer, and the whole of them explained.

Nothing is changed by looking: what a pass in training assigns (a batch normalisation's averages, the place in a random
stream) is seen by that pass alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..analysis.explain import Explanation, explain
from ..core.display import Displayable
from ..core.errors import GraphError, ValueProblem
from ..draw.table import to_dataframe
from ..engines.engine import engine as engine_named
from ..graph import Node, ancestors, as_dtype, current_source_info, line_of
from ..layers.call_context import capture_outputs
from ..tensors.tensor import Tensor, Variable, constant, recording, tensor
from ..tensors.tree import flatten, plain
from ..training.data_adapter import one_batch, specs_of
from ..transforms.differentiate import gradients as gradients_of
from ..transforms.trace import StateOverlay, restored_variables, trace

ROUNDED = 64  # last places of the largest of its kind: what is smaller is rounding


class Pass(NamedTuple):
    """One pass through a model: what went in, by name; each layer's output, by path; the outputs; the loss or None; the
    line that made each layer, by the scope it was called in."""

    given: dict[str, Tensor]
    layers: dict[str, Tensor]
    outputs: Any
    loss: Tensor | None
    lines: dict[str, str]


def run_through(model: Any, x: Any, y: Any, sample_weight: Any, training: bool, watch: bool) -> Pass:
    """Run a model on a batch, and its loss if there are targets; `watch`: gradients are wanted of x, too."""
    batch = one_batch(x, y, sample_weight, None, model._float_dtype())
    if y is not None:
        model._must_be_compiled("the loss")
    model._prepare(batch, training=training)
    flat, build = flatten(batch)
    inputs = {id(a) for a in flatten(batch[0])[0]}
    held = []
    for a in flat:
        watched = a is not None and watch and id(a) in inputs and a.dtype.kind == "f"
        held.append(None if a is None else tensor(a, watch=True) if watched else constant(a))
    data, targets, weights = build(held)
    given = {**_named("x", data, model.input_names), **_named("y", targets), **_named("sample_weight", weights)}
    try:
        with recording(StateOverlay()), capture_outputs() as seen, np.errstate(all="ignore"):
            outputs = model(data, training=training)
            wanted = y is not None or (model.compiled and model._loss is None and bool(model.losses))
            loss = model.compute_loss(data, targets, outputs, weights, training) if wanted else None
    finally:
        model._forget_losses()
    lines = {path: layer.line for path, layer, _, _ in seen if layer is not model}
    return Pass(given, _by_path(model, seen), outputs, loss, lines)


def _named(name: str, nested: Any, own: Any = None) -> dict[str, Tensor]:
    flat = [t for t in flatten(nested)[0] if isinstance(t, Tensor)]
    if len(flat) == 1:
        return {name: flat[0]}
    names = own if own is not None and len(own) == len(flat) else [f"{name}{i}" for i in range(len(flat))]
    return dict(zip(names, flat, strict=True))


def _by_path(model: Any, seen: list[tuple[str, Any, Any, Any]]) -> dict[str, Tensor]:
    """Each layer's output under its path in the model; further calls of it, and further outputs, are numbered."""
    found: dict[str, Tensor] = {}
    calls: Counter[str] = Counter()
    for path, layer, _, result in seen:
        if layer is model:
            continue
        short = inside(model, path)
        calls[short] += 1
        name = short if calls[short] == 1 else f"{short}#{calls[short]}"
        flat = [t for t in flatten(result)[0] if isinstance(t, Tensor)]
        found.update((name if len(flat) == 1 else f"{name}[{i}]", t) for i, t in enumerate(flat))
    return found


def named_weights(model: Any) -> dict[str, Any]:
    """The trainable weights by path in the model, ``"block/conv/kernel"``; of two with one path the second is
    ``path#2``."""
    found: dict[str, Any] = {}
    paths: dict[int, str] = {}
    todo = [("", model)]
    while todo:
        path, layer = todo.pop()
        for w in layer._own_variables():
            paths.setdefault(id(w), f"{path}{w.name}")
        todo += [(f"{path}{inner.name}/", inner) for inner in reversed(layer.sublayers)]
    for w in model.trainable_weights:
        found[_free(paths[id(w)], found)] = w
    return found


def inside(model: Any, path: str) -> str:
    """A path as seen from inside the model, whatever scope the model itself is called in."""
    around, _, rest = f"/{path}".partition(f"/{model.name}/")
    return rest or around.removeprefix("/")


def _free(name: str, taken: Any) -> str:
    k = 2
    free = name
    while free in taken:
        free, k = f"{name}#{k}", k + 1
    return free


def values(model: Any, x: Any, training: bool = False) -> dict[str, Any]:
    """Each layer's output on a batch, by the layer's path in the model."""
    return {name: t.numpy() for name, t in run_through(model, x, None, None, training, False).layers.items()}


def gradients(model: Any, x: Any, y: Any, sample_weight: Any = None, training: bool = True) -> dict[str, Any]:
    """The loss's gradient by each layer's output, by each weight and by the inputs, by path."""
    found = run_through(model, x, y, sample_weight, training, True)
    if found.loss is None:
        raise ValueProblem(f"gradients of {model.name!r} without a loss", "targets, or a layer's add_loss", "pass y")
    weights = named_weights(model)
    watched = {name: t for name, t in found.given.items() if t.tracked}
    moved = {name: t for name, t in found.layers.items() if t.tracked and t.spec.floating}
    wanted = {**moved, **weights, **{_free(name, {*moved, *weights}): t for name, t in watched.items()}}
    made = gradients_of(found.loss, [_leaf(t) for t in wanted.values()], unconnected="zero")
    return {name: g.numpy() for name, g in zip(wanted, made, strict=True)}


def _leaf(t: Any) -> Any:
    return t._leaf if isinstance(t, Variable) else t


def explain_model(
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
    """The loss of a batch explained, or, without targets, one entry of the output: by default the first example's
    largest."""
    if y is not None and entry is not None:
        raise ValueProblem(
            "y and an entry together", "y, for the loss, or the index of one number of the output", "leave one out"
        )
    caller = current_source_info().code  # the user's line that asks is not the one that made a layer
    found = run_through(model, x, y, sample_weight, y is not None if training is None else training, True)

    def line(node: Node) -> str:
        if node.source_info is None or node.source_info.code is not caller:
            return line_of(node.source_info)
        parts = node.scope.split("/")
        within = ("/".join(parts[:k]) for k in range(len(parts), 0, -1))
        return next((found.lines[path] for path in within if path in found.lines), "")

    of_loss = entry is None and found.loss is not None
    if of_loss:
        wanted: Any = found.loss
    else:
        flat = [t for t in flatten(found.outputs)[0] if isinstance(t, Tensor)]
        if len(flat) != 1:
            raise GraphError(
                f"an entry of the {len(flat)} outputs",
                "one output, or y for the loss",
                "explain the one you mean: cr.explain(model(x)[0], entry=(0, 1))",
            )
        wanted = flat[0]
        if entry is None and wanted.size:  # of a classifier, the class it is most sure of
            entry = (0, *map(int, np.unravel_index(int(np.argmax(wanted.value[0])), wanted.shape[1:])))
    made_by = {n.serial for n in ancestors([wanted])}
    weights = named_weights(model)
    names = {**weights, **{_free(name, weights): t for name, t in found.given.items()}}
    explanation = explain(wanted, entry, names=names, depth=depth, digits=digits, lines=line)
    if of_loss:
        explanation.unused = [name for name, w in weights.items() if w.value.serial not in made_by]
    return explanation


@dataclass
class Difference:
    """One array on two engines. ``ulps``: the largest difference in units of the last place of the array's largest
    entry; ``own``: of the entry itself, which cancellation makes large where it is near 0. The units are those of the
    array's dtype, or of the narrowest one that layers compute in."""

    name: str
    what: str
    shape: tuple[int, ...]
    largest: float
    difference: float
    ulps: float
    own: float


@dataclass(repr=False)
class Verification(Displayable):
    """How far the numbers shown are from the numbers that train, a `Difference` for each layer's output and gradient,
    each weight's gradient and the loss.

    An array that is 0 but for rounding (a bias before a batch normalisation has no gradient) is compared with the
    largest of its kind: its own last places say nothing.
    """

    engines: tuple[str, str]
    rows: list[Difference]

    _renderer_module = "verification"

    @property
    def worst(self) -> Difference:
        """The row with most ulps."""
        return max(self.rows, key=lambda r: r.ulps)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {"engines": list(self.engines), "rows": [plain(r) for r in self.rows]}

    def to_pandas(self) -> Any:
        """A row an array. Needs pandas."""
        return to_dataframe([vars(r) for r in self.rows])


def verify_engines(model: Any, x: Any, y: Any = None, training: bool | None = None) -> Verification:
    """The same batch through both engines (see `Model.verify`)."""
    batch = one_batch(x, y, None, None, model._float_dtype())
    if y is not None:
        model._must_be_compiled("the loss")
    trains = y is not None if training is None else training
    model._prepare(batch, training=trains)
    names: list[tuple[str, str]] = []

    def everything(x: Any, y: Any, w: Any) -> Any:
        with capture_outputs() as seen:
            outputs = model(x, training=trains)
            loss = model.compute_loss(x, y, outputs, w, trains) if y is not None else None
        layers = {k: t for k, t in _by_path(model, seen).items() if t.spec.floating}
        found = {(k, "output"): t for k, t in layers.items()}
        if loss is not None:
            found["loss", "loss"] = loss
            weights = named_weights(model)
            moved = {k: t for k, t in layers.items() if t.tracked}
            wanted: list[Any] = [*moved.values(), *weights.values()]
            made = gradients_of(loss, wanted, unconnected="zero")
            found |= {(k, "gradient"): g for k, g in zip([*moved, *weights], made, strict=True)}
        names[:] = list(found)
        return list(found.values())

    try:
        step = trace(everything, *specs_of(batch))
    finally:
        model._forget_losses()
    data = [a for a in flatten(batch)[0] if a is not None]
    results = []
    for name in ("numpy", "xla"):
        with restored_variables(step.writes):
            results.append([np.array(a) for a in engine_named(name).program(step)(data)])
    computed = {layer.compute_dtype for layer in model._flatten_layers()}
    rows = [_difference(name, what, a, b, computed) for (name, what), a, b in zip(names, *results, strict=True)]
    around = {what: max(r.largest for r in rows if r.what == what) for what in {r.what for r in rows}}
    for r, result in zip(rows, results[0], strict=True):
        unit = float(last_place(around[r.what], _unit(result.dtype, computed)))
        if r.largest < ROUNDED * unit:
            r.ulps = r.own = r.difference / unit
    return Verification(("numpy", "xla"), rows)


def _unit(dtype: Any, computed: Iterable[str]) -> Any:
    """The dtype in whose last places two arrays are compared: a gradient that was computed in a narrow one has no more
    digits for being kept in a wide one."""
    return max({dtype, *(as_dtype(d) for d in computed)}, key=lambda d: float(last_place(1.0, d)))


def _difference(name: str, what: str, a: Any, b: Any, computed: Iterable[str] = ()) -> Difference:
    kind = _unit(a.dtype, computed)
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    apart = np.nan_to_num(apart, nan=np.inf, posinf=np.inf)  # nan on one side alone is as far apart as can be
    size = np.where(np.isfinite(a) & np.isfinite(b), np.maximum(np.abs(a), np.abs(b)), 0.0)
    largest, difference = (float(m.max()) if m.size else 0.0 for m in (size, apart))
    steps = apart / last_place(size, kind)
    return Difference(
        name, what, a.shape, largest, difference, float(difference / last_place(largest, kind)),
        float(steps.max()) if steps.size else 0.0,
    )  # fmt: skip


def last_place(size: Any, kind: Any) -> Any:
    """The distance to the next number of this dtype; of 0 that of the smallest normal one."""
    info = np.finfo(np.float32 if kind.name == "bfloat16" else kind)
    eps, tiny = (2.0**-7, 2.0**-126) if kind.name == "bfloat16" else (float(info.eps), float(info.tiny))
    return eps * 2.0 ** np.floor(np.log2(np.maximum(size, tiny)))
