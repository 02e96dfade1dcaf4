"""A data set in two parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arguments import at_least
from ..core.errors import ShapeError, ValueProblem
from ..tensors.tree import Unflatten, flatten
from .arrays import Array, as_numeric_array
from .batches import Batches, PyDataset


def split_dataset(
    dataset: Any, left_size: float | None = None, right_size: float | None = None, shuffle: bool = False,
    seed: int | None = None, preferred_backend: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Split a data set in two, the left part from its start and the right from its end (``keras.utils.split_dataset``).

    Args:
        dataset: an array; a list or tuple of arrays with first axes of one length; or a data set: of examples by index,
            such as PyTorch's, or a `PyDataset` of batches, whose examples are split.
        left_size, right_size: number of entries, or their fraction if a float; the default of each is what the other
            leaves.
        shuffle: whether to shuffle first. seed: of the order; None for a new order each time.
        preferred_backend: Keras's argument, ignored; the result is NumPy arrays, or data sets for a data set.

    Returns:
        left and right, each an array or a tuple of arrays; of a data set data sets, batches of the same size for
        batches. The examples of a `PyDataset` of your own are read at once.

    Raises:
        ValueProblem: for no size, a size out of range, an empty part. ShapeError: for unequal lengths.

    >>> left, right = split_dataset(np.arange(10), left_size=0.8)
    >>> right
    array([8, 9])
    """
    is_data_set = hasattr(dataset, "__getitem__") and not isinstance(dataset, list | tuple | dict | str)
    if not is_data_set or hasattr(dataset, "__array__") or hasattr(dataset, "to_numpy"):
        arrays = [as_numeric_array(a, "data") for a in (dataset if isinstance(dataset, list | tuple) else [dataset])]
        lengths = {len(a) if a.ndim else 0 for a in arrays}
        if len(lengths) != 1:
            raise ShapeError(
                f"arrays of lengths {sorted(lengths)}", "at least one array, all of one length", "cut them"
            )
        left, right = _parts(lengths.pop(), left_size, right_size, shuffle, seed)
        if isinstance(dataset, list | tuple):
            return tuple(a[left] for a in arrays), tuple(a[right] for a in arrays)
        return arrays[0][left], arrays[0][right]
    if isinstance(dataset, PyDataset):
        batches = dataset if isinstance(dataset, Batches) else _read(dataset)
        left, right = _parts(batches.count, left_size, right_size, shuffle, seed)
        return BatchesOfPart(batches, left), BatchesOfPart(batches, right)
    left, right = _parts(len(dataset), left_size, right_size, shuffle, seed)
    return Part(dataset, left), Part(dataset, right)


def _parts(
    total: int, left_size: float | None, right_size: float | None, shuffle: bool, seed: int | None
) -> tuple[Array, Array]:
    """Return the indices of the entries on each side."""
    counts = [_count(name, size, total) for name, size in (("left_size", left_size), ("right_size", right_size))]
    if counts == [None, None]:
        raise ValueProblem("neither left_size nor right_size", "one of them", "pass e.g. left_size=0.8")
    left = counts[0] if counts[0] is not None else total - (counts[1] or 0)
    right = counts[1] if counts[1] is not None else total - left
    if left < 1 or right < 1 or left + right > total:
        passed = f"parts of {left} and {right} of {total} entries"
        raise ValueProblem(passed, "at least one in each, no more than all", "change a size")
    order = np.random.default_rng(seed).permutation(total) if shuffle else np.arange(total)
    return order[:left], order[total - right :]


class Part:
    """Some of a data set's examples, by index."""

    def __init__(self, data: Any, indices: Array) -> None:
        self.data, self.indices = data, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.data[int(self.indices[index])]


class BatchesOfPart(Batches):
    """Some of the entries of a data set of batches, in batches of the same size, shuffled in each epoch as its are."""

    def __init__(self, data: Batches, indices: Array) -> None:
        super().__init__(len(indices), data.batch_size, data.shuffle, data.seed)
        self.data, self.indices = data, data.order[indices]

    def entries(self, indices: Array) -> Any:
        return self.data.entries(self.indices[indices])


class BatchesOfArrays(Batches):
    """Batches of arrays in memory."""

    def __init__(self, arrays: list[Array], unflatten: Unflatten, batch_size: int) -> None:
        super().__init__(len(arrays[0]), batch_size, False, 0)
        self.arrays, self.unflatten = arrays, unflatten

    def entries(self, indices: Array) -> Any:
        return self.unflatten([a[indices] for a in self.arrays])


def _read(dataset: PyDataset) -> BatchesOfArrays:
    """Read all batches of a data set that has an end."""
    if dataset.num_batches is None:
        raise ValueProblem("a data set without an end", "one with a number of batches", "define its __len__")
    leaves: list[list[Any]] = []
    for batch in dataset:
        flat, unflatten = flatten(batch)
        leaves.append([np.asarray(a) for a in flat])
    if not leaves:
        raise ValueProblem("a data set without batches", "at least one", "check its __len__")
    arrays = [np.concatenate(parts) for parts in zip(*leaves, strict=True)]
    return BatchesOfArrays(arrays, unflatten, max(len(batch[0]) for batch in leaves))


def _count(name: str, size: float | None, total: int) -> int | None:
    """Return the number of entries that a size means."""
    if size is None:
        return None
    if isinstance(size, float):
        if not 0 < size < 1:
            raise ValueProblem(f"{name}={size}", "a fraction between 0 and 1, or a whole number", "pass e.g. 0.8")
        return round(size * total)
    return at_least(1, **{name: size})
