"""A folder of pictures as a data set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ValueProblem
from ..datasets.split import at_least
from .arrays import Array, to_categorical
from .batches import Batches, of_format, settled
from .images import (
    INTERPOLATIONS,
    height_and_width,
    img_to_array,
    is_first,
    load_img,
    of_mode,
    resize,
)

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


class Pictures(Batches):
    """What `image_dataset_from_directory` makes: pictures read when their batch is asked for.

    class_names: of the labels, in order; None without labels. file_paths: in the order of the first epoch.
    """

    def __init__(
        self,
        file_paths: list[str],
        labels: Array | None,
        class_names: list[str] | None,
        color_mode: str,
        size: tuple[int, int],
        interpolation: str,
        fit: str,
        first: bool,
        **batches: Any,
    ) -> None:
        super().__init__(len(file_paths), **batches)
        self.file_paths, self.labels, self.class_names = file_paths, labels, class_names
        self._color_mode, self._size, self._interpolation = color_mode, size, interpolation
        self._fit, self._first = fit, first

    def entries(self, at: Array) -> Any:
        x = np.stack([self._picture(self.file_paths[i]) for i in at])
        return x if self.labels is None else (x, self.labels[at])

    def _picture(self, path: str) -> Array:
        picture = img_to_array(load_img(path, self._color_mode), dtype="float32")
        picture = resize(picture, self._size, self._interpolation, self._fit)
        return picture.transpose(2, 0, 1) if self._first else picture


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Pictures | tuple[Pictures, Pictures]:
    """Batches of the pictures in a folder, read lazily (``keras.utils.image_dataset_from_directory``).

    The files are listed, shuffled and split in Keras's order, so that a seed gives the same parts as there.

    Args:
        directory: with a subfolder for each class; any .bmp, .gif, .jpeg, .jpg or .png below it counts.
        labels: "inferred" from the subfolders; a list of whole numbers for the files in the order of their paths; or
            None.
        label_mode: "int" for int32 labels (batch,); "categorical" for float32 vectors (batch, classes); "binary" for
            float32 (batch, 1) of two classes; None for no labels.
        class_names: the subfolders to use, in the order of their labels; default all, sorted.
        color_mode: "grayscale", "rgb" or "rgba". batch_size: None for single pictures. image_size: (height, width).
        shuffle: whether the files come in random order, another for each epoch that `on_epoch_end` closes.
        seed: of the orders; none for others each time, which a split does not allow.
        validation_split: the fraction, at the end of the order, held out. subset: "training", "validation" or "both".
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5", without averaging, as Keras.
        follow_links: whether to enter folders through links. crop_to_aspect_ratio: whether to cut the middle of the
            target's proportions out first. pad_to_aspect_ratio: whether to add black edges instead.
        data_format: "channels_last", as by default, or "channels_first".
        format: Keras's argument; the result is the same whatever it says. verbose: whether to print the counts.

    Returns:
        a `PyDataset` with ``class_names`` and ``file_paths``, whose batches are (x, y), or x without labels: x of shape
        (batch, height, width, channels), float32, 0 to 255. Two of them for "both".

    Raises:
        ValueProblem: for a folder that cannot be listed or holds no pictures, arguments that do not fit; when its batch
            is asked for, for a file that is no whole picture.

    ::

        train, valid = image_dataset_from_directory("pets", validation_split=0.2, subset="both", seed=1)
        x, y = train[0]
    """
    _check(labels, label_mode, class_names, validation_split, subset, shuffle, seed, interpolation)
    of_format(format)
    if batch_size is not None:
        at_least(1, batch_size=batch_size)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueProblem("both crop_to_aspect_ratio and pad_to_aspect_ratio", "one of them", "leave one out")
    if labels is None or label_mode is None:
        labels = label_mode = None
    chosen = settled(seed)
    paths, numbers, names = _listed(Path(directory), labels, class_names, follow_links)
    if verbose:
        print(f"Found {len(paths)} files" + (f" belonging to {len(names)} classes." if names is not None else "."))
    if label_mode == "binary" and names is not None and len(names) != 2:
        raise ValueProblem(f"label_mode='binary' with {len(names)} classes", "two classes", "use 'int'")
    if shuffle:
        np.random.RandomState(chosen).shuffle(paths)  # Keras's rule, so that both split alike
        np.random.RandomState(chosen).shuffle(numbers)
    encoded = _encoded(numbers, label_mode, len(names or []))
    cut = len(paths) - int((validation_split or 0) * len(paths))
    fixed: dict[str, Any] = {
        "class_names": names,
        "color_mode": of_mode(color_mode),
        "size": height_and_width(image_size, "image_size"),
        "interpolation": interpolation,
        "fit": "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else "",
        "first": is_first(data_format),
        "batch_size": batch_size,
        "seed": chosen,
    }
    parts = []
    for part, here in (("training", slice(cut)), ("validation", slice(cut, None))):
        if subset not in (None, part, "both"):
            continue
        here = slice(None) if subset is None else here
        if subset is not None and verbose:
            print(f"Using {len(paths[here])} files for {part}.")
        if not paths[here]:
            raise ValueProblem(
                f"no pictures{f' for {subset}' if subset else ''} in {str(directory)!r}",
                "files ending in " + ", ".join(ENDINGS),
                "check the folder, or the split",
            )
        order = shuffle and not (subset == "both" and part == "validation")
        parts.append(Pictures(paths[here], None if encoded is None else encoded[here], shuffle=order, **fixed))
        if subset is None:
            break
    return parts[0] if len(parts) == 1 else (parts[0], parts[1])


def _check(
    labels: Any,
    label_mode: str | None,
    class_names: Sequence[str] | None,
    validation_split: float | None,
    subset: str | None,
    shuffle: bool,
    seed: int | None,
    interpolation: str,
) -> None:
    """That the arguments fit each other."""
    for name, value, words in (
        ("label_mode", label_mode, ("int", "categorical", "binary", None)),
        ("subset", subset, ("training", "validation", "both", None)),
        ("interpolation", interpolation, INTERPOLATIONS),
    ):
        if value not in words:
            raise ValueProblem(f"{name}={value!r}", "one of " + ", ".join(map(str, words)), "name one of these")
    if not (labels is None or (isinstance(labels, str) and labels == "inferred") or isinstance(labels, list | tuple)):
        raise ValueProblem(f"labels={labels!r}", "'inferred', None, or a list of whole numbers", "pass one of these")
    if class_names is not None and (not isinstance(labels, str) or label_mode is None):
        raise ValueProblem("class_names without inferred labels", "labels='inferred'", "leave class_names out")
    if (validation_split is None) != (subset is None):
        raise ValueProblem(
            f"validation_split={validation_split}, subset={subset!r}", "both or neither", "pass the other too"
        )
    if validation_split is not None and not (isinstance(validation_split, float) and 0 < validation_split < 1):
        raise ValueProblem(f"validation_split={validation_split!r}", "a fraction between 0 and 1", "pass e.g. 0.2")
    if validation_split is not None and shuffle and seed is None:
        raise ValueProblem("a shuffled split without a seed", "a seed, so that the parts stay apart", "pass seed=1")


def _listed(
    directory: Path, labels: Any, class_names: Sequence[str] | None, follow_links: bool
) -> tuple[list[str], Array, list[str] | None]:
    """The files, their labels and the classes, before any shuffling."""
    if not directory.is_dir():
        raise ValueProblem(f"{str(directory)!r}, which is no folder", "a folder with pictures", "check the path")
    if not isinstance(labels, str):
        paths = list(_walk(directory, follow_links))
        if labels is None:
            return paths, np.zeros(len(paths), np.int32), None
        if len(labels) != len(paths):
            raise ValueProblem(f"{len(labels)} labels for {len(paths)} files", "one for each", "check the list")
        if not all(isinstance(v, int | np.integer) for v in labels):
            raise ValueProblem("labels that are no whole numbers", "whole numbers from 0", "number the classes")
        return paths, np.array(labels, np.int32), [str(v) for v in sorted(set(labels))]
    there = sorted(f.name for f in directory.iterdir() if f.is_dir() and not f.name.startswith("."))
    names = there if class_names is None else list(class_names)
    if not set(names) <= set(there) or len(set(names)) != len(names):
        raise ValueProblem(f"class_names={names}", f"names of {there}, each once", "check the spelling")
    found = [(path, label) for label, name in enumerate(names) for path in _walk(directory / name, follow_links)]
    return [path for path, _ in found], np.array([label for _, label in found], np.int32), names


def _walk(folder: Path, follow_links: bool) -> Iterator[str]:
    """The pictures below a folder, sorted by folder and name."""

    def unreadable(error: OSError) -> None:
        raise ValueProblem(f"{error.filename} ({error.strerror})", "a folder that can be listed", "check its rights")

    for root, _, files in sorted(os.walk(folder, onerror=unreadable, followlinks=follow_links)):
        yield from (os.path.join(root, name) for name in sorted(files) if name.lower().endswith(ENDINGS))


def _encoded(numbers: Array, label_mode: str | None, classes: int) -> Array | None:
    """Labels as a batch holds them."""
    if label_mode is None:
        return None
    if label_mode == "categorical":
        vectors: Array = to_categorical(numbers, classes)
        return vectors.astype(np.float32)
    return numbers.astype(np.float32)[:, None] if label_mode == "binary" else numbers
