"""Rematerialisation: inside a recomputed region the backward pass reads forward values that it computes anew.

The forward graph stays as it is. What enters the region is kept; each node in it gets a twin, built on what enters
once the upstream is there (`ops.after`), so that no engine takes the twin for the first one or computes it too early
(Chen et al., arXiv:1604.06174).
"""

from __future__ import annotations

from typing import Any

from ... import ops
from ...graph import Node, RematCall, RematRegion
from ..run import same


class Rematerializer:
    """The twins of one backward pass by serial, and what enters each region."""

    def __init__(self) -> None:
        self.twins: dict[int, Any] = {}
        self.entered: dict[tuple[int, RematCall], Any] = {}

    def of(self, node: Node, upstream: Any) -> Any:
        """The node's twin, or the node itself where it need not be computed again."""
        call = _call_of(node)
        return node if call is None else self._twin(node, call, _any_of(upstream))

    def _twin(self, node: Node, call: RematCall, upstream: Any) -> Any:
        inside, todo = {node.serial: node}, [node]
        while todo:
            for n in todo.pop().inputs:
                if n.serial not in inside and n.serial not in self.twins and _call_of(n) is call:
                    inside[n.serial] = n
                    todo.append(n)
        for serial in sorted(inside):
            if serial not in self.twins:
                inputs = [self._read(n, call, upstream) for n in inside[serial].inputs]
                self.twins[serial] = same(inside[serial], inputs)
        return self.twins[node.serial]

    def _read(self, node: Node, call: RematCall, upstream: Any) -> Any:
        """What stands for a node that a twin reads."""
        if _call_of(node) is call:
            return self.twins[node.serial]
        if (node.operation.leaf and node.operation.name != "input") or "body" in node.attributes:
            return node  # constants and variables; a call from outside, of which the picks are what enters
        key = node.serial, call
        if key not in self.entered:
            self.entered[key] = ops.after(node, upstream)
        return self.entered[key]


def _call_of(node: Node) -> RematCall | None:
    scope = node.source_info.scope if node.source_info is not None else ""
    if not isinstance(scope, RematRegion) or not scope.call.on or node.operation.leaf:
        return None
    made_of = node.inputs[0] if node.operation.name == "get_output" else node
    return None if made_of.operation.name in scope.call.keeps else scope.call


def _any_of(upstream: Any) -> Any:
    while isinstance(upstream, dict):
        upstream = next(iter(upstream.values()))
    return upstream
