"""W11: a user's script from Python's start to its exit; the scripts are in `workloads/scripts`.

Linear regression on the scaled Boston table, 100 epochs, batch 32, SGD, from weights of 0 and in the table's order, so
that all scripts must print the same mean squared error.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contestants import OURS


@dataclass(frozen=True)
class Cold:
    """A workload of scripts, timed from start to exit."""

    key: str = "W11"
    name: str = "cold"
    title: str = "cold start: import, build, fit Boston 100 epochs, exit"
    contestants: tuple[str, ...] = (
        OURS,
        "PyTorch eager",
        "JAX step",
        "Keras on JAX",
        "Keras on PyTorch",
        "scikit-learn",
    )
    bar: float = 0.5
    over: str = "PyTorch eager"
    tolerance: float = 1e-3
    floor: bool = False
    kind: str = "cold"

    def script(self, module: str) -> Path:
        """Return the path of a contestant's script."""
        return Path(__file__).parent / "scripts" / f"cold_{module}.py"


WORKS = (Cold(),)
