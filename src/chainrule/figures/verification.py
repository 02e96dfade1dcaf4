"""How far two engines are apart, as a table."""

from __future__ import annotations

from typing import Any

from ..draw import table
from ..draw.locale import Translator, catalogue
from ..draw.page import page as whole_page
from ..draw.text import clean


def _summary(found: Any, say: Translator) -> str:
    worst = found.worst
    a, b = found.engines
    return say(
        "{a} against {b}: at most {ulps:.3g} units of the last place, in {name}",
        a=a,
        b=b,
        ulps=worst.ulps,
        name=worst.name,
    )


def _table(found: Any, say: Translator) -> tuple[list[str], list[list[str]]]:
    heads = [say("name"), "", say("shape"), say("largest"), say("difference"), say("ulps of the largest"),
             say("ulps of the entry")]  # fmt: skip
    what = {"output": say("of the output"), "gradient": say("of the gradient"), "loss": say("of the loss")}
    rows = [
        [
            r.name,
            what[r.what],
            "×".join(map(str, r.shape)),
            f"{r.largest:.4g}",
            f"{r.difference:.3g}",
            f"{r.ulps:.3g}",
            f"{r.own:.3g}",
        ]
        for r in found.rows
    ]
    return heads, rows


def text(found: Any, language: str | None = None) -> str:
    """For a terminal."""
    say = catalogue(language)
    heads, rows = _table(found, say)
    return f"{_summary(found, say)}\n{table.aligned([heads, *rows], 2)}"


def fragment(found: Any, language: str | None = None) -> str:
    """The table as HTML."""
    say = catalogue(language)
    return f"<p>{clean(_summary(found, say))}</p>{table.html(*_table(found, say))}"


def page(found: Any, language: str | None = None) -> str:
    """A page that holds it."""
    say = catalogue(language)
    title = say("From what is shown to what trains")
    return whole_page(title, f"<h1>{clean(title)}</h1>{fragment(found, language)}", say.language, script=False)
