"""One contestant at one workload, in its own process, started by `run.py`: prints a line of JSON.

The contestant is imported first, and timed; then the data is generated. A peer's process never imports chainrule.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from contestants import CONTESTANTS


def clock() -> Any:
    """Import the module of chainrule that times steps, without importing chainrule."""
    path = Path(__file__).parents[1] / "src" / "chainrule" / "core" / "clock.py"
    spec = spec_from_file_location("clock", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(workload: str, contestant: str, engine: str | None, seconds: float) -> dict[str, Any]:
    """Measure the import, the first step, a step, the memory, and the numbers that prove equal work."""
    file, options = CONTESTANTS[contestant]
    if file == "keras":
        os.environ["KERAS_BACKEND"] = options["backend"]
    if file == "ours":
        options = {**options, "engine": engine}
    start = time.perf_counter()
    try:
        module = import_module(f"contestants.{file}")
        import_seconds = time.perf_counter() - start
        from workloads import all_workloads

        work = all_workloads()[workload]
        job = getattr(module, work.kind)(work, **options)
    except ImportError as error:
        return {"absent": str(error)}
    start = time.perf_counter()
    numbers = job.first_step()
    first_seconds = time.perf_counter() - start
    numbers += job.next_steps()
    return {
        "step": clock().median_seconds(job.run, seconds) / job.steps_per_run,
        "first": first_seconds,
        "import": import_seconds,
        "memory": peak_memory(),
        "numbers": numbers,
        "version": module.VERSION,
    }


def peak_memory() -> int:
    """Return this process's peak memory in bytes; that of `resource` includes the parent process's."""
    try:
        with open("/proc/self/status") as file:
            return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Print the measures as a line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("work")
    parser.add_argument("contestant")
    parser.add_argument("--engine")
    parser.add_argument("--seconds", type=float, default=1.0)
    args = parser.parse_args()
    print("\n" + json.dumps(measure(args.work, args.contestant, args.engine, args.seconds)))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
