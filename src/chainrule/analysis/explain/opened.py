"""Inline the bodies of calls, so that a graph consists of primitive operations alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph import CallNode, Graph, Node, SourceInfo, apply, run_values, source_info_scope
from ...ops.record import Operation, operation_of
from ...tensors.tensor import Tensor, get_output
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
    return _inline_in(node.source_info or SourceInfo("", None, 0), node, inputs)


def _inline_in(source: SourceInfo, node: Node, inputs: list[Any]) -> Any:
    """Rebuild a node with this scope and line: for one of a body, the call's."""
    if node.call is not None:
        if not isinstance(inputs[0], list):
            return get_output(inputs[0], node.position)
        return inputs[0][node.position if len(inputs[0]) > 1 else 0]  # a call not inlined has one value, its output
    with source_info_scope(source):
        if not isinstance(node, CallNode):
            return rebuild_node(node, inputs)
        if operation_of(node).custom_vjp is not None:  # its steps have no gradients
            return [apply(_as_primitive(node), tuple(inputs))]

    def visit(n: Node, xs: list[Any]) -> Any:
        return _inline_in(source._replace(scope="/".join(part for part in (source.scope, n.scope) if part)), n, xs)

    return rebuild(node.body, inputs, visit)


def _as_primitive(node: CallNode) -> Operation:
    """Return a call with a custom VJP as one operation: its value is the body's, its gradient the custom one."""
    call, body = operation_of(node), node.body
    output = body.outputs[0]
    derived = derivative_graph(call, body, node.attributes)
    positions = [derived.position[g.serial] for g in derived.outputs]
    transpose = tuple([lambda xp, u, *xs, p=p: run_values(derived, [*xs, np.asarray(u)])[p] for p in positions])
    return Operation(
        call.__name__,  # type: ignore[attr-defined]
        lambda xp, *xs: run_values(body, xs)[body.position[output.serial]],
        spec=lambda specs: output.spec,
        format=call.format,
        gradient_note=call.gradient_note,
        transpose=transpose,
        tangent=transpose,  # not linear, and only the VJP is known
        custom_vjp=call.custom_vjp,
    )
