"""The same graph made of primitives alone: composites opened under their names."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph import (
    Graph,
    Node,
    Plan,
    SourceInfo,
    apply,
    source_info_scope,
)
from ...ops.record import GET_OUTPUT, Operation, attributes_of, get_output, run_body
from ...tensors.tensor import Tensor
from ...transforms.differentiate.backward import written_gradient
from ...transforms.run import rebuild, same


def opened(graph: Graph, names: dict[int, str]) -> tuple[Graph, dict[int, str]]:
    """The same graph made of primitives alone, run again: the bodies of calls inlined under their names."""
    made = rebuild(graph, graph.inputs, _inline)  # type: ignore[arg-type]
    renamed = {
        made[graph.position[s]].serial: n
        for s, n in names.items()
        if s in graph.position and isinstance(made[graph.position[s]], Tensor)
    }
    return Graph(graph.inputs, [made[graph.position[n.serial]] for n in graph.outputs]), renamed


def _inline(node: Node, inputs: list[Any]) -> Any:
    made = node.source_info or SourceInfo("", None, 0)
    if node.operation is GET_OUTPUT:
        return (  # a call that stays closed has one value, its output
            inputs[0][node.attributes["position"] if len(inputs[0]) > 1 else 0]
            if isinstance(inputs[0], list)
            else get_output(inputs[0], node.attributes["position"])
        )
    if "body" in node.attributes:
        body: Graph = node.attributes["body"]
        if node.operation.custom_vjp is not None:  # type: ignore[attr-defined]  # its backward knows no steps inside
            with source_info_scope(made):
                return [apply(Written(node), tuple(inputs))]

        def inner(n: Node, xs: list[Any]) -> Any:
            scope = "/".join(part for part in (made.scope, n.scope) if part)
            if n.operation is GET_OUTPUT or "body" in n.attributes:
                return _inline(_Placed(n, made._replace(scope=scope)), xs)  # type: ignore[arg-type]
            with source_info_scope(made._replace(scope=scope)):
                return same(n, xs)

        return rebuild(body, inputs, inner)
    with source_info_scope(made):
        return apply(node.operation, tuple(inputs), node.attributes)


class Written(Operation):
    """A call with a backward of its own, as one operation: its value is the body's, its gradient what was written."""

    def __init__(self, node: Node) -> None:
        call: Any = node.operation
        body: Graph = node.attributes["body"]
        last = body.position[body.outputs[0].serial]
        derived = written_gradient(call, body, attributes_of(node))
        positions = [derived.position[g.serial] for g in derived.outputs]
        self.name, self.format, self.gradient_note = call.__name__, call.format, call.gradient_note
        self.body, self.run = body, lambda *xs: run_body(body)(*xs)[last]
        self.transpose = tuple([lambda xp, u, *xs, p=p: run_body(derived)(*xs, np.asarray(u))[p] for p in positions])
        self.tangent = self.transpose  # it is not linear, and only the backward was written
        self.local, self.reduces, self.joint, self.parameters = None, False, False, {}
        self.plans: dict[Any, Plan] = {}

    def plan(self, specs: Any, attributes: dict[str, Any]) -> Plan:
        return Plan(self.body.outputs[0].spec, None, self.run)


class _Placed:
    """A body's node seen at the place of its call: the call's scope and line."""

    def __init__(self, node: Node, made: SourceInfo) -> None:
        self.operation, self.attributes, self.source_info = node.operation, node.attributes, made
