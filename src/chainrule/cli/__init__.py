"""The command line. Each command is a module with ``arguments(parser)`` and ``command(args) -> exit status``.

What a command needs beyond ``import chainrule`` is imported inside it, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..core.command import INTERRUPTED, raise_on_interrupt
from ..core.errors import ChainruleError
from ..core.terminal import drop_output, echo
from ..draw.locale import set_language, translator
from .help import HelpFormatter

COMMANDS = {
    "explain": "show each step of an expression or a saved model, and each step of its gradient",
    "cost": "count the arithmetic and memory of each layer of a saved model, and measure its time",
    "how": "show an operation written with loops, vectorised and compiled, with results and times",
    "descent": "compare optimizers and learning rates on a loss with two weights",
    "slope": "move a variable a little and compare the difference quotient with the exact derivative",
    "check": "check a function's gradient against numerical differences",
    "train": "train a model: `train boston`, `train mnist`, `train FILE.csv --target COLUMN`",
    "launch": "run a training program in several processes on this machine: `launch -n 2 train.py`",
    "predict": "predict with a saved model from a table or an array",
    "summary": "list a saved model's layers, parameters, arithmetic and memory",
    "vectorization": "compute one gradient with two loops, one loop, no loop and with vectorize",
    "bench": "measure training on each engine against this machine's limits",
}

LESSONS = {"vectorization"}  # commands that are lessons; `train boston` is another, which `train` starts


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each command's module adds its own arguments."""
    options: dict[str, Any] = {"formatter_class": HelpFormatter}
    main_parser = argparse.ArgumentParser(prog="chainrule", description="deep learning you can see through", **options)
    main_parser.add_argument("--version", action="store_true", help="print the version")
    commands = main_parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text, **options)
        sub.add_argument("--debug", action="store_true", help="show the traceback of an error")
        sub.add_argument("--language", help="language of the output: en or ko (default: CHAINRULE_LANGUAGE, or en)")
        _command(name).arguments(sub)
    return main_parser


def _command(name: str) -> Any:
    """Import the module of a command."""
    return import_module(f"chainrule.cli.lessons.{name}" if name in LESSONS else f"chainrule.cli.{name}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: 0 success, 1 a check failed, 2 bad input, 130 interrupted."""
    main_parser = parser()
    args = main_parser.parse_args(_with_minus_signs(list(sys.argv[1:] if argv is None else argv)))
    if args.version:
        from importlib.metadata import version

        echo(version("chainrule"))
        return 0
    if not args.command:
        main_parser.print_help()
        return 0
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a character that the terminal lacks must not stop the output
    raise_on_interrupt()
    try:
        set_language(args.language)
        translator()  # raises for an unknown language in the environment
        with np.errstate(all="ignore"):  # nan and inf are shown, not warned about
            status = int(_command(args.command).command(args))
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except ChainruleError as error:
        if args.debug:
            raise
        echo(f"chainrule {args.command}: {_one_line(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        echo(f"\nchainrule {args.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except MemoryError as error:
        if args.debug:
            raise
        echo(f"chainrule {args.command}: there is not enough memory ({error})", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of a pipe has closed it
        drop_output()
        return 0
    except OSError as error:
        if args.debug:
            raise
        drop_output()
        echo(f"chainrule {args.command}: the output cannot be written ({error.strerror})", file=sys.stderr)
        return 2


def _with_minus_signs(argv: list[str]) -> list[str]:
    """Put a blank before an expression that begins with a minus, so that argparse does not read it as an option."""
    if argv[:1] not in (["explain"], ["slope"]):
        return argv
    options = ("-h", "--")
    return [f" {a}" if a.startswith("-") and not a.startswith(options) and not _is_number(a) else a for a in argv]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _one_line(text: str, max_length: int = 1200) -> str:
    """Return the text on one line, shortened in the middle."""
    line = " ".join(text.split())
    return line if len(line) <= max_length else f"{line[: max_length // 2]} ... {line[-max_length // 2 :]}"
