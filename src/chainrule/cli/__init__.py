"""The command line. Each command is a module with ``arguments(parser)`` and ``command(args) -> exit status``.

May import: everything below it; NumPy and the library only inside a command, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "explain": "how a number came about, and its gradient edge by edge",
    "slope": "nudge a variable: the difference quotient beside the exact derivative",
    "check": "compare a function's gradient with numeric slopes",
    "train": "learn a data set: `train boston`",
    "vectorization": "one gradient written with two loops, one, none, and by vectorize",
}


def parser() -> argparse.ArgumentParser:
    """The parser of every command; each command's module adds its own arguments."""
    main_parser = argparse.ArgumentParser(prog="chainrule", description="Deep learning you can see through.")
    main_parser.add_argument("--version", action="store_true", help="print the version")
    commands = main_parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, what in COMMANDS.items():
        sub = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
        sub.add_argument("--debug", action="store_true", help="show the traceback of an error")
        import_module(f"chainrule.cli.{name}").arguments(sub)
    return main_parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Exit status: 0 done, 1 a check failed, 2 bad input, 130 interrupted."""
    given = parser()
    args = given.parse_args(argv)
    if args.version:
        from importlib.metadata import version

        print(version("chainrule"))
        return 0
    if not args.command:
        given.print_help()
        return 0
    from ..errors import ChainruleError

    try:
        status: int = import_module(f"chainrule.cli.{args.command}").command(args)
        sys.stdout.flush()
        return status
    except ChainruleError as error:
        if args.debug:
            raise
        print(f"chainrule {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nchainrule {args.command}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stderr.close()
        return 0
