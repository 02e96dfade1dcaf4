"""``chainrule summary MODEL``: a saved model's layers, parameters, multiplies and memory."""

from __future__ import annotations

import argparse

from .pictures import check_picture, picture_argument, told_picture


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a file that ends in .chainrule")
    parser.add_argument("--measure", action="store_true", help="also milliseconds and GFLOP/s on this machine")
    picture_argument(parser)


def command(args: argparse.Namespace) -> int:
    from ..figures.model_plot import plot_model
    from ..saving import load_model

    if args.plot:
        check_picture(args.plot)
    model = load_model(args.model, compile=False)
    model.summary(measure=args.measure)
    if args.plot:
        plot_model(model, args.plot, show_shapes=True, show_layer_activations=True)
        told_picture(args.plot)
    return 0
