"""``chainrule cost MODEL [MODEL]``: what each layer of saved models costs, counted and measured."""

from __future__ import annotations

import argparse

from .pictures import check_page, page_arguments, picture_argument, write_forms


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("models", nargs="+", metavar="MODEL", help="files that end in .chainrule; several are compared")
    parser.add_argument("--batch", type=int, default=1, help="examples a step (default 1)")
    parser.add_argument("--measure", action="store_true", help="also measure milliseconds and GFLOP/s on this machine")
    parser.add_argument("--engine", help="measure on this engine: numpy (the default) or xla")
    page_arguments(parser)
    picture_argument(parser)
    parser.add_argument("--json", action="store_true", help="print the costs as data")


def command(args: argparse.Namespace) -> int:
    from ..inspection.cost import Comparison, cost_of_model
    from ..saving import load_model

    check_page(args)
    loaded = [load_model(name, compile=False) for name in args.models]
    costs = [cost_of_model(m, batch_size=args.batch, measure=args.measure, engine=args.engine) for m in loaded]
    found = Comparison(costs) if len(costs) > 1 else costs[0]
    if args.json:
        print(found.to_json())
    else:
        print(found)
    write_forms(found, args)
    return 0
