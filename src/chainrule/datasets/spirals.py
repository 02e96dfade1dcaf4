"""Spirals: arms that wind around each other, generated when called. No licence is needed."""

from __future__ import annotations

import numpy as np

from ..core.arguments import at_least, finite
from .files import Dataset, Split
from .split import generator, stratified

DATASET = Dataset("spirals", "intertwined spirals", "x (800, 2) and (200, 2) float64; y int64", "generated", "-")


def load_data(
    n: int = 1000, arms: int = 2, turns: float = 1.5, noise: float = 0.02, test_split: float = 0.2, seed: int = 0
) -> Split:
    """Generate points on Archimedean spirals: at radius r, arm k is at the angle 2 pi (turns r + k / arms).

    Args:
        n: number of points, shared evenly. arms: number of classes. turns: turns of an arm from the centre to radius 1.
        noise: standard deviation of the normal noise added to each coordinate.
        test_split: fraction of the test set, from 0 to less than 1. seed: a whole number from 0.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (points, 2), float64; y of shape (points,), int64, the arm.

    Raises:
        ValueProblem: for fewer points than arms, negative turns or noise, a fraction or seed outside its range.

    >>> (x_train, y_train), (x_test, y_test) = load_data(90, arms=3)
    >>> x_train.shape, np.bincount(y_test).tolist()
    ((72, 2), [6, 6, 6])
    """
    arms = at_least(1, arms=arms)
    n = at_least(arms, n=n)
    finite(least=0, turns=turns)
    finite(least=0, noise=noise)
    rng = generator(seed)
    y = np.arange(n) % arms
    radius = np.sqrt(rng.uniform(0, 1, n))  # the root spreads the points evenly along the arm
    angle = 2 * np.pi * (turns * radius + y / arms)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) + noise * rng.normal(size=(n, 2))
    return stratified(x, y, test_split, seed)
