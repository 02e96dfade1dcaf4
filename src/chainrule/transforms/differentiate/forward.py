"""The forward pass: the derivative of every node along one direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import ops
from ...graph import CallNode, Graph, Node, apply, interpret
from ...graph.spec import is_float
from ...ops.record import namespace, operation_of
from ...tensors.tensor import get_output
from .backward import local_gradient


def tangents(graph: Graph, seeds: Sequence[Any], value: Callable[[Node], Any] = lambda node: node) -> list[Any]:
    """Compute the derivative of each node of a graph along one direction, from the inputs forward.

    Args:
        seeds: the directions of the inputs, ``None`` for zero.
        value: gives what the rules take for a node; default: the node itself.

    Returns:
        For each position a tensor, for a call a list of them; ``None`` for zero.
    """

    def visit(node: Node, known: list[Any]) -> Any:
        if all(t is None for t in known):
            return None
        if node.call is not None:
            return known[0][node.position]
        if isinstance(node, CallNode):
            return _call_tangents(node, known, value)
        return _node_tangent(node, known, value) if node.spec.floating else None

    return interpret(graph, seeds, visit, lambda node: None)


def _node_tangent(node: Node, known: list[Any], value: Callable[[Node], Any]) -> Any:
    """Return the tangent of one node from those of its inputs, or ``None`` for zero."""
    operation = operation_of(node)
    xs: list[Any] = [value(n) for n in node.inputs]
    y: Any = value(node)
    attributes = node.attributes
    if operation.joint:
        with_zeros = [ops.zeros_like(x) if t is None else t for x, t in zip(xs, known, strict=True)]
        return apply(operation, tuple(with_zeros), attributes)
    total = None
    for i, t in enumerate(known):
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


def _call_tangents(node: CallNode, known: list[Any], value: Callable[[Node], Any]) -> list[Any]:
    """Return the tangents of a call's positions."""
    body, call = node.body, value(node)

    def inner_value(n: Node) -> Any:
        return n if n.operation.leaf and n.value is not None else get_output(call, body.position[n.serial])

    return tangents(body, known, inner_value)
