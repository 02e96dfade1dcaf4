"""Callbacks that watch a number decide as Keras's do, and go on after a checkpoint as if never interrupted."""

import json
import random
from types import SimpleNamespace

import numpy as np
import pytest

from callback_cases import DECIDING, OURS, REASON, THEIRS, Model, keras_play, make, play, sequence
from chainrule import callbacks
from chainrule.callbacks import CallbackList, EarlyStopping, ModelCheckpoint, ReduceLROnPlateau, TerminateOnNaN
from chainrule.core.errors import ValueProblem


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
        considered = [v for v in values[arguments.get("start_from_epoch", 0) :] if v is not None]
        watched = arguments.get("initial_value_threshold") is None and arguments.get("save_best_only", True)
        if watched and considered and np.isnan(considered[0]):
            continue  # Keras keeps a first nan as the best, and nothing is better than that
        ours, _ = play(make(getattr(callbacks, name), arguments, OURS, tmp_path), Model(), values)
        theirs = keras_play(make(getattr(keras.callbacks, name), arguments, THEIRS, tmp_path), Model(), values)
        text = repr(theirs).replace(THEIRS[0], OURS[0]).replace(THEIRS[1], OURS[1])
        assert repr(ours) == text, (seed, arguments, values)


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
