"""Text for terminals, printed in this one place: nothing in a name, a cell or a message may steer the terminal.

Names of layers, headers and cells of tables, and texts in model files come from elsewhere. A control character among
them would colour, move or erase what stands there, and a bidirectional mark would show it in another order.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline, escape among them
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"  # marks of direction, separators of lines
    "\ud800-\udfff]"  # halves of characters, which cannot be encoded
)
_BREAKING = re.compile(r"[\t\n]")


def visible(text: object) -> str:
    r"""Return a text with its control characters and marks of direction written out.

    >>> visible("a\x1b[31mb\u202ec")
    'a\\x1b[31mb\\u202ec'
    """
    return _STEERING.sub(_written_out, str(text))


def visible_line(text: object) -> str:
    r"""Return `visible` of a name or a cell, with line breaks and tabs written out too.

    >>> visible_line("a\nb")
    'a\\nb'
    """
    return _BREAKING.sub(_written_out, visible(text))


def _written_out(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape", "surrogatepass").decode()


def encodable(text: str, stream: Any = None) -> str:
    """Return a text with a question mark for each character that a stream's encoding lacks; default standard output."""
    encoding = getattr(sys.stdout if stream is None else stream, "encoding", None)
    if not isinstance(encoding, str) or encoding.lower().replace("-", "").startswith("utf"):
        return text
    try:
        return text.encode(encoding, "replace").decode(encoding)
    except (LookupError, UnicodeError):
        return text.encode("ascii", "replace").decode()


def echo(text: object = "", end: str = "\n", file: Any = None, flush: bool = False) -> None:
    """Print a text, standard output by default: visible, and in the stream's encoding. `end` is printed as it is."""
    _print(encodable(visible(text), sys.stdout if file is None else file), end, file, flush)


def redraw(line: str, end: str = "", file: Any = None) -> None:
    """Print a line over the one where the cursor stands, standard output's by default."""
    _print("\r" + encodable(visible_line(line), sys.stdout if file is None else file), end, file, True)


_outlasting = False


@contextmanager
def outlasting_output() -> Iterator[None]:
    """Go on with the block when standard output can no longer be written, as when the reader of a pipe has ended."""
    global _outlasting
    before, _outlasting = _outlasting, True
    try:
        yield
    finally:
        _outlasting = before


def drop_output() -> None:
    """Send standard output to nowhere, since it cannot be written and Python would complain at exit."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - it stays open until the process ends


def _print(text: str, end: str, file: Any, flush: bool) -> None:
    try:
        print(text, end=end, file=file, flush=flush)
    except OSError:
        if file is not None or not _outlasting:
            raise
        drop_output()
