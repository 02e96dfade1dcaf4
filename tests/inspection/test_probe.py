"""A probe's arrays are those of `values` and `gradients`, for the weights as they are, on both engines."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.engines.engine import engine
from chainrule.inspection.probe import Probe
from chainrule.inspection.values import gradients, named_weights, values

X = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")
Y = np.array([0, 2, 1, 1, 0, 2])


@pytest.mark.parametrize("name", ["numpy", "xla", None])
def test_arrays(name):
    if name == "xla":
        pytest.importorskip("jax")
    model = cr.Sequential(
        [layers.Input((5,)), layers.Dense(4, activation="tanh"), layers.BatchNormalization(), layers.Dense(3)]
    )
    model.compile("adam", cr.losses.SparseCategoricalCrossentropy(from_logits=True))
    probe = Probe(model, (X, Y, None), None if name is None else engine(name))
    for _ in range(2):  # before and after training
        before = [v.numpy().copy() for v in model.variables]
        outputs, slopes = probe()
        for got, expected in ((outputs, values(model, X)), (slopes, gradients(model, X, Y))):
            for path in got:
                np.testing.assert_allclose(got[path], expected[path], rtol=1e-5, atol=1e-6)
        assert set(slopes) >= set(named_weights(model))
        assert set(outputs) == set(values(model, X))
        for variable, value in zip(model.variables, before, strict=True):
            np.testing.assert_array_equal(variable.numpy(), value)
        model.fit(X, Y, epochs=3, verbose=0)


def test_without_targets_there_are_no_gradients():
    model = cr.Sequential([layers.Input((5,)), layers.Dense(2, name="out")])
    outputs, slopes = Probe(model, (X, None, None), engine("numpy"))()
    assert list(outputs) == ["out"]
    assert slopes == {}
