"""An explanation as text for a terminal: what is shown is in `explain`, only the layout is here."""

from __future__ import annotations

from typing import Any

import numpy as np

from .data import Edge, Explanation, Join, Step, entry, says_more, show


def text(e: Explanation) -> str:
    """The forward pass, the backward pass from the result on, and the gradients."""
    rows = [*map(_leaf, e.leaves, [e] * len(e.leaves)), *[_forward(s, e) for s in e.steps]]
    lines = ["forward", *_columns(rows)]
    if e.edges:
        lines += ["", "backward: upstream × local = downstream", f"  d{e.result}/d{e.result} = 1"]
        joins = {j.name: j for j in e.joins}
        rows = []
        shown = set()
        for edge in e.edges:
            if edge.node in joins and edge.node not in shown:
                rows.append(_join(joins[edge.node], e))
            shown.add(edge.node)
            rows.append(_backward(edge, e, first=rows[-1][3] != edge.role if rows and len(rows[-1]) > 3 else True))
        rows += [_join(j, e) for name, j in joins.items() if name not in shown]
        lines += _columns(rows)
    if e.gradients:
        lines += ["", "gradients"] + [f"  d{e.result}/d{name} = {_array(g, e)}" for name, g in e.gradients.items()]
    if e.troubles:
        lines += ["", "trouble", *(f"  {found}" for found in e.troubles)]
    return "\n".join(lines)


def _array(x: Any, e: Explanation) -> str:
    array = np.asarray(x)
    if array.ndim == 0:
        return show(array, e.digits)
    if array.size <= 16:
        return np.array2string(array, separator=", ", precision=e.digits or 6, suppress_small=False).replace("\n", " ")
    return f"array of shape {array.shape}, mean {array.mean():.4g}, from {array.min():.4g} to {array.max():.4g}"


def _leaf(s: Step, e: Explanation) -> list[str]:
    return [f"{s.name} = {_array(s.value, e)}", "", "", ""]


def _forward(s: Step, e: Explanation) -> list[str]:
    value = np.asarray(s.value)
    head = f"{s.name} = {s.formula}"
    if not value.ndim:
        middle = [s.arithmetic.text] if s.arithmetic and s.arithmetic.text != show(value, e.digits) else []
        return [" = ".join([head, *middle, show(value, e.digits)]), "", s.scope, s.line]
    detail = ""
    if s.arithmetic:
        result = show(value[s.index], e.digits)
        parts = [entry(s.name, s.index), s.arithmetic.text, result]
        detail = " = ".join(parts if says_more(s.arithmetic.text, result) else parts[::2])
    return [f"{head}  {list(value.shape)}", detail, s.scope, s.line]


def _backward(edge: Edge, e: Explanation, first: bool) -> list[str]:
    to, fr = entry(edge.input, edge.index), edge.node
    result = show(np.asarray(edge.downstream)[edge.index], e.digits) if np.asarray(edge.downstream).size else "0"
    shown = edge.arithmetic.text
    equals = f"{shown} = {result}" if says_more(shown, result) else result
    return [f"through {fr}:", f"d{e.result}/d{to} = {equals}", edge.scope, edge.role if first else ""]


def _join(j: Join, e: Explanation) -> list[str]:
    total = show(np.asarray(j.total)[j.index], e.digits)
    return [
        f"joined at {j.name}:",
        f"d{e.result}/d{entry(j.name, j.index)} = {j.arithmetic.text} = {total}",
        "",
        "paths that join are summed",
    ]


def _columns(rows: list[list[str]]) -> list[str]:
    """Columns as wide as their widest cell, but no wider than a terminal wants."""
    if not rows:
        return []
    widths = [min(max(len(r[i]) for r in rows), 64) for i in range(len(rows[0]))]
    made = []
    for row in rows:
        cells = [cell.ljust(w) for cell, w in zip(row, widths, strict=True) if w]
        made.append("  " + "  ".join(cells).rstrip())
    return made
