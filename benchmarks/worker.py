"""One contestant at one workload, in a process of its own: prints a line of JSON. Started by `run.py`.

The contestant is imported first and under the clock; then come the data. A peer's process never imports chainrule.
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
    """The library's own rule of timing, from its file alone."""
    path = Path(__file__).parents[1] / "src" / "chainrule" / "core" / "clock.py"
    spec = spec_from_file_location("clock", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(work: str, contestant: str, engine: str | None, seconds: float) -> dict[str, Any]:
    file, options = CONTESTANTS[contestant]
    if file == "keras":
        os.environ["KERAS_BACKEND"] = options["backend"]
    if file == "ours":
        options = {**options, "engine": engine}
    start = time.perf_counter()
    try:
        module = import_module(f"contestants.{file}")
        imported = time.perf_counter() - start
        from workloads import works

        job = works()[work]
        ready = getattr(module, job.kind)(job, **options)
    except ImportError as error:
        return {"absent": str(error)}
    start = time.perf_counter()
    numbers = ready.first()
    first = time.perf_counter() - start
    numbers += ready.more()
    return {
        "step": clock().timed(ready.run, seconds) / ready.unit,
        "first": first,
        "import": imported,
        "memory": peak(),
        "numbers": numbers,
        "version": module.VERSION,
    }


def peak() -> int:
    """The largest memory of this process in bytes. What `resource` says holds the starting process's too."""
    try:
        with open("/proc/self/status") as file:
            return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
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
