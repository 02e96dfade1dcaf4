"""A gradient check's report as a page: the verdict, what is probably wrong, the worst entries first."""

from __future__ import annotations

from typing import Any

from ..draw.page import page as whole_page
from ..draw.text import clean
from . import table
from .words import Say, catalogue

SHOWN = 40  # entries in the table


def page(report: Any, language: str = "en") -> str:
    """The page."""
    return whole_page(report.verdict, fragment(report, language), language, script=False)


def fragment(report: Any, language: str = "en") -> str:
    """The report as HTML."""
    say = catalogue(language)
    kind = "forward" if report.ok else "trouble"
    parts = [f'<h1 class="{kind}">{"✓" if report.ok else "✗"} {clean(report.verdict)}</h1>']
    parts += [f'<p class="trouble">⚠ {clean(text)}</p>' for text in report.problems]
    parts += [f"<p>{clean(say('hint'))}: {clean(text)}</p>" for text in report.hints]
    explained = say("numeric: the difference quotient (f(x + h) - f(x - h)) / 2h; analytic: what the gradient says")
    parts.append(f'<p class="soft">{clean(explained)}</p>')
    entries = sorted(report.entries, key=lambda e: (e.kind != "wrong", e.kind == "ok", -e.error))
    parts.append(table.html(_heads(say), [_row(e, say) for e in entries[:SHOWN]]))
    if len(entries) > SHOWN:
        parts.append(f"<p>{clean(say('and {count} more, none of them worse', count=len(entries) - SHOWN))}</p>")
    return "".join(parts)


def _heads(say: Say) -> list[str]:
    return [say("entry"), say("analytic"), say("numeric"), say("ratio"), say("relative error"), ""]


def _row(e: Any, say: Say) -> list[str]:
    kinds = {"ok": "✓", "wrong": "✗", "kink": say("at a kink"), "jump": say("at a jump")}
    ratio = f"{e.analytic / e.numeric:.4g}" if e.numeric else ""
    numeric = f"{e.numeric:.9g}" if e.kind in ("ok", "wrong") else f"{e.left:.6g} | {e.right:.6g}"
    return [e.where, f"{e.analytic:.9g}", numeric, ratio, f"{e.error:.1e}", kinds[e.kind]]
