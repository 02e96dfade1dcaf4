"""Digits: 1,797 handwritten digits, 8 by 8.

Source: E. Alpaydin and C. Kaynak, Optical recognition of handwritten digits (1998), UCI repository,
doi 10.24432/C50P49: its test set, which scikit-learn ships too. Each entry counts the inked dots of a 4 by 4
block of a 32 by 32 bitmap. Licence: CC BY 4.0. Checksums: `DATASET.sha256s`, of the two shipped IDX files, unpacked.
"""

from __future__ import annotations

from importlib.resources import as_file, files

from .files import Dataset, Split, read_idx
from .split import stratified

DATASET = Dataset(
    "digits",
    "1,797 handwritten digits, grey",
    "x (1438, 8, 8) and (359, 8, 8) uint8, 0 to 16; y (1438,) and (359,) uint8, 0 to 9",
    "E. Alpaydin, C. Kaynak, Optical recognition of handwritten digits (1998), UCI, doi 10.24432/C50P49",
    "CC BY 4.0",
    {
        "digits-images-idx3-ubyte": "359cd13f0f514122884198b78a131df597421cbf5e93a76678fa96fc548f0d96",
        "digits-labels-idx1-ubyte": "ce71631c1f31ce56fa54f31d1d498fafacff59b001e6c30c4a5e29508aa277ad",
    },
)


def load_data(test_split: float = 0.2, seed: int = 0) -> Split:
    """Load the digits, the same fraction of each in the test set.

    Args:
        test_split: fraction of the test set, from 0 to less than 1. seed: of the order, a whole number from 0.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (1438, 8, 8) and (359, 8, 8), uint8, from 0 for the
        background to 16 for ink; y of shape (1438,) and (359,), uint8, the digit.

    Raises:
        ValueProblem: for a fraction or seed outside its range.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> len(x_train) + len(x_test), x_train.shape[1:], int(x_train.max())
    (1797, (8, 8), 16)
    """
    arrays = []
    for name in DATASET.sha256s:
        with as_file(files(__package__).joinpath(f"{name}.gz")) as path:
            arrays.append(read_idx(path))
    return stratified(arrays[0], arrays[1], test_split, seed)
