"""Kernels of optimizers: a weight and its slots are updated in place."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ....graph import Graph, Node
from ..lower import Values
from .call import Array, ShapeDtype, call, no_operand, only_outputs, producer
from .dense import DenseGradientValues

MIN_UPDATE_SIZE = 2**12  # entries of a weight below which XLA's own code costs less than a call


def _update(
    name: str, values: Values, node: Any, operands: list[Array], attributes: dict[str, Any], min_size: int
) -> Values | None:
    """Call a kernel that writes new values into the memory of the old ones.

    Args:
        operands: what the gradient is computed from, the weight and its slots, which are updated, and the rate.
    """
    body: Graph = node.body
    updated = operands[-1 - len(body.outputs) : -1]
    if any(a.dtype != jnp.float32 for a in operands) or updated[0].size < min_size or operands[-1].shape != ():
        return None
    first = len(operands) - 1 - len(updated)
    aliases = {first + i: i for i in range(len(updated))}
    results = call(name, [ShapeDtype(a.shape, a.dtype) for a in updated], *operands, aliases=aliases, **attributes)
    return only_outputs(values, body, results)


def adam_update(values: Values, node: Node, min_size: int = MIN_UPDATE_SIZE) -> Values | None:
    """Update by Adam; where nothing else reads the gradient of a product's kernel, while that is summed."""
    attributes = {k: float(node.attributes[k]) for k in ("beta_1", "beta_2", "epsilon")}
    gradient, *others = node.inputs
    operands = [values.of(n) for n in others]
    source = producer(gradient, "dense_gradient")
    product = values.of(source) if source is not None else None
    if (
        isinstance(product, DenseGradientValues)
        and gradient.position == product.position
        and _count_consumers(values.graph, gradient) == 1
    ):
        wait_for = no_operand(operands[0]) if product.by_input is None else product.by_input
        factors = [wait_for, product.inputs, product.upstream]
        result = _update("dense_adam", values, node, [*factors, *operands], attributes, min_size)
        if result is not None:
            return result
    return _update("adam", values, node, [values.of(gradient), *operands], attributes, min_size)


def _count_consumers(graph: Graph, node: Node) -> int:
    return sum(n is node for other in graph.order for n in other.inputs) + sum(n is node for n in graph.outputs)


def momentum_update(values: Values, node: Node, min_size: int = MIN_UPDATE_SIZE) -> Values | None:
    """Update by momentum, plain or Nesterov's."""
    attributes = {"momentum": float(node.attributes["momentum"]), "nesterov": bool(node.attributes["nesterov"])}
    return _update("momentum", values, node, values.inputs_of(node), attributes, min_size)
