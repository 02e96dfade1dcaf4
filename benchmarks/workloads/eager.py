"""W9: a chain of 100 small operations in eager mode, forward and backward; a step is one operation of the chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from contestants import OURS


@dataclass(frozen=True)
class Chain:
    """A chain of elementwise operations."""

    key: str = "W9"
    name: str = "eager"
    title: str = "eager chain of 100 operations on 16×16, forward and backward, each operation"
    size: int = 16
    length: int = 100
    contestants: tuple[str, ...] = (OURS, "PyTorch eager", "JAX eager")
    bar: float = 0.7
    tolerance: float = 1e-3
    floor: bool = False
    kind: str = "eager"

    def data(self) -> tuple[Any, Any, Any]:
        """Return x, w and the upstream gradient; tanh(x * w + w) - w is applied to x 25 times."""
        x = np.random.default_rng(0).normal(size=(self.size, self.size)).astype("float32")
        return x, np.full_like(x, 0.9), np.ones_like(x)

    def summary(self, result: Any, gradient: Any) -> list[float]:
        """Return the numbers that prove equal work."""
        return [float(np.abs(a).sum()) for a in (result, gradient)]


WORKS = (Chain(),)
