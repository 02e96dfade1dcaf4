"""A page of HTML in one file: no network, readable without its script, light and dark.

Its content security policy forbids the page to fetch anything. Its styles and its script are the two files beside this.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from zlib import crc32

from .graph import STYLE
from .text import escape

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


@cache
def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def page(title: str, body: str, language: str = "en", script: bool = True) -> str:
    """Return a whole page. `body` is HTML, the title is text. `script`: whether the page has its script.

    >>> page("a < b", "<p>hello</p>").startswith("<!doctype html>")
    True
    """
    code = f"<script>{_file('page.js')}</script>" if script else ""
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>{_file('page.css')}{STYLE}</style></head>\n"
        f"<body>\n{body}\n{code}</body>\n</html>\n"
    )


def controls(buttons: Sequence[tuple[str, str, str]], extra: str = "") -> str:
    """Return the bar of a page that is stepped through, shown once its script runs.

    Args:
        buttons: (action in `page.js`, text, name). extra: HTML after them.
    """
    html = "".join(
        f'<button type="button" data-does="{action}" title="{escape(name)}" aria-label="{escape(name)}">'
        f"{escape(text)}</button>"
        for action, text, name in buttons
    )
    return f'<nav class="steps" hidden>{html}{extra}<span class="now number" aria-live="polite"></span></nav>'


def frames(parts: Iterable[str]) -> str:
    """Return sections of which one is shown at a time, at first the first."""
    return "".join(f'<section class="frame{"" if k else " now"}">{part}</section>' for k, part in enumerate(parts))


def image(svg: str, about: str) -> str:
    """Return a picture as an ``<img>``, for viewers that remove SVG from HTML; `about` is for screen readers."""
    data = b64encode(svg.encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(about)}" style="max-width:100%">'


def iframe(html: str, height: int = 560, fallback: str = "") -> str:
    """Return a page inside another, such as a notebook's, isolated from its styles.

    `fallback` is HTML for viewers that do not trust what they show: they remove the frame, and with it the style that
    hides the fallback.
    """
    name = f"chainrule-{crc32(html.encode()):08x}"  # a class of its own, so that another frame's style does not hide it
    hidden = f'<style>.{name}{{display:none}}</style><div class="{name}">{fallback}</div>' if fallback else ""
    return hidden + (
        f'<iframe srcdoc="{escape(html)}" sandbox="allow-scripts" title="chainrule" '
        f'style="width:100%;height:{height}px;border:1px solid #8884;border-radius:6px"></iframe>'
    )
