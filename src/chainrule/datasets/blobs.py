"""Blobs: round clouds of points around random centres, generated when called. No licence is needed."""

from __future__ import annotations

import numpy as np

from ..core.arguments import at_least, finite
from .files import Dataset, Split
from .split import generator, stratified

DATASET = Dataset("blobs", "normal clouds around centres", "x (799, 2) and (201, 2) float64; y int64", "generated", "-")


def load_data(
    n: int = 1000, centers: int = 3, features: int = 2, spread: float = 1.0, test_split: float = 0.2, seed: int = 0
) -> Split:
    """Generate points around centres drawn uniformly from [-10, 10] in each coordinate.

    Args:
        n: number of points, shared evenly. centers: number of classes. features: number of coordinates.
        spread: standard deviation of a cloud in each coordinate.
        test_split: fraction of the test set, from 0 to less than 1. seed: a whole number from 0.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (points, features), float64; y of shape (points,), int64,
        the centre.

    Raises:
        ValueProblem: for fewer points than centres, a negative spread, a fraction or seed outside its range.

    >>> (x_train, y_train), (x_test, y_test) = load_data(50, centers=5, features=3)
    >>> x_train.shape, np.bincount(y_train).tolist()
    ((40, 3), [8, 8, 8, 8, 8])
    """
    centers, features = at_least(1, centers=centers), at_least(1, features=features)
    n = at_least(centers, n=n)
    finite(least=0, spread=spread)
    rng = generator(seed)
    y = np.arange(n) % centers
    x = rng.uniform(-10, 10, (centers, features))[y] + spread * rng.normal(size=(n, features))
    return stratified(x, y, test_split, seed)
