"""The forward pass: the derivative of every node along one direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from ... import ops
from ...graph import CallNode, Graph, Node, apply, interpret
from ...graph.spec import is_float
from ...ops.record import Operation, namespace, operation_of
from ...tensors.tensor import Tensor, get_output
from .backward import local_gradient, selected


class Tangent(NamedTuple):
    """The derivative of a node along the direction.

    `mask` is false where a selection (``where``, ``relu``) took no entry that varies: the derivative is 0 there, also
    behind an operation whose local gradient is infinite. ``None``: true everywhere.
    """

    value: Tensor
    mask: Tensor | None = None


def tangents(graph: Graph, seeds: Sequence[Any]) -> list[Any]:
    """Compute the derivative of each node of a graph along one direction, from the inputs forward.

    Args:
        seeds: the directions of the inputs, ``None`` for zero.

    Returns:
        For each position a tensor, for a call a list of them; ``None`` for zero.
    """
    return _values(_tangents(graph, [None if s is None else Tangent(s) for s in seeds], lambda node: node))


def _values(tree: Any) -> Any:
    return [_values(t) for t in tree] if isinstance(tree, list) else None if tree is None else tree.value


def _tangents(graph: Graph, seeds: Sequence[Tangent | None], value: Callable[[Node], Any]) -> list[Any]:
    """Return each node's tangent; `value` gives what the rules take for a node."""

    def visit(node: Node, known: list[Any]) -> Any:
        if all(t is None for t in known):
            return None
        if node.call is not None:
            return known[0][node.position]
        if isinstance(node, CallNode):
            return _call_tangents(node, known, value)
        return _node_tangent(node, known, value) if node.spec.floating else None

    return interpret(graph, seeds, visit, lambda node: None)


def _node_tangent(node: Node, known: list[Tangent | None], value: Callable[[Node], Any]) -> Tangent | None:
    """Return the tangent of one node from those of its inputs, or ``None`` for zero."""
    operation = operation_of(node)
    xs: list[Any] = [value(n) for n in node.inputs]
    y: Any = value(node)
    attributes = node.attributes
    if operation.joint:
        with_zeros = [ops.zeros_like(x) if t is None else t.value for x, t in zip(xs, known, strict=True)]
        return Tangent(apply(operation, tuple(with_zeros), attributes))
    parts: list[Tangent] = []
    for i, t in enumerate(known):
        if t is None or not is_float(xs[i].dtype):
            continue
        if operation.local is not None:
            local = local_gradient(operation, namespace(), i, xs, y, attributes)
            if local is None or (local.__class__ is int and local == 0):
                continue
            parts.append(_through_local(operation, t, local, y.shape, attributes))
        elif (rule := operation.tangent_rule(i)) is not None:
            parts.append(Tangent(rule(namespace(), t.value, *xs, **attributes)))
        elif operation.transpose is not None:
            mask = None
            if t.mask is not None and operation.is_move:
                mask = apply(operation, (t.mask, *xs[1:]), attributes).cast_to(t.mask.dtype)
            parts.append(Tangent(apply(operation, (*xs[:i], t.value, *xs[i + 1 :]), attributes), mask))
    if not parts:
        return None
    masks = [part.mask for part in parts if part.mask is not None]
    return Tangent(sum_of([part.value for part in parts]), reduce(or_, masks) if len(masks) == len(parts) else None)


def sum_of(values: list[Tensor]) -> Tensor:
    """Return the sum of one tensor or more."""
    total, *rest = values
    for value in rest:
        total = total + value
    return total


def _through_local(operation: Operation, t: Tangent, local: Any, shape: Any, attributes: dict[str, Any]) -> Tangent:
    """Return the tangent's part of a result of this shape: the tangent times the local gradient of one input."""
    mask = t.mask
    if operation.selects:
        value = selected(namespace(), t.value, local)
        taken = local if local.dtype == bool else local != 0
        mask = taken if mask is None else mask & taken
    elif local.__class__ is int:
        value = t.value if local == 1 else -t.value
    else:
        value = t.value * local if mask is None else ops.where(mask, t.value * local, 0)
    if operation.reduces:
        return Tangent(ops.sum(value, axis=attributes["axis"], keepdims=attributes["keepdims"]))
    if value.shape != shape:
        value = ops.broadcast_to(value, shape)
    if mask is not None and mask.shape != shape:
        mask = ops.broadcast_to(mask, shape)
    return Tangent(value, mask)


def _call_tangents(node: CallNode, known: list[Any], value: Callable[[Node], Any]) -> list[Any]:
    """Return the tangents of a call's positions."""
    body, call = node.body, value(node)

    def inner_value(n: Node) -> Any:
        return n if n.operation.leaf and n.value is not None else get_output(call, body.position[n.serial])

    return _tangents(body, known, inner_value)
