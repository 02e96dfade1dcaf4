"""How a model's steps run, as a table of the kernels for each kind of step."""

from __future__ import annotations

from collections import Counter

from ..draw import table
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..engines.protocol import KernelCall
from ..inspection.program import ENGINE_NAMES, KINDS, ModelProgram, StepProgram


def text(program: ModelProgram, language: str | None = None) -> str:
    """Return a sentence and a table for each kind of step, as text for a terminal."""
    translate = translator(language)
    parts = []
    for step in program.steps:
        lines = [_sentence(program, step, translate)]
        if step.calls:
            heads, rows = _table(step, translate)
            lines.append(table.format_table([heads, *rows], len(heads)))
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def fragment(program: ModelProgram, language: str | None = None) -> str:
    """Return the sentences and tables as HTML that needs no styles."""
    translate = translator(language)
    parts = []
    for step in program.steps:
        heads, rows = _table(step, translate)
        shown = table.html(heads, rows, len(heads)) if step.calls else ""
        parts.append(f"<p>{escape(_sentence(program, step, translate))}</p>{shown}")
    return "".join(parts)


def page(program: ModelProgram, language: str | None = None) -> str:
    """Return a page with the tables."""
    translate = translator(language)
    title = translate("What runs where")
    body = f"<h1>{escape(title)}</h1>{fragment(program, language)}"
    return whole_page(title, body, translate.language, script=False)


def _sentence(program: ModelProgram, step: StepProgram, translate: Translator) -> str:
    """Return which engine runs a step, and why without kernels if so."""
    values = {"name": program.name, "step": translate.name(KINDS[step.kind]), "engine": ENGINE_NAMES[step.engine]}
    if step.absence:
        return translate(
            "{name}: {step} of {batch} examples runs on {engine}, without kernels: {reason}",
            **values,
            batch=step.batch,
            reason=translate.name(step.absence),
        )
    return translate("{name}: {step} of {batch} examples runs on {engine}", **values, batch=step.batch)


def _table(step: StepProgram, translate: Translator) -> tuple[list[str], list[list[str]]]:
    """Return the heads, and a row for each kernel of a layer, then for what is left to XLA."""
    heads = [translate("layer"), translate("operations"), translate("kernel"), translate("left to XLA")]
    rows = [_row(call, count, translate) for call, count in Counter(step.calls).items()]
    return heads, rows


def _row(call: KernelCall, count: int, translate: Translator) -> list[str]:
    operations = ", ".join(_times(n, name) for name, n in Counter(call.operations).items())
    if call.kernel is None:
        return [call.scope, _times(count, operations), "", translate.name(call.reason)]
    return [call.scope, operations, _times(count, call.kernel), ""]


def _times(count: int, name: str) -> str:
    return f"{count} × {name}" if count > 1 else name
