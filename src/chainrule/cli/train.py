"""``chainrule train boston``, ``train mnist --model cnn``, ``train FILE.csv --target COLUMN``."""

from __future__ import annotations

import argparse

from ..core.arguments import at_least
from ..core.errors import ValueProblem
from ..core.terminal import outlasting_output

IMAGES = ("mnist", "mnist_5k", "fashion_mnist", "cifar10", "digits")
MODELS = ("mlp", "cnn", "lenet", "inception")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule train`` to its parser."""
    add = parser.add_argument
    add("dataset", help=f"boston, one of {', '.join(IMAGES)}, or your own table, FILE.csv, with --target")
    add("--model", choices=MODELS, help="images: the model (default cnn)")
    add("--target", metavar="COLUMN", help="table: the column to predict")
    tasks = ["regression", "classification"]
    add("--task", choices=tasks, help="table: the task (default: by the target's values)")
    add("--out", metavar="FILE.chainrule", help="where to save the model (not boston)")
    add("--examples", type=int, help="images: how many to train on (default all)")
    add("--columns", help="boston: the columns, e.g. RM,LSTAT (default: first RM,LSTAT, then all 13)")
    add("--csv", metavar="FILE", help="boston: your own file with the same columns and MEDV")
    about = "boston: with step, train threshold perceptrons on AND, OR, two groups of points and XOR instead"
    add("--activation", choices=["linear", "step"], default="linear", help=about)
    add("--batch", type=int, default=32, help="examples in a mini-batch (default 32)")
    about = "passes over the data (default: boston 5000, 30 and 200 for the three methods; images 5; table 300)"
    add("--epochs", type=int, help=about)
    add("--seed", type=int, default=0, help="seed of the split, the weights and the order (default 0)")
    add("--explain", action="store_true", help="boston: explain one update number by number")
    about = "where to draw the curves (default chainrule-NAME.svg; '' for no picture)"
    add("--plot", metavar="FILE.svg", help=about)


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule train`` and return the exit status."""
    for name, value in (("--batch", args.batch), ("--epochs", args.epochs), ("--examples", args.examples)):
        if value is not None:
            at_least(1, **{name: value})
    if args.dataset == "boston":
        from .lessons.boston import train
    elif args.dataset in IMAGES:
        from .images import train
    elif args.dataset.lower().endswith(".csv"):
        from .table import train
    else:
        expected = f"boston, {', '.join(IMAGES)}, or a file that ends in .csv"
        raise ValueProblem(f"the data set {args.dataset[:80]!r}", expected, "check the spelling")
    with outlasting_output():  # the model is saved also if nobody reads the output to its end
        return train(args)
