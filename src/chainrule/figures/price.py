"""A price as a page: a row an operation, with its formula."""

from __future__ import annotations

from typing import Any

from ..draw import table
from ..draw.locale import Translator, catalogue
from ..draw.page import page as whole_page
from ..draw.text import clean

SHOWN = 400  # rows; of a longer list those that do most


def text(price: Any, language: str | None = None) -> str:
    """For a terminal: a row an operation, the sums, the memory."""
    say = catalogue(language)
    rows = [[say("operation"), say("output"), *_counted(say)]]
    formulas = [say("formula")]
    for phase, word in _phases(say).items():
        found = [r for r in price.rows if r.phase == phase]
        rows += [[_name(r), str(list(r.shape)), *_numbers(r.count)] for r in found]
        formulas += [say(r.formula) for r in found]
        if found:
            rows.append([word, "", *_numbers(getattr(price, phase))])
            formulas.append("")
    table_lines = table.aligned(rows, 2).splitlines()
    lines = [f"{line}  {formula}".rstrip() for line, formula in zip(table_lines, formulas, strict=True)]
    held = price.memory
    most = say("at most {peak:,} bytes at once", peak=held.peak)
    if held.kept:
        most = say("at most {peak:,} bytes at once, {kept:,} of them kept for the backward pass", **held._asdict())
    return "\n".join([*lines, _sums(price, say), most])


def page(price: Any, language: str | None = None) -> str:
    """The page."""
    say = catalogue(language)
    title = say("What it costs")
    return whole_page(title, f"<h1>{clean(title)}</h1>{fragment(price, language)}", say.language, script=False)


def fragment(price: Any, language: str | None = None) -> str:
    """The table and the sums as HTML."""
    say = catalogue(language)
    kept = sorted(price.rows, key=lambda r: -r.count.flops)[:SHOWN]
    chosen, words = {id(r) for r in kept}, _phases(say)
    rows = [
        [_name(r), "×".join(map(str, r.shape)), words[r.phase], *_numbers(r.count), say(r.formula)]
        for r in price.rows
        if id(r) in chosen
    ]
    heads = [say("operation"), say("output"), "", *_counted(say), say("formula")]
    return f"<p>{clean(_sums(price, say))}</p>{table.html(heads, rows)}"


def _phases(say: Translator) -> dict[str, str]:
    return {"forward": say("forward"), "backward": say("backward")}


def _counted(say: Translator) -> list[str]:
    return [say("multiplies"), say("adds"), say("of them bias"), say("bytes")]


def _name(row: Any) -> str:
    return f"{row.scope}/{row.operation}" if row.scope else str(row.operation)


def _numbers(count: Any) -> list[str]:
    return [f"{n:,}" for n in (count.multiplies, count.adds, count.bias, count.bytes)]


def _sums(price: Any, say: Translator) -> str:
    total = price.total
    return say(
        "{macs:,} multiply-accumulates (MACs), {flops:,} operations (FLOPs), {parameters:,} parameters",
        macs=total.macs,
        flops=total.flops,
        parameters=total.parameters,
    )
