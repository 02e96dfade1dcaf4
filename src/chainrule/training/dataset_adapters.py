"""Adapters of data sets: of examples by index, of batches, and generators."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

from ..core.errors import GraphError, ShapeError, ValueProblem
from ..ops.random import SeedGenerator
from ..utils import PyDataset
from .adapter_base import DataAdapter
from .array_adapter import batch_size_for
from .arrays import stack_examples
from .batch import as_batch


class IndexedAdapter(DataAdapter):
    """Anything with ``len`` and an index that gives one example: PyTorch's and Hugging Face's data sets.

    An example is x, (x, y), (x, y, weight), or a dictionary, of which `x` and `y` may name the columns.
    """

    def __init__(
        self, data: Any, columns: tuple[Any, Any], batch_size: int | None, shuffle: bool, stream: SeedGenerator | None,
        float_dtype: str,
    ) -> None:  # fmt: skip
        self.data, self.columns, self.float_dtype = data, columns, float_dtype
        self.ahead = _may_be_prefetched(data)
        n = len(data)
        if n == 0:
            raise ShapeError("a data set without examples", "at least one", "check how it was loaded")
        self.size = batch_size_for(batch_size, n)
        self.examples, self.count = n, math.ceil(n / self.size)
        self.shuffle, self.stream = shuffle, stream

    def _example(self, i: int) -> tuple[Any, ...]:
        example = self.data[i]
        x, y = self.columns
        if isinstance(example, dict) and (x is not None or y is not None):
            inputs = {k: v for k, v in example.items() if k != y} if x is None else _select_columns(example, x)
            return (inputs,) if y is None else (inputs, _select_columns(example, y))
        return tuple(example) if isinstance(example, list | tuple) else (example,)

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        n = self.examples or 0
        shuffled = self.order(epoch, n)
        order: Any = range(n) if shuffled is None else shuffled
        for k in range(first, self.count or 0):
            examples = [self._example(int(i)) for i in order[k * self.size : (k + 1) * self.size]]
            columns = tuple(stack_examples(list(column)) for column in zip(*examples, strict=True))
            yield as_batch(columns, self.float_dtype)


def _select_columns(example: dict[str, Any], names: Any) -> Any:
    for name in [names] if isinstance(names, str) else names:
        if name not in example:
            raise ValueProblem(f"the column {name!r}", f"one of {', '.join(map(repr, example))}", "check the name")
    return example[names] if isinstance(names, str) else {name: example[name] for name in names}


class BatchAdapter(DataAdapter):
    """A data set of batches: ours (`utils.PyDataset`), or an iterable that begins anew for each epoch."""

    reuses_buffers = True

    def __init__(self, data: Any, shuffle: bool, stream: SeedGenerator | None, float_dtype: str) -> None:
        self.data, self.float_dtype = data, float_dtype
        self.ahead = _may_be_prefetched(data)
        self.indexed = isinstance(data, PyDataset)
        self.shuffle, self.stream = shuffle and self.indexed and not data.in_order, stream
        self.resumable = not _has_unknown_order(data)
        if self.indexed:
            self.count = data.num_batches
        elif hasattr(data, "__len__"):
            self.count = len(data)

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        if not self.indexed:
            for batch in itertools.islice(iter(self.data), first, None):
                yield as_batch(batch, self.float_dtype)
            return
        order: Iterable[int] = itertools.count() if self.count is None else range(self.count)
        shuffled = None if self.count is None else self.order(epoch, self.count)
        if shuffled is not None:
            order = shuffled.tolist()
        if hasattr(self.data, "on_epoch_begin"):
            self.data.on_epoch_begin()
        for i in itertools.islice(order, first, None):
            yield as_batch(self.data[i], self.float_dtype)

    def end_epoch(self) -> None:
        """Tell the data set that the epoch has ended."""
        if hasattr(self.data, "on_epoch_end"):
            self.data.on_epoch_end()

    def get_state(self) -> Any:
        """Return the data set's own state, such as what its `on_epoch_end` changes."""
        return self.data.get_state() if self.indexed and hasattr(self.data, "get_state") else None

    def set_state(self, state: Any) -> None:
        """Restore the data set's own state."""
        if not self.resumable:
            raise GraphError(
                f"a checkpoint of {type(self.data).__name__}, whose order changes with each epoch in a way not known",
                "data that can report its position",
                "give it get_state() and set_state(state), or leave the shuffling to fit(shuffle=True)",
            )
        if state is not None:
            self.data.set_state(state)


def _may_be_prefetched(data: Any) -> bool:
    return bool(getattr(data, "workers", 1) != 0)


def _has_unknown_order(data: Any) -> bool:
    """Whether a data set shuffles itself, so that no checkpoint can know its order."""
    if hasattr(data, "get_state"):
        return False
    kind = type(data)
    if isinstance(data, PyDataset):
        return kind.on_epoch_end is not PyDataset.on_epoch_end or kind.on_epoch_begin is not PyDataset.on_epoch_begin
    return type(getattr(data, "sampler", None)).__name__ == "RandomSampler"  # PyTorch's DataLoader(shuffle=True)


class GeneratorAdapter(DataAdapter):
    """A generator, which continues from epoch to epoch and never begins anew."""

    is_infinite = True
    reuses_buffers = True

    def __init__(self, data: Any, float_dtype: str) -> None:
        self.data, self.float_dtype = data, float_dtype
        self.ahead = _may_be_prefetched(data)
        self.resumable = hasattr(data, "get_state") and hasattr(data, "set_state")

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """Yield the generator's next batches."""
        for batch in self.data:
            yield as_batch(batch, self.float_dtype)

    def get_state(self) -> Any:
        """Return the generator's own state, if it has one."""
        return self.data.get_state() if self.resumable else None

    def set_state(self, state: Any) -> None:
        """Restore the generator's own state."""
        if not self.resumable:
            passed = "a checkpoint in the middle of a generator, which cannot report its position"
            expected = "data that can be entered again"
            mend = "give the generator get_state() and set_state(state), or use arrays or a utils.PyDataset"
            raise GraphError(passed, expected, mend)
        self.data.set_state(state)
