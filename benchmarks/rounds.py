"""Interleaved rounds in fresh processes: A B A B, medians, and the ratio with its 90 % interval."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence


def with_bytecode() -> dict[str, str]:
    """The environment of a user, whose Python keeps its bytecode."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def fresh(command: Sequence[str]) -> float:
    """Run a command that prints one number, in a process of its own; the number."""
    result = subprocess.run(command, capture_output=True, text=True, env=with_bytecode())
    if result.returncode:
        sys.exit(f"{' '.join(command[:2])} ... failed:\n{result.stderr.strip().splitlines()[-1]}")
    return float(result.stdout.split()[-1])


def interleave(measures: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """`rounds` numbers of each measure, taken in turn after one round that does not count."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for r in range(rounds + 1):
        for name, measure in measures.items():
            value = measure()
            if r:
                found[name].append(value)
        print(f"\rround {r}/{rounds}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The median and the range that holds the middle 90 % of paired rounds."""
    ordered = sorted(values)
    cut = round(0.05 * (len(ordered) - 1))
    return statistics.median(ordered), ordered[cut], ordered[len(ordered) - 1 - cut]


def machine() -> str:
    """Processor, cores and Python in a line."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
