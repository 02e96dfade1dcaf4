"""Flatten a graph: the bodies of its calls opened, one list of primitive operations in the order of running; and the
memory that running it takes, each value freed after its last reader.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..graph import Graph, Node, plan_for
from ..ops.record import GET_OUTPUT

VIEWS = frozenset("reshape transpose broadcast_to squeeze expand_dims after".split())  # NumPy copies nothing for these


class Row(NamedTuple):
    """One primitive operation.

    Attributes:
        place: where its value goes. run: a function of arrays. inputs: the places of these.
        node: the operation's node. outer: the node of the flattened graph that it is, or is inside of.
    """

    position: int
    run: Callable[..., Any]
    inputs: tuple[int, ...]
    node: Node
    outer: Node


class FlatGraph:
    """A graph's rows that its outputs need.

    Attributes:
        constants: values by place before anything runs, ``None`` elsewhere; the graph's inputs have the first places.
        outputs: the places of the graph's outputs.
        frees: by a row's place, the places that nothing reads after it.
    """

    def __init__(self, graph: Graph) -> None:
        self.constants: list[Any] = [None] * len(graph.inputs)
        rows: list[Row] = []
        positions = self._open(graph, list(range(len(graph.inputs))), None, rows)
        self.outputs: list[int] = [positions[graph.position[n.serial]] for n in graph.outputs]
        self.rows = _needed(rows, self.outputs)
        kept = {*self.outputs, *range(len(graph.inputs))}
        last = {i: row.position for row in self.rows for i in row.inputs}
        self.frees: dict[int, list[int]] = {}
        for i, position in last.items():
            if i not in kept and self.constants[i] is None:
                self.frees.setdefault(position, []).append(i)

    def _open(self, graph: Graph, inputs: list[Any], outer: Node | None, rows: list[Row]) -> list[Any]:
        """The places of the values of `graph`, for a call a list of them."""
        positions = list(inputs)
        for node in graph.nodes:
            if node.operation.leaf:
                positions.append(self._place(node.value))
                continue
            read = [positions[graph.position[n.serial]] for n in node.inputs]
            if node.operation is GET_OUTPUT:
                positions.append(read[0][node.attributes["position"]])
            elif "body" in node.attributes:
                positions.append(self._open(node.attributes["body"], read, node if outer is None else outer, rows))
            else:
                run = plan_for(node.operation, tuple(n.spec for n in node.inputs), node.attributes).run
                positions.append(self._place(None))
                rows.append(Row(positions[-1], run, tuple(read), node, node if outer is None else outer))
        return positions

    def _place(self, value: Any) -> int:
        self.constants.append(value)
        return len(self.constants) - 1


def _needed(rows: Sequence[Row], outputs: Sequence[int]) -> list[Row]:
    wanted, found = set(outputs), []
    for row in reversed(rows):
        if row.position in wanted:
            wanted.update(row.inputs)
            found.append(row)
    return found[::-1]


class Memory(NamedTuple):
    """Bytes that running a graph takes, by NumPy and in its order. Engines that join operations take less.

    Attributes:
        inputs: what is given: data, weights.
        kept: values of the forward pass that the backward pass reads; 0 without one.
        peak: the most at once, inputs, results and the operations' own workspace included.
    """

    inputs: int
    kept: int
    peak: int


def memory(graph: Graph, workspace: Callable[[Node], int], backward: Callable[[Node], bool]) -> Memory:
    """What running `graph` takes.

    Args:
        workspace: bytes that an operation needs besides its inputs and its output.
        backward: whether a node is of the backward pass.
    """
    flat = FlatGraph(graph)
    buffer: dict[int, int] = {}  # whose memory a place's value lies in
    for row in flat.rows:
        view = row.node.operation.name in VIEWS
        buffer[row.position] = buffer.get(row.inputs[0], row.inputs[0]) if view else row.position
    size = {row.position: row.node.spec.nbytes for row in flat.rows if buffer[row.position] == row.position}
    made_in_forward = {row.position for row in flat.rows if not backward(row.outer)}
    last, kept = {}, set[int]()
    for row in flat.rows:
        for position in {buffer.get(i, i) for i in row.inputs}:
            last[position] = row.position
            if position in size and position in made_in_forward and backward(row.outer):
                kept.add(position)
    stays = {buffer.get(i, i) for i in flat.outputs}
    ends: dict[int, list[int]] = {}
    for position in size:
        if position not in stays:
            ends.setdefault(last.get(position, position), []).append(position)
    inputs = sum(n.spec.nbytes for n in graph.inputs)
    held = peak = inputs + sum(value.nbytes for value in flat.constants if value is not None)
    for row in flat.rows:
        held += size.get(row.position, 0)
        peak = max(peak, held + workspace(row.node))
        held -= sum(size[position] for position in ends.get(row.position, ()))
    return Memory(inputs, sum(size[position] for position in kept), peak)
