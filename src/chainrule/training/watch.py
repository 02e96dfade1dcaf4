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
        self.held: list[tuple[Any, Any]] = []

    def before(self, chunk: Chunk) -> None:
        """Hold on to the values with which a chunk begins: arrays are never changed, so this costs nothing."""
        self.held = []
        if chunk.steps.engine is not None and not self.said:
            step = chunk.steps.for_batch(chunk.batch).step
            self.held = [(v, v._leaf) for v in {id(v): v for v in (*step.reads, *step.writes)}.values()]

    def after(self, chunk: Chunk, logs: dict[str, Any]) -> None:
        """Look at a chunk's numbers; take its steps once more if they are not finite, to see where that began."""
        if not self.said and not all(np.isfinite(v).all() for v in logs.values()):
            self.said = True
            k, culprit = self._again(chunk) if self.held else (chunk.first, "")
            first = f" First made by {culprit}." if culprit else ""
            warnings.warn(
                f"the numbers of training are not finite since step {k + 1} of this epoch.{first} Common causes: a "
                "learning rate too large (try a tenth), the log or root of 0, inputs that were not scaled or not "
                "finite themselves.",
                TrainingWarning,
                stacklevel=4,
            )
        self.held = []

    def _again(self, chunk: Chunk) -> tuple[int, str]:
        ready = chunk.steps.for_batch(chunk.batch)
        now = [(v, v._leaf) for v, _ in self.held]
        k, culprit = chunk.first, ""
        try:
            for v, leaf in self.held:
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

    def epoch(self, logs: dict[str, Any]) -> None:
        """Look at an epoch's numbers."""
        self.losses.append(float(logs.get("loss", np.nan)))
        if len(self.losses) == 3 and not self.said and self.losses[2] > self.losses[1] > self.losses[0]:
            self.said = True
            warnings.warn(
                f"the loss rises: {', '.join(f'{v:.4g}' for v in self.losses)} in the first three epochs. The learning "
                "rate is probably too large: try a tenth of it.",
                TrainingWarning,
                stacklevel=3,
            )
