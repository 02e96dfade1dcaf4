"""Data sets that hand out batches by number."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.errors import IndexProblem, ShapeError, ValueProblem
from ..datasets.split import at_least
from .arrays import Array, numbers


class PyDataset:
    """The base of a data set of batches (``keras.utils.PyDataset``).

    A class of yours gives ``__len__``, the number of batches, and ``__getitem__``, the batch of a number: x, (x, y) or
    (x, y, sample_weight). ``on_epoch_begin`` and ``on_epoch_end`` are called about each epoch.

    Args:
        workers: 0 has `fit` read each batch between two steps; any other number, by one thread, while the step before
            is computed.
        use_multiprocessing, max_queue_size: Keras's; kept, so that its programs run, and without effect.

    A class of yours may set ``in_order``, so that `fit` asks for the batches in order and leaves shuffling to it; and
    give ``get_state()`` and ``set_state(state)``, plain data about where it stands, for checkpoints.

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

    # of the class too, for those whose __init__ does not call ours
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10
    in_order: bool = False

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        raise ValueProblem(f"{type(self).__name__} without __getitem__", "the batch of a number", "define __getitem__")

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None, if a class of yours says so, for a set without end."""
        if not hasattr(self, "__len__"):
            raise ValueProblem(f"{type(self).__name__} without __len__", "the number of batches", "define __len__")
        return len(self)

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


Sequence = PyDataset  # Keras's older name


class Batches(PyDataset):
    """Batches of entries that a subclass makes from their numbers, in order or shuffled anew for each epoch.

    Args:
        count: of entries. batch_size: entries a batch, fewer in the last; None for single entries without a batch axis.
        shuffle: whether `on_epoch_end` puts the entries in another order. seed: of the orders.
    """

    def __init__(self, count: int, batch_size: int | None, shuffle: bool, seed: int) -> None:
        super().__init__()
        self.count, self.batch_size, self.shuffle, self.seed = count, batch_size, shuffle, seed
        self.epoch, self.order = 0, np.arange(count)

    def __len__(self) -> int:
        return self.count if self.batch_size is None else -(-self.count // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if not isinstance(index, int | np.integer) or not -len(self) <= index < len(self):
            raise IndexProblem(f"batch {index!r}", f"a number from 0 to {len(self) - 1}", "ask for fewer batches")
        size = self.batch_size or 1
        start = index % len(self) * size
        found = self.entries(self.order[start : start + size])
        if self.batch_size is not None:
            return found
        return tuple(part[0] for part in found) if isinstance(found, tuple) else found[0]

    def entries(self, at: Array) -> Any:
        """The entries of these numbers, with a first axis of their count."""
        raise NotImplementedError

    def take(self, count: int) -> Iterator[Any]:
        """The first `count` batches, as ``for x, y in data.take(1)`` asks for them."""
        return itertools.islice(iter(self), count)

    def cache(self, *args: Any) -> Batches:
        """The data set itself: a word of tf.data's, without effect here."""
        return self

    prefetch = cache

    def get_state(self) -> dict[str, int]:
        """Which order is in force, for a checkpoint."""
        return {"epoch": self.epoch}

    def set_state(self, state: dict[str, int]) -> None:
        """Take up the order that `get_state` told."""
        self.epoch = int(state["epoch"]) - 1
        self.order = np.arange(self.count)
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """The next epoch's order, which the seed and the epoch's number settle."""
        self.epoch += 1
        if self.shuffle and self.epoch:
            self.order = np.random.default_rng([self.seed, self.epoch]).permutation(self.count)


def settled(seed: int | None) -> int:
    """The seed, or one drawn if there is none."""
    if seed is None:
        return int(np.random.default_rng().integers(2**31))
    at_least(0, seed=seed)
    if seed >= 2**32:
        raise ValueProblem(f"seed={seed}", "less than 2**32", "pass e.g. seed=1")
    return int(seed)


def of_format(format: str) -> None:
    """Keras's word for the kind of data set it makes: here either word means ours."""
    if format not in ("tf", "grain"):
        raise ValueProblem(f"format={format!r}", "'tf' or 'grain', which change nothing here", "leave it out")


class Windows(Batches):
    """What `timeseries_dataset_from_array` makes."""

    def __init__(self, data: Array, targets: Array | None, starts: Array, offsets: Array, **batches: Any) -> None:
        super().__init__(len(starts), **batches)
        self.data, self.targets, self.starts, self.offsets = data, targets, starts, offsets

    def entries(self, at: Array) -> Any:
        starts = self.starts[at]
        x = self.data[starts[:, None] + self.offsets]
        return x if self.targets is None else (x, self.targets[starts])


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Windows:
    """Batches of windows over a series (``keras.utils.timeseries_dataset_from_array``).

    Args:
        data: steps along the first axis. targets: for each step, that of the window which begins there; or None.
        sequence_length: steps in a window. sequence_stride: steps from one window's begin to the next's.
        sampling_rate: steps from one entry of a window to the next.
        batch_size: windows in a batch; None for single windows. shuffle: whether the windows come in random order,
            another for each epoch that `on_epoch_end` closes. seed: of the orders; none for others each time.
        start_index, end_index: use the data from the one up to, without, the other.
        format: Keras's argument; the result is the same whatever it says.

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
    steps = numbers(data, "data")
    if not steps.ndim:
        raise ShapeError("data without axes", "steps along the first axis", "pass a list")
    of_format(format)
    at_least(1, sequence_length=sequence_length, sequence_stride=sequence_stride, sampling_rate=sampling_rate)
    if batch_size is not None:
        at_least(1, batch_size=batch_size)
    start, end = 0 if start_index is None else start_index, len(steps) if end_index is None else end_index
    at_least(0, start_index=start)
    at_least(start + 1, end_index=end)
    if end > len(steps):
        raise ValueProblem(f"end_index={end}", f"at most the {len(steps)} steps", "leave it out to use them all")
    steps = steps[start:end]
    count = len(steps) - (sequence_length - 1) * sampling_rate
    wanted = None
    if targets is not None:
        # as Keras: numbered like the data, and windows that begin past the targets' end are left out
        wanted = numbers(targets, "targets")
        count = min(count, len(wanted)) if wanted.ndim else 0
        wanted = wanted[start:end] if wanted.ndim else wanted
        count = min(count, len(wanted)) if wanted.ndim else 0
    if count < 1:
        raise ShapeError(
            f"{len(steps)} steps", f"at least {(sequence_length - 1) * sampling_rate + 1}, with a target", "pass more"
        )
    chosen = settled(seed)
    starts = np.arange(0, count, sequence_stride)
    if shuffle:
        np.random.RandomState(chosen).shuffle(starts)  # Keras's rule for the first order
    offsets = np.arange(sequence_length) * sampling_rate
    return Windows(steps, wanted, starts, offsets, batch_size=batch_size, shuffle=shuffle, seed=chosen)
