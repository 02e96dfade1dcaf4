"""What `import chainrule` costs beyond `import numpy`, and how long `chainrule --help` takes. In ms, fresh processes.

python benchmarks/startup.py
"""

from __future__ import annotations

import subprocess
import sys
import time

from harness import Run, fresh, interleave, interval, machine, progress, with_bytecode

CLOCK = "import time; s = time.perf_counter(); import {}; t = time.perf_counter(); print('{{\"step\":', t - s, '}}')"


def imported(name: str) -> Run:
    return fresh([sys.executable, "-c", CLOCK.format(name)], 60)


def help_shown() -> Run:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "chainrule", "--help"], capture_output=True, check=True, env=with_bytecode())
    return {"step": time.perf_counter() - start}


def main() -> None:
    measures = {"numpy": lambda: imported("numpy"), "chainrule": lambda: imported("chainrule"), "help": help_shown}
    found = interleave(measures, 15, progress)
    progress("")
    numpy, chainrule, shown = (found.column(name) for name in measures)
    rows = {
        "import numpy": numpy,
        "import chainrule": chainrule,
        "beyond numpy": [a - b for a, b in zip(chainrule, numpy, strict=True)],
        "chainrule --help, from Python's start": shown,
    }
    print(machine())
    for what, values in rows.items():
        middle, low, high = (1e3 * v for v in interval(values))
        print(f"{what:<40} {middle:7.1f} ms (90 %: {low:.1f} to {high:.1f})")
    print("wanted: beyond numpy under 60 ms, --help under 300 ms")


if __name__ == "__main__":
    main()
