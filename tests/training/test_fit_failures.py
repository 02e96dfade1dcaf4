"""What may happen while training: Ctrl-C, numbers that are not finite, data that does not fit the model."""

import os
import signal
import threading
import warnings

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.training import TrainingWarning
from training_cases import W, X, Y, chunks, close, linear, sgd_in_numpy

# ---- Ctrl-C


def test_ctrl_c_leaves_the_weights_of_whole_steps():
    model = linear(0.001)
    step = model.optimizer.iterations
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        model.train_on_batch(X[:5], Y[:5])  # traced by now
        model.set_weights([np.zeros((4, 1)), np.zeros(1)])
        done = int(step.numpy())
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y, batch_size=5, epochs=10**7, shuffle=False, verbose=0)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
    taken = int(step.numpy()) - done
    assert taken > 0
    rows = chunks(np.arange(50), 5)
    w, b = sgd_in_numpy(X, Y, [rows[i % 10] for i in range(min(taken, 3000))], 0.001)
    if taken <= 3000:
        close(model.get_weights()[0], w, 1e-3, 1e-3)
        close(model.get_weights()[1], b, 1e-3, 1e-3)
    x = X[:5]
    w, b = model.get_weights()
    model.fit(x, Y[:5], verbose=0)  # and the model can be trained on
    error = x @ w + b - Y[:5]
    close(model.get_weights()[0], w - 0.001 * 2 * x.T @ error / 5, 1e-4, 1e-5)


# ---- nan


class Logs(layers.Layer):
    def call(self, x):
        return ops.log(x)


def test_a_nan_is_traced_to_operation_and_layer():
    model = Sequential(
        [Input((4,)), Dense(3, kernel_initializer="ones", name="before"), Logs(name="culprit"), Dense(1)]
    )
    model.compile(cr.optimizers.SGD(0.1), "mse")
    with pytest.warns(TrainingWarning, match=r"log\(.*culprit") as seen:
        model.fit(np.abs(X) * np.r_[np.ones(30), -np.ones(20)][:, None], Y, batch_size=10, shuffle=False, verbose=0)
    said = [str(w.message) for w in seen if "not finite" in str(w.message)]
    assert len(said) == 1
    assert "step 4" in said[0]


def test_a_nan_of_the_backward_pass():
    class Root(layers.Layer):
        def call(self, x):
            return ops.sqrt(x)

    model = Sequential([Input((4,)), Dense(3, kernel_initializer="zeros"), Root(name="root"), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.warns(TrainingWarning, match="backward pass of .*root"):
        model.fit(X, Y, epochs=2, verbose=0)


def test_a_rising_loss_is_warned_of():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        linear(2.0).fit(X, Y, epochs=5, batch_size=50, verbose=0)
    assert [str(w.message)[:14] for w in seen] == ["the loss rises"]


# ---- data that does not fit the model


def test_targets_of_another_width_are_warned_of_before_anything_is_learnt():
    model = linear()
    with pytest.raises(cr.TrainingWarning, match=r"Dense\(3\)"):  # a warning, which is an error in the tests
        model.fit(X, np.c_[Y, Y, Y], verbose=0)
    close(model.get_weights()[0], 0 * W)


def test_an_index_outside_a_table_names_the_layer():
    model = cr.Sequential([cr.Input((2,)), cr.layers.Embedding(10, 4, name="words"), cr.layers.Flatten()])
    model.compile("sgd", "mse")
    with pytest.raises(IndexError, match="words"):
        model.predict(np.array([[1, 17]]), verbose=0)
