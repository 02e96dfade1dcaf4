"""Report: which calls of a graph kernels compute, and why others are left to XLA."""

from __future__ import annotations

from collections.abc import Mapping

from ...graph import Graph
from ..protocol import KernelCall
from .calls import REPLACEMENTS, FusedCall, Kernel
from .fuse import fuse


def kernel_calls(graph: Graph, kernels: Mapping[str, Kernel]) -> list[KernelCall]:
    """Return the calls that kernels compute, in order, then those that they refused, each with the reason."""
    fusion = fuse(graph, kernels)
    calls = [
        KernelCall(node.scope, node.operation.operations, node.operation.name)
        for node in fusion.graph.nodes
        if isinstance(node.operation, FusedCall) and node.operation.name not in REPLACEMENTS
    ]
    return calls + [KernelCall(r.node.scope, (r.node.operation.name,), None, r.reason) for r in fusion.refusals]
