"""``chainrule explain "3*(a+b*c)" a=5 b=3 c=2``, or ``chainrule explain MODEL --input x.npy --target y.npy``"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from .pictures import (
    check_page,
    check_picture,
    page_arguments,
    picture_argument,
    put_page,
    put_picture,
    write_forms,
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("expression", help='such as "3*(a+b*c)" or "sigmoid(w*x+b)"; or a file that ends in .chainrule')
    parser.add_argument("values", nargs="*", default=[], metavar="NAME=VALUE", help="a=5, or x=1,2,3 for a vector")
    parser.add_argument("--input", metavar="X.npy", help="of a model: a batch")
    parser.add_argument("--target", metavar="Y.npy", help="of a model: its targets; the loss is explained")
    parser.add_argument(
        "--entry",
        help="of a model without --target: the index of one number of the output, e.g. 0,3; by default the first "
        "example's largest",
    )
    parser.add_argument(
        "--digits", type=int, default=6, help="significant digits (default 6; 0: as many as give the number back)"
    )
    parser.add_argument(
        "--depth", type=int, default=None, help="fold scopes deeper than this (default: open everything)"
    )
    parser.add_argument(
        "--failed", action="store_true", help="run a FILE.py instead; draw how far its model came when it raises"
    )
    page_arguments(parser)
    picture_argument(parser)
    parser.add_argument("--json", action="store_true", help="print the explanation as data")


def command(args: argparse.Namespace) -> int:
    from ..core.errors import ValueProblem

    if not 0 <= args.digits <= 100:
        raise ValueProblem(f"--digits {args.digits}", "0 to 100", "e.g. --digits 6")
    if args.depth is not None and args.depth < 0:
        raise ValueProblem(f"--depth {args.depth}", "0 or more", "e.g. --depth 0")
    check_page(args)
    if args.failed:
        return _failed(args)
    title, explanation = _of_model(args) if args.expression.endswith(".chainrule") else _of_expression(args)
    shown = explanation if args.depth is None else explanation.fold(args.depth)
    if args.json:
        print(shown.to_json())
    elif not args.html or args.depth is not None or len(explanation.steps) <= 40:
        print(f"{explanation.result} = {title}\n")
        print(shown)
    write_forms(explanation, args, depth=args.depth)
    return 0


def _failed(args: argparse.Namespace) -> int:
    """Run a program; draw how far its model came, if it raises one of our errors. Exit status 1 if it did."""
    import runpy

    from ..core.errors import ChainruleError, ValueProblem
    from ..figures.failed import page

    picture = args.plot or ("" if args.html else "chainrule-failed.svg")
    if picture:
        check_picture(picture)
    if not os.path.isfile(args.expression):
        raise ValueProblem(f"--failed {args.expression}", "a Python file that is there", "check the path")
    arguments_before, path_before = sys.argv, list(sys.path)
    sys.argv = [args.expression]
    sys.path.insert(0, os.path.dirname(os.path.abspath(args.expression)))  # as python itself does
    try:
        runpy.run_path(args.expression, run_name="__main__")
    except ChainruleError as error:
        print(f"{type(error).__name__}: {error}")
        if picture:
            put_picture(picture, error.to_svg())
        if args.html:
            put_page(args.html, page(error))
        return 1
    except (Exception, SystemExit) as error:
        if isinstance(error, SystemExit) and error.code in (None, 0):
            return 0
        raise ValueProblem(
            f"{args.expression}, which ended with {type(error).__name__}: {error}",
            "a program that runs, or raises one of chainrule's errors",
            "run it with python first",
        ) from error
    finally:
        sys.argv, sys.path[:] = arguments_before, path_before
    print(f"{args.expression} ran without an error")
    return 0


def _of_expression(args: argparse.Namespace) -> tuple[str, Any]:
    _only(args, "of a model", "input", "target", "entry")
    from ..analysis.explain import explain
    from ..core.errors import ShapeError, ValueProblem
    from .expression import Expression, parse_values

    expression = Expression(args.expression)
    values = parse_values(args.values)
    result = expression({name: v.value for name, v in values.items()})
    if result.size != 1:
        raise ShapeError(
            f"a result of shape {result.shape}",
            "one number",
            "reduce it, e.g. with sum(...)",
            f"the expression {expression.shown}",
        )
    if not values:
        raise ValueProblem(f"{expression.text!r}, which has no name", "a name with a value", 'e.g. explain "a*2" a=5')
    return expression.text, explain(result, digits=args.digits or None)


def _of_model(args: argparse.Namespace) -> tuple[str, Any]:
    _only(args, "of an expression", "values")
    from ..core.errors import ValueProblem
    from ..saving import load_model

    if not args.input:
        raise ValueProblem(f"the model {args.expression} without --input", "a batch", "e.g. --input x.npy")
    model = load_model(args.expression)
    y = _array(args.target, "--target") if args.target else None
    entry = _index(args.entry) if args.entry else None
    found = model.explain(_array(args.input, "--input"), y, entry, digits=args.digits or None)
    return f"{'the loss' if y is not None else 'an output'} of {model.name!r}", found


def _only(args: argparse.Namespace, whose: str, *options: str) -> None:
    """Options that are not for what is explained are refused: nobody would see that they do nothing."""
    from ..core.errors import ValueProblem

    for option in options:
        if given := getattr(args, option):
            shown = " ".join(given) if isinstance(given, list) else f"--{option} {given}"
            raise ValueProblem(f"{shown}, which is {whose}", f"{args.expression} without it", "leave it out")


def _array(path: str, option: str) -> Any:
    import numpy as np

    from ..core.errors import ValueProblem

    try:
        found = np.load(path, allow_pickle=False)
        if not isinstance(found, np.ndarray):
            raise ValueError("an archive, or something else")
        return found
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueProblem(
            f"{option} {os.path.basename(path)} ({reason})", "an array in an .npy file", "write it with np.save"
        ) from None


def _index(text: str) -> tuple[int, ...]:
    from ..core.errors import ValueProblem

    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise ValueProblem(f"--entry {text}", "whole numbers, one an axis", "e.g. --entry 0,3") from None
