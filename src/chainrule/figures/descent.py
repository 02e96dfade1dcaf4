"""Descent as a picture and a page: ways across the loss, and the loss after each update."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..draw import curves, surface, table
from ..draw.locale import Translator, catalogue
from ..draw.page import page as whole_page
from ..draw.text import clean


def picture(found: Any, language: str | None = None) -> str:
    """The surface with the ways."""
    say = catalogue(language)
    walks = [surface.Walk(say.name(way.name), way.points) for way in found.ways.values()]
    marks = [(say("start"), *found.start), (say("lowest"), *found.best)]
    title = say("{name}: the loss and the ways down", name=found.name)
    return surface.svg(found.xs, found.ys, found.surface, walks, title, _axes(found, say), marks)


def losses(found: Any, language: str | None = None) -> str:
    """The loss after each update: the mean of the seeds, and their spread."""
    say = catalogue(language)
    lines = []
    for way in found.ways.values():
        kept = way.losses[:, ~np.isnan(way.losses).all(axis=0)]
        mean = np.nanmean(kept, axis=0)
        band = (np.nanmin(kept, axis=0), np.nanmax(kept, axis=0)) if len(kept) > 1 else None
        lines.append(curves.Line(say.name(way.name), list(range(kept.shape[1])), mean.tolist(), band))
    return curves.svg(
        [curves.Panel(say("the loss of all data"), say("update"), say("loss"), lines)], found.name, 640, 400
    )


def page(found: Any, language: str | None = None) -> str:
    """A page with both, and the ends of all ways."""
    say = catalogue(language)
    said = say("Dark is low. Each way starts at the same weights and takes the same number of updates.")
    body = (
        f"<h1>{clean(found.name)}</h1><p>{clean(said)}</p><figure>{picture(found, language)}</figure>"
        f"<figure>{losses(found, language)}</figure>{table.html(*_ends(found, say))}"
    )
    return whole_page(found.name, body, say.language, script=False)


def text(found: Any, language: str | None = None) -> str:
    """For a terminal: where each way ended."""
    say = catalogue(language)
    heads, rows = _ends(found, say)
    first, second = _axes(found, say)
    title = say("{name}, over {first} and {second}", name=found.name, first=first, second=second)
    return f"{title}\n{table.aligned([heads, *rows])}"


def _ends(found: Any, say: Translator) -> tuple[list[str], list[list[str]]]:
    heads = [
        say("way"),
        say("learning rate"),
        say("examples an update"),
        say("loss at the start"),
        say("loss at the end"),
    ]
    rows = []
    for way in found.ways.values():
        ends = [run[np.isfinite(run)][-1] for run in way.losses if np.isfinite(run).any()]
        lost = any(np.isnan(run[-1]) for run in way.losses)
        shown = f"{np.mean(ends):.4g}" + (f" ({say('then lost')})" if lost else "")
        size = say("all") if way.batch_size is None else str(way.batch_size)
        rows.append([say.name(way.name), f"{way.rate:g}", size, f"{way.losses[0, 0]:.4g}", shown])
    return heads, rows


def _axes(found: Any, say: Translator) -> tuple[str, str]:
    first, second = map(say.name, found.axes)
    return first, second
