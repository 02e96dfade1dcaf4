"""A surface seen from above, in bands of colour whose edges are its contours, with paths across it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .curves import COLOURS, STYLE, labels, ticks
from .heat import data_uri, png
from .text import escape, text_width

BANDS, PIXELS_PER_CELL = 16, 6  # bands of equal share of the surface; pixels between two of its points
LOW, HIGH = np.array([16, 60, 110]), np.array([250, 244, 214])

Point = tuple[float, float]


class Path(NamedTuple):
    """A named path across the surface; `points`: (count, 2)."""

    name: str
    points: Any


def svg(
    xs: Any, ys: Any, surface: Any, paths: Sequence[Path], title: str, axes: tuple[str, str],
    marks: Sequence[tuple[str, float, float]] = (), width: int = 640, height: int = 470,
) -> str:  # fmt: skip
    """Draw a surface over xs and ys, dark where it is low.

    Args:
        paths: drawn across it. axes: the names of the axes. marks: named points: (name, x, y).

    >>> svg(np.arange(3), np.arange(3), np.eye(3), [], "t", ("a", "b"))[:4]
    '<svg'
    """
    left, right, top, bottom = 70, 170, 34, 48
    w, h = width - left - right, height - top - bottom
    (x0, x1), (y0, y1) = (float(xs[0]), float(xs[-1])), (float(ys[0]), float(ys[-1]))

    def px(x: float) -> float:
        return left + (x - x0) / (x1 - x0) * w

    def py(y: float) -> float:
        return top + h - (y - y0) / (y1 - y0) * h

    image = data_uri(png(banded(surface)[::-1]))
    parts = [
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{escape(title)}</title><style>{STYLE}</style>'
        f'<text x="{left + w / 2}" y="20" text-anchor="middle" font-weight="600">{escape(title)}</text>',
        f'<image x="{left}" y="{top}" width="{w}" height="{h}" preserveAspectRatio="none" href="{image}"/>',
        f'<clipPath id="inside"><rect x="{left}" y="{top}" width="{w}" height="{h}"/></clipPath>',
    ]
    for tick, label in zip(ticks(x0, x1), labels(ticks(x0, x1)), strict=True):
        parts.append(f'<text x="{px(tick):.1f}" y="{top + h + 17}" text-anchor="middle">{label}</text>')
    for tick, label in zip(ticks(y0, y1), labels(ticks(y0, y1)), strict=True):
        parts.append(f'<text x="{left - 6}" y="{py(tick) + 4:.1f}" text-anchor="end">{label}</text>')
    parts.append(f'<text x="{left + w / 2}" y="{height - 10}" text-anchor="middle">{escape(axes[0])}</text>')
    turned = f'transform="translate(14 {top + h / 2}) rotate(-90)"'
    parts.append(f'<text {turned} text-anchor="middle">{escape(axes[1])}</text>')
    badges: list[str] = []  # above all lines
    for i, path in enumerate(paths):
        colour = COLOURS[i % len(COLOURS)]
        points = [(_clamp(px(x), width), _clamp(py(y), height)) for x, y in path.points]
        coordinates = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        line = f'points="{coordinates}" fill="none" stroke-linejoin="round"'
        x, y = _badge_position(points, 2 + 2 * i, [(px(a), py(b)) for _, a, b in marks], (left, top, w, h))
        parts.append(
            f'<g clip-path="url(#inside)"><polyline {line} stroke="#ffffff" stroke-width="4.5" stroke-opacity="0.8"/>'
            f'<polyline {line} stroke="{colour}" stroke-width="2.2"><title>{escape(path.name)}</title></polyline>'
            "</g>"
        )
        badges.append(_badge(x, y, i + 1, colour))
        row = top + 12 + 22 * i
        parts.append(
            f'<line x1="{left + w + 12}" x2="{left + w + 44}" y1="{row}" y2="{row}" stroke="{colour}" '
            f'stroke-width="2.2"/>{_badge(left + w + 28, row, i + 1, colour)}'
            f'<text x="{left + w + 52}" y="{row + 4}">{escape(path.name)}</text>'
        )
    parts.append(f'<g clip-path="url(#inside)">{"".join(badges)}</g>')
    for name, x, y in marks:
        too_wide = px(x) + 8 + text_width(name) > left + w  # for the right side of its point
        side = f'x="{px(x) - 8:.1f}" text-anchor="end"' if too_wide else f'x="{px(x) + 8:.1f}"'
        parts.append(
            f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="5" fill="#ffffff" stroke="#000000" stroke-width="1.5"/>'
            f'<text {side} y="{max(py(y) - 7, top + 12):.1f}" style="fill:#000;paint-order:stroke;stroke:#fff;'
            f'stroke-width:3px">{escape(name)}</text>'
        )
    parts.append(f'<rect class="frame" x="{left}" y="{top}" width="{w}" height="{h}"/></svg>\n')
    return "".join(parts)


def _badge_position(
    points: list[Point], preferred: int, marks: list[Point], frame: tuple[float, float, float, float]
) -> Point:
    """Return where a path has its number: inside the frame, not under a mark, as near as possible to the point with the
    preferred number."""
    left, top, w, h = frame
    free = []
    for i, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        for k in range(9):
            x, y = x0 + (x1 - x0) * k / 8, y0 + (y1 - y0) * k / 8
            inside = left + 8 <= x <= left + w - 8 and top + 8 <= y <= top + h - 8
            if inside and all((x - a) ** 2 + (y - b) ** 2 > 14**2 for a, b in marks):
                free.append((abs(i + k / 8 - preferred), (x, y)))
    return min(free)[1] if free else (points[0] if points else (0.0, 0.0))


def _badge(x: float, y: float, number: int, colour: str) -> str:
    """Draw a number in a circle, which identifies a path without its colour."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="#ffffff" stroke="{colour}" stroke-width="2"/>'
        f'<text x="{x:.1f}" y="{y + 3.5:.1f}" text-anchor="middle" font-size="10" style="fill:#000">{number}</text>'
    )


def _clamp(coordinate: float, size: int) -> float:
    """Limit a coordinate of a path that leaves the picture: far points would only cost digits."""
    return max(-9.0 * size, min(10.0 * size, coordinate))


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
