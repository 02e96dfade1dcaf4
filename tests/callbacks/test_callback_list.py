"""The list of callbacks: its hooks, state and defaults, and errors that name a callback."""

import inspect

import numpy as np
import pytest

from callback_cases import Model
from chainrule import Variable, callbacks
from chainrule.callbacks import (
    Callback,
    CallbackList,
    EarlyStopping,
    History,
    LambdaCallback,
    ModelCheckpoint,
    ProgbarLogger,
    ReduceLROnPlateau,
    TensorBoard,
    TerminateOnNaN,
)
from chainrule.core.errors import ValueProblem

# ---- state


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
        "BackupAndRestore": "backup_dir save_freq double_checkpoint delete_checkpoint period",
        "Callback": "",
        "CallbackList": "callbacks add_history add_progbar model **params",
        "CSVLogger": "filename separator append",
        "EarlyStopping": "monitor min_delta patience verbose mode baseline restore_best_weights start_from_epoch "
        "on_nan",
        "History": "",
        "LambdaCallback": "on_epoch_begin on_epoch_end on_train_begin on_train_end on_train_batch_begin "
        "on_train_batch_end **kwargs",
        "LearningRateScheduler": "schedule verbose",
        "ModelCheckpoint": "filepath monitor verbose save_best_only save_weights_only mode save_freq "
        "initial_value_threshold period on_nan",
        "Progbar": "target width verbose interval stateful_metrics stateless_metrics unit_name",
        "ProgbarLogger": "",
        "ReduceLROnPlateau": "monitor factor patience verbose mode min_delta cooldown min_lr on_nan **kwargs",
        "RemoteMonitor": "root path field headers send_as_json",
        "TensorBoard": "log_dir histogram_freq write_graph write_images write_steps_per_second update_freq "
        "profile_batch embeddings_freq embeddings_metadata",
        "TerminateOnNaN": "raise_error",
    }
