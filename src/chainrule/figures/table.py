"""Rows as a table: for pandas, and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..draw.text import clean
from ..errors import ValueProblem


def frame(rows: Sequence[dict[str, Any]]) -> Any:
    """The rows as a `pandas.DataFrame`."""
    try:
        import pandas as pd  # type: ignore[import-untyped]
    except ImportError:
        raise ValueProblem(
            "a table for pandas, which is not installed", "pandas", "pip install pandas, or use to_dict()"
        ) from None
    return pd.DataFrame(list(rows))


def html(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The rows as an HTML table that scrolls by itself where it is wider than the page."""
    first = "".join(f'<th scope="col">{clean(head)}</th>' for head in heads)
    body = "".join("<tr>" + "".join(f"<td>{clean(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table></div>'
