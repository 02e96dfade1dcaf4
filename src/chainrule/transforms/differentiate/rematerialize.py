"""Rematerialization: the backward pass computes the forward values inside a region again instead of reading them.

The forward graph is unchanged. The inputs of the region are kept; each node in it that the backward pass reads gets a
copy, built on those inputs after the upstream is known (`ops.after`), so that no engine merges the copy with the
original or computes it too early (Chen et al., arXiv:1604.06174).
"""

from __future__ import annotations

from typing import Any

from ... import ops
from ...graph import CallNode, Node, RematCall, RematRegion
from ...tensors.tensor import INPUT
from ..run import rebuild_node


class Rematerializer:
    """The copies of one backward pass, by the original's serial, and the inputs of each region."""

    def __init__(self) -> None:
        self.copies: dict[int, Any] = {}
        self.region_inputs: dict[tuple[int, RematCall], Any] = {}

    def copy_of(self, node: Node, upstream: Any) -> Any:
        """Return the node's copy, or the node itself if it is not in a rematerialized region."""
        call = _call_of(node)
        return node if call is None else self._copy(node, call, _any_leaf(upstream))

    def _copy(self, node: Node, call: RematCall, upstream: Any) -> Any:
        """Copy a node, and before it its ancestors in the region that have no copy yet."""
        originals, stack = {node.serial: node}, [node]
        while stack:
            for n in stack.pop().inputs:
                if n.serial not in originals and n.serial not in self.copies and _call_of(n) is call:
                    originals[n.serial] = n
                    stack.append(n)
        for serial in sorted(originals):
            if serial not in self.copies:
                inputs = [self._input_of_copy(n, call, upstream) for n in originals[serial].inputs]
                self.copies[serial] = rebuild_node(originals[serial], inputs)
        return self.copies[node.serial]

    def _input_of_copy(self, node: Node, call: RematCall, upstream: Any) -> Any:
        """Return the node that a copy reads in place of `node`."""
        if _call_of(node) is call:
            return self.copies[node.serial]
        if (node.operation.leaf and node.operation is not INPUT) or isinstance(node, CallNode):
            return node  # constants and variables; a call outside the region, whose outputs are the region's inputs
        key = node.serial, call
        if key not in self.region_inputs:
            self.region_inputs[key] = ops.after(node, upstream)
        return self.region_inputs[key]


def _call_of(node: Node) -> RematCall | None:
    """Return the rematerialized call in which the node's value is computed again, if any."""
    scope = node.source_info.scope if node.source_info is not None else ""
    if not isinstance(scope, RematRegion) or not scope.call.enabled or node.operation.leaf:
        return None
    return None if node.source.operation.name in scope.call.saved_operations else scope.call


def _any_leaf(upstream: Any) -> Any:
    """Return one of the upstreams of a call's positions."""
    while isinstance(upstream, dict):
        upstream = next(iter(upstream.values()))
    return upstream
