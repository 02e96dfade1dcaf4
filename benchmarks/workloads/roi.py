"""W7: RoI align, four samples a bin (He et al., arXiv:1703.06870), forward, and backward to the features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from contestants import OURS, TORCH


@dataclass(frozen=True)
class Roi:
    """RoI align of random boxes."""

    key: str = "W7"
    name: str = "roi"
    title: str = "RoI align, 14×14×256, 512 boxes, 7×7, forward and backward"
    size: int = 14
    channels: int = 256
    boxes: int = 512
    bins: int = 7
    samples: int = 2
    contestants: tuple[str, ...] = (OURS, *TORCH, "torchvision", "JAX step", "JAX einsum")
    bar: float = 0.1
    tolerance: float = 1e-3
    floor: bool = False
    kind: str = "roi"

    def data(self) -> tuple[Any, Any, Any]:
        """Return features (1, size, size, channels), boxes (n, 4) as x1, y1, x2, y2, and the upstream gradient."""
        rng = np.random.default_rng(3)
        features = rng.standard_normal((1, self.size, self.size, self.channels), dtype=np.float32)
        corner = rng.uniform(0, self.size - 4, (self.boxes, 2))
        extent = rng.uniform(2, self.size - corner)
        boxes = np.concatenate([corner, corner + extent], 1).astype(np.float32)
        upstream = rng.standard_normal((self.boxes, self.bins, self.bins, self.channels), dtype=np.float32)
        return features, boxes, upstream

    def summary(self, pooled: Any, gradient: Any) -> list[float]:
        """Return the sums of absolute values of three channels of both results."""
        return [float(np.abs(a[..., k]).sum(dtype=np.float64)) for a in (pooled, gradient) for k in (0, 7, -1)]


WORKS = (Roi(),)
