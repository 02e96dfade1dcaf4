"""CIFAR-10: 60,000 colour images in 10 classes, 32 by 32.

Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", University of Toronto (2009),
https://www.cs.toronto.edu/~kriz/cifar.html. Licence: none is stated; its page asks that the report be cited.
Checksums: `DATASET.sha256s`, of the unpacked files of its binary version. The Python version, which Keras keeps in its
cache, is a pickle, and reading a pickle runs code: it is not read here.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .files import Array, Dataset, Remote, Split, check_sha256, file_problem, find, read_decompressed, read_tar

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DATASET = Dataset(
    "cifar10",
    "60,000 colour images in 10 classes",
    "x (50000, 32, 32, 3) and (10000, 32, 32, 3) uint8, 0 to 255; y (50000, 1) and (10000, 1) uint8, 0 to 9",
    "A. Krizhevsky, Learning multiple layers of features from tiny images (2009), www.cs.toronto.edu/~kriz/cifar.html",
    "none stated; cite the report",
    {
        "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
        "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
        "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
        "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
        "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    },
)
ARCHIVE, FOLDER = "cifar-10-binary.tar.gz", "cifar-10-batches-bin"
SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"  # of the archive
REMOTES = (Remote(f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}", SHA256),)


def load_data(path: str | os.PathLike[str] | None = None) -> Split:
    """Load the images as ``keras.datasets.cifar10.load_data`` does.

    They are looked for in the folders of `chainrule.datasets.files`, as ``cifar-10-binary.tar.gz`` or its folder of
    .bin files.

    Args:
        path: that archive, or a folder with it or with the .bin files; nowhere else is then searched.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (50000, 32, 32, 3) and (10000, 32, 32, 3), uint8, 0 to
        255; y of shape (50000, 1) and (10000, 1), uint8, an index into `CLASSES`.

    Raises:
        ValueProblem: when the data is found nowhere, with all the places searched; for damaged files at `path`.

    >>> CLASSES[3], len(DATASET.sha256s)
    ('cat', 6)
    """

    def read(path: Path) -> Split | None:
        files = read_files(path, DATASET, ARCHIVE, FOLDER)
        return (to_images(files[:-1], 1, 0), to_images(files[-1:], 1, 0)) if files else None

    return find(DATASET, read, path, remotes=REMOTES, mend=f"put {ARCHIVE} there")


def read_files(path: Path, dataset: Dataset, archive: str, folder: str) -> list[bytes] | None:
    """Return the verified contents of the .bin files from the archive or a folder; None if it has none of them."""
    names = list(dataset.sha256s)
    if os.path.isfile(path / archive):
        path /= archive
    source: Path | None = path
    if os.path.isfile(path):
        contents = read_tar(path, names)
    else:
        source = next((f for f in (path / folder, path) if any(os.path.isfile(f / name) for name in names)), None)
        if source is None:
            if any(path.glob(archive.replace("binary.tar.gz", "*py*"))):
                raise file_problem(path, "a pickle: reading it runs code", f"{archive}, the binary version", "")
            return None
        contents = [read_decompressed(source / name) for name in names]
    for name, data in zip(names, contents, strict=True):
        check_sha256(data, dataset.sha256s[name], f"{source}, {name}")
    return contents


def to_images(files: list[bytes], labels: int, label: int) -> tuple[Array, Array]:
    """Return x and y from records of `labels` label bytes, of which y is number `label`, and 3 planes of 32 by 32."""
    records = np.frombuffer(b"".join(files), np.uint8).reshape(-1, labels + 3072)
    x = records[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(x), records[:, label : label + 1].copy()
