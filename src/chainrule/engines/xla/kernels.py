"""Kernels: call nodes, forward and backward, and a few operations, in C++ through XLA's foreign function interface.

They come from the distribution ``chainrule-kernels`` and run on CPUs, on float32 and bfloat16. A kernel replaces a node
by its operation's name; where it does not apply (another dtype, a size not worth the call) it answers ``None``, and the
node is lowered as it would be without. Values that no one asks for are not computed: so a convolution whose output only
a pooling reads is left to the kernel that does both.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from ...graph import Graph, Node, ancestors
from ...ops.convolution import Geometry, geometry
from ...ops.random import random_bits
from ...ops.record import GET_OUTPUT
from .calls import REPLACED, forward_of
from .lax import on_cpu, pool_geometry
from .lower import Replacement, Values

Array = Any
Form: Any = jax.ShapeDtypeStruct
FAST = (jnp.float32, jnp.bfloat16)
LITTLE = 2**15  # products below which XLA's own code costs less than a call
NEAR = 2**15  # bytes that the cache nearest to the processor holds
SMALL = 2**12  # entries, likewise, for an update
THIN = 64  # products of a window up to which a convolution is done together with its pooling


class KernelWarning(UserWarning):
    """The kernels are not there: slower, never broken."""


@cache
def available() -> Callable[..., Any] | None:
    """The function that calls a kernel by name; ``None`` where there are none. Said once, if they should be there."""
    if not on_cpu():
        return None
    try:
        kernels = importlib.import_module("chainrule_kernels")
        kernels.targets()
    except ImportError as error:
        warnings.warn(
            f"training runs without the kernels of chainrule-kernels, which make it faster: {error}",
            KernelWarning,
            stacklevel=2,
        )
        return None
    call: Callable[..., Any] = kernels.call
    return call


def replaced() -> Mapping[str, Replacement]:
    """What is lowered in another form, with the kernels where they are installed."""
    return {**REPLACED, **KERNELS} if available() is not None else REPLACED


def _call(name: str, results: Any, *operands: Array, **more: Any) -> Any:
    call = available()
    assert call is not None
    return call(f"chainrule_{name}", results, *operands, **more)


def _fast(*arrays: Array) -> bool:
    return arrays[0].dtype in FAST and all(a.dtype == arrays[0].dtype for a in arrays)


def _like(x: Array, *shape: int) -> Any:
    return Form(shape, x.dtype)


def _nothing(x: Array) -> Array:
    return jnp.zeros((0,), x.dtype)


def _plain(body: Graph, wanted: int) -> bool:
    """Whether a derivative's body is that of a call's only output, by inputs of which `wanted` are known."""
    if body.derives is None:
        return False
    inputs, _, upstreams = body.derives
    return len(upstreams) == 1 and len(upstreams[0]) == 1 and max(inputs, default=wanted) < wanted


def _answered(values: Values, node: Node, gradients: Mapping[int, Array]) -> Values:
    """The values of a derivative, with its outputs known: by input of the call."""
    body: Graph = node.attributes["body"]
    assert body.derives is not None
    made = Values(body, values.inputs_of(node), values.replaced)
    for i, output in zip(body.derives[0], body.outputs, strict=True):
        if i in gradients:
            made.known[body.position[output.serial]] = gradients[i]
    return made


def _source(node: Node, name: str) -> Node | None:
    """The call node of this name whose result `node` is."""
    call = node.inputs[0] if node.operation is GET_OUTPUT else None
    return call if call is not None and call.operation.name == name else None


# ---- products


def _product(a: Array, b: Array, *bias: Array, ta: bool = False, tb: bool = False, relu: bool = False) -> Array:
    """In bfloat16, where oneDNN uses the processor's tiles; XLA's own products are as fast in float32."""
    shape = _like(a, a.shape[1 if ta else 0], b.shape[0 if tb else 1])
    return _call("matmul", shape, a, b, *(bias or (_nothing(a),)), ta=ta, tb=tb, activation=relu)


def _worth(x: Array, kernel: Array) -> bool:
    return kernel.ndim == 2 and math.prod(x.shape[:-1]) * math.prod(kernel.shape) >= LITTLE


def _halved(*arrays: Array) -> bool:
    return all(a.dtype == jnp.bfloat16 for a in arrays)


def _flat(x: Array) -> Array:
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def _matmul(values: Values, node: Node) -> Array | None:
    """A transpose that only turns an operand is left to the kernel."""
    turned = []
    for n in node.inputs:
        is_turn = n.operation.name == "transpose" and len(n.spec.shape) == 2 and n.attributes["axes"] in ((1, 0), None)
        turned.append((values.of(n.inputs[0] if is_turn else n), is_turn))
    (a, ta), (b, tb) = turned
    if a.ndim != 2 or b.ndim != 2 or not _halved(a, b) or a.size * b.shape[0 if tb else 1] < LITTLE:
        return None
    return _product(a, b, ta=ta, tb=tb)


def _dense(values: Values, node: Node) -> Values | None:
    x, kernel, *bias = inputs = values.inputs_of(node)
    if not _fast(*inputs) or not _worth(x, kernel):
        return None
    out = _logits(values, node)
    if out is None and _halved(x):
        out = _product(_flat(x), kernel, *bias, relu=node.attributes["activation"] == "relu")
    if out is None:
        return None
    made = Values(node.attributes["body"], inputs, values.replaced)
    made.known[len(made.graph.order) - 1] = out.reshape(*x.shape[:-1], kernel.shape[1])
    return made


def _logits(values: Values, node: Node) -> Array | None:
    """A product of one column whose gradient is that of a logistic regression: both, while x is read once."""
    x, kernel, *bias = values.inputs_of(node)
    if x.ndim != 2 or kernel.shape[1] != 1 or x.dtype != jnp.float32 or node.attributes["activation"] is not None:
        return None
    found = _logistic_gradient(values.graph, node)
    if found is None:
        return None
    loss, gradient = found
    y, u = values.of(loss.inputs[0]), values.of(loss.inputs[2])
    if not _fast(x, y, u):
        return None
    given = [
        x,
        kernel.reshape(-1),
        *[b.reshape(()) for b in bias or (jnp.zeros((), x.dtype),)],
        y.reshape(-1),
        u.reshape(-1),
    ]
    forms = [_like(x, len(x)), _like(x, len(kernel)), _like(x)]
    z, by_kernel, by_bias = _call("logistic", forms, *given)
    body = gradient.attributes["body"]
    answer = Values(body, [], values.replaced)  # all that is asked of it is known
    by_input = {1: by_kernel.reshape(kernel.shape), 2: by_bias.reshape(1)}
    for i, output in zip(body.derives[0], body.outputs, strict=True):
        answer.known[body.position[output.serial]] = by_input[i]
    values.known[values.graph.position[gradient.serial]] = answer
    return z


def _logistic_gradient(graph: Graph, node: Node) -> tuple[Node, Node] | None:
    """The gradient of the cross-entropy on this product, and the product's own, by its weights alone."""
    own = [n.serial for n in node.inputs]
    for gradient in graph.order:
        if gradient.operation.name != "dense_gradient" or own != [n.serial for n in gradient.inputs[: len(own)]]:
            continue
        loss, body = _source(gradient.inputs[-1], "binary_crossentropy_gradient"), gradient.attributes["body"]
        if loss is None or not _plain(body, 3) or 0 in body.derives[0] or len(loss.inputs) != 3:
            continue
        target, logits, upstream = loss.inputs
        suits = loss.attributes["from_logits"] and _source(logits, "dense") is node
        alike = target.spec.shape == upstream.spec.shape == logits.spec.shape
        if suits and alike and node.serial not in {n.serial for n in ancestors([target, upstream])}:
            return loss, gradient
    return None


def _before_activation(values: Values, node: Node, u: Array) -> tuple[Array, Array] | None:
    """The gradient before the activation of a product, and the bias's: its sum over all but the channels."""
    if node.attributes["activation"] is None:
        return u, u.sum(axis=tuple(range(u.ndim - 1)))
    forward = forward_of(values, node)
    if not isinstance(forward, Values):
        return None
    made: tuple[Array, Array] = tuple(
        _call("relu_gradient", (_like(u, *u.shape), _like(u, u.shape[-1])), forward[-1], u)
    )
    return made


class Sums(Values):
    """The gradient of a product: its kernel's is the sum over the rows of `inputs` and `upstream`, side by side.

    place: where the kernel's gradient is, -1 where nobody asks for it.
    by_input: the inputs' own gradient, which reads the kernel, so that an update in place must wait for it; ``None``
        where nobody asks for it.
    """

    position: int
    inputs: Array
    upstream: Array
    by_input: Array | None


def _dense_gradient(values: Values, node: Node) -> Values | None:
    """In float32 where the kernel's gradient may be summed in its update, since all that it reads again and again lies
    near; elsewhere XLA's products are as fast."""
    if not _plain(node.attributes["body"], 3):
        return None
    x, kernel, u = values.of(node.inputs[0]), values.of(node.inputs[1]), values.of(node.inputs[-1])
    if not _fast(x, kernel, u) or not _worth(x, kernel) or not (_halved(x) or u.size * u.dtype.itemsize <= NEAR):
        return None
    found = _before_activation(values, node, u)
    if found is None:
        return None
    inputs, d = _flat(x), _flat(found[0])
    by_kernel = _product(inputs, d, ta=True) if _halved(x) else inputs.T @ d
    by_input = (_product(d, kernel, tb=True) if _halved(x) else d @ kernel.T).reshape(x.shape)
    made = _answered(values, node, {0: by_input, 1: by_kernel, 2: found[1]})
    sums = Sums(made.graph, [], values.replaced)
    sums.known, sums.inputs, sums.upstream = made.known, inputs, d
    assert made.graph.derives is not None
    positions = dict(
        zip(made.graph.derives[0], [made.graph.position[n.serial] for n in made.graph.outputs], strict=True)
    )
    sums.position, sums.by_input = positions.get(1, -1), by_input if 0 in positions else None
    return sums


# ---- convolution


def _windows(g: Geometry, groups: int) -> dict[str, Any]:
    before, after = zip(*g.padding, strict=True)
    return {"strides": g.strides, "dilation": g.dilation, "before": before, "after": after, "groups": groups}


def _geometry(attributes: Mapping[str, Any], sizes: Any, window: Any) -> Geometry:
    return geometry(sizes, window, *[attributes[k] for k in ("strides", "padding", "dilation")])


def _convolved(x: Array, kernel: Array, bias: Array | None, g: Geometry, groups: int, relu: bool) -> Array:
    out = _like(x, x.shape[0], *g.out, kernel.shape[-1])
    given = _nothing(x) if bias is None else bias
    return _call("conv", out, x, kernel, given, **_windows(g, groups), activation=relu)


def _suits(*arrays: Array) -> bool:
    return _fast(*arrays) and arrays[0].ndim <= 5 and all(a.size for a in arrays)


def _conv(values: Values, node: Node) -> Array | None:
    x, kernel = values.inputs_of(node)
    g = _geometry(node.attributes, x.shape[1:-1], kernel.shape[:-2])
    return _convolved(x, kernel, None, g, node.attributes["groups"], False) if _suits(x, kernel) else None


def _spread(u: Array, kernel: Array, g: Geometry, groups: int) -> Array:
    x = _like(u, u.shape[0], *g.sizes, kernel.shape[-2] * groups)
    return _call("conv_transpose", x, u, kernel, **_windows(g, groups))


def _conv_transpose(values: Values, node: Node) -> Array | None:
    u, kernel = values.inputs_of(node)
    g = _geometry(node.attributes, node.attributes["sizes"], kernel.shape[:-2])
    return _spread(u, kernel, g, node.attributes["groups"]) if _suits(u, kernel) else None


def _by_kernel(x: Array, u: Array, g: Geometry, groups: int) -> tuple[Array, Array]:
    forms = (_like(x, *g.window, x.shape[-1] // groups, u.shape[-1]), _like(x, u.shape[-1]))
    made: tuple[Array, Array] = tuple(_call("conv_kernel", forms, x, u, **_windows(g, groups)))
    return made


def _conv_kernel_gradient(values: Values, node: Node) -> Array | None:
    x, u = values.inputs_of(node)
    g = _geometry(node.attributes, x.shape[1:-1], node.attributes["window"])
    return _by_kernel(x, u, g, node.attributes["groups"])[0] if _suits(x, u) else None


def _convolution(values: Values, node: Node) -> Values | None:
    x, kernel, *bias = inputs = values.inputs_of(node)
    if not _suits(*inputs):
        return None
    g = _geometry(node.attributes, x.shape[1:-1], kernel.shape[:-2])
    made = Values(node.attributes["body"], inputs, values.replaced)
    relu = node.attributes["activation"] == "relu"
    out = _convolved(x, kernel, bias[0] if bias else None, g, node.attributes["groups"], relu)
    made.known[len(made.graph.order) - 1] = out
    return made


def _convolution_gradient(values: Values, node: Node) -> Values | None:
    if not _plain(node.attributes["body"], 3):
        return None
    x, kernel, u = values.of(node.inputs[0]), values.of(node.inputs[1]), values.of(node.inputs[-1])
    if not _suits(x, kernel, u):
        return None
    pooled = _source(node.inputs[-1], "max_pool_gradient")
    routed: Any = values.of(pooled) if pooled is not None else None
    g, groups = _geometry(node.attributes, x.shape[1:-1], kernel.shape[:-2]), node.attributes["groups"]
    masked = isinstance(routed, Routed)  # by the pooling, which knew of the relu before it
    if masked and routed.thin:
        forms = (_like(x, *kernel.shape), _like(x, kernel.shape[-1]))
        before, after = zip(*g.padding, strict=True)
        made = _call("conv_pool_kernel", forms, x, routed.index, routed.upstream, before=before, after=after)
        return _answered(values, node, {0: _spread(u, kernel, g, groups), 1: made[0], 2: made[1]})
    found = (u,) if masked else _before_activation(values, node, u)
    if found is None:
        return None
    d = found[0]
    by_kernel, by_bias = _by_kernel(x, d, g, groups)
    return _answered(values, node, {0: _spread(d, kernel, g, groups), 1: by_kernel, 2: by_bias})


# ---- pooling


class Pooled(Values):
    """A max-pooling by the kernel: which place of its window won; 255 where a relu before it was off."""

    index: Array
    after_relu: bool
    thin: bool


class Routed(Values):
    """A max-pooling's gradient that is 0 where the relu before it was off, and what it was made of."""

    index: Array
    upstream: Array
    thin: bool


def _pool_windows(x: Array, attributes: Mapping[str, Any]) -> tuple[Geometry, dict[str, Any]]:
    g = pool_geometry(x, *[attributes[k] for k in ("pool_size", "strides", "padding")])
    before, after = zip(*g.padding, strict=True)
    return g, {"window": g.window, "strides": g.strides, "before": before, "after": after}


def _max_pool(values: Values, node: Node) -> Values | None:
    x = values.of(node.inputs[0])
    g, windows = _pool_windows(x, node.attributes)
    if not _suits(x) or math.prod(g.window) > 255:
        return REPLACED["max_pool"](values, node)
    made = Pooled(node.attributes["body"], [x], values.replaced)
    shape = (x.shape[0], *g.out, x.shape[-1])
    forms = (_like(x, *shape), Form(shape, jnp.uint8))
    call = _source(node.inputs[0], "convolution")
    relu = call is not None and call.attributes["activation"] == "relu"
    made.after_relu = relu and _goes_to_convolutions(values, node)
    made.thin = call is not None and made.after_relu and _thin(call, g)
    if made.thin and call is not None:
        inputs = values.inputs_of(call)
        convolved = _geometry(call.attributes, inputs[0].shape[1:-1], inputs[1].shape[:-2])
        before, after = zip(*convolved.padding, strict=True)
        best, made.index = _call("conv_pool", forms, *inputs, before=before, after=after)
    else:
        best, made.index = _call("max_pool", forms, x, **windows, relu=made.after_relu)
    made.known[len(made.graph.order) - 1] = best
    return made


def _goes_to_convolutions(values: Values, node: Node) -> bool:
    """Whether nothing but the gradient of a convolution reads the gradient of this pooling, which may then be that
    of what went into the convolution's relu."""
    order = values.graph.order
    kept = {n.serial for n in order if n.operation is GET_OUTPUT and n.inputs[0] is node}
    calls = {
        n.serial
        for n in order
        if n.operation.name == "max_pool_gradient" and not kept.isdisjoint(p.serial for p in n.inputs)
    }
    found = {n.serial for n in order if n.operation is GET_OUTPUT and n.inputs[0].serial in calls}
    if not found.isdisjoint(n.serial for n in values.graph.outputs):
        return False
    readers = [n for n in order if not found.isdisjoint(p.serial for p in n.inputs)]
    return all(n.operation.name == "convolution_gradient" for n in readers)


def _thin(call: Node, pool: Geometry) -> bool:
    """Whether a convolution has so few products a window that it is best done while pooling 2 by 2."""
    x, kernel = call.inputs[0].spec.shape, call.inputs[1].spec.shape
    if len(call.inputs) != 3 or len(kernel) != 4 or call.attributes["groups"] != 1:
        return False
    g = _geometry(call.attributes, x[1:-1], kernel[:-2])
    once = {*g.strides, *g.dilation} == {1}
    halved = pool.window == pool.strides == (2, 2) and not any(map(any, pool.padding))
    return once and halved and math.prod(kernel[:-1]) <= THIN


def _max_pool_gradient(values: Values, node: Node) -> Values | None:
    forward = forward_of(values, node)
    if not isinstance(forward, Pooled) or not _plain(node.attributes["body"], 1):
        return REPLACED["max_pool_gradient"](values, node)
    x, u = values.of(node.inputs[0]), values.of(node.inputs[-1])
    _, windows = _pool_windows(x, node.attributes)
    back = _call("max_pool_gradient", _like(x, *x.shape), forward.index, u, **windows)
    made = _answered(values, node, {0: back})
    if forward.after_relu:
        routed = Routed(made.graph, [], values.replaced)
        routed.known, routed.index, routed.upstream, routed.thin = made.known, forward.index, u, forward.thin
        return routed
    return made


def _average_pool(values: Values, node: Node) -> Values | None:
    x = values.of(node.inputs[0])
    if not _suits(x):
        return None
    g, windows = _pool_windows(x, node.attributes)
    made = Values(node.attributes["body"], [x], values.replaced)
    out = _call("average_pool", _like(x, x.shape[0], *g.out, x.shape[-1]), x, **windows)
    made.known[len(made.graph.order) - 1] = out
    return made


def _average_pool_gradient(values: Values, node: Node) -> Values | None:
    x, u = values.of(node.inputs[0]), values.of(node.inputs[-1])
    if not _suits(x, u) or not _plain(node.attributes["body"], 1):
        return None
    _, windows = _pool_windows(x, node.attributes)
    return _answered(values, node, {0: _call("average_pool_gradient", _like(x, *x.shape), u, **windows)})


# ---- normalisation


class Moments(Values):
    """A variance over all but the channels, and the mean that was found with it."""

    mean: Array


def _by_channel(x: Array, axis: Any) -> bool:
    """Whether a reduction leaves the last axis of an array worth a call."""
    return x.dtype == jnp.float32 and x.ndim > 1 and x.size >= LITTLE and axis == tuple(range(x.ndim - 1))


def _var(values: Values, node: Node) -> Values | None:
    x, attributes = values.of(node.inputs[0]), node.attributes
    if not _by_channel(x, attributes["axis"]) or attributes["ddof"]:
        return None
    made = Moments(node.attributes["body"], [x], values.replaced)
    made.mean, variance = _call("moments", [_like(x, x.shape[-1])] * 2, x)
    made.known[len(made.graph.order) - 1] = _kept(variance, x, attributes)
    return made


def _kept(found: Array, x: Array, attributes: Mapping[str, Any]) -> Array:
    return found.reshape(*(1,) * (x.ndim - 1), x.shape[-1]) if attributes["keepdims"] else found


def _mean(values: Values, node: Node) -> Array | None:
    """That of a variance over the same axes, where there is one."""
    x = values.of(node.inputs[0])
    if not _by_channel(x, node.attributes["axis"]):
        return None
    for other in values.graph.order:
        if other.operation.name == "var" and other.inputs[0] is node.inputs[0]:
            moments = values.of(other) if other.attributes["axis"] == node.attributes["axis"] else None
            if isinstance(moments, Moments):
                return _kept(moments.mean, x, node.attributes)
    return None


def _var_gradient(values: Values, node: Node) -> Values | None:
    forward = forward_of(values, node)
    if not isinstance(forward, Moments) or not _plain(node.attributes["body"], 1):
        return None
    x, u = values.of(node.inputs[0]), values.of(node.inputs[-1])
    by_input = (x - forward.mean) * (u.reshape(-1) * (2 * x.shape[-1] / x.size))
    return _answered(values, node, {0: by_input})


def _batch_normalization_gradient(values: Values, node: Node) -> Values | None:
    """By two sums over the rows; what has the size of x is left to XLA, which joins it with what follows."""
    x, *rows = (values.of(n) for n in node.inputs[:5])
    u, flat = values.of(node.inputs[-1]), (*(1,) * (x.ndim - 1), x.shape[-1])
    fits = _by_channel(x, tuple(range(x.ndim - 1))) and all(r.shape == flat and r.dtype == x.dtype for r in rows)
    if not fits or u.dtype != x.dtype or not _plain(node.attributes["body"], 5):
        return None
    mean, variance, scale, _ = rows
    sums, along = _call("channel_sums", [_like(x, x.shape[-1])] * 2, x, u, mean.reshape(-1))
    root = jax.lax.rsqrt(variance + x.dtype.type(node.attributes["epsilon"]))
    by_scale = root * along.reshape(flat)
    found = {
        0: u * (root * scale),
        1: -root * scale * sums.reshape(flat),
        2: -0.5 * root * root * scale * by_scale,
        3: by_scale,
        4: sums.reshape(flat),
    }
    return _answered(values, node, found)


# ---- regions of interest


def _roi(x: Array, boxes: Array, images: Sequence[Array], attributes: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Boxes and their images as rows, and how the kernel is told of samples."""
    ratio = attributes["sampling_ratio"]
    rows = images[0] if images else jnp.repeat(jnp.arange(boxes.shape[0]), boxes.shape[1])
    how = {"samples": ratio if isinstance(ratio, tuple) else (ratio, ratio), "adaptive": isinstance(ratio, tuple)}
    how |= {"aligned": attributes["aligned"], "spatial_scale": float(attributes["spatial_scale"])}
    return (boxes.reshape(-1, 4), rows.astype(jnp.int32)), how


def _roi_align(values: Values, node: Node) -> Values | None:
    x, boxes, *images = inputs = values.inputs_of(node)
    if not _suits(x) or boxes.dtype != jnp.float32 or not boxes.size:
        return None
    (rows, owners), how = _roi(x, boxes, images, node.attributes)
    bins = node.attributes["output_size"]
    out = _call("roi_align", _like(x, len(rows), *bins, x.shape[-1]), x, rows, owners, **how)
    made = Values(node.attributes["body"], inputs, values.replaced)
    made.known[len(made.graph.order) - 1] = out.reshape(*boxes.shape[:-1], *bins, x.shape[-1])
    return made


def _roi_align_gradient(values: Values, node: Node) -> Values | None:
    """By the features; the boxes' gradient is left to the graph."""
    x, boxes, u = values.of(node.inputs[0]), values.of(node.inputs[1]), values.of(node.inputs[-1])
    body: Graph = node.attributes["body"]
    if not _suits(x, u) or boxes.dtype != jnp.float32 or not boxes.size or not _plain(body, 2):
        return None
    assert body.derives is not None
    images = [values.of(n) for n in node.inputs[2 : len(node.inputs) - len(body.derives[1]) - 1]]
    (rows, owners), how = _roi(x, boxes, images, node.attributes)
    upstream = u.reshape(len(rows), *u.shape[-3:])
    return _answered(values, node, {0: _call("roi_align_gradient", _like(x, *x.shape), upstream, rows, owners, **how)})


# ---- random orders


def _random_permutation(values: Values, node: Node) -> Array | None:
    """The words' order by counting, which takes less time than XLA's sort."""
    n = node.attributes["n"]
    words = random_bits.value(jnp, *values.inputs_of(node), shape=(n,))
    return _call("order", Form((n,), jnp.int32), words)


# ---- updates


def _updated(name: str, values: Values, node: Node, given: list[Array], attributes: dict[str, Any]) -> Values | None:
    """An update in place of the last entries of `given` but one, the weight and its slots: they lend their memory to
    their new values. The first entries are what the gradient is made of; the last is the rate."""
    body: Graph = node.attributes["body"]
    held = given[-1 - len(body.outputs) : -1]
    if any(a.dtype != jnp.float32 for a in given) or held[0].size < SMALL or given[-1].shape != ():
        return None
    first = len(given) - 1 - len(held)
    aliases = {first + i: i for i in range(len(held))}
    found = _call(name, [Form(a.shape, a.dtype) for a in held], *given, aliases=aliases, **attributes)
    made = Values(body, [], values.replaced)  # all that is asked of it is known
    for output, value in zip(body.outputs, found, strict=True):
        made.known[body.position[output.serial]] = value
    return made


def _adam(values: Values, node: Node) -> Values | None:
    """Where nothing else reads the gradient of a product's kernel, it is updated as the sums are made."""
    numbers = {k: float(node.attributes[k]) for k in ("beta_1", "beta_2", "epsilon")}
    gradient, *rest = node.inputs
    held = [values.of(n) for n in rest]
    call = _source(gradient, "dense_gradient")
    sums = values.of(call) if call is not None else None
    if (
        isinstance(sums, Sums)
        and gradient.attributes["position"] == sums.position
        and _readers(values.graph, gradient) == 1
    ):
        before = _nothing(held[0]) if sums.by_input is None else sums.by_input
        made = _updated("dense_adam", values, node, [before, sums.inputs, sums.upstream, *held], numbers)
        if made is not None:
            return made
    return _updated("adam", values, node, [values.of(gradient), *held], numbers)


def _readers(graph: Graph, node: Node) -> int:
    return sum(n is node for other in graph.order for n in other.inputs) + sum(n is node for n in graph.outputs)


def _momentum(values: Values, node: Node) -> Values | None:
    momentum, nesterov = float(node.attributes["momentum"]), bool(node.attributes["nesterov"])
    return _updated("momentum", values, node, values.inputs_of(node), {"momentum": momentum, "nesterov": nesterov})


KERNELS: dict[str, Replacement] = {
    "matmul": _matmul,
    "dense": _dense,
    "dense_gradient": _dense_gradient,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "conv_kernel_gradient": _conv_kernel_gradient,
    "convolution": _convolution,
    "convolution_gradient": _convolution_gradient,
    "max_pool": _max_pool,
    "max_pool_gradient": _max_pool_gradient,
    "average_pool": _average_pool,
    "average_pool_gradient": _average_pool_gradient,
    "var": _var,
    "var_gradient": _var_gradient,
    "mean": _mean,
    "batch_normalization_gradient": _batch_normalization_gradient,
    "roi_align": _roi_align,
    "roi_align_gradient": _roi_align_gradient,
    "random_permutation": _random_permutation,
    "adam_update": _adam,
    "momentum_update": _momentum,
}
