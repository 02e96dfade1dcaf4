"""Data and models for the tests of `lint`; what is expected of a case with an error or a warning."""

import warnings

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.core.errors import ChainruleError
from chainrule.layers import Conv2D, Dense, GlobalAveragePooling2D, Input
from chainrule.models import Model, Sequential
from chainrule.training import TrainingWarning

RNG = np.random.default_rng(2)
X = RNG.normal(size=(120, 4)).astype("float32")
LABELS = np.arange(120) % 3
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
IMAGES = RNG.uniform(size=(120, 8, 8, 1)).astype("float32")
COLOUR = RNG.uniform(size=(120, 8, 8, 3)).astype("float32")
Y = X[:, :1] + 0.1 * X[:, 1:2]
YES = (X[:, 0] > 0).astype(int)
LARGE_NUMBERS = RNG.integers(1e4, 9e4, 120)
WORDS = RNG.integers(0, 50, size=(120, 6))
MAP = RNG.integers(0, 3, size=(120, 8, 8))


def mlp(width, activation=None, inputs=4, hidden=8):
    return Sequential([Input((inputs,)), Dense(hidden, activation="relu"), Dense(width, activation=activation)])


def cnn(width=3, activation="softmax", shape=(8, 8, 1)):
    return Sequential(
        [Input(shape), Conv2D(4, 3, activation="relu"), GlobalAveragePooling2D(), Dense(width, activation=activation)]
    )


def compiled(model, loss="mse", optimizer="adam", **kwargs):
    model.compile(optimizer, loss, **kwargs)
    return model


sparse = cr.losses.SparseCategoricalCrossentropy
categorical = cr.losses.CategoricalCrossentropy
binary = cr.losses.BinaryCrossentropy


class Subclassed(Model):
    def __init__(self, width, activation=None):
        super().__init__()
        self.hidden, self.end = Dense(8, activation="relu"), Dense(width)
        self.activation = layers.Activation(activation)

    def call(self, x):
        return self.activation(self.end(self.hidden(x)))


def frozen(model):
    model.trainable = False
    return model


def assert_fails(case):
    """`lint` finds the error, and `fit` raises it."""
    make, x, y, finding, words = case
    model = make()
    report = model.lint(x, y)
    assert [f.name for f in report if f.level == "error"] == [finding], report
    with pytest.raises(ChainruleError) as raised:
        model.fit(x, y, verbose=0)
    for word in words:
        assert word in str(raised.value)
        assert word in str(report)
    assert "To mend it" in str(raised.value)
    assert raised.value.mend


def assert_warns(case):
    """`lint` finds the warning, and `fit` gives it, once."""
    make, x, y, finding, words = case
    cr.set_random_seed(0)  # other weights may make a nan, which is warned of, too
    model = make()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model.fit(x, y, verbose=0)
    messages = [str(w.message) for w in seen if w.category is TrainingWarning]
    assert len(messages) == 1, messages
    report = make().lint(x, y)
    assert [f.name for f in report if f.name not in ("dead-units", "saturated", "loss-rises")] == [finding], report
    assert all(f.level == "warning" for f in report)
    for word in words:
        assert word in messages[0]
        assert word in str(report)
    assert __file__.endswith(seen[0].filename.rsplit("/", 1)[-1])  # the user's line is blamed
