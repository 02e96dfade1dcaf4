"""What goes before a fit is done once for a model and a form of data."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers


class Counting(cr.Model):
    """A model that counts the calls of its Python code."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out = layers.Dense(4, activation="tanh"), layers.Dense(1)
        self.scale = 1.0

    def call(self, x):
        calls.append(tuple(x.shape))
        return self.out(self.scale * self.hidden(x))


calls: list[tuple[int, ...]] = []
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X[:, :1]


@pytest.fixture
def model():
    calls.clear()
    model = Counting()
    model.compile("sgd", "mse", engine="numpy")
    for _ in range(2):  # the optimizer is built by the first
        model.fit(X, Y, verbose=0)
    assert calls
    calls.clear()
    return model


def test_a_later_fit_calls_no_python_code_of_the_model(model):
    model.fit(X, Y, epochs=2, verbose=0)
    model.fit(2 * X, Y, verbose=0)
    assert calls == []


def test_other_shapes_and_changed_attributes_are_traced_again(model):
    model.fit(X[:5], Y[:5], verbose=0)
    assert calls
    calls.clear()
    model.scale = 0.0
    model.fit(X, Y, verbose=0)
    assert calls
    assert not np.asarray(model.predict(X, verbose=0) - model.out.bias.numpy()).any()


def test_errors_of_the_data_are_found_in_a_later_fit(model):
    with pytest.raises(cr.ChainruleError, match="not finite"):
        model.fit(np.full_like(X, np.nan), Y, verbose=0)
    frozen = model
    frozen.trainable = False
    with pytest.warns(UserWarning, match="no weight is trainable"):
        frozen.fit(X, Y, verbose=0)


def test_a_loss_added_in_a_call_is_counted_in_each_fit():
    x = layers.Input((3,))
    penalty = layers.ActivityRegularization(l2=1.0)
    model = cr.Model(x, layers.Dense(1)(penalty(x)))
    model.compile(cr.optimizers.SGD(0.0), "mse", engine="numpy")
    first, second = (model.fit(X, Y, batch_size=8, verbose=0).history["loss"] for _ in range(2))
    assert first == second
    assert first[0] > np.square(X).sum() / 8
