"""`slope`: what is printed of a derivative and of its measurement."""

import re

import pytest
from numpy.testing import assert_allclose

from cli_cases import evaluate, teaches


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
