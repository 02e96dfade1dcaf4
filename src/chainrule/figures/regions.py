"""One box under RoI pooling, RoI warp and RoI align: a row for each method, with what it reads and its output."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..draw import heat, table
from ..draw.format import format_number, with_math_signs
from ..draw.heat import Panel
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..inspection.regions import Regions

MARKS = "Solid: the box. Dashed: the bins that are read. Dots: the points that are read."


def picture(regions: Regions, language: str | None = None) -> str:
    """Draw a row for each method: the feature map with the box and the points read, the bins' numbers, the gradient."""
    translate = translator(language)
    lines = [translate(MARKS)]
    return heat.svg(_panels(regions, translate), translate("Regions of interest"), _format, lines, side=260)


def _panels(regions: Regions, translate: Translator) -> list[list[Panel]]:
    titles = _titles(translate)
    rows = []
    for name, region in regions.methods.items():
        areas = translate("lost {lost:.3g}, added {added:.3g} cells", lost=region.lost, added=region.added)
        overlay: dict[str, Any] = {"marks": [regions.box], "boxes": region.bins, "points": region.points}
        features = Panel(f"{titles[name]}: {areas}", regions.features, **overlay)
        arrays = (translate("bins"), region.output), (translate("gradient"), region.gradient)
        rows.append([features, *(Panel(title, array, own_scale=True) for title, array in arrays)])
    return rows


def _format(value: Any) -> str:
    return with_math_signs(format_number(value + 0.0, 3))


def page(regions: Regions, language: str | None = None) -> str:
    """Return a page: the picture, and what the three methods do."""
    translate = translator(language)
    sentences = [
        translate("RoI pooling rounds the box to whole entries and takes the largest entry of each bin."),
        translate("RoI warp rounds the box, then samples between entries."),
        translate("RoI align rounds nothing: it samples where the box is."),
    ]
    sentences.append(translate(MARKS))
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in sentences)
    figures = [f"<style>{heat.STYLE}</style>"]
    for (features, *others), name in zip(_panels(regions, translate), _titles(translate).values(), strict=True):
        areas = features.title.removeprefix(f"{name}: ")
        left = heat.svg([[features._replace(title="")]], name, _format, [areas], False, 205)
        right = heat.svg([others], name, _format, (), False, 205)
        figures.append(f'<figure class="parts">{left}{right}</figure>')  # beside each other, where there is space
    title = translate("Regions of interest")
    body = f"<h1>{escape(title)}</h1>{paragraphs}{''.join(figures)}"
    return whole_page(title, body, translate.language, script=False)


def text(regions: Regions, language: str | None = None) -> str:
    """Return a row for each method, as text for a terminal."""
    translate = translator(language)
    titles = _titles(translate)
    heads = [translate("the box as it is read"), translate("cells lost"), translate("cells added"), translate("bins")]
    rows = [["", *heads]]
    for name, region in regions.methods.items():
        top, left, height, width = (f"{n:.4g}" for n in region.used)
        bins = np.array2string(region.output, precision=4, separator=", ").replace("\n", "")
        box = f"[{top}, {left}] {height}×{width}"
        rows.append([titles[name], box, f"{region.lost:.3g}", f"{region.added:.3g}", bins])
    return table.format_table(rows, 2)


def _titles(translate: Translator) -> dict[str, str]:
    return {"pool": translate("RoI pooling"), "warp": translate("RoI warp"), "align": translate("RoI align")}
