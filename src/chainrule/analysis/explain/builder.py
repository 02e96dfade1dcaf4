"""Collect the steps, edges and joins of a graph of primitives; each node is shown by one of its entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...core.arguments import whole_number
from ...core.errors import IndexProblem, ValueProblem
from ...draw.format import format_number
from ...graph import Graph, Node
from ...ops.arrays import arrays
from ...ops.record import operation_of
from ...tensors.tensor import INPUT, VARIABLE, WATCHED
from ...transforms.differentiate.backward import array_of, reach, reverse
from .arithmetic import ArithmeticWriter, local_gradients
from .data import Arithmetic, Edge, Index, Join, Number, Step
from .explanation import Explanation

_LETTERS = "uvwpqrst"


class ExplanationBuilder:
    """A flat graph, run forward and backward, with all its values and gradients. Sums and products are those of
    `differentiate`, so what is shown is what runs.

    Args:
        graph: a graph of primitives with one output, a single number.
        names: names to show, by the nodes' serials.
        digits: significant digits; ``None``: as many as give each number back.
        lines: a function that gives a node's line of code; by default the user's line that made it.
    """

    def __init__(
        self, graph: Graph, names: dict[int, str], digits: int | None, lines: Callable[[Node], str] | None
    ) -> None:
        self.graph, self.digits, self.writer = graph, digits, ArithmeticWriter(digits)
        self.line = lines or (lambda node: node.line)
        self.nodes = [n for n in graph.nodes if not n.operation.leaf]
        self.result: Any = graph.outputs[0]
        self.active = reach(self.nodes, {n.serial for n in graph.inputs if n.spec.floating})
        self.names = self._name_all(names)
        self.upstreams: dict[int, Any] = {self.result.serial: np.ones_like(self.result.value)}
        self.edges: list[tuple[Node, int, Any, Any]] = []  # node, input, upstream, downstream
        self.indices: dict[int, Index] = {}  # the entry shown for each node

    # names

    def _name_all(self, names: dict[int, str]) -> dict[int, str]:
        """Return a name for every node: the given ones, the leaves' own, letters for the rest."""
        names = dict(names)
        used = set(names.values())
        leaves = [n for n in self.graph.inputs if n.serial not in names]
        count = len(self.graph.inputs)
        paths = [_path_of(node, f"x{i}" if count > 1 else "x") for i, node in enumerate(leaves)]
        for node, name in zip(leaves, _shortest_suffixes(paths), strict=True):
            while name in used:
                name += "'"
            names[node.serial] = name
            used.add(name)
        unused_names = self._unused_names(used)
        if self.result.serial not in names:
            names[self.result.serial] = "J" if "J" not in used else next(unused_names)
        for node in self.nodes:
            if node.serial not in names:
                names[node.serial] = next(unused_names)
        for i, node in enumerate(n for n in self.graph.nodes if n.operation.leaf):
            names.setdefault(node.serial, node.attributes.get("name") or f"const{i}")
        return names

    def _unused_names(self, used: set[str]) -> Iterator[str]:
        """Yield letters if they suffice for all nodes, else ``h1``, ``h2``, ..."""
        letters_suffice = len(self.nodes) - 1 <= len([c for c in _LETTERS if c not in used])
        n = 0
        for letter in _LETTERS if letters_suffice else "":
            if letter not in used:
                yield letter
        while True:
            n += 1
            if f"h{n}" not in used:
                yield f"h{n}"

    def _operand(self, node: Node) -> str:
        """Return how a node is written in a formula: a constant scalar as its number, any other by its name."""
        if node.operation.leaf and node.spec.shape == () and node.operation not in (VARIABLE, WATCHED, INPUT):
            return format_number(node.value, self.digits)
        return self.names[node.serial]

    # the explanation

    def explanation(self, backward: bool) -> Explanation:
        """Return the explanation: steps in the graph's order; if `backward`, edges from the result to the leaves."""
        joins = self._backward() if backward else []
        edges = [self._edge(*edge) for edge in self.edges]
        steps = [self._step(n) for n in self.nodes]
        leaves = [self._step(n) for n in self.graph.inputs]
        used = {n.serial for node in self.nodes for n in node.inputs}
        inputs = {n.serial for n in self.graph.inputs}
        constants = [n for n in self.graph.nodes if n.operation.leaf and n.serial in used - inputs and n.spec.shape]
        gradients = {
            self.names[n.serial]: self.upstreams.get(n.serial, np.zeros_like(n.value))
            for n in self.graph.inputs
            if backward and n.spec.floating
        }
        return Explanation(
            self.names[self.result.serial],
            leaves,
            steps,
            edges,
            joins,
            gradients,
            [self._step(n) for n in constants],
            self.digits,
            self,
        )

    def _step(self, node: Node) -> Step:
        leaf = node.operation.leaf
        index = self._index_of_largest(node) or (0,) * len(node.spec.shape)
        return Step(
            self.names[node.serial],
            "" if leaf else _formula(node),
            [self._operand(n) for n in node.inputs],
            node.value,
            None if leaf else self.writer.forward(node, index, self._first_active_input(node)),
            index,
            node.operation.name,
            node.scope,
            self.line(node),
            [self.names[n.serial] for n in node.inputs if not (n.operation.leaf and n.serial not in self.active)],
        )

    def _first_active_input(self, node: Node) -> int:
        """Return the position of the first input that gradients reach."""
        return next((i for i, n in enumerate(node.inputs) if n.serial in self.active), 0)

    # the backward pass

    def _backward(self) -> list[Join]:
        """Run the backward pass: fill `upstreams` and `edges`, and return the joins."""
        parts: dict[int, list[Any]] = {}

        def visit(node: Node, i: int, u: Any, d: Any) -> Any:
            parent = node.inputs[i]
            d = np.zeros_like(parent.value) if d is None else np.asarray(d)
            parts.setdefault(parent.serial, []).append(d)
            self.edges.append((node, i, u, d))
            return d

        seeds = self.upstreams if self.result.serial in self.active else {}
        self.upstreams |= reverse(self.nodes, seeds, self.active, self.active, arrays, array_of, visit)
        nodes = [*reversed(self.nodes), *self.graph.inputs]
        return [join for node in nodes for join in self._join(node, parts.get(node.serial, []))]

    def _index_of_largest(self, node: Node) -> Index:
        """Return the index of the entry shown for a node: where the gradient that reaches it is largest; of several
        such entries, the largest."""
        if node.serial not in self.indices:
            u = np.asarray(self.upstreams.get(node.serial, np.zeros(node.spec.shape)))
            index: Index = ()
            if u.size:
                score, size = (np.where(np.isnan(a), np.inf, np.abs(a)) for a in (u, np.asarray(node.value)))
                largest = np.argmax(np.where(score == score.max(), size, -1))
                index = tuple(int(i) for i in np.unravel_index(largest, u.shape))
            self.indices[node.serial] = index
        return self.indices[node.serial]

    def _join(self, node: Node, parts: list[Any]) -> list[Join]:
        """Return the join at a node; an empty list if fewer than two gradients reach it."""
        if len(parts) < 2 or not node.spec.size:
            return []
        index = self._index_of_largest(node)
        total = self.upstreams[node.serial]
        text = self.writer.sum([p[index] for p in parts])
        return [Join(self.names[node.serial], parts, total, index, Arithmetic(text, np.asarray(total)[index]))]

    def _edge(self, node: Node, i: int, upstream: Any, downstream: Any) -> Edge:
        parent = node.inputs[i]
        index = self._index_of_largest(parent)
        return Edge(
            self.names[node.serial],
            self.names[parent.serial],
            upstream,
            local_gradients(node, i) if operation_of(node).local is not None and downstream.size else None,
            downstream,
            index,
            self._gradient_arithmetic(node, i, upstream, downstream, index),
            node.operation.name,
            operation_of(node).gradient_note,
            node.scope,
            self.line(node),
        )

    def _gradient_arithmetic(self, node: Node, i: int, upstream: Any, downstream: Any, index: Index) -> Arithmetic:
        """Return the arithmetic of one entry of what a node passes to its input `i`."""
        if not downstream.size:
            return Arithmetic("0", 0.0)
        return Arithmetic(self.writer.backward(node, i, upstream, index), downstream[index])

    # one number

    def number(self, name: str, index: Any) -> Number:
        """Return one entry of one node, with the arithmetic of its value and of its gradient."""
        serials = {name: serial for serial, name in self.names.items()}
        if name not in serials:
            raise ValueProblem(f"the name {name!r}", "a name that the explanation shows", "print it, and choose one")
        node = self.graph.order[self.graph.position[serials[name]]]
        index = _check_index(index, node.spec.shape, name)
        through = [
            (self.names[reader.serial], self._gradient_arithmetic(reader, i, u, d, index))
            for reader, i, u, d in self.edges
            if reader.inputs[i] is node
        ]
        total = self.upstreams.get(node.serial)
        return Number(
            name,
            index,
            np.asarray(node.value)[index],
            None if node.operation.leaf else self.writer.forward(node, index, self._first_active_input(node)),
            through,
            None if total is None else np.asarray(total)[index],
            self.names[self.result.serial],
            self.digits,
        )


def _path_of(node: Node, default: str) -> list[str]:
    """Return the scopes that a leaf was made in, and its name last."""
    name = str(node.attributes.get("name") or default)
    path = str(getattr(node.attributes.get("variable"), "path", name))
    return [*path.removesuffix(name).rstrip("/").split("/"), name] if path.endswith(f"/{name}") else [name]


def _shortest_suffixes(paths: list[list[str]]) -> list[str]:
    """Return for each path its shortest suffix that no other path has."""
    suffixes = [["/".join(path[-k:]) for k in range(1, len(path) + 1)] for path in paths]
    counts = Counter(suffix for of_path in suffixes for suffix in of_path)
    return [next((suffix for suffix in of_path if counts[suffix] == 1), of_path[-1]) for of_path in suffixes]


def _check_index(index: Any, shape: tuple[int, ...], name: str) -> Index:
    """Return an index of one entry as a tuple without negative numbers."""
    indices = tuple(index) if isinstance(index, list | tuple) else (index,)
    whole = [whole_number(i) for i in indices]
    if len(whole) != len(shape) or any(i is None or not -n <= i < n for i, n in zip(whole, shape, strict=True)):
        raise IndexProblem(f"the entry {indices} of {name!r}, of shape {shape}", "one index an axis", "see its shape")
    return tuple(i % n for i, n in zip(whole, shape, strict=True) if i is not None)


def _formula(node: Node) -> str:
    """Return the operation's formula with ``{0}``, ``{1}`` for its inputs and the attributes filled in."""
    operation = operation_of(node)
    count = max(len(node.inputs), 1)
    positions = [f"{{{i}}}" for i in range(count)]
    try:
        return str(operation.format.format(*positions, **node.attributes))
    except IndexError:  # fewer inputs than the record's format has
        return f"{operation.name}({', '.join(positions)})"
