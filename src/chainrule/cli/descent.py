"""``chainrule descent boston``: the paths of optimizers on the loss of one perceptron with a weight and a bias."""

from __future__ import annotations

import argparse

import numpy as np

from ..core.arguments import finite, one_of
from .pictures import page_arguments, picture_argument, prepare_output, show


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule descent`` to its parser."""
    add = parser.add_argument
    add("data", choices=["boston"], help="Boston's houses: their price from one column")
    add("--column", default="RM", help="the column (default RM, the number of rooms)")
    add("--rate", type=float, default=0.05, help="learning rate of all optimizers (default 0.05)")
    add("--rates", type=float, nargs="+", metavar="RATE", help="full-batch descent at these rates instead")
    add("--updates", type=int, default=60, help="updates of each path (default 60)")
    add("--seeds", type=int, default=3, help="paths of each optimizer, by the order of the data (default 3)")
    page_arguments(parser, "chainrule-descent.html")
    picture_argument(parser)


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule descent`` and return the exit status."""
    from .. import layers
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
    options = {"learning_rate": args.rate, "learning_rates": args.rates, "updates": args.updates, "seeds": args.seeds}
    return show(descent(model, x, y, **options), args)
