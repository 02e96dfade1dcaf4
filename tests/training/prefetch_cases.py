"""Data read between the steps or ahead of them, for the tests of data that goes step by step."""

import threading

import numpy as np

from chainrule import callbacks
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.ops.random import set_random_seed
from chainrule.training.prefetch import prefetching
from chainrule.utils import PyDataset

RNG = np.random.default_rng(2)
X, Y = RNG.normal(size=(26, 3)).astype("float32"), RNG.normal(size=(26, 1)).astype("float32")


def readers():
    return [t for t in threading.enumerate() if t.name == "chainrule-ahead"]


def net(eager=False):
    set_random_seed(3)
    model = Sequential([Input((3,)), Dense(4, "tanh"), Dense(1)])
    model.compile("adam", "mse", run_eagerly=eager, engine="numpy")
    return model


def weights(model):
    return [w.tobytes() for w in model.get_weights()]


class Inline(PyDataset):
    """The same batches, read between the steps."""

    workers = 0

    def __init__(self, size=5):
        self.size, self.read = size, []

    def __len__(self):
        return -(-len(X) // self.size)

    def __getitem__(self, i):
        self.read.append((i, prefetching()))
        return X[self.size * i : self.size * (i + 1)], Y[self.size * i : self.size * (i + 1)]


class Threaded(Inline):
    workers = 1


class Detached(Exception):
    pass


class At(callbacks.Callback):
    """Does something after a step."""

    def __init__(self, step, do):
        super().__init__()
        self.step, self.do = step, do

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.step:
            self.do(self.model)


def cut(model):
    raise Detached
