"""Line charts: one small SVG that opens anywhere, in light and dark, with a title for screen readers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

# Okabe and Ito's palette, which colour-blind readers can tell apart (https://jfly.uni-koeln.de/color/)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("", "7 4", "2 3", "10 3 2 3", "1 4", "5 2")

_STYLE = """
  svg { background: #ffffff; font: 13px system-ui, sans-serif; }
  text { fill: #222222; } .frame { stroke: #888888; fill: none; } .grid { stroke: #dddddd; }
  @media (prefers-color-scheme: dark) {
    svg { background: #16181d; } text { fill: #e6e6e6; } .grid { stroke: #33363d; }
  }
"""


class Line(NamedTuple):
    """A named curve; `xs` and `ys` of equal length."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]


class Panel(NamedTuple):
    """One chart."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]


def svg(panels: Sequence[Panel], title: str, width: int = 460, height: int = 320) -> str:
    """The panels side by side as one SVG. The vertical axis is logarithmic where all values are positive.

    >>> svg([Panel("cost", "epoch", "MSE", [Line("a", [0, 1], [2.0, 1.0])])], "one curve").startswith("<svg")
    True
    """
    total = width * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height + 30}" width="{total}" '
        f'height="{height + 30}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<text x="{total / 2}" y="20" text-anchor="middle" font-size="15" font-weight="600">{escape(title)}</text>',
    ]
    for i, panel in enumerate(panels):
        parts.append(f'<g transform="translate({i * width} 30)">{_panel(panel, width, height)}</g>')
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel, width: int, height: int) -> str:
    left, right, top, bottom = 62, 16, 30, 46
    w, h = width - left - right, height - top - bottom
    finite = [
        (x, y)
        for line in panel.lines
        for x, y in zip(line.xs, line.ys, strict=True)
        if math.isfinite(x) and math.isfinite(y)
    ]
    if not finite:
        return (
            f'<text x="{width / 2}" y="{height / 2}" text-anchor="middle">nothing finite to draw: '
            f"{escape(panel.title)}</text>"
        )
    log = all(y > 0 for _, y in finite)
    scale: Callable[[float], float] = math.log10 if log else float
    x0, x1 = _span([x for x, _ in finite])
    y0, y1 = _span([scale(y) for _, y in finite])

    def px(x: float) -> float:
        return left + (x - x0) / (x1 - x0) * w

    def py(y: float) -> float:
        return top + h - (scale(y) - y0) / (y1 - y0) * h

    parts = [f'<text x="{left + w / 2}" y="18" text-anchor="middle" font-weight="600">{escape(panel.title)}</text>']
    for t in _log_ticks(10**y0, 10**y1) if log else _ticks(y0, y1):
        parts.append(f'<line class="grid" x1="{left}" x2="{left + w}" y1="{py(t):.1f}" y2="{py(t):.1f}"/>')
        parts.append(f'<text x="{left - 6}" y="{py(t) + 4:.1f}" text-anchor="end">{t:g}</text>')
    for t in _ticks(x0, x1):
        parts.append(f'<line class="grid" x1="{px(t):.1f}" x2="{px(t):.1f}" y1="{top}" y2="{top + h}"/>')
        parts.append(f'<text x="{px(t):.1f}" y="{top + h + 17}" text-anchor="middle">{t:g}</text>')
    parts.append(f'<rect class="frame" x="{left}" y="{top}" width="{w}" height="{h}"/>')
    parts.append(f'<text x="{left + w / 2}" y="{height - 8}" text-anchor="middle">{escape(panel.x_label)}</text>')
    parts.append(
        f'<text transform="translate(14 {top + h / 2}) rotate(-90)" text-anchor="middle">{escape(panel.y_label)}</text>'
    )
    for i, line in enumerate(panel.lines):
        colour, dash = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
        points = " ".join(
            f"{px(x):.1f},{py(y):.1f}" for x, y in _thinned(line) if math.isfinite(x) and math.isfinite(y)
        )
        stroke = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}" fill="none"'
        parts.append(f'<polyline points="{points}" {stroke}><title>{escape(line.name)}</title></polyline>')
        row = top + 14 + 18 * i
        parts.append(f'<line x1="{left + w - 150}" x2="{left + w - 122}" y1="{row}" y2="{row}" {stroke}/>')
        parts.append(f'<text x="{left + w - 116}" y="{row + 4}">{escape(line.name)}</text>')
    return "\n".join(parts)


def _thinned(line: Line, most: int = 600) -> list[tuple[float, float]]:
    """At most so many points, the last one kept."""
    step = max(1, math.ceil(len(line.xs) / most))
    points = list(zip(line.xs, line.ys, strict=True))
    return points[::step] + points[-1:]


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers: 1, 2 or 5 times a power of ten apart."""
    raw = (high - low) / count
    power = 10 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 4, 5, 6, 8)):
        found = [s * 10.0**p for p in powers for s in steps if low <= s * 10.0**p <= high]
        if len(found) >= 3:
            return found
    return found or [low, high]
