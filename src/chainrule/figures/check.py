"""A gradient check's report as a page: the verdict, what is probably wrong, the worst entries first."""

from __future__ import annotations

from typing import Any

from ..draw import table
from ..draw.locale import Translator, catalogue
from ..draw.page import page as whole_page
from ..draw.text import clean

KINK = (
    "{where} is at a kink: the slope is {left:.6g} on the left and {right:.6g} on the right; analytic says "
    "{analytic:.6g}"
)
JUMP = (
    "{where} is at a jump: the difference quotient is {left:.6g} on the left and {right:.6g} on the right; analytic "
    "says {analytic:.6g}"
)
SHOWN = 40  # entries in the table
FEW = 5  # kinks in the text


def text(report: Any, language: str | None = None) -> str:
    """For a terminal: a line an input, the kinks, the problems, the verdict last."""
    say = catalogue(language)
    lines = []
    for name in dict.fromkeys(e.input for e in report.entries):
        mine = [e for e in report.entries if e.input == name]
        compared = [e for e in mine if e.compared]
        worst = max(compared, key=lambda e: e.error, default=None)
        if worst is None:
            lines.append(say("{name}: {count} entries, all at kinks", name=name, count=len(mine)))
        else:
            lines.append(
                say(
                    "{name}: {count} entries, worst {where}: analytic {analytic:.9g}, numeric {numeric:.9g}, relative "
                    "error {error:.1e}",
                    name=name,
                    count=len(mine),
                    where=worst.where,
                    analytic=worst.analytic,
                    numeric=worst.numeric,
                    error=worst.error,
                )
            )
    for e in report.kinks[:FEW]:
        places = {"where": e.where, "left": e.left, "right": e.right, "analytic": e.analytic}
        lines.append("  " + (say(KINK, **places) if e.kind == "kink" else say(JUMP, **places)))
    if len(report.kinks) > FEW:
        lines.append("  " + say("and {count} more at kinks", count=len(report.kinks) - FEW))
    lines += [f"{say('problem')}: {say(p)}" for p in report.problems]
    lines += [f"{say('hint')}: {say(h)}" for h in report.hints]
    return "\n".join([*lines, say(report.verdict)])


def page(report: Any, language: str | None = None) -> str:
    """The page."""
    say = catalogue(language)
    kind = "forward" if report.ok else "trouble"
    body = f'<h1 class="{kind}">{clean(_verdict(report, say))}</h1>{_found(report, say)}'
    return whole_page(say(report.verdict), body, say.language, script=False)


def fragment(report: Any, language: str | None = None) -> str:
    """The report as HTML that needs no style of its own."""
    say = catalogue(language)
    return f"<p><b>{clean(_verdict(report, say))}</b></p>{_found(report, say)}"


def _verdict(report: Any, say: Translator) -> str:
    return f"{'✓' if report.ok else '✗'} {say(report.verdict)}"


def _found(report: Any, say: Translator) -> str:
    parts = [f'<p class="trouble">⚠ {clean(say(problem))}</p>' for problem in report.problems]
    parts += [f"<p>{clean(say('hint'))}: {clean(say(hint))}</p>" for hint in report.hints]
    explained = say("numeric: the difference quotient (f(x + h) - f(x - h)) / 2h; analytic: what the gradient says")
    parts.append(f'<p class="soft">{clean(explained)}</p>')
    entries = sorted(report.entries, key=lambda e: (e.kind != "wrong", e.kind == "ok", -e.error))
    parts.append(table.html(_heads(say), [_row(e, say) for e in entries[:SHOWN]]))
    if len(entries) > SHOWN:
        parts.append(f"<p>{clean(say('and {count} more, none of them worse', count=len(entries) - SHOWN))}</p>")
    return "".join(parts)


def _heads(say: Translator) -> list[str]:
    return [say("entry"), say("analytic"), say("numeric"), say("ratio"), say("relative error"), ""]


def _row(e: Any, say: Translator) -> list[str]:
    kinds = {"ok": "✓", "wrong": "✗", "kink": say("at a kink"), "jump": say("at a jump")}
    ratio = f"{e.analytic / e.numeric:.4g}" if e.numeric else ""
    numeric = f"{e.numeric:.9g}" if e.compared else f"{e.left:.6g} | {e.right:.6g}"
    return [e.where, f"{e.analytic:.9g}", numeric, ratio, f"{e.error:.1e}", kinds[e.kind]]
