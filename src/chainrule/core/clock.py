"""How work is timed, here and in the repository's `benchmarks`, which load this file without the library."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def timed(run: Callable[[int], object], seconds: float) -> float:
    """The median time of ``run(1)``, in seconds, where ``run(n)`` does the work n times over.

    Warms up, doubles n until a run takes a fifth of `seconds`, then repeats runs of n for `seconds`, at least three.
    The first run of so many may have to compile: the second one counts.
    """
    run(1)
    times = 1
    while min(_once(run, times), _once(run, times)) < seconds / 5:
        times *= 2
    found: list[float] = []
    while len(found) < 3 or sum(found) < seconds:
        found.append(_once(run, times))
    return statistics.median(found) / times


def _once(run: Callable[[int], object], times: int) -> float:
    start = time.perf_counter()
    run(times)
    return time.perf_counter() - start
