"""A table of a model's layers: shapes, parameters, multiplies, and the memory of their outputs."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from ..analysis.price import Count, price
from ..core.errors import ValueProblem
from ..core.terminal import visible_line
from ..draw.format import format_bytes
from ..draw.locale import Translator, translator
from ..draw.text import display_width, pad
from ..graph import Graph, as_dtype
from ..layers import InputLayer, Layer
from ..layers.call_context import calls
from ..layers.layer_call import LAYER_CALL
from ..tensors import tree
from ..tensors.convert import symbolic
from ..tensors.tensor import Tensor
from ..tensors.variable import recording
from ..training import Trainer
from ..transforms.trace import StateRecorder
from .cost import cost_of_model, gflops_per_second
from .program import ENGINE_NAMES

UNKNOWN = "entries marked ? depend on unknown sizes: begin the model with a full Input(shape), or call it on data"


class Row:
    """One line of the table: a layer, its depth in the model, and its numbers."""

    def __init__(self, layer: Layer, depth: int, shape: Any, multiplies: int | None, memory: int | None) -> None:
        self.layer, self.depth, self.shape = layer, depth, shape
        self.multiplies, self.memory = multiplies, memory


def rows_of(model: Any) -> tuple[list[Row], Count | None]:
    """Return the rows, those of inner models too, and the counts of one example forward; ``None`` if no shape is
    known."""
    shapes, counts, total = _run_one_example(model)
    rows: list[Row] = []
    _collect(model, model.name, 0, shapes, counts, rows)
    return rows, total


def _run_one_example(model: Any) -> tuple[dict[str, Any], dict[str, Count], Count | None]:
    """Return output shapes by layer, counts by scope and their sum, from the graph of the model on one example; nothing
    and ``None`` if the sizes of the input are not known."""
    specs = model.input_specs
    if specs is None or any(None in spec.shape[1:] for spec in tree.leaves(specs)):
        return {}, {}, None
    symbols = tree.map(lambda spec: symbolic((1, *spec.shape[1:]), spec.dtype), specs)
    with recording(StateRecorder()):
        depth, calls.depth = calls.depth, 0
        try:
            outputs = model(symbols, training=False)
            chain = list(calls.chain)
        finally:
            calls.depth = depth
    priced = price([t for t in tree.leaves(outputs) if isinstance(t, Tensor)])
    counts: defaultdict[str, Count] = defaultdict(Count)
    for row in priced.rows:
        names = row.scope.split("/")
        for i in range(1, len(names) + 1):
            counts["/".join(names[:i])] += row.count
    return dict(chain), dict(counts), priced.forward


def _collect(
    model: Any, path: str, depth: int, shapes: dict[str, Any], counts: dict[str, Count], rows: list[Row]
) -> None:
    """Append a row for each layer, and for the layers of inner models, to `rows`."""
    shapes_of_calls: dict[int, Any] = {}
    if model.inputs is not None:
        for node in Graph(model.inputs, model.outputs).nodes:
            if node.operation is LAYER_CALL:
                shapes_of_calls[id(node.attributes["call"].layer)] = [s.shape for s in node.spec]
    for layer in model.layers:
        scope = f"{path}/{layer.name}"
        shape = layer.batch_shape if isinstance(layer, InputLayer) else None
        if id(layer) in shapes_of_calls:
            shape = shapes_of_calls[id(layer)]
        elif layer.name in shapes:
            shape = _with_unknown_batch(shapes[layer.name])
        if isinstance(shape, list) and len(shape) == 1:
            shape = shape[0]
        count = counts.get(scope)
        counted = bool(counts)
        entry_bytes = as_dtype(layer.compute_dtype).itemsize
        memory = None if shape is None or not counted else _entry_count(shape) * entry_bytes
        rows.append(Row(layer, depth, shape, (count.multiplies if count else 0) if counted else None, memory))
        if isinstance(layer, Trainer):
            _collect(layer, scope, depth + 1, shapes, counts, rows)


def _with_unknown_batch(shape: Any) -> Any:
    """Return a shape, or a list of them, with ``None`` as its first size."""
    if isinstance(shape, tuple) and (not shape or isinstance(shape[0], int)):
        return (None, *shape[1:])
    return [_with_unknown_batch(s) for s in shape] if isinstance(shape, list) else shape


def _entry_count(shape: Any) -> int:
    """Return how many entries one example has in arrays of a shape, or of a list of shapes."""
    if isinstance(shape, list):
        return sum(map(_entry_count, shape))
    return math.prod(n for n in shape[1:] if n is not None)


def summary_of(
    model: Any, expand_nested: bool = False, show_trainable: bool = False, layer_range: Any = None,
    line_length: int | None = None, measure: bool = False,
) -> str:  # fmt: skip
    """Return the table as text (see `Model.summary`)."""
    translate = translator()
    all_rows, total = rows_of(model)
    rows = [r for r in all_rows if expand_nested or r.depth == 0]
    if layer_range is not None:
        names = [r.layer.name for r in rows]
        if len(layer_range) != 2 or any(name not in names for name in layer_range):
            raise ValueProblem(f"layer_range={layer_range!r}", f"the names of two of {names}", "check the names")
        rows = rows[names.index(layer_range[0]) : names.index(layer_range[1]) + 1]
    cells_of_rows = _cells_of(rows, _measure(model) if measure else None, show_trainable, translate)
    table = [[visible_line(cell) for cell in cells] for cells in cells_of_rows]
    widths = [max(map(display_width, column)) for column in zip(*table, strict=True)]
    gaps = 2 * (len(widths) - 1)
    if line_length is not None:
        widths[0] = max(12, min(widths[0], line_length - sum(widths[1:]) - gaps))
    lines = [translate("Model: {name!r}", name=model.name)]
    rule = "─" * (sum(widths) + gaps)
    for i, line in enumerate(table):
        cells = [pad(line[0][: widths[0]], widths[0]), pad(line[1], widths[1])]
        cells += [pad(cell, width, right=True) for cell, width in zip(line[2:], widths[2:], strict=True)]
        lines.append("  ".join(cells).rstrip())
        if i == 0:
            lines.append(rule)
    lines.append(rule)
    lines += _totals(model, all_rows, total, translate)
    if any(r.multiplies is None for r in rows):
        lines.append(translate(UNKNOWN))
    return "\n".join(lines)


def _cells_of(
    rows: list[Row], measured: dict[str, tuple[str, str]] | None, show_trainable: bool, translate: Translator
) -> list[list[str]]:
    """Return the table's cells: the heads, then a line for each row."""
    heads = [translate("layer (type)"), translate("output shape"), translate("parameters")]
    heads += [translate("multiplies"), translate("activations")]
    table = [heads if measured is None else [*heads, "ms", "GFLOP/s"]]
    for r in rows:
        params = sum(v.size for v in r.layer.weights)
        name = "  " * r.depth + f"{r.layer.name} ({type(r.layer).__name__})"
        if show_trainable:
            name += "" if r.layer.trainable else f" [{translate('frozen')}]"
        built = r.layer.built or bool(r.layer.weights)
        line = [name, "?" if r.shape is None else _shape_text(r.shape)]
        line += [f"{params:,}" if built else translate("not built")]
        line += ["?" if r.multiplies is None else f"{r.multiplies:,}"]
        line += ["?" if r.memory is None else format_bytes(r.memory)]
        if measured is not None:
            line += measured.get(r.layer.name, ("", "")) if r.depth == 0 else ("", "")
        table.append(line)
    return table


def _totals(model: Any, rows: list[Row], total: Count | None, translate: Translator) -> list[str]:
    """Return the lines below the table: parameters, and multiplies if they are known."""
    weights = model.weights
    trainable = sum(v.size for v in model.trainable_weights)
    every = sum(v.size for v in weights)
    size = sum(v.size * v.dtype.itemsize for v in weights)
    counts = {"every": every, "size": format_bytes(size), "trainable": trainable, "rest": every - trainable}
    lines = [translate("parameters: {every:,} ({size}), {trainable:,} trainable, {rest:,} not", **counts)]
    if total is not None:
        without_models = [r for r in rows if not isinstance(r.layer, Trainer)]  # whose layers have their rows
        memory = sum(r.memory or 0 for r in without_models if not isinstance(r.layer, InputLayer))
        sums = {"multiplies": total.multiplies, "flops": total.flops, "memory": format_bytes(memory)}
        lines.append(
            translate(
                "one example forward: {multiplies:,} multiplies, {flops:,} operations in all, {memory} of activations",
                **sums,
            )
        )
    steps = model.training_state.steps.get("train") if isinstance(model, Trainer) else None
    engines = {step.last_engine: None for step in steps.compiled.values()} if steps is not None else {}
    if names := [ENGINE_NAMES[name] for name in engines if name is not None]:
        lines.append(translate("trained on {engine}", engine=", ".join(names)))
    return lines


def _measure(model: Any) -> dict[str, tuple[str, str]]:
    """Return milliseconds and GFLOP/s of each layer on one example forward, run by NumPy."""
    texts = {}
    for line in cost_of_model(model, measure=True).lines:
        if seconds := line.seconds.get("forward"):
            texts[line.name] = f"{1e3 * seconds:.3f}", f"{gflops_per_second(line.forward.flops, seconds):.2f}"
    return texts


def _shape_text(shape: Any) -> str:
    return ", ".join(map(str, shape)) if isinstance(shape, list) else str(tuple(shape))
