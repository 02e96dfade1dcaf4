"""``chainrule check FILE.py:function``: exit status 0 when the gradient is right, 1 when it is wrong."""

from __future__ import annotations

import argparse
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "function",
        metavar="FILE.py:FUNCTION",
        help="a function of tensors; its FUNCTION_backward in the same file, if any, is checked",
    )
    parser.add_argument(
        "values",
        nargs="*",
        metavar="NAME=VALUE",
        help="an argument: x=1.5, x=1,2,3, or a shape x=3x4 to be drawn at random; default: the function's own default",
    )
    parser.add_argument("--rtol", type=float, default=1e-6, help="largest relative error (default 1e-6)")
    parser.add_argument("--seed", type=int, default=0, help="of the random draws")
    parser.add_argument("--json", action="store_true", help="print the report as data")


def command(args: argparse.Namespace) -> int:
    from ..readings.check import check

    function, backward = load(args.function)
    points = _points(function, args.values, args.seed)
    report = check(function, *points, backward=backward, rtol=args.rtol, seed=args.seed)
    if args.json:
        import json

        print(json.dumps(report.to_dict(), indent=2))
    else:
        print(f"{args.function}" + (f", with its {function.__name__}_backward" if backward else ""))
        print(report)
    return report.exit_status


def load(target: str) -> tuple[Any, Any]:
    """The function named ``FILE.py:NAME`` and its hand-written ``NAME_backward``, or ``None``.

    Raises:
        ValueProblem: if the file or the function is not there, or the file does not run.
    """
    import importlib.util
    import sys
    from pathlib import Path

    from ..errors import ValueProblem

    path, colon, name = target.rpartition(":")
    if not colon or not path.endswith(".py") or not name.isidentifier():
        raise ValueProblem(f"{target!r}", "FILE.py:FUNCTION", "write e.g. model.py:loss")
    file = Path(path).resolve()
    if not file.is_file():
        raise ValueProblem(f"the file {path}, which is not there", "a Python file", "check the path")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueProblem(
            f"{path}, which does not run ({type(error).__name__}: {error})",
            "a file that imports",
            "run it with python first",
        ) from error
    finally:
        sys.path.remove(str(file.parent))
    function = getattr(module, name, None)
    if not callable(function):
        have = [n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", "") == module.__name__]
        raise ValueProblem(
            f"no function {name!r} in {path}", "one of its functions: " + (", ".join(have) or "none"), "check the name"
        )
    return function, getattr(module, name + "_backward", None)


def _points(function: Any, values: list[str], seed: int) -> list[Any]:
    import inspect
    import re

    from ..errors import ValueProblem
    from ..ops.random import SeedGenerator, normal
    from .expression import parse_value

    stream = SeedGenerator(seed, "points")
    given: dict[str, Any] = {}
    for text in values:
        name, _, value = text.partition("=")
        if re.fullmatch(r"\d+(x\d+)+|\d+x", value):
            given[name] = normal(tuple(int(n) for n in value.split("x") if n), dtype="float64", seed=stream)
        else:
            name, given[name] = parse_value(text)
    points = []
    for p in inspect.signature(function).parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.KEYWORD_ONLY):
            continue
        if p.name in given:
            points.append(given.pop(p.name))
        elif p.default is not p.empty:
            points.append(p.default)
        else:
            raise ValueProblem(
                f"no value for the argument {p.name!r}",
                "a value, a shape or a default for every argument",
                f"add {p.name}=3x4, or a default in the function",
            )
    if given:
        raise ValueProblem(
            f"values for {', '.join(given)}, which the function does not take",
            f"its arguments {', '.join(inspect.signature(function).parameters)}",
            "check the names",
        )
    return points
