"""Constraints on weights, applied after each update, under Keras's names."""

from __future__ import annotations

from typing import Any

from . import ops
from .serialization.configurable import Configurable
from .serialization.registry import Registry
from .tensors.convert import as_tensor
from .tensors.tensor import Tensor

EPSILON = 1e-7  # Keras's `config.epsilon()`: avoids division by a norm of 0


class Constraint(Configurable):
    """A function from a weight to an allowed one near it; inherit to write your own (``keras.constraints``)."""

    def __call__(self, w: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(w)")


def _norm(w: Tensor, axis: Any) -> Tensor:
    return ops.sqrt(ops.sum(w * w, axis=axis, keepdims=True))


class NonNeg(Constraint):
    """Replaces entries below 0 by 0.

    >>> NonNeg()([-1.0, 2.0])
    tensor([0., 2.])
    """

    def __call__(self, w: Any) -> Tensor:
        return ops.relu(w)


class MaxNorm(Constraint):
    """Limits norms along `axis` to `max_value`; axis 0 is for a Dense kernel's columns (Srivastava et al., JMLR 15).

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
    """Moves norms along `axis` towards the interval from `min_value` to `max_value`, by the fraction `rate`.

    >>> MinMaxNorm(0.0, 5.0)([[6.0], [8.0]])
    tensor([[3.],
            [4.]])
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Tensor:
        w = as_tensor(w)
        norm = _norm(w, self.axis)
        target = self.rate * ops.clip(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        return w * (target / (EPSILON + norm))


class UnitNorm(Constraint):
    """Scales norms along `axis` to 1.

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

registry = Registry("constraints", "constraint", Constraint)
get, serialize, deserialize = registry.get, registry.serialize, registry.deserialize
