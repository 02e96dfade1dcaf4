"""The command line: what is typed, what is printed, where, and with which exit status.

Most of it runs in this process; what only a process of its own can show (signals, pipes, imports) runs in one. The
printed arithmetic is evaluated by `evaluate`, a calculator that knows Python's `math` and nothing of chainrule.
"""

import ast
import json
import math
import operator
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from chainrule.cli import COMMANDS
from chainrule.cli.expression import FUNCTIONS
from chainrule.core.errors import ChainruleError
from conftest import Typed


def process(*argv, **options):
    """The same in a process of its own."""
    options = {"capture_output": True, "timeout": 60, "encoding": "utf-8"} | options
    done = subprocess.run([sys.executable, "-m", "chainrule", *argv], **options)
    return Typed(done.returncode, done.stdout or "", done.stderr or "")


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


# ---- a calculator of our own


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
        room = 2 * 10 ** (1 - digits) * max(largest, abs(got))
        assert abs(got - number(last)) <= room, f"{head} is {got}, not {last}"
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


# ---- the command itself


def test_help_lists_the_commands(typed):
    for argv in ([], ["--help"]):
        t = typed(*argv)
        assert t.status == 0
        assert all(name in t.out for name in COMMANDS)
        assert t.err == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(typed, command):
    t = typed(command, "--help")
    assert t.status == 0
    assert t.out.startswith(f"usage: chainrule {command}")


def test_version(typed):
    t = typed("--version")
    assert (t.status, t.out.strip()) == (0, version("chainrule"))


@pytest.mark.parametrize(
    "argv",
    [
        ["bogus"], ["explain"], ["slope"], ["check"], ["train"],
        ["explain", "a", "a=1", "--digits", "x"], ["slope", "a", "a=1", "--nudge", "x"],
        ["check", "m.py:f", "--rtol", "x"], ["check", "m.py:f", "--seed", "1.5"],
        ["train", "boston", "--batch", "x"], ["train", "boston", "--activation", "relu"],
        ["vectorization", "-m"], ["vectorization", "-m", "x"], ["vectorization", "extra"],
        ["explain", "a", "a=1", "--nosuch"], ["how"], ["how", "conv2d", "--sizes", "x"],
        ["descent"], ["descent", "mars"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_options(typed, argv):
    t = typed(*argv)
    assert t.status == 2
    assert t.out == ""
    assert "error: " in t.err
    assert "Traceback" not in t.err


@pytest.mark.parametrize("command", ["explain", "slope"])
def test_the_expression_alone_is_asked_for(typed, command):
    """Values are optional where every name has one."""
    assert "NAME=VALUE" not in typed(command).err.splitlines()[-1]


def test_debug_shows_the_traceback(typed):
    with pytest.raises(ChainruleError):
        typed("explain", "a*b", "a=1", "--debug")


@pytest.mark.parametrize("columns", ["20", "0", "1000"])
def test_help_at_any_width(typed, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert typed("train", "--help").status == 0


# ---- explain


def test_the_issues_example(typed):
    t = typed("explain", "3*(a+b*c)", "a=5", "b=3", "c=2")
    assert (t.status, t.err) == (0, "")
    for line in ("u = b * c = 3 * 2 = 6", "v = a + u = 5 + 6 = 11", "J = 3 * v = 3 * 11 = 33"):
        assert f"  {line}\n" in t.out
    backward = re.findall(r"(dJ/d\w+) = .*?(-?\d+)(?=  |\n|$)", t.out.split("gradients")[0])
    assert dict(backward) == {"dJ/dJ": "1", "dJ/dv": "3", "dJ/da": "3", "dJ/du": "3", "dJ/db": "6", "dJ/dc": "9"}
    assert printed_gradients(t.out) == {"a": 3, "b": 6, "c": 9}
    assert sums_are_true(t.out) >= 8


def test_the_classic_circuits(typed):
    """CS231n's two: (x+y)z, and a neuron."""
    t = typed("explain", "(x+y)*z", "x=-2", "y=5", "z=-4")
    assert "J = u * z = 3 * (-4) = -12" in t.out
    assert printed_gradients(t.out) == {"x": -4, "y": -4, "z": 3}
    t = typed("explain", "sigmoid(w0*x0+w1*x1+w2)", "w0=2", "w1=-3", "w2=-3", "x0=-1", "x1=-2")
    assert re.search(r"J = sigmoid\(p\) = sigmoid\(1\) = 0\.73\d*", t.out)
    got = printed_gradients(t.out)
    slope = sigmoid(1.0) * (1 - sigmoid(1.0))
    assert round(slope, 2) == 0.20
    assert_allclose([got["w0"], got["w1"], got["w2"]], [-slope, -2 * slope, slope], rtol=1e-5)
    assert_allclose([got["x0"], got["x1"]], [2 * slope, -3 * slope], rtol=1e-5)


SCALARS = {
    "3*(a+b*c)": {"a": 5, "b": 3, "c": 2},
    "a**3": {"a": 2},
    "0-a**2": {"a": -1.5},
    "a**b": {"a": 1.7, "b": -0.6},
    "e**a*pi": {"a": 0.3},
    "a-b-c": {"a": 1, "b": -2, "c": 0.5},
    "a/b/c": {"a": 1, "b": -2, "c": 0.5},
    "a--b*-a": {"a": 1.25, "b": -2},
    "(a+b)**2/(a-b)": {"a": 1.25, "b": -2},
    "1/(1+exp(-(a*b+c)))": {"a": 0.5, "b": -2, "c": 3},
    "exp(-a*b)+sin(c)/a": {"a": 0.7, "b": 0.3, "c": -2},
    "log(a)*log(a)": {"a": 0.3},
    "a%3*b": {"a": 7.5, "b": -2},
    "a//3*b": {"a": 7.5, "b": -2},
    "max(x,y)": {"x": 1, "y": 2},
    "min(x, y)*x": {"x": 1, "y": 2},
    "abs(a)*a": {"a": -3},
    "sqrt(a*a+b*b)": {"a": 3, "b": -4},
    "tanh(a)-tanh(b)**2": {"a": 0.2, "b": 0.9},
    "where(a>1, a*b, b)": {"a": 2, "b": -3},
    "where(a>1, a*b, b)*a": {"a": 0.5, "b": -3},
    "(a>1)*a": {"a": 7},
    "arctan2(y,x)": {"x": -1, "y": 2},
    "hypot(a,b)": {"a": 3, "b": -4},
    "clip(a,0,1)*b": {"a": 0.5, "b": -4},
    "leaky_relu(a, 0.1)": {"a": -2},
    "logaddexp(a,b)": {"a": 0.4, "b": -1},
    "softplus(a)*relu(b)": {"a": 0.4, "b": 1},
    "silu(a)+gelu(b)": {"a": 0.4, "b": -1},
    "a*a*a*a*a*a*a*a*a*a*a*a": {"a": 1.1},
    "w*x+b": {"w": 0.1, "x": 0.2, "b": 1e-3},
    "sin*2": {"sin": 3},  # a name may be that of a function
    "sin(sin)": {"sin": 3},
    "J*u*h1*const0": {"J": 2, "u": 3, "h1": 5, "const0": 7},  # and those that explain hands out
    "α*β": {"α": 2, "β": 3},
    "pi*2": {"pi": 1},  # a value given goes before the constant
    "e*a": {"e": 2, "a": 3},
}


@pytest.mark.parametrize(("text", "values"), SCALARS.items(), ids=SCALARS)
def test_expressions(typed, text, values):
    """Value and gradients against the calculator and its central differences; the arithmetic shown is true."""
    t = typed("explain", text, *given(values), "--digits", "0")
    assert (t.status, t.err) == (0, "")
    names = {n: float(v) for n, v in values.items()}
    result = re.match(rf"(\w+) = {re.escape(text)}\n", t.out)[1]
    shown = re.findall(rf"^  {result} = .*?(\S+)(?=  |$)", t.out.split("\nbackward")[0], re.M)[-1]
    assert_allclose(number(shown), evaluate(text, **names)[0], rtol=1e-12)
    gradients = printed_gradients(t.out)
    assert gradients.keys() == names.keys()
    for name, x in names.items():
        up, down = (evaluate(text, **names | {name: x + h})[0] for h in (1e-5, -1e-5))
        assert_allclose(gradients[name], (up - down) / 2e-5, rtol=1e-6, atol=1e-8)
    sums_are_true(t.out, digits=13)
    sums_are_true(typed("explain", text, *given(values)).out)


VECTORS = {
    "sum(x*y)": lambda x, y: np.sum(x * y),
    "mean(x*x)": lambda x: np.mean(x * x),
    "prod(x)": np.prod,
    "dot(x,y)": np.dot,
    "x@y": np.dot,
    "x@x": lambda x: x @ x,
    "max(x)": np.max,
    "min(x)*a": lambda x, a: np.min(x) * a,
    "x[0]*x[-1]": lambda x: x[0] * x[-1],
    "x[+1]*3": lambda x: x[1] * 3,
    "norm(x)": np.linalg.norm,
    "logsumexp(x)": lambda x: np.log(np.exp(x).sum()),
    "sum(softmax(x)*y)": lambda x, y: np.exp(x) @ y / np.exp(x).sum(),
    "softmax(x)[1]": lambda x: np.exp(x[1]) / np.exp(x).sum(),
    "std(x)": np.std,
    "var(x)": np.var,
    "sum(where(x>1, x, y))": lambda x, y: np.where(x > 1, x, y).sum(),
    "sum(x*a)": lambda x, a: np.sum(x * a),
    "sum(max(x, 1))": lambda x: np.maximum(x, 1).sum(),
    "sum(x, 0)": np.sum,
    "mean(x, 0)": np.mean,
}
LISTS = {"x": [0.5, -2.0, 1.5], "y": [0.25, 3.0, -1.0], "a": 2.0}


@pytest.mark.parametrize("text", VECTORS)
def test_vectors(typed, text):
    f = VECTORS[text]
    values = {n: LISTS[n] for n in LISTS if re.search(rf"\b{n}\b", text)}
    t = typed("explain", text, *given(values), "--json")
    assert (t.status, t.err) == (0, "")
    data = json.loads(t.out)
    points = [np.array(v, float) for v in values.values()]
    assert_allclose(data["steps"][-1]["value"], f(*points), rtol=1e-12)
    for i, name in enumerate(values):
        slopes = np.zeros(points[i].shape)
        for place in np.ndindex(slopes.shape):
            up, down = ([p.copy() for p in points] for _ in range(2))
            up[i][place] += 1e-5
            down[i][place] -= 1e-5
            slopes[place] = (f(*up) - f(*down)) / 2e-5
        assert_allclose(data["gradients"][name], slopes, rtol=1e-6, atol=1e-8)
    t = typed("explain", text, *given(values), "--digits", "0")
    assert t.status == 0
    sums_are_true(t.out, digits=12)


def test_many_terms_are_summed_up(typed):
    x = [1.5, -2, 3, 0.25, 5, 6, 7, 8, -9, 10]
    t = typed("explain", "mean(x*x)", *given({"x": x}))
    assert "/ 10 = " in t.out
    sums_are_true(t.out)
    t = typed("explain", "prod(x)", *given({"x": x}))
    sums_are_true(t.out)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function(typed, name):
    """Each can be typed, for one number and for several; its value is the calculator's."""
    two = name in ("arctan2", "dot", "hypot", "logaddexp", "maximum", "minimum", "power")
    inside = "x>1, x, 2*x" if name == "where" else "x, 0, 1" if name == "clip" else "x, y" if two else "x"
    x = 1.5 if name == "arccosh" else 0.7
    if name not in ("dot", "softmax"):  # which need an axis
        values = {"x": x} | ({"y": 0.3} if two else {})
        t = typed("explain", f"{name}({inside})", *given(values), "--digits", "0")
        assert (t.status, t.err) == (0, "")
        if name in MATH:
            last = t.out.split("\nbackward")[0].strip().splitlines()[-1]
            shown = number(re.split(r"\s{2,}", last.strip())[0].split(" = ")[-1])
            assert_allclose(shown, evaluate(f"{name}({inside})", **values)[0], rtol=1e-12)
        if name != "std":  # whose slope at a spread of 0 is no number
            sums_are_true(t.out, digits=12, at_least=0)
    values = {"x": [x, x / 2 + 1]} | ({"y": [0.3, 0.9]} if two else {})
    values = {"x": [x, x * 0.9]} if name in ("arccos", "arcsin", "arctanh") else values
    t = typed("explain", f"sum({name}({inside}))", *given(values), "--depth", "0")
    assert (t.status, t.err) == (0, "")


HOSTILE = [
    "", "   ", "# a", "a +", "(a", "a)", "a b", "2a", "a²", "a×b", "a\n+1", "a\\", "a;a", "a=1", "a==", "*a",
    "a$", "'", "9**9**9", "9**9**9*a", "a*10**400", "99999999999999999999999**99 * a", "a*1e400",
    f"a*{'9' * 400}", "__import__('os')", "__import__('os').system('id')", "a.shape", "a.__class__.__mro__",
    "(1).__class__", "().__class__", "lambda x: x", "lambda: a", "(b:=a)", "f'{a}'", "'a'*a", "b'a'",
    "a if a else 1", "[a]", "[a, a]", "(a, a)", "{a}", "{a: a}", "[a for a in a]", "{a for a in a}",
    "(a for a in a)", "a and 1", "a or 1", "not a", "~a", "a < 1 < 2", "a is 1", "1 in a", "await a", "yield a",
    "a << 1", "a >> 1", "a | 1", "a & 1", "a ^ 2", "1j*a", "True*a", "None", "...", "a and", "print(a)",
    "eval('a')", "open('x')", "getattr(a, 'b')", "a(1)", "sin(a)(a)", "ops.sin(a)", "sin(x=a)", "sin(*a)",
    "sin(**a)", "sin(a, a, a, a)", "max()", "sin", "a*sin", "max(a, a, a)", "where(a)", "clip(a)", "a[0]",
    "a[0.5]", "a[a]", "a[0:1]", "a['x']", "a[None]", "a[True]", "a[99999999999999999999999]", "a[not 0]", "a@a",
    "b", "a*b", "sim(a)", "a\x00", "a" * 3000, "+".join(["a"] * 1200),
]  # fmt: skip
DEEP = {
    "brackets": "(" * 900 + "a" + ")" * 900,
    "5000 brackets": "(" * 5000 + "a" + ")" * 5000,
    "minuses": "0" + "-" * 1900 + "a",
    "attributes": "a" + ".a" * 900,
    "calls": "sin(" * 190 + "a" + ")" * 191,
    "indices": "a" + "[0]" * 600,
}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: repr(t)[:30])
def test_hostile_expressions(typed, text):
    teaches(typed("explain", text, "a=1.5"), "explain")
    teaches(typed("slope", text, "a=1.5"), "slope")


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_expressions(typed, text):
    teaches(typed("explain", text, "a=1.5"), "explain")


def test_long_expressions_work(typed):
    t = typed("explain", "+".join(["a"] * 900), "a=2")
    assert t.status == 0
    assert printed_gradients(t.out) == {"a": 900}
    t = typed("explain", "a" + "**1" * 500, "a=2")
    assert printed_gradients(t.out) == {"a": 1}


def test_nothing_is_evaluated_as_python(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in ("open('made', 'w')", "__import__('os').mkdir('made')", "a.__class__.__base__", "exec('a')"):
        for command in ("explain", "slope"):
            assert typed(command, text, "a=1").status == 2
            assert typed(command, "a*2", f"a={text}").status == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a^2", ["**"]),
        ("sim(a)", ["sin"]),
        ("sigmiod(a)", ["sigmoid"]),
        ("sin", ["sin(...)"]),
        ("a*b", ["b=1"]),
        ("max(a, a, a)", ["max"]),
        ("a[7]", ["a[7]"]),
        ("lambda x: x", ["not arithmetic"]),
        ("(b:=a)", ["not arithmetic"]),
        ("__import__('os')", ["__import__"]),
    ],
)
def test_errors_that_teach(typed, text, words):
    teaches(typed("explain", text, "a=1"), "explain", *words)


@pytest.mark.parametrize("text", ["5", "1+1", "pi", "9**9**9", "max(1, 2)"])
@pytest.mark.parametrize("command", ["explain", "slope"])
def test_numbers_alone(typed, command, text):
    """Nothing to differentiate by: the mend is a name and its value."""
    teaches(typed(command, text), command, "" if "9" in text else "a=")


def test_an_empty_expression_is_not_too_long(typed):
    assert "shorter" not in typed("explain", "").err


def test_a_vector_has_to_be_reduced(typed):
    t = typed("explain", "a*2", "a=1,5")
    teaches(t, "explain", "(2,)", "sum")
    assert "t[0" not in t.err


BAD_VALUES = [
    "a=", "=5", "a", "5", "a=nan", "a=inf", "a=-inf", "a=1e400", "a=x", "a=1,", "a=,", "a=1,nan", "a=1 2",
    "a==5", "a:5", "a=1/2", "a=True", "a=None", "a=[1,2]", "a=(1)", "a=0x10", "a=1j", "a=1;2", "a=1,2,x",
    "1a=5", "a b=5", "a.b=5", "if=5", "a=__import__('os')", "a=1e", "a=--5", "a=' '", "", "=", "==", "a=1\x00",
]  # fmt: skip


@pytest.mark.parametrize("value", BAD_VALUES, ids=repr)
def test_bad_values(typed, value):
    teaches(typed("explain", "sum(a*2)", value), "explain")
    teaches(typed("slope", "a*2", value), "slope")


@pytest.mark.parametrize("values", [["a=5", "a=6"], ["a=5", "b=6"], []], ids=" ".join)
def test_values_that_do_not_fit(typed, values):
    teaches(typed("explain", "a*2", *values), "explain")
    teaches(typed("slope", "a*2", *values), "slope")


@pytest.mark.parametrize(
    ("value", "x"),
    [
        ("a=-5", -5), ("a=1_000", 1000), ("a=.5", 0.5), ("a=5.", 5), ("a=1e-3", 1e-3), ("a= 5 ", 5),
        (" a =5", 5), ("a=+5", 5), ("a=-0.0", 0.0),
    ],
)  # fmt: skip
def test_clumsy_values_that_are_clear(typed, value, x):
    t = typed("explain", "a*3", value, "--json")
    assert t.status == 0
    assert json.loads(t.out)["steps"][-1]["value"] == 3 * x


def test_names_are_normalised_as_python_does(typed):
    """The micro sign and the Greek mu are one name to Python's parser (NFKC)."""
    assert typed("explain", "µ*2", "µ=1").status == 0
    assert typed("explain", "ﬁ*2", "ﬁ=1").status == 0


@pytest.mark.parametrize("command", ["explain", "slope"])
@pytest.mark.parametrize("text", ["-a*b", "-a", "-5*a+0*b", "-(a+b)"])
def test_an_expression_may_begin_with_a_minus(typed, command, text):
    values = [v for v in ("a=1", "b=2") if v[0] in text]
    t = typed(command, text, *values)
    assert t.status == 0, t.err
    assert t.out == typed(command, "--", text, *values).out


def test_one_name_is_an_expression(typed):
    t = typed("explain", "a", "a=3")
    assert t.status == 0, t.err
    assert printed_gradients(t.out) == {"a": 1}


@pytest.mark.parametrize("index", ["~0", "not 0", "--1", "+-1"])
def test_an_index_is_what_it_says_or_an_error(typed, index):
    """~0 is -1: either the last entry, or refused; never the first."""
    t = typed("explain", f"x[{index}]*1", "x=10,20,30", "--json")
    if t.status == 0:
        assert json.loads(t.out)["steps"][-1]["value"] == [10, 20, 30][eval(index)]
    else:
        teaches(t, "explain")


NOT_FINITE = [
    "log(a)", "1/a", "a/0", "0/a", "a/a", "sqrt(a)", "a**-1", "log(a-1)", "sqrt(a-1)", "exp(a+1e6)",
    "(a+1e200)**2", "a%0", "a//0", "0*log(a)", "arctan2(a, a)", "hypot(a, a)", "rsqrt(a)", "arccos(a+2)",
    "(a-8)**0.5", "tan(a)/a", "reciprocal(a)", "arctanh(a+1)", "logaddexp(a+1e300, 1e300)*1e300", "cbrt(a)",
    "a**a", "prod(a)", "std(a)",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_FINITE)
def test_results_that_are_not_finite(typed, text):
    """At the edge of a domain: explained, or refused in words; never a warning from inside the library."""
    for command in ("explain", "slope"):
        t = typed(command, text, "a=0")
        if t.status != 0:
            teaches(t, command)
        else:
            assert "Warning" not in t.err


def strict(text):
    """JSON as its standard says: no NaN, no Infinity."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("text", NOT_FINITE)
def test_json_is_json_whatever_the_numbers(typed, text):
    t = typed("explain", text, "a=0", "--json")
    if t.status == 0:
        assert strict(t.out)["result"] == "J"


def test_json(typed):
    data = strict(typed("explain", "sigmoid(w*x+b)", "w=2", "x=-1", "b=0.5", "--json").out)
    assert data.keys() >= {"result", "leaves", "steps", "edges", "joins", "gradients"}
    assert [leaf["name"] for leaf in data["leaves"]] == ["w", "x", "b"]
    s = sigmoid(-1.5)
    assert_allclose([data["gradients"][n] for n in "wxb"], [-s * (1 - s), 2 * s * (1 - s), s * (1 - s)], rtol=1e-12)
    for edge in data["edges"]:
        assert_allclose(edge["upstream"] * edge["local"], edge["downstream"], rtol=1e-12)
        assert_allclose(evaluate(edge["arithmetic"]["text"])[0], edge["arithmetic"]["value"], rtol=1e-5)


@pytest.mark.parametrize("digits", ["1", "3", "15", "17", "40"])
def test_digits(typed, digits):
    t = typed("explain", "a*b", "a=0.1", "b=0.3", "--digits", digits)
    assert t.status == 0
    sums_are_true(t.out, digits=min(int(digits), 15))


def test_digits_0_gives_every_number_back(typed):
    t = typed("explain", "a*b", "a=0.1", "b=0.2", "--digits", "0")
    assert "J = a * b = 0.1 * 0.2 = 0.020000000000000004" in t.out


@pytest.mark.parametrize(
    "option", [["--digits", "-1"], ["--digits", "9" * 11], ["--digits", "9" * 30], ["--depth", "-1"]], ids=" ".join
)
def test_bad_digits_and_depth(typed, option):
    teaches(typed("explain", "a*b", "a=0.1", "b=0.2", *option), "explain", option[0])


def test_depth_folds(typed):
    full, folded = (typed("explain", "gelu(a)*2", "a=1.5", *o) for o in ([], ["--depth", "0"]))
    assert len(folded.out.splitlines()) < len(full.out.splitlines())
    assert printed_gradients(full.out) == printed_gradients(folded.out)
    sums_are_true(folded.out)


def test_a_fold_is_summed_once(typed):
    """What meets inside a fold is the fold's own sum: it is not joined a second time outside."""
    t = typed("explain", "gelu(a)", "a=1", "--depth", "0")
    assert "joined at a" not in t.out


# ---- slope


def printed_slope(out):
    """By variable: f before and after, the quotient and the exact derivative."""
    result = {}
    for name, rest in re.findall(r"^f\(([^)\d-]\w*)\) = .*\n((?:(?!^f\([a-zA-Z_]).*\n?)*)", out, re.M):
        before, after = re.findall(r"^f\(.*?\) = (\S+)$", rest, re.M)
        top, moved, bottom, quotient = re.search(r"\((\S+) - (\S+)\) / (\S+) = (\S+)$", rest, re.M).groups()
        assert (top, moved) == (after, before)
        exact = re.search(rf"^exact: df/d{name} = (\S+)$", rest, re.M)[1]
        result[name] = tuple(map(float, (before, after, bottom, quotient, exact)))
    return result


@pytest.mark.parametrize(
    ("text", "a", "exact", "rule"),
    [("a**2", 2, 4, "power"), ("a**2", 5, 10, "power"), ("a**3", 2, 12, "power"), ("log(a)", 2, 0.5, "1/x"),
     ("log(a)", 5, 0.2, "1/x"), ("3*a", 2, 3, "multiply"), ("sin(a)", 0, 1, "cos")],
)  # fmt: skip
def test_the_nudge(typed, text, a, exact, rule):
    t = typed("slope", text, f"a={a}")
    assert (t.status, t.err) == (0, "")
    before, after, nudge, quotient, shown = printed_slope(t.out)["a"]
    f = lambda x: evaluate(text, a=x)[0]
    assert nudge == 0.001
    assert_allclose([before, after], [f(a), f(a + 0.001)], rtol=1e-9)
    assert_allclose(quotient, (f(a + 0.001) - f(a)) / 0.001, rtol=1e-8)
    assert_allclose(shown, exact, rtol=1e-9)
    assert rule in t.out.split("rule:")[1]


def test_each_variable_is_nudged(typed):
    t = typed("slope", "a*b", "a=2", "b=3")
    result = printed_slope(t.out)
    assert (result["a"][4], result["b"][4]) == (3, 2)
    for option, quotient in (("-0.001", 11.994001), ("0.5", 15.25)):
        t = typed("slope", "a**3", "a=2", "--nudge", option)
        assert_allclose(printed_slope(t.out)["a"][3], quotient, rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "a"), [("a**3", "2"), ("log(a)", "4"), ("a**2", "1e6"), ("a+1e9", "1"), ("a**2", "123456.7")]
)
def test_the_quotient_shown_is_that_of_the_numbers_shown(typed, text, a):
    """A reader who takes the printed numbers to a calculator gets the printed slope."""
    before, after, nudge, quotient, _ = printed_slope(typed("slope", text, f"a={a}").out)["a"]
    assert_allclose((after - before) / nudge, quotient, rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "exact"), [("log(a)", "inf"), ("1/a", "-inf"), ("sqrt(a)", "inf"), ("a+9**9**9", "1")]
)
def test_the_exact_slope_does_not_lean_on_the_value(typed, text, exact):
    """An infinite value has a slope all the same, and `explain` shows it: both say the same."""
    t = typed("slope", text, "a=0")
    if t.status == 0:
        assert f"exact: df/da = {exact}\n" in t.out
        assert f"dJ/da = {exact}\n" in typed("explain", text, "a=0").out + "\n"


@pytest.mark.parametrize("nudge", ["0", "nan", "inf", "-inf", "0.0", "1e-300", "1e308"])
def test_bad_nudges(typed, nudge):
    """1e-300 is lost in rounding, 1e308 leaves the range: neither shows a slope."""
    teaches(typed("slope", "a**3", "a=2", f"--nudge={nudge}"), "slope")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a>1", ["a=0"]),
        ("a*2", ["a=1,2"]),
        ("sum(x)*a", ["a=1", "x=1,2"]),
        ("sum(x)", ["x=1,2"]),
        ("3", []),
        ("softmax(a)", ["a=1"]),
    ],
)
def test_what_has_no_slope(typed, text, values):
    """Refused before anything is printed."""
    teaches(typed("slope", text, *values), "slope")


# ---- check

CODE = """
from __future__ import annotations
import sys
from dataclasses import dataclass
import numpy as np
import chainrule as cr
from chainrule import ops

def good(x=[0.5, 1.5]): return ops.sum(ops.tanh(x))
def good_backward(u, x): return u * (1 - ops.tanh(x) ** 2)
def plain(x=[0.5, 1.5]): return ops.sum(ops.exp(x))
def off(x=[0.5, 1.5]): return ops.sum(ops.tanh(x))
def off_backward(u, x): return u * (1 - ops.tanh(x) ** 2) * 1.0005
def sign(x=[0.5, 1.5]): return ops.sum(ops.tanh(x))
def sign_backward(u, x): return -u * (1 - ops.tanh(x) ** 2)
def numpy(x=[1.0, 2.0]): return ops.sum(x * x)
def numpy_backward(u, x): return 2 * np.asarray(x) * np.asarray(u)
def kink(x=[0.0, 1.0]): return ops.sum(ops.relu(x))
def several(x=1.0): return [x, x * 2]
def integer(x=2): return x * 1.5
def keyword(x=1.0, *, k=2.0): return x * k
def required(x=1.0, *, k): return x * k
def matmul(x, w): return ops.sum(ops.matmul(x, w))
def matmul_backward(u, x, w):
    ones = np.ones((x.shape[0], w.shape[1]))
    return u * ops.matmul(ones, ops.transpose(w)), u * ops.matmul(ops.transpose(x), ones)
def transposed(x=[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]): return ops.sum(x * x)
def transposed_backward(u, x): return (2 * x.numpy() * u.numpy()).T
def toofew(x=1.0, y=2.0): return x * y
def toofew_backward(u, x, y): return u * y
def nans(x=[1.0, 2.0]): return ops.sum(x * x)
def nans_backward(u, x): return 2 * x * u * float("nan")
def nothing(x=[1.0, 2.0]): return ops.sum(x * x)
def nothing_backward(u, x): return None
def words(x=[1.0, 2.0]): return ops.sum(x * x)
def words_backward(u, x): return "abc"
def table(x=[1.0, 2.0]): return ops.sum(x * x)
def table_backward(u, x): return {"x": 2 * x * u}
def imaginary(x=[1.0, 2.0]): return ops.sum(x * x)
def imaginary_backward(u, x): return 2 * x.numpy() + 1j
def valueerror(x=1.0): return x * x
def valueerror_backward(u, x): raise ValueError("oops")
def keyerror(x=1.0): return x * x
def keyerror_backward(u, x): return {}["a"]
def fewarguments(x=1.0): return x * x
def fewarguments_backward(u): return u
def leaves(x=1.0): return x * x
def leaves_backward(u, x): sys.exit(0)
notafunction_backward = 3
def notafunction(x=1.0): return x * x

def infinite(x=0.0): return ops.log(x)
def random(x=1.0): return x * np.random.rand()
def none(x=1.0): return None
def text(x=1.0): return "abc"
def whole(x=1.0): return 3
def cast(x=1.0): return ops.cast(x, "int32")
def raises(x=1.0): raise RuntimeError("inside")
def exits(x=1.0): sys.exit(0)
def endless(x=1.0): return endless(x)
def shapes(x=[1.0, 2.0], y=[1.0, 2.0, 3.0]): return ops.sum(x + y)
def mutates(x=[1.0, 2.0]): x[0] = 3; return x
def word(x="abc"): return 2.0
def bare(x, y): return x * y
def noarguments(): return ops.convert_to_tensor(3.0)
def empty(x=[]): return ops.sum(ops.convert_to_tensor(x))
def starred(*xs): return xs[0]
def large(x=[1e200]): return ops.sum(x * 1e-200)
def prints(x=1.0): print("debug"); return x * x
def lazy(x=1.0):
    import chainrule_test_helper
    return x * chainrule_test_helper.K
@dataclass
class Numbers:
    k: float = 3.0
def data(x=1.0): return x * Numbers().k
lambda_ = lambda x=1.0: x * x
number = 3
"""


@pytest.fixture
def code(tmp_path, monkeypatch):
    (tmp_path / "m.py").write_text(CODE)
    (tmp_path / "chainrule_test_helper.py").write_text("K = 3.0\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("chainrule_test_helper", None)


def test_check_without_the_dataclass_trick(typed, code):
    """A @dataclass under ``from __future__ import annotations`` looks its module up in sys.modules."""
    t = typed("check", "m.py:data")
    assert t.status == 0, t.err


@pytest.fixture
def simple(code):
    """The same file without the dataclass, so that its other functions are checked whatever becomes of it."""
    (code / "m.py").write_text(CODE.replace("@dataclass\n", ""))
    return code


@pytest.mark.parametrize(
    "name",
    [
        "good",
        "plain",
        "numpy",
        "kink",
        "several",
        "integer",
        "keyword",
        "lazy",
        "lambda_",
        "large",
    ],
)
def test_check_says_right(typed, simple, name):
    t = typed("check", f"m.py:{name}")
    assert t.status == 0, t.err
    assert t.out.startswith(f"m.py:{name}")
    assert t.out.strip().splitlines()[-1].startswith("RIGHT: ")
    assert t.err == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("off", "relative error 5.0e-04"), ("sign", "wrong sign"), ("transposed", "transpose"),
        ("toofew", "1 gradients for 2"), ("nans", "nan"), ("nothing", ""), ("words", ""), ("table", ""),
        ("imaginary", ""), ("valueerror", "oops"), ("keyerror", "KeyError"),
        ("fewarguments", "fewarguments_backward"), ("leaves", ""), ("notafunction", "notafunction_backward"),
    ],
)  # fmt: skip
def test_check_says_wrong(typed, simple, name, words):
    """Whatever a hand-written backward does wrong, a grader reads 1 and a verdict, never 0 and never a traceback."""
    t = typed("check", f"m.py:{name}")
    assert t.status == 1
    assert t.out.strip().splitlines()[-1].startswith("WRONG: ")
    assert words in t.out
    assert "Traceback" not in t.err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("infinite", "not finite"), ("random", "two results"), ("none", ""), ("text", ""), ("whole", "int"),
        ("cast", "int32"), ("raises", "inside"), ("exits", "exit"), ("endless", "recursion"),
        ("shapes", "(3,)"), ("mutates", "assignment"), ("word", "x"), ("bare", "x"), ("noarguments", ""),
        ("empty", "x"), ("required", "k"), ("number", "number"), ("nosuch", "good"), ("np", "np"),
    ],
)  # fmt: skip
def test_check_cannot_say(typed, simple, name, words):
    """Neither right nor wrong: status 2, also where there is nothing to compare."""
    t = typed("check", f"m.py:{name}")
    assert t.status == 2
    assert words.lower() in t.err.lower()
    teaches(t, "check")


def test_check_knows_what_none_means(typed, simple):
    """A missing `return` is the usual reason."""
    assert "None" in typed("check", "m.py:none").err


@pytest.mark.parametrize(
    "values",
    [["x=0.25"], ["x=1,2,3"], ["x=3x4"], ["x=3x"], ["x=2x1x3"], ["x=-1"], ["x=3x4", "--seed", "5"]],
    ids=" ".join,
)
def test_check_at_a_point(typed, simple, values):
    t = typed("check", "m.py:good", *values)
    assert t.status == 0, t.err
    assert "RIGHT" in t.out


def test_check_two_arguments(typed, simple):
    t = typed("check", "m.py:matmul", "x=3x4", "w=4x2")
    assert t.status == 0, t.err
    assert re.search(r"^x: 12 entries.*^w: 8 entries.*^RIGHT: 20 entries", t.out, re.M | re.S)
    t = typed("check", "m.py:required", "k=2")
    assert t.status == 0, t.err


@pytest.mark.parametrize(
    "values",
    [
        ["x="], ["x"], ["=3x4"], ["3x4"], ["y=1"], ["x=1", "x=2"], ["x=3x4", "x=2"], ["x=nan"], ["x=abc"],
        ["x=3X4"], ["x=0x"], ["x=0x3"], ["x=100000x100000x1000"], ["x=" + "x".join(["1"] * 70)],
        ["--rtol", "-1"], ["--rtol", "nan"], ["--rtol", "inf"],
    ],
    ids=lambda v: " ".join(v)[:24],
)  # fmt: skip
def test_bad_points(typed, simple, values):
    teaches(typed("check", "m.py:good", *values), "check")


@pytest.mark.parametrize("values", [["x=3x4", "w=3x2"], ["x=3x4"], []], ids=" ".join)
def test_points_that_do_not_fit(typed, simple, values):
    teaches(typed("check", "m.py:matmul", *values), "check")


BAD_FILES = {
    "syntax": b"def f(:",
    "raises": b"1/0",
    "exits": b"import sys; sys.exit(0)",
    "leaves": b"raise SystemExit",
    "imports": b"import nosuchmodule",
    "binary": b"\x00\x01\xff" * 50,
    "encoding": b"\xff\xfe x = 1",
    "empty": b"",
    "endless": b"def f(): return f()\nf()",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(typed, tmp_path, monkeypatch, name):
    """`sys.exit(0)` at import must not read as a right gradient."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{name}.py").write_bytes(BAD_FILES[name])
    teaches(typed("check", f"{name}.py:f"), "check", f"{name}.py")


@pytest.mark.parametrize(
    "target",
    [
        "m.py",
        "m.py:",
        ":f",
        "m.py:a.b",
        "m.py:1",
        "nosuch.py:f",
        "folder.py:f",
        "m:f",
        "m.txt:f",
        "",
        ":",
        "/:f",
    ],
)
def test_bad_targets(typed, simple, target):
    (simple / "folder.py").mkdir()
    teaches(typed("check", target), "check")


@pytest.mark.parametrize("name", ["json.py", "numpy.py", "with space.py", "1.py", "chainrule.py"])
def test_a_file_of_any_name(typed, simple, name):
    (simple / "m.py").rename(simple / name)
    t = typed("check", f"{name}:good")
    assert t.status == 0, t.err
    assert sys.modules["numpy"] is np


@pytest.mark.parametrize("name", ["good", "off", "nans", "toofew", "prints"])
def test_check_json(typed, simple, name):
    """Nothing but JSON on stdout, whatever the function prints and however large an error is."""
    t = typed("check", f"m.py:{name}", "--json")
    data = strict(t.out)
    assert data["ok"] is (t.status == 0)
    assert data["ok"] is (name in ("good", "prints"))


# ---- a process of its own


@pytest.mark.slow
def test_start_up_is_light():
    """Nothing heavier than NumPy, for --help and for explain."""
    for argv in (["--help"], ["explain", "3*(a+b*c)", "a=5", "b=3", "c=2"]):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "chainrule", *argv],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
        assert done.returncode == 0
        loaded = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
        assert not loaded & {
            "jax",
            "jaxlib",
            "torch",
            "tensorflow",
            "keras",
            "scipy",
            "matplotlib",
            "pandas",
            "sklearn",
        }


@pytest.mark.slow
def test_as_a_user_types_it():
    """No line of Python's own start-up code is named as the user's."""
    t = process("explain", "3*(a+b*c)", "a=5", "b=3", "c=2")
    assert (t.status, t.err) == (0, "")
    assert "J = 3 * v = 3 * 11 = 33" in t.out
    t = process("explain", "log(a)+sum(x)", "a=0", "x=1,2", "--json")
    assert t.status in (0, 2)
    assert "<frozen" not in t.out + t.err
    assert "Warning" not in t.err
    t = process("explain", "a*b", "a=1")
    assert t.status == 2
    assert "Traceback" not in t.err
    assert "Traceback" in process("explain", "a*b", "a=1", "--debug").err


@pytest.mark.slow
def test_a_reader_who_has_seen_enough():
    """`| head -1`: no complaint."""
    command = [sys.executable, "-m", "chainrule", "explain", "+".join(["a"] * 900), "a=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as typing:
        assert typing.stdout.readline().startswith(b"J = a+a")
        typing.stdout.close()
        assert typing.stderr.read() == b""
        assert typing.wait(timeout=60) == 0


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk():
    """What cannot be written is said in a line, with a status that is not 0."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "chainrule", "slope", "a**2", "a=2"],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
        )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_without_unicode(encoding):
    """The C locale, and a Windows pipe: signs it lacks are replaced, the numbers still come."""
    for argv, words in (
        (["explain", "a**3", "a=2"], "dJ/da = 12"),
        (["train", "boston", "--activation", "step"], "XOR"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "chainrule", *argv],
            capture_output=True,
            timeout=60,
            env=os.environ | {"PYTHONIOENCODING": encoding},
        )
        assert b"Traceback" not in done.stderr
        assert done.returncode == 0
        assert words in done.stdout.decode(encoding)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_a_closed_stdout():
    done = subprocess.run(
        ["sh", "-c", '"$0" -m chainrule explain "a*2" a=1 >&-', sys.executable],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert "Traceback" not in done.stderr


# ---- seeing: pages and pictures of expressions and saved models


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A folder with a model, a batch and its targets."""
    import chainrule as cr

    monkeypatch.chdir(tmp_path)
    cr.set_random_seed(0)
    model = cr.Sequential(
        [
            cr.layers.Input((6, 6, 1)),
            cr.layers.Conv2D(2, 3, activation="relu", name="conv"),
            cr.layers.Flatten(),
            cr.layers.Dense(3, activation="softmax", name="out"),
        ],
        name="net",
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.save("net.chainrule")
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 1)).astype("float32")
    np.save("x.npy", x)
    np.save("y.npy", np.array([1, 2]))
    return model, x


def test_explain_writes_a_page_and_a_picture(typed, saved):
    t = typed("explain", "3*(a+b*c)", "a=5", "b=3", "c=2", "--html", "j.html", "--plot", "j.svg")
    assert t.status == 0
    assert "dJ/dc = 3 * 3 = 9" in t.out
    assert "<title>J = 33</title>" in Path("j.html").read_text(encoding="utf-8")
    assert "▸ 33" in Path("j.svg").read_text(encoding="utf-8")


def test_explain_a_saved_model(typed, saved):
    model, x = saved
    t = typed("explain", "net.chainrule", "--input", "x.npy", "--target", "y.npy", "--html", "e.html", "--depth", "1")
    assert t.status == 0, t
    loss = model.evaluate(x, np.array([1, 2]), verbose=0)
    assert "J = the loss of 'net'" in t.out
    assert re.search(rf"J = .* = {loss:.4g}", t.out)
    assert "sys.exit" not in t.out
    assert 'class="part"' in Path("e.html").read_text(encoding="utf-8")
    t = typed("explain", "net.chainrule", "--input", "x.npy", "--entry", "1,2", "--json", "--digits", "0")
    shown = json.loads(t.out)
    value = next(s["value"] for s in shown["steps"] if s["name"] == shown["result"])
    assert_allclose(value, model.predict(x, verbose=0)[1, 2], rtol=1e-5)


def test_cost_of_saved_models(typed, saved):
    t = typed("cost", "net.chainrule", "--batch", "2", "--html", "c.html")
    assert t.status == 0, t
    assert "4·4·2 outputs × 3·3·1 window" in t.out.replace("2·4·4·2", "4·4·2")
    assert "net, batch of 2" in t.out
    assert "<table>" in Path("c.html").read_text(encoding="utf-8")
    t = typed("cost", "net.chainrule", "net.chainrule", "--json")
    result = json.loads(t.out)["models"]
    assert result[0]["layers"][0]["forward multiplies"] == 4 * 4 * 2 * 9
    assert result[0] == result[1]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["explain", "net.chainrule"], ["--input x.npy"]),
        (["explain", "net.chainrule", "--input", "no.npy"], ["No such file"]),
        (["explain", "net.chainrule", "--input", "net.chainrule"], ["an .npy file"]),
        (["explain", "net.chainrule", "--input", "x.npy", "--entry", "a"], ["whole numbers"]),
        (["explain", "net.chainrule", "a=5", "--input", "x.npy"], ["a=5", "of an expression"]),
        (["explain", "a*2", "a=1", "--input", "x.npy"], ["--input x.npy", "of a model"]),
        (["explain", "net.chainrule", "--input", "x.npy", "--entry", "0,9"], ["index 9"]),
        (["explain", "no.chainrule", "--input", "x.npy"], ["no.chainrule"]),
        (["explain", "a*2", "a=1", "--html", "no/page.html"], ["in a folder that does not exist"]),
        (["explain", "a*2", "a=1", "--html", "p.html", "--language", "xx"], ["one of en, ko"]),
        (["cost", "no.chainrule"], ["no.chainrule"]),
        (["how", "origami"], ["conv2d"]),
        (["descent", "boston", "--column", "XX"], ["RM"]),
        (["descent", "boston", "--rate", "-1"], ["more than 0"]),
        (["descent", "boston", "--updates", "0"], ["updates=0"]),
        (["how", "conv2d", "--sizes", "1"], ["a whole number from 4 up"]),
        (["cost", "net.chainrule", "--batch", "0"], ["batch_size=0"]),
        (["cost", "net.chainrule", "--engine", "abacus"], ["abacus"]),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_what_cannot_be_seen(typed, saved, argv, words):
    t = typed(*argv)
    assert t.status == 2, t
    assert "Traceback" not in t.err
    assert "To mend it: " in t.err
    for word in words:
        assert word in t.err
    assert not os.path.exists("p.html")


def test_how_an_operation_is_done(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    t = typed("how", "max", "pooling", "--sizes", "7", "8", "--html", "p.html")
    assert t.status == 0, t
    assert "def max_pool_loop(image" in t.out
    assert "reshape(high, 2, wide, 2)" in t.out
    assert "<figure>" in Path("p.html").read_text(encoding="utf-8")


def test_descent_on_boston(typed, tmp_path, monkeypatch):
    """By how much too large a rate is: the loss's curvature along each axis is 2, so rates from 1 on are lost."""
    monkeypatch.chdir(tmp_path)
    t = typed("descent", "boston", "--rates", "0.3", "1.05", "--updates", "12", "--html", "p.html")
    assert t.status == 0, t
    ends = {line.split()[1]: float(line.split()[-1]) for line in t.out.splitlines() if line.startswith("rate ")}
    assert ends["0.3"] < 0.53 < 9 < ends["1.05"]
    assert "perceptron/kernel[0, 0]" in t.out
    assert "<polyline" in Path("p.html").read_text(encoding="utf-8")


def test_how_far_a_program_came(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("fine.py").write_text("print('hello')\n")
    Path("wrong.py").write_text(
        "import chainrule as cr\n"
        "x = cr.layers.Input((4,), name='start')\n"
        "cr.layers.Conv2D(2, 3, name='odd')(cr.layers.Dense(3, name='first')(x))\n"
    )
    Path("other.py").write_text("1 / 0\n")
    t = typed("explain", "--failed", "fine.py")
    assert t.status == 0
    assert "hello" in t.out
    t = typed("explain", "--failed", "wrong.py", "--html", "far.html")
    assert t.status == 1
    assert "Conv2D" in Path("far.html").read_text(encoding="utf-8")
    assert not Path("chainrule-failed.svg").exists()
    t = typed("explain", "--failed", "wrong.py", "--plot", "far.svg")
    assert t.status == 1, t
    assert "drawn in far.svg" in t.out
    drawn = Path("far.svg").read_text(encoding="utf-8")
    for name in ("start", "first", "odd"):
        assert name in drawn
    Path("done.py").write_text("import sys, fine\nassert sys.argv == ['done.py']\nsys.exit(0)\n")
    assert typed("explain", "--failed", "done.py").status == 0
    teaches(typed("explain", "--failed", "other.py"), "explain", "ZeroDivisionError")
    teaches(typed("explain", "--failed", "nosuch.py"), "explain", "nosuch.py")
