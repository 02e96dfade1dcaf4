"""Line charts: one small SVG that opens anywhere, in light and dark, with a title for screen readers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby, pairwise, product
from typing import NamedTuple

from .text import escape, text_width

# Okabe and Ito's palette, which colour-blind readers can tell apart (https://jfly.uni-koeln.de/color/)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("", "7 4", "2 3", "10 3 2 3", "1 4", "5 2")
LEGEND_WIDTH = 150.0  # pixels
MAX_POINTS = 600  # of a line; longer ones are subsampled
MAX_DOTS = 8  # of a line whose points are marked

STYLE = """
  .chart { background: #ffffff; font: 13px system-ui, sans-serif; } .chart text { fill: #222222; }
  .chart .frame { stroke: #888888; fill: none; } .chart .grid { stroke: #dddddd; }
  @media (prefers-color-scheme: dark) {
    .chart { background: #16181d; } .chart text { fill: #e6e6e6; } .chart .grid { stroke: #33363d; }
  }
"""


class Line(NamedTuple):
    """A named curve; `xs` and `ys` of equal length. `band`: the least and the greatest at each x, shaded between."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    band: tuple[Sequence[float], Sequence[float]] | None = None


class Panel(NamedTuple):
    """One chart. The vertical axis is logarithmic if `log_y` and all values are positive, the horizontal one if
    `log_x`."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    log_x: bool = False
    log_y: bool = True


class Axis:
    """An axis that maps values to fractions of its length: 0 at the least, 1 at the greatest."""

    def __init__(self, values: Sequence[float], log: bool) -> None:
        self.scale: Callable[[float], float] = math.log10 if log else float
        self.log = log
        self.low, self.high = _limits([self.scale(v) for v in values])

    def fraction(self, value: float) -> float:
        """Return the position of a value; computed in halves where the axis is so long that its length overflows."""
        x, low, high = self.scale(value), self.low, self.high
        length = high - low
        return (x - low) / length if math.isfinite(length) else (x / 2 - low / 2) / (high / 2 - low / 2)

    def ticks(self) -> list[tuple[float, str]]:
        """Return round values with their labels."""
        values = log_ticks(self.low, self.high) if self.log else ticks(self.low, self.high)
        return list(zip(values, labels(values), strict=True))


def svg(panels: Sequence[Panel], title: str, width: int = 460, height: int = 320) -> str:
    """Draw panels side by side as one SVG.

    >>> svg([Panel("cost", "epoch", "MSE", [Line("a", [0, 1], [2.0, 1.0])])], "one curve").startswith("<svg")
    True
    """
    total = max(width * len(panels), math.ceil(1.35 * text_width(title)) + 16)  # the title is large and bold
    parts = [
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height + 30}" width="{total}" '
        f'height="{height + 30}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text x="{total / 2}" y="20" text-anchor="middle" font-size="15" font-weight="600">{escape(title)}</text>',
        *(f'<g transform="translate({i * width} 30)">{_panel(p, width, height)}</g>' for i, p in enumerate(panels)),
    ]
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel, width: int, height: int) -> str:
    """Draw one panel."""
    left, right, top, bottom = 62, 16, 30, 46
    w, h = width - left - right, height - top - bottom
    curves = [_pieces(_subsample(line)) for line in panel.lines]
    points = [p for pieces in curves for piece in pieces for p in piece]
    if not points:
        note = f"nothing to draw: {escape(panel.title)}"
        return f'<text x="{width / 2}" y="{height / 2}" text-anchor="middle">{note}</text>'
    x_axis = Axis([x for x, _ in points], panel.log_x)
    ys = [y for _, y in points]
    log = panel.log_y and all(y > 0 for y in ys)
    band_ys = [y for line in panel.lines for edge in line.band or () for y in edge if math.isfinite(y)]
    y_axis = Axis([*ys, *(y for y in band_ys if y > 0 or not log)], log)

    def px(x: float) -> float:
        return left + x_axis.fraction(x) * w

    def py(y: float) -> float:
        return top + h - y_axis.fraction(y) * h

    parts = [f'<text x="{left + w / 2}" y="18" text-anchor="middle" font-weight="600">{escape(panel.title)}</text>']
    for t, label in y_axis.ticks():
        parts.append(f'<line class="grid" x1="{left}" x2="{left + w}" y1="{py(t):.1f}" y2="{py(t):.1f}"/>')
        parts.append(f'<text x="{left - 6}" y="{py(t) + 4:.1f}" text-anchor="end">{label}</text>')
    for t, label in x_axis.ticks():
        parts.append(f'<line class="grid" x1="{px(t):.1f}" x2="{px(t):.1f}" y1="{top}" y2="{top + h}"/>')
        parts.append(f'<text x="{px(t):.1f}" y="{top + h + 17}" text-anchor="middle">{label}</text>')
    parts.append(f'<rect class="frame" x="{left}" y="{top}" width="{w}" height="{h}"/>')
    parts.append(f'<text x="{left + w / 2}" y="{height - 8}" text-anchor="middle">{escape(panel.x_label)}</text>')
    rotation = f'transform="translate(14 {top + h / 2}) rotate(-90)"'
    parts.append(f'<text {rotation} text-anchor="middle">{escape(panel.y_label)}</text>')
    drawn = [[(px(x), py(y)) for x, y in piece] for pieces in curves for piece in pieces]
    legend_x, legend_y = _legend_position(drawn, len(curves), left, top, w, h)
    for i, (line, pieces) in enumerate(zip(panel.lines, curves, strict=True)):
        colour, dash = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
        if line.band is not None:
            low, high = (list(zip(line.xs, edge, strict=True)) for edge in line.band)
            outline = [(x, y) for x, y in [*low, *reversed(high)] if math.isfinite(y) and (y > 0 or not y_axis.log)]
            coordinates = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in outline)
            parts.append(f'<polygon points="{coordinates}" fill="{colour}" fill-opacity="0.18"/>')
        stroke = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}" fill="none"'
        for piece in pieces:
            coordinates = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in piece)
            parts.append(f'<polyline points="{coordinates}" {stroke}><title>{escape(line.name)}</title></polyline>')
            # a line of one point would not be seen, and few points are not a curve
            if len(piece) == 1 or sum(map(len, pieces)) <= MAX_DOTS:
                parts += [f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="3" fill="{colour}"/>' for x, y in piece]
        row = legend_y + 18 * i
        parts.append(f'<line x1="{legend_x}" x2="{legend_x + 28}" y1="{row}" y2="{row}" {stroke}/>')
        parts.append(f'<text x="{legend_x + 34}" y="{row + 4}">{escape(line.name)}</text>')
    return "\n".join(parts)


def _legend_position(
    curves: Sequence[Sequence[tuple[float, float]]], names: int, left: float, top: float, w: float, h: float
) -> tuple[float, float]:
    """Return where a legend of so many names begins: of nine positions, corners first, the one that the curves cross
    least."""
    segments = [segment for curve in curves for segment in pairwise(curve)]
    points = [(x0 + (x1 - x0) * k / 20, y0 + (y1 - y0) * k / 20) for (x0, y0), (x1, y1) in segments for k in range(21)]
    legend_height = 18.0 * names

    def crossings(position: tuple[float, float]) -> int:
        x0, y0 = position
        return sum(x0 - 6 < x < x0 + LEGEND_WIDTH and y0 - 14 < y < y0 + legend_height for x, y in points)

    xs = left + w - LEGEND_WIDTH, left + 12, left + (w - LEGEND_WIDTH) / 2
    ys = top + 14, top + h + 4 - legend_height, top + (h - legend_height) / 2 + 9
    return min(product(xs, ys), key=crossings)


def _subsample(line: Line) -> list[tuple[float, float]]:
    """Return the points, or of a long line at most about `MAX_POINTS`: the least and the greatest of each stretch, so
    that no peak is lost, and the first that is not finite, so that no gap is."""
    points = list(zip(line.xs, line.ys, strict=True))
    if len(points) <= MAX_POINTS:
        return points
    size = 2 * math.ceil(len(points) / MAX_POINTS)
    chosen = {0, len(points) - 1}
    for start in range(0, len(points), size):
        stretch = range(start, min(start + size, len(points)))
        chosen.update([k for k in stretch if not math.isfinite(points[k][1])][:1])
        finite = [k for k in stretch if math.isfinite(points[k][1])]
        chosen.update(choice(finite, key=lambda k: points[k][1]) for choice in (min, max) if finite)
    return [points[k] for k in sorted(chosen)]


def _pieces(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Return the runs of finite points: no line is drawn across a gap."""
    runs = groupby(points, key=lambda point: all(map(math.isfinite, point)))
    return [list(run) for finite, run in runs if finite]


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return the least and the greatest value; of equal values, limits around them."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0))


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round numbers that are 1, 2 or 5 times a power of ten apart."""
    raw = high / count - low / count
    power = 10.0 ** math.floor(math.log10(raw)) if raw > 1e-300 else 0.0
    if not power or not math.isfinite(raw):
        return [low, high]
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def labels(ticks: Sequence[float]) -> list[str]:
    """Return labels with as few digits as make them distinct."""
    for digits in range(6, 18):
        labels = [f"{t + 0.0:.{digits}g}" for t in ticks]
        if len(set(labels)) == len(labels):
            break
    return labels


def log_ticks(low: float, high: float) -> list[float]:
    """Return round values between ``10**low`` and ``10**high``."""
    step = max(1, math.ceil((high - low) / 6))
    powers = range(math.floor(low), math.ceil(high) + 1)
    for leads in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 4, 5, 6, 8)):
        exponents = [p + math.log10(lead) for p in powers if p % step == 0 for lead in leads]
        values = [10**e for e in exponents if low - 1e-9 <= e <= high + 1e-9]
        if len(values) >= 3:
            return values
    return ticks(10**low, 10**high)  # over less than a factor of two or so, evenly spaced ones
