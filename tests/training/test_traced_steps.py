"""Traced steps against eager ones, when a step is traced again, and what changes take effect."""

import gc
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.core.errors import GraphError
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.training import TrainingWarning, steps
from chainrule.training.step_cache import steps_of
from training_cases import X, Y, close, linear, sgd_in_numpy


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_eager_and_traced_are_the_same(optimizer):
    x, y = X, (X[:, 0] > 0).astype(int)
    result = []
    for eager in (False, True):
        cr.utils.set_random_seed(3)
        model = Sequential(
            [Input((4,)), Dense(6, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.3), Dense(2)]
        )
        loss = cr.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss, metrics=["accuracy"], run_eagerly=eager)
        logs = model.fit(x, y, batch_size=20, epochs=3, verbose=0, validation_split=0.2).history
        result.append((logs, model.get_weights(), model.predict(x, verbose=0), model.evaluate(x, y, verbose=0)))
    (a, u, p, e), (b, v, q, f) = result
    assert sorted(a) == sorted(b)
    for name in a:
        close(a[name], b[name])
    for s, t in zip(u, v, strict=True):
        close(s, t, 1e-5, 1e-6)
    close(p, q)
    close(e, f)


def test_changes_between_two_fits_take_effect():
    model = Sequential([Input((4,)), layers.Dropout(0.999), Dense(1, kernel_initializer="zeros")])
    model.compile(cr.optimizers.SGD(0.05), "mse")
    model.fit(X, Y, batch_size=50, shuffle=False, verbose=0)
    model.layers[0].rate = 0.0
    model.set_weights([np.zeros((4, 1)), np.zeros(1)])
    model.fit(X, Y, batch_size=50, shuffle=False, verbose=0)
    close(model.get_weights()[0], sgd_in_numpy(X, Y, [np.arange(50)], 0.05)[0])
    model.optimizer.learning_rate = 0.0
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    model.optimizer.learning_rate.assign(0.1)
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != before[0]).all()
    model.layers[1].trainable = False
    before = model.get_weights()
    with pytest.warns(TrainingWarning, match="trainable"):
        model.fit(X, Y, verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    model.layers[1].trainable = True
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != before[0]).all()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_layer_thawed_after_training_began(optimizer):
    model = Sequential([Input((4,)), Dense(3), Dense(1)])
    model.layers[0].trainable = False
    model.compile(optimizer, "mse")
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    model.layers[0].trainable = True
    with pytest.raises(GraphError, match="compile"):  # the optimizer keeps no slots for it
        model.fit(X, Y, verbose=0)
    model.compile(optimizer, "mse")
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != before[0]).all()


def test_a_rate_set_by_a_callback():
    class Halves(cr.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = [0.1, 0.0][epoch]

    model = linear(9.0)
    model.fit(X, Y, batch_size=50, epochs=2, shuffle=False, callbacks=[Halves()], verbose=0)
    close(model.get_weights()[0], sgd_in_numpy(X, Y, [np.arange(50)], 0.1)[0])


def test_a_step_is_traced_once_for_each_form_of_batch(monkeypatch):
    traced = []
    real = steps.trace
    monkeypatch.setattr(steps, "trace", lambda *a: traced.append(a) or real(*a))
    model = linear(0.01)
    model.fit(X[:40], Y[:40], batch_size=10, epochs=3, verbose=0)
    assert len(traced) == 1
    model.fit(X, Y, batch_size=10, epochs=2, verbose=0)
    model.train_on_batch(X[:10], Y[:10])
    assert len(traced) == 1
    model.fit(X[:45], Y[:45], batch_size=10, epochs=3, verbose=0)
    assert len(traced) == 2  # the last batch of 5
    model.evaluate(X, Y, batch_size=10, verbose=0)
    model.evaluate(X, Y, batch_size=10, verbose=0)
    assert len(traced) == 3
    model.predict(X, batch_size=10, verbose=0)
    model.predict(X[:30], batch_size=10, verbose=0)
    assert len(traced) == 4
    model.optimizer.learning_rate = 0.02
    model.fit(X, Y, batch_size=10, verbose=0)
    assert len(traced) == 4


def test_memory_does_not_grow():
    model, x, y = linear(0.01, metrics=["mae"]), X[:10], Y[:10]
    used = []
    tracemalloc.start()
    for _ in range(4):  # the first time also fills what Python and NumPy keep for themselves
        for _ in range(50):
            model.fit(x, y, verbose=0, validation_split=0.2)
        gc.collect()
        used.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    growth = min(after - before for before, after in pairwise(used))
    assert growth < 25_000, used  # 500 bytes a fit; a history alone is more


# ---- what a step is traced from


def test_a_schedule_or_a_losss_number_that_is_changed_takes_effect():
    loss = cr.losses.Huber(delta=1.0)
    model = cr.Sequential([cr.Input((4,)), cr.layers.Dense(1)])
    model.compile(cr.optimizers.SGD(0.1), loss)
    y = 100 * Y
    model.fit(X, y, verbose=0)
    before = model.evaluate(X, y, verbose=0)
    loss.arguments["delta"] = 1.0
    model.optimizer.learning_rate = cr.optimizers.schedules.ExponentialDecay(0.0, 1, 1.0)
    stored = model.get_weights()
    model.fit(X, y, verbose=0)
    assert all((a == b).all() for a, b in zip(stored, model.get_weights(), strict=True))
    assert model.evaluate(X, y, verbose=0) == before


def _append(model):
    model.blocks.append(cr.layers.Dense(1, use_bias=False, kernel_initializer="ones"))


def _another_in_a_tuple(model):
    model.table["pair"][0][0] = cr.layers.Rescaling(5.0)


def _another_metric(model):
    model.kept = [cr.metrics.MeanSquaredError(name="own")]


CHANGES = {
    "an attribute": lambda model: setattr(model, "scale", 3.0),
    "a layer's attribute": lambda model: setattr(model.blocks[0], "activation", cr.activations.relu),
    "a layer more in a list": _append,
    "a layer replaced deep inside": _another_in_a_tuple,
    "a new attribute": _another_metric,
    "an attribute gone": lambda model: delattr(model, "unused"),
}


class Held(cr.Model):
    """Layers in a list, and in a list in a tuple in a dictionary."""

    def __init__(self):
        super().__init__()
        self.scale, self.unused = 1.0, 2.0
        self.blocks = [cr.layers.Dense(3)]
        self.table = {"pair": ([cr.layers.Rescaling(2.0)], None)}

    def call(self, x):
        for layer in self.blocks:
            x = layer(x)
        return self.table["pair"][0][0](x) * self.scale + (2.0 if hasattr(self, "unused") else 0.0)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_between_predictions_takes_effect(change):
    model = Held()
    model.predict_on_batch(X)
    model.predict_on_batch(X)
    steps = model.training_state.steps["predict"]
    assert steps_of(model, "predict") is steps
    CHANGES[change](model)
    close(model.predict_on_batch(X), model(X).numpy())
    # a number may be read as it is now
    assert model.training_state.steps["predict"] is not steps or change == "an attribute"


def test_progress_is_no_change():
    model = linear(0.01)
    model.train_on_batch(X, Y)
    steps = model.training_state.steps["train"]
    assert steps.fingerprint.is_unchanged()
    model.stop_training, model.history = True, cr.callbacks.History()
    model.training_state.position, model.training_state.logs = (3, 4), {"loss": 1.0}
    assert steps.fingerprint.is_unchanged()
    assert steps_of(model, "train") is steps
    model.note = 3
    assert not steps.fingerprint.is_unchanged()


def test_the_state_during_and_after_a_fit():
    seen = []

    class Look(cr.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            state = self.model.training_state
            seen.append((state.position, state.logs["loss"] == logs["loss"], len(state.sources), state.engine.name))

    model = linear(0.01)
    history = model.fit(X, Y, batch_size=len(X) // 2, verbose=0, validation_split=0.5, callbacks=[Look()])
    assert [entry[:3] for entry in seen] == [([0, 1], True, 2)]
    state = model.training_state
    assert model.history is state.history is history
    assert (state.position, state.logs, state.sources) == ([1, 0], {}, ())
    assert state.callbacks is state.engine is state.resume is None
    assert set(state.steps) == {"train", "test"}


def test_weights_frozen_or_changed_between_steps():
    model = linear(0.01)
    model.train_on_batch(X, Y)
    layer = model.layers[-1]
    stored, bias = layer.kernel.numpy(), layer.bias.numpy()
    layer.kernel.trainable = False
    model.train_on_batch(X, Y)
    close(layer.kernel, stored)
    assert layer.bias.numpy() != bias
    before = model.predict_on_batch(X)
    layer.kernel.assign(stored + 1.0)
    close(model.predict_on_batch(X), before + X.sum(axis=1, keepdims=True))


def test_a_model_whose_metrics_are_found_elsewhere():
    elsewhere = [cr.metrics.MeanSquaredError(name="own")]

    class Model(cr.Sequential):
        @property
        def metrics(self):
            return [*super().metrics, *elsewhere]

    model = Model([cr.Input((4,)), cr.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert set(model.test_on_batch(X, Y, return_dict=True)) == {"loss", "own"}
    elsewhere.append(cr.metrics.MeanAbsoluteError(name="other"))
    assert set(model.test_on_batch(X, Y, return_dict=True)) == {"loss", "own", "other"}
