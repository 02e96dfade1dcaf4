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
    fused = [(n.scope, n.operation) for n in fusion.graph.nodes if isinstance(n.operation, FusedCall)]
    calls = [KernelCall(scope, call.operations, call.name) for scope, call in fused if call.name not in REPLACEMENTS]
    return calls + [KernelCall(r.node.scope, (r.node.operation.name,), None, r.reason) for r in fusion.refusals]
