"""The differences between two engines, as a table."""

from __future__ import annotations

from ..draw import table
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..inspection.values import Verification


def _summary(verification: Verification, translate: Translator) -> str:
    (a, b), worst = verification.engines, verification.worst
    values = {"a": a, "b": b, "ulps": worst.ulps, "name": worst.name}
    return translate("{a} against {b}: at most {ulps:.3g} units of the last place, in {name}", **values)


def _table(verification: Verification, translate: Translator) -> tuple[list[str], list[list[str]]]:
    heads = [translate("name"), "", translate("shape"), translate("largest"), translate("difference")]
    heads += [translate("ulps of the largest"), translate("ulps of the entry")]
    what = {"output": translate("of the output"), "gradient": translate("of the gradient")}
    what |= {"loss": translate("of the loss")}
    rows = []
    for r in verification.rows:
        measures = [f"{r.largest:.4g}", f"{r.difference:.3g}", f"{r.ulps:.3g}", f"{r.own:.3g}"]
        rows.append([r.name, what[r.what], "×".join(map(str, r.shape)), *measures])
    return heads, rows


def text(verification: Verification, language: str | None = None) -> str:
    """Return the table as text for a terminal."""
    translate = translator(language)
    heads, rows = _table(verification, translate)
    return f"{_summary(verification, translate)}\n{table.format_table([heads, *rows], 2)}"


def fragment(verification: Verification, language: str | None = None) -> str:
    """Return the table as HTML that needs no styles."""
    translate = translator(language)
    return f"<p>{escape(_summary(verification, translate))}</p>{table.html(*_table(verification, translate))}"


def page(verification: Verification, language: str | None = None) -> str:
    """Return a page with the table."""
    translate = translator(language)
    title = translate("The numbers shown and the numbers trained with")
    body = f"<h1>{escape(title)}</h1>{fragment(verification, language)}"
    return whole_page(title, body, translate.language, script=False)
