"""Looking on while a model trains: a nan is traced to the operation that made it, a rising loss is said."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..distribution import process_count
from ..transforms.trace import Step, restored_variables
from .steps import Ready, first_not_finite

Replay = Callable[[], Iterator[tuple[int, Ready, list[Any]]]]
SHARE = 200  # values are held again when so many times the time has passed that holding them took
MOST = 2**25  # or when the batches since are so many bytes


class TrainingWarning(UserWarning):
    """Training goes on, but something is probably not as meant."""


class NanGuard:
    """What one call of `fit` has shown so far. Each trouble is said once.

    Now and then it holds on to the variables' values; when a number is not finite, the steps since are taken again
    from there, to see where that began.
    """

    def __init__(self) -> None:
        self.said = False
        self.losses: list[float] = []
        self.values: list[tuple[Any, Any]] = []
        self.since: list[tuple[int, Replay]] = []  # epoch and steps of each chunk since the values were held
        self._due, self._size = 0.0, 0

    def before(self, steps: Replay, step: Step, epoch: int, size: int = 0) -> None:
        """A chunk begins, for whose steps `size` bytes are held. A backward pass spoils only the step after it: values
        that are not finite are not held."""
        if self.said:
            return
        now = time.perf_counter()
        if now >= self._due or self._size > MOST:
            variables = {id(v): v for v in (*step.reads, *step.writes)}
            values = [(v, v.numpy()) for v in variables.values()]
            if all(_finite(a) for _, a in values) or not self.since or self._size > 2 * MOST:
                self.values, self.since, self._size = values, [], 0
            taken = time.perf_counter() - now
            self._due = now + SHARE * taken
        self.since.append((epoch, steps))
        self._size += size

    def after(self, epoch: int, logs: dict[str, Any]) -> None:
        """Look at a chunk's numbers."""
        if self.said or all(math.isfinite(v) if isinstance(v, float) else np.isfinite(v).all() for v in logs.values()):
            return
        self.said = True
        found = self._again()
        self.values, self.since = [], []
        begun, culprit = "this epoch", ""
        if found is not None:
            at, k, culprit = found
            begun = f"step {k + 1} of {'this epoch' if at == epoch else 'the epoch before'}"
        first = f" First made by {culprit}." if culprit else ""
        warnings.warn(
            f"the numbers of training are not finite since {begun}.{first} Common causes: a "
            "learning rate too large (try a tenth), the log or root of 0, inputs that were not scaled or not "
            "finite themselves.",
            TrainingWarning,
            stacklevel=5,
        )

    def epoch(self, epoch: int, logs: dict[str, Any]) -> None:
        """Look at an epoch's numbers; only a run's own beginning says something about its learning rate."""
        if epoch != len(self.losses):
            return
        self.losses.append(float(logs.get("loss", np.nan)))
        if len(self.losses) != 3 or self.said:
            return
        first, second, third = self.losses
        if third > second > first and third > 1.5 * abs(first):  # a little is chance, or a model that has learnt
            self.said = True
            warnings.warn(
                f"the loss rises: {', '.join(f'{v:.4g}' for v in self.losses)} in the first three epochs. The learning "
                "rate is probably too large: try a tenth of it.",
                TrainingWarning,
                stacklevel=4,
            )

    def _again(self) -> tuple[int, int, str] | None:
        """The epoch and step in which something is not finite for the first time, and what made it."""
        if process_count() > 1:  # each has looked at another moment, and none can take a step alone
            return None
        with restored_variables([v for v, _ in self.values]):
            for v, value in self.values:
                v.hold(value)
            for epoch, steps in self.since:
                for k, ready, arrays in steps():
                    before = [(v, v.numpy()) for v in ready.step.reads]
                    results = ready.step_again(arrays)
                    if all(map(_finite, results)) and all(_finite(v.numpy()) for v in ready.step.writes):
                        continue
                    for v, value in before:
                        v.hold(value)
                    culprit = first_not_finite(ready.step, arrays)
                    if culprit:
                        return epoch, k, culprit
                    return epoch, k, ""
            return None


def _finite(value: Any) -> bool:
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())
