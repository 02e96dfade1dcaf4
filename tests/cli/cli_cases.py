"""A command in a process of its own, what its errors must say, and a calculator that knows Python's `math` and nothing
of chainrule, which evaluates the printed arithmetic.
"""

import ast
import json
import math
import operator
import re
import subprocess
import sys
from typing import NamedTuple

import numpy as np


class Finished(NamedTuple):
    """What a process left behind."""

    status: int
    out: str
    err: str


def process(*argv, **options):
    """Type a command in a process of its own."""
    options = {"capture_output": True, "timeout": 60, "encoding": "utf-8"} | options
    done = subprocess.run([sys.executable, "-m", "chainrule", *argv], **options)
    return Finished(done.returncode, done.stdout or "", done.stderr or "")


def teaches(t, command, *words):
    """Bad input: status 2 and one short paragraph with what was passed, what was expected and how to mend it."""
    assert t.status == 2, t
    assert t.out == "", "an error comes before any output"
    assert t.err.startswith(f"chainrule {command}: Got "), t.err
    assert "; expected " in t.err, t.err
    assert "To mend it: " in t.err, t.err
    assert len(t.err.strip().splitlines()) == 1, t.err
    assert len(t.err) < 1500, "one paragraph, not the whole input again"
    for nonsense in ("Traceback", "<frozen", "tensor(", "site-packages"):
        assert nonsense not in t.err
    assert command == "check" or "Variable" not in t.err, "who types an expression has no Variable"
    for word in words:
        assert word in t.err, t.err


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


MATH = {n: getattr(math, n) for n in """acos acosh asin asinh atan atanh cbrt ceil cos cosh erf exp exp2 expm1 floor
    hypot log log10 log1p log2 sin sinh sqrt tan tanh trunc""".split()}  # fmt: skip


MATH |= {n.replace("a", "arc", 1): MATH[n] for n in ("acos", "acosh", "asin", "asinh", "atan", "atanh")}


MATH |= {
    "abs": abs,
    "absolute": abs,
    "arctan2": math.atan2,
    "clip": lambda x, low, high: min(max(x, low), high),
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "gelu": lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "hard_sigmoid": lambda x: min(max(x / 6 + 0.5, 0), 1),
    "leaky_relu": lambda x, slope=0.2: x if x > 0 else slope * x,
    "log_sigmoid": lambda x: -math.log1p(math.exp(-x)),
    "logaddexp": lambda x, y: math.log(math.exp(x) + math.exp(y)),
    "max": lambda *xs: max(xs),
    "maximum": max,
    "min": lambda *xs: min(xs),
    "minimum": min,
    "power": lambda x, y: x**y,
    "reciprocal": lambda x: 1 / x,
    "relu": lambda x: max(x, 0.0),
    "relu6": lambda x: min(max(x, 0.0), 6.0),
    "round": round,
    "rsqrt": lambda x: 1 / math.sqrt(x),
    "selu": lambda x: 1.05070098735548 * (x if x > 0 else 1.67326324235437 * math.expm1(x)),
    "sigmoid": sigmoid,
    "sign": lambda x: (x > 0) - (x < 0),
    "silu": lambda x: x * sigmoid(x),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "square": lambda x: x * x,
    "stop_gradient": lambda x: x,
    "where": lambda c, x, y: x if c else y,
}


SIGNS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
         ast.Pow: operator.pow, ast.Mod: operator.mod, ast.FloorDiv: operator.floordiv, ast.Lt: operator.lt,
         ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
         ast.NotEq: operator.ne}  # fmt: skip


def evaluate(text, **names):
    """The value of an expression in Python's floats, and the largest number on the way: rounding scales with it."""
    largest = [0.0]

    def visit(n):
        match n:
            case ast.Constant(value=v):
                created = v
            case ast.Name(name):
                created = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan, **names}[name]
            case ast.BinOp(left, sign, right):
                created = SIGNS[type(sign)](visit(left), visit(right))
            case ast.UnaryOp(ast.USub(), x):
                created = -visit(x)
            case ast.Compare(left, [sign], [right]):
                created = SIGNS[type(sign)](visit(left), visit(right))
            case ast.Call(ast.Name(f), xs):
                created = MATH[f](*map(visit, xs))
        largest[0] = max(largest[0], abs(created))
        return created

    return visit(ast.parse(text, mode="eval").body), largest[0]


def number(text):
    return {"True": 1.0, "False": 0.0}.get(text) if text in ("True", "False") else float(text)


def printed_sums(out):
    """Every ``arithmetic = number`` that is printed with numbers alone in it."""
    for line in out.splitlines():
        for cell in re.split(r"\s{2,}", line.strip()):
            *heads, last = cell.replace("×", "*").split(" = ")
            for head in heads:
                plain = re.sub(r"(?<![\w.])\d[\d.]*(e[+-]?\d+)?", "1", head)
                names = set(re.findall(r"[A-Za-z_]\w*", plain)) - {"True", "False", "nan", "inf"}
                calls = set(re.findall(r"[A-Za-z_]\w*(?=\()", plain))
                if names <= calls <= MATH.keys() and re.search(r"\d", head) and "[" not in last:
                    yield head, last


def sums_are_true(out, digits=6, at_least=1):
    """Evaluates each; returns how many there were."""
    count = 0
    for head, last in printed_sums(out):
        got, largest = evaluate(head)
        tolerance = 2 * 10 ** (1 - digits) * max(largest, abs(got))
        assert abs(got - number(last)) <= tolerance, f"{head} is {got}, not {last}"
        count += 1
    assert count >= at_least
    return count


def given(values):
    return [f"{name}={','.join(map(repr, np.ravel(v).tolist()))}" for name, v in values.items()]


def printed_gradients(out):
    """What stands under "gradients", by name."""
    lines = out.split("\ngradients\n")[1].splitlines()
    result = re.findall(r"^  d\S+?/d(\S+) = (.*)$", "\n".join(lines), re.M)
    return {name: np.array(ast.literal_eval(re.sub(r"(\d)\.(?=[],\s])", r"\1.0", text))) for name, text in result}


def strict(text):
    """JSON as its standard says: no NaN, no Infinity."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)
