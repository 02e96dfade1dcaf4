"""Kernels of max-pooling and average-pooling, forward and backward."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp

from ....core.messages import LazyMessage
from ....graph import Node
from .call import Array, ShapeDtype, call, shape_like
from .windows import other_windows, pool_attributes


def max_pool(node: Node, x: Array) -> list[Array]:
    """Take each window's largest entry and its position in the window, after a relu 255 where that gave 0."""
    g, attributes = pool_attributes(x.shape, node.attributes)
    shape = (x.shape[0], *g.out, x.shape[-1])
    results = (shape_like(x, *shape), ShapeDtype(shape, jnp.uint8))
    return list(call("max_pool", results, x, **attributes, relu=node.attributes["after_relu"]))


def max_pool_refusal(node: Node) -> str | None:
    """Refuse windows whose positions do not fit into a byte, and what no kernel of windows takes."""
    g, _ = pool_attributes(node.inputs[0].spec.shape, node.attributes)
    if math.prod(g.window) > 255:
        return LazyMessage("its kernel is for windows of at most 255 entries")
    return other_windows(node)


def max_pool_gradient(node: Node, winner: Array, upstream: Array) -> list[Array]:
    """Pass each window's gradient to its largest entry."""
    return [pool_gradient(winner, upstream, node.spec[0].shape, node.attributes)]


def pool_gradient(winner: Array, upstream: Array, shape: tuple[int, ...], attributes: Mapping[str, Any]) -> Array:
    """Return the gradient of a max-pooling over an array of this shape."""
    _, window = pool_attributes(shape, attributes)
    return call("max_pool_gradient", shape_like(upstream, *shape), winner, upstream, **window)


def average_pool(node: Node, x: Array) -> list[Array]:
    """Take each window's mean."""
    g, attributes = pool_attributes(x.shape, node.attributes)
    return [call("average_pool", shape_like(x, x.shape[0], *g.out, x.shape[-1]), x, **attributes)]


def average_pool_gradient(node: Node, x: Array, upstream: Array) -> list[Array]:
    """Share each window's gradient among its entries."""
    _, attributes = pool_attributes(x.shape, node.attributes)
    return [call("average_pool_gradient", shape_like(x, *x.shape), upstream, **attributes)]
