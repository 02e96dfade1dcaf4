"""Rewrite: groups of nodes become fused calls, which patterns choose by an index of the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ....graph import CallNode, Graph, Node, Spec
from ..calls import Kernel, copy_of, in_shape, new_call, new_output, position_of, result_of

Value = tuple[int, int]  # a call's serial and the position of one of its values; a node's serial and -1: its own


class Rewrite(NamedTuple):
    """A fused call, on the nodes of the graph as it was, and the values that its results are.

    Attributes:
        results: by value, the index of the result. members: the nodes it replaces.
    """

    call: Node
    results: dict[Value, int]
    members: tuple[Node, ...]


class Refusal(NamedTuple):
    """A node that a kernel might have computed, and why it is left to XLA."""

    node: Node
    kernel: str
    reason: str


class Index:
    """What patterns ask about a graph: the consumers of each node, the outputs of each call, and the kernels.

    Attributes:
        fused: the serials of the nodes that are replaced so far.
    """

    def __init__(self, graph: Graph, kernels: Mapping[str, Kernel]) -> None:
        self.kernels = kernels
        self.fused: set[int] = set()
        self._refusals: dict[int, Refusal] = {}
        self._consumers = graph.consumers
        self._results = {node.serial for node in graph.outputs}
        self._outputs = {(n.call.serial, position_of(n)): n for n in graph.nodes if n.call is not None}

    def consumers(self, node: Node) -> Sequence[Node]:
        """Return the nodes that read this one."""
        return self._consumers.get(node.serial, ())

    def only_consumer(self, node: Node) -> Node | None:
        """Return the node that alone reads this one, once; ``None`` too for a result of the graph."""
        consumers = self.consumers(node)
        return consumers[0] if len(consumers) == 1 and node.serial not in self._results else None

    def output(self, call: Node, position: int) -> Node:
        """Return the output of a call at a position, a new node where nothing reads it."""
        output = self._outputs.get((call.serial, position))
        if output is None:
            output = self._outputs[call.serial, position] = new_output(call, position)
        return output

    def result(self, call: CallNode) -> Node:
        """Return the output of a call that is its only result."""
        return self.output(call, result_of(call))

    def outputs(self, call: Node) -> list[Node]:
        """Return the outputs of a call that are read."""
        return [n for n in self.consumers(call) if n.call is call]

    def accepted(
        self, name: str, inputs: Sequence[Node], attributes: dict[str, Any], results: Sequence[Spec], *members: Node
    ) -> Node | None:
        """Return a fused call in place of `members`, if there is a kernel of this name that takes it."""
        kernel = self.kernels.get(name)
        if kernel is None:
            return None
        call = new_call(name, inputs, attributes, results, members)
        reason = kernel.refusal(call)
        if reason is None:
            return call
        self._refusals[members[0].serial] = Refusal(members[0], name, reason)
        return None

    @property
    def refusals(self) -> list[Refusal]:
        """The nodes that no kernel computes though there is one of their name, with the reason of the last asked."""
        return [refusal for serial, refusal in self._refusals.items() if serial not in self.fused]

    def replaced(self, name: str, inputs: Sequence[Node], call: CallNode, *members: Node) -> list[Rewrite]:
        """Compute the results of a call from `inputs` by the kernel `name`: no rewrite if that does not take it.

        Args:
            members: what is replaced besides the call, and by other rewrites too.
        """
        outputs = call.body.outputs
        fused = self.accepted(name, inputs, call.attributes, [n.spec for n in outputs], call, *members)
        if fused is None:
            return []
        results = {(call.serial, call.body.position[n.serial]): i for i, n in enumerate(outputs)}
        return [Rewrite(fused, results, (call,))]


Pattern = Callable[[Index, Any], Sequence[Rewrite]]  # of an `Index` and a node, which may have to be a call


def rewritten(index: Index, graph: Graph, patterns: Mapping[str, Pattern]) -> Graph:
    """Return the graph with fused calls where the patterns, by the name of the operation at the root, find groups."""
    replacements: dict[Value, Node] = {}
    for node in graph.nodes:
        pattern = patterns.get(node.operation.name)
        if pattern is None or node.serial in index.fused:
            continue
        for rewrite in pattern(index, node):
            index.fused |= {member.serial for member in rewrite.members}
            replacements |= {value: new_output(rewrite.call, i) for value, i in rewrite.results.items()}
    return _substituted(graph, replacements) if replacements else graph


def _substituted(graph: Graph, replacements: Mapping[Value, Node]) -> Graph:
    """Return the graph with nodes in place of values; they may read any nodes of the graph as it was."""
    new: dict[int, Node] = {node.serial: node for node in graph.inputs}
    for node in graph.nodes:
        todo = [node]
        while todo:
            old = todo[-1]
            replacement = None if old.serial in new else replacements.get(value_of(old))
            waiting = old.inputs if replacement is None else (replacement,)
            missing = [] if old.serial in new else [n for n in waiting if n.serial not in new]
            if missing:
                todo += reversed(missing)
                continue
            todo.pop()
            if old.serial not in new:
                inputs = [new[n.serial] for n in waiting]
                new[old.serial] = copy_of(old, inputs) if replacement is None else in_shape(inputs[0], old.spec)
    return Graph(graph.inputs, [new[node.serial] for node in graph.outputs])


def value_of(node: Node) -> Value:
    """Return the value that a node is: one of a call's, if it is an output."""
    return (node.serial, -1) if node.call is None else (node.call.serial, position_of(node))
