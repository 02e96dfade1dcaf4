"""W8: prediction of W3's and W4's networks for one row and for 64, from a NumPy array to a NumPy array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contestants import OURS, TORCH

from . import cnn, mlp
from .net import Training


@dataclass(frozen=True)
class Prediction:
    """Prediction with a training's network at its initial weights."""

    key: str
    name: str
    title: str
    training: Training
    rows: int
    contestants: tuple[str, ...]
    bar: float = 0.9
    tolerance: float = 1e-3
    floor: bool = False
    kind: str = "prediction"

    def data(self) -> Any:
        """Return x."""
        return self.training.data()[0][: self.rows]

    def summary(self, logits: Any) -> list[float]:
        """Return the first row less its mean, as only differences of logits have a meaning."""
        return [float(v) for v in logits[0] - logits[0].mean()]


def work(part: str, training: Training, rows: int, *contestants: str) -> Prediction:
    """Return the workload of one network and batch size, with more contestants than the usual ones."""
    return Prediction(
        key=f"W8{part}",
        name=f"{training.name}-predicts-{rows}",
        title=f"inference of {training.key} ({training.name}), batch {rows}",
        training=training,
        rows=rows,
        contestants=(OURS, *TORCH, "JAX step", "Keras on JAX", "Keras on PyTorch", "tinygrad", *contestants),
    )


MLP, CNN = mlp.WORKS[0], cnn.WORKS[0]
WORKS = (work("a", MLP, 1, "scikit-learn"), work("b", MLP, 64, "scikit-learn"), work("c", CNN, 1), work("d", CNN, 64))
