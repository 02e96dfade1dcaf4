"""What models cost: a table a model, as text and as a page, and the sums of several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..analysis.price import PHASES
from ..draw import bars, table
from ..draw.format import format_bytes, rate
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape


def text(found: Any, language: str | None = None) -> str:
    """For a terminal. `found` is one model's `Costs`, or a `Comparison`."""
    translate, costs = translator(language), found.costs
    parts = []
    for cost in costs:
        heads, rows = _rows(cost, translate)
        formulas = [
            f"  {translate.name(line.name)}: {translate(line.formula)}" for line in cost.lines if "×" in line.formula
        ]
        parts.append("\n".join([_title(cost, translate), table.format_table([heads, *rows], 2), *formulas]))
    if len(costs) > 1:
        parts.insert(0, table.format_table(_sums(costs, translate)))
    return "\n\n".join(parts)


def page(found: Any, language: str | None = None) -> str:
    """A page with the same, and bars for where multiplies and time go."""
    translate, costs = translator(language), found.costs
    title = " / ".join(cost.name for cost in costs)
    body = [f"<h1>{escape(translate('What it costs'))}: {escape(title)}</h1>"]
    body.append(
        "<p>"
        + escape(translate("A multiply-accumulate is one multiply and one add. Adding a bias is counted apart."))
        + "</p>"
    )
    if len(costs) > 1:
        heads, *rows = _sums(costs, translate)
        body.append(table.html(heads, rows))
    for cost in costs:
        heads, rows = _rows(cost, translate)
        body += [f"<h2>{escape(_title(cost, translate))}</h2>", table.html(heads, rows), _bars(cost, translate)]
        for line in cost.lines:
            if "×" in line.formula:
                body.append(f'<p><span class="title">{escape(translate.name(line.name))}</span> '
                            f'<span class="number">{escape(translate(line.formula))}</span></p>')  # fmt: skip
    return whole_page(title, "".join(body), translate.language, script=False)


def picture(found: Any, language: str | None = None) -> str:
    """Each layer's multiplies forward as bars, a colour a model, with their sums."""
    translate, costs = translator(language), found.costs
    rows = []
    for k, cost in enumerate(costs):
        for line in cost.lines:
            if line.forward.multiplies:
                rows.append(
                    bars.Bar(
                        translate.name(line.name),
                        line.forward.multiplies,
                        translate(line.formula) or f"{line.forward.multiplies:,}",
                        k,
                    )
                )
        total = cost.total("forward").multiplies
        rows.append(bars.Bar(f"{cost.name}, {translate('together')}", total, f"{total:,}", k))
    return bars.svg(rows, translate("multiplies forward"), [cost.name for cost in costs], 900)


def _title(cost: Any, translate: Translator) -> str:
    made = translate("{name}, batch of {count}", name=cost.name, count=cost.batch)
    if cost.step is None:
        return made
    return made + translate("; measured on {engine}: {ms:.3f} ms a step", engine=cost.engine, ms=1e3 * cost.step)


def _rows(cost: Any, translate: Translator) -> tuple[list[str], list[list[str]]]:
    heads = [translate("layer"), translate("output"), translate("parameters"), translate("memory")]
    for phase in PHASES:
        word = _phase(phase, translate)
        heads += [translate("{phase}: multiplies", phase=word), translate("adds"), translate("of them bias")]
        if cost.engine:
            heads += ["ms", "GFLOP/s"]
    rows = [_cells(line, cost, translate) for line in cost.lines]
    total = [translate("together"), "", f"{cost.parameters:,}", format_bytes(cost.memory)]
    for phase in PHASES:
        count = cost.total(phase)
        total += [f"{count.multiplies:,}", f"{count.adds:,}", f"{count.bias:,}"]
        if cost.engine:
            total += _speed(count, sum(line.seconds.get(phase, 0.0) for line in cost.lines))
    return heads, [*rows, total]


def _phase(phase: str, translate: Translator) -> str:
    return {"forward": translate("forward"), "backward": translate("backward"), "update": translate("update")}[phase]


def _cells(line: Any, cost: Any, translate: Translator) -> list[str]:
    shape = "×".join(map(str, line.shape)) if line.shape is not None else ""
    name = f"{line.name} ({line.kind})" if line.kind else translate.name(line.name)
    cells = [
        name,
        shape,
        f"{line.parameters:,}" if line.parameters else "",
        format_bytes(line.memory) if line.memory else "",
    ]
    for phase in PHASES:
        count = line.counts[phase]
        cells += [f"{n:,}" if n else "" for n in (count.multiplies, count.adds, count.bias)]
        if cost.engine:
            cells += _speed(count, line.seconds.get(phase))
    return cells


def _speed(count: Any, seconds: float | None) -> list[str]:
    if not seconds:
        return ["", ""]
    return [f"{1e3 * seconds:.3f}", f"{rate(count.flops, seconds):.2f}"]


def _sums(costs: Sequence[Any], translate: Translator) -> list[list[str]]:
    """A row a sum, a column a model, and the last over the first."""
    rows = [["", *(cost.name for cost in costs), translate("last over first")]]

    def add(name: str, numbers: Sequence[float], shown: Sequence[str]) -> None:
        ratio = f"{numbers[-1] / numbers[0]:.3g}" if numbers[0] else ""
        rows.append([name, *shown, ratio])

    counts = [cost.parameters for cost in costs]
    add(translate("parameters"), counts, [f"{n:,}" for n in counts])
    for phase in PHASES:
        found = [cost.total(phase).multiplies for cost in costs]
        add(translate("{phase}: multiplies", phase=_phase(phase, translate)), found, [f"{n:,}" for n in found])
    sizes = [cost.memory for cost in costs]
    add(translate("memory"), sizes, [format_bytes(n) for n in sizes])
    if all(cost.step for cost in costs):
        steps = [1e3 * cost.step for cost in costs]
        add(translate("ms a step"), steps, [f"{n:.3f}" for n in steps])
    return rows


def _bars(cost: Any, translate: Translator) -> str:
    """Each layer's share of the multiplies forward and backward, and of the time where it was measured."""
    every = [
        (translate("multiplies"), "forward", [sum(line.counts[p].multiplies for p in PHASES) for line in cost.lines]),
    ]
    if cost.engine:
        every.append((translate("time"), "backward", [sum(line.seconds.values()) for line in cost.lines]))
    rows = []
    for k, line in enumerate(cost.lines):
        bars = "".join(
            f'<div class="bar {kind}" style="width:{100 * values[k] / (sum(values) or 1):.1f}%" '
            f'title="{escape(name)}: {100 * values[k] / (sum(values) or 1):.1f} %"></div>'
            for name, kind, values in every
        )
        shares = ", ".join(f"{name} {100 * values[k] / (sum(values) or 1):.1f} %" for name, _, values in every)
        name = escape(translate.name(line.name))
        rows.append(f'<tr><th scope="row">{name}</th><td class="bars">{bars}</td><td>{escape(shares)}</td></tr>')
    return f'<div class="scroll"><table class="shares">{"".join(rows)}</table></div>'
