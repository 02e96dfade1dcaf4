"""Flatten a graph: open the bodies of its calls into one list of primitive operations in execution order.

Also the memory that a run takes when each value is freed after its last reader.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..graph import CallNode, Graph, Node, function_of, interpret
from ..ops.record import operation_of


class Row(NamedTuple):
    """One primitive operation.

    Attributes:
        position: the position of its value.
        run: the function of arrays that computes it.
        inputs: the positions of its inputs.
        node: the operation's node.
        outer: the node of the flattened graph that it is, or that it is inside of.
    """

    position: int
    run: Callable[..., Any]
    inputs: tuple[int, ...]
    node: Node
    outer: Node


class FlatGraph:
    """The rows of a graph that its outputs depend on.

    Attributes:
        constants: the values by position before a run, ``None`` elsewhere; the graph's inputs have the first positions.
        outputs: the positions of the graph's outputs.
        rows: the operations in execution order.
        frees: by a row's position, the positions whose values nothing reads after it.
    """

    def __init__(self, graph: Graph) -> None:
        self.constants: list[Any] = [None] * len(graph.inputs)
        rows: list[Row] = []
        positions = self._open(graph, list(range(len(graph.inputs))), None, rows)
        self.outputs: list[int] = [positions[graph.position[n.serial]] for n in graph.outputs]
        self.rows = _needed_rows(rows, self.outputs)
        never_freed = {*self.outputs, *range(len(graph.inputs))}
        last_reader = {i: row.position for row in self.rows for i in row.inputs}
        self.frees: dict[int, list[int]] = {}
        for i, position in last_reader.items():
            if i not in never_freed and self.constants[i] is None:
                self.frees.setdefault(position, []).append(i)

    def _open(self, graph: Graph, inputs: list[Any], outer: Node | None, rows: list[Row]) -> list[Any]:
        """Append the rows of `graph`, and return the positions of its nodes' values, for a call a list of them."""

        def visit(node: Node, inner: list[Any]) -> Any:
            if node.call is not None:
                return inner[0][node.position]
            if isinstance(node, CallNode):
                return self._open(node.body, inner, node if outer is None else outer, rows)
            position = self._new_position(None)
            rows.append(Row(position, function_of(node), tuple(inner), node, node if outer is None else outer))
            return position

        return interpret(graph, inputs, visit, lambda node: self._new_position(node.value))

    def _new_position(self, value: Any) -> int:
        self.constants.append(value)
        return len(self.constants) - 1


def _needed_rows(rows: Sequence[Row], outputs: Sequence[int]) -> list[Row]:
    """Return the rows that the outputs depend on, in order."""
    needed, result = set(outputs), []
    for row in reversed(rows):
        if row.position in needed:
            needed.update(row.inputs)
            result.append(row)
    return result[::-1]


class Memory(NamedTuple):
    """The bytes that a run of a graph takes with NumPy, in the graph's order. Engines that fuse operations take less.

    Attributes:
        inputs: the inputs: data, weights.
        kept: values of the forward pass that the backward pass reads; 0 without one.
        peak: the most at any time, inputs, results and the operations' own workspace included.
    """

    inputs: int
    kept: int
    peak: int


def memory(graph: Graph, workspace: Callable[[Node], int], backward: Callable[[Node], bool]) -> Memory:
    """Compute the memory that a run of `graph` takes.

    Args:
        workspace: the bytes that an operation needs besides its inputs and its output.
        backward: whether a node belongs to the backward pass.
    """
    flat = FlatGraph(graph)
    buffer: dict[int, int] = {}  # the position whose memory a position's value shares
    for row in flat.rows:
        shared = operation_of(row.node).is_view
        buffer[row.position] = buffer.get(row.inputs[0], row.inputs[0]) if shared else row.position
    size = {row.position: row.node.spec.nbytes for row in flat.rows if buffer[row.position] == row.position}
    forward = {row.position for row in flat.rows if not backward(row.outer)}
    last_reader, kept = {}, set[int]()
    for row in flat.rows:
        for position in {buffer.get(i, i) for i in row.inputs}:
            last_reader[position] = row.position
            if position in size and position in forward and backward(row.outer):
                kept.add(position)
    never_freed = {buffer.get(i, i) for i in flat.outputs}
    freed: dict[int, list[int]] = {}
    for position in size:
        if position not in never_freed:
            freed.setdefault(last_reader.get(position, position), []).append(position)
    inputs = sum(n.spec.nbytes for n in graph.inputs)
    current = peak = inputs + sum(value.nbytes for value in flat.constants if value is not None)
    for row in flat.rows:
        current += size.get(row.position, 0)
        peak = max(peak, current + workspace(row.node))
        current -= sum(size[position] for position in freed.get(row.position, ()))
    return Memory(inputs, sum(size[position] for position in kept), peak)
