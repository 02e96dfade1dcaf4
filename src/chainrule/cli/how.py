"""``chainrule how conv2d``: an operation with loops, vectorised and compiled, with times."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="+", help='conv2d, "max pooling", dense, softmax, "logistic regression"')
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="sizes to try (default: four)")
    parser.add_argument("--html", metavar="FILE.html", help="write a page")
    parser.add_argument("--language", default="en", help="of the page: en or ko")


def command(args: argparse.Namespace) -> int:
    from ..figures.how import how
    from ..figures.words import catalogue
    from .pictures import check_place, write_page

    if args.html:
        catalogue(args.language)
        check_place(args.html, "--html")
    found = how(" ".join(args.name), args.sizes)
    print(found)
    if args.html:
        write_page(args.html, found.to_html(args.language))
    return 0
