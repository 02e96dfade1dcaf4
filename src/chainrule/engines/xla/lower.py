"""Lower: a graph as a function of JAX arrays, through the records' own values.

What is written another way for JAX is in one table, `lax.OVERRIDES`; which calls are replaced, in others
(`calls.REPLACEMENTS`, `kernels.KERNELS`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from ...core.errors import GraphError
from ...graph import CallNode, Graph, Node
from .lax import OVERRIDES

Replacement = Callable[["Values", Any], Any]  # of a `Node` or a `CallNode`


class Values:
    """The values of a graph's nodes on these inputs, by position, each computed when it is first read.

    Args:
        replacements: by an operation's name, functions ``(values, node) -> value`` that return ``None`` where they do
            not apply. A call node's value is a `Values` too.
    """

    def __init__(self, graph: Graph, inputs: Sequence[Any], replacements: Mapping[str, Replacement]) -> None:
        self.graph, self.replacements = graph, replacements
        self.known: dict[int, Any] = dict(enumerate(inputs))

    def __getitem__(self, position: int) -> Any:
        """Return the value at a position, counted from the end if negative."""
        position += len(self.graph.order) if position < 0 else 0
        if position not in self.known:
            for needed in self._needed(position):
                self.known[needed] = self._run(self.graph.order[needed])
        return self.known[position]

    def of(self, node: Node) -> Any:
        """Return the value of a node of this graph."""
        return self[self.graph.position[node.serial]]

    def inputs_of(self, node: Node) -> list[Any]:
        """Return the values of a node's inputs."""
        return [self.of(n) for n in node.inputs]

    def _needed(self, position: int) -> list[int]:
        """Return the positions not yet known that this one depends on, itself included, in order."""
        needed: set[int] = set()
        todo = [position]
        while todo:
            position = todo.pop()
            if position not in needed and position not in self.known:
                needed.add(position)
                todo += [self.graph.position[n.serial] for n in self.graph.order[position].inputs]
        return sorted(needed)

    def _run(self, node: Node) -> Any:
        operation: Any = node.operation
        if operation.leaf:
            if node.value is None:
                raise GraphError(
                    f"{operation.name!r} without a value", "it among the graph's inputs", "pass it", node.line
                )
            return jnp.asarray(node.value)
        if node.call is not None:
            return self.of(node.call)[node.position]
        replacement = self.replacements.get(operation.name)
        if replacement is not None:
            result = replacement(self, node)
            if result is not None:
                return result
        inputs = self.inputs_of(node)
        if isinstance(node, CallNode):
            return Values(node.body, inputs, self.replacements)
        value = OVERRIDES.get(operation.name) or operation.value
        return value(jnp, *inputs, **node.attributes).astype(node.spec.dtype)


def lower(graph: Graph, replacements: Mapping[str, Replacement] | None = None) -> Callable[[Sequence[Any]], list[Any]]:
    """Return a pure function, for `jax.jit`, of the list of a graph's inputs that returns the list of its outputs."""
    positions = [graph.position[node.serial] for node in graph.outputs]

    def run(inputs: Sequence[Any]) -> list[Any]:
        values = Values(graph, inputs, replacements or {})
        return [values[position] for position in positions]

    return run
