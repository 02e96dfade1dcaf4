"""The timing of work, for the library and for the repository's `benchmarks`, which load this file without it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def median_seconds(run: Callable[[int], object], seconds: float) -> float:
    """Return the median time of ``run(1)``, in seconds, where ``run(n)`` does the work n times.

    Warms up, doubles n until a run takes a fifth of `seconds`, then repeats runs of n for `seconds`, at least three.
    The first run with a new n may have to compile, so the faster of two counts.
    """
    run(1)
    repeats = 1
    while min(_seconds_of(run, repeats), _seconds_of(run, repeats)) < seconds / 5:
        repeats *= 2
    samples: list[float] = []
    while len(samples) < 3 or sum(samples) < seconds:
        samples.append(_seconds_of(run, repeats))
    return statistics.median(samples) / repeats


def _seconds_of(run: Callable[[int], object], repeats: int) -> float:
    start = time.perf_counter()
    run(repeats)
    return time.perf_counter() - start
