"""A nan in a monitored number: never the best, spoken of, and, if asked for, followed by the last good weights."""

import numpy as np
import pytest

import chainrule as cr
from callback_cases import Model
from chainrule.callbacks import BackupAndRestore, CallbackList, EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from chainrule.core.errors import ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Sequential

NAN = float("nan")
pytestmark = pytest.mark.filterwarnings("ignore::chainrule.training.TrainingWarning")


def monitors(tmp_path):
    return [
        EarlyStopping("loss", patience=9, restore_best_weights=True),
        ModelCheckpoint(tmp_path / "m.chainrule", "loss", save_best_only=True),
        ReduceLROnPlateau("loss", patience=9, min_delta=0),
    ]


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("values", [[NAN, 2.0, NAN, 2.0], [2.0, NAN, 2.0, NAN], [NAN, NAN, np.float32("nan"), 2.0]])
@pytest.mark.filterwarnings("ignore:.*monitors")
def test_a_nan_is_never_the_best(mode, values, tmp_path):
    for kind, callback in enumerate(monitors(tmp_path)):
        callback._more_is_better = mode == "max"
        message = CallbackList([callback], model=Model())
        message.on_train_begin()
        for epoch, value in enumerate(values):
            message.on_epoch_end(epoch, {"loss": value})
            assert callback.best is None or callback.best == 2.0
        assert callback.best == 2.0
        if kind == 0:
            assert callback.best_epoch == values.index(2.0)
            assert callback.wait == len(values) - 1 - values.index(2.0)
        if kind == 1:
            assert len(message.model.saved) == 1


def test_a_nan_is_spoken_of_once_in_each_training(tmp_path):
    for callback in monitors(tmp_path):
        message = CallbackList([callback], model=Model())
        for _ in range(2):
            message.on_train_begin()
            message.on_epoch_end(0, {"loss": 1.0})
            with pytest.warns(UserWarning, match="'loss', which is nan in epoch 2: it does not count"):
                message.on_epoch_end(1, {"loss": NAN})
            message.on_epoch_end(2, {"loss": NAN})  # a warning would be an error here


class Broken(cr.utils.PyDataset):
    """A line to learn, with a target that is nan in the second epoch."""

    epoch = 0

    def __len__(self):
        return 4

    def __getitem__(self, i):
        x = np.arange(8, dtype="float32").reshape(4, 2) / 8 + i
        y = x.sum(1, keepdims=True)
        return x, np.full_like(y, NAN) if self.epoch == 1 and i == 2 else y

    def on_epoch_end(self):
        self.epoch += 1

    def get_state(self):
        return self.epoch

    def set_state(self, state):
        self.epoch = state


def training(*callbacks, epochs=3, engine="numpy"):
    cr.set_random_seed(1)
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="zeros")])
    model.compile(cr.optimizers.Adam(0.125), "mse", engine=engine)
    history = model.fit(Broken(workers=0), epochs=epochs, verbose=0, shuffle=False, callbacks=list(callbacks))
    return model, history.history["loss"]


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.filterwarnings("ignore:.*monitors")
def test_restored_weights_and_a_lower_rate(engine, tmp_path):
    good, _ = training(epochs=1, engine=engine)
    expected = [w.copy() for w in good.get_weights()]
    moments = [v.numpy() for v in good.optimizer.variables if v is not good.optimizer.learning_rate]
    actors = [
        (EarlyStopping("loss", patience=9, on_nan="restore"), 0.0125),
        (ModelCheckpoint(tmp_path / "a.chainrule", "loss", on_nan="restore"), 0.0125),
        (ModelCheckpoint(tmp_path / "b.chainrule", "loss", save_best_only=True, on_nan="restore"), 0.0125),
        (ReduceLROnPlateau("loss", factor=0.5, on_nan="restore"), 0.0625),
    ]
    for callback, rate in actors:
        model, losses = training(callback, epochs=2, engine=engine)
        assert np.isnan(losses[1])
        for value, good_value in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(value, good_value)
        state = [v.numpy() for v in model.optimizer.variables if v is not model.optimizer.learning_rate]
        for value, good_value in zip(state, moments, strict=True):
            np.testing.assert_array_equal(value, good_value)
        assert float(model.optimizer.learning_rate) == np.float32(rate)
    model, losses = training(actors[0][0], engine=engine)
    assert losses[2] < losses[0]
    assert all(np.isfinite(w).all() for w in model.get_weights())
    model, _ = training(engine=engine)
    assert not np.isfinite(model.get_weights()[0]).any()  # without it


@pytest.mark.filterwarnings("ignore:.*monitors")
def test_a_nan_in_the_first_epoch_gives_the_first_weights():
    class First(Broken):
        epoch = 1

    model = Sequential([Input((2,)), Dense(1, kernel_initializer="ones")])
    model.compile(cr.optimizers.SGD(cr.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)), "mse")
    model.fit(First(), shuffle=False, verbose=0, callbacks=[EarlyStopping("loss", patience=9, on_nan="restore")])
    np.testing.assert_array_equal(model.get_weights()[0], np.ones((2, 1)))  # and a schedule stays


@pytest.mark.filterwarnings("ignore:.*monitors")
def test_a_resumed_run_restores_the_same_weights(tmp_path):
    whole, _ = training(ReduceLROnPlateau("loss", on_nan="restore"))

    class Kill(cr.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training(ReduceLROnPlateau("loss", on_nan="restore"), BackupAndRestore(tmp_path), Kill())
    resumed, _ = training(ReduceLROnPlateau("loss", on_nan="restore"), BackupAndRestore(tmp_path))
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_actions_are_refused():
    for make in (EarlyStopping, ReduceLROnPlateau):
        with pytest.raises(ValueProblem, match="on_nan='stop'"):
            make("loss", on_nan="stop")


def test_a_checkpoint_every_few_epochs(tmp_path):
    model, saved = Model(), []
    model.save_checkpoint = saved.append
    model.load_checkpoint = None
    every = ModelCheckpoint(tmp_path / "{epoch}.chainrule", period=3)
    best = ModelCheckpoint(tmp_path / "best{epoch}.chainrule", "loss", save_best_only=True, period=2)
    message = CallbackList([every, best, BackupAndRestore(tmp_path, period=4)], model=model)
    message.on_train_begin()
    for epoch, loss in enumerate([5.0, 4.0, 1.0, 4.5, 3.0, 3.5, 6.0, 6.0, 7.0]):
        message.on_epoch_end(epoch, {"loss": loss})
    names = [path.rsplit("/", 1)[1] for _, path in model.saved]
    assert names == ["best2.chainrule", "3.chainrule", "6.chainrule", "best6.chainrule", "9.chainrule"]
    assert len(saved) == 2
    for make in (ModelCheckpoint, BackupAndRestore):
        with pytest.raises(ValueProblem, match="period=2"):
            make(tmp_path / "a.chainrule", save_freq=5, period=2)
        with pytest.raises(ValueProblem, match="period=0"):
            make(tmp_path / "a.chainrule", period=0)
