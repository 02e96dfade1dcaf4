"""What is being done, shown on standard error while it takes longer than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .terminal import echo, redraw, visible_line

SILENT_SECONDS = 2.0  # before the first sign
REDRAW_SECONDS, LINE_SECONDS = 1.0, 60.0  # between two signs, on a terminal and elsewhere

_lock = threading.Lock()
_shown: list[str] = []  # what is being done, the innermost last; one at a time is shown


@contextmanager
def progress(text: str) -> Iterator[Callable[[str], None]]:
    """Show `text` and the seconds so far, from two seconds on; give a function that changes the text.

    On a terminal the line is redrawn each second and removed at the end; elsewhere a line is printed now and then.
    Inside another one only the text changes. It can be used as a decorator.

    >>> with progress("reading the table") as show:
    ...     show("encoding the table")
    """
    with _lock:
        is_outermost = not _shown
        place = len(_shown)
        _shown.append(text)

    def change(text: str) -> None:
        with _lock:
            if place < len(_shown):
                _shown[place] = text

    ended = threading.Event()
    reporter = threading.Thread(target=_report, args=(ended,), daemon=True) if is_outermost else None
    if reporter is not None:
        reporter.start()
    try:
        yield change
    finally:
        with _lock:
            del _shown[place:]
        ended.set()
        if reporter is not None:
            reporter.join()


def _report(ended: threading.Event) -> None:
    start = time.monotonic()
    length, wait = 0, SILENT_SECONDS
    while not ended.wait(wait):
        with _lock:
            text = _shown[-1] if _shown else ""
        stream = sys.stderr
        if not text or stream is None:
            continue
        line = visible_line(f"{text} ... {time.monotonic() - start:.0f} s")
        try:
            if stream.isatty():
                redraw(line.ljust(length), file=stream)
                length, wait = len(line), REDRAW_SECONDS
            else:
                echo(line, file=stream, flush=True)
                wait = LINE_SECONDS
        except (OSError, ValueError):  # closed
            return
    if length:
        redraw(" " * length, end="\r", file=sys.stderr)
