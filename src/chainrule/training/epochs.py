"""The steps of each epoch of a source: in chunks sized by the clock, or one by one, the next batch read meanwhile."""

from __future__ import annotations

import copy
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import numpy as np

from ..core.errors import ShapeError, ValueProblem
from ..distribution import max_over_processes
from ..ops import random
from ..tensors.tensor import Variable
from ..tensors.tree import flatten
from .data_adapter import ArrayAdapter, DataAdapter, Rows
from .prefetch import Prefetcher
from .steps import Ready, Steps

LONGEST = 0.1  # seconds between two looks at the clock, the progress line and Ctrl-C


class Chunk:
    """Steps `first` up to, not including, `last`, ready to run: rows of arrays, or one batch of anything."""

    def __init__(self, first: int, last: int, steps: Steps, rows: Rows | None, batch: Any) -> None:
        self.first, self.last, self.steps, self.rows, self.batch = first, last, steps, rows, batch

    def run(self) -> Any:
        """The answer of the last step."""
        if self.rows is None:
            return self.steps.run(self.batch)
        ready = self.steps.for_batch(self.batch)
        return ready.results(self.steps.program(ready).run_batches(self.rows, self.first, self.last))

    @property
    def size(self) -> int:
        """Bytes that are held by none but this chunk."""
        return 0 if self.rows is not None else sum(a.nbytes for a in flatten(self.batch)[0] if a is not None)

    def each(self) -> Iterator[tuple[int, Ready, list[Any]]]:
        """Every step's number, the step, and its arrays."""
        ready = self.steps.for_batch(self.batch)
        for k in range(self.first, self.last):
            if self.rows is not None:
                yield k, ready, self.rows.batch(k)
            else:
                yield k, ready, [a for a in flatten(self.batch)[0] if a is not None]


class FusedEpochs:
    """Whole epochs over rows in memory, each in an order of its own, in one call of the engine
    (`engine.EpochBatches`)."""

    most = 256

    def __init__(self, source: ArrayAdapter, steps: Steps, resets: Sequence[tuple[Variable, Any]]) -> None:
        self.source, self.steps, self.resets = source, steps, resets
        self.arrays, self.size = source.arrays, source.size
        self.key = source.key
        first = source.rows(0)
        whole, rest = divmod(source.examples or 0, source.size)
        self.full = steps.for_batch(source.unflatten(first.batch(0)))
        self.rest = steps.for_batch(source.unflatten(first.batch(whole))) if rest else None

    @property
    def possible(self) -> bool:
        """Whether the steps of full and of shorter batches change the same variables."""
        full, rest = self.full.step, self.rest.step if self.rest else self.full.step
        return [*map(id, full.reads), *map(id, full.writes)] == [*map(id, rest.reads), *map(id, rest.writes)]

    def epoch(self, e: int) -> Rows:
        """The rows in the order of an epoch."""
        return self.source.rows(e)

    def run(self, first: int, last: int) -> list[Any]:
        """Epochs `first` up to, not including, `last`: the answer of each one's last step."""
        rest = None if self.rest is None else self.steps.program(self.rest)
        found = self.steps.program(self.full).run_epochs(rest, self, first, last)
        return [self.full.results(list(each)) for each in zip(*found, strict=True)]

    def each(self, first: int, last: int) -> Iterator[tuple[int, Ready, list[Any]]]:
        """Every step's number, the step, and its arrays."""
        for e in range(first, last):
            rows = self.epoch(e)
            for k in range(self.source.count or 0):
                short = self.rest is not None and k + 1 == self.source.count
                yield k, self.rest if short and self.rest else self.full, rows.batch(k)


class Epochs:
    """Gives each epoch's steps, from any of them on.

    Args:
        source: the data. steps: how many make an epoch, where the data does not say; then epochs take up where
            the one before ended, over the data again and again.
    """

    def __init__(self, source: DataAdapter, steps: int | None) -> None:
        if steps is not None and (isinstance(steps, bool) or not hasattr(steps, "__index__") or int(steps) < 1):
            raise ValueProblem(f"{steps!r} steps", "a whole number from 1 up", "e.g. steps_per_epoch=100")
        self.source, self.limit = source, steps
        self.steps = steps if steps is not None else source.count
        self.ahead = source.ahead
        self._peeked: tuple[int, Any, Iterator[Any]] | None = None
        self._endless: Iterator[Any] | None = None

    def peek(self, epoch: int = 0) -> Any:
        """The first batch of an epoch, without using it up.

        Raises:
            ShapeError: if there is none.
        """
        batches = self._from(epoch, 0)
        batch = next(batches, None)
        if batch is None:
            raise ShapeError("a source without a batch", "at least one", "check the data set or generator")
        self._peeked = (epoch, batch, batches)
        return batch

    def forget(self) -> None:
        """Training goes on elsewhere than at the batch that was looked at."""
        self._peeked = self._endless = None

    def chunks(self, epoch: int, start: int, steps: Steps, one_by_one: bool) -> Generator[Chunk, None, None]:
        """The epoch's steps from `start` on; one by one where something looks at each batch."""
        source, k = self.source, start - 1
        if isinstance(source, ArrayAdapter) and source.fits and self.limit is None and steps.engine is not None:
            yield from self._of_rows(source, epoch, start, steps, one_by_one)
            return
        with closing(self._read_ahead(epoch, start)) as batches:
            for k, batch in enumerate(batches, start):
                yield Chunk(k, k + 1, steps, None, batch)
        if self.limit is None and self.steps is None:
            self.steps = k + 1

    def _read_ahead(self, epoch: int, start: int) -> Generator[Any, None, None]:
        """The epoch's batches from `start` on; while one is in use the next is read, but none of the next epoch.

        Between epochs, and when this is closed, the source stands as if nothing had been read ahead, if it can say
        where it stands.
        """
        source = self.source
        taken = islice(self._taken(epoch, start), None if self.limit is None else self.limit - start)
        ahead = Prefetcher(map(self._kept, taken), lambda: self.ahead)
        state = None
        try:
            for batch, state in ahead:
                source.used = (state,)
                yield batch
        finally:
            if ahead.close() and state is not None:
                source.set_state(state)
            source.used = None

    def _kept(self, batch: Any) -> tuple[Any, Any]:
        """A batch, and where its source stands after it, out of reach of what is read next."""
        if self.source.reuses_buffers:
            flat, build = flatten(batch)
            batch = build([None if a is None else np.array(a) for a in flat])
        return batch, copy.deepcopy(self.source.get_state())

    def _of_rows(self, source: ArrayAdapter, epoch: int, start: int, steps: Steps, one_by_one: bool) -> Iterator[Chunk]:
        rows = source.rows(epoch)
        total = source.count or 0
        whole = (source.examples or 0) // source.size  # the last batch may be shorter
        k, pace, measured = start, 1, False
        while k < total:
            last = k + 1 if one_by_one or k >= whole else min(k + pace, whole)
            chunk = Chunk(k, last, steps, rows, source.unflatten(rows.batch(k)))
            began = time.perf_counter()
            yield chunk
            taken = time.perf_counter() - began
            if measured or taken < LONGEST:  # the first chunk's time may be that of tracing
                pace = max(1, min(int(LONGEST * (last - k) / max(taken, 1e-9)), 4 * pace))
            pace = pace if one_by_one else max_over_processes(pace)
            measured = True
            k = last

    def _taken(self, epoch: int, start: int) -> Iterator[Any]:
        """The batches from here on, those looked at included."""
        peeked, self._peeked = self._peeked, None
        if peeked is not None and (self.source.is_infinite or (peeked[0] == epoch and start == 0)):
            yield peeked[1]
            yield from peeked[2]
        else:
            yield from self._from(epoch, start)

    def _from(self, epoch: int, start: int) -> Iterator[Any]:
        """The batches from here on. A source that draws from the library's streams, as steps may, is not read ahead."""
        batches, before = self._in_turn(epoch, start), random.get_state()
        for batch in islice(batches, 1):
            self.ahead = self.ahead and random.get_state() == before
            yield batch
        yield from batches

    def _in_turn(self, epoch: int, start: int) -> Iterator[Any]:
        source, limit = self.source, self.limit
        if source.is_infinite:
            if self._endless is None:  # islice, which the end of an epoch does not close, as it would a generator
                self._endless = islice(source.batches(epoch), None)
            yield from self._endless
        elif limit is None:
            yield from source.batches(epoch, start)
        elif source.count is not None:
            at = epoch * limit + start
            while True:
                run, first = divmod(at, source.count)
                yield from source.batches(run, first)
                at = (run + 1) * source.count
        else:
            if self._endless is None:
                self._endless = islice(_again_and_again(source), epoch * limit + start, None)
            yield from self._endless


def _again_and_again(source: DataAdapter) -> Iterator[Any]:
    run = 0
    while True:
        empty = True
        for batch in source.batches(run):
            empty = False
            yield batch
        if empty:
            return
        run += 1
