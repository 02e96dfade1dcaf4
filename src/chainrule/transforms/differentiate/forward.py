"""The forward pass: the derivative of every node along one direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import ops
from ...graph import Graph, Node, apply
from ...graph.spec import is_float
from ...ops.record import GET_OUTPUT, Operation, get_output
from .backward import local_of


def tangents(
    order: Sequence[Node], seeds: dict[int, Any], value: Callable[[Node], Any] | None = None
) -> dict[int, Any]:
    """The derivative of each node along one direction, from the leaves forward, as tensors."""
    moved: dict[int, Any] = dict(seeds)
    for node in order:
        if node.serial in moved or not any(n.serial in moved for n in node.inputs):
            continue
        operation: Any = node.operation
        if operation is GET_OUTPUT:
            inner = moved[node.inputs[0].serial].get(node.attributes["position"])
            if inner is not None:
                moved[node.serial] = inner
        elif "body" in node.attributes:
            moved[node.serial] = _call_tangents(node, moved, value)
        elif node.spec.floating:
            found = _one_tangent(node, operation, moved, value)
            if found is not None:
                moved[node.serial] = found
    return moved


def _one_tangent(node: Node, operation: Operation, moved: dict[int, Any], value: Any) -> Any:
    xs: list[Any] = [n if value is None else value(n) for n in node.inputs]
    y: Any = node if value is None else value(node)
    attributes = node.attributes
    if operation.joint:
        moving = [moved.get(n.serial) for n in node.inputs]
        whole = [ops.zeros_like(x) if t is None else t for x, t in zip(xs, moving, strict=True)]
        return apply(operation, tuple(whole), attributes)
    total = None
    for i, parent in enumerate(node.inputs):
        t = moved.get(parent.serial)
        if t is None or not is_float(xs[i].dtype):
            continue
        if operation.local is not None:
            local = local_of(operation, ops, i, xs, y, attributes)
            if local is None or (local.__class__ is int and local == 0):
                continue
            part = t if local.__class__ is int and local == 1 else t * local
            if operation.reduces:
                part = ops.sum(part, axis=attributes["axis"], keepdims=attributes["keepdims"])
            elif part.shape != y.shape:
                part = ops.broadcast_to(part, y.shape)
        elif (rule := operation.tangent_rule(i)) is not None:
            part = rule(ops, t, *xs, **attributes)
        elif operation.transpose is not None:
            part = apply(operation, (*xs[:i], t, *xs[i + 1 :]), attributes)
        else:
            continue
        total = part if total is None else total + part
    return total


def _call_tangents(node: Node, moved: dict[int, Any], value: Any) -> dict[int, Any]:
    body: Graph = node.attributes["body"]
    here = node if value is None else value(node)

    def inner(n: Node) -> Any:
        return n if n.operation.leaf and n.value is not None else get_output(here, body.position[n.serial])

    seeds = {b.serial: moved[n.serial] for b, n in zip(body.inputs, node.inputs, strict=True) if n.serial in moved}
    found = tangents(body.nodes, seeds, inner)
    positions = {body.position[serial]: t for serial, t in found.items()}
    last = found.get(body.order[-1].serial)
    return positions if last is None else {**positions, -1: last}
