"""Text in pictures and pages: made harmless, and measured."""

from __future__ import annotations

import html
import unicodedata


def escape(text: object) -> str:
    """Escaped, and without the control characters that XML forbids.

    >>> escape("<script>")
    '&lt;script&gt;'
    """
    return html.escape("".join(c for c in str(text) if c >= " " or c in "\t\n"))


def text_width(text: str) -> float:
    """About how wide a text is at 13 pixels; letters of East Asia are twice as wide."""
    return sum(13.5 if _wide(c) else 7.3 for c in text)


def display_width(text: str) -> int:
    """How many places a text takes in a terminal.

    >>> display_width("ab"), display_width("한글")
    (2, 4)
    """
    return sum(2 if _wide(c) else 1 for c in text)


def pad(text: str, width: int, right: bool = False) -> str:
    """Filled with spaces to so many places of a terminal, after the text or, to put it to the right, before it."""
    spaces = " " * (width - display_width(text))
    return spaces + text if right else text + spaces


def _wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"
