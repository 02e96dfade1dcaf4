"""Bars beside each other: names to the left, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .curves import COLOURS, STYLE
from .text import escape, text_width


class Bar(NamedTuple):
    """A named length, the text beside it, and which group it is of."""

    name: str
    value: float
    text: str
    group: int = 0


def svg(bars: Sequence[Bar], title: str, groups: Sequence[str] = (), width: int = 760) -> str:
    """Horizontal bars, the longest as wide as there is room.

    >>> svg([Bar("a", 2.0, "two"), Bar("b", 1.0, "one")], "t")[:4]
    '<svg'
    """
    left = max([text_width(bar.name) for bar in bars] or [0.0]) + 24
    right = max([text_width(bar.text) for bar in bars] or [0.0]) + 24
    room = max(width - left - right, 120.0)
    most = max([bar.value for bar in bars] or [1.0]) or 1.0
    head = 34 + (22 if groups else 0)
    width, height = int(left + room + right), head + 26 * len(bars) + 10
    parts = [
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{escape(title)}</title><style>{STYLE}</style>'
        f'<text x="12" y="20" font-weight="600">{escape(title)}</text>'
    ]
    along = 12.0
    for k, name in enumerate(groups):
        colour = COLOURS[k % len(COLOURS)]
        parts.append(
            f'<rect x="{along:.0f}" y="32" width="12" height="12" fill="{colour}"/>'
            f'<text x="{along + 18:.0f}" y="43">{escape(name)}</text>'
        )
        along += text_width(name) + 44
    for k, bar in enumerate(bars):
        y = head + 26 * k
        wide = max(room * bar.value / most, 1.0)
        parts.append(
            f'<text x="{left - 10:.0f}" y="{y + 15}" text-anchor="end">{escape(bar.name)}</text>'
            f'<rect x="{left:.0f}" y="{y + 3}" width="{wide:.1f}" height="16" rx="2" '
            f'fill="{COLOURS[bar.group % len(COLOURS)]}"/>'
            f'<text x="{left + wide + 8:.0f}" y="{y + 15}">{escape(bar.text)}</text>'
        )
    return "".join([*parts, "</svg>\n"])
