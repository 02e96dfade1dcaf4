"""The steps of an explanation as a tree: scopes hold scopes, composites and operations.

A scope holds consecutive steps; entered again later, it is a scope of its own. So scopes, like steps, are in
topological order: each reads only what is before it.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, TypeVar

from ...draw.format import format_factor
from ...ops.calls import Composite
from ...ops.record import registry
from .data import Arithmetic, Edge, ExplanationData, Join, Step

E = TypeVar("E", bound=ExplanationData)


@dataclass
class Scope:
    """A scope with its children, and the edges into it and out of it.

    Attributes:
        name: the scope's own name. path: all names, the outermost first. kind: ``"scope"`` or ``"composite"``.
        children: scopes and steps, in order.
        inputs: what the steps inside read from outside. outputs: what is read outside, and the explanation's result.
        edges_in: for each output the edges from outside that reach it. edges_out: for each input the edges to it.
    """

    name: str
    path: str
    kind: str
    children: list[Scope | Step] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    edges_in: dict[str, list[Edge]] = field(default_factory=dict, repr=False)
    edges_out: dict[str, list[Edge]] = field(default_factory=dict, repr=False)

    @property
    def upstream(self) -> dict[str, Any]:
        """The gradient that arrives at each output from outside; that of the explanation's result is left out."""
        return {name: _sum_downstreams(edges) for name, edges in self.edges_in.items() if edges}

    @property
    def downstream(self) -> dict[str, Any]:
        """The gradient that the steps inside pass to each input."""
        return {name: self.gradient_to(name) for name in self.edges_out}

    def gradient_to(self, name: str) -> Any:
        """Return the gradient that the steps inside pass to an input; ``None`` if there is none."""
        edges = self.edges_out.get(name)
        return _sum_downstreams(edges) if edges else None

    @property
    def steps(self) -> Iterator[Step]:
        """Every step inside, those of inner scopes too."""
        todo: list[Scope | Step] = [self]
        while todo:
            item = todo.pop()
            if isinstance(item, Step):
                yield item
            else:
                todo.extend(reversed(item.children))

    @property
    def last(self) -> Step:
        """The last step."""
        item: Scope | Step = self
        while isinstance(item, Scope):
            item = item.children[-1]
        return item


def _sum_downstreams(edges: list[Edge]) -> Any:
    return reduce(operator.add, (edge.downstream for edge in edges))


def scope_tree(e: ExplanationData) -> Scope:
    """Return the outermost scope, without a name, which holds all steps of an explanation."""
    root = Scope("", "", "scope")
    open_scopes = [root]
    scopes_of: dict[str, tuple[Scope, ...]] = {}  # all scopes around a step, the outermost first
    for step in e.steps:
        names = step.scope.split("/") if step.scope else []
        same = 0
        while same < min(len(names), len(open_scopes) - 1) and open_scopes[same + 1].name == names[same]:
            same += 1
        del open_scopes[same + 1 :]
        for name in names[same:]:
            kind = "composite" if isinstance(registry.get(name), Composite) else "scope"
            scope = Scope(name, "/".join(names[: len(open_scopes)]), kind)
            open_scopes[-1].children.append(scope)
            open_scopes.append(scope)
        open_scopes[-1].children.append(step)
        scopes_of[step.name] = tuple(open_scopes)
    for step in e.steps:
        for name in step.inputs:
            for scope in _without_shared(scopes_of[step.name], scopes_of.get(name, ())):
                _add(scope.inputs, name)
            for scope in _without_shared(scopes_of.get(name, ()), scopes_of[step.name]):
                _add(scope.outputs, name)
    for scope in scopes_of.get(e.result, ()):
        _add(scope.outputs, e.result)
    for edge in e.edges:
        for scope in _without_shared(scopes_of[edge.node], scopes_of.get(edge.input, ())):
            scope.edges_out.setdefault(edge.input, []).append(edge)
        for scope in _without_shared(scopes_of.get(edge.input, ()), scopes_of[edge.node]):
            scope.edges_in.setdefault(edge.input, []).append(edge)
    return root


def _without_shared(scopes: tuple[Scope, ...], others: tuple[Scope, ...]) -> tuple[Scope, ...]:
    """Return the scopes around one step that are not around another."""
    shared = 0
    while shared < min(len(scopes), len(others)) and scopes[shared] is others[shared]:
        shared += 1
    return scopes[shared:]


def _add(names: list[str], name: str) -> None:
    """Append a name unless it is in the list."""
    if name not in names:
        names.append(name)


def visible(tree: Scope, depth: int | None) -> list[Scope | Step]:
    """Return what is shown if scopes deeper than `depth` are folded; ``None`` folds nothing."""
    shown: list[Scope | Step] = []
    todo: list[tuple[Scope | Step, int]] = [(child, 0) for child in reversed(tree.children)]
    while todo:
        item, level = todo.pop()
        if isinstance(item, Step) or (depth is not None and level >= depth):
            shown.append(item)
        else:
            todo.extend((child, level + 1) for child in reversed(item.children))
    return shown


def fold(e: E, tree: Scope, depth: int) -> E:
    """Return the explanation with each scope at `depth` as one step; edges inside are removed, edges out are summed."""
    steps: list[Step] = []
    folded_scope: dict[str, Scope] = {}
    for item in visible(tree, depth):
        if isinstance(item, Step):
            steps.append(item)
        else:
            steps += _folded_steps(item)
            folded_scope.update((step.name, item) for step in item.steps)
    edges = _folded_edges(e, folded_scope)
    return replace(e, steps=steps, edges=edges, joins=_folded_joins(e, edges))


def _folded_steps(scope: Scope) -> list[Step]:
    """Return a step for each value of the scope that is read outside, and for its last."""
    last, parent = scope.last, scope.path.rpartition("/")[0]
    operands = [*scope.inputs, scope.path]
    positions = ", ".join(f"{{{i}}}" for i in range(len(scope.inputs)))
    formula = f"{{{len(scope.inputs)}}}({positions})"
    return [
        Step(s.name, formula, operands, s.value, None, s.index, scope.path, parent, last.line, scope.inputs)
        for s in scope.steps
        if s.name in scope.outputs or s is last
    ]


def _folded_edges(e: ExplanationData, folded_scope: dict[str, Scope]) -> list[Edge]:
    """Return the edges between what is shown; those out of a folded scope to one input are one edge."""
    edges: list[Edge] = []
    upstream = {edge.node: edge.upstream for edge in e.edges}
    seen: set[tuple[int, str]] = set()
    for edge in e.edges:
        scope = folded_scope.get(edge.node)
        if scope is None:
            edges.append(edge)
        elif edge.input in scope.edges_out and (id(scope), edge.input) not in seen:
            seen.add((id(scope), edge.input))
            parts, last = scope.edges_out[edge.input], scope.last.name
            total = _sum_downstreams(parts)
            text = " + ".join(format_factor(p.downstream[edge.index], e.digits) for p in parts) if total.size else "0"
            arithmetic = Arithmetic(text, total[edge.index] if total.size else 0.0)
            arriving, path = upstream.get(last, edge.upstream), scope.path
            role, line = f"{path} is folded: open it to see its steps", edge.line
            edges.append(Edge(last, edge.input, arriving, None, total, edge.index, arithmetic, path, role, path, line))
    return edges


def _folded_joins(e: ExplanationData, edges: list[Edge]) -> list[Join]:
    """Return the joins at which several edges still arrive; what is summed inside a folded scope is left out."""
    edges_to: dict[str, list[Edge]] = {}
    for edge in edges:
        edges_to.setdefault(edge.input, []).append(edge)
    joins = []
    for join in e.joins:
        parts = [edge.downstream for edge in edges_to.get(join.name, ())]
        if len(parts) == len(join.parts):
            joins.append(join)
        elif len(parts) > 1:
            text = " + ".join(format_factor(p[join.index], e.digits) for p in parts)
            joins.append(Join(join.name, parts, join.total, join.index, Arithmetic(text, join.arithmetic.value)))
    return joins
