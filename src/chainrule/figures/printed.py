"""An explanation as text for a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..analysis.explain import Edge, Explanation, Join, Step
from ..analysis.explain.data import adds_information, entry
from ..draw.format import format_number
from ..draw.locale import Translator, translator
from ..draw.text import display_width, pad

WIDEST = 64  # letters of a column
LONG = 200  # operations


def text(e: Explanation, language: str | None = None) -> str:
    """The forward pass, the backward pass from the result on, and the gradients."""
    return "\n".join(_Printed(e, translator(language)).lines())


def summarize(e: Explanation, language: str | None = None) -> str:
    """The same with the scopes of a long pass folded: what a prompt or a notebook shows of what is not printed."""
    if len(e.steps) <= LONG:
        return text(e, language)
    folded = e.fold(1)
    if len(folded.steps) > LONG:
        folded = e.fold(0)
    translate = translator(language)
    lines = _Printed(folded, translate).forward()
    shown = lines if len(lines) <= LONG else [*lines[: LONG // 2], "  ...", *lines[-LONG // 2 :]]
    more = translate(
        "forward, with scopes folded; print(...) writes all {count} operations and the way back", count=len(e.steps)
    )
    return "\n".join([translate("forward"), *shown, "", f"({more})"])


class _Printed:
    def __init__(self, e: Explanation, translate: Translator) -> None:
        self.e, self.translate = e, translate

    def lines(self) -> list[str]:
        e, translate = self.e, self.translate
        lines = [translate("forward"), *_columns([*map(self._leaf, e.leaves), *map(self._forward, e.steps)])]
        if e.edges:
            lines += ["", translate("backward: upstream × local = downstream"), f"  d{e.result}/d{e.result} = 1"]
            lines += _columns(self._edges())
        if e.gradients:
            lines += ["", translate("gradients")]
            lines += [f"  d{e.result}/d{name} = {self._array(g)}" for name, g in e.gradients.items()]
        if e.diagnostics:
            lines += ["", translate("trouble"), *(f"  {found.told(translate)}" for found in e.diagnostics)]
        return lines

    def forward(self) -> list[str]:
        """The steps alone."""
        return _columns([*map(self._forward, self.e.steps)])

    def _edges(self) -> list[list[str]]:
        joins = {j.name: j for j in self.e.joins}
        rows: list[list[str]] = []
        said = ("", "")
        for edge in self.e.edges:
            if edge.node in joins:
                rows.append(self._join(joins.pop(edge.node)))
            rows.append(self._backward(edge, (edge.node, edge.role) != said))
            said = (edge.node, edge.role)
        return [*rows, *map(self._join, joins.values())]

    def _leaf(self, s: Step) -> list[str]:
        return [f"{s.name} = {self._array(s.value)}", "", "", ""]

    def _forward(self, s: Step) -> list[str]:
        value, digits = np.asarray(s.value), self.e.digits
        head = f"{s.name} = {s.formula}"
        if not value.ndim:
            middle = [s.arithmetic.text] if s.arithmetic and s.arithmetic.text != format_number(value, digits) else []
            return [" = ".join([head, *middle, format_number(value, digits)]), "", s.scope, s.line]
        detail = ""
        if s.arithmetic:
            result = format_number(value[s.index], digits)
            parts = [entry(s.name, s.index), s.arithmetic.text, result]
            detail = " = ".join(parts if adds_information(s.arithmetic.text, result) else parts[::2])
        return [f"{head}  {list(value.shape)}", detail, s.scope, s.line]

    def _backward(self, edge: Edge, first: bool) -> list[str]:
        downstream = np.asarray(edge.downstream)
        result = format_number(downstream[edge.index], self.e.digits) if downstream.size else "0"
        shown = edge.arithmetic.text
        equals = f"{shown} = {result}" if adds_information(shown, result) else result
        slope = f"d{self.e.result}/d{entry(edge.input, edge.index)}"
        role = self.translate(edge.role) if first and edge.role else ""
        return [self.translate("through {name}:", name=edge.node), f"{slope} = {equals}", edge.scope, role]

    def _join(self, j: Join) -> list[str]:
        slope, total = (
            f"d{self.e.result}/d{entry(j.name, j.index)}",
            format_number(np.asarray(j.total)[j.index], self.e.digits),
        )
        text = f"{slope} = {j.arithmetic.text} = {total}"
        return [
            self.translate("joined at {name}:", name=j.name),
            text,
            "",
            self.translate("paths that join are summed"),
        ]

    def _array(self, x: Any) -> str:
        array, digits = np.asarray(x), self.e.digits
        if array.ndim == 0:
            return format_number(array, digits)
        if array.size <= 16:
            return np.array2string(array, separator=", ", precision=digits or 6, suppress_small=False).replace(
                "\n", " "
            )
        return self.translate(
            "array of shape {shape}, mean {mean:.4g}, from {least:.4g} to {most:.4g}",
            shape=array.shape,
            mean=array.mean(),
            least=array.min(),
            most=array.max(),
        )


def _columns(rows: list[list[str]]) -> list[str]:
    """Columns as wide as their widest cell, but no wider than a terminal wants."""
    if not rows:
        return []
    widths = [min(max(display_width(r[i]) for r in rows), WIDEST) for i in range(len(rows[0]))]
    made = []
    for row in rows:
        filled = [pad(cell, w) for cell, w in zip(row, widths, strict=True) if w]
        made.append("  " + "  ".join(filled).rstrip())
    return made
