"""Lower: a graph as a function of JAX arrays, through the records' own values.

What is written another way for JAX is in one table, `lax.OVERRIDES`; groups of nodes that kernels compute are fused
before (`fuse`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from ...core.errors import GraphError
from ...graph import Graph, Node, interpret
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
        values = interpret(fused, inputs, lambda node, xs: _run(node, xs, table), _leaf_value)
        return [values[fused.position[node.serial]] for node in fused.outputs]

    return run


def _leaf_value(node: Node) -> Any:
    if node.value is None:
        passed = f"{node.operation.name!r} without a value"
        raise GraphError(passed, "it among the graph's inputs", "pass it", node.line)
    return jnp.asarray(node.value)


def _run(node: Node, inputs: list[Any], kernels: Mapping[str, Kernel]) -> Any:
    """Return a node's value, for a fused call the list of its results."""
    operation: Any = node.operation
    if node.call is not None:
        return inputs[0][node.position]
    if isinstance(operation, FusedCall):
        return kernels[operation.name].run(node, *inputs)
    value = OVERRIDES.get(operation.name) or operation.value
    return value(jnp, *inputs, **node.attributes).astype(node.spec.dtype)
