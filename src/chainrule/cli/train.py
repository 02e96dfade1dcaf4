"""``chainrule train boston``, ``train mnist --model cnn``, ``train FILE.csv --target COLUMN``."""

from __future__ import annotations

import argparse

IMAGES = ("mnist", "mnist_5k", "fashion_mnist", "cifar10", "digits")
MODELS = ("mlp", "cnn", "lenet", "inception")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule train`` to its parser."""
    parser.add_argument(
        "dataset", help=f"boston, one of {', '.join(IMAGES)}, or your own table, FILE.csv, with --target"
    )
    parser.add_argument("--model", choices=MODELS, default=None, help="images: the model (default cnn)")
    parser.add_argument("--target", metavar="COLUMN", help="table: the column to predict")
    parser.add_argument(
        "--task", choices=["regression", "classification"], help="table: the task (default: by the target's values)"
    )
    parser.add_argument("--out", metavar="FILE.chainrule", help="where to save the model (not boston)")
    parser.add_argument("--examples", type=int, help="images: how many to train on (default all)")
    parser.add_argument("--columns", help="boston: the columns, e.g. RM,LSTAT (default: first RM,LSTAT, then all 13)")
    parser.add_argument("--csv", metavar="FILE", help="boston: your own file with the same columns and MEDV")
    parser.add_argument(
        "--activation",
        choices=["linear", "step"],
        default="linear",
        help="boston: with step, train threshold perceptrons on AND, OR, two groups of points and XOR instead",
    )
    parser.add_argument("--batch", type=int, default=32, help="examples in a mini-batch (default 32)")
    parser.add_argument(
        "--epochs",
        type=int,
        help="passes over the data (default: boston 5000, 30 and 200 for the three methods; images 5; table 300)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the split, the weights and the order (default 0)")
    parser.add_argument("--explain", action="store_true", help="boston: explain one update number by number")
    parser.add_argument(
        "--plot",
        metavar="FILE.svg",
        default=None,
        help="where to draw the curves (default chainrule-NAME.svg; '' for no picture)",
    )


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule train`` and return the exit status."""
    from ..core.arguments import at_least
    from ..core.errors import ValueProblem

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
        raise ValueProblem(
            f"the data set {args.dataset[:80]!r}",
            f"boston, {', '.join(IMAGES)}, or a file that ends in .csv",
            "check the spelling",
        )
    return train(args)
