"""W8: what W3's and W4's nets answer to one row and to 64, a NumPy array in and one out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contestants import OURS, TORCH

from . import cnn, mlp
from .net import Training


@dataclass(frozen=True)
class Prediction:
    key: str
    name: str
    title: str
    of: Training
    rows: int
    contestants: tuple[str, ...]
    bar: float = 0.9
    tolerance: float = 1e-3
    floor: bool = False
    kind: str = "prediction"

    def data(self) -> Any:
        return self.of.data()[0][: self.rows]

    def summary(self, logits: Any) -> list[float]:
        """Of the first row, less its mean, since only differences of logits mean anything."""
        return [float(v) for v in logits[0] - logits[0].mean()]


def work(part: str, of: Training, rows: int, *more: str) -> Prediction:
    return Prediction(
        key=f"W8{part}",
        name=f"{of.name}-predicts-{rows}",
        title=f"inference of {of.key} ({of.name}), batch {rows}",
        of=of,
        rows=rows,
        contestants=(OURS, *TORCH, "JAX step", "Keras on JAX", "Keras on PyTorch", "tinygrad", *more),
    )


MLP, CNN = mlp.WORKS[0], cnn.WORKS[0]
WORKS = (
    work("a", MLP, 1, "scikit-learn"),
    work("b", MLP, 64, "scikit-learn"),
    work("c", CNN, 1),
    work("d", CNN, 64),
)
