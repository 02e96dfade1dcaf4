"""The steps of each epoch: in chunks sized by the clock, or one by one, the next batch read meanwhile."""

from __future__ import annotations

import copy
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..distribution import max_over_processes
from ..ops import random
from ..tensors import tree
from ..tensors.variable import Variable
from .adapter_base import DataAdapter
from .array_adapter import ArrayAdapter, Rows
from .prefetch import Prefetcher
from .steps import CompiledStep, Steps

MAX_SECONDS = 0.1  # of a chunk, after which come the clock, the progress line and Ctrl-C


class Chunk:
    """Steps `first` up to, not including, `last`, ready to run: rows of arrays, or one batch of anything."""

    def __init__(self, first: int, last: int, steps: Steps, rows: Rows | None, batch: Any) -> None:
        self.first, self.last, self.steps, self.rows, self.batch = first, last, steps, rows, batch

    def run(self) -> Any:
        """Take the steps, and return the results of the last one."""
        if self.rows is None:
            return self.steps.run(self.batch)
        compiled = self.steps.for_batch(self.batch)
        return compiled.step.unflatten(self.steps.program(compiled).run_batches(self.rows, self.first, self.last))

    @property
    def size(self) -> int:
        """Bytes that only this chunk holds."""
        return 0 if self.rows is not None else sum(a.nbytes for a in tree.leaves(self.batch))

    def replay(self) -> Iterator[tuple[int, CompiledStep, list[Any]]]:
        """Yield every step's number, the step, and its arrays."""
        compiled = self.steps.for_batch(self.batch)
        for k in range(self.first, self.last):
            yield k, compiled, tree.leaves(self.batch) if self.rows is None else self.rows.batch(k)


class FusedEpochs:
    """Several epochs over rows in memory, each in an order of its own, in one call of the engine
    (`engine.EpochBatches`)."""

    max_epochs = 256

    def __init__(self, source: ArrayAdapter, steps: Steps, resets: Sequence[tuple[Variable, Any]]) -> None:
        self.source, self.steps, self.resets = source, steps, resets
        self.arrays, self.size = source.arrays, source.size
        self.key = source.key
        first = source.rows(0)
        count, remainder = divmod(source.examples or 0, source.size)
        self.full = steps.for_batch(source.unflatten(first.batch(0)))
        self.rest = steps.for_batch(source.unflatten(first.batch(count))) if remainder else None

    @property
    def possible(self) -> bool:
        """Whether the steps of full and of shorter batches change the same variables."""
        full, rest = self.full.step, self.rest.step if self.rest else self.full.step
        return [*map(id, full.reads), *map(id, full.writes)] == [*map(id, rest.reads), *map(id, rest.writes)]

    def epoch(self, e: int) -> Rows:
        """Return the rows in the order of an epoch."""
        return self.source.rows(e)

    def run(self, first: int, last: int) -> list[Any]:
        """Run epochs `first` up to, not including, `last`, and return the results of each one's last step."""
        rest = None if self.rest is None else self.steps.program(self.rest)
        stacked = self.steps.program(self.full).run_epochs(rest, self, first, last)
        return [self.full.step.unflatten(list(results)) for results in zip(*stacked, strict=True)]

    def replay(self, first: int, last: int) -> Iterator[tuple[int, CompiledStep, list[Any]]]:
        """Yield every step's number, the step, and its arrays."""
        for e in range(first, last):
            rows = self.epoch(e)
            for k in range(self.source.count or 0):
                is_rest = self.rest is not None and k + 1 == self.source.count
                yield k, self.rest if is_rest and self.rest else self.full, rows.batch(k)


class Epochs:
    """Gives each epoch's steps, from any of them on.

    Args:
        source: the data. steps: the number that makes an epoch; default all batches of the data. If given, each epoch
            begins where the one before ended, over the data again and again.
        first_epoch: the number of the first epoch, which begins at the start of the data.
    """

    def __init__(self, source: DataAdapter, steps: int | None, first_epoch: int = 0) -> None:
        self.source, self.limit, self.first_epoch = source, steps, first_epoch
        self.steps = steps if steps is not None else source.count
        self.ahead = source.ahead
        self._peeked: tuple[int, Any, Iterator[Any]] | None = None
        self._endless: Iterator[Any] | None = None

    def peek(self, epoch: int = 0) -> Any:
        """Return the first batch of an epoch, which the epoch still begins with.

        Raises:
            ShapeError: if there is none.
        """
        batches = self._batches_from(epoch, 0)
        batch = next(batches, None)
        if batch is None:
            raise ShapeError("a source without a batch", "at least one", "check the data set or generator")
        self._peeked = (epoch, batch, batches)
        return batch

    def forget(self) -> None:
        """Drop the batch of `peek`: training continues at another position."""
        self._peeked = self._endless = None

    def chunks(self, epoch: int, start: int, steps: Steps, one_by_one: bool) -> Generator[Chunk, None, None]:
        """Yield the epoch's steps from `start` on; one by one where a callback is called for each batch."""
        source, k = self.source, start - 1
        if isinstance(source, ArrayAdapter) and source.in_memory and self.limit is None and steps.engine is not None:
            yield from self._chunks_of_rows(source, epoch, start, steps, one_by_one)
            return
        with closing(self._prefetch(epoch, start)) as batches:
            for k, batch in enumerate(batches, start):
                yield Chunk(k, k + 1, steps, None, batch)
        if self.limit is None and self.steps is None:
            self.steps = k + 1

    def _prefetch(self, epoch: int, start: int) -> Generator[Any, None, None]:
        """Yield the epoch's batches from `start` on; while one is in use the next is read, but none of the next epoch.

        Between epochs, and when this is closed, the source is at the position it would have without prefetching, if
        it can report its position.
        """
        source = self.source
        remaining = islice(self._batches_with_peeked(epoch, start), None if self.limit is None else self.limit - start)
        ahead = Prefetcher(map(self._with_state, remaining), lambda: self.ahead)
        state = None
        try:
            for batch, state in ahead:
                source.used = (state,)
                yield batch
        finally:
            if ahead.close() and state is not None:
                source.set_state(state)
            source.used = None

    def _with_state(self, batch: Any) -> tuple[Any, Any]:
        """Return a batch and its source's state after it, copied where the next read could change them."""
        if self.source.reuses_buffers:
            batch = tree.map(lambda a: None if a is None else np.array(a), batch)
        return batch, copy.deepcopy(self.source.get_state())

    def _chunks_of_rows(
        self, source: ArrayAdapter, epoch: int, start: int, steps: Steps, one_by_one: bool
    ) -> Iterator[Chunk]:
        rows = source.rows(epoch)
        total = source.count or 0
        full = (source.examples or 0) // source.size  # the last batch may be shorter
        k, pace, measured = start, 1, False
        while k < total:
            last = k + 1 if one_by_one or k >= full else min(k + pace, full)
            chunk = Chunk(k, last, steps, rows, source.unflatten(rows.batch(k)))
            began = time.perf_counter()
            yield chunk
            seconds = time.perf_counter() - began
            if measured or seconds < MAX_SECONDS:  # the first chunk's time may be that of tracing
                pace = max(1, min(int(MAX_SECONDS * (last - k) / max(seconds, 1e-9)), 4 * pace))
            pace = pace if one_by_one else max_over_processes(pace)
            measured = True
            k = last

    def _batches_with_peeked(self, epoch: int, start: int) -> Iterator[Any]:
        """Yield the batches from `start` on, the one of `peek` included."""
        peeked, self._peeked = self._peeked, None
        if peeked is not None and (self.source.is_infinite or (peeked[0] == epoch and start == 0)):
            yield peeked[1]
            yield from peeked[2]
        else:
            yield from self._batches_from(epoch, start)

    def _batches_from(self, epoch: int, start: int) -> Iterator[Any]:
        """Yield the batches from `start` on.

        A source that draws from the library's random streams, as steps may, is not prefetched.
        """
        batches, before = self._source_batches(epoch, start), random.get_state()
        for batch in islice(batches, 1):
            self.ahead = self.ahead and random.get_state() == before
            yield batch
        yield from batches

    def _source_batches(self, epoch: int, start: int) -> Iterator[Any]:
        source, limit = self.source, self.limit
        if source.is_infinite:
            if self._endless is None:  # an islice is not closed at the end of an epoch, a generator would be
                self._endless = islice(source.batches(epoch), None)
            yield from self._endless
        elif limit is None:
            yield from source.batches(epoch, start)
        elif source.count is not None:
            position = (epoch - self.first_epoch) * limit + start
            while True:
                cycle, first = divmod(position, source.count)
                yield from source.batches(cycle, first)
                position = (cycle + 1) * source.count
        else:
            if self._endless is None:
                self._endless = islice(_cycle(source), (epoch - self.first_epoch) * limit + start, None)
            yield from self._endless


def _cycle(source: DataAdapter) -> Iterator[Any]:
    """Yield the batches of one epoch of the source after another, until one is empty."""
    epoch = 0
    while True:
        empty = True
        for batch in source.batches(epoch):
            empty = False
            yield batch
        if empty:
            return
        epoch += 1
