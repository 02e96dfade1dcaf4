"""``chainrule check FILE.py:function``: exit status 0 when the gradient is right, 1 when it is wrong."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import inspect
import io
import math
import re
import sys
from pathlib import Path
from typing import Any

from ..core.arguments import finite
from ..core.errors import ValueProblem
from ..core.terminal import echo
from ..draw.locale import translator
from ..ops.random import SeedGenerator, normal
from .expression import parse_value
from .pictures import page_arguments, prepare_output, write_outputs


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule check`` to its parser."""
    add = parser.add_argument
    about = "a function of tensors; its FUNCTION_backward in the same file, if there is one, is checked"
    add("function", metavar="FILE.py:FUNCTION", help=about)
    about = "an argument: x=1.5, x=1,2,3, or a shape x=3x4 for random numbers; default: the function's own"
    add("values", nargs="*", default=[], metavar="NAME=VALUE", help=about)
    add("--rtol", type=float, default=1e-6, help="largest relative error allowed (default 1e-6)")
    add("--seed", type=int, default=0, help="seed of the random numbers (default 0)")
    add("--json", action="store_true", help="print the report as JSON")
    page_arguments(parser)


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule check`` and return the exit status."""
    from ..analysis.check import check

    finite(above=0, **{"--rtol": args.rtol})
    prepare_output(args)
    function, backward = load(args.function)
    points, settings = _parse_arguments(function, args.values, args.seed)
    printed = io.StringIO() if args.json else None  # with --json only JSON may reach stdout
    with contextlib.redirect_stdout(printed) if printed else contextlib.nullcontext():
        report = check(function, *points, backward=backward, rtol=args.rtol, seed=args.seed, **settings)
    if not report.entries and not report.problems:
        passed = f"{args.function} at a point without float entries"
        raise ValueProblem(passed, "an argument of floats", "pass a number, e.g. x=0.5")
    if args.json:
        echo(report.to_json())
    else:
        name = getattr(function, "__name__", args.function)
        translate = translator()
        echo(args.function + (translate(", with its {name}", name=f"{name}_backward") if backward else ""))
        right, total = report.points
        echo(translate("points: {right} of {every} gradients right", right=right, every=total))
        echo(report)
    write_outputs(report, args)
    return report.exit_status


def load(target: str) -> tuple[Any, Any]:
    """Return the function named ``FILE.py:NAME`` and its hand-written ``NAME_backward``, or ``None``.

    Raises:
        ValueProblem: if the file or the function does not exist, or the file does not run.
    """
    path, colon, name = target.rpartition(":")
    if not colon or not path.endswith(".py") or not name.isidentifier():
        raise ValueProblem(f"{target!r}", "FILE.py:FUNCTION", "write e.g. model.py:loss")
    file = Path(path).resolve()
    if not file.is_file():
        raise ValueProblem(f"the file {path}, which does not exist", "a Python file", "check the path")
    spec = importlib.util.spec_from_file_location(f"checked_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.parent))
    previous = sys.modules.get(spec.name)
    sys.modules[spec.name] = module  # where dataclasses look up their module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        passed = f"{path}, which does not run ({type(error).__name__}: {error})"
        raise ValueProblem(passed, "a file that imports", "run it with python first") from error
    finally:
        if previous is None:
            del sys.modules[spec.name]
        else:
            sys.modules[spec.name] = previous
    function = getattr(module, name, None)
    if not callable(function) or getattr(function, "__module__", spec.name) != spec.name:
        names = [n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", "") == module.__name__]
        shown = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "") or "none"
        raise ValueProblem(f"no function {name!r} in {path}", f"one of its functions: {shown}", "check the name")
    return function, getattr(module, name + "_backward", None)


def _parse_arguments(function: Any, values: list[str], seed: int) -> tuple[list[Any], dict[str, Any]]:
    """Return the positional arguments to check the function at, and the keyword-only ones."""
    stream = SeedGenerator(seed, "points")
    values_by_name: dict[str, Any] = {}
    for text in values:
        name, value = _parse_argument(text, stream)
        if name in values_by_name:
            raise ValueProblem(f"{name} twice", "one value for each name", "remove one of them")
        values_by_name[name] = value
    points: list[Any] = []
    settings: dict[str, Any] = {}
    parameters = inspect.signature(function).parameters
    for p in parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            continue
        if p.name not in values_by_name and p.default is p.empty:
            expected, mend = "a value, a shape or a default for every argument", "or a default in the function"
            raise ValueProblem(f"no value for the argument {p.name!r}", expected, f"add {p.name}=3x4, {mend}")
        value = values_by_name.pop(p.name, p.default)
        if p.kind is p.KEYWORD_ONLY:
            settings[p.name] = value
        else:
            points.append(value)
    if values_by_name:
        passed = f"values for {', '.join(values_by_name)}, which the function does not take"
        raise ValueProblem(passed, f"its arguments {', '.join(parameters) or '(none)'}", "check the names")
    return points, settings


def _parse_argument(text: str, stream: Any) -> tuple[str, Any]:
    """Return the name and the value of ``x=1.5`` or ``x=1,2``, or for ``x=3x4`` random numbers of that shape."""
    name, _, value = text.partition("=")
    if not re.fullmatch(r"\d+(x\d+)+|\d+x", value) or not name.isidentifier():
        return parse_value(text)
    shape = tuple(int(n) for n in value.split("x") if n)
    if not 0 < math.prod(shape) <= 10**7 or len(shape) > 32:
        passed = f"the shape {value[:40]} for {name}"
        raise ValueProblem(passed, "1 to 10,000,000 entries, at most 32 axes", "choose a smaller one")
    return name, normal(shape, dtype="float64", seed=stream)
