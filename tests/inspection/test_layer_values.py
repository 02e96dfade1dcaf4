"""A model's values and gradients by layer and weight, and the lines that made its layers."""

import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.errors import ValueProblem
from small_models import network


def test_values_are_what_layers_give():
    model, x, _ = network()
    before = [(v.path, v.numpy()) for v in model.variables]
    result = model.values(x)
    assert list(result) == ["conv", "bn", "drop", "flat", "out"]
    np.testing.assert_allclose(result["out"], model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    kernel, bias = (w.numpy() for w in model.get_layer("conv").weights)
    expected = np.einsum("nijabc,abcd->nijd", np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2)).transpose(
        0, 1, 2, 4, 5, 3), kernel) + bias  # fmt: skip
    np.testing.assert_allclose(result["conv"], np.maximum(expected, 0), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(result["drop"], result["bn"])
    assert (model.values(x, training=True)["drop"] == 0).any()
    for (path, value), v in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(value, v.numpy(), err_msg=path)


def test_gradients_are_those_of_the_step_that_training_takes():
    model, x, y = network()
    model.compile(cr.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    result = model.gradients(x, y)
    again = model.gradients(x, y)
    before = {w.path: w.numpy() for w in model.trainable_weights}
    model.train_on_batch(x, y)
    for w in model.trainable_weights:
        step = (before[w.path] - w.numpy()) / 0.5
        name = w.path.removeprefix("net/")
        np.testing.assert_allclose(result[name], step, rtol=2e-4, atol=2e-6, err_msg=name)
        np.testing.assert_array_equal(result[name], again[name])
    assert result["x"].shape == x.shape
    assert result["bn"].shape == (3, 4, 3, 3)


def test_lines_are_those_where_layers_were_made():
    model, x, y = network()
    lines = {s.scope.split("/")[1]: s.line for s in model.explain(x, y).steps if s.scope.startswith("net/")}
    assert 'layers.Conv2D(3, 3, activation="relu", name="conv")' in lines["conv"]
    assert 'layers.Dense(4, activation="softmax", name="out")' in lines["out"]

    class Own(cr.Model):
        def __init__(self):
            super().__init__()
            self.first = layers.Dense(2)

        def call(self, inputs):
            return ops.tanh(self.first(inputs))  # the line of the user's own call

    own = Own()
    own.compile(loss="mse")
    assert any("the user's own call" in s.line for s in own.explain(np.ones((1, 3)), np.ones((1, 2))).steps)


def test_an_entry_of_the_output_without_targets():
    model, x, _ = network()
    e = model.explain(x, entry=(2, 1))
    assert float(np.asarray(e.value)) == pytest.approx(model.predict(x, verbose=0)[2, 1], rel=1e-5)
    largest = model.explain(x)
    assert float(np.asarray(largest.value)) == pytest.approx(model.predict(x, verbose=0)[0].max(), rel=1e-5)
    a = layers.Input((2,))
    two = cr.Model(a, [layers.Dense(1)(a), layers.Dense(1)(a)])
    with pytest.raises(cr.GraphError, match="an entry of the 2 outputs"):
        two.explain(np.ones((1, 2)))


def test_each_layers_own_line_stands_beside_it():
    model = cr.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(3, activation="relu", name="first"),
            layers.Dense(3, activation="relu"),  # called "dense", as the operation inside each of them
            layers.Dense(2, name="last"),
        ],
        name="net",
    )
    model.compile("sgd", "mse")
    e = model.explain(np.ones((2, 4)), np.ones((2, 2)))
    lines = {s.scope.split("/")[1]: int(s.line.split(":")[1]) for s in e.steps if s.scope.startswith("net/")}
    names = list(lines)
    assert names[0] == "first"
    assert names[-1] == "last"
    assert [lines[name] - lines["first"] for name in names] == [0, 1, 2]


def test_layers_travel_between_processes_with_their_line():
    layer = layers.Dense(2, name="here")
    again = pickle.loads(pickle.dumps(layer))
    assert again.line == layer.line
    assert 'layers.Dense(2, name="here")' in again.line


def test_weights_in_nested_models_have_the_same_names_everywhere():
    def block(name):
        return cr.Sequential(
            [layers.Input((3,)), layers.Dense(3, name="d"), layers.BatchNormalization(name="bn")], name=name
        )

    model = cr.Sequential([layers.Input((3,)), block("one"), block("two")], name="net")
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(5, 3))
    result, e = model.gradients(x, x), model.explain(x, x)
    expected = [f"{b}/{name}" for b in ("one", "two") for name in ("d/kernel", "d/bias", "bn/gamma", "bn/beta")]
    assert [name for name in result if name.count("/") == 2] == expected
    assert set(expected) <= set(e.gradients)
    scale = max(
        np.abs(g).max() for g in result.values()
    )  # a bias before a normalisation gets the rounding of sums of it
    for name in expected:
        np.testing.assert_allclose(e.gradients[name], result[name], rtol=1e-5, atol=1e-6 * scale)
    assert e.number("two/d/kernel", (0, 1)).gradient == e.gradients["two/d/kernel"][0, 1]


def test_weights_with_one_path_are_all_there():
    def inner(name):
        return cr.Sequential([layers.Input((2,)), layers.Dense(2, name="dense")], name=name)

    x = layers.Input((2,))
    model = cr.Model(x, inner("b")(inner("a")(x)), name="net")
    model.compile(loss="mse")
    result = model.gradients(np.ones((1, 2)), np.zeros((1, 2)))
    assert len([name for name in result if "kernel" in name]) == 2


def test_a_model_of_several_inputs_names_them():
    a, b = layers.Input((2,), name="left"), layers.Input((3,), name="right")
    model = cr.Model([a, b], layers.Dense(1, name="out")(layers.Concatenate()([a, b])))
    model.compile(loss="mse")
    result = model.gradients([np.ones((4, 2)), np.ones((4, 3))], np.ones((4, 1)))
    assert result["left"].shape == (4, 2)
    assert result["right"].shape == (4, 3)


def test_a_scope_around_the_model_changes_no_name():
    model, x, y = network()
    plain, costs = model.values(x), [line.name for line in model.cost(x, y).lines]
    with cr.scope("outer"):
        assert list(model.values(x)) == list(plain)
        assert [line.name for line in model.cost(x, y).lines] == costs
        assert "conv/kernel" in model.gradients(x, y)


def test_a_loss_of_the_layers_own():
    class Own(cr.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1, name="dense")

        def call(self, inputs):
            out = self.dense(inputs)
            self.add_loss(ops.mean(out**2))
            return out

    model = Own()
    model.compile("sgd")
    result = model.gradients(np.ones((2, 3)), None)
    out = model.values(np.ones((2, 3)))["dense"]
    np.testing.assert_allclose(result["dense"], 2 * out / 2, rtol=1e-5)
    assert model.explain(np.ones((2, 3))).gradients
    with pytest.raises(ValueProblem, match="y and an entry"):
        model.explain(np.ones((2, 3)), np.ones((2, 1)), (0, 0))


def test_gradients_need_a_compiled_loss():
    model = cr.Sequential([layers.Input((2,)), layers.Dense(1)])
    with pytest.raises(cr.GraphError, match="not compiled"):
        model.gradients(np.ones((1, 2)), np.ones((1, 1)))
    (result,) = model.values(np.ones((1, 2))).values()
    assert result.shape == (1, 1)
