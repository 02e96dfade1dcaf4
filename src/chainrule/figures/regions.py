"""One box under RoI pooling, RoI warp and RoI align: a row a way, with what it reads and what it gives."""

from __future__ import annotations

import numpy as np

from ..draw import heat, table
from ..draw.format import format_number, with_math_signs
from ..draw.heat import Panel
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..inspection.regions import Regions


def picture(regions: Regions, language: str | None = None) -> str:
    """A row a way: the feature map with the box, what is read, the bins' numbers, the gradient."""
    translate = translator(language)
    titles = _titles(translate)
    rows = []
    for name, way in regions.ways.items():
        lost = translate("lost {lost:.3g}, added {added:.3g} cells", lost=way.lost, added=way.added)
        rows.append(
            [
                Panel(
                    f"{titles[name]}: {lost}", regions.features, marks=[regions.box], boxes=way.bins, points=way.points
                ),
                Panel(translate("bins"), way.output, alone=True),
                Panel(translate("gradient"), way.gradient, alone=True),
            ]
        )
    lines = [translate("Solid: the box. Dashed: the bins that are read. Dots: the places that are read.")]
    return heat.svg(
        rows, translate("Regions of interest"), lambda v: with_math_signs(format_number(v + 0.0, 3)), lines, side=260
    )


def page(regions: Regions, language: str | None = None) -> str:
    """A page: the picture, and what the three ways do."""
    translate = translator(language)
    said = [
        translate("RoI pooling rounds the box to whole entries and takes the largest entry of each bin."),
        translate("RoI warp rounds the box, then samples between entries."),
        translate("RoI align rounds nothing: it samples where the box is."),
    ]
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in said)
    drawn = f"<figure style='max-height:none'>{picture(regions, language)}</figure>"
    title = translate("Regions of interest")
    return whole_page(title, f"<h1>{escape(title)}</h1>{paragraphs}{drawn}", translate.language, script=False)


def text(regions: Regions, language: str | None = None) -> str:
    """For a terminal: a row a way."""
    translate = translator(language)
    titles = _titles(translate)
    rows = [
        ["", translate("the box as it is read"), translate("cells lost"), translate("cells added"), translate("bins")]
    ]
    for name, way in regions.ways.items():
        top, left, high, wide = (f"{n:.4g}" for n in way.used)
        bins = np.array2string(way.output, precision=4, separator=", ").replace("\n", "")
        rows.append([titles[name], f"[{top}, {left}] {high}×{wide}", f"{way.lost:.3g}", f"{way.added:.3g}", bins])
    return table.format_table(rows, 2)


def _titles(translate: Translator) -> dict[str, str]:
    return {"pool": translate("RoI pooling"), "warp": translate("RoI warp"), "align": translate("RoI align")}
