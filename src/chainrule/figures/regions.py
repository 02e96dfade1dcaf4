"""One box under RoI pooling, RoI warp and RoI align: a row a way, with what it reads and what it gives."""

from __future__ import annotations

import numpy as np

from ..draw import heat, table
from ..draw.format import show, signs
from ..draw.heat import Panel
from ..draw.locale import Translator, catalogue
from ..draw.page import page as whole_page
from ..draw.text import clean
from ..inspection.regions import Regions


def picture(regions: Regions, language: str | None = None) -> str:
    """A row a way: the feature map with the box, what is read, the bins' numbers, the gradient."""
    say = catalogue(language)
    titles = _titles(say)
    rows = []
    for name, way in regions.ways.items():
        lost = say("lost {lost:.3g}, added {added:.3g} cells", lost=way.lost, added=way.added)
        rows.append(
            [
                Panel(
                    f"{titles[name]}: {lost}", regions.features, marks=[regions.box], boxes=way.bins, points=way.points
                ),
                Panel(say("bins"), way.output, alone=True),
                Panel(say("gradient"), way.gradient, alone=True),
            ]
        )
    lines = [say("Solid: the box. Dashed: the bins that are read. Dots: the places that are read.")]
    return heat.svg(rows, say("Regions of interest"), lambda v: signs(show(v + 0.0, 3)), lines, side=260)


def page(regions: Regions, language: str | None = None) -> str:
    """A page: the picture, and what the three ways do."""
    say = catalogue(language)
    said = [
        say("RoI pooling rounds the box to whole entries and takes the largest entry of each bin."),
        say("RoI warp rounds the box, then samples between entries."),
        say("RoI align rounds nothing: it samples where the box is."),
    ]
    paragraphs = "".join(f"<p>{clean(line)}</p>" for line in said)
    drawn = f"<figure style='max-height:none'>{picture(regions, language)}</figure>"
    title = say("Regions of interest")
    return whole_page(title, f"<h1>{clean(title)}</h1>{paragraphs}{drawn}", say.language, script=False)


def text(regions: Regions, language: str | None = None) -> str:
    """For a terminal: a row a way."""
    say = catalogue(language)
    titles = _titles(say)
    rows = [["", say("the box as it is read"), say("cells lost"), say("cells added"), say("bins")]]
    for name, way in regions.ways.items():
        top, left, high, wide = (f"{n:.4g}" for n in way.used)
        bins = np.array2string(way.output, precision=4, separator=", ").replace("\n", "")
        rows.append([titles[name], f"[{top}, {left}] {high}×{wide}", f"{way.lost:.3g}", f"{way.added:.3g}", bins])
    return table.aligned(rows, 2)


def _titles(say: Translator) -> dict[str, str]:
    return {"pool": say("RoI pooling"), "warp": say("RoI warp"), "align": say("RoI align")}
