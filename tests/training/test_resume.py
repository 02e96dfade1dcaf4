"""Training that was cut short goes on from its checkpoint and ends in the same bits as if nothing had happened."""

import itertools

import numpy as np
import pytest

from chainrule import callbacks, layers, metrics, ops, optimizers
from chainrule.core.errors import GraphError
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.ops.random import set_random_seed
from chainrule.utils import PyDataset
from resume_cases import CutAt, Detached, X, Y, arrays, check, decided, net

# ---- at every moment


@pytest.mark.parametrize("save_freq", [1, 2, 3, 4, 5, 6, 7])
def test_every_step_may_be_the_last(save_freq, tmp_path):
    """Six steps an epoch, the last one shorter: checkpoints fall on an epoch's last step, too."""
    cuts = [(0, 1), (0, 5), (1, 0), (1, 3), (1, None), (2, 5)]
    check(tmp_path / "b", net, arrays, cuts, save_freq)


@pytest.mark.parametrize("double", [False, True])
def test_every_epoch_may_be_the_last(double, tmp_path):
    def plain():
        return net(optimizers.SGD(0.05, momentum=0.9))

    cuts = [(0, 2), (0, None), (1, 4), (1, None), (2, 0)]
    check(tmp_path / "b", plain, arrays, cuts, own=decided, double=double)


def test_the_beginning_of_an_epoch_is_not_done_twice(tmp_path):
    """A rate that depends on the rate before, and a callback that counts."""

    class Counting(callbacks.Callback):
        begun = 0

        def on_epoch_begin(self, epoch, logs=None):
            self.begun += 1

        def on_epoch_end(self, epoch, logs=None):
            logs["begun"] = self.begun

        def get_state(self):
            return {"begun": self.begun}

        def set_state(self, state):
            self.begun = state["begun"]

    def own():
        return [callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.7), Counting()]

    check(tmp_path / "b", lambda: net(optimizers.SGD(0.1)), arrays, [(0, 2), (1, 3), (1, 5), (2, 1)], 1, own)


def test_a_decision_to_stop_is_kept(tmp_path):
    class StopAt(callbacks.Callback):
        def __init__(self, step):
            super().__init__()
            self.step, self.taken = step, 0

        def on_train_batch_end(self, batch, logs=None):
            self.taken += 1
            self.model.stop_training = self.model.stop_training or self.taken == self.step

        def get_state(self):
            return {"taken": self.taken}

        def set_state(self, state):
            self.taken = state["taken"]

    for step, place in ((9, (1, 2)), (9, (1, None)), (6, (0, 5)), (12, (1, None))):
        check(tmp_path / f"{step}{place}", net, arrays, [place], 1, lambda step=step: [StopAt(step)], epochs=4)


VARIANTS = {
    "gathered": lambda: net(optimizers.SGD(0.1, gradient_accumulation_steps=4)),
    "averaged": lambda: net(optimizers.Adam(0.01, use_ema=True, ema_overwrite_frequency=3)),
    "averaged at the end": lambda: net(optimizers.SGD(0.01, use_ema=True)),
    "scaled": lambda: net(optimizers.LossScaleOptimizer(optimizers.Adam(0.01), dynamic_growth_steps=3)),
    "measured": lambda: net(measured=[Spread(), metrics.RootMeanSquaredError(), "mse"]),
}


class Spread(metrics.Metric):
    """The greatest prediction so far."""

    def __init__(self, name="spread"):
        super().__init__(name=name)
        self.most = self.add_variable((), "zeros", name="most")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.most.assign(ops.maximum(self.most.value, ops.max(ops.abs(y_pred))))

    def result(self):
        return self.most.value


@pytest.mark.parametrize("name", VARIANTS)
def test_state_of_every_kind_goes_on(name, tmp_path):
    check(tmp_path / "b", VARIANTS[name], arrays, [(0, 3), (1, 0), (2, 4)], 2, decided if "aver" in name else tuple)


def test_layers_with_metrics_and_losses_of_their_own(tmp_path):
    class Watching(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.size = metrics.Mean(name="size")

        def call(self, inputs):
            self.size.update_state(ops.mean(ops.abs(inputs)))
            self.add_loss(0.01 * ops.mean(ops.square(inputs)))
            return inputs

    def make():
        set_random_seed(2)
        model = Sequential([Input((3,)), Dense(4), Watching(), Dense(1)])
        model.compile("adam", "mse")
        return model

    check(tmp_path / "b", make, arrays, [(0, 2), (1, 5), (2, 0)], 1)


def test_a_step_is_traced_once_for_all_epochs(monkeypatch):
    """What a checkpoint keeps of the place in the data is nothing that a step depends on."""
    from chainrule.training import steps

    traced = []
    real = steps.trace
    monkeypatch.setattr(steps, "trace", lambda *a: traced.append(a) or real(*a))
    net().fit(X[:25], Y[:25], batch_size=5, epochs=4, verbose=0)
    assert len(traced) == 1


# ---- each kind of data


class Batches(PyDataset):
    """Puts its examples in another order after each epoch, by a generator of its own."""

    def __init__(self):
        super().__init__()
        self.rng, self.order = np.random.default_rng(3), np.arange(26)

    def __len__(self):
        return 6

    def __getitem__(self, i):
        rows = self.order[5 * i : 5 * i + 5]
        return X[rows], Y[rows]

    def on_epoch_end(self):
        self.order = self.rng.permutation(26)

    def get_state(self):
        return {"order": self.order, "rng": self.rng.bit_generator.state}

    def set_state(self, state):
        self.order = state["order"]
        self.rng.bit_generator.state = state["rng"]


class Rematerializer:
    """Begins anew for each epoch."""

    def __iter__(self):
        return ((X[i : i + 5], Y[i : i + 5]) for i in range(0, 26, 5))


class Endless:
    """A generator that can say where it stands, as NumPy numbers."""

    def __init__(self):
        self.i, self.drift = np.int64(0), np.float32(1.0)

    def __iter__(self):
        return self

    def __next__(self):
        k = int(self.i) % 22
        self.i, self.drift = self.i + 1, self.drift * np.float32(1.1)
        return X[k : k + 4] * self.drift, Y[k : k + 4]

    def get_state(self):
        return {"i": self.i, "drift": self.drift}

    def set_state(self, state):
        self.i, self.drift = state["i"], state["drift"]


class Examples:
    """One example for an index."""

    def __len__(self):
        return 26

    def __getitem__(self, i):
        return X[i], Y[i]


SOURCES = {
    "data set": (Batches, {}),
    "data set by class": (lambda: Labelled(), {"class_weight": {0: 1.0, 1: 2.0}}),
    "again": (Rematerializer, {}),
    "again, of steps": (Rematerializer, {"steps_per_epoch": 8}),
    "data set, of steps": (lambda: Labelled(), {"steps_per_epoch": 4}),
    "endless": (Endless, {"steps_per_epoch": 6}),
    "endless by class": (Endless, {"steps_per_epoch": 6, "class_weight": {0: 2.0}}),
    "examples": (Examples, {"batch_size": 5}),
    "validated by a generator": (Rematerializer, {"validation_data": Endless, "validation_steps": 3}),
}


class Labelled(PyDataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        return X[5 * i : 5 * i + 5], (Y[5 * i : 5 * i + 5] > 0).astype("float32")


@pytest.mark.parametrize("name", SOURCES)
def test_every_kind_of_data_goes_on(name, tmp_path):
    make, more = SOURCES[name]

    def fit(model, told, epochs):
        passed = {k: v() if callable(v) else v for k, v in more.items()}
        return model.fit(make(), epochs=epochs, callbacks=told, verbose=0, **passed)

    cuts = [(0, 2), (0, 3), (0, None), (1, 1), (1, 3), (2, 0)]
    for save_freq in (1, 4, "epoch"):
        check(tmp_path / f"{save_freq}", net, fit, cuts, save_freq)


@pytest.mark.parametrize("validating", [False, True])
def test_a_generator_that_cannot_say_where_it_stands(validating, tmp_path):
    def generator():
        for k in itertools.count():
            yield X[k % 20 : k % 20 + 4], Y[k % 20 : k % 20 + 4]

    def fit(*more):
        message = [callbacks.BackupAndRestore(tmp_path / "b", save_freq=2), *more]
        data = {"x": Rematerializer(), "validation_data": generator(), "validation_steps": 2} if validating else {
            "x": generator(), "steps_per_epoch": 5}  # fmt: skip
        net().fit(**data, epochs=2, callbacks=message, verbose=0)

    with pytest.raises(Detached):
        fit(CutAt(1, 3))
    with pytest.raises(GraphError, match=r"cannot report its position.*get_state"):
        fit()
