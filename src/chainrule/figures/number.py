"""One number: its arithmetic as LaTeX and as HTML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..draw import notation
from ..draw.page import page as whole_page
from ..draw.text import clean
from ..readings.explain import Explanation, Number
from ..readings.explain.data import entry, show

Row = tuple[str, str, str]  # the left side, the arithmetic, the number


def latex(number: Number) -> str:
    """The rows, aligned at the first sign of equality."""
    return _aligned(number.lines())


def latex_of(e: Explanation) -> str:
    """Every step, forward, then every edge and sum, backward."""
    rows: list[Row] = []
    for s in e.steps:
        right = show(s.value[s.index] if s.index else s.value, e.digits)
        rows.append((entry(s.name, s.index), s.arithmetic.text if s.arithmetic else "", right))
    joins = {j.name: j for j in e.joins}
    for edge in e.edges:
        for join in [joins.pop(edge.node)] if edge.node in joins else []:
            rows.append(_slope(e, join.name, join))
        rows.append(_slope(e, edge.input, edge))
    rows += [_slope(e, join.name, join) for join in joins.values()]
    return _aligned(rows)


def _slope(e: Explanation, name: str, shown: Any) -> Row:
    return f"d{e.result}/d{entry(name, shown.index)}", shown.arithmetic.text, show(shown.arithmetic.value, e.digits)


def _aligned(rows: Iterable[Row]) -> str:
    lines = []
    for left, middle, right in rows:
        left, _, node = left.partition(" through ")
        through = f" && \\text{{(through {node})}}" if node else ""
        sides = [_side(left), notation.latex(right)]
        if middle and middle.strip("()") != right:
            sides.insert(1, notation.latex(middle))
        lines.append(sides[0] + " &= " + " = ".join(sides[1:]) + through)
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _side(left: str) -> str:
    """``dJ/dh1[0, 2]`` or ``h1[0, 2]``."""
    if left.startswith("d") and "/d" in left:
        above, _, below = left[1:].partition("/d")
        return rf"\frac{{\partial {notation.latex('{0}', [above])}}}{{\partial {_name(below)}}}"
    return _name(left)


def _name(text: str) -> str:
    name, _, index = text.partition("[")
    made = notation.latex("{0}", [name])
    return f"{{{made}}}_{{[{index}}}" if index else made


def fragment(number: Number) -> str:
    """The rows as HTML that needs no style of its own."""
    rows = []
    for left, middle, right in number.lines():
        if middle and middle.strip("()") != right:
            right = f"{notation.mathml(middle)} = {notation.mathml(right)}"
        else:
            right = notation.mathml(right)
        kind = "backward" if "/d" in left else "forward"
        rows.append(f'<p class="{kind}"><code>{clean(left)}</code> = {right}</p>')
    return f'<div class="one-number">{"".join(rows)}</div>'


def page(number: Number, language: str = "en") -> str:
    """A page with the rows, the text as it stands in a terminal, and the LaTeX to copy."""
    title = entry(number.name, number.index)
    body = f"<h1>{clean(title)}</h1>{fragment(number)}<h2>LaTeX</h2><pre>{clean(latex(number))}</pre>"
    return whole_page(title, body, language, script=False)
