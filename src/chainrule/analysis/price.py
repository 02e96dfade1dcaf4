"""Price a graph: what every node multiplies, adds and moves, with the formula and its numbers filled in.

A multiply-accumulate (MAC) is one multiply and one add; FLOPs are multiplies, adds and other operations
together. Bias additions are counted apart, as papers leave them out. Bytes are what a node reads and writes; the memory
is the most that NumPy takes at once, each value freed after its last reader.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from ..core.display import Displayable, to_dataframe
from ..core.errors import GraphError
from ..core.messages import LazyMessage
from ..graph import CallNode, Graph, Node, SourceInfo, Spec, ancestors, source_info_scope
from ..ops.record import Cost, operation_of
from ..tensors.convert import as_tensor, symbolic
from ..tensors.tensor import INPUT, VARIABLE, WATCHED, Tensor
from ..tensors.tree import flatten
from ..tensors.variable import Variable, recording
from ..transforms.differentiate import gradients
from ..transforms.flatten import Memory, memory
from ..transforms.run import rebuild, rebuild_node
from ..transforms.trace import StateRecorder

PHASES = ("forward", "backward", "update")  # of a step of training; `price` has the first two


@dataclass
class Count:
    """Counts of operations, bytes and parameters. ``bias`` is the part of `adds` that adds a bias."""

    multiplies: int = 0
    adds: int = 0
    bias: int = 0
    macs: int = 0
    flops: int = 0
    bytes: int = 0
    parameters: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(*[getattr(self, f.name) + getattr(other, f.name) for f in fields(Count)])


@dataclass
class Row:
    """The price of one operation."""

    operation: str
    scope: str
    shape: tuple[Any, ...]
    phase: str
    count: Count
    formula: str
    line: str = field(repr=False, default="")


class Price(Displayable):
    """The price of a graph: `rows`, `total`, `forward`, `backward`, `memory`, and a table when printed."""

    _renderer_module = "price"

    def __init__(self, rows: list[Row], find_memory: Callable[[], Memory]) -> None:
        self.rows, self._find_memory = rows, find_memory

    @cached_property
    def memory(self) -> Memory:
        """The memory that running the graph takes; computed when first read, since the counts do not need it."""
        return self._find_memory()

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with the memory, which is then known, and without the graph."""
        return {"rows": self.rows, "memory": self.memory}

    def _sum(self, rows: Iterable[Row]) -> Count:
        return sum((r.count for r in rows), Count())

    @property
    def total(self) -> Count:
        """The sum of all rows."""
        return self._sum(self.rows)

    @property
    def forward(self) -> Count:
        """The sum of the forward pass."""
        return self._sum(r for r in self.rows if r.phase == "forward")

    @property
    def backward(self) -> Count:
        """The sum of the backward pass."""
        return self._sum(r for r in self.rows if r.phase == "backward")

    def by_scope(self, depth: int | None = None, phase: str | None = None) -> dict[str, Count]:
        """Return the sums by scope, cut to `depth` levels (``None``: all); rows without a scope are under ``""``."""
        counts: defaultdict[str, Count] = defaultdict(Count)
        for row in self.rows:
            if phase in (None, row.phase):
                scope = "/".join(row.scope.split("/")[:depth]) if depth is not None else row.scope
                counts[scope] += row.count
        return dict(counts)

    def to_dict(self) -> dict[str, Any]:
        """Return rows and total as plain data."""
        return {
            "rows": [{**r.__dict__, "count": dict(r.count.__dict__)} for r in self.rows],
            "total": dict(self.total.__dict__),
            "memory": self.memory._asdict(),
        }

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each operation."""
        rows = [{k: v for k, v in vars(r).items() if k != "count"} | vars(r.count) for r in self.rows]
        return to_dataframe(rows)


def price(target: Any, *specs: Any, backward: bool = False) -> Price:
    """Count what computing `target` costs.

    Args:
        target: a tensor, eager or symbolic, or a list of them; or a function, priced on `specs` without
            running it: shapes, or tensors and arrays, of which only shape and dtype are used.
        backward: also price the gradients with respect to all variables and watched tensors (for a
            function, its arguments).

    Raises:
        GraphError: for an operation without a price, or an unknown batch size.

    >>> import chainrule as cr
    >>> from chainrule import ops
    >>> cost = price(lambda x, k: ops.conv(x, k, padding="same"), (1, 28, 28, 192), (5, 5, 192, 32))
    >>> cost.total.multiplies
    120422400
    >>> cost.rows[0].formula
    '28·28·32 outputs × 5·5·192 window = 120,422,400 multiplies'
    >>> price(lambda x: ops.exp(x), (100,), backward=True).memory
    Memory(inputs=800, kept=400, peak=1600)
    """
    targets = [] if callable(target) else flatten(target, lists_are_arrays=True)[0]
    if not all(isinstance(t, Tensor | Variable) for t in targets):
        raise GraphError(f"a price of {target!r:.60}", "a tensor, or a function and its shapes", "e.g. price(f, (3,))")
    if callable(target) and not isinstance(target, Tensor):
        return _price_function(target, specs, backward)
    outputs = [as_tensor(t) for t in flatten(target, lists_are_arrays=True)[0]]
    graph = Graph([n for n in ancestors(outputs) if n.operation in (VARIABLE, WATCHED, INPUT)], outputs)
    return _price(graph, backward)


def _price_function(f: Callable[..., Any], specs: tuple[Any, ...], backward: bool) -> Price:
    """Return the price of a function on inputs of these specs."""
    inputs = []
    for s in specs:
        if isinstance(s, tuple) and any(n is None or isinstance(n, str) for n in s):
            raise GraphError(f"a price for the shape {s}", "known sizes", "give the batch size")
        shape = s if isinstance(s, tuple) and all(isinstance(n, int) for n in s) else None
        inputs.append(symbolic(shape) if shape is not None else symbolic(as_tensor(s).shape, as_tensor(s).dtype))
    with recording(StateRecorder()):  # so that what f assigns, such as running means, is not assigned
        outputs = [as_tensor(t) for t in flatten(f(*inputs), lists_are_arrays=True)[0]]
    variables = [n for n in ancestors(outputs, stop=inputs) if n.operation in (VARIABLE, WATCHED)]
    return _price(Graph([*inputs, *variables], outputs), backward)


def _price(graph: Graph, backward: bool) -> Price:
    """Return the price of a graph, and of its backward pass."""
    parameters = {n.serial for n in graph.inputs if n.operation is VARIABLE}
    rows = []
    for n in graph.inputs:
        if n.operation is VARIABLE and isinstance(n, Tensor):
            formula = LazyMessage("{count:,} numbers", count=n.size)
            rows.append(Row("parameter", n.name, n.shape, "forward", Count(parameters=n.size), formula, n.line))
    rows += _rows(graph.nodes, parameters, "forward")
    if not backward:
        return Price(rows, lambda: memory(graph, _workspace, lambda node: False))
    both, forward = _with_gradients(graph)
    rows += _rows([n for n in both.nodes if n.serial not in forward], set(), "backward")
    return Price(rows, lambda: memory(both, _workspace, lambda node: node.serial not in forward))


def _workspace(node: Node) -> int:
    """Return the bytes a node needs besides its inputs and its output."""
    return cost_of(node).workspace


def _with_gradients(graph: Graph) -> tuple[Graph, set[int]]:
    """Return the graph with its gradients as further outputs, and the serials of the nodes of the forward pass. The
    graph is rebuilt on symbolic inputs, so that nothing runs."""
    symbols = [symbolic(n.spec.shape, n.spec.dtype) for n in graph.inputs]
    nodes = rebuild(graph, symbols, _rebuild_with_source)
    outputs = [t for t in (nodes[graph.position[n.serial]] for n in graph.outputs) if t.spec.floating]
    with_inputs = all(n.operation is INPUT for n in graph.inputs)  # a function's arguments, not a model's data
    sources = [
        s
        for s, n in zip(symbols, graph.inputs, strict=True)
        if n.spec.floating and (with_inputs or n.operation is not INPUT)
    ]
    upstreams = [symbolic(y.shape, y.dtype) for y in outputs]
    grads = [g for y, u in zip(outputs, upstreams, strict=True) for g in gradients(y, sources, u, unconnected="zero")]
    return Graph([*symbols, *upstreams], [*outputs, *grads]), {n.serial for n in ancestors(outputs)}


def _rebuild_with_source(node: Node, inputs: list[Any]) -> Any:
    """Rebuild a node with the scope and line of the original."""
    with source_info_scope(node.source_info or SourceInfo("", None, 0)):
        return rebuild_node(node, inputs)


def _rows(nodes: Iterable[Node], parameters: set[int], phase: str, scope: str = "", line: str = "") -> list[Row]:
    """Return a row for each primitive operation, those in bodies of calls included."""
    rows = []
    for node in nodes:
        if node.operation.leaf or node.call is not None:
            continue
        path = "/".join(part for part in (scope, node.scope) if part)
        if isinstance(node, CallNode):
            rows += _rows(node.body.nodes, set(), phase, path, line or node.line)
            continue
        name, shape, formula = node.operation.name, node.spec.shape, cost_of(node).formula
        count = count_of(node, [n.serial in parameters for n in node.inputs])
        rows.append(Row(name, path, shape, phase, count, formula, line or node.line))
    return rows


def cost_of(node: Node) -> Cost:
    """Return a primitive node's cost, from its record's rule.

    Raises:
        GraphError: if its sizes are not known or its record gives no cost.
    """
    operation = operation_of(node)
    specs = tuple(n.spec for n in node.inputs)
    for spec in (*specs, node.spec):
        if isinstance(spec, Spec) and None in spec.shape:
            passed = f"a price for {operation.name} with shape {spec.shape}"
            raise GraphError(passed, "known sizes", "give the batch size", node.line)
    cost = operation.cost(specs, node.spec, **node.attributes)
    if not isinstance(cost, Cost):
        passed = f"an operation {operation.name!r} without a price"
        raise GraphError(passed, "a cost rule in its record", "add one", node.line)
    return cost


def count_of(node: Node, is_parameter: Collection[bool]) -> Count:
    """Return a primitive node's counts.

    Args:
        is_parameter: for each input, whether it is a parameter. The addition of a parameter of another shape than the
            result's is that of a bias.
    """
    cost = cost_of(node)
    adds_bias = operation_of(node).is_sum and any(
        parameter and n.spec.shape != node.spec.shape for n, parameter in zip(node.inputs, is_parameter, strict=True)
    )
    moved = node.spec.nbytes + sum(n.spec.nbytes for n in node.inputs if isinstance(n.spec, Spec))
    return Count(cost.multiplies, cost.adds, cost.adds if adds_bias else 0, cost.macs, cost.flops, moved)
