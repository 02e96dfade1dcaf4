"""A price as a page: a row an operation, with its formula."""

from __future__ import annotations

from typing import Any

from ..draw.page import page as whole_page
from ..draw.text import clean
from . import table
from .words import catalogue

SHOWN = 400  # rows; of a longer list those that do most


def page(price: Any, language: str = "en") -> str:
    """The page."""
    title = catalogue(language)("What it costs")
    return whole_page(title, f"<h1>{clean(title)}</h1>{fragment(price, language)}", language, script=False)


def fragment(price: Any, language: str = "en") -> str:
    """The table and the sums as HTML."""
    say = catalogue(language)
    kept = sorted(price.rows, key=lambda r: -r.count.flops)[:SHOWN]
    chosen = {id(r) for r in kept}
    heads = [say("operation"), say("output"), "", say("multiplies"), say("adds"), say("bytes"), say("formula")]
    words = {"forward": say("forward"), "backward": say("backward")}
    rows = []
    for r in price.rows:
        if id(r) in chosen:
            name = f"{r.scope}/{r.operation}" if r.scope else r.operation
            counts = [f"{n:,}" for n in (r.count.multiplies, r.count.adds, r.count.bytes)]
            rows.append([name, "×".join(map(str, r.shape)), words[r.phase], *counts, r.formula])
    total = price.total
    sums = say(
        "{macs:,} multiply-accumulates, {flops:,} operations in all, {parameters:,} parameters",
        macs=total.macs,
        flops=total.flops,
        parameters=total.parameters,
    )
    return f"<p>{clean(sums)}</p>{table.html(heads, rows)}"
