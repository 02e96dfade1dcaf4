"""The base class of data adapters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..ops.random import SeedGenerator, random_permutation
from .arrays import Array


class DataAdapter:
    """Batches for training, evaluation or prediction.

    Attributes:
        count: batches an epoch; ``None`` if that is not known before its end. examples: examples an epoch, if known.
        resumable: whether an epoch can be entered in the middle.
        is_infinite: whether epochs continue where the one before ended, and none begins anew.
        stream: the random stream that the orders of epochs are drawn from, if they are shuffled.
        ahead: whether another thread may read a batch while the one before is in use.
        reuses_buffers: whether a batch may be in memory that the next one is written to.
        used: the state after the batches used so far, in a tuple, while others are read ahead of them.
    """

    count: int | None = None
    examples: int | None = None
    resumable = True
    is_infinite = False
    shuffle = False
    stream: SeedGenerator | None = None
    ahead = True
    reuses_buffers = False
    used: tuple[Any] | None = None

    def order(self, epoch: int, count: int) -> Array | None:
        """Return the order in which an epoch takes `count` things; ``None``: as they are.

        It depends only on the stream's key and the epoch's number.
        """
        if self.key is None:
            return None
        return random_permutation(self.key, np.array(epoch, np.uint32), n=count).numpy()

    @property
    def key(self) -> Array | None:
        """The two words that, with its number, decide an epoch's order; ``None`` without shuffling."""
        return self.stream.state.numpy()[:2] if self.shuffle and self.stream is not None else None

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """Yield the epoch's batches from number `first` on: x, y, sample_weight, as nested arrays."""
        raise NotImplementedError

    def end_epoch(self) -> None:
        """Do what the data needs after an epoch."""

    def get_state(self) -> Any:
        """Return the position in the data, for a checkpoint; ``None`` if epoch and batch numbers give it."""
        return None

    def set_state(self, state: Any) -> None:
        """Return to the position that `get_state` returned."""

    def state_to_save(self) -> Any:
        """Return the state for a checkpoint: that after the batches used, whatever was read ahead of them."""
        return self.get_state() if self.used is None else self.used[0]
