"""The milliseconds of `import chainrule` beyond `import numpy`, and of `chainrule --help`, in new processes.

python benchmarks/startup.py
"""

from __future__ import annotations

import subprocess
import sys
import time

from harness import Run, environment_with_bytecode, interleave, interval, machine, run_process, show_progress

TIME_IMPORT = (
    "import time; s = time.perf_counter(); import {}; t = time.perf_counter(); print('{{\"step\":', t - s, '}}')"
)


def time_import(name: str) -> Run:
    """Time the import of a package in a new process."""
    return run_process([sys.executable, "-c", TIME_IMPORT.format(name)], 60)


def time_help() -> Run:
    """Time ``chainrule --help``."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "chainrule", "--help"]
    subprocess.run(command, capture_output=True, check=True, env=environment_with_bytecode())
    return {"step": time.perf_counter() - start}


def main() -> None:
    """Print the times with their intervals."""
    measures = {"numpy": lambda: time_import("numpy"), "chainrule": lambda: time_import("chainrule"), "help": time_help}
    results = interleave(measures, 15, show_progress)
    show_progress("")
    numpy, chainrule, help_times = (results.column(name) for name in measures)
    rows = {
        "import numpy": numpy,
        "import chainrule": chainrule,
        "beyond numpy": [a - b for a, b in zip(chainrule, numpy, strict=True)],
        "chainrule --help, from Python's start": help_times,
    }
    print(machine())
    for label, values in rows.items():
        median, low, high = (1e3 * v for v in interval(values))
        print(f"{label:<40} {median:7.1f} ms (90 %: {low:.1f} to {high:.1f})")
    print("goals: beyond numpy under 60 ms, --help under 300 ms")


if __name__ == "__main__":
    main()
