"""A graph: the nodes between chosen inputs and outputs, in topological order; and the one loop over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any
from weakref import ref

import numpy as np

from .apply import plan_for
from .node import Detached, Node, OperationRecord, ancestors
from .source_info import SourceInfo
from .spec import Specs


class Graph:
    """The nodes from `inputs`, which are not among them, to `outputs`.

    Attributes:
        inputs: nodes whose values are passed in; traversal stops there.
        outputs: the nodes to compute.
        derivative_of: for the body of a call's derivative: which of the call's inputs the outputs belong to, which
            positions of its body are read, and the positions of the upstreams; inputs come in that order.
        nodes: everything between, constants included, in topological order.
        order: inputs followed by nodes; a node's *position* is its index here.
    """

    derivative_of: tuple[tuple[int, ...], list[int], list[tuple[int, ...]]] | None = None

    def __init__(self, inputs: Iterable[Node], outputs: Iterable[Node]) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.nodes = tuple(ancestors(self.outputs, stop=self.inputs))
        self.order = self.inputs + self.nodes
        self.derivatives: dict[Any, Any] = {}  # a body's derivative graphs, cached by `differentiate`

    def __repr__(self) -> str:
        return f"Graph({len(self.inputs)} inputs, {len(self.nodes)} nodes, {len(self.outputs)} outputs)"

    @cached_property
    def position(self) -> dict[int, int]:
        """The index of each node in `order`, by serial."""
        return {node.serial: i for i, node in enumerate(self.order)}

    @cached_property
    def specs(self) -> Specs:
        """The spec of every position."""
        return Specs([node.spec for node in self.order])

    @cached_property
    def indices(self) -> list[tuple[int, ...]]:
        """The positions of each node's inputs, in the order of `nodes`."""
        return [tuple([self.position[n.serial] for n in node.inputs]) for node in self.nodes]

    @cached_property
    def functions(self) -> list[tuple[int, Callable[..., Any], tuple[int, ...]]]:
        """What a run computes: (position, function of arrays, positions of its inputs) of each node but the leaves."""
        first = len(self.inputs)
        rows = enumerate(zip(self.nodes, self.indices, strict=True), start=first)
        return [(i, function_of(node), indices) for i, (node, indices) in rows if not node.operation.leaf]

    @cached_property
    def constants(self) -> list[Any]:
        """The values by position before a run: those of leaves, ``None`` elsewhere."""
        inputs: list[Any] = [None] * len(self.inputs)
        return inputs + [node.value if node.operation.leaf else None for node in self.nodes]

    @cached_property
    def consumers(self) -> dict[int, list[Node]]:
        """The nodes that read each node, by its serial; a node that reads it twice is listed twice."""
        readers: dict[int, list[Node]] = {node.serial: [] for node in self.order}
        for node in self.nodes:
            for n in node.inputs:
                readers[n.serial].append(node)
        return readers


class CallNode(Node):
    """One application of an operation that has a body: of a composite, a derivative, a user's operation.

    Its `spec` is the tuple of the specs of all the body's nodes, by position, and its `value` the list of their
    arrays. Other nodes read one of them each (`Node.call`, `Node.position`).

    Attributes:
        body: the graph that it runs on its inputs.
    """

    __slots__ = ("_outputs", "body")

    def __init__(
        self,
        operation: OperationRecord,
        inputs: tuple[Node, ...],
        attributes: dict[str, Any],
        body: Graph,
        value: list[Any] | None,
        tracked: bool | Detached,
        source_info: SourceInfo | None,
    ) -> None:
        super().__init__(operation, inputs, attributes, body.specs, value, tracked, source_info)
        self.body = body
        self._outputs: list[ref[Node]] = []

    @property
    def outputs(self) -> list[Node]:
        """The nodes in use that read one of its values, in the order in which they were made."""
        return [node for node in (r() for r in self._outputs) if node is not None]

    def add_output(self, node: Node) -> None:
        """Note a node that reads one of its values."""
        self._outputs.append(ref(node))


def function_of(node: Node) -> Callable[..., Any]:
    """Return the function of arrays that computes a node; that of a call returns a list, its body's values."""
    if isinstance(node, CallNode):
        body = node.body
        return lambda *arrays: run_values(body, arrays)
    run: Callable[..., Any] = plan_for(node.operation, tuple([n.spec for n in node.inputs]), node.attributes).run
    return run


def run_values(graph: Graph, arrays: Sequence[Any]) -> list[Any]:
    """Compute the value at every position of a graph from arrays of its inputs.

    It is `interpret` with each node's `function_of`, written out since eager calls spend their time here.
    """
    values = list(graph.constants)
    values[: len(arrays)] = arrays
    with np.errstate(all="ignore"):
        for position, function, indices in graph.functions:
            values[position] = function(*[values[i] for i in indices])
    return values


def interpret(
    graph: Graph, inputs: Iterable[Any], visit: Callable[[Node, list[Any]], Any], leaf: Callable[[Node], Any]
) -> list[Any]:
    """Walk a graph in topological order: the one loop over its nodes, for anything that follows from their inputs.

    Args:
        inputs: what stands for each of the graph's inputs.
        visit: returns what stands for a node, from the node and what stands for its inputs.
        leaf: returns what stands for a leaf: a constant or a variable.

    Returns:
        What stands for each position.
    """
    results = list(inputs)
    for node, indices in zip(graph.nodes, graph.indices, strict=True):
        results.append(leaf(node) if node.operation.leaf else visit(node, [results[i] for i in indices]))
    return results
