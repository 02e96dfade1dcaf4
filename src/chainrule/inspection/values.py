"""Values and gradients of a model by layer, their explanation, and their comparison on two engines.

Nothing here changes the model: what a pass in training mode assigns (a batch normalisation's averages, the state of a
random stream) is seen by that pass alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..analysis.explain import Explanation, explain
from ..core.display import Displayable, to_dataframe
from ..core.errors import GraphError, ValueProblem
from ..core.progress import progress
from ..engines.engine import engine as engine_named
from ..graph import Node, ancestors, as_dtype, current_source_info, line_of
from ..layers.call_context import capture_outputs
from ..layers.layer import flatten_layers, forget_losses, own_variables
from ..tensors import tree
from ..tensors.convert import tensor
from ..tensors.tensor import Tensor, constant
from ..tensors.tree import to_json_data
from ..tensors.variable import StateOverlay, recording
from ..training.batch import specs_of
from ..training.compilable import loss_of_batch
from ..training.data_adapter import one_batch
from ..training.preparation import float_dtype_of, prepare, require_compiled
from ..transforms.differentiate import gradients as gradients_of
from ..transforms.trace import restored_variables, trace

MIN_LAST_PLACES = 64  # of the largest array of its kind: an array smaller than this is rounding noise


class ForwardPass(NamedTuple):
    """One pass of a batch through a model.

    Attributes:
        inputs: the batch's tensors by name: x, y and sample_weight. layers: each layer's output by path.
        loss: ``None`` without targets. lines: the line that made each layer, by the scope it was called in.
    """

    inputs: dict[str, Tensor]
    layers: dict[str, Tensor]
    outputs: Any
    loss: Tensor | None
    lines: dict[str, str]


def run_batch(model: Any, x: Any, y: Any, sample_weight: Any, training: bool, watch: bool) -> ForwardPass:
    """Run a model on a batch, and its loss if there are targets.

    Args:
        watch: whether gradients by x are needed.
    """
    batch = one_batch(x, y, sample_weight, float_dtype_of(model))
    if y is not None:
        require_compiled(model, "the loss")
    prepare(model, batch, training=training)
    x_ids = {id(a) for a in tree.leaves(batch[0])}

    def to_tensor(a: Any) -> Tensor | None:
        if a is None:
            return None
        return tensor(a, watch=True) if watch and id(a) in x_ids and a.dtype.kind == "f" else constant(a)

    data, targets, weights = tree.map(to_tensor, batch)
    inputs = {
        **_with_names(data, "x", model.input_names),
        **_with_names(targets, "y"),
        **_with_names(weights, "sample_weight"),
    }
    try:
        with recording(StateOverlay()), capture_outputs() as calls, np.errstate(all="ignore"):
            outputs = model(data, training=training)
            has_loss = y is not None or (model.compiled and model.compiled_loss is None and bool(model.losses))
            loss = loss_of_batch(model, data, targets, outputs, weights, training) if has_loss else None
    finally:
        forget_losses(model)
    lines = {path: layer.line for path, layer, _, _ in calls if layer is not model}
    return ForwardPass(inputs, outputs_by_path(model, calls), outputs, loss, lines)


def _with_names(nested: Any, name: str, names: Any = None) -> dict[str, Tensor]:
    """Return the tensors inside `nested` by name: `name` for a single one, else `names`, or `name` and a number."""
    tensors = [t for t in tree.leaves(nested) if isinstance(t, Tensor)]
    if len(tensors) == 1:
        return {name: tensors[0]}
    if names is None or len(names) != len(tensors):
        names = [f"{name}{i}" for i in range(len(tensors))]
    return dict(zip(names, tensors, strict=True))


def outputs_by_path(model: Any, calls: list[tuple[str, Any, Any, Any]]) -> dict[str, Tensor]:
    """Return each layer's output by its path in the model; further calls of it, and further outputs, are numbered."""
    outputs: dict[str, Tensor] = {}
    counts: Counter[str] = Counter()
    for path, layer, _, result in calls:
        if layer is model:
            continue
        layer_path = path_in_model(model, path)
        counts[layer_path] += 1
        name = layer_path if counts[layer_path] == 1 else f"{layer_path}#{counts[layer_path]}"
        tensors = [t for t in tree.leaves(result) if isinstance(t, Tensor)]
        outputs.update((name if len(tensors) == 1 else f"{name}[{i}]", t) for i, t in enumerate(tensors))
    return outputs


def named_weights(model: Any) -> dict[str, Any]:
    """Return the trainable weights by path in the model, ``"block/conv/kernel"``; of two with the same path the second
    is ``path#2``."""
    named: dict[str, Any] = {}
    paths: dict[int, str] = {}
    todo = [("", model)]
    while todo:
        path, layer = todo.pop()
        for w in own_variables(layer):
            paths.setdefault(id(w), f"{path}{w.name}")
        todo += [(f"{path}{inner.name}/", inner) for inner in reversed(layer.sublayers)]
    for w in model.trainable_weights:
        named[_unused_name(paths[id(w)], named)] = w
    return named


def path_in_model(model: Any, path: str) -> str:
    """Return a path relative to the model, whatever scope the model itself is called in."""
    before, _, relative = f"/{path}".partition(f"/{model.name}/")
    return relative or before.removeprefix("/")


def _unused_name(name: str, used: Any) -> str:
    """Return the name, or if it is used ``name#2``, ``name#3``, ..."""
    k = 2
    numbered = name
    while numbered in used:
        numbered, k = f"{name}#{k}", k + 1
    return numbered


def values(model: Any, x: Any, training: bool = False) -> dict[str, Any]:
    """Return each layer's output on a batch, by the layer's path in the model."""
    return {name: t.numpy() for name, t in run_batch(model, x, None, None, training, False).layers.items()}


def gradients(model: Any, x: Any, y: Any, sample_weight: Any = None, training: bool = True) -> dict[str, Any]:
    """Return the loss's gradient by each layer's output, by each weight and by the inputs, by path."""
    result = run_batch(model, x, y, sample_weight, training, True)
    if result.loss is None:
        raise ValueProblem(f"gradients of {model.name!r} without a loss", "targets, or a layer's add_loss", "pass y")
    weights = named_weights(model)
    inputs = {name: t for name, t in result.inputs.items() if t.tracked}
    layers = {name: t for name, t in result.layers.items() if t.tracked and t.spec.floating}
    sources = {**layers, **weights, **{_unused_name(name, {*layers, *weights}): t for name, t in inputs.items()}}
    grads = gradients_of(result.loss, list(sources.values()), unconnected="zero")
    return {name: g.numpy() for name, g in zip(sources, grads, strict=True)}


def explain_model(
    model: Any, x: Any, y: Any = None, entry: Any = None, *, sample_weight: Any = None, training: bool | None = None,
    depth: int | None = None, digits: int | None = None,
) -> Explanation:  # fmt: skip
    """Explain the loss of a batch, or, without targets, one entry of the output: by default the first example's
    largest."""
    if y is not None and entry is not None:
        passed = "y and an entry together"
        raise ValueProblem(passed, "y, for the loss, or the index of one number of the output", "leave one out")
    caller = current_source_info().code  # of the user's line that calls this, which did not make the layers
    result = run_batch(model, x, y, sample_weight, y is not None if training is None else training, True)

    def line(node: Node) -> str:
        """The user's line that made the node; for what the layers make, that of the innermost layer."""
        if node.source_info is None or node.source_info.code is not caller:
            return line_of(node.source_info)
        names = node.scope.split("/")
        scopes = ("/".join(names[:k]) for k in range(len(names), 0, -1))
        return next((result.lines[scope] for scope in scopes if scope in result.lines), "")

    explains_loss = entry is None and result.loss is not None
    if explains_loss:
        target: Any = result.loss
    else:
        outputs = [t for t in tree.leaves(result.outputs) if isinstance(t, Tensor)]
        if len(outputs) != 1:
            mend = "explain the one you mean: cr.explain(model(x)[0], entry=(0, 1))"
            raise GraphError(f"an entry of the {len(outputs)} outputs", "one output, or y for the loss", mend)
        target = outputs[0]
        if entry is None and target.size:  # of a classifier, the class with the highest score
            entry = (0, *map(int, np.unravel_index(int(np.argmax(target.value[0])), target.shape[1:])))
    used = {n.serial for n in ancestors([target])}
    weights = named_weights(model)
    names = {**weights, **{_unused_name(name, weights): t for name, t in result.inputs.items()}}
    explanation = explain(target, entry, names=names, depth=depth, digits=digits, lines=line)
    if explains_loss:
        explanation.unused = [name for name, w in weights.items() if w.value.serial not in used]
    return explanation


@dataclass
class Difference:
    """One array on two engines.

    Attributes:
        largest: the largest entry. difference: the largest difference.
        ulps: the largest difference in units of the last place of the array's largest entry.
        own: the largest difference in units of the last place of the entry itself, which cancellation makes large where
            the entry is near 0.

    The units are those of the array's dtype, or of the narrowest one that layers compute in.
    """

    name: str
    what: str
    shape: tuple[int, ...]
    largest: float
    difference: float
    ulps: float
    own: float


@dataclass(repr=False)
class Verification(Displayable):
    """The differences between the NumPy and the XLA engine: a `Difference` for each layer's output and gradient, each
    weight's gradient and the loss.

    An array that is 0 but for rounding (a bias before a batch normalisation has no gradient) is compared with the
    largest of its kind: its own last places mean nothing.
    """

    engines: tuple[str, str]
    rows: list[Difference]

    _renderer_module = "verification"

    @property
    def worst(self) -> Difference:
        """The row with most ulps."""
        return max(self.rows, key=lambda r: r.ulps)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"engines": list(self.engines), "rows": [to_json_data(r) for r in self.rows]}

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each array."""
        return to_dataframe([vars(r) for r in self.rows])


@progress("comparing the engines")
def verify_engines(model: Any, x: Any, y: Any = None, training: bool | None = None) -> Verification:
    """Run the same batch on both engines and compare (see `Model.verify`)."""
    batch = one_batch(x, y, None, float_dtype_of(model))
    if y is not None:
        require_compiled(model, "the loss")
    training = y is not None if training is None else training
    prepare(model, batch, training=training)
    names: list[tuple[str, str]] = []

    def outputs_and_gradients(x: Any, y: Any, w: Any) -> Any:
        with capture_outputs() as calls:
            outputs = model(x, training=training)
            loss = loss_of_batch(model, x, y, outputs, w, training) if y is not None else None
        layers = {k: t for k, t in outputs_by_path(model, calls).items() if t.spec.floating}
        results = {(k, "output"): t for k, t in layers.items()}
        if loss is not None:
            results["loss", "loss"] = loss
            weights = named_weights(model)
            tracked = {k: t for k, t in layers.items() if t.tracked}
            sources: list[Any] = [*tracked.values(), *weights.values()]
            grads = gradients_of(loss, sources, unconnected="zero")
            results |= {(k, "gradient"): g for k, g in zip([*tracked, *weights], grads, strict=True)}
        names[:] = list(results)
        return list(results.values())

    try:
        step = trace(outputs_and_gradients, *specs_of(batch))
    finally:
        forget_losses(model)
    data = tree.leaves(batch)
    results = []
    for name in ("numpy", "xla"):
        with restored_variables(step.writes):
            results.append([np.array(a) for a in engine_named(name).program(step)(data)])
    compute_dtypes = {layer.compute_dtype for layer in flatten_layers(model)}
    rows = [_difference(name, what, a, b, compute_dtypes) for (name, what), a, b in zip(names, *results, strict=True)]
    largest = {what: max(r.largest for r in rows if r.what == what) for what in {r.what for r in rows}}
    for r, result in zip(rows, results[0], strict=True):
        unit = float(last_place(largest[r.what], _coarsest(result.dtype, compute_dtypes)))
        if r.largest < MIN_LAST_PLACES * unit:
            r.ulps = r.own = r.difference / unit
    return Verification(("numpy", "xla"), rows)


def _coarsest(dtype: Any, compute_dtypes: Iterable[str]) -> Any:
    """Return the dtype in whose last places two arrays are compared: a gradient that was computed in a narrow dtype has
    no more digits in a wide one."""
    return max({dtype, *(as_dtype(d) for d in compute_dtypes)}, key=lambda d: float(last_place(1.0, d)))


def _difference(name: str, what: str, a: Any, b: Any, compute_dtypes: Iterable[str] = ()) -> Difference:
    """Compare one array of both engines."""
    dtype = _coarsest(a.dtype, compute_dtypes)
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        differences = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    differences = np.nan_to_num(differences, nan=np.inf, posinf=np.inf)  # nan on one side alone counts as infinite
    size = np.where(np.isfinite(a) & np.isfinite(b), np.maximum(np.abs(a), np.abs(b)), 0.0)
    largest, difference = (float(m.max()) if m.size else 0.0 for m in (size, differences))
    ulps = differences / last_place(size, dtype)
    return Difference(
        name, what, a.shape, largest, difference, float(difference / last_place(largest, dtype)),
        float(ulps.max()) if ulps.size else 0.0,
    )  # fmt: skip


def last_place(size: Any, dtype: Any) -> Any:
    """Return the distance from a number to the next one of this dtype; for 0, from the smallest normal one."""
    info = np.finfo(np.float32 if dtype.name == "bfloat16" else dtype)
    eps, tiny = (2.0**-7, 2.0**-126) if dtype.name == "bfloat16" else (float(info.eps), float(info.tiny))
    return eps * 2.0 ** np.floor(np.log2(np.maximum(size, tiny)))
