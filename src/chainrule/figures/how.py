"""How an operation is done, three ways: their source, a table of times, times against size."""

from __future__ import annotations

from ..draw import table
from ..draw.curves import Line, Panel, svg
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..inspection.how import NAMES, ImplementationComparison


def picture(how: ImplementationComparison, language: str | None = None) -> str:
    """Time against size."""
    translate = translator(language)
    words = _words(translate)
    lines = []
    for way in NAMES:
        points = [(s.n, seconds) for s in how.sizes if (seconds := s.seconds[way]) is not None]
        lines.append(Line(words[way], [n for n, _ in points], [1e3 * t for _, t in points]))
    return svg([Panel(translate(how.what), "n", "ms", lines, log_x=True)], how.name, 620, 360)


def page(how: ImplementationComparison, language: str | None = None) -> str:
    """A page: source, table, picture."""
    translate = translator(language)
    words = _words(translate)
    parts = [f"<h1>{escape(how.name)}</h1><p>{escape(translate(how.what))}</p>"]
    for way in NAMES:
        parts.append(f"<h2>{escape(words[way])}</h2><pre>{escape(how.sources[way])}</pre>")
    parts.append(f"<h2>{escape(translate('how long it takes'))}</h2>{table.html(*_table(how, translate))}")
    parts.append(f"<figure>{picture(how, language)}</figure>")
    return whole_page(how.name, "".join(parts), translate.language, script=False)


def text(how: ImplementationComparison, language: str | None = None) -> str:
    """For a terminal: source, table."""
    translate = translator(language)
    words, (heads, rows) = _words(translate), _table(how, translate)
    shown = [f"{words[way]}:\n{how.sources[way]}" for way in NAMES]
    return "\n".join([f"{how.name}: {translate(how.what)}\n", *shown, table.format_table([heads, *rows], 0)])


def _table(how: ImplementationComparison, translate: Translator) -> tuple[list[str], list[list[str]]]:
    words = _words(translate)
    heads = [
        "n",
        *(f"{words[way]}, ms" for way in NAMES),
        translate("loop over compiled"),
        translate("largest difference"),
    ]
    rows = []
    for s in how.sizes:
        times = ["-" if (t := s.seconds[way]) is None else f"{1e3 * t:.4g}" for way in NAMES]
        loop, fast = s.seconds["loop"], s.seconds["compiled"]
        ratio = f"{loop / fast:.3g}×" if loop is not None and fast else "-"
        rows.append([f"{s.n:,}", *times, ratio, f"{s.difference:.1e}"])
    return heads, rows


def _words(translate: Translator) -> dict[str, str]:
    return {"loop": translate("with loops"), "vectorised": translate("vectorised"), "compiled": translate("compiled")}
