"""Kernels of normalization: moments by channel, and the gradient of batch normalization."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ....core.messages import LazyMessage
from ....graph import Node
from .call import MIN_SIZE, Array, call, gradients_of, other_dtype, shape_like, specs_of, too_small


def moments(node: Node, x: Array) -> list[Array]:
    """Compute the mean and the variance by channel, each of shape (channels,), in one pass."""
    return list(call("moments", [shape_like(x, x.shape[-1])] * 2, x))


def moments_refusal(node: Node, min_size: int = MIN_SIZE) -> str | None:
    """Refuse all but large arrays in float32, reduced over all axes but the last."""
    x = node.inputs[0].spec
    if len(x.shape) < 2 or node.attributes["axis"] != tuple(range(len(x.shape) - 1)) or node.attributes["ddof"]:
        return LazyMessage("its kernel is for all axes but the last")
    return other_dtype([x], (jnp.float32,)) or too_small(x.size, min_size)


def moments_gradient(node: Node, x: Array, mean: Array, upstream: Array) -> list[Array]:
    """Compute the gradient of a variance from the mean that was computed with it."""
    return [(x - mean) * (upstream.reshape(-1) * (2 * x.shape[-1] / x.size))]


def batch_normalization_gradient(
    node: Node, x: Array, mean: Array, variance: Array, scale: Array, offset: Array, upstream: Array
) -> list[Array]:
    """Compute the gradient from two sums by channel; what has the size of x is left to XLA, which fuses it."""
    shape = mean.shape
    sums, products = call("channel_sums", [shape_like(x, x.shape[-1])] * 2, x, upstream, mean.reshape(-1))
    inverse_root = jax.lax.rsqrt(variance + x.dtype.type(node.attributes["epsilon"]))
    by_scale = inverse_root * products.reshape(shape)
    gradients = {
        0: upstream * (inverse_root * scale),
        1: -inverse_root * scale * sums.reshape(shape),
        2: -0.5 * inverse_root * inverse_root * scale * by_scale,
        3: by_scale,
        4: sums.reshape(shape),
    }
    return gradients_of(node, gradients)


def batch_normalization_gradient_refusal(node: Node, min_size: int = MIN_SIZE) -> str | None:
    """Refuse all but large arrays in float32, with statistics, scale and offset for each entry of the last axis."""
    x, *rows, _ = specs = specs_of(node)
    shape = (*(1,) * (len(x.shape) - 1), *x.shape[-1:])
    if len(x.shape) < 2 or any(row.shape != shape for row in rows):
        return LazyMessage("its kernel is for statistics, scale and offset of the last axis")
    return other_dtype(specs, (jnp.float32,)) or too_small(x.size, min_size)
