"""Ctrl-C between steps: the step in progress ends, so that no weight is left half updated."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interrupts:
    """While inside, the first Ctrl-C only sets a flag, which `stop_here` turns into KeyboardInterrupt.

    A second one interrupts at once. In other threads than the main one Python delivers no signals: nothing is done.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        ours = threading.current_thread() is threading.main_thread()
        if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def stop_here(self) -> None:
        """Stop, if Ctrl-C was pressed since."""
        if self.asked:
            raise KeyboardInterrupt

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
        if self.asked and error[0] is None:
            raise KeyboardInterrupt
