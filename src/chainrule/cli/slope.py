"""``chainrule slope "a**3" a=2``: nudge the variable and see the slope, beside the exact derivative."""

from __future__ import annotations

import argparse
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("expression", help='such as "a**3" or "log(a)"')
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE", help="a=2")
    parser.add_argument("--nudge", type=float, default=0.001, help="how far to move (default 0.001)")


def command(args: argparse.Namespace) -> int:
    import math

    from ..errors import ShapeError, ValueProblem
    from ..graph import ancestors
    from ..readings.differentiate import gradients
    from ..tensor import tensor
    from .expression import Expression, parse_values

    if not args.nudge or not math.isfinite(args.nudge):
        raise ValueProblem(f"a nudge of {args.nudge}", "a small number other than 0", "e.g. --nudge 0.001")
    expression = Expression(args.expression)
    values = parse_values(args.values)
    here = expression({name: v.value for name, v in values.items()})
    if here.size != 1:
        raise ShapeError(f"a result of shape {here.shape}", "one number", "reduce it, e.g. with sum(...)")
    order: list[Any] = ancestors([here])
    rules = list(
        dict.fromkeys(n.operation.says for n in reversed(order) if not n.operation.leaf and n.operation.name != "pick")
    )
    for name, variable in values.items():
        if variable.size != 1:
            raise ShapeError(f"{name} of shape {variable.shape}", "one number to nudge", "give single numbers")
        there = expression({n: tensor(v.numpy() + args.nudge) if n == name else v.value for n, v in values.items()})
        start, end = float(here.numpy().item()), float(there.numpy().item())
        at, moved = float(variable), float(variable) + args.nudge
        print(f"f({name}) = {expression.text}")
        print(f"f({at:.10g}) = {start:.10g}")
        print(f"f({moved:.10g}) = {end:.10g}")
        print(f"slope by the nudge: ({end:.10g} - {start:.10g}) / {args.nudge:g} = {(end - start) / args.nudge:.10g}")
        exact = gradients(here, variable, here.numpy() * 0 + 1, unconnected="zero")
        print(f"exact: df/d{name} = {float(exact.numpy().item()):.10g}")
        for rule in rules:
            print(f"  rule: {rule}")
    if not values:
        raise ValueProblem(
            f"{expression.text!r} without a variable", "a variable to nudge", 'write e.g. slope "a**3" a=2'
        )
    return 0
