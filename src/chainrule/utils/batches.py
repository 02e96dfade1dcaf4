"""Data sets of indexed batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.arguments import at_least, between, one_of
from ..core.errors import IndexProblem, ShapeError, ValueProblem
from .arrays import Array, as_numeric_array


class PyDataset:
    """The base of a data set of batches (``keras.utils.PyDataset``).

    A subclass defines ``__len__``, the number of batches, and ``__getitem__``, the batch of an index: x, (x, y) or
    (x, y, sample_weight). ``on_epoch_begin`` and ``on_epoch_end`` are called before and after each epoch.

    Args:
        workers: with 0, `fit` reads each batch between two steps; with any other number, one thread reads it while the
            step before is computed.
        use_multiprocessing, max_queue_size: Keras's arguments, without effect here.

    A subclass may set ``in_order``, so that `fit` reads the batches in order and leaves shuffling to it; and define
    ``get_state()`` and ``set_state(state)``, plain data about its position, for checkpoints.

    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...
    ...     def __getitem__(self, index):
    ...         x = np.arange(3) + 3 * index
    ...         return x, x**2
    >>> [y.tolist() for x, y in Squares()]
    [[0, 1, 4], [9, 16, 25]]
    """

    # class attributes too, for subclasses whose __init__ does not call this one
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10
    in_order: bool = False

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        raise ValueProblem(f"{type(self).__name__} without __getitem__", "the batch of an index", "define __getitem__")

    @property
    def num_batches(self) -> int | None:
        """The number of batches; a subclass may return None for an endless data set."""
        if not hasattr(self, "__len__"):
            raise ValueProblem(f"{type(self).__name__} without __len__", "the number of batches", "define __len__")
        return len(self)

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Do nothing; `fit` calls it before each epoch."""

    def on_epoch_end(self) -> None:
        """Do nothing; `fit` calls it after each epoch."""


Sequence = PyDataset  # Keras's older name


class Batches(PyDataset):
    """Batches of entries that a subclass returns by index, in order or in a new random order for each epoch.

    An epoch ends when `fit` says so, or, in a loop of one's own, when the next one begins: ``for batch in data``.

    Args:
        count: number of entries. batch_size: entries in a batch, fewer in the last; None for single entries without a
            batch axis.
        shuffle: whether `on_epoch_end` draws a new order. seed: of the orders.
    """

    def __init__(self, count: int, batch_size: int | None, shuffle: bool, seed: int) -> None:
        super().__init__()
        self.count, self.batch_size, self.shuffle, self.seed = count, batch_size, shuffle, seed
        self.epoch, self.order = 0, np.arange(count)
        self._has_been_iterated = False

    def __iter__(self) -> Iterator[Any]:
        if self._has_been_iterated:
            self.on_epoch_end()
        self._has_been_iterated = True
        return super().__iter__()

    def __len__(self) -> int:
        return self.count if self.batch_size is None else -(-self.count // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if not isinstance(index, int | np.integer) or not -len(self) <= index < len(self):
            raise IndexProblem(f"batch {index!r}", f"a number from 0 to {len(self) - 1}", "ask for fewer batches")
        size = self.batch_size or 1
        start = index % len(self) * size
        batch = self.entries(self.order[start : start + size])
        if self.batch_size is not None:
            return batch
        return tuple(part[0] for part in batch) if isinstance(batch, tuple) else batch[0]

    def entries(self, indices: Array) -> Any:
        """Return the entries at these indices, stacked along a first axis."""
        raise NotImplementedError

    def take(self, count: int) -> Iterator[Any]:
        """Return an iterator over the first `count` batches in the present order: ``for x, y in data.take(1)``."""
        return itertools.islice(super().__iter__(), count)

    def cache(self, *args: Any) -> Batches:
        """Return the data set itself: tf.data's method, without effect here."""
        return self

    prefetch = cache

    def get_state(self) -> dict[str, int]:
        """Return which order is in use, for a checkpoint."""
        return {"epoch": self.epoch}

    def set_state(self, state: dict[str, int]) -> None:
        """Restore the order that `get_state` returned."""
        self.epoch = int(state["epoch"]) - 1
        self.order = np.arange(self.count)
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Draw the next epoch's order, which depends only on the seed and the epoch number."""
        self.epoch += 1
        if self.shuffle and self.epoch:
            self.order = np.random.default_rng([self.seed, self.epoch]).permutation(self.count)


def seed_or_random(seed: int | None) -> int:
    """Return the seed, a whole number from 0 to 2**32 - 1, or a random one for None."""
    if seed is None:
        return int(np.random.default_rng().integers(2**31))
    return between(0, 2**32 - 1, seed=seed)


def check_format(format: str) -> None:
    """Check Keras's argument for the type of data set, which has no effect here."""
    one_of(("tf", "grain"), format=format)


class Windows(Batches):
    """Windows over a series, from `timeseries_dataset_from_array`."""

    def __init__(self, data: Array, targets: Array | None, starts: Array, offsets: Array, **batches: Any) -> None:
        super().__init__(len(starts), **batches)
        self.data, self.targets, self.starts, self.offsets = data, targets, starts, offsets

    def entries(self, indices: Array) -> Any:
        """Return the windows at these indices, with their targets if there are any."""
        starts = self.starts[indices]
        x = self.data[starts[:, None] + self.offsets]
        return x if self.targets is None else (x, self.targets[starts])


def timeseries_dataset_from_array(
    data: Any, targets: Any, sequence_length: int, sequence_stride: int = 1, sampling_rate: int = 1,
    batch_size: int | None = 128, shuffle: bool = False, seed: int | None = None, start_index: int | None = None,
    end_index: int | None = None, format: str = "tf",
) -> Windows:  # fmt: skip
    """Make batches of windows over a series (``keras.utils.timeseries_dataset_from_array``).

    Args:
        data: steps along the first axis. targets: for each step, the target of the window that starts there; or None.
        sequence_length: steps in a window. sequence_stride: steps from the start of one window to the next.
        sampling_rate: steps from one entry of a window to the next.
        batch_size: windows in a batch; None for single windows. shuffle: whether the windows come in random order,
            a new one after each `on_epoch_end`. seed: of the orders; None for a random one.
        start_index, end_index: use the data from start_index up to but not including end_index.
        format: Keras's argument, without effect.

    Returns:
        a `PyDataset` of batches (x, y), or x without targets: x of shape (windows, sequence_length, ...).

    Raises:
        ValueProblem: for a number out of range. ShapeError: for data without a first axis, or too short for a window.

    >>> series = timeseries_dataset_from_array(np.arange(5), None, sequence_length=3)
    >>> series[0]
    array([[0, 1, 2],
           [1, 2, 3],
           [2, 3, 4]])
    """
    steps = as_numeric_array(data, "data")
    if not steps.ndim:
        raise ShapeError("data without axes", "steps along the first axis", "pass a list")
    check_format(format)
    sequence_length = at_least(1, sequence_length=sequence_length)
    sequence_stride = at_least(1, sequence_stride=sequence_stride)
    sampling_rate = at_least(1, sampling_rate=sampling_rate)
    if batch_size is not None:
        batch_size = at_least(1, batch_size=batch_size)
    start = at_least(0, start_index=0 if start_index is None else start_index)
    end = at_least(start + 1, end_index=len(steps) if end_index is None else end_index)
    if end > len(steps):
        raise ValueProblem(f"end_index={end}", f"at most the {len(steps)} steps", "leave it out to use them all")
    steps = steps[start:end]
    count = len(steps) - (sequence_length - 1) * sampling_rate
    labels = None
    if targets is not None:
        # as Keras: indexed like the data, and windows that start past the targets' end are left out
        labels = as_numeric_array(targets, "targets")
        count = min(count, len(labels)) if labels.ndim else 0
        labels = labels[start:end] if labels.ndim else labels
        count = min(count, len(labels)) if labels.ndim else 0
    if count < 1:
        passed = f"{len(steps)} steps"
        raise ShapeError(passed, f"at least {(sequence_length - 1) * sampling_rate + 1}, with a target", "pass more")
    seed = seed_or_random(seed)
    starts = np.arange(0, count, sequence_stride)
    if shuffle:
        np.random.RandomState(seed).shuffle(starts)  # the first order is Keras's
    offsets = np.arange(sequence_length) * sampling_rate
    return Windows(steps, labels, starts, offsets, batch_size=batch_size, shuffle=shuffle, seed=seed)
