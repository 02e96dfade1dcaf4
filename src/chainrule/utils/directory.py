"""A folder of images as a data set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..core.arguments import at_least, each_at_least, one_of
from ..core.errors import MissingFileError, ValueProblem
from ..core.terminal import echo
from .arrays import Array, to_categorical
from .batches import Batches, check_format, seed_or_random
from .images import INTERPOLATIONS, MODES, img_to_array, is_channels_first, load_img, resize

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


class Pictures(Batches):
    """Images of a folder, from `image_dataset_from_directory`; each is read when its batch is.

    class_names: of the labels, in order; None without labels. file_paths: in the order of the first epoch.
    """

    def __init__(
        self, file_paths: list[str], labels: Array | None, class_names: list[str] | None, reading: tuple[Any, ...],
        **batches: Any,
    ) -> None:  # fmt: skip
        super().__init__(len(file_paths), **batches)
        self.file_paths, self.labels, self.class_names = file_paths, labels, class_names
        self._reading = reading  # the further arguments of `_read`

    def entries(self, indices: Array) -> Any:
        """Read the images at these indices, with their labels if there are any."""
        x = np.stack([_read(self.file_paths[i], *self._reading) for i in indices])
        return x if self.labels is None else (x, self.labels[indices])


def _read(path: str, color_mode: str, size: tuple[int, int], interpolation: str, fit: str, is_first: bool) -> Array:
    image = resize(img_to_array(load_img(path, color_mode), dtype="float32"), size, interpolation, fit)
    return image.transpose(2, 0, 1) if is_first else image


def image_dataset_from_directory(
    directory: str | os.PathLike[str], labels: Any = "inferred", label_mode: str | None = "int",
    class_names: Sequence[str] | None = None, color_mode: str = "rgb", batch_size: int | None = 32,
    image_size: Any = (256, 256), shuffle: bool = True, seed: int | None = None, validation_split: float | None = None,
    subset: str | None = None, interpolation: str = "bilinear", follow_links: bool = False,
    crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False, data_format: str | None = None,
    format: str = "tf", verbose: bool = True,
) -> Pictures | tuple[Pictures, Pictures]:  # fmt: skip
    """Make batches of the images in a folder, read lazily (``keras.utils.image_dataset_from_directory``).

    The files are listed, shuffled and split in Keras's order, so that a seed gives the same parts as in Keras.

    Args:
        directory: with a subfolder for each class; every .bmp, .gif, .jpeg, .jpg and .png below it is used.
        labels: "inferred" from the subfolders; a list of whole numbers for the files in the order of their paths; or
            None.
        label_mode: "int" for int32 labels (batch,); "categorical" for float32 vectors (batch, classes); "binary" for
            float32 (batch, 1) of two classes; None for no labels.
        class_names: the subfolders to use, in the order of their labels; default all, sorted.
        color_mode: "grayscale", "rgb" or "rgba". batch_size: None for single images. image_size: (height, width).
        shuffle: whether the files come in random order, a new one after each `on_epoch_end`.
        seed: of the orders; None for a random one, which is not allowed with a split.
        validation_split: the fraction held out, from the end of the order. subset: "training", "validation" or "both".
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5", without averaging, as Keras.
        follow_links: whether to enter folders through links. crop_to_aspect_ratio: whether to crop the centre to the
            target's aspect ratio first. pad_to_aspect_ratio: whether to add black edges instead.
        data_format: "channels_last", the default, or "channels_first".
        format: Keras's argument, without effect. verbose: whether to print the counts.

    Returns:
        a `PyDataset` with ``class_names`` and ``file_paths``, whose batches are (x, y), or x without labels: x of shape
        (batch, height, width, channels), float32, 0 to 255. Two of them for "both".

    Raises:
        ValueProblem: for a folder that cannot be listed or has no images, and for arguments that do not fit together;
            when its batch is read, for a file that is not a complete image.

    ::

        train, valid = image_dataset_from_directory("pets", validation_split=0.2, subset="both", seed=1)
        x, y = train[0]
    """
    _check_labels(labels, label_mode, class_names)
    _check_split(validation_split, subset, shuffle, seed)
    one_of(INTERPOLATIONS, interpolation=interpolation)
    check_format(format)
    if batch_size is not None:
        batch_size = at_least(1, batch_size=batch_size)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueProblem("both crop_to_aspect_ratio and pad_to_aspect_ratio", "one of them", "leave one out")
    if labels is None or label_mode is None:
        labels = label_mode = None
    seed = seed_or_random(seed)
    paths, numbers, names = _list_files(Path(directory), labels, class_names, follow_links)
    if verbose:
        echo(f"Found {len(paths)} files" + (f" belonging to {len(names)} classes." if names is not None else "."))
    if label_mode == "binary" and names is not None and len(names) != 2:
        raise ValueProblem(f"label_mode='binary' with {len(names)} classes", "two classes", "use 'int'")
    if shuffle:
        np.random.RandomState(seed).shuffle(paths)  # as Keras does, so that both libraries split alike
        np.random.RandomState(seed).shuffle(numbers)
    encoded = _encode_labels(numbers, label_mode, len(names or []))
    cut = len(paths) - int((validation_split or 0) * len(paths))
    one_of(MODES, color_mode=color_mode)
    size = each_at_least(1, 2, image_size=image_size)
    fit = "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else ""
    options = (color_mode, size, interpolation, fit, is_channels_first(data_format))
    parts = {"training": slice(cut), "validation": slice(cut, None)}
    chosen = {"": slice(None)} if subset is None else parts if subset == "both" else {subset: parts[subset]}
    datasets = []
    for part, files in chosen.items():
        if part and verbose:
            echo(f"Using {len(paths[files])} files for {part}.")
        if not paths[files]:
            passed = f"no images{f' for {subset}' if subset else ''} in {str(directory)!r}"
            raise ValueProblem(passed, "files ending in " + ", ".join(ENDINGS), "check the folder, or the split")
        order = shuffle and not (subset == "both" and part == "validation")
        some = None if encoded is None else encoded[files]
        datasets.append(Pictures(paths[files], some, names, options, batch_size=batch_size, shuffle=order, seed=seed))
    return datasets[0] if len(datasets) == 1 else (datasets[0], datasets[1])


def _check_labels(labels: Any, label_mode: str | None, class_names: Sequence[str] | None) -> None:
    """Check that these arguments fit together."""
    one_of(("int", "categorical", "binary", None), label_mode=label_mode)
    if not (labels is None or (isinstance(labels, str) and labels == "inferred") or isinstance(labels, list | tuple)):
        raise ValueProblem(f"labels={labels!r}", "'inferred', None, or a list of whole numbers", "pass one of these")
    if class_names is not None and (not isinstance(labels, str) or label_mode is None):
        raise ValueProblem("class_names without inferred labels", "labels='inferred'", "leave class_names out")


def _check_split(validation_split: float | None, subset: str | None, shuffle: bool, seed: int | None) -> None:
    """Check that these arguments fit together."""
    one_of(("training", "validation", "both", None), subset=subset)
    if (validation_split is None) != (subset is None):
        passed = f"validation_split={validation_split}, subset={subset!r}"
        raise ValueProblem(passed, "both or neither", "pass the other too")
    if validation_split is not None and not (isinstance(validation_split, float) and 0 < validation_split < 1):
        raise ValueProblem(f"validation_split={validation_split!r}", "a fraction between 0 and 1", "pass e.g. 0.2")
    if validation_split is not None and shuffle and seed is None:
        raise ValueProblem("a shuffled split without a seed", "a seed, so that the parts do not overlap", "pass seed=1")


def _list_files(
    directory: Path, labels: Any, class_names: Sequence[str] | None, follow_links: bool
) -> tuple[list[str], Array, list[str] | None]:
    """Return the files, their labels and the names of the classes, before any shuffling."""
    if not directory.exists():
        raise MissingFileError(f"{str(directory)!r}, which does not exist", "a folder with images")
    if not directory.is_dir():
        raise ValueProblem(f"{str(directory)!r}, which is not a folder", "a folder with images", "check the path")
    if not isinstance(labels, str):
        paths = list(_walk(directory, follow_links))
        if labels is None:
            return paths, np.zeros(len(paths), np.int32), None
        if len(labels) != len(paths):
            raise ValueProblem(f"{len(labels)} labels for {len(paths)} files", "one for each", "check the list")
        if not all(isinstance(v, int | np.integer) for v in labels):
            raise ValueProblem("labels that are not whole numbers", "whole numbers from 0", "number the classes")
        return paths, np.array(labels, np.int32), [str(v) for v in sorted(set(labels))]
    subfolders = sorted(f.name for f in directory.iterdir() if f.is_dir() and not f.name.startswith("."))
    names = subfolders if class_names is None else list(class_names)
    if not set(names) <= set(subfolders) or len(set(names)) != len(names):
        raise ValueProblem(f"class_names={names}", f"names of {subfolders}, each once", "check the spelling")
    files = [(path, label) for label, name in enumerate(names) for path in _walk(directory / name, follow_links)]
    return [path for path, _ in files], np.array([label for _, label in files], np.int32), names


def _walk(folder: Path, follow_links: bool) -> Iterator[str]:
    """Yield the images below a folder, sorted by folder and name."""

    def unreadable(error: OSError) -> None:
        passed = f"{error.filename} ({error.strerror})"
        raise ValueProblem(passed, "a folder that can be listed", "check its permissions")

    for root, _, files in sorted(os.walk(folder, onerror=unreadable, followlinks=follow_links)):
        yield from (os.path.join(root, name) for name in sorted(files) if name.lower().endswith(ENDINGS))


def _encode_labels(numbers: Array, label_mode: str | None, classes: int) -> Array | None:
    """Return the labels in the form of `label_mode`."""
    if label_mode is None:
        return None
    if label_mode == "categorical":
        vectors: Array = to_categorical(numbers, classes)
        return vectors.astype(np.float32)
    return numbers.astype(np.float32)[:, None] if label_mode == "binary" else numbers
