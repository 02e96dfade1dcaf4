"""A convolution's window over an image, position by position: a page that steps, a picture of one position, text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..draw import heat
from ..draw.format import format_number, step_buttons, with_math_signs
from ..draw.heat import Panel
from ..draw.locale import Translator, translator
from ..draw.page import controls, frames
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..inspection.sliding_window import SlidingWindow, Window

MAX_CHANNELS = 4  # input channels drawn and written out
MAX_SIDE = 64  # entries of an image drawn along a side
MAX_WITH_TOOLTIPS = 400  # entries of an image, which is in the page once for each position


def page(slide: SlidingWindow, language: str | None = None) -> str:
    """Return a page in which the arrow keys move the window."""
    translate = translator(language)
    note = translate("Where the window lies, each number is multiplied by the filter's. All products are added up.")
    body = [
        f"<style>{heat.STYLE}</style><h1>{escape(slide.name)}</h1><p>{escape(note)}</p>",
        "".join(f'<p class="soft">{escape(line)}</p>' for line in _notes(slide, translate)),
        controls(step_buttons(translate)),
        frames(_frame(slide, window, translate) for window in slide.positions),
    ]
    return whole_page(slide.name, "".join(body), translate.language)


def picture(slide: SlidingWindow, language: str | None = None) -> str:
    """Draw one position: the image with the window, the numbers under it, the filter, the products, the output."""
    translate = translator(language)
    rows, tooltips = _panels(slide, slide.largest, translate)
    return heat.svg(rows, slide.name, _format, _notes(slide, translate), True, 165, tooltips)


def text(slide: SlidingWindow, language: str | None = None) -> str:
    """Return a line for each position, as text for a terminal."""
    translate = translator(language)
    lines = [f"{translate('output')}[{p.row}, {p.column}] = {p.text()}" for p in slide.positions]
    return "\n".join([slide.name, *_notes(slide, translate), *lines])


def _notes(slide: SlidingWindow, translate: Translator) -> list[str]:
    notes = []
    if len(slide.positions) < slide.output.size:
        counts = {"shown": len(slide.positions), "count": slide.output.size}
        notes.append(translate("{shown} of {count} positions, spread over the output", **counts))
    if slide.activation:
        notes.append(translate("The layer's activation, {name}, comes after this.", name=slide.activation))
    return notes


def _panels(slide: SlidingWindow, window: Window, translate: Translator) -> tuple[list[list[Panel]], bool]:
    """Return a row for each channel: image, window, filter, products, and in the first the output; and whether there
    is space for tooltips."""
    end = window.row * slide.output.shape[1] + window.column + 1
    hidden = (np.arange(slide.output.size) >= end).reshape(slide.output.shape)
    height, width = slide.kernel.shape[:2]
    count = min(slide.image.shape[2], MAX_CHANNELS)
    step = max(1, math.ceil(max(slide.padded.shape[:2]) / MAX_SIDE))  # of the entries drawn of a large image
    top, left = window.corner
    rows = []
    for c in range(count):
        image = Panel(
            translate("image, channel {c}", c=c),
            slide.padded[::step, ::step, c],
            lambda i, j: f"[{i * step - slide.pads[0][0]}, {j * step - slide.pads[1][0]}]",
            [(top / step, left / step, height / step, width / step)],
        )
        names = translate("under the window"), translate("filter"), translate("products")
        arrays = zip(names, (window.patch, slide.kernel, window.products), strict=True)
        row = [image, *(Panel(name, array[:, :, c], own_scale=True) for name, array in arrays)]
        if c == 0:
            mark = window.row, window.column, 1, 1
            row.append(Panel(translate("output"), slide.output, marks=[mark], own_scale=True, hidden=hidden))
        rows.append(row)
    return rows, slide.padded[..., 0].size <= MAX_WITH_TOOLTIPS


def _frame(slide: SlidingWindow, window: Window, translate: Translator) -> str:
    rows, tooltips = _panels(slide, window, translate)
    parts = [[row[0], *row[4:]] for row in rows], [row[1:4] for row in rows]  # beside each other, where there is space
    titles = f"[{window.row}, {window.column}]", translate("products")
    pictures = "".join(
        heat.svg(part, title, _format, (), False, heat.side_of(max(map(len, part))), tooltips)
        for part, title in zip(parts, titles, strict=True)
    )
    count = min(slide.image.shape[2], MAX_CHANNELS)
    sums = "".join(
        f'<p class="number">{translate("channel {c}", c=c)}: {escape(with_math_signs(window.channel_text(c)))}</p>'
        for c in range(count)
    )
    left = slide.image.shape[2] - count
    more = f'<p class="soft">{escape(translate("and {count} more channels", count=left))}</p>' if left > 0 else ""
    total = with_math_signs(window.text())
    return f'<figure class="parts">{pictures}</figure>{sums}{more}<p class="number forward"><b>{escape(total)}</b></p>'


def _format(value: Any) -> str:
    return with_math_signs(format_number(value + 0.0, 3))
