"""train_on_batch and test_on_batch: each batch's own numbers, on both engines, whatever came before."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential
from training_cases import RNG, X, Y, linear

OTHER = RNG.normal(size=(7, 4)).astype("float32")
OTHER_Y = RNG.normal(size=(7, 1)).astype("float32")


def mse_and_mae(model, x, y):
    kernel, bias = model.get_weights()
    error = x @ kernel + bias - y
    return (error**2).mean(), abs(error).mean()


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_no_batch_counts_in_the_next_ones_numbers(engine):
    model = linear(0.01, metrics=["mae"], engine=engine)
    model.fit(X, Y, epochs=1, batch_size=20, verbose=0)
    for x, y in [(X, Y), (OTHER, OTHER_Y), (X[:3], Y[:3])]:
        expected = mse_and_mae(model, x, y)
        assert model.test_on_batch(x, y) == pytest.approx(expected, rel=1e-4)
        assert model.train_on_batch(x, y) == pytest.approx(expected, rel=1e-4)
    assert model.evaluate(X, Y, batch_size=20, verbose=0) == pytest.approx(mse_and_mae(model, X, Y), rel=1e-4)
    expected = mse_and_mae(model, OTHER, OTHER_Y)
    assert model.train_on_batch(OTHER, OTHER_Y) == pytest.approx(expected, rel=1e-4)


def test_losses_of_several_outputs_and_metrics_of_layers_are_reset_too():
    class Counting(Dense):
        def __init__(self, units, **kwargs):
            super().__init__(units, **kwargs)
            self.calls = cr.metrics.Sum(name="calls")

        def call(self, inputs, training=None):
            self.calls.update_state(1.0)
            return super().call(inputs)

    x = Input((4,))
    model = Model(x, {"a": Counting(1, name="a")(x), "b": Dense(1, name="b")(x)})
    model.compile("sgd", "mse")
    targets = {"a": Y, "b": Y}
    first = model.test_on_batch(X, targets, return_dict=True)
    assert model.test_on_batch(OTHER, {"a": OTHER_Y, "b": OTHER_Y}, return_dict=True)["calls"] == 1
    assert model.test_on_batch(X, targets, return_dict=True) == pytest.approx(first, rel=1e-6)


def test_an_overridden_reset_is_called():
    class Own(Sequential):
        resets = 0

        def reset_metrics(self):
            type(self).resets += 1
            super().reset_metrics()

    model = Own([Input((4,)), Dense(1)])
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    model.test_on_batch(X, Y)
    assert Own.resets == 2


@pytest.mark.heavy
def test_as_keras(keras64, double):
    results = []
    for lib in (cr, keras64):
        model = lib.Sequential([lib.Input((4,)), lib.layers.Dense(1, kernel_initializer="ones")])
        model.compile(lib.optimizers.SGD(0.01), "mse", metrics=["mae"])
        calls = [model.test_on_batch(X, Y), model.train_on_batch(X, Y), model.train_on_batch(OTHER, OTHER_Y)]
        results.append(np.asarray([[float(v) for v in call] for call in calls]))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5)
