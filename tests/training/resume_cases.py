"""A run that is cut at chosen moments and goes on, for the tests of resumed training."""

import pathlib

import numpy as np

from chainrule import callbacks, layers, optimizers, saving
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.ops.random import set_random_seed

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
