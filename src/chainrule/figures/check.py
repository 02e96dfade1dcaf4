"""A gradient check's report as a page: the verdict, what is probably wrong, the worst entries first."""

from __future__ import annotations

from typing import Any

from ..draw import table
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape

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
    translate = translator(language)
    lines = []
    for name in dict.fromkeys(e.input for e in report.entries):
        mine = [e for e in report.entries if e.input == name]
        compared = [e for e in mine if e.compared]
        worst = max(compared, key=lambda e: e.error, default=None)
        if worst is None:
            lines.append(translate("{name}: {count} entries, all at kinks", name=name, count=len(mine)))
        else:
            lines.append(
                translate(
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
        lines.append("  " + (translate(KINK, **places) if e.kind == "kink" else translate(JUMP, **places)))
    if len(report.kinks) > FEW:
        lines.append("  " + translate("and {count} more at kinks", count=len(report.kinks) - FEW))
    lines += [f"{translate('problem')}: {translate(p)}" for p in report.problems]
    lines += [f"{translate('hint')}: {translate(h)}" for h in report.hints]
    return "\n".join([*lines, translate(report.verdict)])


def page(report: Any, language: str | None = None) -> str:
    """The page."""
    translate = translator(language)
    kind = "forward" if report.ok else "trouble"
    body = f'<h1 class="{kind}">{escape(_verdict(report, translate))}</h1>{_found(report, translate)}'
    return whole_page(translate(report.verdict), body, translate.language, script=False)


def fragment(report: Any, language: str | None = None) -> str:
    """The report as HTML that needs no style of its own."""
    translate = translator(language)
    return f"<p><b>{escape(_verdict(report, translate))}</b></p>{_found(report, translate)}"


def _verdict(report: Any, translate: Translator) -> str:
    return f"{'✓' if report.ok else '✗'} {translate(report.verdict)}"


def _found(report: Any, translate: Translator) -> str:
    parts = [f'<p class="trouble">⚠ {escape(translate(problem))}</p>' for problem in report.problems]
    parts += [f"<p>{escape(translate('hint'))}: {escape(translate(hint))}</p>" for hint in report.hints]
    explained = translate(
        "numeric: the difference quotient (f(x + h) - f(x - h)) / 2h; analytic: what the gradient says"
    )
    parts.append(f'<p class="soft">{escape(explained)}</p>')
    entries = sorted(report.entries, key=lambda e: (e.kind != "wrong", e.kind == "ok", -e.error))
    parts.append(table.html(_heads(translate), [_row(e, translate) for e in entries[:SHOWN]]))
    if len(entries) > SHOWN:
        parts.append(f"<p>{escape(translate('and {count} more, none of them worse', count=len(entries) - SHOWN))}</p>")
    return "".join(parts)


def _heads(translate: Translator) -> list[str]:
    return [
        translate("entry"),
        translate("analytic"),
        translate("numeric"),
        translate("ratio"),
        translate("relative error"),
        "",
    ]


def _row(e: Any, translate: Translator) -> list[str]:
    kinds = {"ok": "✓", "wrong": "✗", "kink": translate("at a kink"), "jump": translate("at a jump")}
    ratio = f"{e.analytic / e.numeric:.4g}" if e.numeric else ""
    numeric = f"{e.numeric:.9g}" if e.compared else f"{e.left:.6g} | {e.right:.6g}"
    return [e.where, f"{e.analytic:.9g}", numeric, ratio, f"{e.error:.1e}", kinds[e.kind]]
