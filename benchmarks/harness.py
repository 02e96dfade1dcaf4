"""Interleaved rounds in fresh processes, the ratio of paired rounds with its interval, and the proof of equal work."""

from __future__ import annotations

import json
import math
import os
import platform
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Run = dict[str, Any]  # what a worker prints


def with_bytecode() -> dict[str, str]:
    """The environment of a user, whose Python keeps its bytecode."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


# ---- one process


def fresh(command: Sequence[str], limit: float, **more: str) -> Run:
    """Run a command that prints JSON last, in a process of its own: what it printed, or why there is nothing."""
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=with_bytecode() | more,
        start_new_session=True,
    )
    try:
        out, err = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # its compilers too
        child.communicate()
        return {"over": limit}
    if child.returncode:
        return {"failed": (err.strip().splitlines() or [f"exit status {child.returncode}"])[-1][:300]}
    found: Run = json.loads(out.strip().splitlines()[-1])
    return found


# ---- rounds


@dataclass
class Found:
    """The rounds of one workload by contestant; who was left out, and why."""

    runs: dict[str, list[Run]] = field(default_factory=dict)
    out: dict[str, str] = field(default_factory=dict)

    def column(self, name: str, key: str = "step") -> list[float]:
        return [run[key] for run in self.runs[name]]


def interleave(
    measures: dict[str, Callable[[], Run]], rounds: int, say: Callable[[str], None] = lambda text: None
) -> Found:
    """`rounds` runs of each measure, in turn. Who is absent, fails or takes too long is left out from then on."""
    found = Found({name: [] for name in measures})
    for r in range(rounds):
        for name, measure in measures.items():
            if name in found.out:
                continue
            say(f"round {r + 1}/{rounds}: {name}")
            run = measure()
            why = reason(run)
            if why:
                found.out[name] = why
                found.runs.pop(name)
            else:
                found.runs[name].append(run)
    return found


def reason(run: Run) -> str:
    """Why a run does not count; nothing if it does."""
    if "absent" in run:
        return f"not installed ({run['absent']})"
    if "over" in run:
        return f"took more than {run['over']:g} s a round"
    if "failed" in run:
        return f"failed: {run['failed']}"
    return ""


# ---- arithmetic


def interval(values: Iterable[float]) -> tuple[float, float, float]:
    """The median, and the interval that holds the true median with at least 90 % certainty, whatever the distribution.

    By order statistics (the sign test turned round): from the k-th smallest to the k-th largest, with the largest k for
    which 1 - 2 P(Binomial(n, 1/2) < k) is 0.9 or more. Fewer than five values hold it with less, however wide: then the
    interval is without end. Source: David and Nagaraja, Order Statistics, 3rd edition, section 7.1.

    >>> interval([1, 2, 3, 4, 5, 6, 7, 8, 9])
    (5, 2, 8)
    """
    ordered = sorted(values)
    n = len(ordered)
    k = 0
    while 1 - 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n >= 0.9:
        k += 1
    low, high = (ordered[k - 1], ordered[n - k]) if k else (-math.inf, math.inf)
    return statistics.median(ordered), low, high


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Ours over theirs in paired rounds, with its interval."""
    return interval(a / b for a, b in zip(ours, theirs, strict=True))


def unequal(numbers: dict[str, list[float]], tolerance: float, reference: str) -> list[str]:
    """A line for each contestant whose numbers are further than `tolerance` from the reference's.

    Far is meant relatively to the largest of the reference's numbers.
    """
    right = numbers[reference]
    scale = max(map(abs, right))
    lines = []
    for name, found in numbers.items():
        if len(found) != len(right):
            lines.append(f"unequal work: {name} gave {len(found)} numbers, {reference} {len(right)}")
            continue
        gaps = [abs(a - b) for a, b in zip(found, right, strict=True)]
        if not all(gap <= tolerance * scale for gap in gaps):  # nan is far from everything
            k = next(k for k, gap in enumerate(gaps) if not gap <= tolerance * scale)
            lines.append(
                f"unequal work: number {k + 1} of {name} is {found[k]:.6g}, of {reference} {right[k]:.6g}; "
                f"tolerance {tolerance:g}"
            )
    return lines


def fastest(found: Found, ours: str) -> str | None:
    """The peer with the smallest median step."""
    peers = {n: statistics.median(found.column(n)) for n in found.runs if n != ours}
    return min(peers, key=lambda n: peers[n]) if peers else None


# ---- words


def machine() -> str:
    """Processor, cores and Python in a line."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def spread(three: tuple[float, float, float]) -> str:
    """``0.42 (0.40 to 0.47)``.

    >>> spread((0.421, 0.4, 0.468))
    '0.42 (0.40 to 0.47)'
    """
    middle, low, high = (f"{v:.3f}" if abs(v) < 0.1 else f"{v:.2f}" for v in three)
    return f"{middle} ({'too few rounds for an interval' if math.isinf(three[1]) else f'{low} to {high}'})"


def progress(text: str) -> None:
    """A line that the next one replaces, for who watches."""
    if sys.stderr.isatty():
        print(f"\r{text:<70}", end="" if text else "\r", file=sys.stderr, flush=True)


def table(found: Found, ours: str) -> str:
    """The contestants in Markdown, the fastest first."""
    lines = [
        "| contestant | µs a step | ours / theirs (90 %) | first step, s | import, s | peak, MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    order = sorted(found.runs, key=lambda n: statistics.median(found.column(n)))
    for name in order:
        runs = found.runs[name]
        step, *others = (_median(runs, key) for key in ("step", "first", "import", "memory"))
        against = "" if name == ours else spread(ratio(found.column(ours), found.column(name)))
        first, imports, memory = (
            _in(value, unit, places) for value, (unit, places) in zip(others, _UNITS, strict=True)
        )
        lines.append(f"| {name} | {_in(step, 1e-6, None)} | {against} | {first} | {imports} | {memory} |")
    return "\n".join(lines)


_UNITS = ((1, 3), (1, 2), (1e6, 0))


def _median(runs: list[Run], key: str) -> float | None:
    return statistics.median(run[key] for run in runs) if all(key in run for run in runs) else None


def _in(value: float | None, unit: float, places: int | None) -> str:
    """The number in this unit, with three digits unless the places are given; nothing where nothing was measured."""
    if value is None:
        return ""
    return f"{value / unit:,.{_places(value / unit) if places is None else places}f}"


def _places(value: float) -> int:
    """Three digits in all.

    >>> [_places(v) for v in (0.052, 7.2, 42.0, 19000.0)]
    [3, 2, 1, 0]
    """
    return 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0


def verdict(found: Found, ours: str, bar: float, over: str | None = None) -> str:
    """The ratio to the fastest peer, or to the one the bar is about, beside the bar."""
    peer = over if over in found.runs else None if over else fastest(found, ours)
    if peer is None:
        return f"No peer took part; the bar is {bar:g}."
    three = ratio(found.column(ours), found.column(peer))
    word = "reached" if three[2] <= bar else "not reached"
    what = "Ours over" if over else "Ours over the fastest,"
    return f"{what} {peer}: {spread(three)}; the bar is {bar:g}: {word}."
