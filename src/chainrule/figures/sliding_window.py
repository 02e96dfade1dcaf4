"""A convolution's window over an image, place by place: as a page that steps, as a picture of one place, as text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..draw import heat
from ..draw.format import format_factor, format_number, step_buttons, with_math_signs
from ..draw.heat import Panel
from ..draw.locale import Translator, translator
from ..draw.page import controls, frames
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..inspection.sliding_window import Slide, Window

CHANNELS = 4  # so many input channels are written out
SIDE = 64  # entries of an image drawn along a side
POINTED = 400  # an image of more entries does not say them when pointed at: it is there once a place


def page(slide: Slide, language: str | None = None) -> str:
    """A page: the arrow keys move the window."""
    translate = translator(language)
    order = translate("Where the window lies, each number is multiplied by the filter's. All products are added up.")
    body = [
        f"<style>{heat.STYLE}</style><h1>{escape(slide.name)}</h1><p>{escape(order)}</p>",
        "".join(f'<p class="soft">{escape(line)}</p>' for line in _notes(slide, translate)),
        controls(step_buttons(translate)),
        frames(_frame(slide, place, translate) for place in slide.places),
    ]
    return whole_page(slide.name, "".join(body), translate.language)


def picture(slide: Slide, language: str | None = None) -> str:
    """One place: the image with the window, what is under it, the filter, the products, the output."""
    most = max(slide.places, key=lambda p: p.value)
    return _drawn(slide, most, translator(language), slide.name, True)


def text(slide: Slide, language: str | None = None) -> str:
    """For a terminal: a line a place."""
    translate = translator(language)
    lines = [f"{translate('output')}[{p.row}, {p.column}] = {p.text()}" for p in slide.places]
    return "\n".join([slide.name, *_notes(slide, translate), *lines])


def _notes(slide: Slide, translate: Translator) -> list[str]:
    notes = []
    if len(slide.places) < slide.output.size:
        count = {"shown": len(slide.places), "count": slide.output.size}
        notes.append(translate("{shown} of {count} places, spread over the output", **count))
    if slide.activation:
        notes.append(translate("The layer's activation, {name}, comes after this.", name=slide.activation))
    return notes


def _drawn(slide: Slide, place: Window, translate: Translator, title: str, styled: bool) -> str:
    until = place.row * slide.output.shape[1] + place.column + 1
    unseen = (np.arange(slide.output.size) >= until).reshape(slide.output.shape)
    high, wide = slide.kernel.shape[:2]
    count = min(slide.image.shape[2], CHANNELS)
    every = max(1, math.ceil(max(slide.padded.shape[:2]) / SIDE))  # a large image is drawn by every so many-th entry
    top, left = place.corner
    rows = []
    for c in range(count):
        image = Panel(
            translate("image, channel {c}", c=c),
            slide.padded[::every, ::every, c],
            lambda i, j: f"[{i * every - slide.pads[0][0]}, {j * every - slide.pads[1][0]}]",
            [(top / every, left / every, high / every, wide / every)],
        )
        inside = [
            (translate("under the window"), place.patch),
            (translate("filter"), slide.kernel),
            (translate("products"), place.products),
        ]
        row = [image, *(Panel(title, cells[:, :, c], alone=True) for title, cells in inside)]
        if c == 0:
            row.append(
                Panel(
                    translate("output"),
                    slide.output,
                    marks=[(place.row, place.column, 1, 1)],
                    alone=True,
                    hidden=unseen,
                )
            )
        rows.append(row)
    pointed = slide.padded[..., 0].size <= POINTED
    return heat.svg(rows, title, _number, _notes(slide, translate) if styled else (), styled, 165, pointed)


def _frame(slide: Slide, place: Window, translate: Translator) -> str:
    picture = _drawn(slide, place, translate, f"[{place.row}, {place.column}]", False)
    count = min(slide.image.shape[2], CHANNELS)
    tables = "".join(
        f'<p class="number">{translate("channel {c}", c=c)}: {escape(_sum(place, c))}</p>' for c in range(count)
    )
    left = slide.image.shape[2] - count
    more = f'<p class="soft">{escape(translate("and {count} more channels", count=left))}</p>' if left > 0 else ""
    total = with_math_signs(place.text())
    return f'<figure>{picture}</figure>{tables}{more}<p class="number forward"><b>{escape(total)}</b></p>'


def _number(value: Any) -> str:
    return with_math_signs(format_number(value + 0.0, 3))


def _sum(place: Window, c: int) -> str:
    terms = [
        f"{format_factor(x, 4)} × {format_factor(w, 4)}"
        for x, w in zip(place.patch[:, :, c].ravel(), place.kernel[:, :, c].ravel(), strict=True)
    ]
    return with_math_signs(" + ".join(terms) + f" = {format_number(place.products[:, :, c].sum(), 4)}")
