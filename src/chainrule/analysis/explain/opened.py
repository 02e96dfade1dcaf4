"""Inline the bodies of calls, so that a graph consists of primitive operations alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph import Graph, Node, Plan, SourceInfo, apply, source_info_scope
from ...ops.record import GET_OUTPUT, Operation, attributes_of, get_output, run_body
from ...tensors.tensor import Tensor
from ...transforms.differentiate.backward import derivative_graph
from ...transforms.run import rebuild, rebuild_node


def inline_calls(graph: Graph, names: dict[int, str]) -> tuple[Graph, dict[int, str]]:
    """Run the graph again with the bodies of calls inlined under their names.

    Args:
        names: names by the serials of the graph's nodes.

    Returns:
        The graph of primitives, and the names by the serials of its nodes.
    """
    nodes = rebuild(graph, graph.inputs, _inline)  # type: ignore[arg-type]
    renamed = {
        nodes[graph.position[s]].serial: n
        for s, n in names.items()
        if s in graph.position and isinstance(nodes[graph.position[s]], Tensor)
    }
    return Graph(graph.inputs, [nodes[graph.position[n.serial]] for n in graph.outputs]), renamed


def _inline(node: Node, inputs: list[Any]) -> Any:
    """Rebuild a node on other inputs; a call becomes its body, a list of the nodes of its graph."""
    source = node.source_info or SourceInfo("", None, 0)
    if node.operation is GET_OUTPUT:
        return (  # a call that is not inlined has one value, its output
            inputs[0][node.attributes["position"] if len(inputs[0]) > 1 else 0]
            if isinstance(inputs[0], list)
            else get_output(inputs[0], node.attributes["position"])
        )
    if "body" in node.attributes:
        body: Graph = node.attributes["body"]
        if node.operation.custom_vjp is not None:  # type: ignore[attr-defined]  # its steps have no gradients
            with source_info_scope(source):
                return [apply(CustomVjpCall(node), tuple(inputs))]

        def inline_in_scope(n: Node, xs: list[Any]) -> Any:
            scope = "/".join(part for part in (source.scope, n.scope) if part)
            if n.operation is GET_OUTPUT or "body" in n.attributes:
                return _inline(_NodeInScope(n, source._replace(scope=scope)), xs)  # type: ignore[arg-type]
            with source_info_scope(source._replace(scope=scope)):
                return rebuild_node(n, xs)

        return rebuild(body, inputs, inline_in_scope)
    with source_info_scope(source):
        return apply(node.operation, tuple(inputs), node.attributes)


class CustomVjpCall(Operation):
    """A call with a custom VJP, as one operation: its value is the body's, its gradient the custom one."""

    def __init__(self, node: Node) -> None:
        call: Any = node.operation
        body: Graph = node.attributes["body"]
        last = body.position[body.outputs[0].serial]
        derived = derivative_graph(call, body, attributes_of(node))
        positions = [derived.position[g.serial] for g in derived.outputs]
        self.name, self.format, self.gradient_note = call.__name__, call.format, call.gradient_note
        self.body, self.run = body, lambda *xs: run_body(body)(*xs)[last]
        self.transpose = tuple([lambda xp, u, *xs, p=p: run_body(derived)(*xs, np.asarray(u))[p] for p in positions])
        self.tangent = self.transpose  # not linear, and only the VJP is known
        self.local, self.reduces, self.joint, self.parameters = None, False, False, {}
        self.plans: dict[Any, Plan] = {}

    def plan(self, specs: Any, attributes: dict[str, Any]) -> Plan:
        return Plan(self.body.outputs[0].spec, None, self.run)


class _NodeInScope:
    """A node of a body with another scope and line: those of the call."""

    def __init__(self, node: Node, source_info: SourceInfo) -> None:
        self.operation, self.attributes, self.source_info = node.operation, node.attributes, source_info
