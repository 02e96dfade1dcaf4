"""Checks of arguments: what counts as a whole number, and what each error says."""

import math
from fractions import Fraction

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.arguments import at_least, between, each_at_least, finite, not_nan, one_of, whole_number
from chainrule.errors import ValueProblem

WHOLE = [3, np.int64(3), np.uint8(3), np.array(3), cr.tensor(3), cr.Variable(3)]
NOT_WHOLE = [
    *(
        2.7,
        3.0,
        "3",
        None,
        True,
        np.True_,
        3 + 0j,
        math.nan,
        math.inf,
        [3],
        np.array([3]),
        np.array([1, 2]),
        Fraction(3),
    ),
    *(np.float32(3), np.array(2.7), np.array(3.0), np.array(True), cr.tensor(2.7), cr.tensor([1, 2]), cr.symbolic(())),
]
named = pytest.mark.parametrize


@named("value", WHOLE, ids=repr)
def test_whole_numbers_are_taken(value):
    assert type(whole_number(value)) is int
    assert whole_number(value) == at_least(1, n=value) == between(1, 3, n=value) == 3
    assert each_at_least(3, 2, n=value) == each_at_least(1, 2, n=[value, 3]) == (3, 3)


@named("value", NOT_WHOLE, ids=lambda v: f"{type(v).__name__} {v!r}")
def test_what_is_no_whole_number_is_refused_everywhere(value):
    assert whole_number(value) is None
    for check in (lambda: at_least(1, n=value), lambda: between(1, 9, n=value), lambda: each_at_least(1, 2, n=value)):
        with pytest.raises(ValueProblem, match=r"Got n="):
            check()
    with pytest.raises(ValueProblem, match=r"Got n="):
        each_at_least(1, 2, n=(3, value))


@named(
    ("check", "text"),
    [
        (lambda: at_least(2, units=1), "Got units=1; expected a whole number from 2 up. To mend it: e.g. units=2."),
        (lambda: at_least(0, n=-1, owner="Dense 'd'"), "Got n=-1 for Dense 'd'; expected a whole number from 0 up."),
        (lambda: between(1, 4, k=5), "Got k=5; expected a whole number from 1 to 4."),
        (
            lambda: each_at_least(1, 2, strides=(1, 2, 3)),
            "Got strides=(1, 2, 3); expected a whole number from 1 up, or 2",
        ),
        (lambda: each_at_least(1, 2, strides=()), "Got strides=()"),
        (lambda: each_at_least(0, 1, pad=-1), "Got pad=-1; expected a whole number from 0 up."),
        (lambda: finite(rate=math.nan), "Got rate=nan; expected a finite number. To mend it: e.g. rate=0.1."),
        (lambda: finite(least=0, rate=-0.5), "expected a finite number from 0 up"),
        (lambda: finite(above=0, rate=0), "expected a finite number more than 0"),
        (lambda: finite(above=5, rate=5), "e.g. rate=6"),
        (lambda: finite(rate=True), "Got rate=True"),
        (lambda: finite(rate="1"), "Got rate='1'"),
        (lambda: finite(rate=math.inf), "Got rate=inf"),
        (lambda: finite(rate=10**400), "expected a finite number"),
        (lambda: not_nan(least=0, rate=math.nan), "expected a number from 0 up"),
        (lambda: not_nan(above=0, rate=-math.inf), "expected a number more than 0"),
        (lambda: between(-1, 0, axis=1), "from -1 to 0. To mend it: e.g. axis=0."),
        (lambda: one_of(["a", "b"], mode="c"), "Got mode='c'; expected 'a' or 'b'. To mend it: e.g. mode='a'."),
        (lambda: one_of([0, 1], order=True), "Got order=True; expected 0 or 1"),
        (lambda: one_of("abc", mode=np.array([1, 2])), "expected one of 'a', 'b', 'c'"),
    ],
)
def test_errors_name_the_argument_and_what_is_taken(check, text):
    with pytest.raises(ValueProblem) as caught:
        check()
    assert text in str(caught.value)


def test_numbers_and_options_come_back():
    assert (finite(r=1), finite(least=0, r=0), finite(r=np.float32(0.5)), finite(r=Fraction(1, 2))) == (
        1.0,
        0.0,
        0.5,
        0.5,
    )
    assert not_nan(above=0, r=math.inf) == math.inf
    assert one_of([None, "a"], mode=None) is None
    assert one_of(iter(["a", "b"]), mode="b") == "b"
