"""Ours beside its peers, each measure in a fresh process, interleaved.

    python benchmarks/setup_peers.py DIR                      # once: the peers' own environment
    python benchmarks/run.py all --peers DIR/bin/python       # or: w4, cnn, predict ...; CHAINRULE_PEERS names it too
    python benchmarks/run.py w4 --rounds 9 --engine xla --out results.json --write

A step's time is the median of runs that together last --seconds, after a warm-up. The ratio is that of paired rounds,
and a bar is reached when the upper end of its 90 % interval is. Frameworks keep their own number of threads. Whoever
takes longer than --limit seconds for a round is left out of the later ones, and is named. Exit status: 1 if the
contestants did not do equal work, that is, from equal weights and batches did not give equal losses.
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
    Found,
    Run,
    fresh,
    interleave,
    interval,
    machine,
    progress,
    spread,
    table,
    unequal,
    verdict,
)
from workloads import chosen, works  # noqa: E402

PAGE = HERE.parent / "docs" / "benchmarks.md"
START, END = "<!-- measured by benchmarks/run.py -->", "<!-- end of what is measured by benchmarks/run.py -->"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["all"], help=f"all, or of {', '.join(works())}, or their keys")
    parser.add_argument("--peers", default=os.environ.get("CHAINRULE_PEERS", sys.executable), metavar="PYTHON")
    parser.add_argument("--rounds", type=at_least_one, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of timed steps in each process")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds that a round of a contestant may take")
    parser.add_argument("--engine", help="of chainrule; default: the one it picks itself")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="peers whose names hold one of these words")
    parser.add_argument("--out", metavar="FILE.json", help="write all rounds down")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    args = parser.parse_args(argv)
    results, wrong = {}, []
    for work in chosen(args.names):
        limits = measured_limits()
        found = interleave(measures(work, args), args.rounds, progress)
        progress("")
        text, lines = report(work, found, limits)
        print(f"{text}\n", flush=True)
        wrong += lines
        results[work.key] = {"title": work.title, "runs": found.runs, "left out": found.out, "limits": limits}
        if args.out:
            Path(args.out).write_text(json.dumps({"machine": machine(), "results": results}, indent=1))
        if args.write and not lines:
            write({work.key: text})
    return 1 if wrong else 0


def at_least_one(text: str) -> int:
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def measured_limits() -> dict[str, float]:
    from chainrule.cli.bench import limits

    return limits()


def limits_in_words(limits: dict[str, float]) -> str:
    return (
        f"Limits measured in this run: {limits['gemm'] / 1e9:.0f} GFLOP/s float32 matrix product (NumPy), "
        f"{limits['copy'] / 1e9:.1f} GB/s read and written by a large copy"
    )


def measures(work: Any, args: argparse.Namespace) -> dict[str, Callable[[], Run]]:
    """Ours, then each peer: what runs it once, in a process of its own."""
    words = [word.lower() for word in args.only or [""]]
    names = [n for n in work.contestants if n == OURS or any(word in n.lower() for word in words)]
    make = cold if work.kind == "cold" else steps
    return {name: make(work, name, args) for name in names}


def python(name: str, args: argparse.Namespace) -> str:
    return sys.executable if name.startswith(OURS) else args.peers


def steps(work: Any, name: str, args: argparse.Namespace) -> Callable[[], Run]:
    command = [python(name, args), str(HERE / "worker.py"), work.name, name, "--seconds", str(args.seconds)]
    command += ["--engine", args.engine] if args.engine else []
    more = {"PYTHONPATH": str(HERE.parent / "src")} if name.startswith(OURS) else {}
    return lambda: fresh(command, args.limit, **more)


def cold(work: Any, name: str, args: argparse.Namespace) -> Callable[[], Run]:
    """The script's whole life is its one step."""
    module, options = CONTESTANTS[name]
    engine = [args.engine] if args.engine and name == OURS else []
    life = [sys.executable, "-S", str(HERE / "life.py")]
    command = [*life, python(name, args), str(work.script(module)), boston(), *engine]
    more = {"PYTHONPATH": str(HERE.parent / "src")} if name == OURS else {}
    more |= {"KERAS_BACKEND": options["backend"]} if "backend" in options else {}

    ask = f"import json, {module} as m; print(json.dumps({{'version': '{name} ' + m.__version__}}))"
    version = (
        {"version": f"chainrule {library_version()}"} if name == OURS else fresh([args.peers, "-c", ask], args.limit)
    )
    if "ModuleNotFoundError" in version.get("failed", ""):
        return lambda: {"absent": version["failed"].removeprefix("ModuleNotFoundError: ")}
    return lambda: {**fresh(command, args.limit, **more), **version}


def library_version() -> str:
    import chainrule

    return chainrule.version()


def boston() -> str:
    """A file with the scaled Boston table, prices in the last column."""
    from chainrule.datasets import boston

    path = Path(tempfile.gettempdir()) / f"chainrule-bench-boston-{os.getuid()}.npy"
    table = boston.load(boston.COLUMNS)
    x = (table.x - table.x.mean(0)) / table.x.std(0)
    np.save(path, np.c_[x, table.y].astype("float32"))
    return str(path)


def report(work: Any, found: Found, limits: dict[str, float]) -> tuple[str, list[str]]:
    """The workload's section in Markdown, and what was unequal in it."""
    lines = [f"### {work.key}: {work.title}", ""]
    wrong: list[str] = []
    if OURS in found.runs:
        numbers = {name: runs[0]["numbers"] for name, runs in found.runs.items()}
        wrong = unequal(numbers, work.tolerance, OURS)
        rounds = len(found.runs[OURS])
        versions = dict.fromkeys(run["version"] for runs in found.runs.values() for run in runs[:1] if "version" in run)
        lines += [table(found, OURS), ""]
        lines += [
            f"{date.today()}, paired rounds: {rounds}, {'; '.join([machine(), ', '.join(versions)]).strip('; ')}."
        ]
        lines += [f"{limits_in_words(limits)}."]
        lines += [verdict(found, OURS, work.bar, getattr(work, "over", None))]
        lines += [distance(work, found, limits)] if work.floor else []
        if not wrong and len(numbers) > 1:
            lines += [f"Equal work: the first numbers agree to {work.tolerance:g}."]
    lines += [f"Left out: {name}, {why}." for name, why in found.out.items()]
    if OURS in found.out:
        wrong.append(f"{work.key}: chainrule itself was left out")
    return "\n".join([*lines, *wrong]), wrong


def distance(work: Any, found: Found, limits: dict[str, float]) -> str:
    """How far our step is from what the machine's limits allow."""
    import chainrule as cr
    from chainrule.cli.bench import floor
    from contestants.functional import loss, optimizer
    from contestants.ours import net

    model = net(work)
    model.compile(optimizer(cr, work.optimizer), loss(cr, work.loss), engine="numpy")
    x, y = work.data()
    model.train_on_batch(x[:2], y[:2])
    least = floor(model, x[: work.batch], y[: work.batch], limits)
    share = interval(least / step for step in found.column(OURS))
    step = statistics.median(found.column(OURS))
    return (
        f"Floor of the step by `chainrule.price` and the limits: {1e6 * least:,.0f} µs; ours runs at {spread(share)} "
        f"of the floor's speed, {1e6 * step:,.0f} µs."
    )


def write(sections: dict[str, str], page: Path = PAGE) -> None:
    """Put the sections into the page, in place of those of the same workload, in the order of the workloads."""
    before, rest = page.read_text().split(START)
    old, after = rest.split(END)
    kept = {part.split(":")[0]: f"### {part.strip()}" for part in old.split("### ")[1:]}
    kept |= sections
    order = [work.key for work in works().values() if work.key in kept]
    page.write_text(before + START + "\n\n" + "\n\n".join(kept[k] for k in order) + "\n\n" + END + after)


if __name__ == "__main__":
    sys.exit(main())
