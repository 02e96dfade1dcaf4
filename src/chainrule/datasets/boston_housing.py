"""Boston housing under Keras's name: the table of `chainrule.datasets.boston`, shuffled and split as Keras does.

Source: D. Harrison and D. L. Rubinfeld (1978), through StatLib; see `chainrule.datasets.boston`, also for the data's
ethical fault, column B. Licence: StatLib states none; the copy is mlxtend's, BSD-3-Clause. Checksum:
`DATASET.sha256s`, of the shipped CSV.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..core.arguments import between
from . import boston
from .files import Dataset, Split, file_problem, read_npz
from .split import fraction

DATASET = Dataset(
    "boston_housing",
    "506 tracts of the Boston area: 13 columns and the median home value (column B has an ethical fault)",
    "x (404, 13) and (102, 13) float64; y (404,) and (102,) float64, thousands of dollars",
    "D. Harrison, D. L. Rubinfeld, Journal of Environmental Economics and Management 5 (1978), 81-102, through StatLib",
    "none stated by StatLib; the copy is mlxtend's, BSD-3-Clause",
    {"boston.csv": "79ac716620024011b03c0c44d2bf99069b8173649181926d9109c25475a3804c"},
)


def load_data(path: str | os.PathLike[str] = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Split:
    """Load the table, shuffled and split as ``keras.datasets.boston_housing.load_data`` does.

    Args:
        path: a file of yours, an .npz with ``x`` and ``y`` or a CSV with the columns of `boston`; a bare name that
            does not exist as a file means the shipped table.
        test_split: fraction of the test set, from 0 to less than 1. seed: of NumPy's RandomState, 0 to 2**32 - 1.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (404, 13) and (102, 13), float64, in the order of
        `boston.COLUMNS`; y of shape (404,) and (102,), float64, thousands of dollars.

    Raises:
        ValueProblem: for a file that cannot be used, or a fraction or a seed outside its range.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, y_train[:3].tolist()
    ((404, 13), [15.2, 42.3, 50.0])
    """
    share = fraction(test_split)
    seed = between(0, 2**32 - 1, seed=seed)
    file = Path(path)
    if file.parent == Path() and not os.path.exists(file):
        x, y, _ = boston.load()
    elif file.suffix == ".npz":
        x, y = read_npz(file, ["x", "y"])
        if x.ndim != 2 or y.shape != x.shape[:1]:
            raise file_problem(path, f"x of shape {x.shape}, y of shape {y.shape}", "(rows, columns) and (rows,)")
    else:
        x, y, _ = boston.load(path=file)
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)  # as Keras does, so that both libraries split alike
    train, test = np.split(order, [int(len(x) * (1 - share))])
    return (x[train], y[train]), (x[test], y[test])
