"""``chainrule check FILE.py:function``: exit status 0 when the gradient is right, 1 when it is wrong."""

from __future__ import annotations

import argparse
from typing import Any

from .pictures import check_page, page_arguments, write_forms


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "function",
        metavar="FILE.py:FUNCTION",
        help="a function of tensors; its FUNCTION_backward in the same file, if any, is checked",
    )
    parser.add_argument(
        "values",
        nargs="*",
        default=[],
        metavar="NAME=VALUE",
        help="an argument: x=1.5, x=1,2,3, or a shape x=3x4 to be drawn at random; default: the function's own default",
    )
    parser.add_argument("--rtol", type=float, default=1e-6, help="largest relative error (default 1e-6)")
    parser.add_argument("--seed", type=int, default=0, help="of the random draws")
    parser.add_argument("--json", action="store_true", help="print the report as data")
    page_arguments(parser)


def command(args: argparse.Namespace) -> int:
    import contextlib
    import io
    import math

    from ..analysis.check import check
    from ..core.errors import ValueProblem
    from ..draw.locale import translator

    if not 0 < args.rtol < math.inf:
        raise ValueProblem(f"--rtol {args.rtol}", "a small positive number", "e.g. --rtol 1e-6")
    check_page(args)
    function, backward = load(args.function)
    points, settings = _points(function, args.values, args.seed)
    printed = io.StringIO() if args.json else None  # with --json nothing but JSON may reach stdout
    with contextlib.redirect_stdout(printed) if printed else contextlib.nullcontext():
        report = check(function, *points, backward=backward, rtol=args.rtol, seed=args.seed, **settings)
    if not report.entries and not report.problems:
        raise ValueProblem(
            f"{args.function} at a point without float entries", "something to compare", "give it a number, e.g. x=0.5"
        )
    if args.json:
        print(report.to_json())
    else:
        name = getattr(function, "__name__", args.function)
        translate = translator()
        print(args.function + (translate(", with its {name}", name=f"{name}_backward") if backward else ""))
        right, every = report.points
        print(translate("points: {right} of {every} gradients right", right=right, every=every))
        print(report)
    write_forms(report, args)
    return report.exit_status


def load(target: str) -> tuple[Any, Any]:
    """The function named ``FILE.py:NAME`` and its hand-written ``NAME_backward``, or ``None``.

    Raises:
        ValueProblem: if the file or the function is not there, or the file does not run.
    """
    import importlib.util
    import sys
    from pathlib import Path

    from ..core.errors import ValueProblem

    path, colon, name = target.rpartition(":")
    if not colon or not path.endswith(".py") or not name.isidentifier():
        raise ValueProblem(f"{target!r}", "FILE.py:FUNCTION", "write e.g. model.py:loss")
    file = Path(path).resolve()
    if not file.is_file():
        raise ValueProblem(f"the file {path}, which is not there", "a Python file", "check the path")
    spec = importlib.util.spec_from_file_location(f"checked_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.parent))
    before = sys.modules.get(spec.name)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ValueProblem(
            f"{path}, which does not run ({type(error).__name__}: {error})",
            "a file that imports",
            "run it with python first",
        ) from error
    finally:
        if before is None:
            del sys.modules[spec.name]
        else:
            sys.modules[spec.name] = before
    function = getattr(module, name, None)
    if not callable(function) or getattr(function, "__module__", spec.name) != spec.name:
        have = [n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", "") == module.__name__]
        shown = ", ".join(have[:20]) + (" ..." if len(have) > 20 else "")
        raise ValueProblem(
            f"no function {name!r} in {path}", "one of its functions: " + (shown or "none"), "check the name"
        )
    return function, getattr(module, name + "_backward", None)


def _points(function: Any, values: list[str], seed: int) -> tuple[list[Any], dict[str, Any]]:
    """The positional arguments to check at, and the keyword-only ones."""
    import inspect

    from ..core.errors import ValueProblem
    from ..ops.random import SeedGenerator

    stream = SeedGenerator(seed, "points")
    given: dict[str, Any] = {}
    for text in values:
        name, value = _point(text, stream)
        if name in given:
            raise ValueProblem(f"{name} twice", "one value a name", "remove one of them")
        given[name] = value
    points: list[Any] = []
    settings: dict[str, Any] = {}
    parameters = inspect.signature(function).parameters
    for p in parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            continue
        if p.name not in given and p.default is p.empty:
            raise ValueProblem(
                f"no value for the argument {p.name!r}",
                "a value, a shape or a default for every argument",
                f"add {p.name}=3x4, or a default in the function",
            )
        value = given.pop(p.name, p.default)
        if p.kind is p.KEYWORD_ONLY:
            settings[p.name] = value
        else:
            points.append(value)
    if given:
        raise ValueProblem(
            f"values for {', '.join(given)}, which the function does not take",
            f"its arguments {', '.join(parameters) or '(none)'}",
            "check the names",
        )
    return points, settings


def _point(text: str, stream: Any) -> tuple[str, Any]:
    """``x=1.5`` or ``x=1,2`` as numbers; ``x=3x4`` as an array of that shape, drawn at random."""
    import math
    import re

    from ..core.errors import ValueProblem
    from ..ops.random import normal
    from .expression import parse_value

    name, _, value = text.partition("=")
    if not re.fullmatch(r"\d+(x\d+)+|\d+x", value) or not name.isidentifier():
        return parse_value(text)
    shape = tuple(int(n) for n in value.split("x") if n)
    if not 0 < math.prod(shape) <= 10**7 or len(shape) > 32:
        raise ValueProblem(
            f"the shape {value[:40]} for {name}", "1 to 10,000,000 entries, at most 32 axes", "choose a smaller one"
        )
    return name, normal(shape, dtype="float64", seed=stream)
