"""Descent as a picture and a page: ways across the loss, and the loss after each update."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..draw import curves, surface, table
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape


def picture(found: Any, language: str | None = None) -> str:
    """The surface with the ways."""
    translate = translator(language)
    walks = [surface.Walk(translate.name(way.name), way.points) for way in found.ways.values()]
    marks = [(translate("start"), *found.start), (translate("lowest"), *found.best)]
    title = translate("{name}: the loss and the ways down", name=found.name)
    return surface.svg(found.xs, found.ys, found.surface, walks, title, _axes(found, translate), marks)


def losses(found: Any, language: str | None = None) -> str:
    """The loss after each update: the mean of the seeds, and their spread."""
    translate = translator(language)
    lines = []
    for way in found.ways.values():
        kept = way.losses[:, ~np.isnan(way.losses).all(axis=0)]
        mean = np.nanmean(kept, axis=0)
        band = (np.nanmin(kept, axis=0), np.nanmax(kept, axis=0)) if len(kept) > 1 else None
        lines.append(curves.Line(translate.name(way.name), list(range(kept.shape[1])), mean.tolist(), band))
    return curves.svg(
        [curves.Panel(translate("the loss of all data"), translate("update"), translate("loss"), lines)],
        found.name,
        640,
        400,
    )


def page(found: Any, language: str | None = None) -> str:
    """A page with both, and the ends of all ways."""
    translate = translator(language)
    said = translate("Dark is low. Each way starts at the same weights and takes the same number of updates.")
    body = (
        f"<h1>{escape(found.name)}</h1><p>{escape(said)}</p><figure>{picture(found, language)}</figure>"
        f"<figure>{losses(found, language)}</figure>{table.html(*_ends(found, translate))}"
    )
    return whole_page(found.name, body, translate.language, script=False)


def text(found: Any, language: str | None = None) -> str:
    """For a terminal: where each way ended."""
    translate = translator(language)
    heads, rows = _ends(found, translate)
    first, second = _axes(found, translate)
    title = translate("{name}, over {first} and {second}", name=found.name, first=first, second=second)
    return f"{title}\n{table.format_table([heads, *rows])}"


def _ends(found: Any, translate: Translator) -> tuple[list[str], list[list[str]]]:
    heads = [
        translate("way"),
        translate("learning rate"),
        translate("examples an update"),
        translate("loss at the start"),
        translate("loss at the end"),
    ]
    rows = []
    for way in found.ways.values():
        ends = [run[np.isfinite(run)][-1] for run in way.losses if np.isfinite(run).any()]
        lost = any(np.isnan(run[-1]) for run in way.losses)
        shown = f"{np.mean(ends):.4g}" + (f" ({translate('then lost')})" if lost else "")
        size = translate("all") if way.batch_size is None else str(way.batch_size)
        rows.append([translate.name(way.name), f"{way.rate:g}", size, f"{way.losses[0, 0]:.4g}", shown])
    return heads, rows


def _axes(found: Any, translate: Translator) -> tuple[str, str]:
    first, second = map(translate.name, found.axes)
    return first, second
