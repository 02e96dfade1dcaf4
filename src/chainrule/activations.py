"""Activation functions under Keras's names: those of `ops`, and the few that only layers use.

May import: `ops`, `configurable`.
"""

from __future__ import annotations

from typing import Any

from . import ops
from .ops import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from .ops import gelu as _gelu
from .serialization.registry import Configurable, Registry
from .tensors.tensor import Tensor, as_tensor


def linear(x: Any) -> Tensor:
    """x itself.

    >>> linear([1.0])
    tensor([1.])
    """
    return as_tensor(x)


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """max(x, 0), with a slope below the threshold and a ceiling on request (``keras.activations.relu``).

    >>> relu([-10.0, 0.0, 5.0], negative_slope=0.5, max_value=3.0)
    tensor([-5.,  0.,  3.])
    """
    x = as_tensor(x)
    if negative_slope and not threshold and max_value is None:
        return leaky_relu(x, negative_slope=negative_slope)
    found = ops.where(x > threshold, x, ops.zeros_like(x)) if threshold else ops.relu(x)
    if max_value is not None:
        found = ops.clip(found, 0, max_value)
    return found - negative_slope * ops.relu(threshold - x) if negative_slope else found


def fused(activation: Any) -> str | None:
    """The name under which `ops.dense_record` and its like apply this activation; ``None`` where they do not."""
    return "relu" if activation is relu else None


def gelu(x: Any, approximate: bool = False) -> Tensor:
    """x times the normal distribution's share below x, exactly unless `approximate` (``keras.activations.gelu``).

    >>> gelu([0.0, 1.0])
    tensor([0.       , 0.8413447])
    """
    return _gelu(x, approximate=approximate)


def exponential(x: Any) -> Tensor:
    """exp(x).

    >>> exponential([0.0])
    tensor([1.])
    """
    return ops.exp(x)


def mish(x: Any) -> Tensor:
    """x tanh(softplus(x)) (Misra, arXiv:1908.08681).

    >>> mish([0.0])
    tensor([0.])
    """
    x = as_tensor(x)
    return x * ops.tanh(ops.softplus(x))


class _None(Configurable):
    """Activations are functions: nothing is an instance of this."""


room = Registry(
    "activations",
    "activation",
    _None,
)
for _function in (
    celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, linear,
    log_sigmoid, log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign,
    sparse_plus, sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold,
):  # fmt: skip
    room.add(_function)
swish, hard_swish = silu, hard_silu
room.aliases.update({"swish": "silu", "hard_swish": "hard_silu"})


def get(identifier: Any) -> Any:
    """The function that a name means; ``None`` is `linear`."""
    return linear if identifier is None else room.get(identifier)


deserialize = room.deserialize


def serialize(activation: Any) -> Any:
    """The name of a built-in activation, else its registered configuration."""
    name = getattr(activation, "__name__", "")
    return name if room.names().get(name) is activation else room.serialize(activation)
