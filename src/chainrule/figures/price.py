"""A price as a page: a row an operation, with its formula."""

from __future__ import annotations

from typing import Any

from ..draw import table
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape

SHOWN = 400  # rows; of a longer list those that do most


def text(price: Any, language: str | None = None) -> str:
    """For a terminal: a row an operation, the sums, the memory."""
    translate = translator(language)
    rows = [[translate("operation"), translate("output"), *_counted(translate)]]
    formulas = [translate("formula")]
    for phase, word in _phases(translate).items():
        found = [r for r in price.rows if r.phase == phase]
        rows += [[_name(r), str(list(r.shape)), *_numbers(r.count)] for r in found]
        formulas += [translate(r.formula) for r in found]
        if found:
            rows.append([word, "", *_numbers(getattr(price, phase))])
            formulas.append("")
    table_lines = table.format_table(rows, 2).splitlines()
    lines = [f"{line}  {formula}".rstrip() for line, formula in zip(table_lines, formulas, strict=True)]
    held = price.memory
    most = translate("at most {peak:,} bytes at once", peak=held.peak)
    if held.kept:
        most = translate(
            "at most {peak:,} bytes at once, {kept:,} of them kept for the backward pass", **held._asdict()
        )
    return "\n".join([*lines, _sums(price, translate), most])


def page(price: Any, language: str | None = None) -> str:
    """The page."""
    translate = translator(language)
    title = translate("What it costs")
    return whole_page(title, f"<h1>{escape(title)}</h1>{fragment(price, language)}", translate.language, script=False)


def fragment(price: Any, language: str | None = None) -> str:
    """The table and the sums as HTML."""
    translate = translator(language)
    kept = sorted(price.rows, key=lambda r: -r.count.flops)[:SHOWN]
    chosen, words = {id(r) for r in kept}, _phases(translate)
    rows = [
        [_name(r), "×".join(map(str, r.shape)), words[r.phase], *_numbers(r.count), translate(r.formula)]
        for r in price.rows
        if id(r) in chosen
    ]
    heads = [translate("operation"), translate("output"), "", *_counted(translate), translate("formula")]
    return f"<p>{escape(_sums(price, translate))}</p>{table.html(heads, rows)}"


def _phases(translate: Translator) -> dict[str, str]:
    return {"forward": translate("forward"), "backward": translate("backward")}


def _counted(translate: Translator) -> list[str]:
    return [translate("multiplies"), translate("adds"), translate("of them bias"), translate("bytes")]


def _name(row: Any) -> str:
    return f"{row.scope}/{row.operation}" if row.scope else str(row.operation)


def _numbers(count: Any) -> list[str]:
    return [f"{n:,}" for n in (count.multiplies, count.adds, count.bias, count.bytes)]


def _sums(price: Any, translate: Translator) -> str:
    total = price.total
    return translate(
        "{macs:,} multiply-accumulates (MACs), {flops:,} operations (FLOPs), {parameters:,} parameters",
        macs=total.macs,
        flops=total.flops,
        parameters=total.parameters,
    )
