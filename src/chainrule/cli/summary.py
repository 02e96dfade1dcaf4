"""``chainrule summary MODEL``: a saved model's layers, parameters, arithmetic and memory."""

from __future__ import annotations

import argparse

from .pictures import check_picture, picture_argument, print_picture_path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule summary`` to its parser."""
    parser.add_argument("model", help="a saved model, a file that ends in .chainrule")
    parser.add_argument("--measure", action="store_true", help="also measure the time and GFLOP/s on this machine")
    picture_argument(parser)


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule summary`` and return the exit status."""
    from ..figures.model_plot import plot_model
    from ..saving import load_model

    if args.plot:
        check_picture(args.plot)
    model = load_model(args.model, compile=False)
    model.summary(measure=args.measure)
    if args.plot:
        plot_model(model, args.plot, show_shapes=True, show_layer_activations=True)
        print_picture_path(args.plot)
    return 0
