"""The command line. Each command is a module with ``arguments(parser)`` and ``command(args) -> exit status``.

May import: everything below it; NumPy and the library only inside a command, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

COMMANDS = {
    "explain": "how a number came about, and its gradient edge by edge; of an expression or a saved model",
    "cost": "what each layer of a saved model multiplies, adds and holds, and how long it takes here",
    "how": "an operation with loops, vectorised and compiled: source, results, times",
    "descent": "ways down the loss: full-batch, stochastic, mini-batch, momentum, Adam; learning rates",
    "slope": "nudge a variable: the difference quotient beside the exact derivative",
    "check": "compare a function's gradient with numeric slopes",
    "train": "learn a data set: `train boston`, `train mnist`, `train FILE.csv --target COLUMN`",
    "launch": "train in several processes of this machine: `launch -n 2 train.py`",
    "predict": "a saved model's answers for a table",
    "summary": "a saved model's layers, parameters, multiplies and memory",
    "vectorization": "one gradient written with two loops, one, none, and by vectorize",
    "bench": "this machine's limits, and how near to them training comes on each engine",
}

LESSONS = {"vectorization"}  # commands that are lessons; `train boston` is another, which `train` starts


def parser() -> argparse.ArgumentParser:
    """The parser of every command; each command's module adds its own arguments."""
    main_parser = argparse.ArgumentParser(prog="chainrule", description="Deep learning you can see through.")
    main_parser.add_argument("--version", action="store_true", help="print the version")
    commands = main_parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, what in COMMANDS.items():
        sub = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
        sub.add_argument("--debug", action="store_true", help="show the traceback of an error")
        _command(name).arguments(sub)
    return main_parser


def _command(name: str) -> Any:
    """Import the module of a command."""
    return import_module(f"chainrule.cli.lessons.{name}" if name in LESSONS else f"chainrule.cli.{name}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Exit status: 0 done, 1 a check failed, 2 bad input, 130 interrupted."""
    given = parser()
    args = given.parse_args(_with_minus_signs(list(sys.argv[1:] if argv is None else argv)))
    if args.version:
        from importlib.metadata import version

        print(version("chainrule"))
        return 0
    if not args.command:
        given.print_help()
        return 0
    import numpy as np

    from ..core.errors import ChainruleError

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a sign the terminal lacks must not stop the numbers
    try:
        with np.errstate(all="ignore"):  # nan and inf are shown, not warned about
            status: int = _command(args.command).command(args)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except ChainruleError as error:
        if args.debug:
            raise
        print(f"chainrule {args.command}: {_one_line(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nchainrule {args.command}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has seen enough
        _drop_output()
        return 0
    except OSError as error:
        if args.debug:
            raise
        _drop_output()
        print(f"chainrule {args.command}: the output cannot be written ({error.strerror})", file=sys.stderr)
        return 2


def _with_minus_signs(argv: list[str]) -> list[str]:
    """An expression may begin with a minus: a blank in front keeps argparse from taking it for an option."""
    if argv[:1] not in (["explain"], ["slope"]):
        return argv
    options = ("-h", "--")
    return [f" {a}" if a.startswith("-") and not a.startswith(options) and _is_no_number(a) else a for a in argv]


def _is_no_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return True
    return False


def _one_line(text: str, longest: int = 1200) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else f"{flat[: longest // 2]} ... {flat[-longest // 2 :]}"


def _drop_output() -> None:
    """Nothing more can be written: keep Python from complaining about it when it leaves."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - it lives as long as the process
