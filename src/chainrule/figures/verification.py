"""How far two engines are apart, as a table."""

from __future__ import annotations

from typing import Any

from ..draw import table
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape


def _summary(found: Any, translate: Translator) -> str:
    worst = found.worst
    a, b = found.engines
    return translate(
        "{a} against {b}: at most {ulps:.3g} units of the last place, in {name}",
        a=a,
        b=b,
        ulps=worst.ulps,
        name=worst.name,
    )


def _table(found: Any, translate: Translator) -> tuple[list[str], list[list[str]]]:
    heads = [
        translate("name"),
        "",
        translate("shape"),
        translate("largest"),
        translate("difference"),
        translate("ulps of the largest"),
             translate("ulps of the entry")]  # fmt: skip
    what = {
        "output": translate("of the output"),
        "gradient": translate("of the gradient"),
        "loss": translate("of the loss"),
    }
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
    translate = translator(language)
    heads, rows = _table(found, translate)
    return f"{_summary(found, translate)}\n{table.format_table([heads, *rows], 2)}"


def fragment(found: Any, language: str | None = None) -> str:
    """The table as HTML."""
    translate = translator(language)
    return f"<p>{escape(_summary(found, translate))}</p>{table.html(*_table(found, translate))}"


def page(found: Any, language: str | None = None) -> str:
    """A page that holds it."""
    translate = translator(language)
    title = translate("From what is shown to what trains")
    return whole_page(title, f"<h1>{escape(title)}</h1>{fragment(found, language)}", translate.language, script=False)
