"""The ledger: an explanation as one page. The graph as a picture, every scope of it again inside; forward and backward
rows with their numbers; the arrow keys step through the rows that are unfolded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..analysis.explain import Edge, Explanation, Join, Step
from ..analysis.explain.data import adds_information, entry
from ..analysis.explain.diagnostics import Diagnostic
from ..analysis.explain.scope_tree import Scope
from ..draw.format import format_factor, format_number, format_shape, join_names, stats, step_buttons, with_math_signs
from ..draw.graph import svg
from ..draw.locale import Translator, translator
from ..draw.notation import mathml
from ..draw.page import controls
from ..draw.page import page as whole_page
from ..draw.text import escape
from .circuit import Circuit, first_view

DRAWN = 200  # a scope of more boxes has no picture of its own
FEW = 12  # an array of so many entries has each of them written out
ENTRIES = 300  # a page writes out so many entries at the most
HOW = (
    "The values run forward (▸), from top to bottom. The gradient runs backward (◂), from the result up: at each step "
    "upstream × local = downstream."
)
ROWS = 6  # so many inputs of a folded scope have a row each
TROUBLES = 8  # so many are written
RUBIES = 150  # in a page of so many edges each product says which factor is which


def page(e: Explanation, language: str | None = None) -> str:
    """The page."""
    return _Page(e, translator(language)).made()


class _Page:
    def __init__(self, e: Explanation, translate: Translator) -> None:
        self.e, self.translate = e, translate
        self.ids = {s.name: f"n{i}" for i, s in enumerate((*e.leaves, *e.constants, *e.steps))}
        self.edges_of: dict[str, list[tuple[int, Edge]]] = {}
        for k, edge in enumerate(e.edges):
            self.edges_of.setdefault(edge.node, []).append((k, edge))
        self.joins = {j.name: j for j in e.joins}
        self.forward = {s.name: i for i, s in enumerate(e.steps)}
        self.circuit = Circuit(e, translate, self.ids)
        self.left = ENTRIES
        self.parts = 0

    def made(self) -> str:
        e, translate = self.e, self.translate
        value = format_number(np.reshape(e.value, ()), e.digits)
        shown = first_view(e)
        return whole_page(
            f"{e.result} = {value}",
            "".join(
                [
                    f"<h1>{escape(e.result)} = {escape(value)}</h1>",
                    f'<p class="soft">{escape(self._counts())}</p>',
                    f"<p>{escape(translate(HOW))}</p>",
                    *map(self._trouble, e.diagnostics[:TROUBLES]),
                    self._more_troubles(),
                    self._controls(),
                    self._renderer_module(shown, translate("the graph")) if len(shown) <= DRAWN else "",
                    self._given(),
                    f"<h2>{escape(translate('Step by step'))}</h2>",
                    *self._inside(e.scope_tree.inside, shown),
                ]
            ),
            translate.language,
        )

    def _trouble(self, found: Diagnostic) -> str:
        said = escape(self.translate(found.said))
        link = f'<a href="#{self.ids[found.name]}">{said}</a>' if found.name in self.ids else said
        return f'<p class="trouble">⚠ {link}{_source(found.line)}</p>'

    def _more_troubles(self) -> str:
        left = len(self.e.diagnostics) - TROUBLES
        said = escape(self.translate("and {count} more: e.troubles has them all", count=left))
        return f'<p class="trouble">⚠ {said}</p>' if left > 0 else ""

    def _counts(self) -> str:
        e = self.e
        return self.translate(
            "{steps} operations, {edges} edges backward, {joins} sums where paths join",
            steps=len(e.steps),
            edges=len(e.edges),
            joins=len(e.joins),
        )

    def _controls(self) -> str:
        translate = self.translate
        return controls(
            [
                ("first", "|◀", translate("to the beginning")),
                *step_buttons(translate),
                ("last", "▶|", translate("to the end")),
                ("fold", translate("fold all"), translate("fold all scopes")),
                ("open", translate("unfold all"), translate("unfold all scopes")),
            ]
        )

    def _renderer_module(self, shown: Sequence[Scope | Step], title: str) -> str:
        drawn = svg(self.circuit.boxes(shown), title, None, styled=False)
        return f"<figure>{drawn}</figure>"

    # what is given

    def _given(self) -> str:
        # not the constants that an operation brings along
        constants = [s for s in self.e.constants if s.line and not s.scope]
        given = [*self.e.leaves, *constants]
        rows = "".join(map(self._leaf, given))
        if len(given) > FEW:
            folded = f"<summary>{escape(self.translate('{count} arrays', count=len(given)))}</summary>{rows}"
            rows = f'<details class="part">{folded}</details>'
        return f"<h2>{escape(self.translate('Given, and the gradient that arrives'))}</h2>{rows}" if rows else ""

    def _leaf(self, s: Step) -> str:
        of = f'<span class="kind">{escape(format_shape(s.value))}</span>' if np.shape(s.value) else ""
        values = self.circuit.lines(s)
        value = "".join(f'<span class="number {way}">{escape(text)}</span>' for text, way in values)
        head = f'<div class="head"><span class="title">{escape(s.name)}</span>{of}{value}{_source(s.line)}</div>'
        return f'<div class="step" id="{self.ids[s.name]}">{head}{self._join(s.name)}{self._entries(s)}</div>'

    # parts and steps

    def _inside(self, inside: Sequence[Scope | Step], shown: Sequence[Scope | Step]) -> Iterator[str]:
        """HTML of what is inside, without recursion: a scope may be as deep as it likes."""
        opened = _opened(inside, shown)
        todo: list[Any] = list(reversed(inside))
        while todo:
            here = todo.pop()
            if isinstance(here, str):
                yield here
            elif isinstance(here, Step):
                yield self._step(here)
            else:
                yield self._part(here, id(here) not in opened)
                todo.append("</details>")
                todo.extend(reversed(here.inside))

    def _part(self, part: Scope, folded: bool) -> str:
        """A scope, up to where its inside begins: what it reads and gives, its own upstream and downstream."""
        self.parts += 1
        e, last = self.e, part.last
        kind = self.translate("composite") if part.kind == "composite" else self.translate("scope")
        given = ", ".join(f"{name} {format_shape(self.circuit.known[name].value)}".strip() for name in part.outputs)
        value = format_number(np.asarray(last.value)[last.index], e.digits) if np.size(last.value) else ""
        rows = [self._row("f", self.forward[last.name], last.name, f"{entry(last.name, last.index)} = ", value)]
        for name in list(part.leaving)[:ROWS]:
            rows.append(self._out_of(part, name))
        if len(part.leaving) > ROWS:
            more = self.translate("and {count} more gradients, inside", count=len(part.leaving) - ROWS)
            rows.append(f'<div class="row soft">{escape(more)}</div>')
        # where it is unfolded at first, the first picture shows it
        figure = self._renderer_module(part.inside, part.path) if folded and 1 < len(part.inside) <= DRAWN else ""
        return (
            f'<details class="part" id="p{self.parts}"{"" if folded else " open"}><summary>'
            f'<span class="title">{escape(part.name)}</span><span class="kind">{escape(kind)}</span> '
            f'<span class="number soft">({escape(join_names(part.inputs, self.translate))}) → {escape(given)}</span>'
            f"{_source(last.line)}{''.join(rows)}</summary>{figure}"
        )

    def _out_of(self, part: Scope, name: str) -> str:
        """What all edges out of a scope hand to one of its inputs: the entry that is shown of it."""
        edges = part.leaving[name]
        index, time = edges[-1].index, self._time(edges[-1])
        left = f"{_slope(self.e, name, index)} = "
        if not np.size(edges[0].downstream):
            return self._row("b", time, name, left, "0")
        parts = [edge.downstream[index] for edge in edges]
        if len(parts) > 1:
            left += with_math_signs(" + ".join(format_factor(p, self.e.digits) for p in parts)) + " = "
        return self._row("b", time, name, left, format_number(part.handed(name)[index], self.e.digits))

    def _step(self, s: Step) -> str:
        e = self.e
        math = mathml(s.format, s.operands)
        shape = f'<span class="kind">{escape(format_shape(s.value))}</span>' if np.shape(s.value) else ""
        name = f'<span class="title">{escape(s.name)}</span> = {math}'
        head = f'<div class="head"><span>{name}</span>{shape}{_source(s.line)}</div>'
        value = format_number(np.asarray(s.value)[s.index], e.digits) if np.size(s.value) else ""
        middle = ""
        if s.arithmetic and adds_information(s.arithmetic.text, value):
            middle = f"{with_math_signs(s.arithmetic.text)} = "
        row = self._row("f", self.forward[s.name], s.name, f"{entry(s.name, s.index)} = {middle}", value)
        backward = ""
        if s.name == e.result and e.edges:
            backward = self._row("b", self._at(0) - 1, s.name, f"d{e.result}/d{e.result} = ", "1")
        backward += self._join(s.name)
        said = ""
        for k, edge in self.edges_of.get(s.name, ()):
            backward += self._edge(k, edge, "" if edge.role == said else edge.role)
            said = edge.role
        return f'<div class="step" id="{self.ids[s.name]}">{head}{row}{backward}{self._entries(s)}</div>'

    def _edge(self, k: int, edge: Edge, role: str) -> str:
        result = format_number(edge.downstream[edge.index], self.e.digits) if np.size(edge.downstream) else "0"
        text = edge.arithmetic.text
        middle = f"{self._product(text)} = " if adds_information(text, result) else ""
        left = f"{escape(_slope(self.e, edge.input, edge.index))} = "
        says = self.translate(role) if role else ""
        return self._row("b", self._at(k), edge.input, left + middle, result, says, markup=True)

    def _product(self, text: str) -> str:
        """The arithmetic; a single product with its factors named."""
        factors = text.split(" * ")
        if len(factors) != 2 or " + " in text or len(self.e.edges) > RUBIES:
            return escape(with_math_signs(text))
        named = zip(factors, (self.translate("upstream"), self.translate("local")), strict=True)
        return " × ".join(f"<ruby>{escape(with_math_signs(f))}<rt>{escape(name)}</rt></ruby>" for f, name in named)

    def _join(self, name: str) -> str:
        join: Join | None = self.joins.get(name)
        if join is None:
            return ""
        first = min((k for k, _ in self.edges_of.get(name, ())), default=len(self.e.edges))
        left = f"{_slope(self.e, name, join.index)} = {with_math_signs(join.arithmetic.text)} = "
        total = format_number(np.asarray(join.total)[join.index], self.e.digits)
        return self._row("b", self._at(first) - 1, name, left, total, self.translate("paths that join are summed"))

    def _at(self, k: int) -> int:
        """When an edge is stepped to: after all that is forward; between two edges there is room for a sum."""
        return len(self.e.steps) + 2 + 2 * k

    def _time(self, edge: Edge) -> int:
        return self._at(next(k for k, other in self.edges_of[edge.node] if other is edge))

    def _row(self, way: str, time: int, of: str, left: str, right: str, says: str = "", markup: bool = False) -> str:
        text = left if markup else escape(left)
        note = f'<span class="says">{escape(says)}</span>' if says else ""
        return (
            f'<div class="row {way}" data-t="{time}" data-of="{escape(of)}"><span class="number">{text}'
            f"<b>{escape(with_math_signs(right))}</b></span>{note}</div>"
        )

    def _entries(self, s: Step) -> str:
        """Every entry of a small array, each to be opened; of a large one, how to ask for it."""
        size = int(np.size(s.value))
        if not np.shape(s.value) or not size or self.e.ledger is None:
            return ""
        if size > FEW or size > self.left:
            if self.parts > 60 or size <= 1:
                return ""
            call = f"e.number({s.name!r}, {entry('', s.index).strip('[]') if len(s.index) == 1 else s.index})"
            return f'<p class="soft">{escape(stats(s.value, self.translate))} · <code>{escape(call)}</code></p>'
        self.left -= size
        made = []
        for index in np.ndindex(np.shape(s.value)):
            number = self.e.ledger.number(s.name, index)
            shown = escape(f"{entry('', index)} {format_number(np.asarray(s.value)[index], self.e.digits)}")
            text = escape(with_math_signs(number.to_text(self.translate.language)))
            made.append(f'<details><summary class="number">{shown}</summary><pre>{text}</pre></details>')
        return f'<div class="entries">{"".join(made)}</div>'


def _slope(e: Explanation, name: str, index: Sequence[int]) -> str:
    return f"d{e.result}/d{entry(name, tuple(index))}"


def _source(line: str) -> str:
    """The user's line."""
    return f' <code class="source">{escape(line)}</code>' if line else ""


def _opened(inside: Sequence[Scope | Step], shown: Sequence[Scope | Step]) -> set[int]:
    """The parts, by id, that are unfolded where `shown` is what is seen."""
    seen, found = {id(s) for s in shown}, set()
    todo = [p for p in inside if isinstance(p, Scope)]
    while todo:
        part = todo.pop()
        if id(part) not in seen:
            found.add(id(part))
            todo.extend(p for p in part.inside if isinstance(p, Scope))
    return found
