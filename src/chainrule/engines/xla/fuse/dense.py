"""Patterns of dense layers: logistic regression, and a gradient that is summed while the weights are updated."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ....graph import CallNode, Node, spec_of
from ..calls import new_output
from .gradients import Gradient, computed, gradient_of, inputs_of_layer
from .rewriting import Index, Rewrite, value_of


def logistic_regression(index: Index, node: CallNode) -> list[Rewrite]:
    """Compute logits and, from the targets, the gradient by the weights alone of their binary cross-entropy."""
    logits = index.result(node)
    for loss in index.consumers(logits):
        gradient = _gradient_of_logits(index, node, loss)
        if gradient is None:
            continue
        target, upstream = loss.inputs[0], loss.inputs[-1]
        by = tuple(sorted(gradient.positions))
        specs = [logits.spec, *[gradient.inputs[i].spec for i in by]]
        inputs, attributes = [*node.inputs, target, upstream], {**node.attributes, "by": by}
        call = index.accepted("logistic_regression", inputs, attributes, specs, node, loss, gradient.node)
        if call is not None:
            results = {(gradient.node.serial, gradient.positions[i]): k for k, i in enumerate(by, start=1)}
            return [Rewrite(call, {value_of(logits): 0, **results}, (node, gradient.node))]
    return []


def _gradient_of_logits(index: Index, node: CallNode, loss: Node) -> Gradient | None:
    """Return the gradient of a dense layer whose upstream is `loss`, that of the cross-entropy of its logits."""
    if loss.operation.name != "binary_crossentropy_gradient" or len(loss.inputs) < 3:
        return None
    target, logits, upstream = *loss.inputs[:2], loss.inputs[-1]  # between them values of the loss's own body
    by_logits = gradient_of(index, loss)
    if by_logits is None or 1 not in by_logits.positions or not loss.attributes["from_logits"]:
        return None
    if logits.call is not node or not target.spec.shape == upstream.spec.shape == logits.spec.shape:
        return None
    for consumer in index.consumers(index.output(by_logits.node, by_logits.positions[1])):
        if consumer.operation.name == "dense_gradient" and consumer.inputs[: len(node.inputs)] == node.inputs:
            gradient = gradient_of(index, consumer)
            by_weights = gradient is not None and gradient.positions.keys() <= {1, 2}
            if gradient is not None and by_weights and gradient.upstream.call is loss:
                return gradient if _can_be_computed_before(node, [target, upstream]) else None
    return None


def _can_be_computed_before(node: Node, values: Sequence[Node]) -> bool:
    """Whether values that come after a node need only primitive operations on what comes before it.

    A call among these might be fused with what comes after the node, and so wait for it.
    """
    seen: set[int] = set()
    todo = list(values)
    while todo:
        value = todo.pop()
        if value.serial > node.serial and value.serial not in seen:
            if value.call is not None:
                return False
            seen.add(value.serial)
            todo += value.inputs
    return True


def dense_gradient(index: Index, node: CallNode) -> Sequence[Rewrite]:
    """Compute the gradient of a dense layer; the kernel's while it is updated, where nothing but Adam reads it."""
    gradient = gradient_of(index, node)
    inputs = None if gradient is None else inputs_of_layer(index, gradient)
    if gradient is None or inputs is None:
        return []
    *rows, channels = inputs[-1].spec.shape
    upstream = spec_of((math.prod(rows), channels), inputs[-1].spec.dtype)
    rewrites = computed(index, gradient, "dense_gradient", inputs, others=[upstream])
    return rewrites + [update for rewrite in rewrites for update in _adam_update(index, gradient, rewrite.call)]


def _adam_update(index: Index, gradient: Gradient, fused: Node) -> list[Rewrite]:
    """Sum the gradient by the kernel in the update by Adam, if nothing else reads it.

    Args:
        fused: the call that computes the gradient, whose last result is the upstream of the product. The gradient by
            the input, its first if it is read, needs the weight as it was, and so goes before the update.
    """
    if 1 not in gradient.positions:
        return []
    by_kernel = index.output(gradient.node, gradient.positions[1])
    update = index.only_consumer(by_kernel)
    if not isinstance(update, CallNode) or update.operation.name != "adam_update" or update.inputs[0] is not by_kernel:
        return []
    outputs = [new_output(fused, k) for k in range(len(fused.spec))]
    by_input = outputs[:1] if 0 in gradient.positions else []
    inputs = [gradient.inputs[0], outputs[-1], *update.inputs[1:], *by_input]
    return index.replaced("dense_gradient_adam_update", inputs, update, gradient.node)
