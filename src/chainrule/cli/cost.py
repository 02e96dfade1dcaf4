"""``chainrule cost MODEL [MODEL]``: the arithmetic, memory and time of each layer of saved models."""

from __future__ import annotations

import argparse

from .pictures import page_arguments, picture_argument, prepare_output, write_outputs


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule cost`` to its parser."""
    parser.add_argument("models", nargs="+", metavar="MODEL", help="saved model, FILE.chainrule; several are compared")
    parser.add_argument("--batch", type=int, default=1, help="examples in a batch (default 1)")
    parser.add_argument("--measure", action="store_true", help="also measure the time and GFLOP/s on this machine")
    parser.add_argument("--engine", help="engine to measure on: numpy (the default) or xla")
    page_arguments(parser)
    picture_argument(parser)
    parser.add_argument("--json", action="store_true", help="print the costs as JSON")


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule cost`` and return the exit status."""
    from ..inspection.cost import Comparison, cost_of_model
    from ..saving import load_model

    prepare_output(args)
    models = [load_model(name, compile=False) for name in args.models]
    costs = [cost_of_model(m, batch_size=args.batch, measure=args.measure, engine=args.engine) for m in models]
    result = Comparison(costs) if len(costs) > 1 else costs[0]
    if args.json:
        print(result.to_json())
    else:
        print(result)
    write_outputs(result, args)
    return 0
