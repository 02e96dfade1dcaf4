"""``chainrule cost MODEL [MODEL]``: the arithmetic, memory and time of each layer of saved models."""

from __future__ import annotations

import argparse

from .pictures import page_arguments, picture_argument, prepare_output, show


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule cost`` to its parser."""
    add = parser.add_argument
    add("models", nargs="+", metavar="MODEL", help="saved model, FILE.chainrule; several are compared")
    add("--batch", type=int, default=1, help="examples in a batch (default 1)")
    add("--measure", action="store_true", help="also measure the time and GFLOP/s on this machine")
    add("--engine", help="engine to measure on: numpy (the default) or xla")
    page_arguments(parser)
    picture_argument(parser)
    add("--json", action="store_true", help="print the costs as JSON")


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule cost`` and return the exit status."""
    from ..inspection.cost import Comparison, cost_of_model
    from ..saving import load_model

    prepare_output(args)
    models = [load_model(name, compile=False) for name in args.models]
    costs = [cost_of_model(m, batch_size=args.batch, measure=args.measure, engine=args.engine) for m in models]
    return show(Comparison(costs) if len(costs) > 1 else costs[0], args)
