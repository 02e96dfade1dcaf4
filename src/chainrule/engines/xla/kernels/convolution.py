"""Kernels of convolutions: the primitives, and the layer `convolution` with bias and activation."""

from __future__ import annotations

from typing import Any

from ....graph import CallNode, Node
from ....ops.convolution import Geometry
from ..lower import Values
from .call import Array, call, is_gradient_by_inputs, no_operand, producer, shape_like, with_gradients, with_output
from .dense import gradient_before_activation
from .pooling import MaxPoolGradientValues
from .windows import conv_attributes, conv_geometry, supports_windows


def conv(values: Values, node: Node) -> Array | None:
    """Convolve without bias and activation."""
    x, kernel = values.inputs_of(node)
    g = conv_geometry(node.attributes, x.shape[1:-1], kernel.shape[:-2])
    return _convolve(x, kernel, None, g, node.attributes["groups"], False) if supports_windows(x, kernel) else None


def _convolve(x: Array, kernel: Array, bias: Array | None, g: Geometry, groups: int, relu: bool) -> Array:
    result = shape_like(x, x.shape[0], *g.out, kernel.shape[-1])
    offset = no_operand(x) if bias is None else bias
    return call("conv", result, x, kernel, offset, **conv_attributes(g, groups), activation=relu)


def conv_transpose(values: Values, node: Node) -> Array | None:
    """Compute the gradient of a convolution by its input."""
    upstream, kernel = values.inputs_of(node)
    g = conv_geometry(node.attributes, node.attributes["sizes"], kernel.shape[:-2])
    return (
        _input_gradient(upstream, kernel, g, node.attributes["groups"]) if supports_windows(upstream, kernel) else None
    )


def _input_gradient(upstream: Array, kernel: Array, g: Geometry, groups: int) -> Array:
    result = shape_like(upstream, upstream.shape[0], *g.sizes, kernel.shape[-2] * groups)
    return call("conv_transpose", result, upstream, kernel, **conv_attributes(g, groups))


def conv_kernel_gradient(values: Values, node: Node) -> Array | None:
    """Compute the gradient of a convolution by its kernel."""
    x, upstream = values.inputs_of(node)
    g = conv_geometry(node.attributes, x.shape[1:-1], node.attributes["window"])
    if not supports_windows(x, upstream):
        return None
    return _kernel_and_bias_gradients(x, upstream, g, node.attributes["groups"])[0]


def _kernel_and_bias_gradients(x: Array, upstream: Array, g: Geometry, groups: int) -> tuple[Array, Array]:
    results = (shape_like(x, *g.window, x.shape[-1] // groups, upstream.shape[-1]), shape_like(x, upstream.shape[-1]))
    by_kernel, by_bias = call("conv_kernel", results, x, upstream, **conv_attributes(g, groups))
    return by_kernel, by_bias


def convolution(values: Values, node: Node) -> Values | None:
    """Convolve, add the bias and apply the activation."""
    x, kernel, *bias = inputs = values.inputs_of(node)
    if not supports_windows(*inputs):
        return None
    g = conv_geometry(node.attributes, x.shape[1:-1], kernel.shape[:-2])
    relu = node.attributes["activation"] == "relu"
    out = _convolve(x, kernel, bias[0] if bias else None, g, node.attributes["groups"], relu)
    return with_output(values, node, inputs, out, Values)


def convolution_gradient(values: Values, node: CallNode) -> Values | None:
    """Compute the gradient of `convolution`, from a max-pooling's after it where one kernel computed both."""
    if not is_gradient_by_inputs(node.body, 3):
        return None
    x, kernel, upstream = values.of(node.inputs[0]), values.of(node.inputs[1]), values.of(node.inputs[-1])
    if not supports_windows(x, kernel, upstream):
        return None
    pool = producer(node.inputs[-1], "max_pool_gradient")
    pool_values: Any = values.of(pool) if pool is not None else None
    g, groups = conv_geometry(node.attributes, x.shape[1:-1], kernel.shape[:-2]), node.attributes["groups"]
    before_relu = isinstance(pool_values, MaxPoolGradientValues)
    if before_relu and pool_values.with_convolution:
        results = (shape_like(x, *kernel.shape), shape_like(x, kernel.shape[-1]))
        before, after = zip(*g.padding, strict=True)
        operands = x, pool_values.winner, pool_values.upstream
        by_kernel, by_bias = call("conv_pool_kernel", results, *operands, before=before, after=after)
        by_input = _input_gradient(upstream, kernel, g, groups)
        return with_gradients(values, node, {0: by_input, 1: by_kernel, 2: by_bias}, Values)
    gradients = (upstream,) if before_relu else gradient_before_activation(values, node, upstream)
    if gradients is None:
        return None
    by_product = gradients[0]
    by_kernel, by_bias = _kernel_and_bias_gradients(x, by_product, g, groups)
    by_input = _input_gradient(by_product, kernel, g, groups)
    return with_gradients(values, node, {0: by_input, 1: by_kernel, 2: by_bias}, Values)
