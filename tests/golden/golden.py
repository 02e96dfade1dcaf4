"""What the library does now, as plain text: its graphs, numbers, files, pages and words.

    python tests/golden/golden.py write DIR [SECTION ...]
    python tests/golden/golden.py compare DIR [SECTION ...] [--stat]

``write`` fills a folder DIR/SECTION for each section; ``compare`` writes anew elsewhere and shows what differs, with
exit status 1 if anything does. Numbers differ between processors, so what is written is compared on one machine and
never kept in the repository. Each section runs in a process of its own, with a fixed environment, in an empty folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
SECTIONS = "records lowered files figures cli weights names docs errors".split()


def environment(home: Path) -> dict[str, str]:
    """All that a section's process sees of the outside."""
    threads = dict.fromkeys("CHAINRULE_THREADS OPENBLAS_NUM_THREADS OMP_NUM_THREADS MKL_NUM_THREADS NPROC".split(), "1")
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS.parent / "benchmarks", TESTS.parent / "src"))),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "TMPDIR": str(home),
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "LINES": "40",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "JAX_PLATFORMS": "cpu",
        "CHAINRULE_CACHE": "off",
        **threads,
    }


def write(folder: Path, sections: list[str]) -> None:
    """Each section into its folder inside `folder`, in place of what was there."""
    for section in sections:
        out = folder.resolve() / section
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="golden-") as created:
            home, work = Path(created, "home"), Path(created, "work")
            home.mkdir()
            work.mkdir()
            words = [sys.executable, "-m", "golden.golden", "record", section, str(out)]
            status = subprocess.run(words, cwd=work, env=environment(home)).returncode
        size = sum(f.stat().st_size for f in out.iterdir())
        print(f"{section:8} {time.perf_counter() - began:6.1f} s {size / 1e6:7.2f} MB", file=sys.stderr, flush=True)
        if status:
            raise SystemExit(f"section {section} ended with status {status}")


def compare(old: Path, new: Path, sections: list[str], stat: bool) -> int:
    """Show what differs, file by file; the exit status."""
    different = 0
    for section in sections:
        names = {f.name for root in (old, new) if (root / section).is_dir() for f in (root / section).iterdir()}
        for name in sorted(names):
            files = [root / section / name for root in (old, new)]
            if all(f.exists() for f in files) and files[0].read_bytes() == files[1].read_bytes():
                continue
            different += 1
            labels = [word for f in files for word in ("--label", f"{f.parent.parent.name}/{section}/{name}")]
            shown = subprocess.run(
                ["diff", "-u", "-N", "--text", *labels, *map(str, files)], stdout=subprocess.PIPE
            ).stdout.decode(errors="replace")
            if stat:
                lines = shown.splitlines()[2:]
                less, more = (sum(line.startswith(sign) for line in lines) for sign in "-+")
                print(f"{section}/{name}: -{less} +{more}")
            else:
                print(shown)
    print(f"{different} files differ" if different else "nothing differs", file=sys.stderr)
    return int(different > 0)


def record(section: str, out: Path) -> None:
    """Run one section here, in this process."""
    from golden.common import Out

    import_module(f"golden.{section}").record(Out(out))


def main() -> int:
    parser = argparse.ArgumentParser(description="What the library does now, as plain text.")
    parser.add_argument("command", choices=["write", "compare", "record"])
    parser.add_argument("dir", metavar="DIR")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)} (default: all)")
    parser.add_argument("--stat", action="store_true", help="lines that differ, counted for each file")
    args = parser.parse_args()
    if args.command == "record":  # what `write` starts
        record(args.dir, Path(args.sections[0]))
        return 0
    unknown = [s for s in args.sections if s not in SECTIONS]
    if unknown:
        parser.error(f"no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    sections, folder = args.sections or SECTIONS, Path(args.dir)
    if args.command == "write":
        write(folder, sections)
        return 0
    with tempfile.TemporaryDirectory(prefix="golden-") as created:
        now = Path(created, "now")
        write(now, sections)
        return compare(folder, now, sections, args.stat)


if __name__ == "__main__":
    sys.exit(main())
