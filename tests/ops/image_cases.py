"""Images and options shared by the tests of `ops.image`."""

from itertools import product

import numpy as np

MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def A(*shape):
    return np.random.default_rng([5, *shape]).normal(size=shape)


def pixels(*shape, dtype="uint8"):
    return np.random.default_rng([6, *shape]).integers(0, 256, shape).astype(dtype)


COLOURS = np.array([*product([0.0, 0.25, 0.5, 1.0], repeat=3)])  # blacks, greys, ties, pure ones
