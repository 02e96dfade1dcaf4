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


def environment_with_bytecode() -> dict[str, str]:
    """Return the environment variables, without the one that keeps Python from caching bytecode."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


# ---- one process


def run_process(command: Sequence[str], limit: float, **variables: str) -> Run:
    """Run a command whose last line is JSON; return the JSON, or the reason why there is none."""
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=environment_with_bytecode() | variables,
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
    return json.loads(out.strip().splitlines()[-1])


# ---- rounds


@dataclass
class Results:
    """The rounds of one workload by contestant, and why some contestants were left out."""

    runs: dict[str, list[Run]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def column(self, name: str, key: str = "step") -> list[float]:
        """Return one number of each round of a contestant."""
        return [run[key] for run in self.runs[name]]


def interleave(
    measures: dict[str, Callable[[], Run]], rounds: int, show: Callable[[str], None] = lambda text: None
) -> Results:
    """Run each measure `rounds` times, in turn; leave out from then on what is absent, fails or takes too long."""
    results = Results({name: [] for name in measures})
    for r in range(rounds):
        for name, measure in measures.items():
            if name in results.left_out:
                continue
            show(f"round {r + 1}/{rounds}: {name}")
            run = measure()
            problem = problem_of(run)
            if problem:
                results.left_out[name] = problem
                results.runs.pop(name)
            else:
                results.runs[name].append(run)
    return results


def problem_of(run: Run) -> str:
    """Return why a run does not count, or an empty string if it does."""
    if "absent" in run:
        return f"not installed ({run['absent']})"
    if "over" in run:
        return f"took more than {run['over']:g} s a round"
    if "failed" in run:
        return f"failed: {run['failed']}"
    return ""


# ---- arithmetic


def interval(values: Iterable[float]) -> tuple[float, float, float]:
    """Return the median, and an interval with at least 90 % confidence for the true median of any distribution.

    From order statistics (the sign test inverted): from the k-th smallest to the k-th largest, with the largest k for
    which 1 - 2 P(Binomial(n, 1/2) < k) is 0.9 or more. Fewer than five values cannot reach 90 %: the interval is then
    infinite. Source: David and Nagaraja, Order Statistics, 3rd edition, section 7.1.

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
    """Return the median of ours over theirs in paired rounds, with its interval."""
    return interval(a / b for a, b in zip(ours, theirs, strict=True))


def differences(numbers: dict[str, list[float]], tolerance: float, reference: str) -> list[str]:
    """Return a line for each contestant whose numbers differ from the reference's by more than `tolerance`.

    The tolerance is relative to the largest of the reference's numbers.
    """
    expected = numbers[reference]
    scale = max(map(abs, expected))
    lines = []
    for name, actual in numbers.items():
        if len(actual) != len(expected):
            lines.append(f"unequal work: {name} gave {len(actual)} numbers, {reference} {len(expected)}")
            continue
        errors = [abs(a - b) for a, b in zip(actual, expected, strict=True)]
        if not all(error <= tolerance * scale for error in errors):  # false for nan too
            k = next(k for k, error in enumerate(errors) if not error <= tolerance * scale)
            lines.append(
                f"unequal work: number {k + 1} of {name} is {actual[k]:.6g}, of {reference} {expected[k]:.6g}; "
                f"tolerance {tolerance:g}"
            )
    return lines


def fastest_peer(results: Results, ours: str) -> str | None:
    """Return the peer with the smallest median step, or None."""
    peers = {n: statistics.median(results.column(n)) for n in results.runs if n != ours}
    return min(peers, key=lambda n: peers[n]) if peers else None


# ---- text


def machine() -> str:
    """Return the processor, the cores and Python in a line."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def format_interval(values: tuple[float, float, float]) -> str:
    """Return a median and its interval as text.

    >>> format_interval((0.421, 0.4, 0.468))
    '0.42 (0.40 to 0.47)'
    """
    median, low, high = (f"{v:.3f}" if abs(v) < 0.1 else f"{v:.2f}" for v in values)
    return f"{median} ({'too few rounds for an interval' if math.isinf(values[1]) else f'{low} to {high}'})"


def show_progress(text: str) -> None:
    """Show a line on a terminal, which the next one replaces."""
    if sys.stderr.isatty():
        print(f"\r{text:<70}", end="" if text else "\r", file=sys.stderr, flush=True)


def table(results: Results, ours: str) -> str:
    """Return a Markdown table of the contestants, the fastest first."""
    lines = [
        "| contestant | µs a step | ours / theirs (90 %) | first step, s | import, s | peak, MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    order = sorted(results.runs, key=lambda n: statistics.median(results.column(n)))
    for name in order:
        runs = results.runs[name]
        step, *others = (_median(runs, key) for key in ("step", "first", "import", "memory"))
        ours_over_theirs = "" if name == ours else format_interval(ratio(results.column(ours), results.column(name)))
        first, imports, memory = (
            _format(value, unit, decimals) for value, (unit, decimals) in zip(others, _UNITS, strict=True)
        )
        lines.append(f"| {name} | {_format(step, 1e-6, None)} | {ours_over_theirs} | {first} | {imports} | {memory} |")
    return "\n".join(lines)


_UNITS = ((1, 3), (1, 2), (1e6, 0))  # unit and decimals of the last three columns


def _median(runs: list[Run], key: str) -> float | None:
    return statistics.median(run[key] for run in runs) if all(key in run for run in runs) else None


def _format(value: float | None, unit: float, decimals: int | None) -> str:
    """Return a number in a unit, with three digits unless `decimals` is passed; an empty string for None."""
    if value is None:
        return ""
    return f"{value / unit:,.{_decimals(value / unit) if decimals is None else decimals}f}"


def _decimals(value: float) -> int:
    """Return the number of decimals for three digits in all.

    >>> [_decimals(v) for v in (0.052, 7.2, 42.0, 19000.0)]
    [3, 2, 1, 0]
    """
    return 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0


def verdict(results: Results, ours: str, bar: float, over: str | None = None) -> str:
    """Return a sentence on the ratio to the fastest peer, or to the peer `over`, and the goal for it."""
    peer = over if over in results.runs else None if over else fastest_peer(results, ours)
    if peer is None:
        return f"No peer took part; the bar is {bar:g}."
    interval_of_ratio = ratio(results.column(ours), results.column(peer))
    outcome = "reached" if interval_of_ratio[2] <= bar else "not reached"
    label = "Ours over" if over else "Ours over the fastest,"
    return f"{label} {peer}: {format_interval(interval_of_ratio)}; the bar is {bar:g}: {outcome}."
