"""The command ``chainrule`` as a process: Ctrl-C while it is being imported. The package imports this file first."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

INTERRUPTED = 130  # the exit status of a program that Ctrl-C ended


def leave_on_interrupt() -> None:
    """If this process is the command, let Ctrl-C end it in one line until `raise_on_interrupt` is called.

    Python would print a traceback of whatever is being imported. Programs that import the library keep Python's way.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if _is_command() and in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def raise_on_interrupt() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, for which the command has words of its own."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(number: int, frame: FrameType | None) -> None:
    os.write(2, b"\nchainrule: interrupted\n")
    os._exit(INTERRUPTED)


def _is_command() -> bool:
    """Whether this process was started as ``chainrule`` or as ``python -m chainrule``."""
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    options = sys.orig_argv
    as_module = name == "-m" and "-m" in options and options[options.index("-m") + 1 :][:1] == ["chainrule"]
    return as_module or os.path.splitext(name)[0] == "chainrule"


leave_on_interrupt()
