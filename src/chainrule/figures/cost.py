"""Models' costs: a table for each model, as text and as a page, and the sums of several side by side."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.price import PHASES, Count
from ..draw import bars, table
from ..draw.format import format_bytes, format_ratio
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..inspection.cost import Comparison, Costs, LayerCost, gflops_per_second


def text(result: Costs | Comparison, language: str | None = None) -> str:
    """Return the tables as text for a terminal."""
    translate, costs = translator(language), result.costs
    parts = []
    for cost in costs:
        sizes, *phases = [table.format_table([heads, *rows]) for heads, rows in _tables(cost, translate)]
        formulas = "\n".join(f"  {name}: {formula}" for name, formula in _formulas(cost, translate))
        parts.append("\n\n".join(filter(None, [f"{_title(cost, translate)}\n{sizes}", *phases, formulas])))
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
        body.append(f"<h2>{escape(_title(cost, translate))}</h2>")
        body += [table.html(heads, rows) for heads, rows in _tables(cost, translate)]
        body.append(_bars(cost, translate))
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


def _tables(cost: Costs, translate: Translator) -> list[tuple[list[str], list[list[str]]]]:
    """Return heads and rows of the tables: the layers' sizes, then what each phase costs, where it costs anything."""
    heads = [translate("layer"), translate("output"), translate("parameters"), translate("memory")]
    rows = []
    for line in cost.lines:
        shape = "×".join(map(str, line.shape)) if line.shape is not None else ""
        parameters = f"{line.parameters:,}" if line.parameters else ""
        rows.append([_layer(line, translate), shape, parameters, format_bytes(line.memory) if line.memory else ""])
    rows.append([translate("together"), "", f"{cost.parameters:,}", format_bytes(cost.memory)])
    return [(heads, rows), *(_phase_table(cost, phase, translate) for phase in PHASES if cost.total(phase) != Count())]


def _phase_table(cost: Costs, phase: str, translate: Translator) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of what one phase costs, a row for each layer that takes part, and one for the sum."""
    heads = [_phase(phase, translate), translate("multiplies"), translate("adds"), translate("of them bias")]
    heads += [translate("others"), *(["ms", "GFLOP/s"] if cost.engine else [])]
    rows = []
    for line in cost.lines:
        cells = _cells(line.counts[phase], line.seconds.get(phase), bool(cost.engine))
        if any(cells):
            rows.append([_layer(line, translate), *cells])
    return heads, [*rows, [translate("together"), *_cells(cost.total(phase), cost.seconds(phase), bool(cost.engine))]]


def _layer(line: LayerCost, translate: Translator) -> str:
    return f"{line.name} ({line.kind})" if line.kind else str(translate.name(line.name))


def _phase(phase: str, translate: Translator) -> str:
    return {"forward": translate("forward"), "backward": translate("backward"), "update": translate("update")}[phase]


def _cells(count: Count, seconds: float | None, measured: bool) -> list[str]:
    """Return the counts, and the time and speed if they were measured; empty where there is none."""
    other = count.flops - count.multiplies - count.adds
    cells = [f"{n:,}" if n else "" for n in (count.multiplies, count.adds, count.bias, other)]
    return [*cells, *_speed(count, seconds)] if measured else cells


def _speed(count: Count, seconds: float | None) -> list[str]:
    """Return milliseconds and GFLOP/s, empty where nothing was measured."""
    if not seconds:
        return ["", ""]
    return [f"{1e3 * seconds:.3f}", f"{gflops_per_second(count.flops, seconds):.2f}"]


def _sums(costs: Sequence[Costs], translate: Translator) -> list[list[str]]:
    """Return a row for each sum, with a column for each model, and the last model's over the first's."""
    rows = [["", *(cost.name for cost in costs), translate("last over first")]]

    def add(name: str, numbers: Sequence[float], shown: Sequence[str]) -> None:
        ratio = format_ratio(numbers[-1] / numbers[0]) if numbers[0] else ""
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
    keys = ""
    if len(measures) > 1:
        key = '<span class="key {}"></span> {} '.format
        keys = f'<p class="soft">{"".join(key(kind, escape(name)) for name, kind, _ in measures)}</p>'
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
    return f'{keys}<div class="scroll"><table class="shares">{"".join(rows)}</table></div>'
