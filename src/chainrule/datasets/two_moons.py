"""Two moons: two interleaved half circles, generated when called. No licence is needed."""

from __future__ import annotations

import numpy as np

from ..core.arguments import at_least, finite
from .files import Dataset, Split
from .split import generator, stratified

DATASET = Dataset(
    "two_moons", "two interleaved half circles", "x (800, 2) and (200, 2) float64; y int64, 0 or 1", "generated", "-"
)


def load_data(n: int = 1000, noise: float = 0.1, test_split: float = 0.2, seed: int = 0) -> Split:
    """Generate points on the upper half of a circle around (0, 0), class 0, and the lower half of one around (1, 1/2).

    Args:
        n: number of points, half of each class.
        noise: standard deviation of the normal noise added to each coordinate; the circles' radius is 1.
        test_split: fraction of the test set, from 0 to less than 1. seed: a whole number from 0.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (points, 2), float64; y of shape (points,), int64.

    Raises:
        ValueProblem: for fewer than 2 points, a negative noise, a fraction or seed outside its range.

    >>> (x_train, y_train), (x_test, y_test) = load_data(100, noise=0)
    >>> x_train.shape, np.allclose(np.hypot(*x_test[y_test == 0].T), 1)
    ((80, 2), True)
    """
    n = at_least(2, n=n)
    finite(least=0, noise=noise)
    rng = generator(seed)
    y = np.arange(n) % 2
    angle = rng.uniform(0, np.pi, n)
    upper, lower = (np.cos(angle), np.sin(angle)), (1 - np.cos(angle), 0.5 - np.sin(angle))
    x = np.where(y[:, None], np.transpose(lower), np.transpose(upper)) + noise * rng.normal(size=(n, 2))
    return stratified(x, y, test_split, seed)
