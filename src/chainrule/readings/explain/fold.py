"""Folding: a scope shown as one step, with what flows into it and out of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .data import Arithmetic, Edge, Explanation, Join, Step, factor


def fold(whole: Explanation, depth: int, digits: int | None) -> Explanation:
    """Steps in the same scope, cut to `depth` levels, become one; edges inside vanish, edges out are summed."""
    group = {s.name: _group(s.scope, depth) for s in whole.steps}
    last = {g: s.name for s in whole.steps if (g := group[s.name])}
    hidden = {s.name: last[g] for s in whole.steps if (g := group[s.name])}
    steps = []
    for s in whole.steps:
        g = group[s.name]
        if not g:
            steps.append(s)
        elif last[g] == s.name:
            inputs = list(
                dict.fromkeys(i for t in whole.steps if group[t.name] == g for i in t.inputs if group.get(i) != g)
            )
            steps.append(Step(s.name, f"{g}({', '.join(inputs)})", s.value, None, s.index, g, g, s.line, inputs))
    edges = _folded_edges(whole, group, hidden, digits)
    return Explanation(
        whole.result,
        whole.leaves,
        steps,
        edges,
        _visible(whole.joins, edges),
        whole.gradients,
        digits,
    )


def _group(scope: str, depth: int) -> str:
    """The folded scope a node belongs to; empty if it lies above the fold."""
    parts = scope.split("/") if scope else []
    return "/".join(parts[: depth + 1]) if len(parts) > depth else ""


def _visible(joins: Sequence[Join], edges: Sequence[Edge]) -> list[Join]:
    """The joins at which several edges still arrive; what met inside a fold is the fold's own sum."""
    found = []
    for join in joins:
        arriving = [e for e in edges if e.input == join.name]
        if len(arriving) > 1:
            parts = [e.downstream for e in arriving]
            text = (
                " + ".join(factor(np.asarray(p)[join.index], None) for p in parts)
                if len(parts) < len(join.parts)
                else ""
            )
            arithmetic = Arithmetic(text, join.arithmetic.value) if text else join.arithmetic
            found.append(Join(join.name, parts, join.total, join.index, arithmetic))
    return found


def _folded_edges(whole: Explanation, group: dict[str, str], hidden: dict[str, str], digits: int | None) -> list[Edge]:
    edges: list[Edge] = []
    seen: dict[tuple[str, str], Edge] = {}
    out_of = {e.node: e.upstream for e in whole.edges}
    for e in whole.edges:
        g = group.get(e.node, "")
        if g and group.get(e.input) == g:
            continue
        node = hidden.get(e.node, e.node)
        if not g:
            edges.append(e)
            continue
        before = seen.get((node, e.input))
        if before is not None:
            before.downstream = before.downstream + e.downstream
            value = float(before.downstream[before.index])
            before.arithmetic = Arithmetic(
                before.arithmetic.text + " + " + factor(e.downstream[before.index], digits), value
            )
            continue
        value = e.downstream[e.index] if e.downstream.size else 0.0
        made = Edge(
            node,
            e.input,
            out_of.get(node, e.upstream),
            None,
            e.downstream,
            e.index,
            Arithmetic(factor(value, digits), float(value)),
            g,
            f"{g} is folded: open it to see its steps",
            g,
            e.line,
        )
        seen[node, e.input] = made
        edges.append(made)
    return edges
