"""Arrays as pictures: a cell an entry, its number shown when pointed at; large ones as one image, coarsely labelled.

Colours are readable for all: white to blue for numbers of one sign, orange over white to blue where both signs occur,
0 always white. What is not finite is black.
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

SENSES = 2048  # so many labelled cells in all panels together; larger panels have coarser ones
WRITTEN = 29.0  # pixels a cell must be wide to hold its number
PIXELS = 256  # a larger panel's image shows the means of blocks
LEGIBLE = 9.0  # pixels of a letter; numbers that would be smaller are said in one digit
EMPTY = (244, 246, 250)
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
    """One picture: a title, and rows by columns of numbers (or of colours: three more entries each, 0 to 1).

    `place` gives the index to show for a row and a column. `marks`: rectangles (row, column, rows, columns) to outline.
    `alone`: its colours are scaled by its own numbers, not by those of all panels. `points`: (row, column), drawn as
    dots; `rings`: as rings. `boxes`: like marks, dashed. `hidden`: where nothing is shown yet.
    """

    title: str
    cells: Any
    place: Callable[[int, int], str] = lambda i, j: f"[{i}, {j}]"
    marks: Sequence[tuple[float, float, float, float]] = ()
    alone: bool = False
    points: Sequence[tuple[float, float]] = ()
    boxes: Sequence[tuple[float, float, float, float]] = ()
    rings: Sequence[tuple[float, float]] = ()
    hidden: Any = None


def svg(
    rows: Sequence[Sequence[Panel]], title: str, number: Number, lines: Sequence[str] = (), styled: bool = True,
    side: float = 0, pointed: bool = True,
) -> str:  # fmt: skip
    """Panels in rows, under a title and lines of text.

    Args:
        number: writes an entry. side: pixels a panel's longer side takes; by default what suits its size. pointed:
            whether entries say their number when pointed at.

    >>> svg([[Panel("", np.eye(2))]], "eye", str).count("<title>[")
    4
    """
    everything = [panel.cells for row in rows for panel in row if np.ndim(panel.cells) == 2 and not panel.alone]
    scale = _scale(everything)
    count = max(1, sum(map(len, rows)))
    drawn: list[str] = []
    top, wide = 22.0 + 17 * len(lines), max(map(text_width, [title, *lines]), default=0.0) + 20
    for row in rows:
        left, high = 10.0, 0.0
        for panel in row:
            w, h = _size(np.shape(panel.cells), side, len(row))
            inner = _panel(panel, w, h, scale, number, SENSES // count if pointed else 0)
            drawn.append(f'<g transform="translate({left:.1f} {top + 16:.1f})">{inner}</g>')
            left, high = left + max(w, text_width(panel.title)) + 12, max(high, h)
        top, wide = top + high + 30, max(wide, left)
    head = f'<text x="10" y="16" font-weight="600">{escape(title)}</text>' + "".join(
        f'<text class="soft" x="10" y="{33 + 17 * k}">{escape(line)}</text>' for k, line in enumerate(lines)
    )
    return (
        f'<svg class="heat" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {top:.0f}" width="{wide:.0f}" '
        f'height="{top:.0f}" role="img"><title>{escape(title)}</title><desc>{escape(" ".join(lines))}</desc>'
        + (f"<style>{STYLE}</style>" if styled else "")
        + f'<rect class="sheet" width="100%" height="100%"/>{head}{"".join(drawn)}</svg>\n'
    )


def _size(shape: tuple[int, ...], side: float, beside: int) -> tuple[float, float]:
    rows, columns = max(shape[0], 1), max(shape[1], 1)
    longer = max(rows, columns)
    most = side or (min(16.0 * longer, 420.0) if beside == 1 else min(14.0 * longer, 150.0))
    cell = max(most / longer, 0.2)
    return max(cell * columns, 2.0), max(cell * rows, 2.0)


def _panel(panel: Panel, w: float, h: float, scale: tuple[float, float], number: Number, senses: int) -> str:
    cells = np.asarray(panel.cells)
    rows, columns = cells.shape[:2]
    if not rows or not columns:
        return f'<rect class="frame" width="{w:.1f}" height="{h:.1f}"/>'
    scale = _scale([cells]) if panel.alone else scale
    colours = coloured(_fewer(cells), scale) if cells.ndim == 2 else _clipped(_fewer(cells))
    hidden = np.zeros((rows, columns), bool) if panel.hidden is None else panel.hidden
    if colours.shape[:2] == hidden.shape:
        colours[hidden] = EMPTY
    drawn_over = bool(panel.points or panel.boxes)  # which the numbers would hide
    if drawn_over:
        colours = (colours // 2 + 127).astype(np.uint8)
    parts = [
        f'<text class="soft" y="-4">{escape(panel.title)}</text>' if panel.title else "",
        f'<image width="{w:.1f}" height="{h:.1f}" preserveAspectRatio="none" style="image-rendering:pixelated" '
        f'href="{data_uri(png(colours))}"/>',
        *(
            _written(cells, colours, w, h, number, hidden)
            if cells.ndim == 2 and w / columns >= WRITTEN and not drawn_over
            else ()
        ),
        *(_senses(panel, cells, w, h, number, senses, hidden) if senses else ()),
        f'<rect class="frame" width="{w:.1f}" height="{h:.1f}"/>',
    ]
    for kind, outlined in (("mark", panel.marks), ("box", panel.boxes)):
        for i, j, p, q in outlined:
            x, y = j * w / columns, i * h / rows
            size = f'width="{q * w / columns:.1f}" height="{p * h / rows:.1f}"'
            parts.append(f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" {size}/>')
    for kind, places in (("point", panel.points), ("ring", panel.rings)):
        for i, j in places:
            parts.append(f'<circle class="{kind}" cx="{j * w / columns:.1f}" cy="{i * h / rows:.1f}" r="3"/>')
    return "".join(parts)


def _written(cells: Any, colours: Any, w: float, h: float, number: Number, hidden: Any) -> list[str]:
    """The numbers in their cells, dark on light or light on dark."""
    rows, columns = cells.shape
    found = []
    for i, j in np.ndindex(rows, columns):
        text = number(cells[i, j])
        room = 1.5 * w / columns
        if room / max(len(text), 1) < LEGIBLE and np.isfinite(cells[i, j]):
            text = f"{cells[i, j]:.1g}".replace("-", "−")
        size = min(12.0, room / max(len(text), 1))
        if hidden[i, j] or size < LEGIBLE - 2:
            continue
        ink = "#1d2433" if colours[i, j] @ [0.3, 0.59, 0.11] > 140 else "#ffffff"
        x, y = (j + 0.5) * w / columns, (i + 0.5) * h / rows + size / 3
        found.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" text-anchor="middle" style="fill:{ink}">'
            f"{escape(text)}</text>"
        )
    return found


def _senses(panel: Panel, cells: Any, w: float, h: float, number: Number, most: int, hidden: Any) -> list[str]:
    """Fields that show their number, or for a large array the mean of theirs, when pointed at."""
    rows, columns = cells.shape[:2]
    side = max(4, math.isqrt(most))
    fine = rows * columns <= most
    down, over = (1, 1) if fine else (math.ceil(rows / side), math.ceil(columns / side))
    found = []
    for i in range(0, rows, down):
        for j in range(0, columns, over):
            if hidden[i, j]:
                continue
            part = cells[i : i + down, j : j + over]
            p, q = part.shape[:2]
            if cells.ndim == 3:
                said = ", ".join(f"{v:.3g}" for v in part.reshape(-1, cells.shape[2]).mean(axis=0))
            elif p * q == 1:
                said = number(part[0, 0])
            else:
                said = f"{part.mean():.4g} ({number(part.min())} … {number(part.max())})"
            where = panel.place(i, j) + ("" if p * q == 1 else f" … {panel.place(i + p - 1, j + q - 1)}")
            found.append(
                f'<rect class="sense" x="{j * w / columns:.1f}" y="{i * h / rows:.1f}" width="{q * w / columns:.1f}" '
                f'height="{p * h / rows:.1f}"><title>{escape(where)} = {escape(said)}</title></rect>'
            )
    return found


def _fewer(cells: Any) -> Any:
    """At most so many pixels a side: the means of blocks."""
    for axis in (0, 1):
        size = -(-cells.shape[axis] // PIXELS)
        if size > 1:
            starts = np.arange(0, cells.shape[axis], size)
            counts = np.minimum(size, cells.shape[axis] - starts)
            counts = counts.reshape([-1 if a == axis else 1 for a in range(cells.ndim)])
            cells = (np.add.reduceat(cells.astype(float), starts, axis=axis) / counts).astype(
                cells.dtype if cells.dtype == np.uint8 else float
            )
    return cells


def _scale(arrays: Sequence[Any]) -> tuple[float, float]:
    """The least and the greatest finite number in all arrays; 0 is among them."""
    finite = [a[np.isfinite(a)] for a in (np.asarray(x, float) for x in arrays)]
    finite = [a for a in finite if a.size]
    return min([0.0, *(float(a.min()) for a in finite)]), max([0.0, *(float(a.max()) for a in finite)])


def coloured(cells: Any, scale: tuple[float, float]) -> Any:
    """Rows by columns of numbers as bytes of red, green and blue."""
    numbers = np.asarray(cells, float)
    least, most = scale
    widest = max(-least, most) or 1.0
    share = np.clip(np.nan_to_num(np.abs(numbers) / widest, nan=0.0, posinf=1.0), 0, 1)[..., None] ** 0.8
    ink = np.where((numbers < 0)[..., None], ORANGE, BLUE)
    shown = 255 + (ink - 255) * share
    shown[~np.isfinite(numbers)] = (0, 0, 0)
    return np.rint(shown).astype(np.uint8)


def _clipped(cells: Any) -> Any:
    if cells.dtype == np.uint8:
        return cells[..., :3]
    return np.rint(np.clip(np.nan_to_num(cells[..., :3].astype(float)), 0, 1) * 255).astype(np.uint8)


def png(pixels: Any) -> bytes:
    """Rows by columns by three bytes as a PNG file (https://www.w3.org/TR/png-3/).

    >>> png(np.zeros((2, 3, 3), np.uint8))[:4]
    b'\\x89PNG'
    """
    high, wide = pixels.shape[:2]
    raw = b"".join(b"\0" + pixels[i].tobytes() for i in range(high))
    head = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b"")]
    made = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        made += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return made


def data_uri(image: bytes) -> str:
    """A PNG file as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"
