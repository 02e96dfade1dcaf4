"""Samples: the arguments on which the tests run an operation, part of its record."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ChainruleError


class Draw:
    """A random array of this shape, drawn from a fixed stream only when a test needs it, so that import stays cheap.

    ``kind``: ``"normal"``, ``"positive"``, ``"distinct"`` (no ties), or an integer: whole numbers below it.
    """

    def __init__(self, *shape: int, kind: str | int = "normal") -> None:
        self.shape, self.kind = shape, kind

    def array(self, seed: int) -> np.ndarray[Any, Any]:
        """Draw the array."""
        rng = np.random.default_rng([seed, *self.shape])
        if isinstance(self.kind, int):
            return rng.integers(0, self.kind, self.shape).astype(np.int32)
        if self.kind == "distinct":
            return rng.permutation(int(np.prod(self.shape))).reshape(self.shape) / 4.0 - 1.0
        normal = rng.normal(size=self.shape)
        return np.abs(normal) + 0.25 if self.kind == "positive" else normal


class Sample:
    """Arguments on which the tests run an operation; `error`: the error that it must raise for them."""

    def __init__(self, *inputs: Any, error: type[ChainruleError] | None = None, **attributes: Any) -> None:
        self.inputs, self.error, self.attributes = inputs, error, attributes

    def arrays(self) -> tuple[Any, ...]:
        """Return the inputs as float64, int32 or bool arrays."""
        arrays = []
        for i, value in enumerate(self.inputs):
            array = value.array(i) if isinstance(value, Draw) else np.asarray(value)
            arrays.append(array.astype(np.int32) if array.dtype == np.int64 else array)
        return tuple(arrays)

    def __repr__(self) -> str:
        shapes = ", ".join(str(list(a.shape)) for a in self.arrays())
        extra = ", ".join(f"{k}={v}" for k, v in self.attributes.items())
        return f"({shapes}{'; ' + extra if extra else ''})"
