"""Splitting a table into a training set and a test set."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arguments import at_least
from ..core.errors import ValueProblem
from .files import Array, Split


def generator(seed: Any) -> np.random.Generator:
    """Return NumPy's generator for a seed, a whole number from 0 up."""
    return np.random.default_rng(at_least(0, seed=seed))


def fraction(test_split: Any) -> float:
    """Check that `test_split` is a number from 0 to less than 1."""
    if isinstance(test_split, bool) or not isinstance(test_split, int | float) or not 0 <= test_split < 1:
        raise ValueProblem(f"test_split={test_split!r}", "a fraction from 0 to less than 1", "pass e.g. test_split=0.2")
    return float(test_split)


def stratified(x: Array, y: Array, test_split: float, seed: int) -> Split:
    """Return ``(x_train, y_train), (x_test, y_test)``, the same fraction of each class in both, in random order.

    Args:
        x: entries along the first axis. y: (entries,), the class of each.
        test_split: fraction of each class that goes to the test set, rounded to whole entries. seed: of the order.

    >>> (_, y_train), (_, y_test) = stratified(np.zeros((10, 2)), np.repeat([0, 1], [4, 6]), 0.5, seed=0)
    >>> np.bincount(y_train).tolist(), np.bincount(y_test).tolist()
    ([2, 3], [2, 3])
    """
    share, rng = fraction(test_split), generator(seed)
    train, test = [], []
    for label in np.unique(y):
        of_label = rng.permutation(np.flatnonzero(y == label))
        count = round(len(of_label) * share)
        test.append(of_label[:count])
        train.append(of_label[count:])
    left, right = rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))
    return (x[left], y[left]), (x[right], y[right])
