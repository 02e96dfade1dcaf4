"""``chainrule explain "3*(a+b*c)" a=5 b=3 c=2``, or ``chainrule explain MODEL --input x.npy --target y.npy``"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from typing import Any

from ..core.arguments import at_least, between
from ..core.errors import ChainruleError, ShapeError, ValueProblem
from ..core.terminal import echo
from .expression import Expression, parse_values
from .pictures import (
    check_picture,
    page_arguments,
    picture_argument,
    prepare_output,
    write_outputs,
    write_page,
    write_picture,
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule explain`` to its parser."""
    add = parser.add_argument
    add("expression", help='such as "3*(a+b*c)" or "sigmoid(w*x+b)"; or a saved model, FILE.chainrule')
    add("values", nargs="*", default=[], metavar="NAME=VALUE", help="a=5, or x=1,2,3 for a vector")
    add("--input", metavar="X.npy", help="for a model: a batch of inputs")
    add("--target", metavar="Y.npy", help="for a model: the targets; the loss is then explained")
    which = "the index of the output entry to explain, e.g. 0,3 (default: the largest of the first example)"
    add("--entry", metavar="INDEX", help=f"for a model without --target: {which}")
    add("--digits", type=int, default=6, help="significant digits (default 6; 0 for as many as each number needs)")
    add("--depth", type=int, help="fold layers and functions nested deeper than this (default: show everything)")
    about = "run a Python program, FILE.py, and if it raises one of chainrule's errors draw the layers up to it"
    add("--failed", action="store_true", help=about)
    page_arguments(parser)
    picture_argument(parser)
    add("--json", action="store_true", help="print the explanation as JSON")


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule explain`` and return the exit status."""
    between(0, 100, **{"--digits": args.digits})
    if args.depth is not None:
        at_least(0, **{"--depth": args.depth})
    prepare_output(args)
    if args.failed:
        return _run_and_draw_failure(args)
    is_model = args.expression.endswith(".chainrule")
    title, explanation = _explain_model(args) if is_model else _explain_expression(args)
    shown = explanation if args.depth is None else explanation.fold(args.depth)
    if args.json:
        echo(shown.to_json())
    elif not args.html or args.depth is not None or len(explanation.steps) <= 40:
        echo(f"{explanation.result} = {title}\n")
        echo(shown)
    write_outputs(explanation, args, depth=args.depth)
    return 0


def _run_and_draw_failure(args: argparse.Namespace) -> int:
    """Run a program; if it raises one of chainrule's errors, draw the layers up to it and return 1."""
    from ..figures.failed import page

    picture = args.plot or ("" if args.html else "chainrule-failed.svg")
    if picture:
        check_picture(picture)
    if not os.path.isfile(args.expression):
        raise ValueProblem(f"--failed {args.expression}", "a Python file that exists", "check the path")
    previous_argv, previous_path = sys.argv, list(sys.path)
    sys.argv = [args.expression]
    sys.path.insert(0, os.path.dirname(os.path.abspath(args.expression)))  # as Python itself does
    try:
        runpy.run_path(args.expression, run_name="__main__")
    except ChainruleError as error:
        echo(f"{type(error).__name__}: {error}")
        if picture:
            write_picture(picture, error.to_svg())
        if args.html:
            write_page(args.html, page(error))
        return 1
    except (Exception, SystemExit) as error:
        if isinstance(error, SystemExit) and error.code in (None, 0):
            return 0
        passed = f"{args.expression}, which ended with {type(error).__name__}: {error}"
        expected = "a program that runs, or raises one of chainrule's errors"
        raise ValueProblem(passed, expected, "run it with python first") from error
    finally:
        sys.argv, sys.path[:] = previous_argv, previous_path
    echo(f"{args.expression} ran without an error")
    return 0


def _explain_expression(args: argparse.Namespace) -> tuple[str, Any]:
    _refuse_options(args, "of a model", "input", "target", "entry")
    from ..analysis.explain import explain

    expression = Expression(args.expression)
    values = parse_values(args.values)
    result = expression({name: v.value for name, v in values.items()})
    if result.size != 1:
        passed, where = f"a result of shape {result.shape}", f"the expression {expression.shown}"
        raise ShapeError(passed, "one number", "reduce it, e.g. with sum(...)", where)
    if not values:
        passed = f"{expression.text!r}, which has no variable"
        raise ValueProblem(passed, "a variable and its value", 'e.g. explain "a*2" a=5')
    return expression.text, explain(result, digits=args.digits or None)


def _explain_model(args: argparse.Namespace) -> tuple[str, Any]:
    _refuse_options(args, "of an expression", "values")
    from ..saving import load_model

    if not args.input:
        raise ValueProblem(f"the model {args.expression} without --input", "a batch", "e.g. --input x.npy")
    model = load_model(args.expression)
    y = _load_array(args.target, "--target") if args.target else None
    entry = _parse_index(args.entry) if args.entry else None
    explanation = model.explain(_load_array(args.input, "--input"), y, entry, digits=args.digits or None)
    return f"{'the loss' if y is not None else 'an output'} of {model.name!r}", explanation


def _refuse_options(args: argparse.Namespace, whose: str, *options: str) -> None:
    """Raise ValueProblem for options that would have no effect."""
    for option in options:
        if value := getattr(args, option):
            shown = " ".join(value) if isinstance(value, list) else f"--{option} {value}"
            raise ValueProblem(f"{shown}, which is {whose}", f"{args.expression} without it", "leave it out")


def _load_array(path: str, option: str) -> Any:
    from ..datasets.files import read_npy

    try:
        return read_npy(path)
    except ChainruleError as error:
        raise ValueProblem(f"{option} {error.passed}", error.expected, error.mend) from None


def _parse_index(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise ValueProblem(f"--entry {text}", "whole numbers, one for each axis", "e.g. --entry 0,3") from None
