"""``chainrule descent boston``: the paths of optimizers on the loss of one perceptron with a weight and a bias."""

from __future__ import annotations

import argparse

from .pictures import page_arguments, picture_argument, prepare_output, write_outputs


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule descent`` to its parser."""
    parser.add_argument("data", choices=["boston"], help="Boston's houses: their price from one column")
    parser.add_argument("--column", default="RM", help="the column (default RM, the number of rooms)")
    parser.add_argument("--rate", type=float, default=0.05, help="learning rate of all optimizers (default 0.05)")
    parser.add_argument(
        "--rates", type=float, nargs="+", metavar="RATE", help="full-batch descent at these rates instead"
    )
    parser.add_argument("--updates", type=int, default=60, help="updates of each path (default 60)")
    parser.add_argument(
        "--seeds", type=int, default=3, help="paths of each optimizer, by the order of the data (default 3)"
    )
    page_arguments(parser, "chainrule-descent.html")
    picture_argument(parser)


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule descent`` and return the exit status."""
    import numpy as np

    from .. import layers
    from ..core.arguments import finite, one_of
    from ..datasets import boston
    from ..inspection.descent import descent
    from ..models import Sequential

    prepare_output(args)
    table = boston.load()
    one_of(table.columns, **{"--column": args.column})
    for rate in args.rates or [args.rate]:
        finite(above=0, **{"--rates" if args.rates else "--rate": rate})
    x = table.x[:, [table.columns.index(args.column)]]
    x, y = (x - x.mean()) / x.std(), (table.y - table.y.mean()) / table.y.std()
    model = Sequential([layers.Input((1,)), layers.Dense(1, name="perceptron")], name="boston")
    model.compile(loss="mse")
    model.set_weights([np.full((1, 1), -1.5), np.full(1, -1.0)])
    result = descent(
        model, x, y, learning_rate=args.rate, learning_rates=args.rates, updates=args.updates, seeds=args.seeds
    )
    print(result)
    write_outputs(result, args)
    return 0
