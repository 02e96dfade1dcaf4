"""An explanation as text for a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..analysis.explain import Edge, Explanation, Join, Step
from ..analysis.explain.data import entry, sides
from ..draw.format import format_number, translate_arithmetic
from ..draw.locale import Translator, translator
from ..draw.text import display_width, pad

MAX_WIDTH = 64  # letters of a column
MAX_LINES = 200  # of a summary
FOLDED = "forward, with scopes folded; print(...) writes all {count} operations and the backward pass"


def text(e: Explanation, language: str | None = None) -> str:
    """Return the forward pass, the backward pass from the result to the leaves, and the gradients as text."""
    return "\n".join(_Text(e, translator(language)).lines())


def summarize(e: Explanation, language: str | None = None) -> str:
    """Return the same, with the scopes of a long pass folded: the ``repr`` of an explanation."""
    if len(e.steps) <= MAX_LINES:
        return text(e, language)
    folded = e.fold(1)
    if len(folded.steps) > MAX_LINES:
        folded = e.fold(0)
    translate = translator(language)
    lines = _Text(folded, translate).forward()
    shown = lines if len(lines) <= MAX_LINES else [*lines[: MAX_LINES // 2], "  ...", *lines[-MAX_LINES // 2 :]]
    note = translate(FOLDED, count=len(e.steps))
    return "\n".join([translate("forward"), *shown, "", f"({note})"])


class _Text:
    """The lines of an explanation."""

    def __init__(self, e: Explanation, translate: Translator) -> None:
        self.e, self.translate = e, translate

    def lines(self) -> list[str]:
        """Return all lines."""
        e, translate = self.e, self.translate
        lines = [translate("forward"), *_columns([*map(self._leaf, e.leaves), *map(self._forward, e.steps)])]
        if e.edges:
            lines += ["", translate("backward: upstream × local = downstream"), f"  d{e.result}/d{e.result} = 1"]
            lines += _columns(self._edges())
        if e.gradients:
            lines += ["", translate("gradients")]
            lines += [f"  d{e.result}/d{name} = {self._array(g)}" for name, g in e.gradients.items()]
        if e.diagnostics:
            lines += ["", translate("trouble"), *(f"  {d.text(translate)}" for d in e.diagnostics)]
        return lines

    def forward(self) -> list[str]:
        """Return the lines of the steps alone."""
        return _columns([*map(self._forward, self.e.steps)])

    def _edges(self) -> list[list[str]]:
        joins = {j.name: j for j in self.e.joins}
        rows: list[list[str]] = []
        last = ("", "")
        for edge in self.e.edges:
            if edge.node in joins:
                rows.append(self._join(joins.pop(edge.node)))
            rows.append(self._backward(edge, (edge.node, edge.role) != last))
            last = (edge.node, edge.role)
        return [*rows, *map(self._join, joins.values())]

    def _leaf(self, s: Step) -> list[str]:
        return [f"{s.name} = {self._array(s.value)}", "", "", ""]

    def _forward(self, s: Step) -> list[str]:
        value, digits = np.asarray(s.value), self.e.digits
        head = f"{s.name} = {s.formula}"
        if not value.ndim:
            text = translate_arithmetic(s.arithmetic.text, self.translate) if s.arithmetic else ""
            middle = [text] if text and text != format_number(value, digits) else []
            return [" = ".join([head, *middle, format_number(value, digits)]), "", s.scope, s.line]
        detail = ""
        if s.arithmetic:
            result = format_number(value[s.index], digits)
            parts = [translate_arithmetic(side, self.translate) for side in sides(s.arithmetic.text, result)]
            detail = " = ".join([entry(s.name, s.index), *parts])
        return [f"{head}  {list(value.shape)}", detail, s.scope, s.line]

    def _backward(self, edge: Edge, first: bool) -> list[str]:
        downstream = np.asarray(edge.downstream)
        result = format_number(downstream[edge.index], self.e.digits) if downstream.size else "0"
        parts = sides(edge.arithmetic.text, result, self.translate)
        equals = " = ".join(translate_arithmetic(side, self.translate) for side in parts)
        slope = f"d{self.e.result}/d{entry(edge.input, edge.index)}"
        role = self.translate(edge.role) if first and edge.role else ""
        return [self.translate("through {name}:", name=edge.node), f"{slope} = {equals}", edge.scope, role]

    def _join(self, j: Join) -> list[str]:
        slope = f"d{self.e.result}/d{entry(j.name, j.index)}"
        total = format_number(np.asarray(j.total)[j.index], self.e.digits)
        head, note = self.translate("joined at {name}:", name=j.name), self.translate("paths that join are summed")
        arithmetic = translate_arithmetic(j.arithmetic.text, self.translate)
        return [head, f"{slope} = {arithmetic} = {total}", "", note]

    def _array(self, x: Any) -> str:
        array, digits = np.asarray(x), self.e.digits
        if array.ndim == 0:
            return format_number(array, digits)
        if array.size <= 16:
            text = np.array2string(array, separator=", ", precision=digits or 6, suppress_small=False)
            return text.replace("\n", " ")
        values = {"shape": array.shape, "mean": array.mean(), "least": array.min(), "most": array.max()}
        return self.translate("array of shape {shape}, mean {mean:.4g}, from {least:.4g} to {most:.4g}", **values)


def _columns(rows: list[list[str]]) -> list[str]:
    """Align rows in columns as wide as their widest cell, but at most `MAX_WIDTH`."""
    if not rows:
        return []
    widths = [min(max(display_width(r[i]) for r in rows), MAX_WIDTH) for i in range(len(rows[0]))]
    padded = ([pad(cell, w) for cell, w in zip(row, widths, strict=True) if w] for row in rows)
    return ["  " + "  ".join(cells).rstrip() for cells in padded]
