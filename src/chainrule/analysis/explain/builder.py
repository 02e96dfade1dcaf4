"""Collects the steps, edges and joins of a graph of primitives; each node is shown by one entry of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...core.errors import IndexProblem, ValueProblem
from ...draw.format import format_number
from ...graph import Graph, Node
from ...ops.arrays import arrays
from ...ops.record import attributes_of
from ...tensors.tensor import INPUT, VARIABLE, WATCHED
from ...transforms.differentiate import downstream
from .arithmetic import Writer, local_array
from .data import (
    Arithmetic,
    Edge,
    Index,
    Join,
    Number,
    Step,
)
from .explanation import Explanation

_LETTERS = "uvwpqrst"


class ExplanationBuilder:
    """A flat graph read forward and backward, all its values and gradients kept. Sums and products are those of
    `differentiate`, so what is shown is what runs."""

    def __init__(
        self, graph: Graph, names: dict[int, str], digits: int | None, lines: Callable[[Node], str] | None
    ) -> None:
        self.graph, self.digits, self.writer = graph, digits, Writer(digits)
        self.line = lines or (lambda node: node.line)
        self.nodes = [n for n in graph.nodes if not n.operation.leaf]
        self.result: Any = graph.outputs[0]
        self.active = {n.serial for n in graph.inputs if n.spec.floating}
        for node in self.nodes:
            if node.spec.floating and any(p.serial in self.active for p in node.inputs):
                self.active.add(node.serial)
        self.names = self._name_all(names)
        self.upstreams: dict[int, Any] = {self.result.serial: np.ones_like(self.result.value)}
        self.passed: list[tuple[Node, int, Any, Any]] = []  # node, input, upstream, downstream
        self.chosen: dict[int, Index] = {}

    # names

    def _name_all(self, given: dict[int, str]) -> dict[int, str]:
        names = dict(given)
        used = set(given.values())
        leaves = [n for n in self.graph.inputs if n.serial not in names]
        count = len(self.graph.inputs)
        words = [_words(node, f"x{i}" if count > 1 else "x") for i, node in enumerate(leaves)]
        for node, name in zip(leaves, _shortest(words), strict=True):
            while name in used:
                name += "'"
            names[node.serial] = name
            used.add(name)
        fresh = self._fresh(used)
        if self.result.serial not in names:
            names[self.result.serial] = "J" if "J" not in used else next(fresh)
        for node in self.nodes:
            if node.serial not in names:
                names[node.serial] = next(fresh)
        for i, node in enumerate(n for n in self.graph.nodes if n.operation.leaf):
            names.setdefault(node.serial, node.attributes.get("name") or f"const{i}")
        return names

    def _fresh(self, used: set[str]) -> Iterator[str]:
        few = len(self.nodes) - 1 <= len([c for c in _LETTERS if c not in used])
        n = 0
        for letter in _LETTERS if few else "":
            if letter not in used:
                yield letter
        while True:
            n += 1
            if f"h{n}" not in used:
                yield f"h{n}"

    def _operand(self, node: Node) -> str:
        """How a node is written in a formula: small constants as their number."""
        if node.operation.leaf and node.spec.shape == () and node.operation not in (VARIABLE, WATCHED, INPUT):
            return format_number(node.value, self.digits)
        return self.names[node.serial]

    # the whole

    def explanation(self, backward: bool) -> Explanation:
        """Everything, in the graph's own order; backward from the result on."""
        joins = self._backward() if backward else []
        edges = [self._edge(*edge) for edge in self.passed]
        steps = [self._step(n) for n in self.nodes]
        leaves = [self._step(n) for n in self.graph.inputs]
        used = {n.serial for node in self.nodes for n in node.inputs}
        known = {n.serial for n in self.graph.inputs}
        constants = [n for n in self.graph.nodes if n.operation.leaf and n.serial in used - known and n.spec.shape]
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
        index = self.chosen.get(node.serial) or (0,) * len(node.spec.shape)
        return Step(
            self.names[node.serial],
            "" if leaf else _written(node),
            [self._operand(n) for n in node.inputs],
            node.value,
            None if leaf else self.writer.forward(node, index, self._moving(node)),
            index,
            node.operation.name,
            node.scope,
            self.line(node),
            [self.names[n.serial] for n in node.inputs if not (n.operation.leaf and n.serial not in self.active)],
        )

    def _moving(self, node: Node) -> int:
        """The first input that gradients reach."""
        return next((i for i, n in enumerate(node.inputs) if n.serial in self.active), 0)

    # the backward pass

    def _backward(self) -> list[Join]:
        parts: dict[int, list[Any]] = {}
        joins: list[Join] = []
        for node in reversed(self.nodes):
            u = self.upstreams.get(node.serial)
            if u is None or node.serial not in self.active:
                continue
            joins += self._join(node, parts.get(node.serial, []))
            xs = [n.value for n in node.inputs]
            for i, parent in enumerate(node.inputs):
                if parent.serial in self.active:
                    d = downstream(node.operation, arrays, i, u, xs, node.value, node.attributes)  # type: ignore[arg-type]
                    d = np.zeros_like(parent.value) if d is None else np.asarray(d)
                    before = self.upstreams.get(parent.serial)
                    self.upstreams[parent.serial] = d if before is None else before + d
                    parts.setdefault(parent.serial, []).append(d)
                    self.passed.append((node, i, u, d))
        for leaf in self.graph.inputs:
            joins += self._join(leaf, parts.get(leaf.serial, []))
        return joins

    def _largest(self, node: Node) -> Index:
        """The entry shown for a node: where the gradient that reaches it is largest."""
        if node.serial not in self.chosen:
            u = np.asarray(self.upstreams.get(node.serial, np.zeros(node.spec.shape)))
            score = np.where(np.isnan(u), np.inf, np.abs(u))
            self.chosen[node.serial] = (
                tuple(int(i) for i in np.unravel_index(np.argmax(score), u.shape)) if u.size else ()
            )
        return self.chosen[node.serial]

    def _join(self, node: Node, parts: list[Any]) -> list[Join]:
        if len(parts) < 2 or not node.spec.size:
            return []
        index = self._largest(node)
        total = self.upstreams[node.serial]
        text = self.writer.total([p[index] for p in parts])
        return [Join(self.names[node.serial], parts, total, index, Arithmetic(text, np.asarray(total)[index]))]

    def _edge(self, node: Any, i: int, upstream: Any, found: Any) -> Edge:
        parent = node.inputs[i]
        index = self._largest(parent)
        return Edge(
            self.names[node.serial],
            self.names[parent.serial],
            upstream,
            local_array(node, i) if node.operation.local is not None and found.size else None,
            found,
            index,
            self._through(node, i, upstream, found, index),
            node.operation.name,
            node.operation.gradient_note,
            node.scope,
            self.line(node),
        )

    def _through(self, node: Any, i: int, upstream: Any, found: Any, index: Index) -> Arithmetic:
        if not found.size:
            return Arithmetic("0", 0.0)
        return Arithmetic(self.writer.backward(node, i, upstream, index), found[index])

    # one number

    def number(self, name: str, index: Any) -> Number:
        """One entry of one node, with the arithmetic of its value and of its gradient."""
        serials = {shown: serial for serial, shown in self.names.items()}
        if name not in serials:
            raise ValueProblem(f"the name {name!r}", "a name that the explanation shows", "print it, and choose one")
        node = self.graph.order[self.graph.position[serials[name]]]
        position = _place(index, node.spec.shape, name)
        through = [
            (self.names[other.serial], self._through(other, i, u, d, position))
            for other, i, u, d in self.passed
            if other.inputs[i] is node
        ]
        total = self.upstreams.get(node.serial)
        return Number(
            name,
            position,
            np.asarray(node.value)[position],
            None if node.operation.leaf else self.writer.forward(node, position, self._moving(node)),
            through,
            None if total is None else np.asarray(total)[position],
            self.names[self.result.serial],
            self.digits,
        )


def _words(node: Node, default: str) -> list[str]:
    """A leaf's name, and before it the scopes that it was made in."""
    name = str(node.attributes.get("name") or default)
    path = str(getattr(node.attributes.get("variable"), "path", name))
    return [*path.removesuffix(name).rstrip("/").split("/"), name] if path.endswith(f"/{name}") else [name]


def _shortest(words: list[list[str]]) -> list[str]:
    """For each its last words, as few as tell it from all others."""
    ends = [["/".join(endings[-k:]) for k in range(1, len(endings) + 1)] for endings in words]
    taken = Counter(end for endings in ends for end in endings)
    return [next((end for end in endings if taken[end] == 1), endings[-1]) for endings in ends]


def _place(index: Any, shape: tuple[int, ...], name: str) -> Index:
    given = tuple(index) if isinstance(index, list | tuple) else (index,)
    fits = len(given) == len(shape) and all(
        hasattr(i, "__index__") and -n <= int(i) < n for i, n in zip(given, shape, strict=False)
    )
    if not fits:
        raise IndexProblem(f"the entry {given} of {name!r}, of shape {shape}", "one index an axis", "see its shape")
    return tuple(int(i) % n for i, n in zip(given, shape, strict=True))


def _written(node: Node) -> str:
    """The operation with ``{0}``, ``{1}`` for its inputs, attributes filled in."""
    operation: Any = node.operation
    count = max(len(node.inputs), 1)
    positions = [f"{{{i}}}" for i in range(count)]
    try:
        return str(operation.format.format(*positions, **attributes_of(node)))
    except IndexError:  # fewer inputs than the record's own words have places for
        return f"{operation.name}({', '.join(positions)})"
