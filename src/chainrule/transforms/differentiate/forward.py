"""The forward pass: the derivative of every node along one direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import ops
from ...graph import Graph, Node, apply
from ...graph.spec import is_float
from ...ops.record import GET_OUTPUT, Operation, get_output, namespace
from .backward import local_gradient


def tangents(
    order: Sequence[Node], seeds: dict[int, Any], value: Callable[[Node], Any] | None = None
) -> dict[int, Any]:
    """Compute the derivative of each node along one direction, from the leaves forward, as tensors by serial.

    Args:
        order: the nodes in topological order.
        seeds: the directions of the leaves, by serial.
        value: gives what the rules take for a node; default: the node itself.
    """
    result: dict[int, Any] = dict(seeds)
    for node in order:
        if node.serial in result or not any(n.serial in result for n in node.inputs):
            continue
        operation: Any = node.operation
        if operation is GET_OUTPUT:
            inner = result[node.inputs[0].serial].get(node.attributes["position"])
            if inner is not None:
                result[node.serial] = inner
        elif "body" in node.attributes:
            result[node.serial] = _call_tangents(node, result, value)
        elif node.spec.floating:
            tangent = _node_tangent(node, operation, result, value)
            if tangent is not None:
                result[node.serial] = tangent
    return result


def _node_tangent(node: Node, operation: Operation, known: dict[int, Any], value: Callable[[Node], Any] | None) -> Any:
    """Return the tangent of one node from those of its inputs, or ``None`` for zero."""
    xs: list[Any] = [n if value is None else value(n) for n in node.inputs]
    y: Any = node if value is None else value(node)
    attributes = node.attributes
    if operation.joint:
        inputs = [known.get(n.serial) for n in node.inputs]
        with_zeros = [ops.zeros_like(x) if t is None else t for x, t in zip(xs, inputs, strict=True)]
        return apply(operation, tuple(with_zeros), attributes)
    total = None
    for i, parent in enumerate(node.inputs):
        t = known.get(parent.serial)
        if t is None or not is_float(xs[i].dtype):
            continue
        if operation.local is not None:
            local = local_gradient(operation, namespace(), i, xs, y, attributes)
            if local is None or (local.__class__ is int and local == 0):
                continue
            part = t if local.__class__ is int and local == 1 else t * local
            if operation.reduces:
                part = ops.sum(part, axis=attributes["axis"], keepdims=attributes["keepdims"])
            elif part.shape != y.shape:
                part = ops.broadcast_to(part, y.shape)
        elif (rule := operation.tangent_rule(i)) is not None:
            part = rule(namespace(), t, *xs, **attributes)
        elif operation.transpose is not None:
            part = apply(operation, (*xs[:i], t, *xs[i + 1 :]), attributes)
        else:
            continue
        total = part if total is None else total + part
    return total


def _call_tangents(node: Node, known: dict[int, Any], value: Callable[[Node], Any] | None) -> dict[int, Any]:
    """Return the tangents of a call's positions, by position."""
    body: Graph = node.attributes["body"]
    call = node if value is None else value(node)

    def inner_value(n: Node) -> Any:
        return n if n.operation.leaf and n.value is not None else get_output(call, body.position[n.serial])

    seeds = {b.serial: known[n.serial] for b, n in zip(body.inputs, node.inputs, strict=True) if n.serial in known}
    inner = tangents(body.nodes, seeds, inner_value)
    positions = {body.position[serial]: t for serial, t in inner.items()}
    last = inner.get(body.order[-1].serial)
    return positions if last is None else {**positions, -1: last}
