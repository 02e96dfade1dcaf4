"""One checkout of chainrule beside another: step times, import time, in fresh processes, interleaved.

    git worktree add ../old COMMIT
    python benchmarks/versions.py ../old --works w1 w3 w4 w6 eager --rounds 9

Each round runs every workload once with the old checkout and once with this one; the ratio new / old is that of paired
rounds, with its 90 % interval. Each checkout uses its own `benchmarks`, so both must know the workload.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from harness import Run, interleave, interval, machine, run_process, show_progress
from startup import TIME_IMPORT
from workloads import select_workloads

HERE = Path(__file__).resolve().parent.parent


def step(checkout: Path, name: str, engine: str | None, seconds: float) -> Run:
    """Time one workload of a checkout in a process of its own."""
    words = [sys.executable, str(checkout / "benchmarks" / "worker.py"), name, "chainrule", "--seconds", str(seconds)]
    return run_process([*words, *(["--engine", engine] if engine else [])], 300, PYTHONPATH=str(checkout / "src"))


def imported(checkout: Path) -> Run:
    """Time `import chainrule` after `import numpy` in a process of its own."""
    code = "import numpy; " + TIME_IMPORT.format("chainrule")
    return run_process([sys.executable, "-c", code], 60, PYTHONPATH=str(checkout / "src"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, help="the other checkout")
    parser.add_argument("--works", nargs="+", default=["w1", "w3", "w4", "w6", "eager"])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of timed steps in each process")
    parser.add_argument("--engine", default="xla", help="default: xla")
    parser.add_argument("--out", metavar="FILE.json", help="write all rounds down")
    args = parser.parse_args()
    checkouts = {"old": args.old.resolve(), "new": HERE}
    print(machine())
    everything = {}
    for work in [None, *select_workloads(args.works)]:
        if work is None:
            title, measures = (
                "import chainrule, after numpy",
                {k: lambda c=c: imported(c) for k, c in checkouts.items()},
            )
        else:
            title = f"{work.key}: {work.title}"
            measures = {k: lambda c=c, w=work: step(c, w.name, args.engine, args.seconds) for k, c in checkouts.items()}
        runs = interleave(measures, args.rounds, show_progress)
        show_progress("")
        if runs.left_out:
            print(f"{title}: {runs.left_out}")
            continue
        old, new = runs.column("old"), runs.column("new")
        middle, low, high = interval([n / o for n, o in zip(new, old, strict=True)])
        times = " ".join(f"{k} {1e6 * interval(v)[0]:,.1f} µs" for k, v in (("old", old), ("new", new)))
        print(f"{title}\n    {times}   new / old {middle:.3f} (90 %: {low:.3f} to {high:.3f})", flush=True)
        everything[title] = runs.runs
        if args.out:
            Path(args.out).write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
