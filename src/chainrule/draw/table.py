"""Rows as a table: as text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.terminal import visible_line
from .text import display_width, escape, pad


def format_table(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Align rows in columns: the first `left` columns to the left, the others to the right.

    >>> print(format_table([["layer", "ms"], ["conv", "12.5"]]))
    layer    ms
    conv   12.5
    """
    rows = [[visible_line(cell) for cell in row] for row in rows]
    widths = [max(display_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(pad(c, w, i >= left) for i, (c, w) in enumerate(zip(row, widths, strict=True))) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def html(heads: Sequence[str], rows: Sequence[Sequence[Any]], left: int = 1) -> str:
    """Return the rows as an HTML table, which scrolls where it is wider than the page; the first `left` columns are
    aligned to the left.
    """

    def cell(i: int, content: Any) -> str:
        style = ' style="text-align: left"' if i < left else ""
        return f"<td{style}>{escape(content)}</td>"

    head_cells = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(cell(i, content) for i, content in enumerate(row[1:], 1))
        + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head_cells}</tr></thead><tbody>{body}</tbody></table></div>'
