"""One page of HTML in one file: no network, no script needed for what is seen first, light and dark.

The page's own policy forbids it to fetch anything. Styles and the script for stepping are the two files beside this.
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
    """The whole file. `body` is HTML; the title is escaped here.

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


def controls(buttons: Sequence[tuple[str, str, str]], more: str = "") -> str:
    """The bar of a page that is stepped through, shown once its script runs: what a button does (`page.js`), its text
    and its name; `more` is HTML after them."""
    made = "".join(
        f'<button type="button" data-does="{does}" title="{escape(name)}" aria-label="{escape(name)}">'
        f"{escape(text)}</button>"
        for does, text, name in buttons
    )
    return f'<nav class="steps" hidden>{made}{more}<span class="now number" aria-live="polite"></span></nav>'


def frames(parts: Iterable[str]) -> str:
    """Sections of which one is seen at a time, at first the first."""
    return "".join(f'<section class="frame{"" if k else " now"}">{part}</section>' for k, part in enumerate(parts))


def image(svg: str, about: str) -> str:
    """A picture as an ``<img>``, which viewers leave that take SVG in HTML away; `about` is for screen readers."""
    data = b64encode(svg.encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(about)}" style="max-width:100%">'


def iframe(html: str, height: int = 560, instead: str = "") -> str:
    """A page inside another, such as a notebook's, which can neither style it nor be styled by it.

    `instead` is HTML for viewers that do not trust what they show: they take the frame away, and with it the style that
    hides this.
    """
    name = f"chainrule-{crc32(html.encode()):08x}"  # of its own: another frame's style must not hide it
    hidden = f'<style>.{name}{{display:none}}</style><div class="{name}">{instead}</div>' if instead else ""
    return hidden + (
        f'<iframe srcdoc="{escape(html)}" sandbox="allow-scripts" title="chainrule" '
        f'style="width:100%;height:{height}px;border:1px solid #8884;border-radius:6px"></iframe>'
    )
