"""``chainrule descent boston``: ways down the loss of one perceptron with a weight and a bias."""

from __future__ import annotations

import argparse

from .pictures import check_page, page_arguments, picture_argument, write_forms


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", choices=["boston"], help="Boston's houses: the price by one column")
    parser.add_argument("--column", default="RM", help="which column (default RM, the rooms of a house)")
    parser.add_argument("--rate", type=float, default=0.05, help="the learning rate of all ways (default 0.05)")
    parser.add_argument("--rates", type=float, nargs="+", metavar="RATE", help="full-batch descent at each of these")
    parser.add_argument("--updates", type=int, default=60, help="of each way (default 60)")
    parser.add_argument("--seeds", type=int, default=3, help="orders of the data for each way (default 3)")
    page_arguments(parser, "chainrule-descent.html")
    picture_argument(parser)


def command(args: argparse.Namespace) -> int:
    import numpy as np

    from .. import layers
    from ..core.errors import ValueProblem
    from ..datasets import boston
    from ..inspection.descent import descent
    from ..models import Sequential

    check_page(args)
    table = boston.load()
    if args.column not in table.columns:
        raise ValueProblem(f"--column {args.column}", f"one of {', '.join(table.columns)}", "e.g. --column LSTAT")
    for rate in args.rates or [args.rate]:
        if not 0 < rate < np.inf:
            raise ValueProblem(f"the learning rate {rate}", "more than 0", "e.g. --rate 0.05")
    x = table.x[:, [table.columns.index(args.column)]]
    x, y = (x - x.mean()) / x.std(), (table.y - table.y.mean()) / table.y.std()
    model = Sequential([layers.Input((1,)), layers.Dense(1, name="perceptron")], name="boston")
    model.compile(loss="mse")
    model.set_weights([np.full((1, 1), -1.5), np.full(1, -1.0)])
    found = descent(
        model, x, y, learning_rate=args.rate, learning_rates=args.rates, updates=args.updates, seeds=args.seeds
    )
    print(found)
    write_forms(found, args)
    return 0
