"""What `import chainrule` costs beyond `import numpy`, and how long `chainrule --help` takes. In ms, fresh processes.

python benchmarks/startup.py
"""

from __future__ import annotations

import subprocess
import sys
import time

from rounds import fresh, interleave, interval, machine, with_bytecode

CLOCK = "import time; s = time.perf_counter(); import {}; print(1e3 * (time.perf_counter() - s))"


def imported(name: str) -> float:
    return fresh([sys.executable, "-c", CLOCK.format(name)])


def help_shown() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "chainrule", "--help"], capture_output=True, check=True, env=with_bytecode())
    return 1e3 * (time.perf_counter() - start)


def main() -> None:
    measures = {"numpy": lambda: imported("numpy"), "chainrule": lambda: imported("chainrule"), "help": help_shown}
    found = interleave(measures, 15)
    rows = {
        "import numpy": found["numpy"],
        "import chainrule": found["chainrule"],
        "beyond numpy": [a - b for a, b in zip(found["chainrule"], found["numpy"], strict=True)],
        "chainrule --help, from Python's start": found["help"],
    }
    print(machine())
    for what, values in rows.items():
        middle, low, high = interval(values)
        print(f"{what:<40} {middle:7.1f} ms (90 % of rounds: {low:.1f} to {high:.1f})")
    print("wanted: beyond numpy under 60 ms, --help under 300 ms")


if __name__ == "__main__":
    main()
