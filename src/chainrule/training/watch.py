"""Looking on while a model trains: a nan is traced to the operation that made it, a rising loss is said."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .epochs import Chunk
from .steps import first_not_finite


class TrainingWarning(UserWarning):
    """Training goes on, but something is probably not as meant."""


class Watch:
    """What one call of `fit` has shown so far. Each trouble is said once."""

    def __init__(self) -> None:
        self.said = False
        self.losses: list[float] = []
        self.held: list[tuple[Chunk, list[tuple[Any, Any]]]] = []  # the last two chunks, and where each began

    def before(self, chunk: Chunk) -> None:
        """Hold on to the values with which a chunk begins, and the one before: a backward pass spoils only the next."""
        self.held = self.held[-1:]
        if chunk.steps.engine is not None and not self.said:
            step = chunk.steps.for_batch(chunk.batch).step
            variables = {id(v): v for v in (*step.reads, *step.writes)}
            self.held.append((chunk, [(v, v._leaf) for v in variables.values()]))

    def after(self, chunk: Chunk, logs: dict[str, Any]) -> None:
        """Look at a chunk's numbers; take its steps once more if they are not finite, to see where that began."""
        if self.said or all(np.isfinite(v).all() for v in logs.values()):
            return
        self.said = True
        k, culprit = chunk.first, ""
        epoch = "this epoch"
        for held, values in self.held[::-1]:
            found, culprit = _again(held, values)
            if culprit:
                k = found
                epoch = epoch if held.first <= chunk.first else "the epoch before"
                break
        first = f" First made by {culprit}." if culprit else ""
        warnings.warn(
            f"the numbers of training are not finite since step {k + 1} of {epoch}.{first} Common causes: a "
            "learning rate too large (try a tenth), the log or root of 0, inputs that were not scaled or not "
            "finite themselves.",
            TrainingWarning,
            stacklevel=4,
        )
        self.held = []

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
                stacklevel=3,
            )


def _again(chunk: Chunk, held: list[tuple[Any, Any]]) -> tuple[int, str]:
    """The step of a chunk in which something is not finite for the first time, and what made it."""
    ready = chunk.steps.for_batch(chunk.batch)
    now = [(v, v._leaf) for v, _ in held]
    k, culprit = chunk.first, ""
    try:
        for v, leaf in held:
            v._leaf = leaf
        for k in range(chunk.first, chunk.last):
            arrays = chunk.arrays(k)
            culprit = first_not_finite(ready.step, arrays)
            if culprit:
                break
            ready.program(arrays)
    finally:
        for v, leaf in now:
            v._leaf = leaf
    return k, culprit
