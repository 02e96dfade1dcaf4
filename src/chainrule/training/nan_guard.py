"""Watching the numbers of training: a nan is traced to the operation that made it, and a rising loss is reported."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.terminal import visible
from ..distribution import process_count
from ..transforms.trace import Step, restored_variables
from .steps import CompiledStep, first_not_finite, is_finite

Replay = Callable[[], Iterator[tuple[int, CompiledStep, list[Any]]]]
SNAPSHOT_INTERVAL = 200  # a snapshot of the variables is taken after this many times the time that the last one took
MAX_REPLAY_BYTES = 2**25  # or when the batches since are larger than this


class TrainingWarning(UserWarning):
    """Training continues, but something is probably not as intended."""


class NanGuard:
    """Watches the numbers of one call of `fit`, and warns once.

    Now and then it takes a snapshot of the variables' values; when a number is not finite, the steps since are taken
    again from there, to find where that began.
    """

    def __init__(self) -> None:
        self.warned = False
        self.losses: list[float] = []
        self.snapshot: list[tuple[Any, Any]] = []
        self.since: list[tuple[int, Replay]] = []  # epoch and steps of each chunk since the snapshot
        self._due, self._size = 0.0, 0

    def before(self, steps: Replay, step: Step, epoch: int, size: int = 0) -> None:
        """Take a snapshot, if one is due, before a chunk, for whose steps `size` bytes are kept.

        A nan in a backward pass shows only in the step after it: values that are not finite are no snapshot.
        """
        if self.warned:
            return
        now = time.perf_counter()
        if now >= self._due or self._size > MAX_REPLAY_BYTES:
            variables = {id(v): v for v in (*step.reads, *step.writes)}
            values = [(v, v.numpy()) for v in variables.values()]
            if all(is_finite(a) for _, a in values) or not self.since or self._size > 2 * MAX_REPLAY_BYTES:
                self.snapshot, self.since, self._size = values, [], 0
            taken = time.perf_counter() - now
            self._due = now + SNAPSHOT_INTERVAL * taken
        self.since.append((epoch, steps))
        self._size += size

    def after(self, epoch: int, logs: dict[str, Any]) -> None:
        """Check a chunk's numbers."""
        finite = (math.isfinite(v) if isinstance(v, float) else np.isfinite(v).all() for v in logs.values())
        if self.warned or all(finite):
            return
        self.warned = True
        origin = self._replay()
        self.snapshot, self.since = [], []
        begun, culprit = "this epoch", ""
        if origin is not None:
            first_epoch, k, culprit = origin
            begun = f"step {k + 1} of {'this epoch' if first_epoch == epoch else 'the epoch before'}"
        first = f" First made by {culprit}." if culprit else ""
        problem = f"the numbers of training are not finite since {begun}.{first}"
        causes = "the log or root of 0, inputs that were not scaled or not finite themselves"
        mend = f"Common causes: a learning rate too large (try a tenth), {causes}."
        warnings.warn(visible(f"{problem} {mend}"), TrainingWarning, stacklevel=5)

    def epoch(self, epoch: int, logs: dict[str, Any]) -> None:
        """Check an epoch's loss: a rise in a run's first epochs, not in those of a resumed one, is reported."""
        if epoch != len(self.losses):
            return
        self.losses.append(float(logs.get("loss", np.nan)))
        if len(self.losses) != 3 or self.warned:
            return
        first, second, third = self.losses
        if third > second > first and third > 1.5 * abs(first):  # a small rise is chance, or a trained model
            self.warned = True
            problem = f"the loss rises: {', '.join(f'{v:.4g}' for v in self.losses)} in the first three epochs."
            mend = "The learning rate is probably too large: try a tenth of it."
            warnings.warn(visible(f"{problem} {mend}"), TrainingWarning, stacklevel=4)

    def _replay(self) -> tuple[int, int, str] | None:
        """Take the steps since the snapshot again, and return the first epoch and step with a number that is not
        finite, and the operation that made it."""
        if process_count() > 1:  # each has another snapshot, and none can take a step alone
            return None
        with restored_variables([v for v, _ in self.snapshot]):
            for v, value in self.snapshot:
                v.hold(value)
            for epoch, steps in self.since:
                for k, compiled, arrays in steps():
                    before = [(v, v.numpy()) for v in compiled.step.reads]
                    results = compiled.run_on_last_engine(arrays)
                    if is_finite(results) and all(is_finite(v.numpy()) for v in compiled.step.writes):
                        continue
                    for v, value in before:
                        v.hold(value)
                    return epoch, k, first_not_finite(compiled.step, arrays)
            return None
