"""W10: the Hessian of W3's loss at its initial weights times a vector, all weights at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from contestants import OURS

from . import mlp
from .net import Training


@dataclass(frozen=True)
class Product:
    key: str = "W10"
    name: str = "hvp"
    title: str = "Hessian-vector product of W3's loss"
    of: Training = mlp.WORKS[0]
    contestants: tuple[str, ...] = (OURS, "PyTorch eager", "torch.compile", "JAX step")
    bar: float = 1.0
    tolerance: float = 1e-3
    floor: bool = False
    kind: str = "hvp"

    def data(self) -> tuple[Any, Any, list[Any], list[Any]]:
        """A batch, the weights, and as many directions."""
        x, y = self.of.data()
        weights = self.of.weights()
        rng = np.random.default_rng(4)
        return (
            x[: self.of.batch],
            y[: self.of.batch],
            weights,
            [rng.standard_normal(w.shape, dtype=np.float32) for w in weights],
        )

    def summary(self, products: list[Any]) -> list[float]:
        return [float(np.linalg.norm(p)) for p in products]


WORKS = (Product(),)
