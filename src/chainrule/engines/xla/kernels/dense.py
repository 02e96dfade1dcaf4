"""Kernels of products: `matmul` and the layer `dense`, forward and backward."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from ....graph import CallNode, Graph, Node, ancestors
from ..calls import forward_values
from ..lower import Values
from .call import (
    MIN_SIZE,
    Array,
    call,
    is_gradient_by_inputs,
    no_operand,
    only_outputs,
    producer,
    shape_like,
    supports,
    with_gradients,
    with_output,
)

CACHE_BYTES = 2**15  # what the cache nearest to the processor holds


class DenseGradientValues(Values):
    """The gradient of a product, and what its kernel's gradient is the product of: ``inputs.T @ upstream``.

    Attributes:
        position: of the kernel's gradient among the outputs, -1 where it is not needed.
        inputs: of shape (rows, channels in). upstream: of shape (rows, channels out).
        by_input: the gradient of the inputs, which reads the kernel, so that an update of the kernel in place must
            wait for it; ``None`` where it is not needed.
    """

    position: int
    inputs: Array
    upstream: Array
    by_input: Array | None


def matmul(values: Values, node: Node, min_size: int = MIN_SIZE) -> Array | None:
    """Multiply two matrices; an operand that is a transpose is left to the kernel to read as it is."""
    operands = []
    for n in node.inputs:
        transposed = (
            n.operation.name == "transpose" and len(n.spec.shape) == 2 and n.attributes["axes"] in ((1, 0), None)
        )
        operands.append((values.of(n.inputs[0] if transposed else n), transposed))
    (a, transpose_a), (b, transpose_b) = operands
    if a.ndim != 2 or b.ndim != 2 or not _is_bfloat16(a, b) or a.size * b.shape[0 if transpose_b else 1] < min_size:
        return None
    return _product(a, b, transpose_a=transpose_a, transpose_b=transpose_b)


def _product(
    a: Array, b: Array, *bias: Array, transpose_a: bool = False, transpose_b: bool = False, relu: bool = False
) -> Array:
    """Multiply in bfloat16, where oneDNN uses the processor's tiles; XLA's own products are as fast in float32."""
    result = shape_like(a, a.shape[1 if transpose_a else 0], b.shape[0 if transpose_b else 1])
    return call("matmul", result, a, b, *(bias or (no_operand(a),)), ta=transpose_a, tb=transpose_b, activation=relu)


def _is_large(x: Array, kernel: Array, min_size: int) -> bool:
    return kernel.ndim == 2 and math.prod(x.shape[:-1]) * math.prod(kernel.shape) >= min_size


def _is_bfloat16(*arrays: Array) -> bool:
    return all(a.dtype == jnp.bfloat16 for a in arrays)


def _as_matrix(x: Array) -> Array:
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def dense(values: Values, node: Node, min_size: int = MIN_SIZE) -> Values | None:
    """Compute a layer's product with its bias and activation: in bfloat16, or for a logistic regression."""
    x, kernel, *bias = inputs = values.inputs_of(node)
    if not supports(*inputs) or not _is_large(x, kernel, min_size):
        return None
    out = _logistic_regression(values, node)
    if out is None and _is_bfloat16(x):
        out = _product(_as_matrix(x), kernel, *bias, relu=node.attributes["activation"] == "relu")
    if out is None:
        return None
    return with_output(values, node, inputs, out.reshape(*x.shape[:-1], kernel.shape[1]), Values)


def _logistic_regression(values: Values, node: Node) -> Array | None:
    """Compute a product of one column, and its gradient where that is a logistic regression's: `x` is read once."""
    x, kernel, *bias = values.inputs_of(node)
    if x.ndim != 2 or kernel.shape[1] != 1 or x.dtype != jnp.float32 or node.attributes["activation"] is not None:
        return None
    nodes = _logistic_gradient(values.graph, node)
    if nodes is None:
        return None
    loss_gradient, gradient = nodes
    targets, upstream = values.of(loss_gradient.inputs[0]), values.of(loss_gradient.inputs[2])
    if not supports(x, targets, upstream):
        return None
    operands = [
        x,
        kernel.reshape(-1),
        *[b.reshape(()) for b in bias or (jnp.zeros((), x.dtype),)],
        targets.reshape(-1),
        upstream.reshape(-1),
    ]
    results = [shape_like(x, len(x)), shape_like(x, len(kernel)), shape_like(x)]
    logits, by_kernel, by_bias = call("logistic", results, *operands)
    body = gradient.body
    by_input = {1: by_kernel.reshape(kernel.shape), 2: by_bias.reshape(1)}
    outputs = [by_input[i] for i in body.derivative_of[0]]
    values.known[values.graph.position[gradient.serial]] = only_outputs(values, body, outputs)
    return logits


def _logistic_gradient(graph: Graph, node: Node) -> tuple[Any, Any] | None:
    """Find the gradient of the cross-entropy of this product, and the product's own, by its weights alone."""
    inputs = [n.serial for n in node.inputs]
    order: Any = graph.order
    for gradient in order:
        own = [n.serial for n in gradient.inputs[: len(inputs)]]
        if gradient.operation.name != "dense_gradient" or own != inputs:
            continue
        loss, body = producer(gradient.inputs[-1], "binary_crossentropy_gradient"), gradient.body
        if loss is None or not is_gradient_by_inputs(body, 3) or 0 in body.derivative_of[0] or len(loss.inputs) != 3:
            continue
        target, logits, upstream = loss.inputs
        by_logits = loss.attributes["from_logits"] and producer(logits, "dense") is node
        same_shape = target.spec.shape == upstream.spec.shape == logits.spec.shape
        if by_logits and same_shape and node.serial not in {n.serial for n in ancestors([target, upstream])}:
            return loss, gradient
    return None


def gradient_before_activation(values: Values, node: Node, upstream: Array) -> tuple[Array, Array] | None:
    """Return the gradient before a call's activation, and the bias's, its sum over all axes but the channels.

    ``None`` where the call's values are not known.
    """
    if node.attributes["activation"] is None:
        return upstream, upstream.sum(axis=tuple(range(upstream.ndim - 1)))
    forward = forward_values(values, node)
    if not isinstance(forward, Values):
        return None
    results = (shape_like(upstream, *upstream.shape), shape_like(upstream, upstream.shape[-1]))
    by_product, by_bias = call("relu_gradient", results, forward[-1], upstream)
    return by_product, by_bias


def dense_gradient(values: Values, node: CallNode, min_size: int = MIN_SIZE) -> Values | None:
    """Compute the gradient of `dense`.

    In float32 only where the kernel's gradient may be summed in its update, since the upstream, which is read again
    and again, fits into the cache; elsewhere XLA's products are as fast.
    """
    if not is_gradient_by_inputs(node.body, 3):
        return None
    x, kernel, upstream = values.of(node.inputs[0]), values.of(node.inputs[1]), values.of(node.inputs[-1])
    if not supports(x, kernel, upstream) or not _is_large(x, kernel, min_size):
        return None
    half = _is_bfloat16(x)
    if not half and upstream.size * upstream.dtype.itemsize > CACHE_BYTES:
        return None
    gradients = gradient_before_activation(values, node, upstream)
    if gradients is None:
        return None
    inputs, by_product, by_bias = _as_matrix(x), _as_matrix(gradients[0]), gradients[1]
    by_kernel = _product(inputs, by_product, transpose_a=True) if half else inputs.T @ by_product
    by_input = (_product(by_product, kernel, transpose_b=True) if half else by_product @ kernel.T).reshape(x.shape)
    result = with_gradients(values, node, {0: by_input, 1: by_kernel, 2: by_bias}, DenseGradientValues)
    result.inputs, result.upstream = inputs, by_product
    assert result.graph.derivative_of is not None
    positions = dict(
        zip(result.graph.derivative_of[0], [result.graph.position[n.serial] for n in result.graph.outputs], strict=True)
    )
    result.position, result.by_input = positions.get(1, -1), by_input if 0 in positions else None
    return result
