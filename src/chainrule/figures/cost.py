"""What models cost: a table a model, as text and as a page, and the sums of several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..analysis.price import PHASES
from ..draw import bars, table
from ..draw.format import rate, size_text
from ..draw.locale import Translator, catalogue
from ..draw.page import page as whole_page
from ..draw.text import clean


def text(found: Any, language: str | None = None) -> str:
    """For a terminal. `found` is one model's `Costs`, or a `Comparison`."""
    say, costs = catalogue(language), found.costs
    parts = []
    for cost in costs:
        heads, rows = _rows(cost, say)
        formulas = [f"  {say.name(line.name)}: {say(line.formula)}" for line in cost.lines if "×" in line.formula]
        parts.append("\n".join([_title(cost, say), table.aligned([heads, *rows], 2), *formulas]))
    if len(costs) > 1:
        parts.insert(0, table.aligned(_sums(costs, say)))
    return "\n\n".join(parts)


def page(found: Any, language: str | None = None) -> str:
    """A page with the same, and bars for where multiplies and time go."""
    say, costs = catalogue(language), found.costs
    title = " / ".join(cost.name for cost in costs)
    body = [f"<h1>{clean(say('What it costs'))}: {clean(title)}</h1>"]
    body.append(
        f"<p>{clean(say('A multiply-accumulate is one multiply and one add. Adding a bias is counted apart.'))}</p>"
    )
    if len(costs) > 1:
        heads, *rows = _sums(costs, say)
        body.append(table.html(heads, rows))
    for cost in costs:
        heads, rows = _rows(cost, say)
        body += [f"<h2>{clean(_title(cost, say))}</h2>", table.html(heads, rows), _bars(cost, say)]
        for line in cost.lines:
            if "×" in line.formula:
                body.append(f'<p><span class="title">{clean(say.name(line.name))}</span> '
                            f'<span class="number">{clean(say(line.formula))}</span></p>')  # fmt: skip
    return whole_page(title, "".join(body), say.language, script=False)


def picture(found: Any, language: str | None = None) -> str:
    """Each layer's multiplies forward as bars, a colour a model, with their sums."""
    say, costs = catalogue(language), found.costs
    rows = []
    for k, cost in enumerate(costs):
        for line in cost.lines:
            if line.forward.multiplies:
                rows.append(
                    bars.Bar(
                        say.name(line.name),
                        line.forward.multiplies,
                        say(line.formula) or f"{line.forward.multiplies:,}",
                        k,
                    )
                )
        total = cost.total("forward").multiplies
        rows.append(bars.Bar(f"{cost.name}, {say('together')}", total, f"{total:,}", k))
    return bars.svg(rows, say("multiplies forward"), [cost.name for cost in costs], 900)


def _title(cost: Any, say: Translator) -> str:
    made = say("{name}, batch of {count}", name=cost.name, count=cost.batch)
    if cost.step is None:
        return made
    return made + say("; measured on {engine}: {ms:.3f} ms a step", engine=cost.engine, ms=1e3 * cost.step)


def _rows(cost: Any, say: Translator) -> tuple[list[str], list[list[str]]]:
    heads = [say("layer"), say("output"), say("parameters"), say("memory")]
    for phase in PHASES:
        word = _phase(phase, say)
        heads += [say("{phase}: multiplies", phase=word), say("adds"), say("of them bias")]
        if cost.engine:
            heads += ["ms", "GFLOP/s"]
    rows = [_cells(line, cost, say) for line in cost.lines]
    total = [say("together"), "", f"{cost.parameters:,}", size_text(cost.memory)]
    for phase in PHASES:
        count = cost.total(phase)
        total += [f"{count.multiplies:,}", f"{count.adds:,}", f"{count.bias:,}"]
        if cost.engine:
            total += _speed(count, sum(line.seconds.get(phase, 0.0) for line in cost.lines))
    return heads, [*rows, total]


def _phase(phase: str, say: Translator) -> str:
    return {"forward": say("forward"), "backward": say("backward"), "update": say("update")}[phase]


def _cells(line: Any, cost: Any, say: Translator) -> list[str]:
    shape = "×".join(map(str, line.shape)) if line.shape is not None else ""
    name = f"{line.name} ({line.kind})" if line.kind else say.name(line.name)
    cells = [
        name,
        shape,
        f"{line.parameters:,}" if line.parameters else "",
        size_text(line.memory) if line.memory else "",
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


def _sums(costs: Sequence[Any], say: Translator) -> list[list[str]]:
    """A row a sum, a column a model, and the last over the first."""
    rows = [["", *(cost.name for cost in costs), say("last over first")]]

    def add(name: str, numbers: Sequence[float], shown: Sequence[str]) -> None:
        ratio = f"{numbers[-1] / numbers[0]:.3g}" if numbers[0] else ""
        rows.append([name, *shown, ratio])

    counts = [cost.parameters for cost in costs]
    add(say("parameters"), counts, [f"{n:,}" for n in counts])
    for phase in PHASES:
        found = [cost.total(phase).multiplies for cost in costs]
        add(say("{phase}: multiplies", phase=_phase(phase, say)), found, [f"{n:,}" for n in found])
    sizes = [cost.memory for cost in costs]
    add(say("memory"), sizes, [size_text(n) for n in sizes])
    if all(cost.step for cost in costs):
        steps = [1e3 * cost.step for cost in costs]
        add(say("ms a step"), steps, [f"{n:.3f}" for n in steps])
    return rows


def _bars(cost: Any, say: Translator) -> str:
    """Each layer's share of the multiplies forward and backward, and of the time where it was measured."""
    every = [
        (say("multiplies"), "forward", [sum(line.counts[p].multiplies for p in PHASES) for line in cost.lines]),
    ]
    if cost.engine:
        every.append((say("time"), "backward", [sum(line.seconds.values()) for line in cost.lines]))
    rows = []
    for k, line in enumerate(cost.lines):
        bars = "".join(
            f'<div class="bar {kind}" style="width:{100 * values[k] / (sum(values) or 1):.1f}%" '
            f'title="{clean(name)}: {100 * values[k] / (sum(values) or 1):.1f} %"></div>'
            for name, kind, values in every
        )
        shares = ", ".join(f"{name} {100 * values[k] / (sum(values) or 1):.1f} %" for name, _, values in every)
        name = clean(say.name(line.name))
        rows.append(f'<tr><th scope="row">{name}</th><td class="bars">{bars}</td><td>{clean(shares)}</td></tr>')
    return f'<div class="scroll"><table class="shares">{"".join(rows)}</table></div>'
