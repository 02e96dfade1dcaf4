"""Activation functions under Keras's names: those of `ops`, and the few that only layers use."""

from __future__ import annotations

from typing import Any

from . import ops

from .ops import (  # isort: skip
    celu, elu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, log_sigmoid, log_softmax, relu6, selu,
    sigmoid, silu, soft_shrink, softmax, softplus, softsign, sparse_plus, sparse_sigmoid, sparsemax, squareplus, tanh,
    tanh_shrink, threshold,
)  # fmt: skip
from .ops import gelu as _gelu
from .ops.gates import mish as _mish
from .serialization.configurable import Configurable
from .serialization.registry import Registry
from .tensors.convert import as_tensor
from .tensors.tensor import Tensor, VariableBase


def linear(x: Any) -> Tensor:
    """Return x itself.

    >>> linear([1.0])
    tensor([1.])
    """
    return as_tensor(x)


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """Compute max(x, 0), with an optional slope below a threshold and an optional maximum (``keras.activations.relu``).

    >>> relu([-10.0, 0.0, 5.0], negative_slope=0.5, max_value=3.0)
    tensor([-5.,  0.,  3.])
    """
    x = as_tensor(x)
    has_slope, has_threshold = not _is_zero(negative_slope), not _is_zero(threshold)
    if has_slope and not has_threshold and max_value is None:
        return leaky_relu(x, negative_slope=negative_slope)
    result = ops.where(x > threshold, x, ops.zeros_like(x)) if has_threshold else ops.relu(x)
    if max_value is not None:
        result = ops.clip(result, 0, max_value)
    return result - negative_slope * ops.relu(threshold - x) if has_slope else result


def _is_zero(number: Any) -> bool:
    """Return whether a number is 0; a tensor, whose gradient counts at 0 too, is not."""
    return not isinstance(number, Tensor | VariableBase) and number == 0


def fused(activation: Any) -> str | None:
    """Return the name by which fused operations such as `ops.dense_record` apply this activation, or ``None``."""
    return "relu" if activation is relu else None


def gelu(x: Any, approximate: bool = False) -> Tensor:
    """Compute x times the normal distribution function of x, exactly unless `approximate` (``keras.activations.gelu``).

    >>> gelu([0.0, 1.0])
    tensor([0.       , 0.8413447])
    """
    return _gelu(x, approximate=approximate)


def exponential(x: Any) -> Tensor:
    """Compute exp(x).

    >>> exponential([0.0])
    tensor([1.])
    """
    return ops.exp(x)


def mish(x: Any) -> Tensor:
    """Compute x tanh(softplus(x)) (Misra, arXiv:1908.08681).

    >>> mish([0.0])
    tensor([0.])
    """
    return _mish(x)


class _NoBase(Configurable):
    """The base class of the registry; activations are functions, so nothing is an instance of it."""


registry = Registry("activations", "activation", _NoBase)
registry.add(
    celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, linear,
    log_sigmoid, log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign,
    sparse_plus, sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold,
)  # fmt: skip
swish, hard_swish = silu, hard_silu
registry.aliases.update({"swish": "silu", "hard_swish": "hard_silu"})


def get(identifier: Any) -> Any:
    """Return the function that a name means; ``None`` is `linear`."""
    return linear if identifier is None else registry.get(identifier)


deserialize = registry.deserialize


def serialize(activation: Any) -> Any:
    """Return the name of a built-in activation, else its registered configuration."""
    name = getattr(activation, "__name__", "")
    return name if registry.names().get(name) is activation else registry.serialize(activation)
