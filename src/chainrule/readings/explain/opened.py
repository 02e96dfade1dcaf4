"""The same graph made of primitives alone: composites opened under their names."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph import Graph, Made, Node, Plan, apply, made_for
from ...ops.record import PICK, Operation, attributes_of, pick, run_body
from ...tensor import Tensor
from ..differentiate.backward import written_gradient
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
        return (  # a call that stays closed has one value, its output
            inputs[0][node.attributes["place"] if len(inputs[0]) > 1 else 0]
            if isinstance(inputs[0], list)
            else pick(inputs[0], node.attributes["place"])
        )
    if "body" in node.attributes:
        body: Graph = node.attributes["body"]
        if node.operation.hand is not None:  # type: ignore[attr-defined]  # its backward knows no steps inside
            with made_for(made):
                return [apply(Written(node), tuple(inputs))]

        def inner(n: Node, xs: list[Any]) -> Any:
            scope = "/".join(part for part in (made.scope, n.scope) if part)
            if n.operation is PICK or "body" in n.attributes:
                return _inline(_Placed(n, made._replace(scope=scope)), xs)  # type: ignore[arg-type]
            with made_for(made._replace(scope=scope)):
                return same(n, xs)

        return rebuild(body, inputs, inner)
    with made_for(made):
        return apply(node.operation, tuple(inputs), node.attributes)


class Written(Operation):
    """A call with a backward of its own, as one operation: its value is the body's, its gradient what was written."""

    def __init__(self, node: Node) -> None:
        call: Any = node.operation
        body: Graph = node.attributes["body"]
        last = body.place[body.outputs[0].serial]
        derived = written_gradient(call, body, attributes_of(node))
        places = [derived.place[g.serial] for g in derived.outputs]
        self.name, self.written, self.says = call.__name__, call.written, call.says
        self.body, self.run = body, lambda *xs: run_body(body)(*xs)[last]
        self.transpose = tuple([lambda o, u, *xs, p=p: run_body(derived)(*xs, np.asarray(u))[p] for p in places])
        self.tangent = self.transpose  # it is not linear, and only the backward was written
        self.local, self.reduces, self.joint, self.parameters = None, False, False, {}
        self.plans: dict[Any, Plan] = {}

    def plan(self, specs: Any, attributes: dict[str, Any]) -> Plan:
        return Plan(self.body.outputs[0].spec, None, self.run)


class _Placed:
    """A body's node seen at the place of its call: the call's scope and line."""

    def __init__(self, node: Node, made: Made) -> None:
        self.operation, self.attributes, self.made = node.operation, node.attributes, made
