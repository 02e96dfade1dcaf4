"""Spirals: arms that wind about each other, made at call. Source: our own; no licence is needed."""

from __future__ import annotations

import numpy as np

from .files import Dataset, Split
from .split import at_least, generator, not_negative, stratified

DATASET = Dataset("spirals", "intertwined spirals, made", "x (800, 2) and (200, 2) float64; y int64", "made", "-")


def load_data(
    n: int = 1000, arms: int = 2, turns: float = 1.5, noise: float = 0.02, test_split: float = 0.2, seed: int = 0
) -> Split:
    """Points on spirals of Archimedes: at radius r, arm k stands at the angle 2 pi (turns r + k / arms).

    Args:
        n: points in all, shared evenly. arms: classes. turns: of an arm, from the centre to radius 1. noise: standard
            deviation of what is added to each coordinate. test_split: fraction tested on, from 0 to less than 1. seed:
            a whole number from 0.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (points, 2), float64; y of shape (points,), int64, the arm.

    Raises:
        ValueProblem: for fewer points than arms, negative turns or noise, a fraction or seed outside its range.

    >>> (x_train, y_train), (x_test, y_test) = load_data(90, arms=3)
    >>> x_train.shape, np.bincount(y_test).tolist()
    ((72, 2), [6, 6, 6])
    """
    at_least(1, arms=arms)
    at_least(arms, n=n)
    not_negative(turns=turns, noise=noise)
    rng = generator(seed)
    y = np.arange(n) % arms
    radius = np.sqrt(rng.uniform(0, 1, n))  # as many points to an outer turn's length as to an inner one's
    angle = 2 * np.pi * (turns * radius + y / arms)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) + noise * rng.normal(size=(n, 2))
    return stratified(x, y, test_split, seed)
