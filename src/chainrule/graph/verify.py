"""The check that a graph is valid: every shape rule run again, every node before those that read it."""

from __future__ import annotations

from ..core.errors import GraphError
from .graph import CallNode, Graph


def verify(graph: Graph) -> None:
    """Run every shape rule again, and check that the order is topological.

    Raises:
        GraphError: naming the first invalid node, with its scope and line.
    """
    earlier = {node.serial for node in graph.inputs}
    for node in graph.nodes:
        where = node.line or node.scope
        for parent in node.inputs:
            if parent.serial not in earlier:
                raise GraphError(
                    f"node {node.operation.name!r} that reads a node not before it",
                    "inputs made earlier and inside the graph",
                    "name the missing node as an input of the graph",
                    where,
                )
        earlier.add(node.serial)
        if node.operation.leaf:
            if node.value is None:
                raise GraphError(
                    f"a leaf {node.operation.name!r} without a value inside the graph",
                    "every symbolic input to be listed among the inputs",
                    "pass it in `inputs`",
                    where,
                )
            continue
        if isinstance(node, CallNode):
            verify(node.body)
            if node.spec != node.body.specs:
                raise GraphError(
                    f"call {node.operation.name!r} with other specs than its body's", "the body's specs", "", where
                )
            continue
        plan = node.operation.plan(tuple(n.spec for n in node.inputs), node.attributes)
        if plan.casts is not None or plan.spec != node.spec:
            raise GraphError(
                f"node {node.operation.name!r} with the spec {node.spec!r}",
                f"{plan.spec!r}, which its shape rule gives",
                "build nodes with `apply` only",
                where,
            )
        value = node.value
        if value is not None and not isinstance(value, list) and value.shape != node.spec.shape:
            raise GraphError(
                f"node {node.operation.name!r} whose value has shape {value.shape}", f"{node.spec!r}", "", where
            )
