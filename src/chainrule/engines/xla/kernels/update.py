"""Kernels of optimizers: a weight and its slots are updated in place."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ....core.messages import LazyMessage
from ....graph import Node
from .call import Array, ShapeDtype, call, no_operand, other_dtype, specs_of, too_small
from .dense import as_matrix

MIN_UPDATE_SIZE = 2**12  # entries of a weight below which XLA's own code costs less than a call


def adam_update(node: Node, *operands: Array) -> list[Array]:
    """Update by Adam: from the gradient, the weight, its two slots and the rate."""
    return _update("adam", node, operands, _adam_attributes(node))


def dense_gradient_adam_update(node: Node, x: Array, upstream: Array, *operands: Array) -> list[Array]:
    """Update a product's weights by Adam while their gradient, ``x.T @ upstream``, is summed.

    Args:
        operands: the weight, its two slots, the rate, and, if it is computed, the gradient of the product's input,
            which reads the weight, so that the update must wait for it.
    """
    weight, mean, square, rate, *by_input = operands
    wait_for = by_input[0] if by_input else no_operand(weight)
    inputs = (wait_for, as_matrix(x), upstream, weight, mean, square, rate)
    return _update("dense_adam", node, inputs, _adam_attributes(node))


def momentum_update(node: Node, *operands: Array) -> list[Array]:
    """Update by momentum, plain or Nesterov's: from the gradient, the weight, its slot and the rate."""
    at = node.attributes
    return _update("momentum", node, operands, {"momentum": float(at["momentum"]), "nesterov": bool(at["nesterov"])})


def _adam_attributes(node: Node) -> dict[str, float]:
    return {k: float(node.attributes[k]) for k in ("beta_1", "beta_2", "epsilon")}


def _update(name: str, node: Node, operands: tuple[Array, ...], attributes: dict[str, Any]) -> list[Array]:
    """Call a kernel that writes new values into the memory of the old ones, which are before the rate, the last."""
    count = len(node.spec)
    first = len(operands) - 1 - count
    updated = operands[first:-1]
    aliases = {first + i: i for i in range(count)}
    return list(call(name, [ShapeDtype(a.shape, a.dtype) for a in updated], *operands, aliases=aliases, **attributes))


def update_refusal(node: Node, min_size: int = MIN_UPDATE_SIZE, factors: int = 1) -> str | None:
    """Refuse small weights, other dtypes than float32, and a rate for each entry.

    Args:
        factors: how many inputs the gradient is computed from; the weight, its slots and the rate come next.
    """
    specs = specs_of(node)
    if specs[factors + len(node.spec)].shape != ():
        return LazyMessage("its kernel is for one learning rate")
    return other_dtype(specs, (jnp.float32,)) or too_small(node.spec[0].size, min_size)
