"""``chainrule slope "a**3" a=2``: nudge the variable and see the slope, beside the exact derivative."""

from __future__ import annotations

import argparse
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("expression", help='such as "a**3" or "log(a)"')
    parser.add_argument("values", nargs="*", default=[], metavar="NAME=VALUE", help="a=2")
    parser.add_argument("--nudge", type=float, default=0.001, help="how far to move (default 0.001)")


def command(args: argparse.Namespace) -> int:
    import math

    from ..core.errors import DTypeError, ShapeError, ValueProblem
    from ..graph import ancestors
    from ..tensors.tensor import tensor
    from ..transforms.differentiate import gradients
    from .expression import Expression, parse_values

    if not args.nudge or not math.isfinite(args.nudge):
        raise ValueProblem(f"a nudge of {args.nudge}", "a small number other than 0", "e.g. --nudge 0.001")
    expression = Expression(args.expression)
    values = parse_values(args.values)
    here = expression({name: v.value for name, v in values.items()})
    if not values:
        raise ValueProblem(
            f"{expression.text!r}, which has no variable", "a variable to nudge", 'e.g. slope "a**3" a=2'
        )
    for name, shape in [("the result", here.shape), *((n, v.shape) for n, v in values.items())]:
        if shape != ():
            raise ShapeError(
                f"{name} of shape {shape}", "single numbers", "reduce it with sum(...), or give one number"
            )
    if here.dtype.kind != "f":
        raise DTypeError(f"a {here.dtype.name} result", "a real number that moves", "leave the comparison out")
    for name, variable in values.items():
        at, moved = float(variable), float(variable) + args.nudge
        if moved == at or abs(moved) > 1e300:
            raise ValueProblem(
                f"a nudge of {args.nudge:g} at {name} = {at:g}", "one that moves it a little", "e.g. --nudge 0.001"
            )
    order: list[Any] = ancestors([here])
    rules = dict.fromkeys(
        n.operation.gradient_note for n in reversed(order) if not n.operation.leaf and n.operation.name != "get_output"
    )
    for name, variable in values.items():
        there = expression({n: tensor(v.numpy() + args.nudge) if n == name else v.value for n, v in values.items()})
        start, end = float(here), float(there)
        at, moved = float(variable), float(variable) + args.nudge
        print(f"f({name}) = {expression.text}")
        print(f"f({at:.10g}) = {start:.15g}")
        print(f"f({moved:.10g}) = {end:.15g}")
        print(f"slope by the nudge: ({end:.15g} - {start:.15g}) / {args.nudge:g} = {(end - start) / args.nudge:.10g}")
        exact = gradients(here, variable, unconnected="zero")
        print(f"exact: df/d{name} = {float(exact):.10g}")
        for rule in rules:
            print(f"  rule: {rule}")
    return 0
