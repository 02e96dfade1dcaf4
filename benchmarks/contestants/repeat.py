"""A function without arguments as a contestant's work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Repeat:
    """Runs `f` again and again.

    Args:
        summary: makes of what `f` gives the numbers that are compared.
        unit: how many steps one run of `f` is.
        wait: returns when what `f` gave is computed, where `f` itself does not wait.
    """

    def __init__(
        self,
        f: Callable[[], Any],
        summary: Callable[[Any], list[float]],
        unit: int = 1,
        wait: Callable[[Any], Any] | None = None,
    ) -> None:
        self.f, self.summary, self.unit, self.wait = f, summary, unit, wait

    def first(self) -> list[float]:
        return self.summary(self.f())

    def more(self) -> list[float]:
        return self.first()

    def run(self, times: int) -> None:
        for _ in range(times):
            found = self.f()
            if self.wait is not None:
                self.wait(found)
