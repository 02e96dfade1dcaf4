"""Rematerialisation: the same numbers and gradients in less memory; what is asked to be kept is kept."""

import threading
import tracemalloc
from contextlib import nullcontext

import numpy as np
import pytest

import chainrule as cr
from chainrule import RematScope, layers, ops, remat
from chainrule.core.errors import ValueProblem
from chainrule.losses import SparseCategoricalCrossentropy
from chainrule.transforms.trace import trace


class Block(layers.Layer):
    """All that makes it hard: an inner layer that assigns, one that draws, a fused activation, a second reader."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.wide = layers.Conv2D(12, 3, padding="same", activation="relu")
        self.norm = layers.BatchNormalization()
        self.back = layers.Conv2D(4, 1, activation="gelu")
        self.drop = layers.Dropout(0.2, seed=3)

    def call(self, x, training=None):
        wide = self.norm(self.wide(x), training=training)
        return x + self.drop(self.back(ops.silu(wide) * wide), training=training)


def model(mode, blocks=3, **options):
    cr.utils.set_random_seed(0)
    x = start = cr.Input((8, 8, 4))
    for i in range(blocks):
        with nullcontext() if mode == "plain" else RematScope(mode, **options):
            x = Block(name=f"block_{i}")(x)
    return cr.Model(start, layers.Dense(3)(layers.Flatten()(x)))


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(24, 8, 8, 4)).astype("float32"), rng.integers(0, 3, 24)


def fitted(engine, mode, **options):
    created = model(mode, **options)
    created.compile("adam", SparseCategoricalCrossentropy(from_logits=True), engine=engine)
    created.fit(*data(), batch_size=10, epochs=2, verbose=0)
    return created


def operations(made):
    graph = next(iter(made.training_state.steps["train"].compiled.values())).step.graph
    return [node.operation.name for node in graph.order]


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize("mode", ["full", "activations", "larger_than"])
def test_the_same_training(engine, mode):
    if engine == "xla":
        pytest.importorskip("jax", reason="the fast engine is an extra")
    ours, theirs = fitted(engine, mode, output_size_threshold=100), fitted(engine, "plain")
    assert "after" in operations(ours)
    assert "after" not in operations(theirs)
    exact = {"rtol": 0, "atol": 0} if engine == "numpy" else {"rtol": 1e-4, "atol": 1e-5}
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), err_msg=a.name, **exact)


def test_products_are_computed_again_unless_they_are_kept():
    count = {mode: operations(fitted("numpy", mode)).count("convolution") for mode in ("plain", "activations", "full")}
    assert count == {"plain": 6, "activations": 6, "full": 12}


def test_a_region_after_another():
    """What leaves one region enters the next: both are computed again, each from what entered it."""
    x, w = cr.Variable(np.linspace(-1, 1, 6).reshape(2, 3)), cr.Variable(np.linspace(0.1, 1, 3))
    first, second = remat(lambda x: ops.max(ops.sin(x * w), axis=1)), remat(lambda x: ops.exp(x * x))

    def slopes(f, g):
        return lambda: cr.gradients(ops.sum(g(f(x))), [x, w])

    for ours, plain in zip(
        cr.compile(slopes(first, second))(), slopes(first.__wrapped__, second.__wrapped__)(), strict=True
    ):
        np.testing.assert_allclose(ours.numpy(), plain.numpy(), rtol=1e-12)


def test_which_layers():
    def again(mode, **options):
        return "after" in operations(fitted("numpy", mode, **options))

    assert not again("larger_than", output_size_threshold=8 * 8 * 4 * 10)
    assert again("larger_than", output_size_threshold=8 * 8 * 4 * 10 - 1)
    assert again("list_of_layers", layer_names=["block_1"])
    assert not again("list_of_layers", layer_names=["another"])
    assert not again(None)


def test_the_innermost_scope_counts_and_ends_with_its_block():
    with RematScope():
        with RematScope(mode=None):
            left_out = layers.Dense(2)
        within = layers.Dense(2)
    after = layers.Dense(2)
    assert left_out._remat.of(left_out) is None
    assert within._remat.of(within) is not None
    assert after._remat is None
    seen = []
    with RematScope():
        thread = threading.Thread(target=lambda: seen.append(layers.Dense(2)._remat))
        thread.start()
        thread.join()
    assert seen == [None]


def test_a_model_heeds_no_scope_but_its_layers_do():
    with RematScope():
        created = cr.Sequential([cr.Input((3,)), layers.Dense(2)])
    assert created._remat is None
    assert created.layers[-1]._remat is not None


def test_less_memory():
    """Six blocks of wide activations: what is kept falls to what enters the blocks."""
    peaks = {}
    for mode in ("plain", "full"):
        created = model(mode, blocks=6)
        created.compile("sgd", SparseCategoricalCrossentropy(from_logits=True), engine="numpy")
        created.fit(*data(), batch_size=24, verbose=0)
        tracemalloc.start()
        created.fit(*data(), batch_size=24, verbose=0)
        peaks[mode] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks["full"] < peaks["plain"] / 2


def test_less_memory_on_the_fast_engine():
    jax = pytest.importorskip("jax", reason="the fast engine is an extra")
    peaks = {}
    for mode in ("plain", "full"):
        created = fitted("xla", mode, blocks=6)
        (program,) = next(iter(created.training_state.steps["train"].compiled.values()))._programs.values()
        step = program.step
        stored = [[jax.ShapeDtypeStruct(v.shape, v.dtype) for v in some] for some in (program.only_read, step.writes)]
        batch = [jax.ShapeDtypeStruct(s.shape, s.dtype) for s in program.data]
        peaks[mode] = program._step_program.lower(batch, *stored).compile().memory_analysis().temp_size_in_bytes
    assert peaks["full"] < 0.7 * peaks["plain"]


def test_a_function_in_a_step_of_ones_own():
    w, x = cr.Variable(np.linspace(0.1, 1, 5)), np.linspace(-1, 1, 5)

    def wave(x):
        for _ in range(3):
            x = ops.sin(x * w)
        return x

    def slope(f):
        def both(x):
            y = ops.sum(f(x))
            return y, cr.gradients(y, [x, w])

        return trace(both, cr.graph.spec_of((5,), np.dtype("float64")))

    def names(step):
        return [node.operation.name for node in step.graph.order]

    plain, again = slope(wave), slope(remat(wave))
    assert names(plain).count("sin") == 3
    assert names(again).count("sin") == 5  # the last one's value is read by no local gradient
    assert "after" in names(again)
    assert remat(wave).__name__ == "wave"
    result = cr.compile(lambda x: cr.gradients(ops.sum(remat(wave)(x)), w))(x)
    np.testing.assert_array_equal(result.numpy(), cr.gradients(ops.sum(wave(cr.tensor(x))), w).numpy())


def test_second_derivatives():
    w = cr.Variable(0.7)
    wave = remat(lambda x: ops.sin(x * w) * x)

    def second(x):
        (slope,) = cr.gradients(wave(x), [w], create_graph=True)
        return cr.gradients(slope, w)

    np.testing.assert_allclose(cr.compile(second)(0.3).numpy(), -(0.3**3) * np.sin(0.3 * 0.7), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"), [({"mode": "all"}, "'full'"), ({"mode": "list_of_layers"}, "layer_names=")]
)
def test_errors_teach(arguments, words):
    with pytest.raises(ValueProblem, match=words):
        RematScope(**arguments)
