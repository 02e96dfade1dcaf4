"""Targets and outputs of every kind, ``(rng, shape) -> (target, output)``: with ties, zeros, ones, absent classes."""

import numpy as np


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def numbers(rng, shape):
    return rng.normal(size=shape), rng.normal(size=shape)


def counts(rng, shape):
    return rng.integers(0, 5, size=shape).astype(float), rng.uniform(0.1, 4, size=shape)


def shares(rng, shape):
    return softmax(rng.normal(size=shape)), softmax(rng.normal(size=shape))


def binary(rng, shape):
    """Outputs on a grid, so that some tie and some are 0, 0.5 and 1."""
    return rng.integers(0, 2, size=shape).astype(float), rng.integers(0, 9, size=shape) / 8


def signs(rng, shape):
    return rng.choice([-1.0, 1.0], size=shape), rng.normal(size=shape)


def one_hot(rng, shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], size=shape[:-1])], softmax(rng.normal(size=shape))


def labels(rng, shape):
    return rng.integers(0, shape[-1], size=shape[:-1]).astype("int32"), softmax(rng.normal(size=shape))


def columns(rng, shape):
    t, o = labels(rng, shape)
    return t[..., None], o


def scores(rng, shape):
    t, o = labels(rng, shape)
    return t, np.log(o)


def one_hot_scores(rng, shape):
    t, o = one_hot(rng, shape)
    return t, np.log(o)


def binary_scores(rng, shape):
    t, o = binary(rng, shape)
    return t, 8 * o - 4


def tied(rng, shape):
    return rng.integers(0, shape[-1], size=shape[:-1]).astype("int32"), rng.integers(0, 3, size=shape) / 2


def ids(rng, shape):
    best = np.argsort(rng.normal(size=shape), axis=-1)
    return rng.integers(0, shape[-1], size=shape[:-1]).astype("int32"), best.astype("int32")


def pixels(rng, shape):
    return rng.integers(0, 4, size=shape).astype("int32"), rng.integers(0, 4, size=shape).astype("int32")


def unlabelled(rng, shape):
    t, o = pixels(rng, shape)
    return np.where(rng.random(shape) < 0.3, 255, t).astype("int32"), o
