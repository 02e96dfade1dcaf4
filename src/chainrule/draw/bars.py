"""Bar charts: names to the left, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .curves import COLOURS, STYLE
from .text import escape, text_width


class Bar(NamedTuple):
    """A bar: its name, its length, the text beside it, and the index of its group."""

    name: str
    value: float
    text: str
    group: int = 0


def svg(bars: Sequence[Bar], title: str, groups: Sequence[str] = (), width: int = 760) -> str:
    """Draw horizontal bars, the longest as wide as there is space.

    >>> svg([Bar("a", 2.0, "two"), Bar("b", 1.0, "one")], "t")[:4]
    '<svg'
    """
    left = max([text_width(bar.name) for bar in bars] or [0.0]) + 24
    right = max([text_width(bar.text) for bar in bars] or [0.0]) + 24
    space = max(width - left - right, 120.0)
    largest = max([bar.value for bar in bars] or [1.0]) or 1.0
    top = 34 + (22 if groups else 0)
    width, height = int(left + space + right), top + 26 * len(bars) + 10
    parts = [
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{escape(title)}</title><style>{STYLE}</style>'
        f'<text x="12" y="20" font-weight="600">{escape(title)}</text>'
    ]
    x = 12.0
    for k, name in enumerate(groups):
        colour = COLOURS[k % len(COLOURS)]
        parts.append(
            f'<rect x="{x:.0f}" y="32" width="12" height="12" fill="{colour}"/>'
            f'<text x="{x + 18:.0f}" y="43">{escape(name)}</text>'
        )
        x += text_width(name) + 44
    for k, bar in enumerate(bars):
        y = top + 26 * k
        length = max(space * bar.value / largest, 1.0)
        parts.append(
            f'<text x="{left - 10:.0f}" y="{y + 15}" text-anchor="end">{escape(bar.name)}</text>'
            f'<rect x="{left:.0f}" y="{y + 3}" width="{length:.1f}" height="16" rx="2" '
            f'fill="{COLOURS[bar.group % len(COLOURS)]}"/>'
            f'<text x="{left + length + 8:.0f}" y="{y + 15}">{escape(bar.text)}</text>'
        )
    return "".join([*parts, "</svg>\n"])
