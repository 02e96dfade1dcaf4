"""``chainrule how conv2d``: an operation with loops, vectorised and compiled, with times."""

from __future__ import annotations

import argparse

from .pictures import check_page, page_arguments, picture_argument, write_forms


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="+", help='conv2d, "max pooling", dense, softmax, "logistic regression"')
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="sizes to try (default: four)")
    page_arguments(parser)
    picture_argument(parser)


def command(args: argparse.Namespace) -> int:
    from ..inspection.how import how

    check_page(args)
    found = how(" ".join(args.name), args.sizes)
    print(found)
    write_forms(found, args)
    return 0
