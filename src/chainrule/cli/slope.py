"""``chainrule slope "a**3" a=2``: the difference quotient of a small step, beside the exact derivative."""

from __future__ import annotations

import argparse
import math
from typing import Any

from ..core.errors import DTypeError, ShapeError, ValueProblem
from ..core.terminal import echo
from ..draw.locale import translator
from ..graph import ancestors
from ..tensors.convert import tensor
from ..transforms.differentiate import gradients
from .expression import Expression, parse_values


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule slope`` to its parser."""
    add = parser.add_argument
    add("expression", help='such as "a**3" or "log(a)"')
    add("values", nargs="*", default=[], metavar="NAME=VALUE", help="the value of a variable, e.g. a=2")
    add("--nudge", type=float, default=0.001, help="the step, positive or negative (default 0.001)")


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule slope`` and return the exit status."""
    if not args.nudge or not math.isfinite(args.nudge):
        raise ValueProblem(f"a nudge of {args.nudge}", "a small number other than 0", "e.g. --nudge 0.001")
    expression = Expression(args.expression)
    values = parse_values(args.values)
    result = expression({name: v.value for name, v in values.items()})
    if not values:
        passed = f"{expression.text!r}, which has no variable"
        raise ValueProblem(passed, "a variable to nudge", 'e.g. slope "a**3" a=2')
    for name, shape in [("the result", result.shape), *((n, v.shape) for n, v in values.items())]:
        if shape != ():
            mend = "reduce it with sum(...), or pass one number"
            raise ShapeError(f"{name} of shape {shape}", "single numbers", mend)
    if result.dtype.kind != "f":
        raise DTypeError(f"a {result.dtype.name} result", "a float result", "leave the comparison out")
    for name, variable in values.items():
        value, moved = float(variable), float(variable) + args.nudge
        if moved == value or abs(moved) > 1e300:
            passed = f"a nudge of {args.nudge:g} at {name} = {value:g}"
            raise ValueProblem(passed, "one that changes it a little", "e.g. --nudge 0.001")
    nodes: list[Any] = ancestors([result])
    rules = dict.fromkeys(n.operation.gradient_note for n in reversed(nodes) if not n.operation.leaf and n.call is None)
    translate = translator()
    for name, variable in values.items():
        after = expression({n: tensor(v.numpy() + args.nudge) if n == name else v.value for n, v in values.items()})
        start, end = float(result), float(after)
        value, moved = float(variable), float(variable) + args.nudge
        echo(f"f({name}) = {expression.text}")
        echo(f"f({value:.10g}) = {start:.15g}")
        echo(f"f({moved:.10g}) = {end:.15g}")
        quotient = f"({end:.15g} - {start:.15g}) / {args.nudge:g} = {(end - start) / args.nudge:.10g}"
        echo(translate("slope by the nudge: {quotient}", quotient=quotient))
        exact = gradients(result, variable, unconnected="zero")
        echo(translate("exact: {slope}", slope=f"df/d{name} = {float(exact):.10g}"))
        for rule in rules:
            echo("  " + translate("rule: {rule}", rule=translate(rule)))
    return 0
