"""`explain` of an expression: values, gradients and true arithmetic, and errors that teach."""

import json
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from chainrule.cli.expression import FUNCTIONS
from cli_cases import MATH, evaluate, given, number, printed_gradients, sigmoid, strict, sums_are_true, teaches


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
    full, folded = (typed("explain", "elu(a)*2", "a=-1.5", *o) for o in ([], ["--depth", "0"]))
    assert len(folded.out.splitlines()) < len(full.out.splitlines())
    assert printed_gradients(full.out) == printed_gradients(folded.out)
    sums_are_true(folded.out)


def test_a_fold_is_summed_once(typed):
    """What meets inside a fold is the fold's own sum: it is not joined a second time outside."""
    t = typed("explain", "gelu(a)", "a=1", "--depth", "0")
    assert "joined at a" not in t.out
