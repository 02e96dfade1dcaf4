"""CIFAR-100: 60,000 colour images in 100 classes, grouped in 20, 32 by 32.

Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", University of Toronto (2009),
https://www.cs.toronto.edu/~kriz/cifar.html. Licence: none is stated; its page asks that the report be cited.
Checksums: `DATASET.sha256s`, of the unpacked files of its binary version; the Python version is a pickle and not read.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..core.arguments import one_of
from .cifar10 import read_files, to_images
from .files import Dataset, Remote, Split, find

DATASET = Dataset(
    "cifar100",
    "60,000 colour images in 100 classes, grouped in 20",
    "x (50000, 32, 32, 3) and (10000, 32, 32, 3) uint8, 0 to 255; y (50000, 1) and (10000, 1) uint8, 0 to 99 or 19",
    "A. Krizhevsky, Learning multiple layers of features from tiny images (2009), www.cs.toronto.edu/~kriz/cifar.html",
    "none stated; cite the report",
    {
        "train.bin": "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
        "test.bin": "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
    },
)
ARCHIVE, FOLDER = "cifar-100-binary.tar.gz", "cifar-100-binary"
SHA256 = "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"  # of the archive
REMOTES = (Remote(f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}", SHA256),)
LABELS = ("coarse", "fine")  # in the order of a record's two bytes


def load_data(label_mode: str = "fine", path: str | os.PathLike[str] | None = None) -> Split:
    """Load the images as ``keras.datasets.cifar100.load_data`` does.

    They are looked for in the folders of `chainrule.datasets.files`, as ``cifar-100-binary.tar.gz`` or its folder of
    .bin files.

    Args:
        label_mode: "fine" for the 100 classes, "coarse" for the 20 groups.
        path: that archive, or a folder with it or with the .bin files; nowhere else is then searched.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (50000, 32, 32, 3) and (10000, 32, 32, 3), uint8, 0 to
        255; y of shape (50000, 1) and (10000, 1), uint8.

    Raises:
        ValueProblem: for another label_mode; when the data is found nowhere, with all the places searched; for damaged
            files at `path`.

    >>> load_data("both")
    Traceback (most recent call last):
    chainrule.errors.ValueProblem: Got label_mode='both'; expected 'coarse' or 'fine'. To mend it: e.g. ...
    """
    label = LABELS.index(one_of(LABELS, label_mode=label_mode))

    def read(path: Path) -> Split | None:
        files = read_files(path, DATASET, ARCHIVE, FOLDER)
        return (to_images(files[:1], 2, label), to_images(files[1:], 2, label)) if files else None

    return find(DATASET, read, path, remotes=REMOTES, mend=f"put {ARCHIVE} there")
