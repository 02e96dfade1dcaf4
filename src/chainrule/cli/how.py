"""``chainrule how conv2d``: an operation written with loops, vectorised and compiled, with times."""

from __future__ import annotations

import argparse

from .pictures import page_arguments, picture_argument, prepare_output, show


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule how`` to its parser."""
    about = 'conv2d, "max pooling", dense, softmax, perceptron (RSS and gradient) or "logistic regression"'
    parser.add_argument("name", nargs="+", help=about)
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="input sizes to compare (default: four)")
    page_arguments(parser)
    picture_argument(parser)


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule how`` and return the exit status."""
    from ..inspection.how import how

    prepare_output(args)
    return show(how(" ".join(args.name), args.sizes), args)
