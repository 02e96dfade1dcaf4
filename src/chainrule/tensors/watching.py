"""The leaves by which transformations differentiate (`grad`, `jvp` ...): what depends on them keeps its graph."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..core.errors import GraphError
from ..graph import Node, current_source_info, resolve
from ..graph.source_info import line_of


class _Running(threading.local):
    """The serials of this thread's watched leaves."""

    def __init__(self) -> None:
        self.leaves: set[int] = set()


running = _Running()


@contextmanager
def watching(leaves: Iterable[Node]) -> Iterator[None]:
    """Mark leaves as those of a running transformation."""
    before = set(running.leaves)
    running.leaves |= {leaf.serial for leaf in leaves}
    try:
        yield
    finally:
        running.leaves = before


def _gradient_flows(node: Node, leaves: set[int]) -> bool:
    """Return whether a gradient of the node reaches one of the leaves, by their serials."""
    stack, seen = [resolve(node)], set()
    while stack:
        node = stack.pop()
        if node.serial in leaves:
            return True
        ends = node.operation.stops_gradient or not getattr(node.spec, "floating", True)
        if node.tracked and not ends and node.serial not in seen:
            seen.add(node.serial)
            stack.extend(node.inputs)
    return False


def check_keeps_graph(node: Node, conversion: str, mend: str) -> None:
    """Check that a node which becomes a plain number or array is no part of a running gradient.

    Args:
        conversion: what is done to it, for the error.
        mend: what to do instead.

    Raises:
        GraphError: if it depends on what is being differentiated by: its share of the gradient would silently be lost.
    """
    if running.leaves and _gradient_flows(node, running.leaves):
        passed = f"{conversion} of a tensor that the running gradient is taken through"
        expected = "operations, which keep the graph: a plain number or array has no gradient"
        raise GraphError(passed, expected, mend, line_of(current_source_info()))
