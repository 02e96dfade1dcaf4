"""chainrule compared with its peers: interleaved rounds, each in a new process.

    python benchmarks/setup_peers.py DIR                      # once: the peers' own environment
    python benchmarks/run.py all --peers DIR/bin/python       # or: w4, cnn, predict ...; or set CHAINRULE_PEERS
    python benchmarks/run.py w4 --rounds 9 --engine xla --out results.json --write

A step's time is the median of runs that together last --seconds, after a warm-up. The ratio is that of paired rounds,
and a bar is reached when the upper end of its 90 % interval is below it. Frameworks use their default number of
threads. A contestant that takes longer than --limit seconds for a round is left out of the later ones, and listed.
Exit status: 1 if the contestants did not do equal work, that is, got unequal losses from equal weights and batches.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from contestants import CONTESTANTS, OURS  # noqa: E402
from harness import (  # noqa: E402
    Results,
    Run,
    differences,
    format_interval,
    interleave,
    interval,
    machine,
    run_process,
    show_progress,
    table,
    verdict,
)
from workloads import all_workloads, select_workloads  # noqa: E402

PAGE = HERE.parent / "docs" / "benchmarks.md"
START, END = "<!-- measured by benchmarks/run.py -->", "<!-- end of what is measured by benchmarks/run.py -->"


def main(argv: list[str] | None = None) -> int:
    """Run the chosen workloads, print their tables and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names",
        nargs="*",
        default=["all"],
        help=f"all, or any of {', '.join(all_workloads())}, or their keys, such as w4",
    )
    parser.add_argument(
        "--peers",
        default=os.environ.get("CHAINRULE_PEERS", sys.executable),
        metavar="PYTHON",
        help="the Python of the peers' environment",
    )
    parser.add_argument("--rounds", type=positive, default=9, help="paired rounds (default 9)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long to time steps in each process (default 1)")
    parser.add_argument("--limit", type=float, default=60.0, help="most seconds for a contestant's round (default 60)")
    parser.add_argument("--engine", help="chainrule's engine (default: its own choice)")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="only the peers whose names contain one of these")
    parser.add_argument("--out", metavar="FILE.json", help="write all rounds to a file")
    parser.add_argument("--write", action="store_true", help="write the tables to docs/benchmarks.md")
    args = parser.parse_args(argv)
    summaries, all_problems = {}, []
    for work in select_workloads(args.names):
        limits = measured_limits()
        results = interleave(measures(work, args), args.rounds, show_progress)
        show_progress("")
        text, problems = report(work, results, limits)
        print(f"{text}\n", flush=True)
        all_problems += problems
        summary = {"title": work.title, "runs": results.runs, "left out": results.left_out, "limits": limits}
        summaries[work.key] = summary
        if args.out:
            Path(args.out).write_text(json.dumps({"machine": machine(), "results": summaries}, indent=1))
        if args.write and not problems:
            write({work.key: text})
    return 1 if all_problems else 0


def positive(text: str) -> int:
    """Return a whole number from 1 up."""
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def measured_limits() -> dict[str, float]:
    """Measure this machine's limits, as ``chainrule bench`` does."""
    from chainrule.cli.bench import limits

    return limits()


def limits_sentence(limits: dict[str, float]) -> str:
    """Return the limits in a sentence."""
    return (
        f"Limits measured in this run: {limits['gemm'] / 1e9:.0f} GFLOP/s float32 matrix product (NumPy), "
        f"{limits['copy'] / 1e9:.1f} GB/s read and written by a large copy"
    )


def measures(work: Any, args: argparse.Namespace) -> dict[str, Callable[[], Run]]:
    """Return for chainrule and each peer a function that runs it once, in a new process."""
    words = [word.lower() for word in args.only or [""]]
    names = [n for n in work.contestants if n == OURS or any(word in n.lower() for word in words)]
    make = cold if work.kind == "cold" else steps
    return {name: make(work, name, args) for name in names}


def python(name: str, args: argparse.Namespace) -> str:
    """Return the path of the contestant's Python."""
    return sys.executable if name.startswith(OURS) else args.peers


def steps(work: Any, name: str, args: argparse.Namespace) -> Callable[[], Run]:
    """Return a function that times the steps of a workload."""
    command = [python(name, args), str(HERE / "worker.py"), work.name, name, "--seconds", str(args.seconds)]
    command += ["--engine", args.engine] if args.engine else []
    variables = {"PYTHONPATH": str(HERE.parent / "src")} if name.startswith(OURS) else {}
    return lambda: run_process(command, args.limit, **variables)


def cold(work: Any, name: str, args: argparse.Namespace) -> Callable[[], Run]:
    """Return a function that times a script from its start to its exit."""
    module, options = CONTESTANTS[name]
    engine = [args.engine] if args.engine and name == OURS else []
    life = [sys.executable, "-S", str(HERE / "life.py")]
    command = [*life, python(name, args), str(work.script(module)), boston(), *engine]
    variables = {"PYTHONPATH": str(HERE.parent / "src")} if name == OURS else {}
    variables |= {"KERAS_BACKEND": options["backend"]} if "backend" in options else {}

    print_version = f"import json, {module} as m; print(json.dumps({{'version': '{name} ' + m.__version__}}))"
    version = (
        {"version": f"chainrule {library_version()}"}
        if name == OURS
        else run_process([args.peers, "-c", print_version], args.limit)
    )
    if "ModuleNotFoundError" in version.get("failed", ""):
        return lambda: {"absent": version["failed"].removeprefix("ModuleNotFoundError: ")}
    return lambda: {**run_process(command, args.limit, **variables), **version}


def library_version() -> str:
    """Return chainrule's version."""
    import chainrule

    return chainrule.version()


def boston() -> str:
    """Write the standardized Boston table, with the prices in the last column; return the path."""
    from chainrule.datasets import boston

    path = Path(tempfile.gettempdir()) / f"chainrule-bench-boston-{os.getuid()}.npy"
    table = boston.load(boston.COLUMNS)
    x = (table.x - table.x.mean(0)) / table.x.std(0)
    np.save(path, np.c_[x, table.y].astype("float32"))
    return str(path)


def report(work: Any, results: Results, limits: dict[str, float]) -> tuple[str, list[str]]:
    """Return the workload's section in Markdown, and lines on unequal work."""
    lines = [f"### {work.key}: {work.title}", ""]
    problems: list[str] = []
    if OURS in results.runs:
        numbers = {name: runs[0]["numbers"] for name, runs in results.runs.items()}
        problems = differences(numbers, work.tolerance, OURS)
        rounds = len(results.runs[OURS])
        versions = dict.fromkeys(
            run["version"] for runs in results.runs.values() for run in runs[:1] if "version" in run
        )
        lines += [table(results, OURS), ""]
        lines += [
            f"{date.today()}, paired rounds: {rounds}, {'; '.join([machine(), ', '.join(versions)]).strip('; ')}."
        ]
        lines += [f"{limits_sentence(limits)}."]
        lines += [verdict(results, OURS, work.bar, getattr(work, "over", None))]
        lines += [floor_sentence(work, results, limits)] if work.floor else []
        if not problems and len(numbers) > 1:
            lines += [f"Equal work: the first numbers agree to {work.tolerance:g}."]
    lines += [f"Left out: {name}, {reason}." for name, reason in results.left_out.items()]
    if OURS in results.left_out:
        problems.append(f"{work.key}: chainrule itself was left out")
    return "\n".join([*lines, *problems]), problems


def floor_sentence(work: Any, results: Results, limits: dict[str, float]) -> str:
    """Return a sentence that compares chainrule's step with the least time that the machine's limits allow."""
    import chainrule as cr
    from chainrule.cli.bench import floor
    from contestants.functional import loss, optimizer
    from contestants.ours import net

    model = net(work)
    model.compile(optimizer(cr, work.optimizer), loss(cr, work.loss), engine="numpy")
    x, y = work.data()
    model.train_on_batch(x[:2], y[:2])
    bound = floor(model, x[: work.batch], y[: work.batch], limits)
    share = interval(bound / step for step in results.column(OURS))
    step = statistics.median(results.column(OURS))
    return (
        f"Floor of the step by `chainrule.price` and the limits: {1e6 * bound:,.0f} µs; ours runs at "
        f"{format_interval(share)} of the floor's speed, {1e6 * step:,.0f} µs."
    )


def write(sections: dict[str, str], page: Path = PAGE) -> None:
    """Write the sections to the page, each in place of the old one of its workload, in the order of the workloads."""
    before, rest = page.read_text().split(START)
    old, after = rest.split(END)
    all_sections = {part.split(":")[0]: f"### {part.strip()}" for part in old.split("### ")[1:]}
    all_sections |= sections
    order = [work.key for work in all_workloads().values() if work.key in all_sections]
    text = "\n\n".join(all_sections[key] for key in order)
    page.write_text(before + START + "\n\n" + text + "\n\n" + END + after)


if __name__ == "__main__":
    sys.exit(main())
