"""Fuse: a graph with the groups of nodes that a kernel computes as fused calls; graph in, graph out, before lowering.

The other calls are opened. So what is lowered is a list of primitive operations and fused calls, each of which has all
that its kernel reads among its inputs, and all that others read of it among its results.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ....graph import CallNode, Graph
from ....ops.record import registry
from ..calls import Kernel
from .opening import opened
from .patterns import CALLS, PRIMITIVES, READ
from .rewriting import Index, Refusal, rewritten


class Fusion(NamedTuple):
    """A graph to be lowered, and what of it was left to XLA that a kernel might have computed."""

    graph: Graph
    refusals: list[Refusal]


def fuse(graph: Graph, kernels: Mapping[str, Kernel]) -> Fusion:
    """Return the graph with fused calls for the kernels by these names, where they do not refuse.

    First the calls that no pattern knows are opened, which may have others inside; then those that are left.
    """
    if not kernels:
        return Fusion(opened(graph, _is_none, graph.outputs), [])
    graph = opened(graph, _is_known, graph.outputs)
    calls = Index(graph, kernels)
    graph = rewritten(calls, graph, CALLS)
    graph = opened(graph, _is_none, graph.nodes)
    primitives = Index(graph, kernels)
    graph = rewritten(primitives, graph, PRIMITIVES)
    layers = {refusal.node.scope for refusal in calls.refusals}  # whose operations are left to XLA for the same reason
    others = [refusal for refusal in primitives.refusals if refusal.node.scope not in layers]
    return Fusion(graph, calls.refusals + others)


def _is_known(call: CallNode) -> bool:
    """Whether patterns read calls of this name, and it is the library's: a user's operation may have the same."""
    name = call.operation.name
    record = registry.get(name.removesuffix("_gradient")) if name in CALLS or name in READ else None
    return record is not None and record.parameters.keys() == call.attributes.keys()


def _is_none(call: CallNode) -> bool:
    """Whether a call is left closed: none is."""
    return False


__all__ = ["Fusion", "Refusal", "fuse"]
