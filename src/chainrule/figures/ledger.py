"""An explanation as one page: the graph as a picture, and one of every scope; forward and backward rows with their
numbers; the arrow keys step through the rows that are unfolded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..analysis.explain import Edge, Explanation, Join, Step
from ..analysis.explain.data import entry, sides
from ..analysis.explain.diagnostics import Diagnostic
from ..analysis.explain.scope_tree import Scope
from ..draw.format import (
    format_factor,
    format_number,
    format_shape,
    join_names,
    stats,
    step_buttons,
    translate_arithmetic,
    with_math_signs,
)  # fmt: skip
from ..draw.graph import svg
from ..draw.locale import Translator, translator
from ..draw.notation import mathml
from ..draw.page import controls
from ..draw.page import page as whole_page
from ..draw.text import escape
from .circuit import Circuit, first_view

MAX_BOXES = 200  # a scope of more has no picture
MAX_ENTRIES = 12  # an array of more entries does not have each of them written out
MAX_ENTRIES_OF_PAGE = 300  # written out in all
MAX_SCOPES_WITH_HINTS = 60  # in a page of more scopes, large arrays do not say how to ask for their entries
INTRODUCTION = (
    "The values run forward (▸), from top to bottom. The gradient runs backward (◂), from the result up: at each step "
    "upstream × local = downstream."
)
MAX_ROWS = 6  # inputs of a folded scope that have a row each
MAX_DIAGNOSTICS = 8
MAX_EDGES_WITH_RUBY = 150  # in a page of more edges the factors of products are not labelled


def page(e: Explanation, language: str | None = None) -> str:
    """Return an explanation as a page of HTML."""
    return _Page(e, translator(language)).html()


class _Page:
    """The page of an explanation."""

    def __init__(self, e: Explanation, translate: Translator) -> None:
        self.e, self.translate = e, translate
        self.ids = {s.name: f"n{i}" for i, s in enumerate((*e.leaves, *e.constants, *e.steps))}
        self.edges_of: dict[str, list[tuple[int, Edge]]] = {}
        for k, edge in enumerate(e.edges):
            self.edges_of.setdefault(edge.node, []).append((k, edge))
        self.joins = {j.name: j for j in e.joins}
        self.forward = {s.name: i for i, s in enumerate(e.steps)}
        self.circuit = Circuit(e, translate, self.ids)
        self.entries_left = MAX_ENTRIES_OF_PAGE
        self.scope_count = 0

    def html(self) -> str:
        """Return the page."""
        e, translate = self.e, self.translate
        value = format_number(np.reshape(e.value, ()), e.digits)
        shown = first_view(e)
        body = [
            f'<h1>{escape(e.result)} = {escape(value)}</h1><p class="soft">{escape(self._counts())}</p>',
            f"<p>{escape(translate(INTRODUCTION))}</p>",
            *map(self._diagnostic, e.diagnostics[:MAX_DIAGNOSTICS]),
            self._more_diagnostics(),
            self._controls(),
            self._graph(shown, translate("the graph")) if len(shown) <= MAX_BOXES else "",
            self._leaves(),
            f"<h2>{escape(translate('Step by step'))}</h2>",
            *self._items(e.scope_tree.children, shown),
        ]
        return whole_page(f"{e.result} = {value}", "".join(body), translate.language)

    def _diagnostic(self, diagnostic: Diagnostic) -> str:
        message = escape(self.translate(diagnostic.message))
        if diagnostic.name in self.ids:
            message = f'<a href="#{self.ids[diagnostic.name]}">{message}</a>'
        return f'<p class="trouble">⚠ {message}{_source(diagnostic.line)}</p>'

    def _more_diagnostics(self) -> str:
        count = len(self.e.diagnostics) - MAX_DIAGNOSTICS
        message = escape(self.translate("and {count} more: e.diagnostics has them all", count=count))
        return f'<p class="trouble">⚠ {message}</p>' if count > 0 else ""

    def _counts(self) -> str:
        counts = {"steps": len(self.e.steps), "edges": len(self.e.edges), "joins": len(self.e.joins)}
        return self.translate("{steps} operations, {edges} edges backward, {joins} sums where paths join", **counts)

    def _controls(self) -> str:
        translate = self.translate
        buttons = [("first", "|◀", translate("to the beginning")), *step_buttons(translate)]
        buttons += [("last", "▶|", translate("to the end"))]
        buttons += [("fold", translate("fold all"), translate("fold all scopes"))]
        buttons += [("open", translate("unfold all"), translate("unfold all scopes"))]
        return controls(buttons)

    def _graph(self, shown: Sequence[Scope | Step], title: str) -> str:
        return f"<figure>{svg(self.circuit.boxes(shown), title, None, styled=False)}</figure>"

    # leaves

    def _leaves(self) -> str:
        """The leaves and the user's constants; constants that operations make are left out."""
        constants = [s for s in self.e.constants if s.line and not s.scope]
        leaves = [*self.e.leaves, *constants]
        rows = "".join(map(self._leaf, leaves))
        if len(leaves) > MAX_ENTRIES:
            folded = f"<summary>{escape(self.translate('{count} arrays', count=len(leaves)))}</summary>{rows}"
            rows = f'<details class="part">{folded}</details>'
        return f"<h2>{escape(self.translate('Given, and the gradient that arrives'))}</h2>{rows}" if rows else ""

    def _leaf(self, s: Step) -> str:
        shape = f'<span class="kind">{escape(format_shape(s.value))}</span>' if np.shape(s.value) else ""
        lines = self.circuit.lines(s)
        value = "".join(f'<span class="number {kind}">{escape(text)}</span>' for text, kind in lines)
        head = f'<div class="head"><span class="title">{escape(s.name)}</span>{shape}{value}{_source(s.line)}</div>'
        return f'<div class="step" id="{self.ids[s.name]}">{head}{self._join(s.name)}{self._entries(s)}</div>'

    # scopes and steps

    def _items(self, items: Sequence[Scope | Step], shown: Sequence[Scope | Step]) -> Iterator[str]:
        """HTML of scopes and steps, without recursion, since scopes may be deep."""
        unfolded = _unfolded_scopes(items, shown)
        todo: list[Scope | Step | str] = list(reversed(items))
        while todo:
            item = todo.pop()
            if isinstance(item, str):
                yield item
            elif isinstance(item, Step):
                yield self._step(item)
            else:
                yield self._scope(item, id(item) not in unfolded)
                todo.append("</details>")
                todo.extend(reversed(item.children))

    def _scope(self, scope: Scope, folded: bool) -> str:
        """A scope, up to where its children begin: its inputs and outputs, its own upstream and downstream."""
        self.scope_count += 1
        e, last = self.e, scope.last
        kind = self.translate("composite" if scope.kind == "composite" else "scope")
        shapes = [format_shape(self.circuit.step_of[name].value) for name in scope.outputs]
        outputs = ", ".join(f"{name} {shape}".strip() for name, shape in zip(scope.outputs, shapes, strict=True))
        value = format_number(np.asarray(last.value)[last.index], e.digits) if np.size(last.value) else ""
        rows = [self._row("f", self.forward[last.name], last.name, f"{entry(last.name, last.index)} = ", value)]
        for name in list(scope.edges_out)[:MAX_ROWS]:
            rows.append(self._downstream(scope, name))
        if len(scope.edges_out) > MAX_ROWS:
            more = self.translate("and {count} more gradients, inside", count=len(scope.edges_out) - MAX_ROWS)
            rows.append(f'<div class="row soft">{escape(more)}</div>')
        # a scope that is unfolded at first is in the first picture
        figure = self._graph(scope.children, scope.path) if folded and 1 < len(scope.children) <= MAX_BOXES else ""
        return (
            f'<details class="part" id="p{self.scope_count}"{"" if folded else " open"}><summary>'
            f'<span class="title">{escape(scope.name)}</span><span class="kind">{escape(kind)}</span> '
            f'<span class="number soft">({escape(join_names(scope.inputs, self.translate))}) → {escape(outputs)}</span>'
            f"{_source(last.line)}{''.join(rows)}</summary>{figure}"
        )

    def _downstream(self, scope: Scope, name: str) -> str:
        """The gradient from a scope to one of its inputs: the entry that is shown of it."""
        edges = scope.edges_out[name]
        index, time = edges[-1].index, self._time(edges[-1])
        left = f"{_slope(self.e, name, index)} = "
        if not np.size(edges[0].downstream):
            return self._row("b", time, name, left, "0")
        parts = [edge.downstream[index] for edge in edges]
        if len(parts) > 1:
            left += with_math_signs(" + ".join(format_factor(p, self.e.digits) for p in parts)) + " = "
        return self._row("b", time, name, left, format_number(scope.gradient_to(name)[index], self.e.digits))

    def _step(self, s: Step) -> str:
        e = self.e
        math = mathml(s.format, s.operands)
        shape = f'<span class="kind">{escape(format_shape(s.value))}</span>' if np.shape(s.value) else ""
        name = f'<span class="title">{escape(s.name)}</span> = {math}'
        head = f'<div class="head"><span>{name}</span>{shape}{_source(s.line)}</div>'
        value = format_number(np.asarray(s.value)[s.index], e.digits) if np.size(s.value) else ""
        *middle, right = sides(s.arithmetic.text if s.arithmetic else "", value)
        left = "".join(f"{self._arithmetic(side)} = " for side in [entry(s.name, s.index), *middle])
        row = self._row("f", self.forward[s.name], s.name, left, right)
        backward = ""
        if s.name == e.result and e.edges:
            backward = self._row("b", self._edge_time(0) - 1, s.name, f"d{e.result}/d{e.result} = ", "1")
        backward += self._join(s.name)
        last_role = ""
        for k, edge in self.edges_of.get(s.name, ()):
            backward += self._edge(k, edge, "" if edge.role == last_role else edge.role)
            last_role = edge.role
        return f'<div class="step" id="{self.ids[s.name]}">{head}{row}{backward}{self._entries(s)}</div>'

    def _edge(self, k: int, edge: Edge, role: str) -> str:
        result = format_number(edge.downstream[edge.index], self.e.digits) if np.size(edge.downstream) else "0"
        *middle, right = sides(edge.arithmetic.text, result, self.translate)
        left = f"{escape(_slope(self.e, edge.input, edge.index))} = "
        left += "".join(f"{self._product(side)} = " for side in middle)
        note = self.translate(role) if role else ""
        return self._row("b", self._edge_time(k), edge.input, left, right, note, markup=True)

    def _arithmetic(self, text: str) -> str:
        return with_math_signs(translate_arithmetic(text, self.translate))

    def _product(self, text: str) -> str:
        """The arithmetic; the factors of a single product are labelled."""
        factors = text.split(" * ")
        if len(factors) != 2 or " + " in text or len(self.e.edges) > MAX_EDGES_WITH_RUBY:
            return escape(self._arithmetic(text))
        named = zip(factors, (self.translate("upstream"), self.translate("local")), strict=True)
        return " × ".join(f"<ruby>{escape(with_math_signs(f))}<rt>{escape(name)}</rt></ruby>" for f, name in named)

    def _join(self, name: str) -> str:
        join: Join | None = self.joins.get(name)
        if join is None:
            return ""
        first = min((k for k, _ in self.edges_of.get(name, ())), default=len(self.e.edges))
        left = f"{_slope(self.e, name, join.index)} = {self._arithmetic(join.arithmetic.text)} = "
        total = format_number(np.asarray(join.total)[join.index], self.e.digits)
        note = self.translate("paths that join are summed")
        return self._row("b", self._edge_time(first) - 1, name, left, total, note)

    def _edge_time(self, k: int) -> int:
        """The step of the page that shows edge `k`: after the forward pass, with a step before it for a sum."""
        return len(self.e.steps) + 2 + 2 * k

    def _time(self, edge: Edge) -> int:
        return self._edge_time(next(k for k, other in self.edges_of[edge.node] if other is edge))

    def _row(self, kind: str, time: int, name: str, left: str, right: str, note: str = "", markup: bool = False) -> str:
        """A row of the page.

        Args:
            kind: ``"f"`` forward or ``"b"`` backward. time: when it is stepped to. name: of the node it belongs to.
            left, right: the two sides; `left` is HTML if `markup`. note: a sentence beside it.
        """
        text = left if markup else escape(left)
        span = f'<span class="says">{escape(note)}</span>' if note else ""
        return (
            f'<div class="row {kind}" data-t="{time}" data-of="{escape(name)}"><span class="number">{text}'
            f"<b>{escape(with_math_signs(right))}</b></span>{span}</div>"
        )

    def _entries(self, s: Step) -> str:
        """Every entry of a small array, folded; for a large one, the call that gives an entry."""
        size = int(np.size(s.value))
        if not np.shape(s.value) or not size or self.e.builder is None:
            return ""
        if size > MAX_ENTRIES or size > self.entries_left:
            if self.scope_count > MAX_SCOPES_WITH_HINTS or size <= 1:
                return ""
            call = f"e.number({s.name!r}, {entry('', s.index).strip('[]') if len(s.index) == 1 else s.index})"
            return f'<p class="soft">{escape(stats(s.value, self.translate))} · <code>{escape(call)}</code></p>'
        self.entries_left -= size
        entries = []
        for index in np.ndindex(np.shape(s.value)):
            number = self.e.number(s.name, index)
            summary = escape(f"{entry('', index)} {format_number(np.asarray(s.value)[index], self.e.digits)}")
            text = escape(with_math_signs(number.to_text(self.translate.language)))
            entries.append(f'<details><summary class="number">{summary}</summary><pre>{text}</pre></details>')
        return f'<div class="entries">{"".join(entries)}</div>'


def _slope(e: Explanation, name: str, index: Sequence[int]) -> str:
    return f"d{e.result}/d{entry(name, tuple(index))}"


def _source(line: str) -> str:
    """Return the user's line as HTML."""
    return f' <code class="source">{escape(line)}</code>' if line else ""


def _unfolded_scopes(items: Sequence[Scope | Step], shown: Sequence[Scope | Step]) -> set[int]:
    """Return the ids of the scopes that are unfolded when `shown` is shown."""
    shown_ids, unfolded = {id(s) for s in shown}, set()
    todo = [item for item in items if isinstance(item, Scope)]
    while todo:
        scope = todo.pop()
        if id(scope) not in shown_ids:
            unfolded.add(id(scope))
            todo.extend(child for child in scope.children if isinstance(child, Scope))
    return unfolded
