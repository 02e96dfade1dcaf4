"""Callbacks decide as Keras's do, go on after a checkpoint as if never interrupted, and write what others can read."""

import csv
import http.server
import inspect
import io
import itertools
import json
import math
import os
import random
import re
import struct
import sys
import threading
import time
import urllib.parse
from types import SimpleNamespace

import numpy as np
import pytest

from chainrule import Variable, callbacks
from chainrule.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    Progbar,
    ProgbarLogger,
    ReduceLROnPlateau,
    RemoteMonitor,
    TensorBoard,
    TerminateOnNaN,
)
from chainrule.callbacks import progbar as progbar_module
from chainrule.core.errors import ChainruleError, ValueProblem

REASON = "install tests/peers.txt to compare with Keras"


class Optimizer:
    """A learning rate in 32 bits that is set by assigning the attribute, as Keras's is."""

    def __init__(self, rate=0.5, name="sgd"):
        self._rate, self.name, self.iterations = np.float32(rate), name, 0

    @property
    def learning_rate(self):
        return self._rate

    @learning_rate.setter
    def learning_rate(self, value):
        self._rate = np.float32(value)


class Model:
    """What the callbacks use of a model; it writes down what is done to it."""

    def __init__(self, optimizer=None):
        self.optimizer = optimizer or Optimizer()
        self.stop_training = False
        self.weights = [np.zeros(2), np.zeros((1, 3))]
        self.metrics, self.layers, self.name = [], [], "model"
        self.saved = []

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    def save(self, path, overwrite=True):
        self.saved.append(("model", str(path)))

    def save_weights(self, path, overwrite=True):
        self.saved.append(("weights", str(path)))


def sequence(rng, length):
    """Results with ties, plateaus, NaN, infinities and, now and then, nothing. Multiples of 1/8: exact in 32 bits."""
    value, result = 2.0, []
    for _ in range(length):
        kind = rng.random()
        value += rng.choice([-0.25, -0.125, 0.0, 0.0, 0.125])
        odd = rng.choice([float("nan"), float("inf"), -float("inf"), None])
        result.append(odd if kind < 0.06 else value)
    return result


def logs_of(value):
    return {"loss": 1.0} if value is None else {"loss": 1.0, "val_loss": value}


def decided(callback, model):
    counts = [getattr(callback, name, None) for name in ("best", "wait", "cooldown_counter", "stopped_epoch")]
    return model.stop_training, float(model.optimizer.learning_rate), list(model.saved), counts


def play(callback, model, values, first=0, begin=True, between=None):
    """Train through scripted results; what the callback had decided after each epoch."""
    message, trace = CallbackList([callback], model=model), []
    if between is not None:
        message.set_state(between)
    if begin:
        message.on_train_begin()
    for epoch, value in enumerate(values, first):
        model.weights = [np.full(2, epoch), np.full((1, 3), -epoch)]
        message.on_epoch_begin(epoch)
        message.on_epoch_end(epoch, logs_of(value))
        trace.append(decided(callback, model))
    state = message.get_state()
    message.on_train_end()
    trace.append([w.tolist() for w in model.weights])
    return trace, state


def keras_play(callback, model, values):
    trace = []
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.weights = [np.full(2, epoch), np.full((1, 3), -epoch)]
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, logs_of(value))
        trace.append(decided(callback, model))
    callback.on_train_end()
    trace.append([w.tolist() for w in model.weights])
    return trace


def stopping_arguments(rng):
    return {
        "monitor": "val_loss",
        "min_delta": rng.choice([0, 0.125, -0.125, 0.25]),
        "patience": rng.randrange(5),
        "mode": rng.choice(["auto", "min", "max"]),
        "baseline": rng.choice([None, 1.5, 2.0, 2.25]),
        "restore_best_weights": rng.random() < 0.5,
        "start_from_epoch": rng.choice([0, 0, 1, 4]),
    }


def plateau_arguments(rng):
    return {
        "factor": rng.choice([0.1, 0.5, 0.9]),
        "patience": rng.randrange(4),
        "mode": rng.choice(["auto", "min", "max"]),
        "min_delta": rng.choice([0, 1e-4, 0.125, -0.25]),
        "cooldown": rng.randrange(4),
        "min_lr": rng.choice([0.0, 0.1, 0.3, 0.7]),
    }


def checkpoint_arguments(rng):
    return {
        "save_best_only": rng.random() < 0.8,
        "save_weights_only": rng.random() < 0.5,
        "mode": rng.choice(["auto", "min", "max"]),
        "initial_value_threshold": rng.choice([None, 1.75, 2.25]),
    }


def make(cls, arguments, suffixes, folder):
    if not cls.__name__.startswith("Model"):
        return cls(**arguments)
    return cls(f"{folder}/{{epoch:02d}}{suffixes[arguments['save_weights_only']]}", **arguments)


OURS = (".chainrule", ".weights.safetensors")
THEIRS = (".keras", ".weights.h5")
DECIDING = {
    "EarlyStopping": stopping_arguments,
    "ReduceLROnPlateau": plateau_arguments,
    "ModelCheckpoint": checkpoint_arguments,
}


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")  # Keras and ours both warn of monitored names that are missing
@pytest.mark.parametrize("name", DECIDING)
def test_decisions_are_keras_decisions(name, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras", reason=REASON)
    for seed in range(300):
        rng = random.Random(seed)
        arguments = DECIDING[name](rng)
        values = sequence(rng, rng.randrange(1, 18))
        ours, _ = play(make(getattr(callbacks, name), arguments, OURS, tmp_path), Model(), values)
        theirs = keras_play(make(getattr(keras.callbacks, name), arguments, THEIRS, tmp_path), Model(), values)
        text = repr(theirs).replace(THEIRS[0], OURS[0]).replace(THEIRS[1], OURS[1])
        assert repr(ours) == text, (seed, arguments, values)


@pytest.mark.heavy
@pytest.mark.parametrize("stride", [1, 3])
def test_saving_by_batches_is_keras_saving(stride, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras", reason=REASON)
    for freq, steps in itertools.product([1, 2, 5, 7], [3, 4, 7, 12]):
        saved = []
        for cls, suffix in ((ModelCheckpoint, OURS[0]), (keras.callbacks.ModelCheckpoint, THEIRS[0])):
            callback, model = cls(f"{tmp_path}/{{epoch}}-{{batch}}-{{loss:.2f}}{suffix}", save_freq=freq), Model()
            callback.set_model(model)
            for epoch in range(4):
                callback.on_epoch_begin(epoch)
                for batch in range(min(stride, steps) - 1, steps, stride):
                    callback.on_train_batch_end(batch, {"loss": batch / 2})
                callback.on_epoch_end(epoch, {"loss": 1.0})
            saved.append([path.replace(suffix, "") for _, path in model.saved])
        assert saved[0] == saved[1]
        assert saved[0] or freq > 4 * steps


@pytest.mark.heavy
@pytest.mark.parametrize("separator", [",", ";"])
def test_csv_files_are_keras_files(separator, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras", reason=REASON)
    runs = [
        [{"loss": 0.5, "b": 'a,"b";c'}, {"loss": 0.25, "b": "x", "val_loss": 3.0, "extra": 1.0}, {}],
        [{"val_loss": 1e-7, "loss": float("nan")}, {"loss": 2.0}],
        [{"loss": np.array([1.5, 2.5])}],
    ]
    for k, logs in enumerate(runs):
        for cls, name in ((CSVLogger, "ours"), (keras.callbacks.CSVLogger, "theirs")):
            for append in (False, True):
                log = cls(tmp_path / name / f"{k}.csv" if cls is CSVLogger else tmp_path / f"{name}{k}.csv", separator)
                log.append = append
                log.on_train_begin()
                for epoch, one in enumerate(logs):
                    log.on_epoch_end(epoch, one)
                log.on_train_end()
        assert (tmp_path / "ours" / f"{k}.csv").read_bytes() == (tmp_path / f"theirs{k}.csv").read_bytes()


# ---- state


@pytest.mark.filterwarnings("ignore:.*monitors")
@pytest.mark.parametrize("name", DECIDING)
def test_a_resumed_run_decides_as_one_never_interrupted(name, tmp_path):
    cut_inside = 0
    for seed in range(200):
        rng = random.Random(seed)
        arguments = DECIDING[name](rng)
        values = sequence(rng, rng.randrange(2, 18))
        cut = rng.randrange(1, len(values))
        full, end = play(make(getattr(callbacks, name), arguments, OURS, tmp_path), Model(), values)

        model = Model()
        first, state = play(make(getattr(callbacks, name), arguments, OURS, tmp_path), model, values[:cut])
        weights = {k: v.pop("best_weights") for k, v in state.items() if "best_weights" in v}
        state = json.loads(json.dumps(state))  # plain data but for the weights
        for k, v in weights.items():
            state[k]["best_weights"] = v
        rest, resumed = play(
            make(getattr(callbacks, name), arguments, OURS, tmp_path), model, values[cut:], first=cut, between=state
        )
        assert repr(first[:-1] + rest) == repr(full)
        assert repr(resumed) == repr(end)
        cut_inside += full[0] != full[-2]
    assert cut_inside > 50


def test_saving_by_batches_resumes_inside_an_epoch(tmp_path):
    batches = [(epoch, batch) for epoch in range(3) for batch in range(5)]

    def run(model, part, state=None):
        message = CallbackList([ModelCheckpoint(f"{tmp_path}/{{epoch}}-{{batch}}.chainrule", save_freq=4)], model=model)
        if state:
            message.set_state(state)
        message.on_train_begin()
        for k, (epoch, batch) in enumerate(part):
            if batch == 0 or k == 0:
                message.on_epoch_begin(epoch)
            message.on_train_batch_end(batch)
        return message.get_state()

    full = Model()
    run(full, batches)
    assert [path[-13:-10] for _, path in full.saved] == ["1-4", "2-3", "3-2"]
    for cut in range(1, 15):
        model = Model()
        run(model, batches[cut:], run(model, batches[:cut]))
        assert model.saved == full.saved


def test_history_resumes():
    first = CallbackList([], add_history=True, model=Model())
    first.on_train_begin()
    first.on_epoch_end(0, {"loss": 1.0})
    state = first.get_state()
    first.on_epoch_end(1, {"loss": 0.5})
    assert state == {"History": {"history": {"loss": [1.0]}, "epoch": [0]}}

    second = CallbackList([], add_history=True, model=Model())
    second.set_state(state)
    second.on_train_begin()
    second.on_epoch_end(1, {"loss": 0.5})
    assert second.model.history.history == first.model.history.history == {"loss": [1.0, 0.5]}
    assert second.model.history.epoch == [0, 1]
    second.on_train_end()
    second.on_train_begin()  # a state is used for one run
    assert second.model.history.epoch == []


def test_a_csv_file_resumes_where_the_checkpoint_was(tmp_path):
    def run(log, epochs, state=None):
        message, states = CallbackList([log], model=Model()), []
        if state:
            message.set_state(state)
        message.on_train_begin()
        for epoch in epochs:
            message.on_epoch_end(epoch, {"loss": 1 / (epoch + 3), "val_loss": epoch})
            states.append(message.get_state())
        message.on_train_end()
        return states

    run(CSVLogger(tmp_path / "whole.csv"), range(5))
    states = run(CSVLogger(tmp_path / "cut.csv"), range(4))  # killed two epochs after its checkpoint
    run(CSVLogger(tmp_path / "cut.csv"), range(2, 5), json.loads(json.dumps(states[1])))
    assert (tmp_path / "cut.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    run(CSVLogger(tmp_path / "gone.csv"), range(2, 5), states[1])  # the file is not there any more
    assert [row[0] for row in csv.reader((tmp_path / "gone.csv").read_text().splitlines())] == ["epoch", "2", "3", "4"]
    run(CSVLogger(tmp_path / "whole.csv"), range(1))
    assert len((tmp_path / "whole.csv").read_text().splitlines()) == 2
    run(CSVLogger(tmp_path / "whole.csv", append=True), range(1, 3))
    assert [line.split(",")[0] for line in (tmp_path / "whole.csv").read_text().splitlines()] == ["epoch", *"012"]


@pytest.mark.parametrize("before", ["", "epoch,loss\r\n7,2.0\r\n"])
def test_a_checkpoint_in_the_first_epoch_knows_where_to_append(before, tmp_path):
    """Killed after the first line, resumed from before it: the line is there once."""
    (tmp_path / "log.csv").write_text(before, newline="")
    log = CSVLogger(tmp_path / "log.csv", append=True)
    log.on_train_begin()
    state = CallbackList([log], model=Model()).get_state()
    log.on_epoch_end(0, {"loss": 0.5})
    log.on_train_end()

    resumed = CallbackList([CSVLogger(tmp_path / "log.csv", append=True)], model=Model())
    resumed.set_state(json.loads(json.dumps(state)))
    resumed.on_train_begin()
    resumed.on_epoch_end(0, {"loss": 0.5})
    resumed.on_train_end()
    epochs = [line.split(",")[0] for line in (tmp_path / "log.csv").read_text().splitlines()]
    assert epochs == (["epoch", "7", "0"] if before else ["epoch", "0"])


def test_appending_keeps_the_columns_that_are_there(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,val_loss,loss\r\n0,3.0,2.0\r\n")
    log = CSVLogger(tmp_path / "log.csv", append=True)
    log.on_train_begin()
    log.on_epoch_end(1, {"loss": 1.0, "val_loss": 4.0, "new": 5.0})
    log.on_train_end()
    assert (tmp_path / "log.csv").read_text().splitlines()[-1] == "1,4.0,1.0"


def test_states_of_the_same_class_and_of_missing_callbacks():
    both = CallbackList([EarlyStopping("a"), EarlyStopping("b"), TerminateOnNaN()])
    both.callbacks[1].wait = 3
    state = both.get_state()
    assert list(state) == ["EarlyStopping", "EarlyStopping_1"]
    one = CallbackList([EarlyStopping("a")])
    one.set_state(state)
    with pytest.warns(UserWarning, match="EarlyStopping_1"):
        one.on_train_begin()
    again = CallbackList([EarlyStopping("a"), EarlyStopping("b")])
    again.on_train_begin()
    again.set_state(state)
    assert [c.wait for c in again.callbacks] == [0, 3]
    with pytest.raises(ValueProblem, match="EarlyStopping") as raised:
        again.set_state({"EarlyStopping": {"wait": 1}})
    assert "set_state" in raised.value.__notes__[0]


def test_a_callback_of_the_users_may_have_a_state():
    class Counter(Callback):
        def __init__(self):  # no call of the base class's is needed
            self.n = 0

        def on_epoch_end(self, epoch, logs=None):
            self.n += 1

        def get_state(self):
            return {"n": self.n}

        def set_state(self, state):
            self.n = state["n"]

    message = CallbackList(Counter())
    message.set_state({"Counter": {"n": 5}})
    message.on_train_begin()
    message.on_epoch_end(0)
    assert message.get_state() == {"Counter": {"n": 6}}


# ---- the list


HOOKS = [name for name in dir(Callback) if name.startswith("on_")]


def test_every_hook_reaches_every_callback():
    heard = []
    names = {name: (lambda *a, name=name: heard.append((name, a))) for name in HOOKS}
    message = CallbackList([LambdaCallback(**names), [History(), (LambdaCallback(**names),)]], model=Model())
    for name in HOOKS:
        heard.clear()
        place = (3,) if "batch" in name or "epoch" in name else ()
        getattr(message, name)(*place, {"b": np.float32(2), "a": {"c": 1}})
        assert heard == [(name, (*place, {"b": 2.0, "c": 1.0}))] * 2
        assert list(heard[0][1][-1]) == ["c", "b"]
        getattr(message, name)(*place)
        assert heard[2:] == [(name, (*place, {}))] * 2
        assert inspect.getdoc(getattr(Callback, name))


def test_logs_are_python_floats_and_shared():
    passed = {"t": np.float32(0.1), "v": Variable(2.0), "a": np.ones((2, 1)), "w": "word", "n": None}

    def change(epoch, logs):
        logs["rate"] = 3

    seen = {}
    message = CallbackList([LambdaCallback(change), LambdaCallback(lambda e, logs: seen.update(logs))])
    message.on_epoch_begin(0, passed)
    assert type(seen["t"]) is type(seen["v"]) is float
    assert seen["a"] is passed["a"]
    assert (seen["w"], seen["n"], seen["rate"]) == ("word", None, 3)
    assert "rate" not in passed


class Both(Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass

    def on_test_batch_begin(self, batch, logs=None):
        pass


class Alias(Callback):
    def on_batch_begin(self, batch, logs=None):
        pass


@pytest.mark.parametrize(
    ("callback", "needs"),
    [
        (Callback(), ""),
        (History(), ""),
        (EarlyStopping(), ""),
        (ReduceLROnPlateau(), ""),
        (ModelCheckpoint("a.chainrule"), ""),
        (ModelCheckpoint("a.chainrule", save_freq=4), "train"),
        (TensorBoard(), ""),
        (TensorBoard(update_freq=2), "train"),
        (TerminateOnNaN(), "train"),
        (LambdaCallback(on_epoch_end=print), ""),
        (LambdaCallback(on_train_batch_end=print), "train"),
        (LambdaCallback(on_predict_batch_begin=print), "predict"),
        (Both(), "train test"),
        (Alias(), "train"),
        (CallbackList([Alias()]), "train"),
        (ProgbarLogger(), ""),
    ],
)
def test_who_needs_batches(callback, needs):
    message = CallbackList([History(), callback])
    assert [mode for mode in ("train", "test", "predict") if message.needs_batches(mode)] == needs.split()


def test_the_progress_bar_only_glances_at_batches():
    message = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=4)
    assert message.sees_batches("train")
    assert not message.needs_batches("train")
    message.on_train_begin()
    assert not message.sees_batches("test")  # validation is silent
    assert not CallbackList(add_progbar=True, verbose=2, epochs=1, steps=4).sees_batches("train")
    assert not CallbackList([History()]).sees_batches("train")


def test_errors_name_the_callback():
    class Mine(Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyError("oh")

        def on_train_batch_end(self, batch, logs=None):
            raise OSError("no")

    message = CallbackList([History(), Mine()], model=Model())
    message.on_train_begin()
    for call, kind in ((message.on_epoch_end, KeyError), (message.on_train_batch_end, OSError)):
        with pytest.raises(kind) as raised:
            call(0)
        assert raised.value.__notes__ == [f"Raised by the callback Mine, in {call.__name__}."]


def test_defaults_are_added_once():
    history = History()
    message = CallbackList([history], add_history=True, add_progbar=True, model=Model(), verbose=0, epochs=2)
    assert [type(c).__name__ for c in message.callbacks] == ["History", "ProgbarLogger"]
    assert message.model.history is history
    assert all(c.model is message.model and c.params == {"verbose": 0, "epochs": 2} for c in message.callbacks)
    assert CallbackList().callbacks == []


def test_signatures_are_keras_signatures():
    result = {
        name: " ".join(
            str(p).split(":")[0].split("=")[0] for p in inspect.signature(getattr(callbacks, name)).parameters.values()
        )
        for name in callbacks.__all__
    }
    assert result == {
        "BackupAndRestore": "backup_dir save_freq double_checkpoint delete_checkpoint",
        "Callback": "",
        "CallbackList": "callbacks add_history add_progbar model **params",
        "CSVLogger": "filename separator append",
        "EarlyStopping": "monitor min_delta patience verbose mode baseline restore_best_weights start_from_epoch",
        "History": "",
        "LambdaCallback": "on_epoch_begin on_epoch_end on_train_begin on_train_end on_train_batch_begin "
        "on_train_batch_end **kwargs",
        "LearningRateScheduler": "schedule verbose",
        "ModelCheckpoint": "filepath monitor verbose save_best_only save_weights_only mode save_freq "
        "initial_value_threshold",
        "Progbar": "target width verbose interval stateful_metrics stateless_metrics unit_name",
        "ProgbarLogger": "",
        "ReduceLROnPlateau": "monitor factor patience verbose mode min_delta cooldown min_lr **kwargs",
        "RemoteMonitor": "root path field headers send_as_json",
        "TensorBoard": "log_dir histogram_freq write_graph write_images write_steps_per_second update_freq "
        "profile_batch embeddings_freq embeddings_metadata",
        "TerminateOnNaN": "raise_error",
    }


# ---- watching a number


def improving(monitor, metrics=(), up=True):
    stopping, model = EarlyStopping(monitor), Model()
    model.metrics = list(metrics)
    stopping.set_model(model)
    return stopping.improves(2.0, 1.0)


def test_auto_asks_the_metric_then_the_name():
    metric = lambda name, direction: SimpleNamespace(name=name, _direction=direction)
    assert improving("val_foo", [metric("foo", "up")])
    assert not improving("foo", [metric("foo", "down")])
    assert improving("foo", [SimpleNamespace(name="compile_metrics", metrics=[metric("foo", "up")])])
    assert improving("loss", [metric("loss", "up")])
    for name in ("acc", "val_sparse_categorical_accuracy", "auc_1", "f1_score", "precision", "val_recall_2"):
        assert improving(name), name
    for name in ("loss", "val_loss", "head_loss", "mse", "val_mean_absolute_error", "kl_divergence"):
        assert not improving(name), name
    for name in ("foo", "previous", "accuracy_loss"):
        with pytest.raises(ValueProblem, match="mode='min'"):
            improving(name)


@pytest.mark.parametrize("callback", [EarlyStopping("val_x"), ReduceLROnPlateau("val_x")])
@pytest.mark.parametrize("logs", [{"loss": 1.0, "acc": 0.5}, {"loss": 1.0, "acc": 0.5, "val_x": np.ones(2)}])
def test_an_absent_number_is_warned_of_once(callback, logs):
    callback._warned = False
    message = CallbackList([callback], model=Model())
    message.on_train_begin()
    with pytest.warns(UserWarning, match=r"'val_x'.*acc.*loss"):
        message.on_epoch_end(0, logs)
    message.on_epoch_end(1, logs)  # a warning would be an error here
    assert not message.model.stop_training


def test_learning_rates_in_variables_and_in_many_optimizers():
    def halved(optimizer):
        model = Model(optimizer)
        plateau = ReduceLROnPlateau("loss", 0.5, patience=1, min_delta=0)
        message = CallbackList([plateau], add_history=True, model=model)
        message.on_train_begin()
        for epoch in range(3):
            message.on_epoch_end(epoch, {"loss": 1.0})
        return {k: v for k, v in model.history.history.items() if k != "loss"}

    cell = Variable(0.5)
    assert halved(SimpleNamespace(learning_rate=cell)) == {"learning_rate": [0.5, 0.5, 0.25]}
    assert float(cell) == 0.125
    many = SimpleNamespace(optimizers=[Optimizer(0.5, "a"), Optimizer(0.25, "b")])
    assert halved(many) == {"learning_rate_a": [0.5, 0.5, 0.25], "learning_rate_b": [0.25, 0.25, 0.125]}
    assert [float(o.learning_rate) for o in many.optimizers] == [0.125, 0.0625]


def test_schedules(capsys):
    model = Model()
    message = CallbackList([LearningRateScheduler(lambda epoch, rate: rate * 0.5, verbose=1)], True, model=model)
    for epoch in range(2):
        message.on_epoch_begin(epoch)
        message.on_epoch_end(epoch, {"loss": 1.0})
    assert model.history.history["learning_rate"] == [0.25, 0.125]
    assert "Epoch 2: LearningRateScheduler sets learning_rate to 0.125" in capsys.readouterr().out
    alone = LearningRateScheduler(lambda epoch: 1 / (epoch + 1))
    alone.set_model(model)
    alone.on_epoch_begin(3)
    assert float(model.optimizer.learning_rate) == 0.25

    def broken(epoch, rate):
        raise TypeError("mine")

    mine = LearningRateScheduler(broken)
    mine.set_model(model)
    with pytest.raises(TypeError, match="mine"):
        mine.on_epoch_begin(0)
    for wrong in (None, "x", [1.0, 2.0], float("nan"), True):
        bad = LearningRateScheduler(lambda epoch, rate, wrong=wrong: wrong)
        bad.set_model(model)
        with pytest.raises(ValueProblem, match="schedule"):
            bad.on_epoch_begin(0)
    bad.set_model(SimpleNamespace(optimizer=None))
    with pytest.raises(ValueProblem, match="compile"):
        bad.on_epoch_begin(0)


def test_nan_ends_training(capsys):
    for loss in (float("nan"), -float("inf"), np.float32("nan")):
        message = CallbackList([TerminateOnNaN()], model=Model())
        message.on_train_batch_end(0, {"loss": 1.0})
        message.on_train_batch_end(1, {})
        assert not message.model.stop_training
        message.on_train_batch_end(2, {"loss": loss})
        assert message.model.stop_training
    assert capsys.readouterr().out.count("Batch 2") == 3
    with pytest.raises(ValueProblem, match="batch 4"):
        CallbackList([TerminateOnNaN(raise_error=True)]).on_train_batch_end(4, {"loss": float("nan")})


def test_what_stopping_and_saving_say(capsys, tmp_path):
    stopping = EarlyStopping("loss", verbose=1, restore_best_weights=True)
    saving = ModelCheckpoint(tmp_path / "new" / "best.chainrule", "loss", verbose=1, save_best_only=True)
    message = CallbackList([stopping, saving], model=Model())
    message.on_train_begin()
    for epoch, loss in enumerate([1.0, 2.0]):
        message.on_epoch_end(epoch, {"loss": loss})
    message.on_train_end()
    out = capsys.readouterr().out
    for said in ("Epoch 2: early stopping", "best epoch, 1", "Epoch 1: saved", "Epoch 2: loss = 2, not the best"):
        assert said in out
    assert out.count("saved") == 1
    assert (tmp_path / "new").is_dir()


# ---- the progress line


class Screen(io.StringIO):
    """Standard output that says it is a terminal, or that it is none."""

    def __init__(self, terminal, encoding="utf-8"):
        super().__init__()
        self.terminal, self.code = terminal, encoding

    def isatty(self):
        return self.terminal

    @property
    def encoding(self):
        return self.code

    def lines(self):
        """What is to be seen in the end, each line as last drawn; and every drawing."""
        text = self.getvalue()
        return text.split("\n"), [d for d in re.split(r"[\r\n]", text) if d]


@pytest.fixture
def screen(monkeypatch):
    """A terminal of some width, and a clock that is moved by hand."""

    def make(terminal, columns=80, encoding="utf-8"):
        monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))
        shown = Screen(terminal, encoding)
        monkeypatch.setattr(sys, "stdout", shown)
        shown.now = 100.0
        monkeypatch.setattr(progbar_module.time, "perf_counter", lambda: shown.now)
        return shown

    return make


def drive(shown, steps, seconds, target, **params):
    message = CallbackList(add_progbar=True, model=Model(), **{"verbose": 1, "epochs": 1, "steps": target, **params})
    message.on_train_begin()
    for epoch in range(params.get("epochs", 1)):
        message.on_epoch_begin(epoch)
        for batch in range(steps):
            shown.now += seconds
            message.on_train_batch_end(batch, {"loss": 1 / (batch + 1), "acc": 0.5})
        message.on_test_begin()
        message.on_test_batch_end(0, {"loss": 9.0})
        message.on_test_end({"loss": 9.0})
        message.on_epoch_end(epoch, {"loss": 0.25, "val_loss": 1e-4})
    message.on_train_end()


def test_a_terminal_is_drawn_at_most_ten_times_a_second(screen):
    shown = screen(True, columns=120)
    drive(shown, steps=200, seconds=0.01, target=200)  # 2 seconds
    seen, drawings = shown.lines()
    assert 15 <= len(drawings) <= 22
    assert len(seen) == 2
    assert seen[1] == ""
    assert drawings[-1].startswith("200/200 " + "━" * 20 + " 2s - 10ms/step - ")
    assert "acc: 0.5000 - loss: 0.2500 - val_loss: 1.0000e-04" in drawings[-1]
    assert re.match(r" 1[01]/200 ━─{19} 1s - 10ms/step - acc: 0.5000 - loss: 0.\d{4}", drawings[1])


def test_a_line_that_shrinks_leaves_nothing_behind(screen):
    shown = screen(True)
    bar = Progbar(10, interval=0, stateful_metrics=["a", "b"])
    for step, values in ((1, [("a", 123456.0)]), (2, [("a", 1.0)])):
        shown.now += 1
        bar.update(step, values)
    first, second = shown.lines()[1]
    assert len(second) == len(first)
    assert second.endswith("1.0000     ")


@pytest.mark.parametrize("columns", [20, 40, 60, 200])
def test_the_line_fits_the_terminal(screen, columns):
    shown = screen(True, columns)
    drive(shown, steps=5, seconds=30, target=5)
    _, drawings = shown.lines()
    assert all(len(d) < columns for d in drawings)
    assert ("━" * 20 in drawings[-1]) == (columns == 200)
    assert "2:00 - 30s/step" in drawings[0] or columns == 20


def test_plain_characters_where_others_cannot_be_printed(screen):
    shown = screen(True, encoding="ascii")
    drive(shown, steps=2, seconds=1, target=4)
    assert shown.getvalue().isascii()
    assert "1/4 =====............... 3s" in shown.getvalue()


def test_a_file_gets_one_line_an_epoch(screen):
    shown = screen(False)
    drive(shown, steps=100, seconds=0.05, target=100, epochs=2)
    line = "100/100 - 5s - 50ms/step - acc: 0.5000 - loss: 0.2500 - val_loss: 1.0000e-04"
    assert shown.getvalue().splitlines() == ["Epoch 1/2", line, "Epoch 2/2", line]


def test_a_file_gets_a_line_a_minute_in_a_long_epoch(screen):
    shown = screen(False)
    drive(shown, steps=500, seconds=1, target=3000)
    lines = shown.getvalue().splitlines()
    assert len(lines) == 500 // 60 + 1
    assert lines[0].startswith("60/3000 - 49:00 - 1s/step")


def test_unknown_total_and_quiet_modes(screen):
    shown = screen(True)
    drive(shown, steps=4, seconds=1, target=None)
    _, drawings = shown.lines()
    assert drawings[0].startswith("      1/Unknown 1s - 1s/step")
    assert drawings[-1].startswith("4/4 ━")
    shown = screen(True)
    drive(shown, steps=4, seconds=1, target=4, verbose=2, epochs=2)
    assert [line.split(" - ")[0] for line in shown.getvalue().splitlines()] == ["Epoch 1/2", "4/4", "Epoch 2/2", "4/4"]
    shown = screen(True)
    drive(shown, steps=4, seconds=1, target=4, verbose=0)
    assert shown.getvalue() == ""
    shown = screen(True)
    drive(shown, steps=4, seconds=1, target=4, verbose="auto")
    assert "\r" in shown.getvalue()


def test_the_first_step_does_not_count_for_the_time_left(screen):
    shown = screen(True)
    bar = Progbar(100)
    for step, seconds in ((1, 30), (2, 2), (3, 2)):
        shown.now += seconds
        bar.update(step)
    assert shown.lines()[1][-1].split("─ ")[1] == "3:14 - 2s/step"


def test_a_list_that_trains_twice_looks_again_at_who_sees_batches(screen):
    shown = screen(True)
    message = CallbackList(add_progbar=True, verbose=0, epochs=1, steps=2)
    for verbose in (0, 1):
        message.set_params({"verbose": verbose, "epochs": 1, "steps": 2})
        message.on_train_begin()
        message.on_epoch_begin(0)
        message.on_train_batch_end(0, {})
        message.on_train_end()
        assert ("1/2" in shown.getvalue()) == bool(verbose)


def test_evaluate_and_predict_have_their_own_line(screen):
    shown = screen(False)
    message = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=2)
    message.on_test_begin()
    for batch in range(2):
        message.on_test_batch_end(batch, {"loss": 3.0})
    message.on_test_end({"loss": 2.0})
    message.on_predict_begin()
    message.on_predict_batch_end(1, {"outputs": np.ones((3, 2))})
    message.on_predict_end({"outputs": np.ones((3, 2))})
    lines = shown.getvalue().splitlines()
    assert len(lines) == 2
    assert "loss: 2.0000" in lines[0]
    assert "outputs" not in lines[1]


@pytest.mark.heavy
def test_values_are_averaged_as_in_keras(screen, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras", reason=REASON)
    rng = np.random.default_rng(0)
    for options in ({}, {"stateful_metrics": ["a"]}, {"stateless_metrics": ["a"]}):
        steps = np.cumsum(rng.integers(1, 4, 9))
        values = rng.normal(size=(9, 2)) * 10.0 ** rng.integers(-5, 3, (9, 1))
        result = []
        for cls in (Progbar, keras.utils.Progbar):
            shown = screen(True, 200)
            bar = cls(int(steps[-1]), interval=0, **options)
            for step, (a, b) in zip(steps, values, strict=True):
                bar.update(int(step), [("a", float(a)), ("b", float(b))])
            result.append(re.findall(r"[ab]: [-.e+\d]+", shown.getvalue()))
        assert result[0] == result[1]
        assert len(result[0]) == 18


# ---- event files, read by a small reader that shares nothing with the writer


def crc32c_by_bits(data):
    """CRC-32C by polynomial division, bit by bit, most significant first, on reflected bytes."""
    reflect = lambda value, width: int(f"{value:0{width}b}"[::-1], 2)
    rest = 0xFFFFFFFF
    for byte in data:
        rest ^= reflect(byte, 8) << 24
        for _ in range(8):
            rest = (rest << 1 ^ (0x11EDC6F41 if rest & 0x80000000 else 0)) & 0xFFFFFFFF
    return reflect(rest ^ 0xFFFFFFFF, 32)


def records(path):
    data = path.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        for part, check in ((data[:8], data[8:12]), (data[12 : 12 + length], data[12 + length : 16 + length])):
            crc = crc32c_by_bits(part)
            masked = ((crc >> 15) | (crc << 17 & 0xFFFFFFFF)) + 0xA282EAD8
            assert check == struct.pack("<I", masked & 0xFFFFFFFF)
        yield data[12 : 12 + length]
        data = data[16 + length :]


def fields(message):
    """(number, value) of a protocol buffer."""

    def varint(at):
        value = shift = 0
        while True:
            value |= (message[at] & 127) << shift
            shift += 7
            at += 1
            if message[at - 1] < 128:
                return value, at

    at = 0
    while at < len(message):
        tag, at = varint(at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(at)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                size, at = varint(at)
            value, at = message[at : at + size], at + size
        yield tag >> 3, value


def read_events(folder):
    """{tag: [(step, number or histogram)]} of a folder's event files."""
    result = {}
    for path in sorted(folder.iterdir()):
        first, *rest = [dict(fields(r)) for r in records(path)]
        assert first[3] == b"brain.Event:2"
        for event in rest:
            assert abs(struct.unpack("<d", event[1])[0] - time.time()) < 600
            value = dict(fields(dict(fields(event[5]))[1]))
            what = struct.unpack("<f", value[2])[0] if 2 in value else dict(fields(value[5]))
            result.setdefault(value[1].decode(), []).append((event[2], what))
    return result


def test_the_checksum():
    from chainrule.callbacks.events import crc32c

    assert crc32c(b"123456789") == crc32c_by_bits(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


WEIGHTS = {
    "dense/kernel": np.random.default_rng(0).normal(size=(7, 9)).astype("float32"),
    "dense/bias": np.zeros(5),
    "odd": np.array([np.nan, 1.0, np.inf, 3.0, 3.0]),
    "near": np.array([1.0, np.nextafter(1.0, 2.0)]),
    "wide": np.array([-1.7e308, 1.7e308, 0.0]),
    "none": np.zeros((0, 3)),
    "lost": np.full(3, np.nan),
}


def write_run(folder, **options):
    model = Model()
    model.layers = [SimpleNamespace(name=k, weights=[Variable(v, dtype="float64", name=k)]) for k, v in WEIGHTS.items()]
    for layer in model.layers:
        layer.weights[0].path = layer.name
    message = CallbackList([TensorBoard(folder, histogram_freq=2, **options)], model=model)
    message.on_train_begin()
    for epoch in range(3):
        message.on_epoch_begin(epoch)
        for batch in range(4):
            message.on_train_batch_begin(batch)
            model.optimizer.iterations += 1
            message.on_train_batch_end(batch, {"loss": epoch + batch / 8})
        message.on_test_begin()
        message.on_test_end({"loss": 7.0 + epoch})
        message.on_epoch_end(epoch, {"loss": 1 / (epoch + 1), "val_loss": 7.0 + epoch, "big": 1e300})
    message.on_train_end()
    message.on_test_begin()
    message.on_test_end({"loss": 5.0})
    return model


SCALARS = {
    "epoch_loss": [(0, 1.0), (1, 0.5), (2, float(np.float32(1 / 3)))],
    "epoch_big": [(0, math.inf), (1, math.inf), (2, math.inf)],
    "epoch_learning_rate": [(0, 0.5), (1, 0.5), (2, 0.5)],
}
VALIDATION = {
    "epoch_loss": [(0, 7.0), (1, 8.0), (2, 9.0)],
    "evaluation_loss_vs_iterations": [(4, 7.0), (8, 8.0), (12, 9.0), (12, 5.0)],
}


def test_event_files(tmp_path):
    write_run(tmp_path)
    train = read_events(tmp_path / "train")
    histograms = {name: train.pop(name) for name in list(train) if name.endswith("/histogram")}
    assert train == SCALARS
    assert read_events(tmp_path / "validation") == VALIDATION
    assert set(histograms) == {f"{name}/histogram" for name in WEIGHTS}
    for name, weight in WEIGHTS.items():
        steps = histograms[f"{name}/histogram"]
        assert [step for step, _ in steps] == [0, 2]
        message = steps[0][1]
        low, high, count, total = (struct.unpack("<d", message[k])[0] for k in (1, 2, 3, 4))
        limits, counts = (np.frombuffer(message[k], "<f8") for k in (6, 7))
        finite = [float(v) for v in weight.ravel() if math.isfinite(v)]
        assert count == len(finite) == counts.sum()
        assert len(limits) == len(counts) <= 30
        assert total == pytest.approx(math.fsum(finite))
        if finite:
            assert (low, high, limits[-1]) == (min(finite), max(finite), max(finite))
        for k, limit in enumerate(limits):  # a bucket counts what is above the one before, up to its limit
            assert counts[: k + 1].sum() == sum(v <= limit for v in finite)
    assert len(np.frombuffer(histograms["dense/kernel/histogram"][0][1][6], "<f8")) == 30


def test_batches_and_speed_are_written_when_asked(tmp_path):
    write_run(tmp_path / "each", update_freq="batch", write_steps_per_second=True)
    result = read_events(tmp_path / "each" / "train")
    assert [step for step, _ in result["batch_loss"]] == list(range(1, 13))
    assert [value for _, value in result["batch_loss"]][:5] == [0.0, 0.125, 0.25, 0.375, 1.0]
    assert len(result["batch_steps_per_second"]) == 12
    assert len(result["epoch_steps_per_second"]) == 3
    assert all(value > 0 for _, value in result["epoch_steps_per_second"])
    write_run(tmp_path / "fifth", update_freq=5)
    assert [step for step, _ in read_events(tmp_path / "fifth" / "train")["batch_loss"]] == [5, 10]


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")  # what protobuf and NumPy warn of inside TensorBoard
def test_tensorboard_reads_the_files(tmp_path):
    reader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="install tests/peers.txt to compare with TensorBoard",
    )
    write_run(tmp_path)
    for part, expected in (("train", SCALARS), ("validation", VALIDATION)):
        result = reader.EventAccumulator(str(tmp_path / part), {"histograms": 0, "scalars": 0}).Reload()
        assert set(result.Tags()["scalars"]) == set(expected)
        for tag, values in expected.items():
            assert [(e.step, e.value) for e in result.Scalars(tag)] == values
    result = reader.EventAccumulator(str(tmp_path / "train"), {"histograms": 0}).Reload()
    for name, weight in WEIGHTS.items():
        written = result.Histograms(f"{name}/histogram")
        assert [e.step for e in written] == [0, 2]
        finite = weight[np.isfinite(weight)]
        value = written[0].histogram_value
        assert value.num == sum(value.bucket) == finite.size
        if finite.size:
            assert (value.min, value.max) == (finite.min(), finite.max())
    from tensorboard import data_compat, dataclass_compat
    from tensorboard.backend.event_processing import event_file_loader
    from tensorboard.util import tensor_util

    # what its pages show: the files brought to its present format
    counted = 0
    for path in (tmp_path / "train").iterdir():
        metadata = {}
        for event in event_file_loader.LegacyEventFileLoader(str(path)).Load():
            for now in dataclass_compat.migrate_event(data_compat.migrate_event(event), metadata):
                for value in now.summary.value:
                    array = tensor_util.make_ndarray(value.tensor)
                    plugin = (metadata.get(value.tag) or value.metadata).plugin_data.plugin_name
                    if plugin == "histograms":
                        assert array[:, 2].sum() == np.isfinite(WEIGHTS[value.tag.removesuffix("/histogram")]).sum()
                        counted += 1
                    else:
                        assert (plugin, array.shape) == ("scalars", ())
    assert counted == 2 * len(WEIGHTS)


# ---- a server


@pytest.fixture
def server():
    heard = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.append((self.path, self.headers["Content-Type"], self.headers["X-Key"], body))
            self.send_response(500 if self.path == "/no" else 200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}", heard
        serving.shutdown()
        thread.join()


def test_a_server_hears_of_epochs(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    root, heard = server
    logs = {"loss": np.float32(0.5), "list": np.array([1, 2])}
    expected = {"epoch": 3, "loss": 0.5, "list": [1, 2]}
    RemoteMonitor(root).on_epoch_end(3, logs)
    RemoteMonitor(root, "/x", headers={"X-Key": "k"}, send_as_json=True).on_epoch_end(3, logs)
    path, kind, _, body = heard[0]
    assert (path, kind) == ("/publish/epoch/end/", "application/x-www-form-urlencoded")
    assert json.loads(urllib.parse.parse_qs(body)["data"][0]) == expected
    assert heard[1][:3] == ("/x", "application/json", "k")
    assert json.loads(heard[1][3]) == expected
    with pytest.warns(UserWarning, match="could not reach.*500"):
        RemoteMonitor(root, "/no").on_epoch_end(0, logs)
    for nowhere in ("http://127.0.0.1:9", "http://bad host"):
        with pytest.warns(UserWarning, match="could not reach"):
            RemoteMonitor(nowhere).on_epoch_end(0, logs)


# ---- bad arguments


@pytest.mark.parametrize(
    "make",
    [
        lambda: EarlyStopping(patience=-1),
        lambda: EarlyStopping(patience=1.5),
        lambda: EarlyStopping(mode="up"),
        lambda: EarlyStopping(monitor=3),
        lambda: EarlyStopping(min_delta=float("nan")),
        lambda: EarlyStopping(baseline="low"),
        lambda: EarlyStopping(start_from_epoch=None),
        lambda: ReduceLROnPlateau(factor=1.0),
        lambda: ReduceLROnPlateau(factor=0),
        lambda: ReduceLROnPlateau(epsilon=0.1),
        lambda: ReduceLROnPlateau(cooldown=-2),
        lambda: ReduceLROnPlateau(min_lr="x"),
        lambda: ModelCheckpoint("m.keras"),
        lambda: ModelCheckpoint("m.weights.h5", save_weights_only=True),
        lambda: ModelCheckpoint("m.chainrule", save_weights_only=True),
        lambda: ModelCheckpoint("m.safetensors"),
        lambda: ModelCheckpoint(3),
        lambda: ModelCheckpoint("{epoch.chainrule"),
        lambda: ModelCheckpoint("m.chainrule", save_freq="batch"),
        lambda: ModelCheckpoint("m.chainrule", save_freq=0),
        lambda: BackupAndRestore("backup", save_freq="batch"),
        lambda: BackupAndRestore("backup", save_freq=2.5),
        lambda: ModelCheckpoint("m.chainrule", initial_value_threshold="best"),
        lambda: LearningRateScheduler(0.1),
        lambda: CSVLogger(""),
        lambda: CSVLogger("a.csv", separator="ab"),
        lambda: CSVLogger("a.csv", separator="\n"),
        lambda: RemoteMonitor("file:///etc"),
        lambda: RemoteMonitor(None),
        lambda: LambdaCallback(on_epoch_stop=print),
        lambda: LambdaCallback(on_epoch_end=3),
        lambda: Progbar(-1),
        lambda: Progbar(3, width=0),
        lambda: Progbar(3, verbose=3),
        lambda: Progbar(3, interval="fast"),
        lambda: Progbar(3, stateful_metrics=[], stateless_metrics=[]),
        lambda: TensorBoard(update_freq="never"),
        lambda: TensorBoard(update_freq=0),
        lambda: TensorBoard(histogram_freq=-1),
        lambda: TensorBoard(log_dir=None),
        lambda: TensorBoard(write_images=True),
        lambda: TensorBoard(profile_batch=(1, 2)),
        lambda: TensorBoard(embeddings_freq=1),
        lambda: CallbackList([EarlyStopping]),
        lambda: CallbackList([print]),
        lambda: CallbackList("EarlyStopping"),
        lambda: CallbackList(add_progbar=True, verbose="loud"),
        lambda: History().set_state({"epochs": []}),
    ],
)
def test_bad_arguments(make):
    with pytest.raises(ChainruleError) as raised:
        make()
    assert raised.value.expected
    assert raised.value.mend


def test_whole_numbers_of_numpy_are_taken():
    assert EarlyStopping(patience=np.int64(3)).patience == 3
    assert TensorBoard(update_freq=np.int64(3)).update_freq == 3
    assert TensorBoard(update_freq="batch").update_freq == 1


def test_our_suffixes_are_named():
    with pytest.raises(ValueProblem, match=r"\.chainrule.*\.weights\.safetensors"):
        ModelCheckpoint("m.keras")


def test_files_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.chainrule").mkdir()
    with pytest.raises(ValueProblem, match="cannot be written"):
        CSVLogger(tmp_path / "file" / "log.csv").on_train_begin()
    with pytest.raises(ValueProblem, match="cannot be written"):
        CSVLogger(tmp_path).on_train_begin()
    board = TensorBoard(tmp_path / "file")
    board.set_model(Model())
    with pytest.raises(ValueProblem, match="cannot be written"):
        board.on_epoch_end(0, {"loss": 1.0})
    for name, what in (("folder", "a folder"), ("file/m", "cannot be written"), ("{lost}", "epoch, loss")):
        saving = ModelCheckpoint(tmp_path / f"{name}.chainrule")
        saving.set_model(Model())
        with pytest.raises(ValueProblem, match=what):
            saving.on_epoch_end(0, {"loss": 1.0})
        assert not saving.model.saved


def test_no_file_before_there_is_something_to_write(tmp_path):
    board = TensorBoard(tmp_path / "logs")
    message = CallbackList([board], model=Model())
    message.on_train_begin()
    message.on_train_end()
    assert not (tmp_path / "logs").exists()
    assert not os.listdir(tmp_path)
