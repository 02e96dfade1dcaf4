"""Open: the calls of a graph that are not kept become the nodes of their bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ....graph import CallNode, Graph, Node, SourceInfo
from ..calls import copy_of, new_output, position_of


def opened(graph: Graph, keep: Callable[[CallNode], bool], order: Iterable[Node]) -> Graph:
    """Return a graph in which only the calls that `keep` accepts, and fused calls, are calls.

    Of a body only the nodes that are read are built, when they are first read. Each output of a call is one node.

    Args:
        order: the nodes whose values are asked for, in this order, which that of the new nodes follows.
    """
    top = _Opened(graph, graph.inputs, _Builder(keep), None)
    for node in order:
        top.of(node)
    return Graph(graph.inputs, [top.of(node) for node in graph.outputs])


class _Builder:
    """What the bodies opened in one pass share: which calls are kept, and the outputs of these."""

    def __init__(self, keep: Callable[[CallNode], bool]) -> None:
        self.keep = keep
        self._outputs: dict[tuple[int, int], Node] = {}

    def output(self, call: Node, position: int) -> Node:
        """Return the node of a call's output, built once."""
        key = call.serial, position
        if key not in self._outputs:
            self._outputs[key] = new_output(call, position)
        return self._outputs[key]


class _Opened:
    """The nodes of a graph, built anew on other inputs when they are first asked for.

    Args:
        inputs: a node, or for the values of a call that was opened an `_Opened`, for each input.
        source_info: of the call, if the graph is a body.
    """

    def __init__(self, graph: Graph, inputs: Sequence[Any], builder: _Builder, source_info: SourceInfo | None) -> None:
        self.graph, self.builder, self.source_info = graph, builder, source_info
        self.new: dict[int, Any] = {old.serial: new for old, new in zip(graph.inputs, inputs, strict=True)}

    def of(self, node: Node) -> Any:
        """Return what stands for a node of the graph: a node, or for a call that is opened an `_Opened`."""
        if node.serial not in self.new:
            for needed in self._needed(node):
                self.new[needed.serial] = self._build(needed)
        return self.new[node.serial]

    def _needed(self, node: Node) -> list[Node]:
        """Return the nodes not yet built that this one depends on, itself included, in order."""
        needed: dict[int, Node] = {}
        todo = [node]
        while todo:
            node = todo.pop()
            if node.serial not in needed and node.serial not in self.new:
                needed[node.serial] = node
                todo += node.inputs
        return [needed[serial] for serial in sorted(needed)]

    def _build(self, node: Node) -> Any:
        inputs = [self.of(n) for n in node.inputs]
        if node.call is not None:
            (source,), position = inputs, position_of(node)
            if isinstance(source, _Opened):
                return source.of(source.graph.order[position])
            return self.builder.output(source, position)
        source_info = self.source_info or node.source_info
        is_open = any(isinstance(i, _Opened) for i in inputs)
        if isinstance(node, CallNode) and (is_open or not self.builder.keep(node)):
            return _Opened(node.body, inputs, self.builder, source_info)
        return copy_of(node, inputs, source_info)
