"""Batches of unequal size, for the tests of metrics."""

import numpy as np

SIZES = (5, 1, 7)


def batches(make, shape, weights, seed=0, sizes=SIZES):
    rng = np.random.default_rng(seed)
    for n in sizes:
        target, output = make(rng, (n, *shape))
        w = rng.integers(0, 4, size=(n, 1)).astype(float)
        if weights == "none":
            w = None
        elif weights == "examples":
            w = w[:, 0]
        elif weights == "values":
            w = rng.integers(0, 4, size=output.shape).astype(float)
        yield target, output, w
