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


@pytest.mark.parametrize(
    ("activation", "loss", "units"),
    [
        ("softmax", "sparse_categorical_crossentropy", 3),
        ("softmax", "categorical_crossentropy", 3),
        ("sigmoid", "binary_crossentropy", 1),
    ],
)
def test_saturated_probabilities_never_move(activation, loss, units):
    x = np.random.default_rng(2).normal(size=(60, 2)).astype("float32")
    labels = (x[:, 0] > 0).astype("int32") + (units == 3) * (x[:, 1] > 0)
    y = np.eye(3, dtype="float32")[labels] if loss.startswith("cat") else labels
    found = {}
    for scale in (1.0, 1000.0):
        model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(units, activation=activation)])
        model.compile(cr.optimizers.SGD(1e-3), loss)
        model.fit(x, y, verbose=0)
        kernel = np.zeros((2, units), "float32")
        kernel[0, 0] = -scale
        model.layers[0].kernel.assign(kernel)
        found[scale] = [finding for finding in model.lint(x, y) if finding.name == "saturated"]
    assert not found[1.0]
    (finding,) = found[1000.0]
    p = 1 / (1 + np.exp(1000 * x[:, 0].astype("float64").clip(-0.5, 0.5)))
    assert "labels have a probability of 0" in finding.what
    assert "from_logits=True" in finding.mend
    if units == 1:
        assert finding.what.startswith(f"{int((np.where(labels == 1, p, 1 - p) < 1e-7).sum())} of 60")
        before = model.layers[0].kernel.numpy()
        model.train_on_batch(x[labels == 1], labels[labels == 1])
        np.testing.assert_array_equal(model.layers[0].kernel.numpy(), before)  # indeed it does not
