"""What each layer of a model costs, counted and measured: forward, backward, update.

Counted on the very step that training takes (or, without targets, on the outputs and their gradients), opened to its
primitive operations; measured by NumPy operation by operation, or layer by layer as programs of XLA's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import ops
from ..analysis.price import PHASES, Count, cost_of
from ..core.clock import timed
from ..core.display import Figure
from ..core.errors import GraphError, ValueProblem
from ..core.messages import LazyMessage
from ..draw.format import rate
from ..draw.table import to_dataframe
from ..engines.compile import compile as compiled
from ..engines.engine import engine as engine_named
from ..graph import Spec
from ..layers.call_context import capture_outputs
from ..ops import random
from ..tensors.tensor import Tensor
from ..tensors.tree import Build, flatten
from ..training.data_adapter import one_batch, specs_of
from ..transforms.differentiate import gradients
from ..transforms.flatten import FlatGraph
from ..transforms.trace import Step, restored_variables, trace
from .input_specs import input_specs
from .values import inside

ENOUGH = 0.1  # seconds of measuring
LOSS, OPTIMIZER = LazyMessage("(loss and metrics)"), LazyMessage("(optimizer)")


@dataclass
class Line:
    """A layer's cost. ``formula`` is that of the operation with most multiplies forward; ``memory`` what the layer
    hands on, in bytes. ``seconds``: what was measured, by phase."""

    name: str
    kind: str
    shape: tuple[int, ...] | None = None
    parameters: int = 0
    memory: int = 0
    formula: str = ""
    counts: dict[str, Count] = field(default_factory=lambda: {phase: Count() for phase in PHASES})
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def forward(self) -> Count:
        return self.counts["forward"]

    @property
    def backward(self) -> Count:
        return self.counts["backward"]

    @property
    def update(self) -> Count:
        return self.counts["update"]


@dataclass(repr=False)
class Costs(Figure):
    """A model's costs, a `Line` a layer; text when printed, a page, a table, data.

    Attributes:
        batch: examples. engine: which was measured, or ``None``. step: seconds of the whole step, measured.
    """

    name: str
    batch: int
    lines: list[Line]
    engine: str | None = None
    step: float | None = None

    _renderer_module = "cost"

    @property
    def costs(self) -> list[Costs]:
        """Itself alone, as a comparison has several."""
        return [self]

    def total(self, phase: str | None = None) -> Count:
        """The sum over all layers, of one phase or all."""
        wanted = PHASES if phase is None else (phase,)
        return sum((line.counts[p] for line in self.lines for p in wanted), Count())

    @property
    def parameters(self) -> int:
        return sum(line.parameters for line in self.lines)

    @property
    def memory(self) -> int:
        """Bytes that layers hand on."""
        return sum(line.memory for line in self.lines)

    def rows(self) -> list[dict[str, Any]]:
        """A row a layer, in plain numbers."""
        found = []
        for line in self.lines:
            row: dict[str, Any] = {
                "layer": line.name,
                "type": line.kind,
                "output": line.shape,
                "parameters": line.parameters,
                "formula": line.formula,
                "memory": line.memory,
            }
            for phase in PHASES:
                count = line.counts[phase]
                row |= {
                    f"{phase} multiplies": count.multiplies,
                    f"{phase} adds": count.adds,
                    f"{phase} bias": count.bias,
                    f"{phase} flops": count.flops,
                    f"{phase} bytes": count.bytes,
                }
                seconds = line.seconds.get(phase)
                row[f"{phase} ms"] = None if seconds is None else 1e3 * seconds
                row[f"{phase} GFLOP/s"] = rate(count.flops, seconds)
            found.append(row)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        own = {"name": self.name, "batch": self.batch, "engine": self.engine, "step": self.step}
        return {**own, "parameters": self.parameters, "layers": self.rows()}

    def to_pandas(self) -> Any:
        """A row a layer. Needs pandas."""
        return to_dataframe(self.rows())


@dataclass(repr=False)
class Comparison(Figure):
    """Several models' costs side by side."""

    costs: list[Costs]

    _renderer_module = "cost"

    def to_dict(self) -> dict[str, Any]:
        """Each model's costs as plain data."""
        return {"models": [c.to_dict() for c in self.costs]}

    def to_pandas(self) -> Any:
        """A row a layer, the model's name in front. Needs pandas."""
        return to_dataframe([{"model": c.name, **row} for c in self.costs for row in c.rows()])


def cost_of_model(
    model: Any, x: Any = None, y: Any = None, batch_size: int = 1, measure: bool = False, engine: str | None = None
) -> Costs:
    """The costs of a step on a batch like this one (see `Model.cost`)."""
    if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or batch_size < 1:
        raise ValueProblem(f"batch_size={batch_size!r}", "a whole number from 1", "e.g. batch_size=32")
    batch = _blank(model, batch_size) if x is None else one_batch(x, y, None, None, model._float_dtype())
    if y is not None:
        model._must_be_compiled("the cost of a step")
    model._prepare(batch, training=y is not None)
    step, calls = _step(model, batch, y is not None)
    rows = flatten(batch[0])[0][0].shape[0]
    found = Costs(model.name, rows, _lines(model, step, calls))
    if measure or engine is not None:
        name = engine_named(engine or "numpy").name
        found.engine = name
        try:
            data = [_numbers(a) if x is None else a for a in flatten(batch)[0] if a is not None]
            if name == "numpy":
                found.step = _measure_operations(model, found, step, data)
            else:
                found.step = _measure_layers(model, found, step, calls, data, name)
        except MemoryError:
            raise ValueProblem(
                f"a batch of {rows} to be measured", "one that fits the memory", "take a smaller one, or only count"
            ) from None
    return found


def compare(a: Any, b: Any, *others: Any, **options: Any) -> Comparison:
    """The costs of two or more models side by side.

    Args:
        options: as for `Model.cost`: x, y, batch_size, measure, engine.

    >>> from chainrule.layers import Dense, Input
    >>> from chainrule.models import Sequential
    >>> wide = Sequential([Input((100,)), Dense(100)], name="wide")
    >>> thin = Sequential([Input((100,)), Dense(4), Dense(100)], name="thin")
    >>> [c.total("forward").multiplies for c in compare(wide, thin).costs]
    [10000, 800]
    """
    unknown = sorted(set(options) - {"x", "y", "batch_size", "measure", "engine"})
    if unknown:
        raise ValueProblem(
            f"{unknown[0]}={options[unknown[0]]!r}", "x, y, batch_size, measure or engine", "check the name"
        )
    for model in (a, b, *others):
        if not hasattr(model, "cost"):
            raise ValueProblem(f"{model!r:.60} to be compared", "models", "e.g. compare(plain, narrow)")
    return Comparison([cost_of_model(model, **options) for model in (a, b, *others)])


# ---- the step, and whose each operation is


def _blank(model: Any, batch_size: int) -> tuple[Any, Any, Any]:
    specs = input_specs(model)
    flat, build = flatten(specs)
    if specs is None or any(None in spec.shape[1:] for spec in flat):
        raise GraphError(
            f"the cost of {model.name!r}, whose input is not known",
            "a model that begins with a full Input(shape), or data",
            "pass x, e.g. model.cost(x[:32])",
        )
    blank = [np.broadcast_to(np.zeros((), spec.dtype), (batch_size, *spec.shape[1:])) for spec in flat]
    return build(blank), None, None


def _numbers(array: Any) -> Any:
    """Data to measure on: zeros would be faster than what is not."""
    if array.dtype.kind != "f":
        return array
    return np.random.default_rng(0).normal(size=array.shape).astype(array.dtype)


def _step(model: Any, batch: Any, trains: bool) -> tuple[Step, list[tuple[str, Any, Any, Any]]]:
    """The step that training takes; without targets, the outputs and their gradients by the weights."""
    if trains:
        model._prepare_optimizer()

    def forward(x: Any, y: Any, w: Any) -> Any:
        outputs = model(x, training=False)
        moving = [t for t in flatten(outputs)[0] if isinstance(t, Tensor) and t.spec.floating]
        weights = model.trainable_weights
        found = [gradients(t, weights, ops.ones_like(t), unconnected="zero") for t in moving if weights]
        return [outputs, found]

    def training(x: Any, y: Any, w: Any) -> Any:
        return model.train_step((x, y) if w is None else (x, y, w))

    try:
        with capture_outputs() as calls:
            step = trace(training if trains else forward, *specs_of(batch))
    finally:
        model._forget_losses()
    return step, calls


def _lines(model: Any, step: Step, calls: Sequence[tuple[str, Any, Any, Any]]) -> list[Line]:
    lines: dict[str, Line] = {}
    for path, layer, _, result in calls:
        name = inside(model, path)
        if layer is model or "/" in name:
            continue
        flat = [t for t in flatten(result)[0] if isinstance(t, Tensor)]
        line = lines.get(name)
        if line is None:
            line = lines[name] = Line(name, type(layer).__name__, flat[0].shape if flat else None)
            line.parameters = sum(v.size for v in layer.weights)
        line.memory += sum(t.spec.nbytes for t in flat)
    dearest: dict[str, tuple[int, int]] = {}
    for phase, name, count, formula in _priced(model, step):
        line = lines.setdefault(name, Line(name, ""))
        line.counts[phase] = line.counts[phase] + count
        price = count.multiplies, count.flops
        if phase == "forward" and price > dearest.get(name, (-1, -1)):
            dearest[name], line.formula = price, formula
    return list(lines.values())


def _priced(model: Any, step: Step) -> Iterator[tuple[str, str, Count, str]]:
    """Each operation's phase, layer, count and formula."""
    flat = FlatGraph(step.graph)
    first = len(step.graph.inputs) - len(step.reads)
    weights = set(range(first, len(step.graph.inputs)))
    for row, (phase, name) in zip(flat.rows, _whose(model, flat), strict=True):
        cost = cost_of(row.node)
        bias = 0
        if row.node.operation.name == "add":
            added = [n.spec.shape for n, i in zip(row.node.inputs, row.inputs, strict=True) if i in weights]
            bias = cost.adds if any(shape != row.node.spec.shape for shape in added) else 0
        moved = row.node.spec.nbytes + sum(n.spec.nbytes for n in row.node.inputs if isinstance(n.spec, Spec))
        yield phase, name, Count(cost.multiplies, cost.adds, bias, cost.macs, cost.flops, moved), cost.formula


def _whose(model: Any, flat: FlatGraph) -> Iterator[tuple[str, str]]:
    """Each row's phase and layer. What comes after the backward pass is the update."""
    known = {layer.name for layer in model.layers}
    after: set[int] = set()
    for row in flat.rows:
        made = row.outer.source_info
        if made is not None and made.of is not None:
            phase = "backward"
        else:
            phase = "update" if not after.isdisjoint(row.inputs) or _is_update(model, row.outer.scope) else "forward"
        if phase != "forward":
            after.add(row.position)
        own = inside(model, row.outer.scope).split("/")[0]
        name = own if own in known and phase != "update" else OPTIMIZER if phase == "update" else LOSS
        yield phase, name


def _is_update(model: Any, scope: str) -> bool:
    optimizer = getattr(model, "optimizer", None)
    return optimizer is not None and scope.split("/")[-1] == optimizer.name != model.name


# ---- measured


def _measure_operations(model: Any, costs: Costs, step: Step, data: Sequence[Any]) -> float:
    """NumPy's own time for each operation, the median of several runs; the sum of all."""
    flat = FlatGraph(step.graph)
    given = [*data, *[v._leaf.value for v in step.reads]]
    times: list[list[float]] = []
    began = time.perf_counter()
    while len(times) < 3 or (time.perf_counter() - began < 1.0 and len(times) < 50):
        times.append(_one_run(flat, given))
    middle = np.median(np.array(times[1:]), axis=0)
    lines = {line.name: line for line in costs.lines}
    for seconds, (phase, name) in zip(middle, _whose(model, flat), strict=True):
        line = lines[name]
        line.seconds[phase] = line.seconds.get(phase, 0.0) + float(seconds)
    return float(middle.sum())


def _one_run(flat: FlatGraph, given: Sequence[Any]) -> list[float]:
    values = list(flat.constants)
    values[: len(given)] = given
    found = []
    with np.errstate(all="ignore"):
        for row in flat.rows:
            inputs = [values[i] for i in row.inputs]
            start = time.perf_counter()
            values[row.position] = row.run(*inputs)
            found.append(time.perf_counter() - start)
            for i in flat.frees.get(row.position, ()):
                values[i] = None
    return found


def _measure_layers(
    model: Any, costs: Costs, step: Step, calls: Sequence[tuple[str, Any, Any, Any]], data: Sequence[Any], name: str
) -> float:
    """Each layer as a program of its own, forward alone and with its gradients, and the whole step as one."""
    lines = {line.name: line for line in costs.lines}
    seen: dict[Any, tuple[float, float]] = {}
    for path, layer, args, _ in calls:
        short = inside(model, path)
        flat, build = flatten([list(args[0]), args[1]])
        tensors = [t for t in flat if isinstance(t, Tensor)]
        if layer is model or "/" in short or not tensors:
            continue
        key = (id(layer), tuple(t.spec for t in tensors))
        if key not in seen:
            seen[key] = _layer_alone(layer, flat, build, name)
        forward, both = seen[key]
        line = lines[short]
        line.seconds["forward"] = line.seconds.get("forward", 0.0) + forward
        line.seconds["backward"] = line.seconds.get("backward", 0.0) + max(both - forward, 0.0)
    program = engine_named(name).program(step)
    with restored_variables(step.writes):
        return _time(lambda: program(data))


def _layer_alone(layer: Any, flat: Sequence[Any], build: Build, name: str) -> tuple[float, float]:
    """Seconds forward, and forward and backward; `flat`: what the layer is given, tensors and settings."""
    given = [_numbers(np.zeros(t.shape, t.dtype)) for t in flat if isinstance(t, Tensor)]
    weights = layer.trainable_weights

    def forward(*xs: Any) -> Any:
        rest = iter(xs)
        args, kwargs = build([next(rest) if isinstance(t, Tensor) else t for t in flat])
        return layer(*args, **kwargs)

    def both(*xs: Any) -> Any:
        made = [t for t in flatten(forward(*xs))[0] if isinstance(t, Tensor) and t.spec.floating]
        wanted = [*weights, *[x for x in xs if x.spec.floating]]
        return [made, [gradients(t, wanted, ops.ones_like(t), unconnected="zero") for t in made if wanted]]

    one, two = compiled(forward, engine=name), compiled(both, engine=name)
    stream = random.get_state()
    try:
        with restored_variables(layer.variables):
            return _time(lambda: one(*given)), _time(lambda: two(*given))
    finally:
        random.set_state(stream)


def _time(run: Callable[[], Any]) -> float:
    """Seconds of one run."""
    return timed(lambda count: [run() for _ in range(count)], ENOUGH)
