"""The fuse pass: which groups become one call, which must not, and that all engines still agree."""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pytest

pytest.importorskip("jax", reason="the fast engine needs JAX")

import jax

import chainrule as cr
from chainrule import layers, ops
from chainrule.engines.xla.calls import REPLACEMENTS, FusedCall
from chainrule.engines.xla.fuse import fuse
from chainrule.engines.xla.kernels import kernels_from
from chainrule.engines.xla.lower import lower
from chainrule.graph import Graph, run_values
from chainrule.tensors.convert import symbolic
from chainrule.transforms.differentiate import gradients

KERNELS = {**REPLACEMENTS, **kernels_from(min_size=0, min_update_size=0)}


def fused(graph, kernels=KERNELS):
    """How often each kernel is called."""
    return Counter(n.operation.name for n in fuse(graph, kernels).graph.nodes if isinstance(n.operation, FusedCall))


def symbols(*shapes, dtype="float32"):
    return [symbolic(shape, dtype) for shape in shapes]


def agree(graph, arrays, tolerance=1e-4):
    """NumPy computes the same as XLA with and without kernels, of a graph whose inputs are these arrays."""
    values = run_values(graph, arrays)
    ours = [np.asarray(values[graph.position[n.serial]]) for n in graph.outputs]
    tables = [{}, REPLACEMENTS]
    if pytest.importorskip("chainrule_kernels", reason="the kernels are a distribution of their own"):
        tables.append(KERNELS)
    for kernels in tables:
        for a, b in zip(jax.jit(lower(graph, kernels))(arrays), ours, strict=True):
            scale = float(np.abs(b[np.isfinite(b)]).max(initial=1.0))
            np.testing.assert_allclose(np.asarray(a), b, rtol=tolerance, atol=tolerance * scale)


def arrays_for(graph, seed=0):
    rng = np.random.default_rng(seed)
    return [np.abs(rng.normal(size=n.spec.shape)).astype(n.spec.dtype) for n in graph.inputs]


# ---- the graph that comes out


def test_what_is_lowered_has_no_bodies_and_explicit_results():
    x, w, b = symbols((3, 5), (5, 4), (4,))
    y = ops.softmax(ops.fused_dense(x, w, b, activation="relu"))
    graph = Graph([x, w, b], [y, *gradients(ops.sum(y * y), [w, b])])
    before = [n.serial for n in graph.order]
    for kernels in ({}, REPLACEMENTS, KERNELS):
        result = fuse(graph, kernels).graph
        assert [n.serial for n in graph.order] == before
        assert result.inputs == graph.inputs
        assert [n.spec for n in result.outputs] == [n.spec for n in graph.outputs]
        for node in result.nodes:
            assert not hasattr(node, "body")
            assert node.call is None or isinstance(node.call.operation, FusedCall)
    assert fused(graph)["dense_gradient"] == 1


def test_values_that_nobody_reads_are_not_in_it():
    x, w, b = symbols((3, 5), (5, 4), (4,))
    y = ops.fused_dense(x, w, b, activation="relu")
    graph = Graph([x, w, b], gradients(ops.sum(y), [w, b]))
    (call,) = [n for n in fuse(graph, KERNELS).graph.nodes if getattr(n.operation, "name", "") == "dense_gradient"]
    assert call.attributes["by"] == (1, 2)
    names = [n.operation.name for n in fuse(Graph([x, w, b], [ops.moments(x, 0)[0]]), KERNELS).graph.nodes]
    assert names == ["mean"]


def test_the_work_grows_with_the_graph_alone():
    """Twice the layers: twice the calls of functions, in forward and backward pass and updates."""
    counts = [_calls_of_fuse(_chain(n)) for n in (2000, 4000)]
    assert counts[1] < 2.1 * counts[0]


def _chain(n):
    x, w, b, m, v, rate = inputs = symbols((2, 3), (3, 3), (3,), (3, 3), (3, 3), ())
    kernels, y = [], x
    for _ in range(n):
        kernels.append(w * 1.0)
        y = ops.fused_dense(y, kernels[-1], b, activation="relu")
    grads = gradients(ops.sum(y), kernels)
    updates = [t for g, k in zip(grads, kernels, strict=True) for t in ops.adam_update(g, k, m, v, rate)]
    return Graph(inputs, updates)


def _calls_of_fuse(graph):
    count = 0

    def count_call(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    graph.consumers  # noqa: B018 - computed before counting, since it is cached
    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        result = fuse(graph, KERNELS)
    finally:
        sys.setprofile(before)
    names = Counter(n.operation.name for n in result.graph.nodes)
    assert names["dense_gradient_adam_update"] == len(graph.outputs) // 3
    return count


# ---- convolution and pooling


def pooled(channels=2, activation="relu", bias=True, window=2, strides=None, groups=1, dtype="float32", form=""):
    """A convolution, a pooling and their gradients, wired in several ways."""
    x, k, b = inputs = symbols((2, 6, 6, channels), (3, 3, channels // groups, 4), (4,), dtype=dtype)
    h = ops.fused_conv(x, k, b if bias else None, padding="same", activation=activation)
    y = ops.max_pool(h, window, strides)
    loss = ops.sum(y * y)
    by = inputs if bias else inputs[:2]
    if form == "branch":
        loss = loss + ops.sum(ops.sin(h))
    if form == "pooled twice":
        loss = loss + ops.sum(ops.max_pool(h, 3))
    if form == "forward":
        return Graph(inputs, [y])
    if form == "gradient asked for":
        by = [*by, h]
    if form == "second consumer":
        by_h, by_k = gradients(loss, [h, k])
        return Graph(inputs, [ops.sum(by_h * by_h), by_k])
    return Graph(inputs, [loss, *gradients(loss, by), *([h] if form == "output" else [])])


BOTH = {"convolution_max_pool": 1, "convolution_max_pool_gradient": 1}
APART = {"convolution": 1, "max_pool": 1, "max_pool_gradient": 1, "convolution_gradient": 1}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, BOTH),
        ({"form": "forward"}, {"convolution_max_pool": 1}),
        ({"form": "output"}, {**BOTH, "convolution": 1}),
        ({"form": "branch"}, APART),
        ({"form": "pooled twice"}, {**APART, "max_pool": 2, "max_pool_gradient": 2}),
        ({"form": "gradient asked for"}, APART),
        ({"form": "second consumer"}, APART),
        ({"channels": 16}, APART),
        ({"activation": None}, APART),
        ({"bias": False}, APART),
        ({"window": 3}, APART),
        ({"strides": 1}, APART),
        ({"groups": 2}, APART),
    ],
    ids=str,
)
def test_convolution_and_pooling(options, expected):
    graph = pooled(**options)
    assert fused(graph) == expected
    agree(graph, arrays_for(graph))


def test_the_relu_between_is_undone_by_the_position_alone():
    """Only where nothing else reads the gradient of the pooling does it skip the relu's own gradient."""
    flags = {}
    for form in ("", "branch"):
        nodes = fuse(pooled(channels=16, form=form), KERNELS).graph.nodes
        flags[form] = [n.attributes["after_relu"] for n in nodes if n.operation.name == "max_pool"]
        (gradient,) = [n for n in nodes if n.operation.name == "convolution_gradient"]
        assert len(gradient.inputs) == (3 if form == "" else 4)
    assert flags == {"": [True], "branch": [False]}


def test_pooling_in_other_dtypes_and_without_kernels_is_by_windows():
    expected = {"max_pool_by_windows": 1, "max_pool_by_windows_gradient": 1}
    assert fused(pooled(dtype="float64")) == expected
    assert fused(pooled(), REPLACEMENTS) == expected
    assert fused(pooled(), {}) == {}
    assert fused(pooled(window=(6, 6)), KERNELS)["max_pool"] == 1
    x = symbolic((1, 40, 40, 1), "float32")
    graph = Graph([x], [ops.max_pool(x, 16)])
    assert fused(graph) == {"max_pool_by_windows": 1}


def test_in_a_rematerialized_region():
    """The copies in the backward pass are fused; the gradient reads the copy's positions, not the original's."""

    @cr.remat
    def block(x, k, b):
        return ops.max_pool(ops.fused_conv(x, k, b, activation="relu"), 2)

    x, k, b = inputs = symbols((2, 6, 6, 2), (3, 3, 2, 4), (4,))
    loss = ops.sum(ops.sin(block(x, k, b)))
    graph = Graph(inputs, [loss, *gradients(loss, inputs)])
    assert fused(graph) == {**BOTH, "convolution_max_pool": 2}
    agree(graph, arrays_for(graph))


def test_inside_an_operation_of_the_user_s():
    """Its body and the derivative of its body are opened, and what they save is one value in both."""

    @cr.operation
    def dense(x, k, b):  # with the name, but not the arguments, of one of the library's
        return ops.max_pool(ops.fused_conv(x, k, b, activation="relu"), 2)

    x, k, b = inputs = symbols((2, 6, 6, 2), (3, 3, 2, 4), (4,))
    loss = ops.sum(ops.sin(dense(x, k, b)))
    graph = Graph(inputs, [loss, *gradients(loss, inputs)])
    assert fused(graph) == BOTH
    agree(graph, arrays_for(graph))


# ---- dense layers


def updated(form=""):
    shapes = [(9, 5), (5, 7), (7,), (5, 7), (5, 7), ()]
    x, w, b, m, v, rate = inputs = symbols(*shapes, dtype="bfloat16" if form == "bfloat16" else "float32")
    y = ops.fused_dense(x, w, b, activation="relu")
    by_x, by_w = gradients(ops.sum(y * y), [x, w])
    update = ops.momentum_update(by_w, w, m, rate) if form == "momentum" else ops.adam_update(by_w, w, m, v, rate)
    others = {"second consumer": [ops.sum(by_w)], "output": [by_w], "by input": [by_x]}.get(form, [])
    if form == "as weight":
        update = ops.adam_update(w, by_w, m, v, rate)
    return Graph(inputs, [*update, *others])


@pytest.mark.parametrize(
    ("form", "together"),
    [
        ("", True),
        ("by input", True),
        ("second consumer", False),
        ("output", False),
        ("momentum", False),
        ("bfloat16", False),
        ("as weight", False),
    ],
)
def test_a_gradient_and_its_update(form, together):
    graph = updated(form)
    names = fused(graph)
    assert names["dense_gradient"] == 1
    assert names["dense_gradient_adam_update"] == together
    assert names["adam_update"] + names["momentum_update"] == (0 if together or form == "bfloat16" else 1)
    assert fused(graph, {**KERNELS, **kernels_from(0)})["dense_gradient_adam_update"] == 0  # too small a weight
    (update,) = [n for n in fuse(graph, KERNELS).graph.nodes if "update" in n.operation.name] or [None]
    if form == "by input":
        assert update.inputs[-1].call.operation.name == "dense_gradient"  # the update waits for who reads the weight
    if form != "bfloat16":
        agree(graph, arrays_for(graph))


def test_an_upstream_beyond_the_cache_is_left_to_xla():
    x, w = symbols((512, 8), (8, 128))
    y = ops.fused_dense(x, w, None)
    graph = Graph([x, w], gradients(ops.sum(y * y), [w]))
    assert "dense_gradient" not in fused(graph)
    assert any("cache" in r.reason for r in fuse(graph, KERNELS).refusals)


def test_two_heads_that_learn_from_each_other():
    """Each has the other's logits in its targets: at most one can be computed together with its gradient."""
    x, w, u = inputs = symbols((7, 5), (5, 1), (5, 1))
    a, b = ops.fused_dense(x, w, None), ops.fused_dense(x, u, None)
    loss = ops.mean(ops.binary_crossentropy(ops.stop_gradient(ops.sigmoid(b)), a, from_logits=True))
    loss = loss + ops.mean(ops.binary_crossentropy(ops.stop_gradient(ops.sigmoid(a)), b, from_logits=True))
    graph = Graph(inputs, [loss, *gradients(loss, [w, u])])
    assert fused(graph)["logistic_regression"] == 1
    agree(graph, arrays_for(graph))


def test_the_gradient_by_the_targets_is_not_that_by_the_logits():
    x, w, y = inputs = symbols((7, 5), (5, 1), (7, 1))
    t = ops.fused_dense(x, w, None)
    loss = ops.mean(ops.binary_crossentropy(t, y, from_logits=True))
    graph = Graph(inputs, [loss, *gradients(loss, [w])])
    assert "logistic_regression" not in fused(graph)
    agree(graph, arrays_for(graph))


def test_transposes_are_read_as_they_are():
    a, b = symbols((5, 3), (4, 5), dtype="bfloat16")
    graph = Graph([a, b], [ops.matmul(ops.transpose(a), ops.transpose(b))])
    nodes = fuse(graph, KERNELS).graph.nodes
    assert [n.operation.name for n in nodes] == ["matmul", "get_output"]
    assert nodes[0].attributes == {"transpose_a": True, "transpose_b": True}
    assert nodes[0].inputs == (a, b)
    a, b = symbols((5, 3), (4, 5))
    assert fused(Graph([a, b], [ops.matmul(ops.transpose(a), ops.transpose(b))])) == {}


# ---- moments


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("", {"moments": 1}),
        ("kept", {"moments": 1}),
        ("mean kept", {"moments": 1}),
        ("gradient", {"moments": 1, "moments_gradient": 1}),
        ("var alone", {"moments": 1}),
        ("mean alone", {}),
        ("other axes", {}),
        ("other axes of the mean", {"moments": 1}),
        ("ddof", {}),
        ("float64", {}),
        ("vector", {}),
    ],
)
def test_mean_and_variance(form, expected):
    (x,) = symbols((7,) if form == "vector" else (4, 3, 5), dtype="float64" if form == "float64" else "float32")
    axes = {"other axes": (0, 2), "vector": 0}.get(form, (0, 1))
    mean = ops.mean(x, axis=(0,) if form == "other axes of the mean" else axes, keepdims="kept" in form)
    variance = ops.var(x, axis=axes, keepdims=form == "kept", **({"ddof": 1} if form == "ddof" else {}))
    results = {"var alone": [variance], "mean alone": [mean]}.get(form, [mean, variance])
    if form == "gradient":
        results += gradients(ops.sum(ops.sin(variance)) + ops.sum(mean * mean), [x])
    graph = Graph([x], results)
    assert fused(graph) == expected
    names = [n.operation.name for n in fuse(graph, KERNELS).graph.nodes]
    assert ("mean" in names) == (form in ("mean alone", "other axes of the mean") or "moments" not in expected)
    if form != "float64":
        agree(graph, arrays_for(graph))


def test_the_second_derivative_of_a_variance():
    """Its gradient by a value inside the body is not that by the variance."""
    (x,) = symbols((6, 5))
    (first,) = gradients(ops.sum(ops.square(ops.var(x, axis=(0,)))), [x])
    graph = Graph([x], gradients(ops.sum(ops.sin(first)), [x]))
    agree(graph, arrays_for(graph))


# ---- whole steps of nets wired at random


def net(seed):
    """Convolutions, poolings, normalizations and dense layers; inputs shared, read twice and added."""
    rng = np.random.default_rng(seed)
    cr.set_random_seed(seed)
    image = cr.Input((8, 8, int(rng.integers(1, 4))))
    maps = [image]
    for _ in range(int(rng.integers(4, 8))):
        h = maps[int(rng.integers(len(maps)))]
        kind = rng.choice(["conv", "conv", "pool", "pool", "average", "norm"])
        if kind == "conv":
            relu, bias = rng.choice(["relu", "relu", None]), bool(rng.random() < 0.8)
            h = layers.Conv2D(int(rng.integers(2, 6)), 3, padding="same", activation=relu, use_bias=bias)(h)
        elif kind == "norm":
            h = layers.BatchNormalization()(h)
        elif min(h.shape[1:3]) >= 2:
            pool = layers.MaxPooling2D if kind == "pool" else layers.AveragePooling2D
            h = pool(2, strides=rng.choice([None, 1]), padding=rng.choice(["valid", "same"]))(h)
        alike = [m for m in maps if m.shape == h.shape and m is not h]
        maps.append(layers.Add()([h, alike[0]]) if alike and rng.random() < 0.5 else h)
    ends = [layers.Flatten()(m) for m in maps[1:]]
    h = layers.Concatenate()(ends) if len(ends) > 1 else ends[0]
    h = layers.Dense(6, activation="relu")(h)
    logits = layers.Dense(1)(h)
    model = cr.Model(image, logits)
    optimizers = [cr.optimizers.SGD(0.01, momentum=0.9), cr.optimizers.Adam(0.01, epsilon=0.1)]
    loss = cr.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizers[seed % 2], loss, engine="numpy")
    x = rng.normal(size=(6, *image.shape[1:])).astype("float32")
    return model, x, (rng.random((6, 1)) < 0.5).astype("float32")


@pytest.mark.parametrize("seed", range(12))
def test_two_steps_of_odd_nets_agree(seed):
    pytest.importorskip("chainrule_kernels", reason="the kernels are a distribution of their own")
    model, x, y = net(seed)
    model.train_on_batch(x, y)
    (compiled,) = model.training_state.steps["train"].compiled.values()
    step = compiled.step
    start = [v.numpy() for v in step.reads]
    position = {id(v): i for i, v in enumerate(step.reads)}

    def train(run):
        state = list(start)
        for _ in range(2):
            results = [np.asarray(a) for a in run([x, y, *state])]
            for variable, value in zip(step.writes, results[step.results :], strict=True):
                state[position[id(variable)]] = value
        return [*results[: step.results], *state]

    def by_numpy(arrays):
        values = run_values(step.graph, arrays)
        return [values[step.graph.position[n.serial]] for n in step.graph.outputs]

    expected = train(by_numpy)
    for kernels in ({}, REPLACEMENTS, KERNELS):
        for a, b in zip(train(jax.jit(lower(step.graph, kernels))), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4 * np.abs(b).max(initial=1e-2))
