"""Kernels of normalization: moments by channel, and the gradient of batch normalization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from ....graph import CallNode, Node
from ..calls import forward_values
from ..lower import Values
from .call import MIN_SIZE, Array, call, is_gradient_by_inputs, shape_like, with_gradients, with_output


class VarianceValues(Values):
    """A variance over all axes but the channels, and the mean that was computed with it."""

    mean: Array


def _is_by_channel(x: Array, axis: Any, min_size: int) -> bool:
    """Whether a reduction leaves the last axis of an array large enough for a call."""
    return x.dtype == jnp.float32 and x.ndim > 1 and x.size >= min_size and axis == tuple(range(x.ndim - 1))


def _with_kept_axes(result: Array, x: Array, attributes: Mapping[str, Any]) -> Array:
    return result.reshape(*(1,) * (x.ndim - 1), x.shape[-1]) if attributes["keepdims"] else result


def var(values: Values, node: Node, min_size: int = MIN_SIZE) -> Values | None:
    """Compute a variance by channel, and the mean with it."""
    x, attributes = values.of(node.inputs[0]), node.attributes
    if not _is_by_channel(x, attributes["axis"], min_size) or attributes["ddof"]:
        return None
    mean, variance = call("moments", [shape_like(x, x.shape[-1])] * 2, x)
    result = with_output(values, node, [x], _with_kept_axes(variance, x, attributes), VarianceValues)
    result.mean = mean
    return result


def mean(values: Values, node: Node, min_size: int = MIN_SIZE) -> Array | None:
    """Take the mean that was computed with a variance over the same axes, where there is one."""
    x = values.of(node.inputs[0])
    if not _is_by_channel(x, node.attributes["axis"], min_size):
        return None
    for other in values.graph.order:
        if other.operation.name == "var" and other.inputs[0] is node.inputs[0]:
            moments = values.of(other) if other.attributes["axis"] == node.attributes["axis"] else None
            if isinstance(moments, VarianceValues):
                return _with_kept_axes(moments.mean, x, node.attributes)
    return None


def var_gradient(values: Values, node: CallNode) -> Values | None:
    """Compute the gradient of `var` from the mean it has computed."""
    forward = forward_values(values, node)
    if not isinstance(forward, VarianceValues) or not is_gradient_by_inputs(node.body, 1):
        return None
    x, upstream = values.of(node.inputs[0]), values.of(node.inputs[-1])
    by_input = (x - forward.mean) * (upstream.reshape(-1) * (2 * x.shape[-1] / x.size))
    return with_gradients(values, node, {0: by_input}, Values)


def batch_normalization_gradient(values: Values, node: CallNode, min_size: int = MIN_SIZE) -> Values | None:
    """Compute the gradient from two sums by channel; what has the size of x is left to XLA, which fuses it."""
    x, *rows = (values.of(n) for n in node.inputs[:5])
    upstream, shape = values.of(node.inputs[-1]), (*(1,) * (x.ndim - 1), x.shape[-1])
    if not _is_by_channel(x, tuple(range(x.ndim - 1)), min_size) or upstream.dtype != x.dtype:
        return None
    if not all(r.shape == shape and r.dtype == x.dtype for r in rows):
        return None
    if not is_gradient_by_inputs(node.body, 5):
        return None
    mean, variance, scale, _ = rows
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
    return with_gradients(values, node, gradients, Values)
