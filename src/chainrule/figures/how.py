"""How an operation is done, three ways: their source, a table of times, times against size."""

from __future__ import annotations

from ..draw import table
from ..draw.curves import Line, Panel, svg
from ..draw.locale import Translator, catalogue
from ..draw.page import page as whole_page
from ..draw.text import clean
from ..inspection.how import NAMES, ImplementationComparison


def picture(how: ImplementationComparison, language: str | None = None) -> str:
    """Time against size."""
    say = catalogue(language)
    words = _words(say)
    lines = []
    for way in NAMES:
        points = [(s.n, seconds) for s in how.sizes if (seconds := s.seconds[way]) is not None]
        lines.append(Line(words[way], [n for n, _ in points], [1e3 * t for _, t in points]))
    return svg([Panel(say(how.what), "n", "ms", lines, log_x=True)], how.name, 620, 360)


def page(how: ImplementationComparison, language: str | None = None) -> str:
    """A page: source, table, picture."""
    say = catalogue(language)
    words = _words(say)
    parts = [f"<h1>{clean(how.name)}</h1><p>{clean(say(how.what))}</p>"]
    for way in NAMES:
        parts.append(f"<h2>{clean(words[way])}</h2><pre>{clean(how.sources[way])}</pre>")
    parts.append(f"<h2>{clean(say('how long it takes'))}</h2>{table.html(*_table(how, say))}")
    parts.append(f"<figure>{picture(how, language)}</figure>")
    return whole_page(how.name, "".join(parts), say.language, script=False)


def text(how: ImplementationComparison, language: str | None = None) -> str:
    """For a terminal: source, table."""
    say = catalogue(language)
    words, (heads, rows) = _words(say), _table(how, say)
    shown = [f"{words[way]}:\n{how.sources[way]}" for way in NAMES]
    return "\n".join([f"{how.name}: {say(how.what)}\n", *shown, table.aligned([heads, *rows], 0)])


def _table(how: ImplementationComparison, say: Translator) -> tuple[list[str], list[list[str]]]:
    words = _words(say)
    heads = ["n", *(f"{words[way]}, ms" for way in NAMES), say("loop over compiled"), say("largest difference")]
    rows = []
    for s in how.sizes:
        times = ["-" if (t := s.seconds[way]) is None else f"{1e3 * t:.4g}" for way in NAMES]
        loop, fast = s.seconds["loop"], s.seconds["compiled"]
        ratio = f"{loop / fast:.3g}×" if loop is not None and fast else "-"
        rows.append([f"{s.n:,}", *times, ratio, f"{s.difference:.1e}"])
    return heads, rows


def _words(say: Translator) -> dict[str, str]:
    return {"loop": say("with loops"), "vectorised": say("vectorised"), "compiled": say("compiled")}
