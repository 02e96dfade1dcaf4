"""A function without arguments as a contestant's job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Repeat:
    """Run `f` repeatedly.

    Args:
        summary: returns the numbers that are compared from the result of `f`.
        steps_per_run: number of steps in one run of `f`.
        wait: waits for the result of `f`, if `f` itself does not.
    """

    def __init__(
        self,
        f: Callable[[], Any],
        summary: Callable[[Any], list[float]],
        steps_per_run: int = 1,
        wait: Callable[[Any], Any] | None = None,
    ) -> None:
        self.f, self.summary, self.steps_per_run, self.wait = f, summary, steps_per_run, wait

    def first_step(self) -> list[float]:
        """Do the first step; return the numbers that prove equal work."""
        return self.summary(self.f())

    def next_steps(self) -> list[float]:
        """Do the next steps that are compared; return their numbers."""
        return self.first_step()

    def run(self, times: int) -> None:
        """Do `times` times `steps_per_run` steps."""
        for _ in range(times):
            result = self.f()
            if self.wait is not None:
                self.wait(result)
