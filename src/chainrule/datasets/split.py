"""Parting a table into what is trained on and what is tested on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ValueProblem
from .files import Array, Split


def generator(seed: Any) -> np.random.Generator:
    """NumPy's generator for a seed; ValueProblem for what is no seed."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueProblem(f"seed={seed!r}", "a whole number from 0", "pass e.g. seed=0")
    return np.random.default_rng(seed)


def fraction(test_split: Any) -> float:
    """`test_split`, from 0 to less than 1."""
    if isinstance(test_split, bool) or not isinstance(test_split, int | float) or not 0 <= test_split < 1:
        raise ValueProblem(f"test_split={test_split!r}", "a fraction from 0 to less than 1", "pass e.g. test_split=0.2")
    return float(test_split)


def at_least(least: int, **given: Any) -> None:
    """ValueProblem unless every named argument is a whole number, `least` or more."""
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueProblem(f"{name}={value!r}", f"a whole number from {least}", f"pass e.g. {name}={max(least, 1)}")


def not_negative(**given: Any) -> None:
    """ValueProblem unless every named argument is a finite number, 0 or more."""
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < np.inf:
            raise ValueProblem(f"{name}={value!r}", "a finite number from 0", f"pass e.g. {name}=0.1")


def stratified(x: Array, y: Array, test_split: float, seed: int) -> Split:
    """``(x_train, y_train), (x_test, y_test)``, each class parted alike, both in random order.

    Args:
        x: entries along the first axis. y: (entries,), the class of each.
        test_split: fraction of each class, rounded to whole entries, that is tested on. seed: of the order.

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
