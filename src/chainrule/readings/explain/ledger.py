"""Collects the steps, edges and joins of a graph of primitives, each with one entry's arithmetic written out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...graph import Graph, Node
from ...ops.arrays import arrays
from ...ops.record import Operation, attributes_of
from ...ops.rules import normal_axes
from ...tensor import INPUT, VARIABLE, WATCHED
from ..differentiate import downstream, kept_shape, local_of
from .data import Arithmetic, Edge, Explanation, Index, Join, Step, factor, show
from .fold import fold

SHOWN_TERMS = 6
_LETTERS = "uvwpqrst"


class Ledger:
    """Collects the steps and edges of a flat graph, then folds them."""

    def __init__(self, graph: Graph, names: dict[int, str], depth: int | None, digits: int | None) -> None:
        self.graph, self.depth, self.digits = graph, depth, digits
        self.nodes = [n for n in graph.nodes if not n.operation.leaf]
        self.result: Any = graph.outputs[0]
        self.active = {n.serial for n in graph.inputs if n.spec.floating}
        for node in self.nodes:
            if node.spec.floating and any(p.serial in self.active for p in node.inputs):
                self.active.add(node.serial)
        self.names = self._name_all(names)

    # names

    def _name_all(self, given: dict[int, str]) -> dict[int, str]:
        names = dict(given)
        used = set(given.values())
        for i, leaf in enumerate(self.graph.inputs):
            if leaf.serial not in names:
                name = leaf.attributes.get("name") or ("x" if len(self.graph.inputs) == 1 else f"x{i}")
                while name in used:
                    name += "'"
                names[leaf.serial] = name
                used.add(name)
        fresh = self._fresh(used)
        if self.result.serial not in names:
            names[self.result.serial] = "J" if "J" not in used else next(fresh)
        for node in self.nodes:
            if node.serial not in names:
                names[node.serial] = next(fresh)
        for i, node in enumerate(n for n in self.graph.nodes if n.operation.leaf):
            names.setdefault(node.serial, f"const{i}")
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

    def _ref(self, node: Node) -> str:
        """How a node is written in a formula: small constants as their number."""
        if node.operation.leaf and node.spec.shape == () and node.operation not in (VARIABLE, WATCHED, INPUT):
            return show(node.value, self.digits)
        return self.names[node.serial]

    # the forward pass

    def _step(self, node: Node) -> Step:
        index = self.chosen.get(node.serial) or (0,) * len(node.spec.shape)
        empty = 0 in node.spec.shape
        arithmetic = None if empty or not isinstance(node.operation, Operation) else self._forward(node, index)
        formula = _formula(node, [self._ref(n) for n in node.inputs])
        return Step(
            self.names[node.serial],
            formula,
            node.value,
            arithmetic,
            index,
            node.operation.name,
            node.scope,
            node.line,
            [self.names[n.serial] for n in node.inputs if not (n.operation.leaf and n.serial not in self.active)],
        )

    def _forward(self, node: Any, index: Index) -> Arithmetic | None:
        operation: Operation = node.operation
        value = np.asarray(node.value)[index]
        xs = [n.value for n in node.inputs]
        if operation.reduces:
            return Arithmetic(self._reduction(operation, xs[0], index, node), float(value))
        if operation.local is not None or operation.transpose is None:
            if any(np.shape(x) and _meets(index, np.shape(x), node.spec.shape) is None for x in xs):
                return None
            filled = [factor(np.asarray(x)[_meets(index, np.shape(x), node.spec.shape)], self.digits) for x in xs]
            return (
                Arithmetic(_fill(operation.written, filled, node.attributes), float(value))
                if operation.local is not None
                else None
            )
        first = self._first_active(node)
        return None if operation.bends(first) else Arithmetic(self._linear(node, index, first), float(value))

    def _first_active(self, node: Node) -> int:
        """The first input that gradients reach."""
        return next((i for i, n in enumerate(node.inputs) if n.serial in self.active), 0)

    def _reduction(self, operation: Operation, x: Any, index: Index, node: Node) -> str:
        axes = normal_axes(node.attributes["axis"], x.ndim)
        kept = iter(index if not node.attributes["keepdims"] else [v for i, v in enumerate(index) if i not in axes])
        group = np.asarray(x)[tuple(slice(None) if i in axes else next(kept) for i in range(x.ndim))].ravel()
        name = operation.name
        if name == "logsumexp":
            top = group.max() if abs(group.max()) > 100 else group.dtype.type(0)  # exp of a large number overflows
            body = self._terms([f"exp({show(v, self.digits)})" for v in group - top], np.exp(group - top))
            return f"log({body})" + (f" + {factor(top, self.digits)}" if top else "")
        if name == "prod":
            return self._terms([factor(v, self.digits) for v in group], group, " * ", np.prod)
        body = self._terms([factor(v, self.digits) for v in group], group)
        return f"({body}) / {group.size}" if name == "mean" else body

    def _linear(self, node: Any, index: Index, first: int) -> str:
        """The entry as a sum over input `first`: coefficients from the transpose of a one."""
        operation: Operation = node.operation
        xs = [np.asarray(n.value) for n in node.inputs]
        one = np.zeros(node.spec.shape, node.spec.dtype)
        one[index] = 1
        moving = range(len(xs)) if operation.joint else [first]
        texts: list[str] = []
        values: list[Any] = []
        for i in moving:
            coefficients = downstream(operation, arrays, i, one, xs, node.value, node.attributes)
            for place in map(tuple, np.argwhere(coefficients)):
                c, x = coefficients[place], xs[i][place]
                texts.append(
                    factor(x, self.digits) if c == 1 else f"{factor(x, self.digits)} * {factor(c, self.digits)}"
                )
                values.append(float(c) * float(x))
        return self._terms(texts, np.array(values)) if texts else "0"

    def _terms(self, texts: list[str], values: Any, sign: str = " + ", gather: Callable[[Any], Any] = np.sum) -> str:
        """All terms, or the first few and what the others come to."""
        if len(texts) <= SHOWN_TERMS + 1:
            return sign.join(texts) or "0"
        rest = gather(np.asarray(values)[SHOWN_TERMS:])
        return sign.join([*texts[:SHOWN_TERMS], factor(rest, self.digits)])

    # the backward pass

    def explanation(self, backward: bool) -> Explanation:
        self.chosen: dict[int, Index] = {}
        edges, joins = self._backward() if backward else ([], [])
        steps = [self._step(n) for n in self.nodes]
        leaves = [
            Step(
                self.names[n.serial],
                "",
                n.value,
                None,
                self.chosen.get(n.serial, (0,) * len(n.spec.shape)),
                n.operation.name,
                n.scope,
                n.line,
                [],
            )
            for n in self.graph.inputs
        ]
        gradients = (
            {
                self.names[n.serial]: self.upstreams.get(n.serial, np.zeros_like(n.value))
                for n in self.graph.inputs
                if n.spec.floating
            }
            if backward
            else {}
        )
        made = Explanation(self.names[self.result.serial], leaves, steps, edges, joins, gradients, self.digits)
        return made if self.depth is None else fold(made, self.depth, self.digits)

    def _backward(self) -> tuple[list[Edge], list[Join]]:
        self.upstreams: dict[int, Any] = {self.result.serial: np.ones_like(self.result.value)}
        parts: dict[int, list[Any]] = {}
        found: list[tuple[Node, int, Any, Any]] = []
        joins: list[Join] = []
        for node in reversed(self.nodes):
            u = self.upstreams.get(node.serial)
            if u is None or node.serial not in self.active:
                continue
            self._join(node, parts, joins)
            xs = [n.value for n in node.inputs]
            for i, parent in enumerate(node.inputs):
                if parent.serial in self.active:
                    d = downstream(node.operation, arrays, i, u, xs, node.value, node.attributes)  # type: ignore[arg-type]
                    d = np.zeros_like(parent.value) if d is None else np.asarray(d)
                    before = self.upstreams.get(parent.serial)
                    self.upstreams[parent.serial] = d if before is None else before + d
                    parts.setdefault(parent.serial, []).append(d)
                    found.append((node, i, u, d))
        for leaf in self.graph.inputs:
            self._join(leaf, parts, joins)
        return [self._edge(*edge) for edge in found], joins

    def _largest(self, node: Node) -> Index:
        """The entry shown for a node: where the gradient that reaches it is largest."""
        if node.serial not in self.chosen:
            u = np.asarray(self.upstreams.get(node.serial, np.zeros(node.spec.shape)))
            score = np.where(np.isnan(u), np.inf, np.abs(u))
            self.chosen[node.serial] = (
                tuple(int(i) for i in np.unravel_index(np.argmax(score), u.shape)) if u.size else ()
            )
        return self.chosen[node.serial]

    def _join(self, node: Node, parts: dict[int, list[Any]], joins: list[Join]) -> None:
        mine = parts.get(node.serial, [])
        if len(mine) > 1 and node.spec.size:
            index = self._largest(node)
            total = self.upstreams[node.serial]
            text = self._terms([factor(p[index], self.digits) for p in mine], np.array([p[index] for p in mine]))
            joins.append(
                Join(self.names[node.serial], mine, total, index, Arithmetic(text, float(np.asarray(total)[index])))
            )

    def _edge(self, node: Any, i: int, u: Any, d: Any) -> Edge:
        operation: Operation = node.operation
        parent = node.inputs[i]
        index = self._largest(parent)
        xs = [np.asarray(n.value) for n in node.inputs]
        local = None
        if not d.size:
            arithmetic = Arithmetic("0", 0.0)
        elif operation.local is not None:
            local = self._local(operation, i, xs, node)
            arithmetic = Arithmetic(self._product(operation, u, local, index, parent.spec.shape, node), float(d[index]))
        else:
            arithmetic = Arithmetic(self._column(node, i, u, index), float(d[index]))
        return Edge(
            self.names[node.serial],
            self.names[parent.serial],
            u,
            local,
            d,
            index,
            arithmetic,
            operation.name,
            operation.says,
            node.scope,
            node.line,
        )

    def _local(self, operation: Operation, i: int, xs: list[Any], node: Node) -> Any:
        found = local_of(operation, arrays, i, xs, np.asarray(node.value), node.attributes)
        shape = xs[i].shape if operation.reduces else node.spec.shape
        return np.broadcast_to(np.asarray(0 if found is None else found, dtype=node.spec.dtype), shape)

    def _product(
        self, operation: Operation, u: Any, local: Any, index: Index, shape: tuple[int, ...], node: Node
    ) -> str:
        """``upstream * local``; a sum of such products where broadcasting copied the entry."""
        if operation.reduces:
            spread = np.broadcast_to(np.reshape(u, kept_shape(shape, node.attributes["axis"])), shape)
            return f"{factor(spread[index], self.digits)} * {factor(local[index], self.digits)}"
        wide = node.spec.shape
        extra = len(wide) - len(shape)
        where = tuple(slice(None) for _ in range(extra)) + tuple(
            slice(None) if n == 1 and wide[j + extra] != 1 else index[j] for j, n in enumerate(shape)
        )
        us, locals_ = np.ravel(np.asarray(u)[where]), np.ravel(local[where])
        texts = [f"{factor(a, self.digits)} * {factor(b, self.digits)}" for a, b in zip(us, locals_, strict=True)]
        return self._terms(texts, us * locals_)

    def _column(self, node: Any, i: int, u: Any, index: Index) -> str:
        """The outputs this input entry reaches, each upstream times its coefficient: its tangent along a one."""
        operation: Operation = node.operation
        xs = [np.asarray(n.value) for n in node.inputs]
        one = np.zeros_like(xs[i])
        one[index] = 1
        others = [np.zeros_like(x) for x in xs] if operation.joint else list(xs)
        others[i] = one
        rule = operation.bends(i)
        column = np.asarray(
            operation.value(np, *others, **node.attributes)
            if rule is None
            else rule(arrays, one, *xs, **node.attributes)
        )
        places = [tuple(p) for p in np.argwhere(column)]
        texts = [
            f"{factor(np.asarray(u)[p], self.digits)} * {factor(column[p], self.digits)}"
            for p in places[: SHOWN_TERMS + 1]
        ]
        products = np.array([float(np.asarray(u)[p]) * float(column[p]) for p in places])
        if len(places) > SHOWN_TERMS + 1:
            return " + ".join([*texts[:SHOWN_TERMS], factor(products[SHOWN_TERMS:].sum(), self.digits)])
        return " + ".join(texts) or "0"


def _meets(index: Index, shape: tuple[int, ...], wide: tuple[int, ...]) -> Index | None:
    """The entry of a broadcast operand that meets this entry of the result; ``None`` if it is no broadcast."""
    if len(shape) > len(wide) or any(n not in (1, m) for n, m in zip(shape[::-1], wide[::-1], strict=False)):
        return None
    tail = index[len(index) - len(shape) :]
    return tuple(0 if n == 1 else k for n, k in zip(shape, tail, strict=True))


def _fill(written: str, values: list[str], attributes: dict[str, Any]) -> str:
    """The formula with numbers for its inputs; a negative one keeps its brackets but as a function's argument."""

    def put(match: re.Match[str]) -> str:
        value = values[int(match[2])]
        return (
            f"{match[1]}{value.strip('()')}{match[3]}"
            if match[1] in ("(", ", ") and match[3] in (")", ",")
            else match[1] + value + match[3]
        )

    for name, given in attributes.items():
        written = written.replace(f"{{{name}}}", str(given))
    return re.sub(r"(\(|, |)\{(\d)\}(\)|,|)", put, written)


def _formula(node: Node, names: list[str]) -> str:
    """The operation written with its inputs' names."""
    operation: Any = node.operation
    written = operation.written
    needed = max(len(names), 1)
    try:
        return str(written.format(*names[:needed], **attributes_of(node)))
    except IndexError:
        return f"{operation.name}({', '.join(names)})"
