"""Iris: four lengths of each of 150 flowers of three species.

Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936), 179-188,
through the UCI repository (doi 10.24432/C56C76), with the values of Fisher's table where UCI's copy differs (the 35th
and 38th flower), as in scikit-learn. Licence: CC BY 4.0. Checksum: `DATASET.sha256s`, of the shipped CSV.
"""

from __future__ import annotations

import io
from importlib.resources import files

import numpy as np

from .files import Dataset, Split
from .split import stratified

COLUMNS = ("sepal length", "sepal width", "petal length", "petal width")  # centimetres
CLASSES = ("setosa", "versicolor", "virginica")
DATASET = Dataset(
    "iris",
    "150 flowers of three species: lengths of sepal and petal in centimetres",
    "x (120, 4) and (30, 4) float64; y (120,) and (30,) int64, 0 to 2",
    "R. A. Fisher, Annals of Eugenics 7 (1936), 179-188, through UCI, doi 10.24432/C56C76",
    "CC BY 4.0",
    {"iris.csv": "cdf459dcf51753a4f3f56e59a9c81d8c2aaf68889c0ce19ab347e46ff542e6f4"},
)


def load_data(test_split: float = 0.2, seed: int = 0) -> Split:
    """Load the flowers, the same fraction of each species in the test set.

    Args:
        test_split: fraction of the test set, from 0 to less than 1. seed: of the order, a whole number from 0.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (120, 4) and (30, 4), float64, in the order of `COLUMNS`; y
        of shape (120,) and (30,), int64, an index into `CLASSES`.

    Raises:
        ValueProblem: for a fraction or seed outside its range.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, np.bincount(y_test).tolist()
    ((120, 4), [10, 10, 10])
    """
    text = files(__package__).joinpath("iris.csv").read_text(encoding="utf-8")
    table = np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1)
    return stratified(table[:, :4], table[:, 4].astype(np.int64), test_split, seed)
