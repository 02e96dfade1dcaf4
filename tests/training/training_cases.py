"""A linear model, its data, and its training in NumPy, for the tests of training."""

import numpy as np

import chainrule as cr
from chainrule import utils
from chainrule.layers import Dense, Input
from chainrule.models import Sequential

RNG = np.random.default_rng(11)
X = RNG.normal(size=(50, 4)).astype("float32")
W = np.array([[1.0], [-2.0], [0.5], [3.0]], "float32")
Y = (X @ W + 0.25).astype("float32")


def linear(rate=0.05, **kwargs):
    model = Sequential([Input((4,)), Dense(1, kernel_initializer="zeros")])
    model.compile(cr.optimizers.SGD(rate), "mse", **kwargs)
    return model


def sgd_in_numpy(x, y, batches, rate):
    """Kernel and bias after one step of the mean squared error for each list of rows."""
    w, b = np.zeros((x.shape[1], 1)), np.zeros(1)
    for rows in batches:
        error = x[rows] @ w + b - y[rows]
        w = w - rate * 2 * x[rows].T @ error / len(error)
        b = b - rate * 2 * error.mean(0)
    return w, b


def chunks(order, size):
    return [order[i : i + size] for i in range(0, len(order), size)]


def close(a, b, rtol=2e-5, atol=2e-6):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=atol)


def by_batches(size=10):
    return [(X[i : i + size], Y[i : i + size]) for i in range(0, 50, size)]


class Batches(utils.PyDataset):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.ended = 0

    def __len__(self):
        return 5

    def __getitem__(self, i):
        return by_batches()[i]

    def on_epoch_end(self):
        self.ended += 1


def forever():
    while True:
        yield from by_batches()
