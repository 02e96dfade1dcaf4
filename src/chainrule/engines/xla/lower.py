"""Lower: a graph as a function of JAX arrays, through the records' own values.

What is written another way for JAX is in one table, `lax.OVERRIDES`; groups of nodes that kernels compute are fused
before (`fuse`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from ...core.errors import GraphError
from ...graph import Graph, Node
from .calls import FusedCall, Kernel
from .fuse import fuse
from .lax import OVERRIDES


def lower(graph: Graph, kernels: Mapping[str, Kernel] | None = None) -> Callable[[Sequence[Any]], list[Any]]:
    """Return a pure function, for `jax.jit`, of the list of a graph's inputs that returns the list of its outputs.

    Args:
        kernels: by the name of the call that they compute.
    """
    table = kernels or {}
    fused = fuse(graph, table).graph

    def run(inputs: Sequence[Any]) -> list[Any]:
        values = {node.serial: value for node, value in zip(fused.inputs, inputs, strict=True)}
        for node in fused.nodes:
            values[node.serial] = _run(node, [values[n.serial] for n in node.inputs], table)
        return [values[node.serial] for node in fused.outputs]

    return run


def _run(node: Node, inputs: list[Any], kernels: Mapping[str, Kernel]) -> Any:
    """Return a node's value, for a fused call the list of its results."""
    operation: Any = node.operation
    if operation.leaf:
        if node.value is None:
            raise GraphError(f"{operation.name!r} without a value", "it among the graph's inputs", "pass it", node.line)
        return jnp.asarray(node.value)
    if node.call is not None:
        return inputs[0][node.position]
    if isinstance(operation, FusedCall):
        return kernels[operation.name].run(node, *inputs)
    value = OVERRIDES.get(operation.name) or operation.value
    return value(jnp, *inputs, **node.attributes).astype(node.spec.dtype)
