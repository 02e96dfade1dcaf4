"""Kernels of products: `matmul`, the layer `dense`, forward and backward, and logistic regression."""

from __future__ import annotations

import math

import jax.numpy as jnp

from ....core.messages import LazyMessage
from ....graph import Node, Spec
from .call import MIN_SIZE, Array, call, gradients_of, no_operand, other_dtype, shape_like, specs_of, too_small

CACHE_BYTES = 2**15  # what the cache nearest to the processor holds
BFLOAT16 = (jnp.bfloat16,)


def matmul(node: Node, a: Array, b: Array) -> list[Array]:
    """Multiply two matrices, each read as its transpose if the node says so."""
    return [_product(a, b, transpose_a=node.attributes["transpose_a"], transpose_b=node.attributes["transpose_b"])]


def matmul_refusal(node: Node, min_size: int = MIN_SIZE) -> str | None:
    """Refuse all but large products of two matrices in bfloat16."""
    a, b = specs = specs_of(node)
    if len(a.shape) != 2 or len(b.shape) != 2:
        return LazyMessage("its kernel is for two matrices")
    return _not_bfloat16(specs) or too_small(node.spec[0].size * _inner(node), min_size)


def _inner(node: Node) -> int:
    """Return how many products each entry of a product of matrices is the sum of."""
    rows, columns = node.inputs[0].spec.shape
    return int(rows if node.attributes["transpose_a"] else columns)


def _product(
    a: Array, b: Array, *bias: Array, transpose_a: bool = False, transpose_b: bool = False, relu: bool = False
) -> Array:
    """Multiply in bfloat16, where oneDNN uses the processor's tiles; XLA's own products are as fast in float32."""
    result = shape_like(a, a.shape[1 if transpose_a else 0], b.shape[0 if transpose_b else 1])
    return call("matmul", result, a, b, *(bias or (no_operand(a),)), ta=transpose_a, tb=transpose_b, activation=relu)


def _not_bfloat16(specs: list[Spec]) -> str | None:
    if specs[0].dtype == jnp.float32:
        return LazyMessage("in float32 XLA's own products are as fast")
    return other_dtype(specs, BFLOAT16)


def _too_small(x: Spec, kernel: Spec, min_size: int) -> str | None:
    return too_small(math.prod(x.shape[:-1]) * kernel.size, min_size)


def as_matrix(x: Array) -> Array:
    """Return an array with all axes but the last as one."""
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def dense(node: Node, x: Array, kernel: Array, *bias: Array) -> list[Array]:
    """Compute a layer's product with its bias and activation."""
    out = _product(as_matrix(x), kernel, *bias, relu=node.attributes["activation"] == "relu")
    return [out.reshape(*x.shape[:-1], kernel.shape[1])]


def dense_refusal(node: Node, min_size: int = MIN_SIZE) -> str | None:
    """Refuse all but large products in bfloat16."""
    x, kernel, *_ = specs = specs_of(node)
    return _too_small(x, kernel, min_size) or _not_bfloat16(specs)


def logistic_regression(node: Node, x: Array, kernel: Array, *rest: Array) -> list[Array]:
    """Compute the logits of a product of one column and its gradient, for which `x` is read once.

    Args:
        rest: the bias, if there is one, the targets, and the upstream of each loss.

    Returns:
        The logits, and the gradients that the node asks for.
    """
    *bias, targets, upstream = rest
    offset = bias[0].reshape(()) if bias else jnp.zeros((), x.dtype)
    operands = [x, kernel.reshape(-1), offset, targets.reshape(-1), upstream.reshape(-1)]
    results = [shape_like(x, len(x)), shape_like(x, len(kernel)), shape_like(x)]
    logits, by_kernel, by_bias = call("logistic", results, *operands)
    gradients = {1: by_kernel.reshape(kernel.shape), 2: by_bias.reshape(1)}
    return [logits.reshape(len(x), 1), *gradients_of(node, gradients)]


def logistic_regression_refusal(node: Node, min_size: int = MIN_SIZE) -> str | None:
    """Refuse all but large products of one column in float32."""
    x, kernel, *_ = specs = specs_of(node)
    if len(x.shape) != 2 or kernel.shape[1] != 1 or node.attributes["activation"] is not None:
        return LazyMessage("its kernel is for logits of one column")
    return other_dtype(specs, (jnp.float32,)) or _too_small(x, kernel, min_size)


def gradient_before_activation(output: Array, upstream: Array) -> tuple[Array, Array]:
    """Return the gradient before a relu, and the bias's, its sum over all axes but the channels."""
    results = (shape_like(upstream, *upstream.shape), shape_like(upstream, upstream.shape[-1]))
    by_product, by_bias = call("relu_gradient", results, output, upstream)
    return by_product, by_bias


def dense_gradient(node: Node, x: Array, kernel: Array, *rest: Array) -> list[Array]:
    """Compute the gradient of `dense`; `rest`: its output, where it has an activation, and the upstream.

    Returns:
        The gradients that the node asks for, and the upstream of the product, as a matrix, of which an update can
        compute the kernel's gradient itself.
    """
    upstream = rest[-1]
    if len(rest) == 2:
        upstream, by_bias = gradient_before_activation(*rest)
    else:
        by_bias = upstream.sum(axis=tuple(range(upstream.ndim - 1)))
    half, by = x.dtype == jnp.bfloat16, node.attributes["by"]
    inputs, upstream = as_matrix(x), as_matrix(upstream)
    gradients = {2: by_bias}
    if 1 in by:
        gradients[1] = _product(inputs, upstream, transpose_a=True) if half else inputs.T @ upstream
    if 0 in by:
        by_input = _product(upstream, kernel, transpose_b=True) if half else upstream @ kernel.T
        gradients[0] = by_input.reshape(x.shape)
    return [*gradients_of(node, gradients), upstream]


def dense_gradient_refusal(node: Node, min_size: int = MIN_SIZE) -> str | None:
    """Refuse small products, and in float32 an upstream that does not fit into the cache.

    In float32 this pays only where the kernel's gradient may be summed in its update, which reads the upstream again
    and again; elsewhere XLA's products are as fast.
    """
    x, kernel, *_, upstream = specs_of(node)
    if x.dtype == jnp.float32 and upstream.nbytes > CACHE_BYTES:
        return LazyMessage(
            "in float32 its upstream of {size:,} bytes does not fit into the cache", size=upstream.nbytes
        )
    return other_dtype([x, kernel, upstream]) or _too_small(x, kernel, min_size)
