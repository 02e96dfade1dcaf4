"""Kernels of max-pooling and average-pooling, forward and backward."""

from __future__ import annotations

import math

import jax.numpy as jnp

from ....graph import CallNode, Node
from ....ops.convolution import Geometry
from ..calls import REPLACEMENTS, forward_values
from ..lower import Values
from .call import Array, ShapeDtype, call, is_gradient_by_inputs, producer, shape_like, with_gradients, with_output
from .windows import conv_geometry, pool_attributes, supports_windows

MAX_PRODUCTS = 64  # of a convolution's window, up to which it is computed together with its pooling


class MaxPoolValues(Values):
    """A max-pooling by the kernel.

    Attributes:
        winner: the position in its window of each largest entry; 255 where a relu before the pooling gave 0.
        after_relu: whether it is so marked. with_convolution: whether the convolution before was computed with it.
    """

    winner: Array
    after_relu: bool
    with_convolution: bool


class MaxPoolGradientValues(Values):
    """The gradient of a max-pooling that is also 0 where the relu before gave 0, and what it was computed from."""

    winner: Array
    upstream: Array
    with_convolution: bool


def max_pool(values: Values, node: Node) -> Values | None:
    """Take each window's largest entry and its position, with the relu and the convolution before it where it can."""
    x = values.of(node.inputs[0])
    g, attributes = pool_attributes(x, node.attributes)
    if not supports_windows(x) or math.prod(g.window) > 255:
        return REPLACEMENTS["max_pool"](values, node)
    shape = (x.shape[0], *g.out, x.shape[-1])
    results = (shape_like(x, *shape), ShapeDtype(shape, jnp.uint8))
    convolution = producer(node.inputs[0], "convolution")
    relu = convolution is not None and convolution.attributes["activation"] == "relu"
    after_relu = relu and _gradient_goes_to_convolutions(values, node)
    with_convolution = convolution is not None and after_relu and _is_small_convolution(convolution, g)
    if with_convolution and convolution is not None:
        inputs = values.inputs_of(convolution)
        convolved = conv_geometry(convolution.attributes, inputs[0].shape[1:-1], inputs[1].shape[:-2])
        before, after = zip(*convolved.padding, strict=True)
        largest, winner = call("conv_pool", results, *inputs, before=before, after=after)
    else:
        largest, winner = call("max_pool", results, x, **attributes, relu=after_relu)
    result = with_output(values, node, [x], largest, MaxPoolValues)
    result.winner, result.after_relu, result.with_convolution = winner, after_relu, with_convolution
    return result


def _gradient_goes_to_convolutions(values: Values, node: Node) -> bool:
    """Whether only gradients of convolutions read this pooling's gradient.

    It may then be the gradient of what went into the convolution's relu.
    """
    order = values.graph.order
    outputs = {n.serial for n in order if n.call is node}
    pool_gradients = {
        n.serial
        for n in order
        if n.operation.name == "max_pool_gradient" and not outputs.isdisjoint(p.serial for p in n.inputs)
    }
    gradients = {n.serial for n in order if n.call is not None and n.call.serial in pool_gradients}
    if not gradients.isdisjoint(n.serial for n in values.graph.outputs):
        return False
    consumers = [n for n in order if not gradients.isdisjoint(p.serial for p in n.inputs)]
    return all(n.operation.name == "convolution_gradient" for n in consumers)


def _is_small_convolution(convolution: Node, pool: Geometry) -> bool:
    """Whether a convolution has so few products a window that it is best computed while pooling 2 by 2."""
    x, kernel = convolution.inputs[0].spec.shape, convolution.inputs[1].spec.shape
    if len(convolution.inputs) != 3 or len(kernel) != 4 or convolution.attributes["groups"] != 1:
        return False
    g = conv_geometry(convolution.attributes, x[1:-1], kernel[:-2])
    dense = {*g.strides, *g.dilation} == {1}
    halves = pool.window == pool.strides == (2, 2) and not any(map(any, pool.padding))
    return dense and halves and math.prod(kernel[:-1]) <= MAX_PRODUCTS


def max_pool_gradient(values: Values, node: CallNode) -> Values | None:
    """Pass each window's gradient to its largest entry."""
    forward = forward_values(values, node)
    if not isinstance(forward, MaxPoolValues) or not is_gradient_by_inputs(node.body, 1):
        return REPLACEMENTS["max_pool_gradient"](values, node)
    x, upstream = values.of(node.inputs[0]), values.of(node.inputs[-1])
    _, attributes = pool_attributes(x, node.attributes)
    by_input = call("max_pool_gradient", shape_like(x, *x.shape), forward.winner, upstream, **attributes)
    if not forward.after_relu:
        return with_gradients(values, node, {0: by_input}, Values)
    result = with_gradients(values, node, {0: by_input}, MaxPoolGradientValues)
    result.winner, result.upstream, result.with_convolution = forward.winner, upstream, forward.with_convolution
    return result


def average_pool(values: Values, node: Node) -> Values | None:
    """Take each window's mean."""
    x = values.of(node.inputs[0])
    if not supports_windows(x):
        return None
    g, attributes = pool_attributes(x, node.attributes)
    out = call("average_pool", shape_like(x, x.shape[0], *g.out, x.shape[-1]), x, **attributes)
    return with_output(values, node, [x], out, Values)


def average_pool_gradient(values: Values, node: CallNode) -> Values | None:
    """Share each window's gradient among its entries."""
    x, upstream = values.of(node.inputs[0]), values.of(node.inputs[-1])
    if not supports_windows(x, upstream) or not is_gradient_by_inputs(node.body, 1):
        return None
    _, attributes = pool_attributes(x, node.attributes)
    by_input = call("average_pool_gradient", shape_like(x, *x.shape), upstream, **attributes)
    return with_gradients(values, node, {0: by_input}, Values)
