"""``chainrule train boston``, ``train mnist --model cnn``, ``train FILE.csv --target COLUMN``."""

from __future__ import annotations

import argparse

IMAGES = ("mnist", "mnist_5k", "fashion_mnist", "cifar10", "digits")
MODELS = ("mlp", "cnn", "lenet", "inception")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "dataset", help=f"boston, one of {', '.join(IMAGES)}, or a table of your own: FILE.csv with --target"
    )
    parser.add_argument("--model", choices=MODELS, default=None, help="for images (default cnn)")
    parser.add_argument("--target", metavar="COLUMN", help="of your own table: what to predict")
    parser.add_argument("--task", choices=["regression", "classification"], help="default: decided by the target")
    parser.add_argument("--out", metavar="FILE.chainrule", help="where to save the model")
    parser.add_argument("--examples", type=int, help="of images: how many to learn from (default all)")
    parser.add_argument("--columns", help="boston: such as RM,LSTAT; default: RM,LSTAT first, then all 13")
    parser.add_argument("--csv", metavar="FILE", help="boston: a file of your own with the same columns and MEDV")
    parser.add_argument(
        "--activation",
        choices=["linear", "step"],
        default="linear",
        help="boston: step: the threshold perceptron on AND, OR, two groups of points, and XOR",
    )
    parser.add_argument("--batch", type=int, default=32, help="examples in a mini-batch (default 32)")
    parser.add_argument(
        "--epochs",
        type=int,
        help="passes over the data (boston: full-batch 5000, stochastic 30, mini-batch 200; images 5; tables 300)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the split, the weights and the order (default 0)")
    parser.add_argument("--explain", action="store_true", help="boston: one update explained number by number")
    parser.add_argument(
        "--plot",
        metavar="FILE.svg",
        default=None,
        help="where to draw the curves (default chainrule-NAME.svg); '' for nowhere",
    )


def command(args: argparse.Namespace) -> int:
    from ..core.errors import ValueProblem

    for name, value in (("--batch", args.batch), ("--epochs", args.epochs), ("--examples", args.examples)):
        if value is not None and value < 1:
            raise ValueProblem(f"{name} {value}", "a whole number from 1 up", f"e.g. {name} 32")
    if args.dataset == "boston":
        from .lessons.boston import learn
    elif args.dataset in IMAGES:
        from .images import learn
    elif args.dataset.lower().endswith(".csv"):
        from .table import learn
    else:
        raise ValueProblem(
            f"the data set {args.dataset[:80]!r}",
            f"boston, {', '.join(IMAGES)}, or a file that ends in .csv",
            "check the spelling",
        )
    return learn(args)
