"""A surface seen from above, in bands of colour whose edges are its contours, with paths across it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .curves import COLOURS, STYLE, labels, ticks
from .heat import data_uri, png
from .text import escape, text_width

BANDS, PIXELS_PER_CELL = 16, 6  # bands of equal share of the surface; pixels between two of its points
LOW, HIGH = np.array([16, 60, 110]), np.array([250, 244, 214])

WIDTH, FRAME = 456, (70.0, 34.0, 370.0, 350.0)  # of the picture: it fits on narrow pages; left, top, width, height
LEGEND_TEXT = 40  # pixels from where an entry begins to its text

Point = tuple[float, float]


class Path(NamedTuple):
    """A named path across the surface; `points`: (count, 2)."""

    name: str
    points: Any


def svg(
    xs: Any, ys: Any, surface: Any, paths: Sequence[Path], title: str, axes: tuple[str, str],
    marks: Sequence[tuple[str, float, float]] = (), leaving: str = "leaves the picture",
) -> str:  # fmt: skip
    """Draw a surface over xs and ys, dark where it is low, with a legend below.

    Args:
        paths: drawn across it, and cut off at its edges, with an arrow where they leave. axes: the names of the axes.
        marks: named points: (name, x, y). leaving: what the arrows mean.

    >>> svg(np.arange(3), np.arange(3), np.eye(3), [], "t", ("a", "b"))[:4]
    '<svg'
    """
    left, top, w, h = FRAME
    (x0, x1), (y0, y1) = (float(xs[0]), float(xs[-1])), (float(ys[0]), float(ys[-1]))

    def pixel(x: float, y: float) -> Point:
        return left + (x - x0) / (x1 - x0) * w, top + h - (y - y0) / (y1 - y0) * h

    drawn = [_Drawn(path.name, [pixel(x, y) for x, y in path.points]) for path in paths]
    places = [(name, *pixel(x, y)) for name, x, y in marks]
    texts = [1.15 * text_width(title), *(LEGEND_TEXT + text_width(path.name) for path in drawn)]  # the title is bold
    width = max(WIDTH, math.ceil(max(texts)) + 16)
    legend, height = _legend(drawn, leaving, width)
    parts = [
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{escape(title)}</title><style>{STYLE}</style>'
        f'<text x="{width / 2}" y="20" text-anchor="middle" font-weight="600">{escape(title)}</text>',
        f'<image x="{left}" y="{top}" width="{w}" height="{h}" preserveAspectRatio="none" '
        f'href="{data_uri(png(banded(surface)[::-1]))}"/>',
    ]
    for tick, label in zip(ticks(x0, x1), labels(ticks(x0, x1)), strict=True):
        parts.append(f'<text x="{pixel(tick, y0)[0]:.1f}" y="{top + h + 17}" text-anchor="middle">{label}</text>')
    for tick, label in zip(ticks(y0, y1), labels(ticks(y0, y1)), strict=True):
        parts.append(f'<text x="{left - 6}" y="{pixel(x0, tick)[1] + 4:.1f}" text-anchor="end">{label}</text>')
    parts.append(f'<text x="{left + w / 2}" y="{top + h + 38}" text-anchor="middle">{escape(axes[0])}</text>')
    turned = f'transform="translate(14 {top + h / 2}) rotate(-90)"'
    parts.append(f'<text {turned} text-anchor="middle">{escape(axes[1])}</text>')
    parts += [_line(path, _colour(i)) for i, path in enumerate(drawn)]
    badges = []  # above all lines
    for i, path in enumerate(drawn):
        badges += [_arrow(*exit_, _colour(i), f"{path.name}: {leaving}") for exit_ in path.exits[:1]]
        if path.before_exit:
            x, y = _badge_position(path.before_exit, 2 + 2 * i, [(x, y) for _, x, y in places])
            badges.append(_badge(x, y, i + 1, _colour(i)))
    parts += [f'<g class="badges">{"".join(badges)}</g>', *(_mark(*place) for place in places), legend]
    parts.append(f'<rect class="frame" x="{left}" y="{top}" width="{w}" height="{h}"/></svg>\n')
    return "".join(parts)


class _Drawn:
    """A path in pixels, cut off at the frame."""

    def __init__(self, name: str, points: list[Point]) -> None:
        self.name, self.points = name, points
        self.pieces, self.exits = _clip(points, FRAME)
        start = [p for p in points[:1] if _clip_segment(p, p, FRAME)]
        self.before_exit = self.pieces[0] if self.pieces else start


def _colour(i: int) -> str:
    return COLOURS[i % len(COLOURS)]


def _line(path: _Drawn, colour: str) -> str:
    """Draw a path; thin where it comes back from outside, as one that diverges does so again and again."""
    parts = []
    for k, piece in enumerate(path.pieces):
        line = f'points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in piece)}" fill="none" stroke-linejoin="round"'
        stroke = 'stroke-width="1" stroke-opacity="0.6"'
        if k == 0 and piece[0] == path.points[0]:
            parts.append(f'<polyline {line} stroke="#ffffff" stroke-width="4.5" stroke-opacity="0.8"/>')
            stroke = 'stroke-width="2.2"'
        parts.append(f'<polyline {line} stroke="{colour}" {stroke}><title>{escape(path.name)}</title></polyline>')
    return "".join(parts)


def _legend(paths: Sequence[_Drawn], leaving: str, width: int) -> tuple[str, int]:
    """Return the names of the paths, in rows below the picture, and the height of all."""
    _, top, _, h = FRAME
    entries = [(path.name, i) for i, path in enumerate(paths)]
    if any(path.exits for path in paths):
        entries.append((leaving, -1))
    parts, x, y = [], 12.0, top + h + 62
    for name, i in entries:
        entry_width = LEGEND_TEXT + text_width(name)
        if x > 12 and x + entry_width > width:
            x, y = 12.0, y + 22
        if i < 0:
            parts.append(_arrow((x + 26, y), (1.0, 0.0), "#888888", leaving))
        else:
            line = f'y1="{y}" y2="{y}" stroke="{_colour(i)}" stroke-width="2.2"'
            parts.append(f'<line x1="{x:.1f}" x2="{x + 32:.1f}" {line}/>{_badge(x + 16, y, i + 1, _colour(i))}')
        parts.append(f'<text x="{x + 40:.1f}" y="{y + 4}">{escape(name)}</text>')
        x += entry_width + 24
    return "".join(parts), int(y + 18 if entries else top + h + 48)


def _mark(name: str, x: float, y: float) -> str:
    """Draw a named point."""
    left, top, w, _ = FRAME
    too_wide = x + 8 + text_width(name) > left + w  # for the right side of its point
    side = f'x="{x - 8:.1f}" text-anchor="end"' if too_wide else f'x="{x + 8:.1f}"'
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#ffffff" stroke="#000000" stroke-width="1.5"/>'
        f'<text {side} y="{max(y - 7, top + 12):.1f}" style="fill:#000;paint-order:stroke;stroke:#fff;'
        f'stroke-width:3px">{escape(name)}</text>'
    )


def _badge_position(points: list[Point], preferred: int, marks: list[Point]) -> Point:
    """Return where a path has its number: inside the frame, not under a mark, as near as possible to the point with the
    preferred number."""
    left, top, w, h = FRAME
    free = []
    for i, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        for k in range(9):
            x, y = x0 + (x1 - x0) * k / 8, y0 + (y1 - y0) * k / 8
            inside = left + 8 <= x <= left + w - 8 and top + 8 <= y <= top + h - 8
            if inside and all((x - a) ** 2 + (y - b) ** 2 > 14**2 for a, b in marks):
                free.append((abs(i + k / 8 - preferred), (x, y)))
    return min(free)[1] if free else points[0]


def _badge(x: float, y: float, number: int, colour: str) -> str:
    """Draw a number in a circle, which identifies a path without its colour."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="#ffffff" stroke="{colour}" stroke-width="2"/>'
        f'<text x="{x:.1f}" y="{y + 3.5:.1f}" text-anchor="middle" font-size="11" style="fill:#000">{number}</text>'
    )


def _arrow(tip: Point, direction: Point, colour: str, title: str) -> str:
    """Draw an arrowhead with its tip at a point."""
    (x, y), (a, b) = tip, direction
    corners = [(x, y), *((x - 11 * a + side * b, y - 11 * b - side * a) for side in (6, -6))]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return (
        f'<polygon class="leaves" points="{points}" fill="{colour}" stroke="#ffffff"><title>{escape(title)}</title>'
        "</polygon>"
    )


def _clip(
    points: Sequence[Point], frame: tuple[float, float, float, float]
) -> tuple[list[list[Point]], list[tuple[Point, Point]]]:
    """Cut a path off at a frame (left, top, width, height).

    Returns:
        The pieces inside it, and for each point where the path leaves it that point and the direction, of length 1.
    """
    pieces: list[list[Point]] = []
    exits: list[tuple[Point, Point]] = []
    for start, end in pairwise(points):
        part = _clip_segment(start, end, frame)
        if part is None:
            continue
        first, last = part
        if not pieces or pieces[-1][-1] != first:
            pieces.append([first])
        pieces[-1].append(last)
        if last != end:
            length = math.dist(start, end)
            exits.append((last, ((end[0] - start[0]) / length, (end[1] - start[1]) / length)))
    return pieces, exits


def _clip_segment(start: Point, end: Point, frame: tuple[float, float, float, float]) -> tuple[Point, Point] | None:
    """Return the part of a segment inside a frame, after Liang and Barsky; ``None`` if there is none."""
    if not all(map(math.isfinite, (*start, *end))):
        return None
    left, top, w, h = frame
    first, last = 0.0, 1.0
    for a, b, low, high in ((start[0], end[0], left, left + w), (start[1], end[1], top, top + h)):
        if a == b:
            if not low <= a <= high:
                return None
            continue
        at_low, at_high = (low - a) / (b - a), (high - a) / (b - a)
        first, last = max(first, min(at_low, at_high)), min(last, max(at_low, at_high))
    if first > last:
        return None

    def at(t: float) -> Point:
        return start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])

    return start if first == 0 else at(first), end if last == 1 else at(last)


def banded(surface: Any) -> Any:
    """Return pixels by rows: bands that each cover an equal share of the surface, lower ones darker."""
    fine = _interpolate(np.asarray(surface, float))
    finite = fine[np.isfinite(fine)]
    edges = np.quantile(finite, np.linspace(0, 1, BANDS + 1)[1:-1]) if finite.size else np.zeros(1)
    band = np.searchsorted(edges, np.nan_to_num(fine, nan=np.inf)) / len(edges)
    return np.rint(LOW + (HIGH - LOW) * band[..., None]).astype(np.uint8)


def _interpolate(surface: Any) -> Any:
    """Interpolate linearly between the points, along one axis and then along the other."""
    for axis in (0, 1):
        count = surface.shape[axis]
        positions = np.linspace(0, count - 1, (count - 1) * PIXELS_PER_CELL + 1)
        low = np.minimum(positions.astype(int), max(count - 2, 0))
        weight = (positions - low).reshape([-1 if a == axis else 1 for a in (0, 1)])
        first, second = (np.take(surface, np.minimum(i, count - 1), axis=axis) for i in (low, low + 1))
        surface = first * (1 - weight) + second * weight
    return surface
