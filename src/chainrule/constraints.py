"""What a weight must fulfil after each update, under Keras's names.

May import: `ops`, `configurable`.
"""

from __future__ import annotations

from typing import Any

from . import ops
from .serialization.registry import Configurable, Registry
from .tensors.tensor import Tensor, as_tensor

EPSILON = 1e-7  # Keras's `config.epsilon()`: keeps a norm of 0 from being divided by


class Constraint(Configurable):
    """A function from a weight to the nearest one allowed; inherit to write your own (``keras.constraints``)."""

    def __call__(self, w: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(w)")


def _norm(w: Tensor, axis: Any) -> Tensor:
    return ops.sqrt(ops.sum(w * w, axis=axis, keepdims=True))


class NonNeg(Constraint):
    """Entries below 0 become 0.

    >>> NonNeg()([-1.0, 2.0])
    tensor([0., 2.])
    """

    def __call__(self, w: Any) -> Tensor:
        return ops.relu(w)


class MaxNorm(Constraint):
    """Norms along `axis` of at most `max_value`; a Dense kernel's columns with axis 0 (Srivastava et al., JMLR 15).

    >>> MaxNorm(5.0)([[6.0], [8.0]])
    tensor([[3.],
            [4.]])
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Tensor:
        w = as_tensor(w)
        norm = _norm(w, self.axis)
        return w * (ops.clip(norm, 0, self.max_value) / (EPSILON + norm))


class MinMaxNorm(Constraint):
    """Norms along `axis` moved between two bounds, by the share `rate` of the way.

    >>> MinMaxNorm(0.0, 5.0)([[6.0], [8.0]])
    tensor([[3.],
            [4.]])
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Tensor:
        w = as_tensor(w)
        norm = _norm(w, self.axis)
        wanted = self.rate * ops.clip(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        return w * (wanted / (EPSILON + norm))


class UnitNorm(Constraint):
    """Norms of 1 along `axis`.

    >>> UnitNorm()([[3.0], [4.0]])
    tensor([[0.6],
            [0.8]])
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        w = as_tensor(w)
        return w / (EPSILON + _norm(w, self.axis))


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm

room = Registry("constraints", "constraint", Constraint)
get, serialize, deserialize = room.get, room.serialize, room.deserialize
