"""Models' costs: a table for each model, as text and as a page, and the sums of several side by side."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.price import PHASES, Count
from ..draw import bars, table
from ..draw.format import format_bytes
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..inspection.cost import Comparison, Costs, LayerCost, gflops_per_second


def text(result: Costs | Comparison, language: str | None = None) -> str:
    """Return the tables as text for a terminal."""
    translate, costs = translator(language), result.costs
    parts = []
    for cost in costs:
        heads, rows = _rows(cost, translate)
        formulas = [f"  {name}: {formula}" for name, formula in _formulas(cost, translate)]
        parts.append("\n".join([_title(cost, translate), table.format_table([heads, *rows], 2), *formulas]))
    if len(costs) > 1:
        parts.insert(0, table.format_table(_sums(costs, translate)))
    return "\n\n".join(parts)


def page(result: Costs | Comparison, language: str | None = None) -> str:
    """Return a page with the same, and bars for the shares of multiplies and time."""
    translate, costs = translator(language), result.costs
    title = " / ".join(cost.name for cost in costs)
    note = translate("A multiply-accumulate is one multiply and one add. Adding a bias is counted apart.")
    body = [f"<h1>{escape(translate('What it costs'))}: {escape(title)}</h1><p>{escape(note)}</p>"]
    if len(costs) > 1:
        heads, *rows = _sums(costs, translate)
        body.append(table.html(heads, rows))
    for cost in costs:
        heads, rows = _rows(cost, translate)
        body += [f"<h2>{escape(_title(cost, translate))}</h2>", table.html(heads, rows), _bars(cost, translate)]
        for name, formula in _formulas(cost, translate):
            name, formula = escape(name), escape(formula)
            body.append(f'<p><span class="title">{name}</span> <span class="number">{formula}</span></p>')
    return whole_page(title, "".join(body), translate.language, script=False)


def picture(result: Costs | Comparison, language: str | None = None) -> str:
    """Draw each layer's multiplies forward as bars, a colour for each model, with their sums."""
    translate, costs = translator(language), result.costs
    rows = []
    for k, cost in enumerate(costs):
        for line in cost.lines:
            if count := line.forward.multiplies:
                rows.append(bars.Bar(translate.name(line.name), count, translate(line.formula) or f"{count:,}", k))
        total = cost.total("forward").multiplies
        rows.append(bars.Bar(f"{cost.name}, {translate('together')}", total, f"{total:,}", k))
    return bars.svg(rows, translate("multiplies forward"), [cost.name for cost in costs], 900)


def _formulas(cost: Costs, translate: Translator) -> list[tuple[str, str]]:
    """Return the names of the layers and their formulas, where these are products."""
    return [(translate.name(line.name), translate(line.formula)) for line in cost.lines if "×" in line.formula]


def _title(cost: Costs, translate: Translator) -> str:
    title = translate("{name}, batch of {count}", name=cost.name, count=cost.batch)
    if cost.step is None:
        return title
    return title + translate("; measured on {engine}: {ms:.3f} ms a step", engine=cost.engine, ms=1e3 * cost.step)


def _rows(cost: Costs, translate: Translator) -> tuple[list[str], list[list[str]]]:
    """Return the heads, and a row for each layer and for the sum."""
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
            total += _speed(count, cost.seconds(phase))
    return heads, [*rows, total]


def _phase(phase: str, translate: Translator) -> str:
    return {"forward": translate("forward"), "backward": translate("backward"), "update": translate("update")}[phase]


def _cells(line: LayerCost, cost: Costs, translate: Translator) -> list[str]:
    shape = "×".join(map(str, line.shape)) if line.shape is not None else ""
    name = f"{line.name} ({line.kind})" if line.kind else translate.name(line.name)
    memory = format_bytes(line.memory) if line.memory else ""
    cells = [name, shape, f"{line.parameters:,}" if line.parameters else "", memory]
    for phase in PHASES:
        count = line.counts[phase]
        cells += [f"{n:,}" if n else "" for n in (count.multiplies, count.adds, count.bias)]
        if cost.engine:
            cells += _speed(count, line.seconds.get(phase))
    return cells


def _speed(count: Count, seconds: float | None) -> list[str]:
    """Return milliseconds and GFLOP/s, empty where nothing was measured."""
    if not seconds:
        return ["", ""]
    return [f"{1e3 * seconds:.3f}", f"{gflops_per_second(count.flops, seconds):.2f}"]


def _sums(costs: Sequence[Costs], translate: Translator) -> list[list[str]]:
    """Return a row for each sum, with a column for each model, and the last model's over the first's."""
    rows = [["", *(cost.name for cost in costs), translate("last over first")]]

    def add(name: str, numbers: Sequence[float], shown: Sequence[str]) -> None:
        ratio = f"{numbers[-1] / numbers[0]:.3g}" if numbers[0] else ""
        rows.append([name, *shown, ratio])

    counts = [cost.parameters for cost in costs]
    add(translate("parameters"), counts, [f"{n:,}" for n in counts])
    for phase in PHASES:
        counts = [cost.total(phase).multiplies for cost in costs]
        add(translate("{phase}: multiplies", phase=_phase(phase, translate)), counts, [f"{n:,}" for n in counts])
    sizes = [cost.memory for cost in costs]
    add(translate("memory"), sizes, [format_bytes(n) for n in sizes])
    steps = [1e3 * cost.step for cost in costs if cost.step]
    if len(steps) == len(costs):
        add(translate("ms a step"), steps, [f"{n:.3f}" for n in steps])
    return rows


def _bars(cost: Costs, translate: Translator) -> str:
    """Return bars of each layer's share of the multiplies, and of the time where it was measured, as HTML."""
    measures = [(translate("multiplies"), "forward", cost.shares_of_multiplies())]
    if cost.engine:
        measures.append((translate("time"), "backward", cost.shares_of_time()))
    rows = []
    for k, line in enumerate(cost.lines):
        shares = [(name, kind, f"{100 * share[k]:.1f}") for name, kind, share in measures]
        divs = "".join(
            f'<div class="bar {kind}" style="width:{percent}%" title="{escape(name)}: {percent} %"></div>'
            for name, kind, percent in shares
        )
        note = ", ".join(f"{name} {percent} %" for name, _, percent in shares)
        name = escape(translate.name(line.name))
        rows.append(f'<tr><th scope="row">{name}</th><td class="bars">{divs}</td><td>{escape(note)}</td></tr>')
    return f'<div class="scroll"><table class="shares">{"".join(rows)}</table></div>'
