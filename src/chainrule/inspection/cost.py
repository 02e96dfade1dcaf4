"""The cost of each layer of a model, counted and measured: forward, backward, update.

It is counted on the step that training takes (or, without targets, on the outputs and their gradients), flattened to
its primitive operations; and measured operation by operation with NumPy, or layer by layer as compiled programs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import ops
from ..analysis.price import PHASES, Count, cost_of, count_of
from ..core.arguments import at_least
from ..core.clock import median_seconds
from ..core.display import Figure, to_dataframe
from ..core.errors import GraphError, ValueProblem
from ..core.messages import LazyMessage
from ..core.progress import progress
from ..engines.compile import compile as compiled
from ..engines.engine import engine as engine_named
from ..layers.call_context import capture_outputs
from ..layers.layer import forget_losses
from ..ops import random
from ..tensors import tree
from ..tensors.tensor import Tensor
from ..tensors.tree import Unflatten, flatten
from ..training.batch import specs_of
from ..training.data_adapter import one_batch
from ..training.preparation import float_dtype_of, prepare, prepare_optimizer, require_compiled
from ..transforms.differentiate import gradients
from ..transforms.flatten import FlatGraph
from ..transforms.trace import Step, restored_variables, trace
from .values import path_in_model

MEASURED_SECONDS = 0.1  # for each layer
MIN_RUNS, MAX_RUNS, RUNS_SECONDS = 3, 50, 1.0  # of the whole step, operation by operation
LOSS, OPTIMIZER = LazyMessage("(loss and metrics)"), LazyMessage("(optimizer)")


def gflops_per_second(flops: int, seconds: float | None) -> float | None:
    """Return billions of operations a second; ``None`` if no time was measured."""
    return flops / seconds / 1e9 if seconds else None


@dataclass
class LayerCost:
    """A layer's cost.

    Attributes:
        formula: of the operation with most multiplies in the forward pass.
        memory: bytes of the layer's outputs. counts: by phase. seconds: measured, by phase.
    """

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
        """The counts of the forward pass."""
        return self.counts["forward"]

    @property
    def backward(self) -> Count:
        """The counts of the backward pass."""
        return self.counts["backward"]

    @property
    def update(self) -> Count:
        """The counts of the optimizer's update."""
        return self.counts["update"]

    @property
    def total(self) -> Count:
        """The counts of all phases."""
        return sum(self.counts.values(), Count())


@dataclass(repr=False)
class Costs(Figure):
    """A model's costs, a `LayerCost` for each layer; text when printed, a page, a table, data.

    Attributes:
        batch: examples. engine: the one measured, or ``None``. step: measured seconds of the whole step.
    """

    name: str
    batch: int
    lines: list[LayerCost]
    engine: str | None = None
    step: float | None = None

    _renderer_module = "cost"

    @property
    def costs(self) -> list[Costs]:
        """A list of this alone, as a comparison has several."""
        return [self]

    def total(self, phase: str | None = None) -> Count:
        """Return the sum over all layers, of one phase or all."""
        phases = PHASES if phase is None else (phase,)
        return sum((line.counts[p] for line in self.lines for p in phases), Count())

    def seconds(self, phase: str) -> float:
        """Return the measured seconds of one phase over all layers."""
        return sum(line.seconds.get(phase, 0.0) for line in self.lines)

    def shares_of_multiplies(self) -> list[float]:
        """Return each layer's share of all multiplies, from 0 to 1."""
        return _shares([line.total.multiplies for line in self.lines])

    def shares_of_time(self) -> list[float]:
        """Return each layer's share of the measured time, from 0 to 1."""
        return _shares([sum(line.seconds.values()) for line in self.lines])

    @property
    def parameters(self) -> int:
        """The number of parameters."""
        return sum(line.parameters for line in self.lines)

    @property
    def memory(self) -> int:
        """Bytes of all layers' outputs."""
        return sum(line.memory for line in self.lines)

    def rows(self) -> list[dict[str, Any]]:
        """Return a dictionary of plain numbers for each layer."""
        rows = []
        for line in self.lines:
            row: dict[str, Any] = {"layer": line.name, "type": line.kind, "output": line.shape}
            row |= {"parameters": line.parameters, "formula": line.formula, "memory": line.memory}
            for phase in PHASES:
                count, seconds = line.counts[phase], line.seconds.get(phase)
                for what in ("multiplies", "adds", "bias", "flops", "bytes"):
                    row[f"{phase} {what}"] = getattr(count, what)
                row[f"{phase} ms"] = None if seconds is None else 1e3 * seconds
                row[f"{phase} GFLOP/s"] = gflops_per_second(count.flops, seconds)
            rows.append(row)
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        own = {"name": self.name, "batch": self.batch, "engine": self.engine, "step": self.step}
        return {**own, "parameters": self.parameters, "layers": self.rows()}

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each layer."""
        return to_dataframe(self.rows())


def _shares(numbers: Sequence[float]) -> list[float]:
    total = sum(numbers) or 1
    return [n / total for n in numbers]


@dataclass(repr=False)
class Comparison(Figure):
    """Several models' costs side by side."""

    costs: list[Costs]

    _renderer_module = "cost"

    def to_dict(self) -> dict[str, Any]:
        """Return each model's costs as plain data."""
        return {"models": [c.to_dict() for c in self.costs]}

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each layer, the model's name in front."""
        return to_dataframe([{"model": c.name, **row} for c in self.costs for row in c.rows()])


@progress("counting and measuring the layers")
def cost_of_model(
    model: Any, x: Any = None, y: Any = None, batch_size: int = 1, measure: bool = False, engine: str | None = None
) -> Costs:
    """Return the costs of a step on a batch like this one (see `Model.cost`)."""
    batch_size = at_least(1, batch_size=batch_size)
    batch = _zero_batch(model, batch_size) if x is None else one_batch(x, y, None, float_dtype_of(model))
    if y is not None:
        require_compiled(model, "the cost of a step")
    prepare(model, batch, training=y is not None)
    step, calls = _step(model, batch, y is not None)
    rows = tree.leaves(batch[0])[0].shape[0]
    costs = Costs(model.name, rows, _layer_costs(model, step, calls))
    if measure or engine is not None:
        name = engine_named(engine or "numpy").name
        costs.engine = name
        try:
            data = [_random_like(a) if x is None else a for a in tree.leaves(batch)]
            if name == "numpy":
                costs.step = _measure_operations(model, costs, step, data)
            else:
                costs.step = _measure_layers(model, costs, step, calls, data, name)
        except MemoryError:
            passed = f"a batch of {rows} to be measured"
            raise ValueProblem(passed, "one that fits the memory", "take a smaller one, or only count") from None
    return costs


def compare(a: Any, b: Any, *others: Any, **options: Any) -> Comparison:
    """Compare the costs of two or more models.

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
        passed = f"{unknown[0]}={options[unknown[0]]!r}"
        raise ValueProblem(passed, "x, y, batch_size, measure or engine", "check the name")
    for model in (a, b, *others):
        if not hasattr(model, "cost"):
            raise ValueProblem(f"{model!r:.60} to be compared", "models", "e.g. compare(plain, narrow)")
    return Comparison([cost_of_model(model, **options) for model in (a, b, *others)])


# ---- the step, and the layer of each operation


def _zero_batch(model: Any, batch_size: int) -> tuple[Any, Any, Any]:
    """Return a batch of zeros for the model's declared inputs, which takes no memory."""
    specs = model.input_specs
    if specs is None or any(None in spec.shape[1:] for spec in tree.leaves(specs)):
        passed = f"the cost of {model.name!r}, whose input is not known"
        expected = "a model that begins with a full Input(shape), or data"
        raise GraphError(passed, expected, "pass x, e.g. model.cost(x[:32])")
    zeros = tree.map(lambda spec: np.broadcast_to(np.zeros((), spec.dtype), (batch_size, *spec.shape[1:])), specs)
    return zeros, None, None


def _random_like(array: Any) -> Any:
    """Return data to measure on, random if it is of a float dtype: arithmetic with zeros may be faster."""
    if array.dtype.kind != "f":
        return array
    return np.random.default_rng(0).normal(size=array.shape).astype(array.dtype)


def _step(model: Any, batch: Any, with_update: bool) -> tuple[Step, list[tuple[str, Any, Any, Any]]]:
    """Trace the step that training takes; without the update, the outputs and their gradients by the weights.

    Returns:
        The step, and of each call of a layer the path, the layer, its inputs and its output.
    """
    if with_update:
        prepare_optimizer(model)

    def forward_and_backward(x: Any, y: Any, w: Any) -> Any:
        outputs = model(x, training=False)
        float_outputs = [t for t in tree.leaves(outputs) if isinstance(t, Tensor) and t.spec.floating]
        weights = model.trainable_weights
        grads = [gradients(t, weights, ops.ones_like(t), unconnected="zero") for t in float_outputs if weights]
        return [outputs, grads]

    def train(x: Any, y: Any, w: Any) -> Any:
        return model.train_step((x, y) if w is None else (x, y, w))

    try:
        with capture_outputs() as calls:
            step = trace(train if with_update else forward_and_backward, *specs_of(batch))
    finally:
        forget_losses(model)
    return step, calls


def _layer_costs(model: Any, step: Step, calls: Sequence[tuple[str, Any, Any, Any]]) -> list[LayerCost]:
    """Return the counted costs of the model's own layers, of the loss and of the optimizer."""
    lines: dict[str, LayerCost] = {}
    for path, layer, _, result in calls:
        name = path_in_model(model, path)
        if layer is model or "/" in name:
            continue
        outputs = [t for t in tree.leaves(result) if isinstance(t, Tensor)]
        line = lines.get(name)
        if line is None:
            line = lines[name] = LayerCost(name, type(layer).__name__, outputs[0].shape if outputs else None)
            line.parameters = sum(v.size for v in layer.weights)
        line.memory += sum(t.spec.nbytes for t in outputs)
    largest: dict[str, tuple[int, int]] = {}
    for phase, name, count, formula in _operation_costs(model, step):
        line = lines.setdefault(name, LayerCost(name, ""))
        line.counts[phase] += count
        size = count.multiplies, count.flops
        if phase == "forward" and size > largest.get(name, (-1, -1)):
            largest[name], line.formula = size, formula
    return list(lines.values())


def _operation_costs(model: Any, step: Step) -> Iterator[tuple[str, str, Count, str]]:
    """Yield each operation's phase, layer, count and formula."""
    flat = FlatGraph(step.graph)
    variables = range(len(step.graph.inputs) - len(step.reads), len(step.graph.inputs))
    for row, (phase, name) in zip(flat.rows, _phases_and_layers(model, flat), strict=True):
        yield phase, name, count_of(row.node, [i in variables for i in row.inputs]), cost_of(row.node).formula


def _phases_and_layers(model: Any, flat: FlatGraph) -> Iterator[tuple[str, str]]:
    """Yield each row's phase and layer. What depends on the backward pass, without being of it, is the update."""
    layer_names = {layer.name for layer in model.layers}
    after_forward: set[int] = set()
    for row in flat.rows:
        source = row.outer.source_info
        if source is not None and source.forward_serial is not None:
            phase = "backward"
        elif not after_forward.isdisjoint(row.inputs) or _is_update(model, row.outer.scope):
            phase = "update"
        else:
            phase = "forward"
        if phase != "forward":
            after_forward.add(row.position)
        layer = path_in_model(model, row.outer.scope).split("/")[0]
        name = layer if layer in layer_names and phase != "update" else OPTIMIZER if phase == "update" else LOSS
        yield phase, name


def _is_update(model: Any, scope: str) -> bool:
    """Whether a scope is the optimizer's."""
    optimizer = getattr(model, "optimizer", None)
    return optimizer is not None and scope.split("/")[-1] == optimizer.name != model.name


# ---- measured


def _measure_operations(model: Any, costs: Costs, step: Step, data: Sequence[Any]) -> float:
    """Measure NumPy's time for each operation, the median of several runs, and add it to its layer; return the sum."""
    flat = FlatGraph(step.graph)
    inputs = [*data, *[v.numpy() for v in step.reads]]
    times: list[list[float]] = []
    start = time.perf_counter()
    while len(times) < MIN_RUNS or (time.perf_counter() - start < RUNS_SECONDS and len(times) < MAX_RUNS):
        times.append(_time_operations(flat, inputs))
    medians = np.median(np.array(times[1:]), axis=0)
    lines = {line.name: line for line in costs.lines}
    for seconds, (phase, name) in zip(medians, _phases_and_layers(model, flat), strict=True):
        line = lines[name]
        line.seconds[phase] = line.seconds.get(phase, 0.0) + float(seconds)
    return float(medians.sum())


def _time_operations(flat: FlatGraph, graph_inputs: Sequence[Any]) -> list[float]:
    """Run the graph once and return the seconds of each operation."""
    values = list(flat.constants)
    values[: len(graph_inputs)] = graph_inputs
    times = []
    with np.errstate(all="ignore"):
        for row in flat.rows:
            inputs = [values[i] for i in row.inputs]
            start = time.perf_counter()
            values[row.position] = row.run(*inputs)
            times.append(time.perf_counter() - start)
            for i in flat.frees.get(row.position, ()):
                values[i] = None
    return times


def _measure_layers(
    model: Any, costs: Costs, step: Step, calls: Sequence[tuple[str, Any, Any, Any]], data: Sequence[Any], name: str
) -> float:
    """Measure each layer as a program of its own, forward alone and with its gradients; return the seconds of the whole
    step as one program."""
    lines = {line.name: line for line in costs.lines}
    measured: dict[Any, tuple[float, float]] = {}
    for path, layer, args, _ in calls:
        layer_name = path_in_model(model, path)
        flat, unflatten = flatten([list(args[0]), args[1]])
        tensors = [t for t in flat if isinstance(t, Tensor)]
        if layer is model or "/" in layer_name or not tensors:
            continue
        key = (id(layer), tuple(t.spec for t in tensors))
        if key not in measured:
            measured[key] = _time_layer(layer, flat, unflatten, name)
        forward, both = measured[key]
        line = lines[layer_name]
        line.seconds["forward"] = line.seconds.get("forward", 0.0) + forward
        line.seconds["backward"] = line.seconds.get("backward", 0.0) + max(both - forward, 0.0)
    program = engine_named(name).program(step)
    with restored_variables(step.writes):
        return _seconds_of(lambda: program(data))


def _time_layer(layer: Any, arguments: Sequence[Any], unflatten: Unflatten, engine: str) -> tuple[float, float]:
    """Return the seconds of a layer's forward pass, and of its forward and backward pass together.

    Args:
        arguments: all leaves of the layer's arguments, tensors and others. unflatten: makes ``[args, kwargs]`` of them.
    """
    data = [_random_like(np.zeros(t.shape, t.dtype)) for t in arguments if isinstance(t, Tensor)]
    weights = layer.trainable_weights

    def forward(*xs: Any) -> Any:
        tensors = iter(xs)
        args, kwargs = unflatten([next(tensors) if isinstance(a, Tensor) else a for a in arguments])
        return layer(*args, **kwargs)

    def forward_and_backward(*xs: Any) -> Any:
        outputs = [t for t in tree.leaves(forward(*xs)) if isinstance(t, Tensor) and t.spec.floating]
        sources = [*weights, *[x for x in xs if x.spec.floating]]
        return [outputs, [gradients(t, sources, ops.ones_like(t), unconnected="zero") for t in outputs if sources]]

    alone, both = compiled(forward, engine=engine), compiled(forward_and_backward, engine=engine)
    stream = random.get_state()
    try:
        with restored_variables(layer.variables):
            return _seconds_of(lambda: alone(*data)), _seconds_of(lambda: both(*data))
    finally:
        random.set_state(stream)


def _seconds_of(run: Callable[[], Any]) -> float:
    """Measure the seconds of one run."""
    return median_seconds(lambda count: [run() for _ in range(count)], MEASURED_SECONDS)
