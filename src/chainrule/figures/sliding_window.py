"""A convolution's window over an image, place by place: as a page that steps, as a picture of one place, as text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..draw import heat
from ..draw.format import back_and_on, factor, show, signs
from ..draw.heat import Panel
from ..draw.locale import Translator, catalogue
from ..draw.page import controls, frames
from ..draw.page import page as whole_page
from ..draw.text import clean
from ..inspection.sliding_window import Slide, Window

CHANNELS = 4  # so many input channels are written out
SIDE = 64  # entries of an image drawn along a side
POINTED = 400  # an image of more entries does not say them when pointed at: it is there once a place


def page(slide: Slide, language: str | None = None) -> str:
    """A page: the arrow keys move the window."""
    say = catalogue(language)
    order = say("Where the window lies, each number is multiplied by the filter's. All products are added up.")
    body = [
        f"<style>{heat.STYLE}</style><h1>{clean(slide.name)}</h1><p>{clean(order)}</p>",
        "".join(f'<p class="soft">{clean(line)}</p>' for line in _notes(slide, say)),
        controls(back_and_on(say)),
        frames(_frame(slide, place, say) for place in slide.places),
    ]
    return whole_page(slide.name, "".join(body), say.language)


def picture(slide: Slide, language: str | None = None) -> str:
    """One place: the image with the window, what is under it, the filter, the products, the output."""
    most = max(slide.places, key=lambda p: p.value)
    return _drawn(slide, most, catalogue(language), slide.name, True)


def text(slide: Slide, language: str | None = None) -> str:
    """For a terminal: a line a place."""
    say = catalogue(language)
    lines = [f"{say('output')}[{p.row}, {p.column}] = {p.text()}" for p in slide.places]
    return "\n".join([slide.name, *_notes(slide, say), *lines])


def _notes(slide: Slide, say: Translator) -> list[str]:
    notes = []
    if len(slide.places) < slide.output.size:
        count = {"shown": len(slide.places), "count": slide.output.size}
        notes.append(say("{shown} of {count} places, spread over the output", **count))
    if slide.activation:
        notes.append(say("The layer's activation, {name}, comes after this.", name=slide.activation))
    return notes


def _drawn(slide: Slide, place: Window, say: Translator, title: str, styled: bool) -> str:
    until = place.row * slide.output.shape[1] + place.column + 1
    unseen = (np.arange(slide.output.size) >= until).reshape(slide.output.shape)
    high, wide = slide.kernel.shape[:2]
    count = min(slide.image.shape[2], CHANNELS)
    every = max(1, math.ceil(max(slide.padded.shape[:2]) / SIDE))  # a large image is drawn by every so many-th entry
    top, left = place.corner
    rows = []
    for c in range(count):
        image = Panel(
            say("image, channel {c}", c=c),
            slide.padded[::every, ::every, c],
            lambda i, j: f"[{i * every - slide.pads[0][0]}, {j * every - slide.pads[1][0]}]",
            [(top / every, left / every, high / every, wide / every)],
        )
        inside = [
            (say("under the window"), place.patch),
            (say("filter"), slide.kernel),
            (say("products"), place.products),
        ]
        row = [image, *(Panel(title, cells[:, :, c], alone=True) for title, cells in inside)]
        if c == 0:
            row.append(
                Panel(say("output"), slide.output, marks=[(place.row, place.column, 1, 1)], alone=True, hidden=unseen)
            )
        rows.append(row)
    pointed = slide.padded[..., 0].size <= POINTED
    return heat.svg(rows, title, _number, _notes(slide, say) if styled else (), styled, 165, pointed)


def _frame(slide: Slide, place: Window, say: Translator) -> str:
    picture = _drawn(slide, place, say, f"[{place.row}, {place.column}]", False)
    count = min(slide.image.shape[2], CHANNELS)
    tables = "".join(f'<p class="number">{say("channel {c}", c=c)}: {clean(_sum(place, c))}</p>' for c in range(count))
    left = slide.image.shape[2] - count
    more = f'<p class="soft">{clean(say("and {count} more channels", count=left))}</p>' if left > 0 else ""
    total = signs(place.text())
    return f'<figure>{picture}</figure>{tables}{more}<p class="number forward"><b>{clean(total)}</b></p>'


def _number(value: Any) -> str:
    return signs(show(value + 0.0, 3))


def _sum(place: Window, c: int) -> str:
    terms = [
        f"{factor(x, 4)} × {factor(w, 4)}"
        for x, w in zip(place.patch[:, :, c].ravel(), place.kernel[:, :, c].ravel(), strict=True)
    ]
    return signs(" + ".join(terms) + f" = {show(place.products[:, :, c].sum(), 4)}")
