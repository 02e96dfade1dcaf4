"""A gradient check's report as text and as a page: the verdict, what is probably wrong, the worst entries first."""

from __future__ import annotations

from ..analysis.check import Entry, Report
from ..draw import table
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape

# fmt: off
WORST = ("{name}: {count} entries, worst {where}: analytic {analytic:.9g}, numeric {numeric:.9g}, relative error "
         "{error:.1e}")
KINK = ("{where} is at a kink: the slope is {left:.6g} on the left and {right:.6g} on the right; the analytic gradient "
        "is {analytic:.6g}")
JUMP = ("{where} is at a jump: the difference quotient is {left:.6g} on the left and {right:.6g} on the right; the "
        "analytic gradient is {analytic:.6g}")
# fmt: on
MAX_ENTRIES = 40  # in the table
MAX_KINKS = 5  # in the text


def text(report: Report, language: str | None = None) -> str:
    """Return the report as text for a terminal: a line for each input, kinks, problems, hints, the verdict last."""
    translate = translator(language)
    lines = []
    for name in dict.fromkeys(e.input for e in report.entries):
        count, worst = len(report.of_input(name)), report.worst_of(name)
        if worst is None:
            lines.append(translate("{name}: {count} entries, all at kinks", name=name, count=count))
        else:
            lines.append(translate(WORST, name=name, count=count, where=worst.where, **vars(worst)))
    for e in report.kinks[:MAX_KINKS]:
        lines.append("  " + translate(KINK if e.kind == "kink" else JUMP, where=e.where, **vars(e)))
    if len(report.kinks) > MAX_KINKS:
        lines.append("  " + translate("and {count} more at kinks", count=len(report.kinks) - MAX_KINKS))
    lines += [f"{translate('problem')}: {translate(p)}" for p in report.problems]
    lines += [f"{translate('hint')}: {translate(h)}" for h in report.hints]
    return "\n".join([*lines, translate(report.verdict)])


def page(report: Report, language: str | None = None) -> str:
    """Return the page."""
    translate = translator(language)
    kind = "forward" if report.ok else "trouble"
    body = f'<h1 class="{kind}">{escape(_verdict(report, translate))}</h1>{_details(report, translate)}'
    return whole_page(translate(report.verdict), body, translate.language, script=False)


def fragment(report: Report, language: str | None = None) -> str:
    """Return the report as HTML that needs no styles."""
    translate = translator(language)
    return f"<p><b>{escape(_verdict(report, translate))}</b></p>{_details(report, translate)}"


def _verdict(report: Report, translate: Translator) -> str:
    return f"{'✓' if report.ok else '✗'} {translate(report.verdict)}"


def _details(report: Report, translate: Translator) -> str:
    """Return problems, hints and the table of entries as HTML."""
    parts = [f'<p class="trouble">⚠ {escape(translate(problem))}</p>' for problem in report.problems]
    parts += [f"<p>{escape(translate('hint'))}: {escape(translate(hint))}</p>" for hint in report.hints]
    legend = translate("numeric: the difference quotient (f(x + h) - f(x - h)) / 2h; analytic: the gradient's value")
    parts.append(f'<p class="soft">{escape(legend)}</p>')
    entries = sorted(report.entries, key=lambda e: (e.kind != "wrong", e.kind == "ok", -e.error))
    parts.append(table.html(_heads(translate), [_row(e, translate) for e in entries[:MAX_ENTRIES]]))
    if len(entries) > MAX_ENTRIES:
        more = translate("and {count} more, none of them worse", count=len(entries) - MAX_ENTRIES)
        parts.append(f"<p>{escape(more)}</p>")
    return "".join(parts)


def _heads(translate: Translator) -> list[str]:
    names = [translate("entry"), translate("analytic"), translate("numeric"), translate("ratio")]
    return [*names, translate("relative error"), ""]


def _row(e: Entry, translate: Translator) -> list[str]:
    kinds = {"ok": "✓", "wrong": "✗", "kink": translate("at a kink"), "unclear": "?", "jump": translate("at a jump")}
    ratio = "" if e.ratio is None else f"{e.ratio:.4g}"
    numeric = f"{e.numeric:.9g}" if e.compared else f"{e.left:.6g} | {e.right:.6g}"
    return [e.where, f"{e.analytic:.9g}", numeric, ratio, f"{e.error:.1e}", kinds[e.kind]]
