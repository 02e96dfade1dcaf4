"""``chainrule explain "3*(a+b*c)" a=5 b=3 c=2``"""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("expression", help='such as "3*(a+b*c)" or "sigmoid(w*x+b)"')
    parser.add_argument("values", nargs="*", default=[], metavar="NAME=VALUE", help="a=5, or x=1,2,3 for a vector")
    parser.add_argument(
        "--digits", type=int, default=6, help="significant digits (default 6; 0: as many as give the number back)"
    )
    parser.add_argument(
        "--depth", type=int, default=None, help="fold scopes deeper than this (default: open everything)"
    )
    parser.add_argument("--json", action="store_true", help="print the explanation as data")


def command(args: argparse.Namespace) -> int:
    from ..errors import ShapeError, ValueProblem
    from ..readings.explain import explain
    from .expression import Expression, parse_values

    if not 0 <= args.digits <= 100:
        raise ValueProblem(f"--digits {args.digits}", "0 to 100", "e.g. --digits 6")
    if args.depth is not None and args.depth < 0:
        raise ValueProblem(f"--depth {args.depth}", "0 or more", "e.g. --depth 0")
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
    explanation = explain(result, depth=args.depth, digits=args.digits or None)
    if args.json:
        import json

        print(json.dumps(explanation.to_dict(), indent=2))
    else:
        print(f"{explanation.result} = {expression.text}\n")
        print(explanation)
    return 0
