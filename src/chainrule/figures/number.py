"""One number's arithmetic as text, LaTeX and HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..analysis.explain import Edge, Explanation, Join, Number
from ..analysis.explain.data import entry, sides
from ..draw import notation
from ..draw.format import format_number, split_others, translate_arithmetic
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape

Row = tuple[str, str, str, str]  # the left side, the arithmetic, the number, the node that it comes through


def latex(number: Number) -> str:
    """Return the rows as LaTeX, aligned at the first equals sign."""
    (_, _, text, right), *backward = number.lines()
    rows: list[Row] = [(_name(number.name, number.index), text, right, "")]
    slope = _slope(number.result, number.name, number.index)
    rows += [(slope, text, right, node) for _, node, text, right in backward]
    return _aligned(rows)


def latex_of(e: Explanation) -> str:
    """Return every step of an explanation, forward, then every edge and sum, backward, as LaTeX."""
    rows: list[Row] = []
    for s in e.steps:
        if np.size(s.value):
            right = format_number(np.asarray(s.value)[s.index], e.digits)
            rows.append((_name(s.name, s.index), s.arithmetic.text if s.arithmetic else "", right, ""))
    joins = {j.name: j for j in e.joins}
    for edge in e.edges:
        if join := joins.pop(edge.node, None):
            rows.append(_backward_row(e, join.name, join))
        rows.append(_backward_row(e, edge.input, edge))
    rows += [_backward_row(e, join.name, join) for join in joins.values()]
    return _aligned(rows)


def _backward_row(e: Explanation, name: str, gradient: Edge | Join) -> Row:
    right = format_number(gradient.arithmetic.value, e.digits)
    return _slope(e.result, name, gradient.index), gradient.arithmetic.text, right, ""


def _aligned(rows: Iterable[Row]) -> str:
    lines = []
    for left, middle, right, node in rows:
        equals = " = ".join(notation.latex(*split_others(side, translator("en"))) for side in sides(middle, right))
        through = rf" && {notation.latex('{0}', [node])}" if node else ""
        lines.append(f"{left} &= {equals}{through}")
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _slope(result: str, name: str, index: Sequence[int]) -> str:
    return rf"\frac{{\partial {notation.latex('{0}', [result])}}}{{\partial {_name(name, index)}}}"


def _name(name: str, index: Sequence[int]) -> str:
    text = notation.latex("{0}", [name])
    return f"{{{text}}}_{{[{', '.join(map(str, index))}]}}" if index else text


def text(number: Number, language: str | None = None) -> str:
    """Return the rows as text for a terminal."""
    translate = translator(language)
    lines = []
    for left, node, middle, right in number.lines():
        parts = [translate_arithmetic(side, translate) for side in sides(middle, right, translate)]
        lines.append(" = ".join([_left(left, node, translate), *parts]))
    return "\n".join(lines)


def _left(left: str, node: str, translate: Translator) -> str:
    return translate("{slope} through {node}", slope=left, node=node) if node else left


def fragment(number: Number, language: str | None = None) -> str:
    """Return the rows as HTML that needs no styles."""
    translate = translator(language)
    rows = []
    for k, (left, node, middle, right) in enumerate(number.lines()):
        kind = "backward" if k else "forward"
        parts = [notation.mathml(*split_others(side, translate)) for side in sides(middle, right, translate)]
        equals = " = ".join(parts)
        rows.append(f'<p class="{kind}"><code>{escape(_left(left, node, translate))}</code> = {equals}</p>')
    return f'<div class="one-number">{"".join(rows)}</div>'


def page(number: Number, language: str | None = None) -> str:
    """Return a page with the rows, and the LaTeX to copy."""
    title = entry(number.name, number.index)
    body = f"<h1>{escape(title)}</h1>{fragment(number, language)}<h2>LaTeX</h2><pre>{escape(latex(number))}</pre>"
    return whole_page(title, body, translator(language).language, script=False)
