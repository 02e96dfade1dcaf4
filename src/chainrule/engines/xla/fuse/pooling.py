"""Patterns of max-pooling: the position of each largest entry is a result of the call, and read by its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....graph import CallNode, Spec, spec_of
from ..calls import new_output, producer
from .gradients import Gradient, computed, gradient_of, gradients_of
from .rewriting import Index, Rewrite, value_of

Pair = tuple[Gradient, Gradient]  # of a pooling, and of the convolution before it


def max_pool(index: Index, node: CallNode) -> Sequence[Rewrite]:
    """Compute a pooling and its gradients, with the convolution before it where that is small and has a relu."""
    gradients = [g for g in gradients_of(index, node) if g.positions]
    convolution = producer(node.inputs[0], "convolution")
    if convolution is None or convolution.attributes["activation"] != "relu":
        return _max_pool(index, node, gradients, [])
    pairs = [(g, after) for g in gradients if (after := _gradient_before(index, convolution, g)) is not None]
    if len(pairs) < len(gradients):
        return _max_pool(index, node, gradients, [])
    return _convolution_max_pool(index, node, convolution, pairs) or _max_pool(index, node, gradients, pairs)


def _gradient_before(index: Index, convolution: CallNode, pool_gradient: Gradient) -> Gradient | None:
    """Return the gradient of the convolution, if that alone reads the gradient of the pooling, as its upstream.

    The gradient of the pooling may then be that of what went into the relu.
    """
    by_pooled = index.output(pool_gradient.node, pool_gradient.positions[0])
    consumer = index.only_consumer(by_pooled)
    if consumer is None or consumer.operation.name != "convolution_gradient" or consumer.inputs[-1] is not by_pooled:
        return None
    gradient = gradient_of(index, consumer)
    return gradient if gradient is not None and gradient.forward is convolution else None


def _convolution_max_pool(index: Index, node: CallNode, convolution: CallNode, pairs: Sequence[Pair]) -> list[Rewrite]:
    """Compute convolution and pooling by one kernel, and the gradients of both by another."""
    attributes = {**convolution.attributes, "pool": node.attributes}
    inputs, specs = convolution.inputs, _specs(node, np.uint8)
    call = index.accepted("convolution_max_pool", inputs, attributes, specs, convolution, node)
    if call is None:
        return []
    rewrites = [Rewrite(call, {value_of(index.result(node)): 0}, (node,))]
    for pool_gradient, gradient in pairs:
        inputs = (*gradient.inputs[:2], new_output(call, 1), pool_gradient.upstream)
        members = (pool_gradient.node,)
        rewrites += computed(index, gradient, "convolution_max_pool_gradient", inputs, attributes, members)
    return rewrites


def _max_pool(index: Index, node: CallNode, gradients: Sequence[Gradient], pairs: Sequence[Pair]) -> list[Rewrite]:
    """Compute a pooling and its gradients; those of `pairs` before the relu, whose gradients are then not computed."""
    name, attributes = "max_pool", {**node.attributes, "after_relu": bool(pairs)}
    call = index.accepted(name, node.inputs, attributes, _specs(node, np.uint8), node)
    if call is None:  # XLA's own operations, which do not know of the relu
        name, pairs = "max_pool_by_windows", []
        call = index.accepted(name, node.inputs, node.attributes, _specs(node, np.int32), node)
    if call is None:
        return []
    rewrites = [Rewrite(call, {value_of(index.result(node)): 0}, (node,))]
    for g in gradients:
        rewrites += computed(index, g, f"{name}_gradient", [new_output(call, 1), g.upstream])
    for _, g in pairs:
        rewrites += computed(index, g, "convolution_gradient", [*g.inputs[:2], g.upstream])
    return rewrites


def _specs(node: CallNode, positions: Any) -> list[Spec]:
    """Return the specs of a pooling's results: the largest entries, and their positions in the windows."""
    largest = node.body.outputs[0].spec
    return [largest, spec_of(largest.shape, np.dtype(positions))]
