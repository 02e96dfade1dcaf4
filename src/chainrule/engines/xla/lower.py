"""Lower: a graph as a function of JAX arrays, through the records' own values.

What JAX must be told otherwise stands in one table, `lax.OVERRIDES`; what kernels replace, in another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from ...core.errors import GraphError
from ...graph import Graph, Node
from ...ops.record import GET_OUTPUT, attributes_of
from .lax import OVERRIDES

Replacement = Callable[["Values", Node], Any]


class Values:
    """The values of a graph's places on these inputs, each computed when first asked for.

    Args:
        replaced: by an operation's name, ``(values, node) -> value``, or ``None`` where it does not apply; a call
            node's value is a `Values` again.
    """

    def __init__(self, graph: Graph, inputs: Sequence[Any], replaced: Mapping[str, Replacement]) -> None:
        self.graph, self.replaced = graph, replaced
        self.known: dict[int, Any] = dict(enumerate(inputs))

    def __getitem__(self, position: int) -> Any:
        """The value at a place, counted from the end if negative."""
        position += len(self.graph.order) if position < 0 else 0
        if position not in self.known:
            for needed in self._needed(position):
                self.known[needed] = self._run(self.graph.order[needed])
        return self.known[position]

    def of(self, node: Node) -> Any:
        """The value of a node of this graph."""
        return self[self.graph.position[node.serial]]

    def inputs_of(self, node: Node) -> list[Any]:
        """The values that a node reads."""
        return [self.of(n) for n in node.inputs]

    def _needed(self, position: int) -> list[int]:
        """The places not yet known that this one depends on, itself included, in order."""
        found: set[int] = set()
        todo = [position]
        while todo:
            at = todo.pop()
            if at not in found and at not in self.known:
                found.add(at)
                todo += [self.graph.position[n.serial] for n in self.graph.order[at].inputs]
        return sorted(found)

    def _run(self, node: Node) -> Any:
        operation: Any = node.operation
        if operation.leaf:
            if node.value is None:
                raise GraphError(f"{operation.name!r} without a value", "it among the inputs", "pass it in", node.line)
            return jnp.asarray(node.value)
        if operation is GET_OUTPUT:
            return self.of(node.inputs[0])[node.attributes["position"]]
        replacement = self.replaced.get(operation.name)
        if replacement is not None:
            made = replacement(self, node)
            if made is not None:
                return made
        inputs = self.inputs_of(node)
        if "body" in node.attributes:
            return Values(node.attributes["body"], inputs, self.replaced)
        value = OVERRIDES.get(operation.name) or operation.value
        return value(jnp, *inputs, **attributes_of(node)).astype(node.spec.dtype)


def lower(graph: Graph, replaced: Mapping[str, Replacement] | None = None) -> Callable[[Sequence[Any]], list[Any]]:
    """A function of a list of arrays, the graph's inputs, that gives the list of its outputs. Pure; for `jax.jit`."""
    positions = [graph.position[node.serial] for node in graph.outputs]

    def run(inputs: Sequence[Any]) -> list[Any]:
        values = Values(graph, inputs, replaced or {})
        return [values[position] for position in positions]

    return run
