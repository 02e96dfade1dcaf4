"""W10: the product of a vector and the Hessian of W3's loss at its initial weights, for all weights at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from contestants import OURS

from . import mlp
from .net import Training


@dataclass(frozen=True)
class Product:
    """A Hessian-vector product of a training's loss."""

    key: str = "W10"
    name: str = "hvp"
    title: str = "Hessian-vector product of W3's loss"
    training: Training = mlp.WORKS[0]
    contestants: tuple[str, ...] = (OURS, "PyTorch eager", "torch.compile", "JAX step")
    bar: float = 1.0
    tolerance: float = 1e-3
    floor: bool = False
    kind: str = "hvp"

    def data(self) -> tuple[Any, Any, list[Any], list[Any]]:
        """Return x and y of a batch, the weights, and a direction for each."""
        x, y = self.training.data()
        weights = self.training.weights()
        rng = np.random.default_rng(4)
        return (
            x[: self.training.batch],
            y[: self.training.batch],
            weights,
            [rng.standard_normal(w.shape, dtype=np.float32) for w in weights],
        )

    def summary(self, products: list[Any]) -> list[float]:
        """Return the numbers that prove equal work: the norms."""
        return [float(np.linalg.norm(p)) for p in products]


WORKS = (Product(),)
