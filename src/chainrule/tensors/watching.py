"""The leaves by which running transformations (`grad`, `jvp` ...) differentiate; what depends on them keeps its graph."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..core.errors import GraphError
from ..graph import Node, ancestors, current_source_info
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


def check_keeps_graph(node: Node, conversion: str, mend: str) -> None:
    """Check that a node which becomes a plain number or array is no part of a running gradient.

    Args:
        conversion: what is done to it, for the error.
        mend: what to do instead.

    Raises:
        GraphError: if it depends on what is being differentiated by: its share would be lost in silence.
    """
    if running.leaves and node.tracked and any(n.serial in running.leaves for n in ancestors([node])):
        passed = f"{conversion} of a tensor that the running gradient is taken through"
        expected = "operations, which keep the graph: a plain number or array has no gradient"
        raise GraphError(passed, expected, mend, line_of(current_source_info()))
