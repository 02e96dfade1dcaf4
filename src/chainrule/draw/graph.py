"""A graph as boxes and arrows: an SVG for light and dark screens, with text for screen readers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from .curves import COLOURS
from .layout import Point, layered
from .text import escape, text_width

LINE_HEIGHT, NAME_HEIGHT = 17.0, 24.0  # of a box
PAGE_WIDTH = 1160.0

STYLE = """
.graph { font: 13px system-ui, sans-serif; }
.graph .box { fill: #f4f6fa; stroke: #8891a5; } .graph .name { fill: #1d2433; font-weight: 600; }
.graph .line { fill: #4a5468; } .graph .forward { fill: #005a91; } .graph .backward { fill: #a84300; }
.graph .arrow { stroke: #8891a5; fill: none; } .graph .head { fill: #8891a5; } .graph .sheet { fill: #ffffff; }
.graph .label { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
.graph .leaf .box { stroke-dasharray: 4 3; } .graph a:focus-visible .box, .graph .now .box { stroke-width: 3; }
.graph .now .box { stroke: #a84300; fill: #fff3e6; } .graph .bad .box { stroke: #b00020; stroke-width: 3; }
@media (prefers-color-scheme: dark) {
  .graph .box { fill: #22262e; stroke: #5a6376; } .graph .name { fill: #eef1f6; } .graph .line { fill: #b6bfce; }
  .graph .forward { fill: #6cb9f0; } .graph .backward { fill: #f5a35c; } .graph .sheet { fill: #16181d; }
  .graph .label { stroke: #16181d; }
  .graph .now .box { stroke: #f5a35c; fill: #33261a; } .graph .bad .box { stroke: #ff6b81; }
}
"""


class Box(NamedTuple):
    """A node of the graph.

    Attributes:
        lines: below its name: texts, or pairs of a text and its class, ``"line"``, ``"forward"`` or ``"backward"``.
        kind: boxes of one kind have one colour. inputs: the indices of the boxes with arrows to it.
        marks: classes of the whole box: ``"leaf"``, ``"bad"``. link: where a click leads. key: its name in scripts.
        labels: a text at the end of the arrow from each input.
    """

    name: str
    lines: Sequence[str | tuple[str, str]]
    kind: str
    inputs: Sequence[int]
    marks: str = ""
    link: str = ""
    key: str = ""
    labels: Sequence[str] = ()


def svg(
    boxes: Sequence[Box], title: str, across: bool | None = False, styled: bool = True, about: str = "",
    arrows: bool = True,
) -> str:  # fmt: skip
    """Draw boxes from top to bottom (or from left to right), each after its inputs.

    Args:
        across: whether from left to right; ``None``: if that is no wider than a page.
        styled: whether the SVG holds its styles; a page with many pictures has them once.
        about: a longer description. arrows: whether arrows are drawn; boxes are placed by them in any case.

    >>> svg([Box("input", ["(None, 4)"], "Input", []), Box("dense", ["(None, 1)"], "Dense", [0])], "m")[:4]
    '<svg'
    """
    sizes = [_size(box) for box in boxes]
    edges = [(j, i) for i, box in enumerate(boxes) for j in box.inputs]
    labels = [box.labels[k] if k < len(box.labels) else "" for box in boxes for k in range(len(box.inputs))]
    label_width = max([text_width(text) for text in labels if text], default=0.0)
    gap = max(26.0, label_width / 1.6 + 12 if across is not False else 26.0)
    layout = layered(sizes, edges, across is not False, gap)
    if across is None:
        across = layout.width <= PAGE_WIDTH
        layout = layout if across else layered(sizes, edges)
    width, height = layout.width, layout.height
    parts = [
        f'<svg class="graph" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img">',
        f"<title>{escape(title)}</title>" + (f"<desc>{escape(about)}</desc>" if about else ""),
        f"<style>{STYLE}</style>" if styled else "",
        '<rect class="sheet" width="100%" height="100%"/>' if styled else "",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
    ]
    if arrows:
        parts += [_arrow(path, across, label) for path, label in zip(layout.paths, labels, strict=True)]
    kinds = sorted({box.kind for box in boxes})
    for box, corner, size in zip(boxes, layout.corners, sizes, strict=True):
        parts.append(_box(box, corner, size, COLOURS[kinds.index(box.kind) % len(COLOURS)]))
    return "\n".join([*filter(None, parts), "</svg>\n"])


def _box(box: Box, corner: Point, size: tuple[float, float], colour: str) -> str:
    (x, y), (width, height) = corner, size
    lines = [(line, "line") if isinstance(line, str) else line for line in box.lines]
    marks = f' class="{box.marks}"' if box.marks else ""
    key = f' data-of="{escape(box.key)}"' if box.key else ""
    parts = [
        f'<g transform="translate({x:.1f} {y:.1f})"{marks}{key}><title>{escape(box.name)}: {escape(box.kind)}</title>',
        f'<rect class="box" width="{width:.1f}" height="{height:.1f}" rx="6"/>',
        f'<rect width="5" height="{height:.1f}" rx="2" fill="{colour}"/>',
        f'<text class="name" x="{width / 2:.1f}" y="17" text-anchor="middle">{escape(box.name)}</text>',
    ]
    for k, (text, kind) in enumerate(lines):
        baseline = NAME_HEIGHT + 11 + LINE_HEIGHT * k
        place = f'x="{width / 2:.1f}" y="{baseline:.0f}" text-anchor="middle"'
        parts.append(f'<text class="{kind}" {place}>{escape(text)}</text>')
    group = "".join(parts) + "</g>"
    return f'<a href="{escape(box.link)}">{group}</a>' if box.link else group


def _size(box: Box) -> tuple[float, float]:
    """Return the width and height of a box."""
    texts = [line if isinstance(line, str) else line[0] for line in box.lines]
    width = max([1.08 * text_width(box.name), *map(text_width, texts)])  # names are bold
    return width + 26, NAME_HEIGHT + LINE_HEIGHT * len(box.lines) + (4 if box.lines else 2)


def _arrow(points: Sequence[Point], across: bool, label: str) -> str:
    """Draw an arrow from the end of the first box to the beginning of the last, straight through the lanes between."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for k, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        if k % 2:
            path += f"L{x1:.1f} {y1:.1f}"
        else:
            x, y = (x0 + x1) / 2, (y0 + y1) / 2
            bends = (x, y0, x, y1) if across else (x0, y, x1, y)
            path += "C" + " ".join(f"{n:.1f}" for n in (*bends, x1, y1))
    arrow = f'<path class="arrow" d="{path}" marker-end="url(#head)"/>'
    if label:
        (x0, y0), (x1, _) = points[:2]  # beside the box it comes from, where no other label is
        x, y = (x0 + (x1 - x0) * 0.42, y0 - 5) if across else (x0, y0 + 14)
        arrow += f'<text class="backward label" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(label)}</text>'
    return arrow
