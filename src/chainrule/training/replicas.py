"""Several processes take every step together: a check that they begin with the same model, data and position."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import distribution
from ..core.errors import GraphError
from ..ops.random import get_state
from ..tensors.tree import leaves
from .preparation import optimizers_of

MEND = {
    "position in the training": "give BackupAndRestore a folder that all processes see",
    "weights": "call chainrule.set_random_seed(0) first, and build the same model in all",
    "random streams": "call chainrule.set_random_seed(0) first, and draw as often in all",
    "first batch": "give every process the same data in the same order: each takes its own rows of a batch",
}


def check_replicas_in_sync(model: Any, batch: Any, position: Iterable[int]) -> None:
    """Check that a `fit` begins the same in all processes.

    Args:
        batch: the first one. position: the epoch and the step that come next.

    Raises:
        GraphError: in every process, if one of them differs.
    """
    if distribution.process_count() == 1:
        return
    streams = get_state()
    checksums = {
        "position in the training": zlib.crc32(repr(list(position)).encode()),
        "weights": _checksum(
            v.numpy() for v in (*model.weights, *(v for o in optimizers_of(model) for v in o.variables))
        ),
        "random streams": zlib.crc32(repr(sorted(streams.items())).encode()),
        "first batch": _checksum(np.asarray(a) for a in leaves(batch)),
    }
    gathered = distribution.all_gather(list(checksums.values()))
    for (what, mend), column in zip(MEND.items(), gathered.T, strict=True):
        others = [p for p in range(len(column)) if column[p] != column[0]]
        if others:
            which = ", ".join(map(str, others))
            raise GraphError(f"another {what} in process {which} than in process 0", "the same in all", mend)


def _checksum(arrays: Iterable[Any]) -> int:
    checksum = 0
    for array in arrays:
        if array.size:
            checksum = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, checksum)
        checksum = zlib.crc32(repr((array.shape, str(array.dtype))).encode(), checksum)
    return checksum
