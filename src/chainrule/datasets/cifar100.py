"""CIFAR-100: 60,000 colour pictures in 100 classes, grouped in 20, 32 by 32.

Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", University of Toronto (2009),
https://www.cs.toronto.edu/~kriz/cifar.html. Licence: none is stated; its page asks that the report be cited.
Checksums: `DATASET.sha256s`, of the unpacked files of its binary version; the Python version is a pickle and not read.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..core.errors import ValueProblem
from .cifar10 import pictures, read_files
from .files import Dataset, Remote, Split, find

DATASET = Dataset(
    "cifar100",
    "60,000 colour pictures in 100 classes, grouped in 20",
    "x (50000, 32, 32, 3) and (10000, 32, 32, 3) uint8, 0 to 255; y (50000, 1) and (10000, 1) uint8, 0 to 99 or 19",
    "A. Krizhevsky, Learning multiple layers of features from tiny images (2009), www.cs.toronto.edu/~kriz/cifar.html",
    "none stated; cite the report",
    {
        "train.bin": "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
        "test.bin": "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
    },
)
ARCHIVE = "cifar-100-binary.tar.gz"
FOLDER = "cifar-100-binary"
REMOTES = (
    Remote(
        f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}",
        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    ),
)
LABELS = ("coarse", "fine")  # in the order of a record's two bytes


def load_data(label_mode: str = "fine", path: str | os.PathLike[str] | None = None) -> Split:
    """The pictures as Keras hands them out (``keras.datasets.cifar100.load_data``).

    They are looked for where `chainrule.datasets.files` says, as ``cifar-100-binary.tar.gz`` or the folder of .bin
    files that is in it.

    Args:
        label_mode: "fine" for the 100 classes, "coarse" for the 20 groups.
        path: that archive, or a folder that holds it or the .bin files; then the only place looked at.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (50000, 32, 32, 3) and (10000, 32, 32, 3), uint8, 0 to
        255; y of shape (50000, 1) and (10000, 1), uint8.

    Raises:
        ValueProblem: for another label_mode; when no place has the data, with all the places; for damaged files at
            `path`.

    >>> load_data("both")
    Traceback (most recent call last):
    chainrule.errors.ValueProblem: Got label_mode='both'; expected 'fine' or 'coarse'. To mend it: name one of these.
    """
    if label_mode not in LABELS:
        raise ValueProblem(f"label_mode={label_mode!r}", "'fine' or 'coarse'", "name one of these")

    def read(place: Path) -> Split | None:
        files = read_files(place, DATASET, ARCHIVE, FOLDER)
        which = LABELS.index(label_mode)
        return (pictures(files[:1], 2, which), pictures(files[1:], 2, which)) if files else None

    return find(DATASET, read, path, remotes=REMOTES, mend=f"put {ARCHIVE} there")
