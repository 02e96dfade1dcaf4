"""Kernels of convolutions: the primitives, the layer `convolution`, and this with the pooling after it."""

from __future__ import annotations

import jax.numpy as jnp

from ....core.messages import LazyMessage
from ....graph import Node
from ....ops.convolution import Geometry
from .call import Array, ShapeDtype, call, gradients_of, no_operand, shape_like, specs_of
from .dense import gradient_before_activation
from .pooling import pool_gradient
from .windows import conv_attributes, conv_geometry, edges, other_windows, pool_attributes

MAX_PRODUCTS = 64  # of a convolution's window, up to which it is computed together with its pooling


def conv(node: Node, x: Array, kernel: Array) -> list[Array]:
    """Convolve without bias and activation."""
    return [_convolve(node, x, kernel, None, False)]


def convolution(node: Node, x: Array, kernel: Array, bias: Array = None) -> list[Array]:
    """Convolve, add the bias and apply the activation."""
    return [_convolve(node, x, kernel, bias, node.attributes["activation"] == "relu")]


def _convolve(node: Node, x: Array, kernel: Array, bias: Array, relu: bool) -> Array:
    g = conv_geometry(node.attributes, x.shape[1:-1], kernel.shape[:-2])
    result = shape_like(x, x.shape[0], *g.out, kernel.shape[-1])
    offset = no_operand(x) if bias is None else bias
    return call("conv", result, x, kernel, offset, **conv_attributes(g, node.attributes["groups"]), activation=relu)


def conv_transpose(node: Node, upstream: Array, kernel: Array) -> list[Array]:
    """Compute the gradient of a convolution by its input."""
    g = conv_geometry(node.attributes, node.attributes["sizes"], kernel.shape[:-2])
    return [_input_gradient(upstream, kernel, g, node.attributes["groups"])]


def _input_gradient(upstream: Array, kernel: Array, g: Geometry, groups: int) -> Array:
    result = shape_like(upstream, upstream.shape[0], *g.sizes, kernel.shape[-2] * groups)
    return call("conv_transpose", result, upstream, kernel, **conv_attributes(g, groups))


def conv_kernel_gradient(node: Node, x: Array, upstream: Array) -> list[Array]:
    """Compute the gradient of a convolution by its kernel."""
    g = conv_geometry(node.attributes, x.shape[1:-1], node.attributes["window"])
    return [_kernel_and_bias_gradients(x, upstream, g, node.attributes["groups"])[0]]


def _kernel_and_bias_gradients(x: Array, upstream: Array, g: Geometry, groups: int) -> tuple[Array, Array]:
    results = (shape_like(x, *g.window, x.shape[-1] // groups, upstream.shape[-1]), shape_like(x, upstream.shape[-1]))
    by_kernel, by_bias = call("conv_kernel", results, x, upstream, **conv_attributes(g, groups))
    return by_kernel, by_bias


def convolution_gradient(node: Node, x: Array, kernel: Array, *rest: Array) -> list[Array]:
    """Compute the gradient of `convolution`; `rest`: its output, where it has an activation, and the upstream."""
    g, groups = conv_geometry(node.attributes, x.shape[1:-1], kernel.shape[:-2]), node.attributes["groups"]
    by_product = gradient_before_activation(*rest)[0] if len(rest) == 2 else rest[0]
    by_kernel, by_bias = _kernel_and_bias_gradients(x, by_product, g, groups)
    gradients = {1: by_kernel, 2: by_bias}
    if 0 in node.attributes["by"]:
        gradients[0] = _input_gradient(by_product, kernel, g, groups)
    return gradients_of(node, gradients)


# ---- a convolution of few products a window, with its relu and the pooling 2 by 2 after it


def convolution_max_pool(node: Node, x: Array, kernel: Array, bias: Array) -> list[Array]:
    """Compute the largest entry of each window, and its position in the window, 255 where the relu gives 0."""
    shape = node.spec[0].shape
    g = conv_geometry(node.attributes, x.shape[1:-1], kernel.shape[:-2])
    results = (shape_like(x, *shape), ShapeDtype(shape, jnp.uint8))
    return list(call("conv_pool", results, x, kernel, bias, **edges(g)))


def convolution_max_pool_refusal(node: Node) -> str | None:
    """Refuse what two kernels compute as fast: all but few products a window, relu, and a pooling 2 by 2."""
    x, kernel, *bias = specs_of(node)
    g = conv_geometry(node.attributes, x.shape[1:-1], kernel.shape[:-2])
    pool, _ = pool_attributes(_conv_shape(node), node.attributes["pool"])
    plain = {*g.strides, *g.dilation, node.attributes["groups"]} == {1} and node.attributes["activation"] == "relu"
    halves = pool.window == pool.strides == (2, 2) and not any(map(any, pool.padding))
    if not (bias and plain and halves and kernel.size <= MAX_PRODUCTS * _conv_shape(node)[-1]):
        return LazyMessage("its kernel is for few channels, a bias, relu, and a pooling 2 by 2")
    return other_windows(node)


def _conv_shape(node: Node) -> tuple[int, ...]:
    """Return the shape between the convolution and the pooling of a call of both."""
    x, kernel = (n.spec.shape for n in node.inputs[:2])
    g = conv_geometry(node.attributes, x[1:-1], kernel[:-2])
    return (x[0], *g.out, kernel[-1])


def convolution_max_pool_gradient(node: Node, x: Array, kernel: Array, winner: Array, upstream: Array) -> list[Array]:
    """Compute the gradient of both from the position of each largest entry."""
    g = conv_geometry(node.attributes, x.shape[1:-1], kernel.shape[:-2])
    results = (shape_like(x, *kernel.shape), shape_like(x, kernel.shape[-1]))
    by_kernel, by_bias = call("conv_pool_kernel", results, x, winner, upstream, **edges(g))
    gradients = {1: by_kernel, 2: by_bias}
    if 0 in node.attributes["by"]:
        by_product = pool_gradient(winner, upstream, _conv_shape(node), node.attributes["pool"])
        gradients[0] = _input_gradient(by_product, kernel, g, 1)
    return gradients_of(node, gradients)
