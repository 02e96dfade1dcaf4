"""Training that was cut short goes on from its checkpoint and ends in the same bits as if nothing had happened."""

import contextlib
import errno
import itertools
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from chainrule import (
    callbacks,
    layers,
    metrics,
    ops,
    optimizers,
    saving,
)
from chainrule.core import files
from chainrule.core.errors import ChainruleError, GraphError, ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.ops.random import set_random_seed
from chainrule.utils import PyDataset

RNG = np.random.default_rng(1)
X, Y, V = RNG.normal(size=(26, 3)), RNG.normal(size=(26, 1)), RNG.normal(size=(7, 3))


class Detached(Exception):
    """Stands for whatever ends a program."""


class CutAt(callbacks.Callback):
    """Raises at one moment; after the backup, like a kill between two steps."""

    runs_last = True

    def __init__(self, epoch=None, batch=None):
        super().__init__()
        self.at, self.epoch = (epoch, batch), -1

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.at:
            raise Detached

    def on_epoch_end(self, epoch, logs=None):
        if (epoch, None) == self.at:
            raise Detached


def net(optimizer=None, measured=("mae",), dropout=0.3):
    set_random_seed(5)
    model = Sequential([Input((3,)), Dense(4, "tanh"), layers.Dropout(dropout), layers.BatchNormalization(), Dense(1)])
    model.compile(optimizer or optimizers.Adam(optimizers.schedules.ExponentialDecay(0.1, 5, 0.9)), "mse",
                  metrics=list(measured))  # fmt: skip
    return model


def bits(model):
    """Everything that training has left behind."""
    result = {n: v.numpy().tobytes() for n, v in saving.names.variables_of(model).items()}
    result.update({f"o{i}": v.numpy().tobytes() for i, v in enumerate(model.optimizer.variables)})
    return result


def backup(folder, save_freq, double=False):
    return callbacks.BackupAndRestore(folder, save_freq=save_freq, double_checkpoint=double)


def check(folder, make, fit, cuts, save_freq="epoch", own=tuple, epochs=3, double=False):
    """Cut a run at each of `cuts` in turn; it must end as the one that was never cut."""
    full = make()
    want = fit(full, [*own()], epochs)
    cut = 0
    for place in cuts:
        try:
            fit(make(), [*own(), backup(folder, save_freq, double), CutAt(*place)], epochs)
        except Detached:
            cut += 1
    assert cut > len(cuts) // 2  # a step that was saved is not taken again
    model = make()
    result = fit(model, [*own(), backup(folder, save_freq, double)], epochs)
    assert result.epoch == want.epoch
    assert repr(result.history) == repr(want.history)
    assert bits(model) == bits(full)
    assert not list(pathlib.Path(folder).iterdir())


def arrays(model, told, epochs):
    return model.fit(X, Y, batch_size=5, epochs=epochs, callbacks=told, verbose=0, validation_data=(V, V[:, :1]))


def decided():
    return [callbacks.EarlyStopping("val_loss", patience=50), callbacks.ReduceLROnPlateau("loss", 0.5, patience=1)]


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
    """A rate that hangs on the rate before, and a callback that counts."""

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
    """What a checkpoint keeps of the place in the data is nothing that a step hangs on."""
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


# ---- files by hand


def test_a_checkpoint_without_a_callback(tmp_path):
    """Loaded before `fit` has made the metrics; the next `fit` goes on."""
    path = tmp_path / "c.checkpoint"
    first = net()
    arrays(first, [], 2)
    first.save_checkpoint(path)
    saved = bits(first)
    first.fit(X, Y, batch_size=5, initial_epoch=2, epochs=4, verbose=0)
    second = net()
    set_random_seed(99)
    second.load_checkpoint(path)
    assert bits(second) == saved
    assert second.fit(X, Y, batch_size=5, epochs=4, verbose=0).epoch == [2, 3]
    assert bits(second) == bits(first)


def wider():
    model = Sequential([Input((3,)), Dense(5, "tanh"), layers.Dropout(0.3), layers.BatchNormalization(), Dense(1)])
    model.compile(optimizers.SGD(0.1, momentum=0.9), "mse")
    return model


def unbuilt():
    model = Sequential([Dense(4), Dense(1)])
    model.compile("adam", "mse")
    return model


def not_compiled():
    return Sequential([Input((3,)), Dense(4)])


OTHERS = {
    "other sizes": (wider, "shape"),
    "another optimizer": (lambda: net("sgd"), "optimizer/"),
    "a like optimizer": (lambda: net(optimizers.RMSprop(0.1)), "optimizer/"),
    "not built": (unbuilt, "built"),
    "not compiled": (not_compiled, "compile"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_model_is_refused_and_left_alone(name, tmp_path):
    path = tmp_path / "c.checkpoint"
    model = net(optimizers.SGD(0.1, momentum=0.9))
    arrays(model, [], 1)
    model.save_checkpoint(path)
    make, match = OTHERS[name]
    result = make()
    before = {n: v.numpy().tobytes() for n, v in saving.names.variables_of(result).items()}
    with pytest.raises(ChainruleError, match=match):
        result.load_checkpoint(path)
    assert before == {n: v.numpy().tobytes() for n, v in saving.names.variables_of(result).items()}
    assert result._resume is None


def test_other_metrics_are_refused(tmp_path):
    message = [callbacks.BackupAndRestore(tmp_path, save_freq=2)]
    with pytest.raises(Detached):
        arrays(net(), [*message, CutAt(0, 3)], 2)
    with pytest.raises(ValueProblem, match="metrics/"):
        arrays(net(measured=["mse"]), message, 2)


def test_a_state_that_is_no_data_is_refused(tmp_path):
    class Odd(callbacks.Callback):
        def __init__(self, state):
            super().__init__()
            self.state = state

        def get_state(self):
            return {"state": self.state}

    for state in ({1, 2}, object(), {1: 2}, b"x", 1j, np.array(["a"])):
        with pytest.raises(ValueProblem, match="numbers"):
            arrays(net(), [Odd(state), callbacks.BackupAndRestore(tmp_path)], 1)
        assert not list(tmp_path.iterdir())


def test_damaged_checkpoints_are_refused(tmp_path):
    path = tmp_path / "c.checkpoint"
    model = net()
    arrays(model, [], 1)
    model.save_checkpoint(path)
    data = path.read_bytes()
    before = bits(model)
    for n in range(0, len(data), 97):
        path.write_bytes(data[:n])
        with pytest.raises(ChainruleError):
            model.load_checkpoint(path)
    rng = random.Random(0)
    for _ in range(300):
        flipped = bytearray(data)
        flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        with contextlib.suppress(ChainruleError):  # a date or the like may be harmless
            model.load_checkpoint(path)
        assert bits(model) == before
    members = saving.archive.read(_written(path, data), "checkpoint", {"state.json", "arrays.safetensors"}, set())
    state = saving.archive.parse_json(members["state.json"], "", "")
    for key in state:
        for wrong in (None, "a", 5, [], [1], {}, {"__array__": "gone"}, {"__float__": "x"}, [[["a"]]]):
            text = saving.archive.dump_json({**state, key: wrong})
            saving.archive.write(path, {**members, "state.json": text})
            with contextlib.suppress(ChainruleError):  # some are what they may be; none ends in another error
                model.load_checkpoint(path)
    assert bits(model) == before


def _written(path, data):
    path.write_bytes(data)
    return path


# ---- faults of the disk


class Crash(BaseException):
    """The power went: nothing after this runs."""


class Faults:
    """The system's calls, of which a chosen one fails; after a crash all do."""

    calls = ("open", "write", "fsync", "replace")

    def __init__(self, rng, at=None, kind=None):
        self.rng, self.at, self.kind, self.count, self.dead = rng, at, kind, 0, False
        self.happened = None

    def __getattr__(self, name):
        real = getattr(os, name)
        if self.dead and name in (*self.calls, "remove", "close"):
            return self._dead
        if name not in self.calls:
            return real

        def call(*arguments, **more):
            self.count += 1
            if name == "write" and self.rng.random() < 0.5:  # a short write is no fault
                arguments = (arguments[0], arguments[1][: self.rng.randrange(1, len(arguments[1]) + 1)])
            if self.count != self.at:
                return None if name == "fsync" else real(*arguments, **more)  # which would only take long
            self.happened = name
            if name == "write":  # a part gets through
                real(arguments[0], arguments[1][: self.rng.randrange(len(arguments[1]))])
            if name == "replace" and self.rng.random() < 0.5 and self.kind is Crash:
                real(*arguments, **more)
            if self.kind is Crash:
                self.dead = True
                raise Crash
            raise OSError(self.kind, os.strerror(self.kind))

        return call

    def _dead(self, *arguments, **more):
        raise Crash


@pytest.mark.slow
def test_a_thousand_faults_of_the_disk(tmp_path, monkeypatch):
    """Whatever call fails, and however: a whole checkpoint stays, and the run that goes on from it ends alike."""
    model = Sequential([Input((3,)), Dense(1), layers.Dropout(0.2)])
    model.compile(optimizers.SGD(0.05, momentum=0.5), "mse")
    model.optimizer.build(model.trainable_weights)
    state = [*model.variables, *model.optimizer.variables]
    first = [v.numpy() for v in state]

    def begin(told):
        """As in a new process, but for the step that was traced."""
        set_random_seed(1)
        for v, value in zip(state, first, strict=True):
            v.hold(value)
        model._resume = None
        return model.fit(X, Y, batch_size=13, epochs=3, callbacks=told, verbose=0).history

    want = begin([])
    end, folder, happened = bits(model), tmp_path / "b", set()
    for seed in range(1000):
        rng = random.Random(seed)
        kind = rng.choice([errno.ENOSPC, errno.EIO, Crash])
        faults, result = Faults(rng, rng.randrange(1, 25), kind), None
        told = callbacks.BackupAndRestore(folder, rng.choice([1, 2, "epoch"]), double_checkpoint=bool(seed % 2))
        with monkeypatch.context() as patched:
            patched.setattr(files, "os", faults)
            try:
                result = begin([told])
            except (Crash, ValueProblem) as error:
                said = str(error)
        happened.add((faults.happened, kind))
        if result is None:
            assert kind is Crash or (os.strerror(kind) in said and "what was there before is as it was" in said)
            left = [p.name for p in folder.iterdir()]
            assert kind is Crash or not [name for name in left if name.endswith(".tmp")]
            for name in left:
                if name.endswith(".checkpoint"):
                    model.load_checkpoint(folder / name)
            with monkeypatch.context() as patched:
                patched.setattr(files, "os", Faults(rng))
                result = begin([callbacks.BackupAndRestore(folder, 1)])
        assert result == want
        assert bits(model) == end
        assert not list(folder.iterdir())
    assert happened >= set(itertools.product(Faults.calls, [errno.ENOSPC, errno.EIO, Crash]))


# ---- kills

SCRIPT = """
import sys
import numpy as np
from chainrule import callbacks, layers, optimizers
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.ops.random import set_random_seed

folder, save_freq = sys.argv[1], sys.argv[2]
rng = np.random.default_rng(0)
x = rng.normal(size=(300, 5))
y = (x[:, :1] * x[:, 1:2] > 0).astype("float32")
set_random_seed(4)
model = Sequential([Input((5,)), Dense(8, "relu"), layers.Dropout(0.2), layers.BatchNormalization()])
model.add(Dense(1, "sigmoid"))
rate = 0.01 if save_freq == "epoch" else optimizers.schedules.CosineDecay(0.02, 500)
model.compile(optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy", "auc"])
told = [
    callbacks.EarlyStopping("val_loss", patience=100, restore_best_weights=True),
    # no checkpoint is before the first line if they are made at epochs' ends: killed between, it must begin anew
    callbacks.CSVLogger(f"{folder}/log.csv", append=save_freq != "epoch"),
]
if save_freq == "epoch":
    told.append(callbacks.ReduceLROnPlateau("val_loss", patience=2))
freq = save_freq if save_freq == "epoch" else int(save_freq)
told.append(callbacks.BackupAndRestore(f"{folder}/backup", freq, delete_checkpoint=False))
print("ready", flush=True)
history = model.fit(x, y, batch_size=16, epochs=25, validation_split=0.2, callbacks=told, verbose=0)
np.savez(f"{folder}/end.npz", *[v.numpy() for v in (*model.variables, *model.optimizer.variables)])
open(f"{folder}/history", "w").write(repr((history.epoch, history.history)))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a kill that nothing can catch")
@pytest.mark.parametrize("save_freq", ["epoch", "7"])
def test_ten_kills(save_freq, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)

    def begin(folder):
        folder.mkdir(exist_ok=True)
        started = subprocess.Popen([sys.executable, script, folder, save_freq], stdout=subprocess.PIPE)
        assert started.stdout.readline() == b"ready\n"
        return started

    full = begin(tmp_path / "whole")
    began = time.monotonic()
    full.communicate()
    lasting = time.monotonic() - began
    rng, kills, places = random.Random(0), 0, []
    for _ in range(100):
        process = begin(tmp_path / "cut")
        if kills < 10:
            time.sleep(rng.uniform(0, lasting / 4))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
        process.communicate()
        if process.returncode == 0:
            break
        places.append(os.path.exists(tmp_path / "cut" / "backup" / "latest.checkpoint"))
    assert kills == 10
    assert any(places)
    for name in ("history", "log.csv"):
        assert (tmp_path / "cut" / name).read_text() == (tmp_path / "whole" / name).read_text()
    one, two = np.load(tmp_path / "whole" / "end.npz"), np.load(tmp_path / "cut" / "end.npz")
    assert one.files == two.files
    for name in one.files:
        assert one[name].tobytes() == two[name].tobytes()
    assert [p.name for p in (tmp_path / "cut" / "backup").iterdir()] == ["latest.checkpoint"]
