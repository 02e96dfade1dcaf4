"""The same graph made of primitives alone: composites opened under their names."""

from __future__ import annotations

from typing import Any

from ...graph import Graph, Made, Node, apply, made_for
from ...ops.record import PICK, pick
from ...tensor import Tensor
from ..run import rebuild, same


def opened(graph: Graph, names: dict[int, str]) -> tuple[Graph, dict[int, str]]:
    """The same graph made of primitives alone, run again: the bodies of calls inlined under their names."""
    made = rebuild(graph, graph.inputs, _inline)  # type: ignore[arg-type]
    renamed = {
        made[graph.place[s]].serial: n
        for s, n in names.items()
        if s in graph.place and isinstance(made[graph.place[s]], Tensor)
    }
    return Graph(graph.inputs, [made[graph.place[n.serial]] for n in graph.outputs]), renamed


def _inline(node: Node, inputs: list[Any]) -> Any:
    made = node.made or Made("", None, 0)
    if node.operation is PICK:
        return (
            inputs[0][node.attributes["place"]]
            if isinstance(inputs[0], list)
            else pick(inputs[0], node.attributes["place"])
        )
    if "body" in node.attributes:
        body: Graph = node.attributes["body"]

        def inner(n: Node, xs: list[Any]) -> Any:
            scope = "/".join(part for part in (made.scope, n.scope) if part)
            if n.operation is PICK or "body" in n.attributes:
                return _inline(_Placed(n, made._replace(scope=scope)), xs)  # type: ignore[arg-type]
            with made_for(made._replace(scope=scope)):
                return same(n, xs)

        return rebuild(body, inputs, inner)
    with made_for(made):
        return apply(node.operation, tuple(inputs), node.attributes)


class _Placed:
    """A body's node seen at the place of its call: the call's scope and line."""

    def __init__(self, node: Node, made: Made) -> None:
        self.operation, self.attributes, self.made = node.operation, node.attributes, made
