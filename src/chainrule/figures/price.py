"""A price as text and as a page: a row for each operation, with its formula."""

from __future__ import annotations

from ..analysis.price import Count, Price, Row
from ..draw import table
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape

MAX_ROWS = 400  # of a longer list, those with most operations
MEMORY = "at most {peak:,} bytes at once"
MEMORY_BACKWARD = "at most {peak:,} bytes at once, {kept:,} of them kept for the backward pass"
SUMS = "{macs:,} multiply-accumulates (MACs), {flops:,} operations (FLOPs), {parameters:,} parameters"


def text(price: Price, language: str | None = None) -> str:
    """Return a row for each operation, the sums and the memory, as text for a terminal."""
    translate = translator(language)
    rows = [[translate("operation"), translate("output"), *_count_heads(translate)]]
    formulas = [translate("formula")]
    for phase, phase_name in _phases(translate).items():
        rows_of_phase = [r for r in price.rows if r.phase == phase]
        rows += [[_name(r), str(list(r.shape)), *_counts(r.count)] for r in rows_of_phase]
        formulas += [translate(r.formula) for r in rows_of_phase]
        if rows_of_phase:
            rows.append([phase_name, "", *_counts(getattr(price, phase))])
            formulas.append("")
    table_lines = table.format_table(rows, 2).splitlines()
    lines = [f"{line}  {formula}".rstrip() for line, formula in zip(table_lines, formulas, strict=True)]
    memory = translate(MEMORY_BACKWARD if price.memory.kept else MEMORY, **price.memory._asdict())
    return "\n".join([*lines, _sums(price, translate), memory])


def page(price: Price, language: str | None = None) -> str:
    """Return the page."""
    translate = translator(language)
    title = translate("What it costs")
    return whole_page(title, f"<h1>{escape(title)}</h1>{fragment(price, language)}", translate.language, script=False)


def fragment(price: Price, language: str | None = None) -> str:
    """Return the table and the sums as HTML that needs no styles."""
    translate = translator(language)
    largest = sorted(price.rows, key=lambda r: -r.count.flops)[:MAX_ROWS]
    shown, phases = {id(r) for r in largest}, _phases(translate)
    rows = [
        [_name(r), "×".join(map(str, r.shape)), phases[r.phase], *_counts(r.count), translate(r.formula)]
        for r in price.rows
        if id(r) in shown
    ]
    heads = [translate("operation"), translate("output"), "", *_count_heads(translate), translate("formula")]
    return f"<p>{escape(_sums(price, translate))}</p>{table.html(heads, rows)}"


def _phases(translate: Translator) -> dict[str, str]:
    return {"forward": translate("forward"), "backward": translate("backward")}


def _count_heads(translate: Translator) -> list[str]:
    return [translate("multiplies"), translate("adds"), translate("of them bias"), translate("bytes")]


def _name(row: Row) -> str:
    return f"{row.scope}/{row.operation}" if row.scope else str(row.operation)


def _counts(count: Count) -> list[str]:
    return [f"{n:,}" for n in (count.multiplies, count.adds, count.bias, count.bytes)]


def _sums(price: Price, translate: Translator) -> str:
    total = price.total
    return translate(SUMS, macs=total.macs, flops=total.flops, parameters=total.parameters)
