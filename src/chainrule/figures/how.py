"""An operation's three implementations: their source, a table of times, times against size."""

from __future__ import annotations

from ..draw import table
from ..draw.curves import Line, Panel, svg
from ..draw.format import format_ratio
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..inspection.how import NAMES, ImplementationComparison


def picture(how: ImplementationComparison, language: str | None = None) -> str:
    """Draw time against size."""
    translate = translator(language)
    titles = _titles(translate)
    lines = []
    for name in NAMES:
        points = [(s.n, seconds) for s in how.sizes if (seconds := s.seconds[name]) is not None]
        lines.append(Line(titles[name], [n for n, _ in points], [1e3 * t for _, t in points]))
    return svg([Panel(translate(how.what), "n", "ms", lines, log_x=True)], how.name, 456, 340)


def page(how: ImplementationComparison, language: str | None = None) -> str:
    """Return a page: source, table, picture."""
    translate = translator(language)
    titles = _titles(translate)
    parts = [f"<h1>{escape(how.name)}</h1><p>{escape(translate(how.what))}</p>"]
    for name in NAMES:
        parts.append(f"<h2>{escape(titles[name])}</h2><pre>{escape(how.sources[name])}</pre>")
    parts.append(f"<h2>{escape(translate('how long it takes'))}</h2>{table.html(*_table(how, translate))}")
    parts.append(f"<figure>{picture(how, language)}</figure>")
    return whole_page(how.name, "".join(parts), translate.language, script=False)


def text(how: ImplementationComparison, language: str | None = None) -> str:
    """Return source and table as text for a terminal."""
    translate = translator(language)
    titles, (heads, rows) = _titles(translate), _table(how, translate)
    sources = [f"{titles[name]}:\n{how.sources[name]}" for name in NAMES]
    return "\n".join([f"{how.name}: {translate(how.what)}\n", *sources, table.format_table([heads, *rows], 0)])


def _table(how: ImplementationComparison, translate: Translator) -> tuple[list[str], list[list[str]]]:
    titles = _titles(translate)
    times = (f"{titles[name]}, ms" for name in NAMES)
    heads = ["n", *times, translate("loop over compiled"), translate("largest difference")]
    rows = []
    for s in how.sizes:
        cells = ["-" if (t := s.seconds[name]) is None else format_ratio(1e3 * t) for name in NAMES]
        speedup = "-" if s.speedup is None else f"{format_ratio(s.speedup)}×"
        rows.append([f"{s.n:,}", *cells, speedup, f"{s.difference:.1e}"])
    return heads, rows


def _titles(translate: Translator) -> dict[str, str]:
    return {"loop": translate("with loops"), "vectorised": translate("vectorised"), "compiled": translate("compiled")}
