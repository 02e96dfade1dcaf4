"""A model's layers as boxes and arrows: one SVG that opens anywhere. Placement in rows by depth, nothing installed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

from .curves import COLOURS

GAP, LANE = 34.0, 40.0  # between boxes; the room of an edge that passes a row of them

_STYLE = """
  svg { background: #ffffff; font: 13px system-ui, sans-serif; }
  .box { fill: #f4f6fa; stroke: #8891a5; } .name { fill: #1d2433; font-weight: 600; } .line { fill: #4a5468; }
  .arrow { stroke: #8891a5; fill: none; } .head { fill: #8891a5; }
  @media (prefers-color-scheme: dark) {
    svg { background: #16181d; } .box { fill: #22262e; stroke: #5a6376; }
    .name { fill: #eef1f6; } .line { fill: #b6bfce; }
  }
"""


class Box(NamedTuple):
    """A layer: its name, the lines below it, what kind it is, and the numbers of the boxes that feed it."""

    name: str
    lines: Sequence[str]
    kind: str
    inputs: Sequence[int]


def svg(boxes: Sequence[Box], title: str, across: bool = False) -> str:
    """The boxes from top to bottom (or from left to right), each below all that feed it.

    >>> svg([Box("input", ["(None, 4)"], "Input", []), Box("dense", ["(None, 1)"], "Dense", [0])], "m")[:4]
    '<svg'
    """
    depth: list[int] = []
    for box in boxes:
        depth.append(max((depth[i] + 1 for i in box.inputs), default=0))
    wide = max([7.4 * max([len(b.name), *map(len, b.lines)]) + 24 for b in boxes] or [100.0])
    high = 26.0 + 17 * max([len(b.lines) for b in boxes] or [0])
    size = (high if across else wide) + GAP
    rows, edges = _rows(boxes, depth)
    place: dict[Any, tuple[float, float]] = {}
    most = max(sum(size if isinstance(i, int) else LANE for i in row) for row in rows)
    for d, row in enumerate(rows):
        along = (most - sum(size if isinstance(i, int) else LANE for i in row)) / 2 + GAP
        for i in row:
            own = size if isinstance(i, int) else LANE
            middle = along + (own - GAP) / 2 if isinstance(i, int) else along
            place[i] = (d * (wide + GAP) + GAP, middle) if across else (middle, d * (high + GAP) + GAP)
            along += own
    if across:
        width, height = len(rows) * (wide + GAP) + GAP, most + GAP
    else:
        width, height = most + GAP, len(rows) * (high + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img">',
        f"<title>{_text(title)}</title><style>{_STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
    ]
    for path in edges:
        parts.append(_arrow([place[i] for i in path], wide, high, across))
    kinds = sorted({b.kind for b in boxes})
    for i, box in enumerate(boxes):
        x, y = place[i]
        x, y = (x, y - high / 2) if across else (x - wide / 2, y)
        colour = COLOURS[kinds.index(box.kind) % len(COLOURS)]
        parts.append(f'<g transform="translate({x:.1f} {y:.1f})"><title>{_text(box.name)}: {_text(box.kind)}</title>')
        parts.append(f'<rect class="box" width="{wide:.1f}" height="{high}" rx="6"/>')
        parts.append(f'<rect width="5" height="{high}" rx="2" fill="{colour}"/>')
        parts.append(f'<text class="name" x="{wide / 2:.1f}" y="18" text-anchor="middle">{_text(box.name)}</text>')
        for k, line in enumerate(box.lines):
            parts.append(
                f'<text class="line" x="{wide / 2:.1f}" y="{35 + 17 * k}" text-anchor="middle">{_text(line)}</text>'
            )
        parts.append("</g>")
    return "\n".join([*parts, "</svg>\n"])


def _rows(boxes: Sequence[Box], depth: Sequence[int]) -> tuple[list[list[Any]], list[list[Any]]]:
    """What stands in each row, and each edge's path: an edge past other boxes has a lane of its own in their rows."""
    rows: list[list[Any]] = [[] for _ in range(max(depth, default=0) + 1)]
    edges: list[list[Any]] = []
    for i, box in enumerate(boxes):
        rows[depth[i]].append(i)
        for j in box.inputs:
            lanes = [(i, j, d) for d in range(depth[j] + 1, depth[i])]
            for lane in lanes:
                rows[lane[2]].append(lane)
            edges.append([j, *lanes, i])
    before: dict[Any, float] = {}
    feeds: dict[Any, list[Any]] = {}
    for path in edges:
        for a, b in pairwise(path):
            feeds.setdefault(b, []).append(a)
    for row in rows:  # each below the middle of what feeds it
        row.sort(key=lambda i: sum(before[f] for f in feeds[i]) / len(feeds[i]) if i in feeds else 0.0)
        before.update((i, (k + 1) / (len(row) + 1)) for k, i in enumerate(row))
    return rows, edges


def _arrow(points: Sequence[tuple[float, float]], wide: float, high: float, across: bool) -> str:
    """From the end of the first box to the beginning of the last, straight through the lanes between."""
    stops: list[tuple[float, float]] = []
    for k, (x, y) in enumerate(points):
        start, end = ((x, y), (x + wide, y)) if across else ((x, y), (x, y + high))
        stops += [end] if k == 0 else [start] if k == len(points) - 1 else [start, end]
    x, y = stops[-1]
    stops[-1] = (x - 2, y) if across else (x, y - 2)
    path = f"M{stops[0][0]:.1f} {stops[0][1]:.1f}"
    for k, ((x0, y0), (x1, y1)) in enumerate(pairwise(stops)):
        if k % 2:
            path += f"L{x1:.1f} {y1:.1f}"
        elif across:
            middle = (x0 + x1) / 2
            path += f"C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
        else:
            middle = (y0 + y1) / 2
            path += f"C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"
    return f'<path class="arrow" d="{path}" marker-end="url(#head)"/>'


def _text(text: str) -> str:
    return escape("".join(c for c in text if c >= " " or c in "\t\n"))
