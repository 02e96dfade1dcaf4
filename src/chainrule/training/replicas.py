"""Several processes take every step together: before the first, whether they stand at the same place."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import distribution
from ..core.errors import GraphError
from ..ops.random import get_state
from ..tensors.tree import flatten

MEND = {
    "place in the training": "give BackupAndRestore a folder that all processes see",
    "weights": "call chainrule.set_random_seed(0) first, and build the same model in all",
    "random streams": "call chainrule.set_random_seed(0) first, and draw as often in all",
    "first batch": "give every process the same data in the same order: each takes its own rows of a batch",
}


def check_replicas_in_sync(model: Any, batch: Any, place: Iterable[int]) -> None:
    """Compare, over all processes, where a `fit` begins.

    Raises:
        GraphError: in every process, if one of them stands elsewhere.
    """
    if distribution.process_count() == 1:
        return
    streams = get_state()
    marks = {
        "place in the training": zlib.crc32(repr(list(place)).encode()),
        "weights": _mark(v.numpy() for v in (*model.weights, *(v for o in model._optimizers for v in o.variables))),
        "random streams": zlib.crc32(repr(sorted(streams.items())).encode()),
        "first batch": _mark(np.asarray(a) for a in flatten(batch)[0] if a is not None),
    }
    found = distribution.all_gather(list(marks.values()))
    for (what, mend), column in zip(MEND.items(), found.T, strict=True):
        others = [p for p in range(len(column)) if column[p] != column[0]]
        if others:
            which = ", ".join(map(str, others))
            raise GraphError(f"another {what} in process {which} than in process 0", "the same in all", mend)


def _mark(arrays: Iterable[Any]) -> int:
    found = 0
    for array in arrays:
        if array.size:
            found = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, found)
        found = zlib.crc32(repr((array.shape, str(array.dtype))).encode(), found)
    return found


__all__ = ["check_replicas_in_sync"]
