"""Arrays as pictures: a cell for each entry, with its number as a tooltip; a large array as one image with tooltips for
blocks.

The colours can be told apart by colour-blind readers: white to blue for numbers of one sign, orange over white to blue
where both signs occur, 0 always white. Numbers that are not finite are black.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .text import escape, text_width

MAX_TOOLTIPS = 2048  # in all panels together; larger panels have one for each block
MIN_CELL_WITH_NUMBER = 27.0  # pixels a cell must be wide to hold its number
MAX_PIXELS = 256  # a side; a larger panel's image shows the means of blocks
MIN_FONT_SIZE = 10.0  # numbers that would be smaller are written with one digit, or not at all
PAGE_WIDTH, GAP = 458.0, 12.0  # of a picture on a page of 480 pixels; between panels
HIDDEN_COLOUR = (244, 246, 250)
BLUE, ORANGE = np.array([0, 68, 136]), np.array([190, 84, 0])
STYLE = """
.heat { font: 12px system-ui, sans-serif; } .heat .sheet { fill: #ffffff; } .heat text { fill: #1d2433; }
.heat .soft { fill: #566075; } .heat .frame { fill: none; stroke: #8891a5; } .heat .mark { fill: none; stroke: #cc0066;
  stroke-width: 2; } .heat .box { fill: none; stroke: #007a3d; stroke-width: 2; stroke-dasharray: 5 3; }
.heat .point { fill: #cc0066; stroke: #ffffff; }
.heat .ring { fill: #ffffff; stroke: #1d2433; stroke-width: 1.5; }
.heat .sense { fill: #000; fill-opacity: 0; } .heat .sense:hover { stroke: #cc0066; }
@media (prefers-color-scheme: dark) {
  .heat .sheet { fill: #16181d; } .heat text { fill: #eef1f6; } .heat .soft { fill: #b6bfce; }
}
"""

Number = Callable[[Any], str]


class Panel(NamedTuple):
    """One picture.

    Attributes:
        cells: rows by columns of numbers, or of colours: rows by columns by three numbers from 0 to 1.
        index_text: gives the index to show for a row and a column.
        marks: rectangles to outline: (row, column, rows, columns). boxes: the same, dashed.
        own_scale: whether its colours are scaled by its own numbers, not by those of all panels.
        points: drawn as dots: (row, column). rings: drawn as rings. hidden: a mask of the cells that are not shown.
    """

    title: str
    cells: Any
    index_text: Callable[[int, int], str] = lambda i, j: f"[{i}, {j}]"
    marks: Sequence[tuple[float, float, float, float]] = ()
    own_scale: bool = False
    points: Sequence[tuple[float, float]] = ()
    boxes: Sequence[tuple[float, float, float, float]] = ()
    rings: Sequence[tuple[float, float]] = ()
    hidden: Any = None


def svg(
    rows: Sequence[Sequence[Panel]], title: str, number: Number, lines: Sequence[str] = (), styled: bool = True,
    side: float = 0, tooltips: bool = True,
) -> str:  # fmt: skip
    """Draw panels in rows, under a title and lines of text.

    Args:
        number: formats an entry. styled: whether the SVG holds its styles. side: pixels of a panel's longer side; by
            default according to its size. tooltips: whether entries have their number as a tooltip.

    >>> svg([[Panel("", np.eye(2))]], "eye", str).count("<title>[")
    4
    """
    shared = [panel.cells for row in rows for panel in row if np.ndim(panel.cells) == 2 and not panel.own_scale]
    scale = _scale(shared)
    count = max(1, sum(map(len, rows)))
    groups: list[str] = []
    top, width = 22.0 + 17 * len(lines), max(map(text_width, [title, *lines]), default=0.0) + 20
    for row in rows:
        left, height = 10.0, 0.0
        for panel in row:
            w, h = _size(np.shape(panel.cells), side, len(row))
            inner = _panel(panel, w, h, scale, number, MAX_TOOLTIPS // count if tooltips else 0)
            groups.append(f'<g transform="translate({left:.1f} {top + 16:.1f})">{inner}</g>')
            left, height = left + max(w, text_width(panel.title)) + GAP, max(height, h)
        top, width = top + height + 30, max(width, left)
    head = f'<text x="10" y="16" font-weight="600">{escape(title)}</text>' + "".join(
        f'<text class="soft" x="10" y="{33 + 17 * k}">{escape(line)}</text>' for k, line in enumerate(lines)
    )
    return (
        f'<svg class="heat" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {top:.0f}" width="{width:.0f}" '
        f'height="{top:.0f}" role="img"><title>{escape(title)}</title><desc>{escape(" ".join(lines))}</desc>'
        + (f"<style>{STYLE}</style>" if styled else "")
        + f'<rect class="sheet" width="100%" height="100%"/>{head}{"".join(groups)}</svg>\n'
    )


def side_of(panels: int) -> float:
    """Return the side of so many panels in a row that fit on a page 480 pixels wide."""
    return (PAGE_WIDTH - 10) // panels - GAP


def _size(shape: tuple[int, ...], side: float, panels: int) -> tuple[float, float]:
    """Return the width and height of a panel in a row of so many."""
    rows, columns = max(shape[0], 1), max(shape[1], 1)
    longer = max(rows, columns)
    pixels = side or (min(16.0 * longer, 420.0) if panels == 1 else min(14.0 * longer, 150.0))
    cell = max(pixels / longer, 0.2)
    return max(cell * columns, 2.0), max(cell * rows, 2.0)


def _panel(panel: Panel, w: float, h: float, scale: tuple[float, float], number: Number, max_tooltips: int) -> str:
    """Draw one panel of width `w` and height `h`."""
    cells = np.asarray(panel.cells)
    rows, columns = cells.shape[:2]
    if not rows or not columns:
        return f'<rect class="frame" width="{w:.1f}" height="{h:.1f}"/>'
    scale = _scale([cells]) if panel.own_scale else scale
    colours = to_rgb(_reduce(cells), scale) if cells.ndim == 2 else _rgb_of_image(_reduce(cells))
    hidden = np.zeros((rows, columns), bool) if panel.hidden is None else panel.hidden
    if colours.shape[:2] == hidden.shape:
        colours[hidden] = HIDDEN_COLOUR
    overlaid = bool(panel.points or panel.boxes)  # numbers would cover these
    legible = cells.ndim == 2 and w / columns >= MIN_CELL_WITH_NUMBER and not overlaid
    if overlaid:
        colours = (colours // 2 + 127).astype(np.uint8)
    parts = [
        f'<text class="soft" y="-4">{escape(panel.title)}</text>' if panel.title else "",
        f'<image width="{w:.1f}" height="{h:.1f}" preserveAspectRatio="none" style="image-rendering:pixelated" '
        f'href="{data_uri(png(colours))}"/>',
        *(_numbers(cells, colours, w, h, number, hidden) if legible else ()),
        *(_tooltips(panel, cells, w, h, number, max_tooltips, hidden) if max_tooltips else ()),
        f'<rect class="frame" width="{w:.1f}" height="{h:.1f}"/>',
    ]
    for kind, rectangles in (("mark", panel.marks), ("box", panel.boxes)):
        for i, j, p, q in rectangles:
            x, y = j * w / columns, i * h / rows
            size = f'width="{q * w / columns:.1f}" height="{p * h / rows:.1f}"'
            parts.append(f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" {size}/>')
    for kind, points in (("point", panel.points), ("ring", panel.rings)):
        for i, j in points:
            parts.append(f'<circle class="{kind}" cx="{j * w / columns:.1f}" cy="{i * h / rows:.1f}" r="3"/>')
    return "".join(parts)


def _numbers(cells: Any, colours: Any, w: float, h: float, number: Number, hidden: Any) -> list[str]:
    """Write the numbers in their cells, dark on light or light on dark."""
    rows, columns = cells.shape
    texts = []
    for i, j in np.ndindex(rows, columns):
        text = number(cells[i, j])
        space = 1.5 * w / columns
        if space / max(len(text), 1) < MIN_FONT_SIZE and np.isfinite(cells[i, j]):
            text = f"{cells[i, j]:.1g}".replace("-", "−")
        size = min(12.0, space / max(len(text), 1))
        if hidden[i, j] or size < MIN_FONT_SIZE:
            continue
        ink = "#1d2433" if colours[i, j] @ [0.3, 0.59, 0.11] > 140 else "#ffffff"
        x, y = (j + 0.5) * w / columns, (i + 0.5) * h / rows + size / 3
        texts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" text-anchor="middle" style="fill:{ink}">'
            f"{escape(text)}</text>"
        )
    return texts


def _tooltips(panel: Panel, cells: Any, w: float, h: float, number: Number, max_count: int, hidden: Any) -> list[str]:
    """Draw invisible rectangles with their number as a tooltip; in a large array, one for each block with its mean."""
    rows, columns = cells.shape[:2]
    side = max(4, math.isqrt(max_count))
    every_cell = rows * columns <= max_count
    block_rows, block_columns = (1, 1) if every_cell else (math.ceil(rows / side), math.ceil(columns / side))
    rectangles = []
    for i in range(0, rows, block_rows):
        for j in range(0, columns, block_columns):
            if hidden[i, j]:
                continue
            block = cells[i : i + block_rows, j : j + block_columns]
            p, q = block.shape[:2]
            if cells.ndim == 3:
                text = ", ".join(f"{v:.3g}" for v in block.reshape(-1, cells.shape[2]).mean(axis=0))
            elif p * q == 1:
                text = number(block[0, 0])
            else:
                text = f"{block.mean():.4g} ({number(block.min())} … {number(block.max())})"
            index = panel.index_text(i, j) + ("" if p * q == 1 else f" … {panel.index_text(i + p - 1, j + q - 1)}")
            rectangles.append(
                f'<rect class="sense" x="{j * w / columns:.1f}" y="{i * h / rows:.1f}" width="{q * w / columns:.1f}" '
                f'height="{p * h / rows:.1f}"><title>{escape(index)} = {escape(text)}</title></rect>'
            )
    return rectangles


def _reduce(cells: Any) -> Any:
    """Reduce an array to at most `MAX_PIXELS` a side, by the means of blocks."""
    for axis in (0, 1):
        size = -(-cells.shape[axis] // MAX_PIXELS)
        if size > 1:
            starts = np.arange(0, cells.shape[axis], size)
            counts = np.minimum(size, cells.shape[axis] - starts)
            counts = counts.reshape([-1 if a == axis else 1 for a in range(cells.ndim)])
            means = np.add.reduceat(cells.astype(float), starts, axis=axis) / counts
            cells = means.astype(cells.dtype if cells.dtype == np.uint8 else float)
    return cells


def _scale(arrays: Sequence[Any]) -> tuple[float, float]:
    """Return the least and the greatest finite number in all arrays, 0 included."""
    finite = [a[np.isfinite(a)] for a in (np.asarray(x, float) for x in arrays)]
    finite = [a for a in finite if a.size]
    return min([0.0, *(float(a.min()) for a in finite)]), max([0.0, *(float(a.max()) for a in finite)])


def to_rgb(cells: Any, scale: tuple[float, float]) -> Any:
    """Return rows by columns of numbers as bytes of red, green and blue."""
    numbers = np.asarray(cells, float)
    least, greatest = scale
    largest = max(-least, greatest) or 1.0
    intensity = np.clip(np.nan_to_num(np.abs(numbers) / largest, nan=0.0, posinf=1.0), 0, 1)[..., None] ** 0.8
    ink = np.where((numbers < 0)[..., None], ORANGE, BLUE)
    colours = 255 + (ink - 255) * intensity
    colours[~np.isfinite(numbers)] = (0, 0, 0)
    return np.rint(colours).astype(np.uint8)


def _rgb_of_image(cells: Any) -> Any:
    """Return an image of bytes, or of numbers from 0 to 1, as bytes of red, green and blue."""
    if cells.dtype == np.uint8:
        return cells[..., :3]
    return np.rint(np.clip(np.nan_to_num(cells[..., :3].astype(float)), 0, 1) * 255).astype(np.uint8)


def png(pixels: Any) -> bytes:
    """Encode rows by columns by three bytes as a PNG file (https://www.w3.org/TR/png-3/).

    >>> png(np.zeros((2, 3, 3), np.uint8))[:4]
    b'\\x89PNG'
    """
    height, width = pixels.shape[:2]
    raw = b"".join(b"\0" + pixels[i].tobytes() for i in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", head), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b"")):
        file += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return file


def data_uri(image: bytes) -> str:
    """Return a PNG file as a data URI."""
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"
