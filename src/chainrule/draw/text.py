"""Text in pictures and pages: escaped and measured."""

from __future__ import annotations

import html
import unicodedata

from ..core.terminal import visible


def escape(text: object) -> str:
    """Escape text for HTML, and write out control characters and marks of direction.

    >>> escape("<script>")
    '&lt;script&gt;'
    """
    return html.escape(visible(text))


def text_width(text: str) -> float:
    """Estimate the width of a text in pixels at a font size of 13; East Asian letters are twice as wide."""
    return sum(13.5 if _is_wide(c) else 7.3 for c in text)


def display_width(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    >>> display_width("ab"), display_width("한글")
    (2, 4)
    """
    return sum(2 if _is_wide(c) else 1 for c in text)


def pad(text: str, width: int, right: bool = False) -> str:
    """Pad a text with spaces to `width` columns of a terminal, after it, or before it if `right`."""
    spaces = " " * (width - display_width(text))
    return spaces + text if right else text + spaces


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"
