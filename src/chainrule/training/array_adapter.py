"""The adapter of arrays, in memory or in files."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from typing import Any

from ..core import arguments
from ..core.errors import ShapeError
from ..ops.random import SeedGenerator
from ..tensors.tree import Unflatten
from .adapter_base import DataAdapter
from .arrays import Array, OnDisk, as_rows, flatten_arrays, is_on_disk


def batch_size_for(batch_size: Any, examples: int) -> int:
    """Return a checked batch size, at most the number of examples; default 32."""
    return min(32 if batch_size is None else arguments.at_least(1, batch_size=batch_size), examples)


class Rows:
    """Arrays of equal length, taken `size` rows at a time in `order` (`engine.Batches`)."""

    def __init__(self, arrays: Sequence[Any], order: Array | None, size: int) -> None:
        self.arrays, self.order, self.size = list(arrays), order, size

    def batch(self, k: int) -> list[Array]:
        """Return the arrays' rows of batch k."""
        start, stop = k * self.size, (k + 1) * self.size
        if self.order is None:
            return [a[start:stop] for a in self.arrays]
        index = self.order[start:stop]
        return [a[index] for a in self.arrays]


class ArrayAdapter(DataAdapter):
    """Arrays held in memory, or memory-mapped: these are read batch by batch."""

    def __init__(
        self, x: Any, y: Any, weight: Any, batch_size: int | None, shuffle: bool, stream: SeedGenerator | None,
        float_dtype: str,
    ) -> None:  # fmt: skip
        self.parts: list[tuple[int, Unflatten]] = []
        self.arrays: list[Any] = []
        for name, data in (("x", x), ("y", y), ("sample_weight", weight)):
            leaves, unflatten = flatten_arrays(data) if data is not None else ([], lambda flat: None)
            names = [name] if len(leaves) == 1 else [f"{name}[{i}]" for i in range(len(leaves))]
            named = zip(leaves, names, strict=True)
            arrays = [(OnDisk if is_on_disk(leaf) else as_rows)(leaf, what, float_dtype) for leaf, what in named]
            self.parts.append((len(arrays), unflatten))
            self.arrays += arrays
            for i, a in enumerate(arrays):
                if name == "x" and not a.ndim:
                    raise ShapeError("a single number as x", "an array of examples", "check x")
                if not a.ndim or len(a) != len(self.arrays[0]):
                    others = f"{len(a)} in {name}" if a.ndim else f"a single number as {name}"
                    passed = f"{len(self.arrays[0])} examples in x and {others}{f' ({i})' if len(leaves) > 1 else ''}"
                    mend = f"check that the first axis of {name} counts the examples"
                    raise ShapeError(passed, "as many of each", mend)
        n = len(self.arrays[0])
        if n == 0:
            raise ShapeError("data without examples", "at least one", "check how the data was loaded or split")
        self.size = batch_size_for(batch_size, n)
        self.examples, self.count = n, math.ceil(n / self.size)
        # the order of rows in the only batch means nothing, and to gather them takes longer than many steps
        self.shuffle, self.stream = shuffle and self.count > 1, stream
        self.ahead = not self.in_memory

    @property
    def in_memory(self) -> bool:
        """Whether all arrays are in memory, none in a file."""
        return not any(isinstance(a, OnDisk) for a in self.arrays)

    @property
    def targets_in_memory(self) -> bool:
        """Whether the targets and their weights are in memory."""
        return not any(isinstance(a, OnDisk) for a in self.arrays[self.parts[0][0] :])

    def with_weights(self, weight: Any) -> ArrayAdapter:
        """Return an adapter of the same data in the same order, with other weights."""
        leaves, unflatten = flatten_arrays(weight) if weight is not None else ([], lambda flat: None)
        other = copy.copy(self)
        other.parts = [*self.parts[:2], (len(leaves), unflatten)]
        other.arrays = [*self.arrays[: self.parts[0][0] + self.parts[1][0]], *leaves]
        return other

    def rows(self, epoch: int) -> Rows:
        """Return the rows in the order of an epoch."""
        return Rows(self.arrays, self.order(epoch, len(self.arrays[0])), self.size)

    def unflatten(self, arrays: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Return a batch's arrays as x, y, sample_weight."""
        remaining = iter(arrays)
        x, y, weight = (build([next(remaining) for _ in range(count)]) for count, build in self.parts)
        return x, y, weight

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        rows = self.rows(epoch)
        for k in range(first, self.count or 0):
            yield self.unflatten(rows.batch(k))
