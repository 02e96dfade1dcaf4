"""The memory that `price` predicts: of small graphs, and against what NumPy takes."""

import tracemalloc
from contextlib import nullcontext

import numpy as np
import pytest

import chainrule as cr
from chainrule import RematScope, layers, ops
from chainrule.engines.numpy import NumpyProgram
from chainrule.graph import CallNode, Graph, spec_of
from chainrule.tensors.convert import symbolic
from chainrule.transforms.flatten import FlatGraph
from chainrule.transforms.trace import trace

F4 = np.dtype("float32")


def test_a_small_graph():
    """Of 100 numbers each: x and w are given, at most three more are alive at once."""
    result = cr.price(lambda x, w: ops.exp(ops.sin(x) * w) + 1.0, (100,), (100,)).memory
    assert result.inputs == 2 * 400
    assert result.kept == 0
    assert result.peak == 2 * 400 + 4 + 2 * 400  # the number 1, and a value beside the next


def test_what_the_backward_pass_reads_is_kept():
    """exp hands its value to the backward pass, sin its input, which is given."""
    assert cr.price(lambda x: ops.sin(x), (100,), backward=True).memory.kept == 0
    assert cr.price(lambda x: ops.exp(x), (100,), backward=True).memory.kept == 400
    assert cr.price(lambda x: ops.exp(ops.exp(x)), (100,), backward=True).memory.kept == 800
    assert cr.price(lambda x: ops.relu(x), (100,), backward=True).memory.kept in (0, 400)


def test_views_take_nothing():
    flat = cr.price(lambda x: ops.exp(x), (10, 10)).memory
    turned = cr.price(lambda x: ops.exp(ops.reshape(ops.transpose(x), (100,))), (10, 10)).memory
    assert flat.peak == turned.peak == 800


def test_a_view_keeps_its_memory_alive():
    """The sum is read last through a view made early."""
    result = cr.price(lambda x: ops.reshape(x + x, (4, 25)) + ops.exp(ops.reshape(x, (4, 25))), (100,)).memory
    assert result.peak == 400 + 3 * 400


def test_printed_and_as_data():
    cost = cr.price(lambda x: ops.exp(x), (100,), backward=True)
    assert "at most 1,600 bytes at once, 400 of them kept for the backward pass" in str(cost)
    assert cost.to_dict()["memory"] == {"inputs": 800, "kept": 400, "peak": 1600}


def test_flat_gives_the_graph_s_numbers():
    """Calls inside calls, a call's inner values read by its derivative, and what nobody asked for left out."""
    x = symbolic((3, 4), "float32")
    y = ops.gelu(ops.softmax(x))
    graph = Graph([x], [ops.sum(y), *cr.gradients(ops.sum(y), [x])])
    flat = FlatGraph(graph)
    assert not any(isinstance(row.node, CallNode) or row.node.call is not None for row in flat.rows)
    values = [np.random.default_rng(0).normal(size=(3, 4)).astype("float32"), *flat.constants[1:]]
    for row in flat.rows:
        values[row.position] = row.run(*[values[i] for i in row.inputs])
        for i in flat.frees.get(row.position, ()):
            values[i] = None
    passed = cr.Variable(values[0])
    loss = ops.sum(ops.gelu(ops.softmax(passed)))
    np.testing.assert_array_equal(values[flat.outputs[0]], loss.numpy())
    np.testing.assert_array_equal(values[flat.outputs[1]], cr.gradients(loss, passed).numpy())
    alive = {i for i, value in enumerate(values) if value is not None and flat.constants[i] is None}
    assert alive == {0, *flat.outputs}


def nets():
    wide = [layers.Dense(300, activation="relu"), layers.Dense(200, activation="gelu"), layers.Dense(7)]
    thin = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(16, 3, 2, "same")]
    rest = [layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(7)]
    norm = [layers.Conv2D(12, 3, padding="same"), layers.BatchNormalization(), layers.Activation("relu")]
    yield "products", (256,), wide
    yield "convolutions", (20, 21, 3), [*thin, *rest]
    yield "overlapping windows", (20, 20, 6), [layers.MaxPooling2D(3, 1, "same"), layers.Conv2D(4, 1), *rest]
    yield "normalised", (20, 20, 3), [*norm, layers.GlobalAveragePooling2D(), layers.Dense(7)]


@pytest.mark.parametrize("again", [False, True], ids=["", "computed again"])
@pytest.mark.parametrize("name", [name for name, _, _ in nets()])
def test_within_15_percent_of_what_numpy_takes(name, again):
    with RematScope() if again else nullcontext():
        shape, parts = next((shape, parts) for result, shape, parts in nets() if result == name)
    model = cr.Sequential([cr.Input(shape), *parts])
    loss = cr.losses.SparseCategoricalCrossentropy(from_logits=True)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(32, *shape)).astype("float32"), rng.integers(0, 7, 32).astype("int32")

    def gradients(x, y):
        cost = loss(y, model(x, training=True))
        return cost, cr.gradients(cost, model.trainable_weights)

    step = trace(gradients, spec_of(x.shape, x.dtype), spec_of(y.shape, y.dtype))
    program = NumpyProgram(step)
    program([x, y])
    tracemalloc.start()
    try:
        program([x, y])
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    predicted = cr.price(lambda x, y: loss(y, model(x, training=True)), x, y, backward=True).memory
    assert predicted.peak == pytest.approx(taken + predicted.inputs, rel=0.15)
