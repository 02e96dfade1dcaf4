"""Lint that runs the model: dead units, a learning rate that is too large; nan in training."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.layers import Conv2D, Dense, GlobalAveragePooling2D, Input
from chainrule.models import Sequential
from chainrule.training import TrainingWarning
from lint_cases import IMAGES, X, Y, compiled, mlp


def test_a_learning_rate_far_too_large():
    model = compiled(mlp(1), optimizer=cr.optimizers.SGD(50.0))
    before = model.get_weights()
    report = model.lint(X, Y)
    assert [f.name for f in report] == ["loss-rises"]
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert int(model.optimizer.iterations.numpy()) == 0
    with pytest.warns(TrainingWarning, match="learning rate"):
        model.fit(X, Y, epochs=5, verbose=0)


def test_dead_units():
    model = compiled(mlp(1))
    model.layers[0].bias.assign(np.full(8, -1000.0))
    (finding,) = model.lint(X, Y)
    assert finding.name == "dead-units"
    assert "8 of 8" in finding.what
    assert model.layers[0].name in finding.what


@pytest.mark.parametrize("end", [layers.ReLU(), layers.Activation("relu6")])
def test_dead_units_of_images(end):
    model = compiled(Sequential([Input((8, 8, 1)), Conv2D(6, 3), end, GlobalAveragePooling2D(), Dense(1)]))
    model.layers[0].bias.assign(np.array([-1000.0] * 4 + [1.0] * 2))
    (finding,) = model.lint(IMAGES, Y)
    assert finding.name == "dead-units"
    assert "4 of 6" in finding.what


def test_nan_that_arises_in_training():
    model = compiled(Sequential([Input((4,)), layers.Lambda(lambda x: ops.log(x), name="logs"), Dense(1)]))
    with pytest.warns(TrainingWarning, match=r"log\(.*logs"):
        model.fit(X, Y, verbose=0)
