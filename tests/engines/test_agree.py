"""NumPy and XLA mean the same: every operation on all its samples, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("jax", reason="the fast engine needs JAX")

import jax

from chainrule import compile, ops
from chainrule.engines.xla.calls import REPLACEMENTS
from chainrule.engines.xla.kernels import KERNELS, kernels_from
from chainrule.engines.xla.lax import OVERRIDES
from chainrule.engines.xla.lower import lower
from chainrule.graph import Graph, run_values
from chainrule.ops.calls import Composite
from chainrule.ops.record import registry
from chainrule.tensors.convert import symbolic
from chainrule.transforms.differentiate import gradients

NAMES = sorted(name for name, op in registry.items() if any(s.error is None for s in op.samples))


def by_numpy(graph, arrays):
    values = run_values(graph, arrays)
    return [np.asarray(values[graph.position[n.serial]]) for n in graph.outputs]


def graphs_of(op, dtype):
    """Each sample's forward graph, and its gradients' to all float inputs, with arrays for them."""
    for k, sample in enumerate(op.samples):
        if sample.error is not None:
            continue
        arrays = [a.astype(dtype) if a.dtype == np.float64 else a for a in sample.arrays()]
        symbols = [symbolic(a.shape, a.dtype) for a in arrays]
        result = op(*symbols, **sample.attributes)
        first = result[0] if isinstance(result, list | tuple) else result
        yield Graph(symbols, result if isinstance(result, list | tuple) else [result]), arrays
        floats = [x for x in symbols if x.spec.floating]
        if first.spec.floating and floats and (op.differentiable or isinstance(op, Composite)):
            upstream = symbolic(first.shape, first.dtype)
            drawn = np.random.default_rng(k).normal(size=first.shape).astype(first.dtype)
            actual = gradients(first, floats, upstream, unconnected="zero")
            yield Graph([*symbols, upstream], actual), [*arrays, drawn]


def both(op, dtype, replaced):
    cases = list(graphs_of(op, dtype))
    lowered = [lower(graph, replaced) for graph, _ in cases]
    run = jax.jit(lambda given: [f(arrays) for f, arrays in zip(lowered, given, strict=True)])
    with jax.enable_x64(dtype == "float64"):
        result = run([arrays for _, arrays in cases])
    for (graph, arrays), got in zip(cases, result, strict=True):
        for theirs, ours in zip(got, by_numpy(graph, arrays), strict=True):
            theirs = np.asarray(theirs)
            assert theirs.dtype == ours.dtype, op
            assert theirs.shape == ours.shape, op
            yield theirs, ours


@pytest.fixture
def kernels():
    """What is lowered in another form with the kernels, for any size."""
    pytest.importorskip("chainrule_kernels", reason="the kernels are a distribution of their own")
    return {**REPLACEMENTS, **kernels_from(min_size=0, min_update_size=0)}


def close(theirs, ours):
    """To float32's rounding of sums, taken in another order: by the size of the largest entry."""
    scale = float(np.abs(ours[np.isfinite(ours)]).max(initial=1.0))
    np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("name", NAMES)
def test_float64(name):
    for theirs, ours in both(registry[name], "float64", REPLACEMENTS):
        np.testing.assert_allclose(theirs, ours, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", sorted({*OVERRIDES, "max_pool"} & set(NAMES)))
def test_float32_where_xla_is_told_otherwise(name):
    for theirs, ours in both(registry[name], "float32", REPLACEMENTS):
        close(theirs, ours)


@pytest.mark.parametrize("name", sorted({*(n.removesuffix("_gradient") for n in KERNELS), "var"} & set(NAMES)))
def test_kernels(name, kernels):
    for theirs, ours in both(registry[name], "float32", kernels):
        close(theirs, ours)


def test_max_pooling_by_windows_agrees_with_its_body():
    record = registry["max_pool"]
    for (theirs, _), (plain, _) in zip(both(record, "float64", REPLACEMENTS), both(record, "float64", {}), strict=True):
        np.testing.assert_allclose(theirs, plain, rtol=1e-12, atol=1e-14)


CONVOLUTIONS = [
    (rank, strides, padding, dilation, groups)
    for rank, strides in ((1, 1), (1, 2), (2, 1), (2, (2, 1)), (2, 3), (3, (1, 2, 1)))
    for padding in ("valid", "same", "uneven")
    for dilation in (1, 2)
    for groups in (1, 2, "depthwise")
    if not (rank == 3 and dilation == 2)
]


@pytest.mark.parametrize(("rank", "strides", "padding", "dilation", "groups"), CONVOLUTIONS)
def test_convolutions(rank, strides, padding, dilation, groups):
    for theirs, ours in convolved("float64", REPLACEMENTS, rank, strides, padding, dilation, groups):
        np.testing.assert_allclose(theirs, ours, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("rank", "strides", "padding", "dilation", "groups"), CONVOLUTIONS)
def test_convolutions_by_kernels(rank, strides, padding, dilation, groups, kernels):
    for theirs, ours in convolved("float32", kernels, rank, strides, padding, dilation, groups):
        close(theirs, ours)


def convolved(dtype, replaced, rank, strides, padding, dilation, groups):
    """A convolution with bias and relu, and its gradients, on both engines."""
    rng = np.random.default_rng(0)
    sizes, window = (8, 7, 6)[:rank], (3, 2, 2)[:rank]
    channels = 4
    groups = channels if groups == "depthwise" else groups
    if padding == "uneven":
        padding = ((1, 0), (0, 2), (2, 1))[:rank]
    shapes = ((3, *sizes, channels), (*window, channels // groups, 2 * groups), (2 * groups,))
    passed = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    symbols = [symbolic(a.shape, a.dtype) for a in passed]
    window = {"strides": strides, "padding": padding, "dilation_rate": dilation}
    y = ops.fused_conv(*symbols, **window, activation="relu")
    upstream = symbolic(y.shape, y.dtype)
    graph = Graph([*symbols, upstream], [y, *gradients(y, symbols, upstream)])
    arrays = [*passed, rng.normal(size=y.shape).astype(dtype)]
    with jax.enable_x64(dtype == "float64"):
        result = jax.jit(lower(graph, replaced))(arrays)
    return [(np.asarray(a), b) for a, b in zip(result, by_numpy(graph, arrays), strict=True)]


def test_layer_upon_layer(kernels):
    """The derivative of a call finds its own forward values, not those of the call before, of the same name."""
    rng = np.random.default_rng(0)
    shapes = [(5, 4), (4, 7), (7,), (7, 3), (3,), (3, 6), (6,)]
    passed = [rng.normal(size=s).astype("float32") for s in shapes]
    symbols = [symbolic(a.shape, a.dtype) for a in passed]
    y = symbols[0]
    for kernel, bias in zip(symbols[1::2], symbols[2::2], strict=True):
        y = ops.fused_dense(y, kernel, bias, activation="relu")
    y = ops.reshape(y, (1, 5, 6, 1))
    y = ops.max_pool(ops.max_pool(y, (2, 1), strides=1), (1, 2), strides=(1, 1), padding="same")
    upstream = symbolic(y.shape, y.dtype)
    graph = Graph([*symbols, upstream], [y, *gradients(y, symbols, upstream)])
    arrays = [*passed, rng.normal(size=y.shape).astype("float32")]
    for replaced in (kernels, REPLACEMENTS):
        for theirs, ours in zip(jax.jit(lower(graph, replaced))(arrays), by_numpy(graph, arrays), strict=True):
            close(np.asarray(theirs), ours)


def test_convolution_relu_and_pooling_together(kernels):
    """Thin convolutions are done while pooling: the large activation never exists. Odd sizes, ties, kinks."""
    rng = np.random.default_rng(0)
    for channels, filters, size, padding in ((1, 5, (7, 9), "same"), (3, 17, (6, 5), "valid"), (40, 3, (6, 6), "same")):
        x = np.round(rng.normal(size=(3, *size, channels))).astype("float32")  # whole numbers: ties and zeros
        kernel = np.round(rng.normal(size=(3, 3, channels, filters))).astype("float32")
        bias = np.round(rng.normal(size=filters)).astype("float32")
        symbols = [symbolic(a.shape, a.dtype) for a in (x, kernel, bias)]
        y = ops.max_pool(ops.fused_conv(*symbols, padding=padding, activation="relu"), 2)
        upstream = symbolic(y.shape, y.dtype)
        graph = Graph([*symbols, upstream], [y, *gradients(y, symbols, upstream)])
        arrays = [x, kernel, bias, np.round(rng.normal(size=y.shape)).astype("float32")]
        result = jax.jit(lower(graph, kernels))(arrays)
        for theirs, ours in zip(result, by_numpy(graph, arrays), strict=True):
            np.testing.assert_array_equal(np.asarray(theirs), ours)


@pytest.mark.parametrize("channels", [2, 40])
def test_the_gradient_between_relu_and_pooling_is_asked_for(channels, kernels):
    """Then it may not be that of what went into the relu, which is all that the convolution wants."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s).astype("float32") for s in ((2, 6, 6, channels), (3, 3, channels, 4))]
    arrays.append(np.full(4, -2.0, "float32"))  # most windows have 0 as their largest entry
    symbols = [symbolic(a.shape, a.dtype) for a in arrays]
    h = ops.fused_conv(*symbols, padding="same", activation="relu")
    y = ops.sum(ops.max_pool(h, 2))
    for expected in ([h], [h, *symbols], symbols):
        graph = Graph(symbols, [y, *gradients(y, expected)])
        result = jax.jit(lower(graph, kernels))(arrays)
        for theirs, ours in zip(result, by_numpy(graph, arrays), strict=True):
            np.testing.assert_allclose(np.asarray(theirs), ours, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("form", ["plain", "no bias", "weighted", "loss read twice", "own logits", "by input"])
def test_logistic_regression_in_one_pass(form, kernels):
    """Prediction and gradient together, where the gradient is that of the cross-entropy on the logits and no more."""
    rng = np.random.default_rng(0)
    x, y, w, b = symbolic((7, 5), "float32"), symbolic((7, 1), "float32"), symbolic((5, 1)), symbolic((1,))
    z = ops.fused_dense(x, w, None if form == "no bias" else b)
    losses = ops.binary_crossentropy(y, z, from_logits=True)
    weight = symbolic((7, 1), "float32")
    if form == "weighted":
        losses = losses * weight
    if form == "own logits":  # weights that are made of the logits: the gradient needs them first
        losses = losses * ops.sigmoid(z)
    loss = ops.mean(losses) + (ops.mean(z * z) if form == "loss read twice" else 0.0)
    by = [w, *([] if form == "no bias" else [b]), *([x] if form == "by input" else [])]
    graph = Graph([x, y, w, b, weight], [loss, z, *gradients(loss, by)])
    shapes = [(7, 5), (7, 1), (5, 1), (1,), (7, 1)]
    arrays = [rng.normal(size=s).astype("float32") for s in shapes]
    arrays[1] = (arrays[1] > 0).astype("float32")
    run = jax.jit(lower(graph, kernels))
    for theirs, ours in zip(run(arrays), by_numpy(graph, arrays), strict=True):
        close(np.asarray(theirs), ours)
    one_pass = "chainrule_logistic" in run.lower(arrays).as_text()
    assert one_pass == (form in ("plain", "no bias", "weighted"))


@pytest.mark.parametrize("clipped", [False, True])
def test_a_kernel_s_gradient_and_its_update_together(clipped, kernels):
    """Where the update alone reads the gradient; two layers, so that one's weight is read before it changes."""
    rng = np.random.default_rng(0)
    shapes = [(9, 5), (5, 7), (7,), (7, 3), (3,), *[(5, 7)] * 2, *[(7, 3)] * 2, *[(7,)] * 2, ()]
    arrays = [np.abs(rng.normal(size=s)).astype("float32") for s in shapes]
    x, w, b, w2, b2, m, v, m2, v2, bm, bv, rate = symbols = [symbolic(a.shape, a.dtype) for a in arrays]
    y = ops.fused_dense(ops.fused_dense(x, w, b, activation="relu"), w2, b2)
    grads = gradients(ops.sum(y * y), [w, w2, b])
    scale = 1 / (1 + ops.sqrt(ops.sum(grads[0] * grads[0]))) if clipped else 1.0
    grads = [g * scale for g in grads] if clipped else grads
    new = [*ops.adam_update(grads[0], w, m, v, rate), *ops.adam_update(grads[1], w2, m2, v2, rate)]
    new += ops.adam_update(grads[2], b, bm, bv, rate)
    graph = Graph(symbols, [ops.sum(y), *new])
    run = jax.jit(lower(graph, kernels))
    for theirs, ours in zip(run(arrays), by_numpy(graph, arrays), strict=True):
        close(np.asarray(theirs), ours)
    assert ("chainrule_dense_adam" in run.lower(arrays).as_text()) != clipped


@pytest.mark.parametrize("shape", [(9, 5), (2, 7, 20), (3, 5, 6, 67), (1, 1, 3)])
@pytest.mark.parametrize("form", ["plain", "twice", "kept", "no scale", "own statistics", "by statistics"])
def test_batch_normalisation_by_sums_of_channels(shape, form, kernels):
    """Statistics with the mean far from 0, and gradients by everything; where something does not fit, XLA's own."""
    rng = np.random.default_rng(0)
    count = shape[-1]
    over = tuple(range(len(shape) - 1))
    arrays = [rng.normal(size=shape) + 30.0, rng.normal(size=count), rng.normal(size=count), rng.normal(size=shape)]
    arrays += [rng.normal(size=count), 0.5 + rng.random(count)]
    arrays = [a.astype("float32") for a in arrays]
    x, scale, offset, upstream, given_mean, given_variance = symbols = [symbolic(a.shape, a.dtype) for a in arrays]
    by = [x, offset, *([] if form == "no scale" else [scale])]

    def normal(t):
        mean, variance = ops.moments(t, axes=over, keepdims=form == "kept")
        if form == "own statistics":  # not those of the batch
            mean, variance = ops.sum(t, axis=over) / 7.0, ops.max(ops.square(t), axis=over)
        if form == "by statistics":
            mean, variance = given_mean, given_variance
            by.extend([mean, variance])
        flat = [v if v.ndim == 1 else ops.reshape(v, (count,)) for v in (mean, variance)]
        return ops.batch_normalization(t, *flat, -1, offset, None if form == "no scale" else scale, 1e-2), mean

    y, mean = normal(x)
    if form == "twice":
        y, mean = normal(ops.relu(y))
    graph = Graph(symbols, [y, mean, *gradients(y, by, upstream)])
    run = jax.jit(lower(graph, kernels))
    for theirs, ours in zip(run(arrays), by_numpy(graph, [a.astype("float64") for a in arrays]), strict=True):
        scale_of = float(np.abs(ours).max(initial=1.0))
        np.testing.assert_allclose(np.asarray(theirs), ours, rtol=1e-4, atol=1e-4 * scale_of)
    text = run.lower(arrays).as_text()
    assert ("chainrule_moments" in text) == ("statistics" not in form)
    assert text.count("custom_call_target = @chainrule_channel_sums") + text.count("@chainrule_channel_sums(") == (
        0 if form == "no scale" else 2 if form == "twice" else 1
    )


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((3, 20_000), 0), ((2, 3, 200, 100), (0, 1)), ((2, 3, 200, 100), (1, 0)), ((0, 20_000), 0), ((1, 20_000), 0),
     ((3, 20_000), None), ((3, 20_000), 1), ((3, 4, 20_000), 1)],
)  # fmt: skip
def test_sums_of_many_entries_over_leading_axes(shape, axis, keepdims):
    x = np.random.default_rng(0).normal(size=shape)
    got = compile(lambda x: ops.sum(x, axis=axis, keepdims=keepdims))(x).numpy()
    np.testing.assert_allclose(got, x.sum(axis=axis, keepdims=keepdims), rtol=1e-12, atol=1e-12)
    assert got.shape == x.sum(axis=axis, keepdims=keepdims).shape


def test_a_sum_over_leading_axes_keeps_nan_and_infinity():
    x = np.ones((3, 20_000), "float32")
    x[1, 7], x[2, 8], x[0, 9], x[1, 9] = np.nan, -np.inf, np.inf, -np.inf
    got = compile(lambda x: ops.sum(x, axis=0))(x).numpy()
    np.testing.assert_array_equal(got[6:11], [3.0, np.nan, -np.inf, np.nan, 3.0])
