"""The steps of an explanation in layers, like an onion: scopes hold scopes, composites and operations.

A scope is the steps that follow each other in it; used again later, it is a part of its own. So parts, like steps,
stand in an order in which each reads only what is before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ...draw.format import format_factor
from ...ops.record import Composite, registry
from .data import (
    Arithmetic,
    Edge,
    ExplanationData,
    Join,
    Step,
)

E = TypeVar("E", bound=ExplanationData)


@dataclass
class Scope:
    """A scope with what is inside it, and what flows into it and out of it.

    Attributes:
        name: the scope's own name. path: all names from the outermost on. kind: ``"scope"`` or ``"composite"``.
        inside: parts and steps, in order.
        inputs: what the steps inside read from outside. outputs: what is read outside; the result is, too.
        arriving: for each output the edges from outside that reach it. leaving: for each input the edges to it.
    """

    name: str
    path: str
    kind: str
    inside: list[Scope | Step] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    arriving: dict[str, list[Edge]] = field(default_factory=dict, repr=False)
    leaving: dict[str, list[Edge]] = field(default_factory=dict, repr=False)

    @property
    def upstream(self) -> dict[str, Any]:
        """The gradient that arrives at each output from outside; nothing of the explanation's result itself."""
        return {name: _summed(edges) for name, edges in self.arriving.items() if edges}

    @property
    def downstream(self) -> dict[str, Any]:
        """The gradient that the steps inside hand to each input."""
        return {name: self.handed(name) for name in self.leaving}

    def handed(self, name: str) -> Any:
        """What the steps inside hand to this one; ``None`` if nothing."""
        edges = self.leaving.get(name)
        return _summed(edges) if edges else None

    @property
    def steps(self) -> Iterator[Step]:
        """Every step inside, parts opened."""
        todo: list[Scope | Step] = [self]
        while todo:
            here = todo.pop()
            if isinstance(here, Step):
                yield here
            else:
                todo.extend(reversed(here.inside))

    @property
    def last(self) -> Step:
        """The step that is made last."""
        here: Scope | Step = self
        while isinstance(here, Scope):
            here = here.inside[-1]
        return here


def _summed(edges: list[Edge]) -> Any:
    total = edges[0].downstream
    for edge in edges[1:]:
        total = total + edge.downstream
    return total


def scope_tree(e: ExplanationData) -> Scope:
    """The steps in parts, all in one outermost part without a name."""
    root = Scope("", "", "scope")
    open_, around = [root], {}
    for step in e.steps:
        words = step.scope.split("/") if step.scope else []
        same = 0
        while same < min(len(words), len(open_) - 1) and open_[same + 1].name == words[same]:
            same += 1
        del open_[same + 1 :]
        for word in words[same:]:
            kind = "composite" if isinstance(registry.get(word), Composite) else "scope"
            part = Scope(word, "/".join(words[: len(open_)]), kind)
            open_[-1].inside.append(part)
            open_.append(part)
        open_[-1].inside.append(step)
        around[step.name] = tuple(open_)
    for step in e.steps:
        for name in step.inputs:
            for part in _only(around[step.name], around.get(name, ())):
                _add(part.inputs, name)
            for part in _only(around.get(name, ()), around[step.name]):
                _add(part.outputs, name)
    for part in around.get(e.result, ()):
        _add(part.outputs, e.result)
    for edge in e.edges:
        for part in _only(around[edge.node], around.get(edge.input, ())):
            part.leaving.setdefault(edge.input, []).append(edge)
        for part in _only(around.get(edge.input, ()), around[edge.node]):
            part.arriving.setdefault(edge.input, []).append(edge)
    return root


def _only(these: tuple[Scope, ...], not_those: tuple[Scope, ...]) -> tuple[Scope, ...]:
    """The parts around one step but not around another."""
    shared = 0
    while shared < min(len(these), len(not_those)) and these[shared] is not_those[shared]:
        shared += 1
    return these[shared:]


def _add(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)


def visible(tree: Scope, depth: int | None) -> list[Scope | Step]:
    """What is seen where scopes deeper than `depth` are folded; ``None`` folds nothing."""
    found: list[Scope | Step] = []
    todo: list[tuple[Scope | Step, int]] = [(inner, 0) for inner in reversed(tree.inside)]
    while todo:
        here, level = todo.pop()
        if isinstance(here, Step) or (depth is not None and level >= depth):
            found.append(here)
        else:
            todo.extend((inner, level + 1) for inner in reversed(here.inside))
    return found


def fold(e: E, tree: Scope, depth: int) -> E:
    """Parts at `depth` as one step each; edges inside vanish, edges out of them are summed."""
    steps: list[Step] = []
    part_of: dict[str, Scope] = {}
    for here in visible(tree, depth):
        if isinstance(here, Step):
            steps.append(here)
            continue
        steps += _folded(here)
        part_of.update((inner.name, here) for inner in here.steps)
    edges = _edges(e, part_of)
    return replace(e, steps=steps, edges=edges, joins=_joins(e, edges))


def _folded(part: Scope) -> list[Step]:
    """A step for each value that is read outside, the last one made last."""
    last = part.last
    given = [*part.inputs, part.path]
    positions = ", ".join(f"{{{i}}}" for i in range(len(part.inputs)))
    written = f"{{{len(part.inputs)}}}({positions})"
    around = part.path.rpartition("/")[0]
    return [
        Step(s.name, written, given, s.value, None, s.index, part.path, around, last.line, part.inputs)
        for s in part.steps
        if s.name in part.outputs or s is last
    ]


def _edges(e: ExplanationData, part_of: dict[str, Scope]) -> list[Edge]:
    found: list[Edge] = []
    upstream = {edge.node: edge.upstream for edge in e.edges}
    seen: set[tuple[int, str]] = set()
    for edge in e.edges:
        part = part_of.get(edge.node)
        if part is None:
            found.append(edge)
        elif edge.input in part.leaving and (id(part), edge.input) not in seen:
            seen.add((id(part), edge.input))
            parts, last = part.leaving[edge.input], part.last.name
            total = _summed(parts)
            text = " + ".join(format_factor(p.downstream[edge.index], e.digits) for p in parts) if total.size else "0"
            value = total[edge.index] if total.size else 0.0
            found.append(
                Edge(
                    last,
                    edge.input,
                    upstream.get(last, edge.upstream),
                    None,
                    total,
                    edge.index,
                    Arithmetic(text, value),
                    part.path,
                    f"{part.path} is folded: open it to see its steps",
                    part.path,
                    edge.line,
                )
            )
    return found


def _joins(e: ExplanationData, edges: list[Edge]) -> list[Join]:
    """The joins at which several edges still arrive; what met inside a part is the part's own sum."""
    arriving: dict[str, list[Edge]] = {}
    for edge in edges:
        arriving.setdefault(edge.input, []).append(edge)
    found = []
    for join in e.joins:
        parts = [edge.downstream for edge in arriving.get(join.name, ())]
        if len(parts) == len(join.parts):
            found.append(join)
        elif len(parts) > 1:
            text = " + ".join(format_factor(p[join.index], e.digits) for p in parts)
            found.append(Join(join.name, parts, join.total, join.index, Arithmetic(text, join.arithmetic.value)))
    return found


__all__ = ["Scope", "fold", "scope_tree", "visible"]
