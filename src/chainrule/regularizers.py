"""Penalties on weights and activations, added to the loss, under Keras's names."""

from __future__ import annotations

from typing import Any

from . import ops
from .core.arguments import finite, one_of
from .core.errors import ShapeError
from .serialization.configurable import Configurable
from .serialization.registry import Registry
from .tensors.convert import as_tensor
from .tensors.tensor import Tensor


class Regularizer(Configurable):
    """A function of a tensor that gives one number; inherit to write your own (``keras.regularizers.Regularizer``)."""

    def __call__(self, x: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(x)")


class L1L2(Regularizer):
    """``l1 * sum(|x|) + l2 * sum(x²)``.

    >>> L1L2(l1=1.0, l2=0.5)([1.0, -2.0])
    tensor(5.5)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = finite(least=0, l1=l1 or 0.0), finite(least=0, l2=l2 or 0.0)

    def __call__(self, x: Any) -> Tensor:
        x = as_tensor(x)
        parts = []
        if self.l1:
            parts.append(self.l1 * ops.sum(ops.absolute(x)))
        if self.l2:
            parts.append(self.l2 * ops.sum(x * x))
        return sum(parts[1:], parts[0]) if parts else ops.zeros((), x.dtype)


class L1(L1L2):
    """``l1 * sum(|x|)``."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(L1L2):
    """``l2 * sum(x²)``."""

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


class OrthogonalRegularizer(Regularizer):
    """``factor`` times the mean |cosine| between different rows (or columns) of a matrix.

    >>> OrthogonalRegularizer(factor=1.0)([[1.0, 0.0], [0.0, 1.0]])
    tensor(0.0)
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor, self.mode = finite(least=0, factor=factor), one_of(("rows", "columns"), mode=mode)

    def __call__(self, x: Any) -> Tensor:
        x = as_tensor(x)
        if x.ndim != 2:
            raise ShapeError(f"a weight of shape {x.shape}", "a matrix", "use another regularizer for this weight")
        axis, count = (1, x.shape[0]) if self.mode == "rows" else (0, x.shape[1])
        unit = ops.normalize(x, axis=axis)
        between = (unit @ unit.T if self.mode == "rows" else unit.T @ unit) * (1 - ops.eye(count, dtype=x.dtype))
        return self.factor * ops.sum(ops.absolute(between)) / max(count * (count - 1), 1)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

ALIASES = {"l1": "L1", "l2": "L2", "l1_l2": "L1L2", "l1l2": "L1L2"}
registry = Registry("regularizers", "regularizer", Regularizer, ALIASES)
get, serialize, deserialize = registry.get, registry.serialize, registry.deserialize
