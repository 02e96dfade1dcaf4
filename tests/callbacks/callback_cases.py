"""A model that writes down what is done to it, and scripted training, for the tests of callbacks."""

import numpy as np

from chainrule.callbacks import CallbackList

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
