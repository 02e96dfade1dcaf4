"""Symbolic sizes: each law of their arithmetic against the same expression on numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.graph import Dim, UnknownSize, is_less, larger, may_be_equal, smaller
from chainrule.graph.dimension import evaluate, sizes_in

N, M = Dim.new(), Dim.new()
LEAVES = st.one_of(st.sampled_from([N, M]), st.integers(-3, 6))
OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "max": larger,
    "min": smaller,
    "ceil": lambda a, b: math.ceil(a / b) if isinstance(a, Dim) else -(-a // b),
}
EXPRESSIONS = st.recursive(
    LEAVES, lambda inner: st.tuples(st.sampled_from(sorted(OPERATIONS)), inner, inner), max_leaves=6
)


def computed(expression, values):
    """The expression on these values of N and M: numbers, or the symbols themselves."""
    if isinstance(expression, tuple):
        name, a, b = expression
        return OPERATIONS[name](computed(a, values), computed(b, values))
    return values.get(id(expression), expression)


@given(EXPRESSIONS, st.integers(1, 40), st.integers(1, 40))
def test_the_number_of_an_expression_is_that_of_its_sizes(expression, n, m):
    try:
        size = computed(expression, {id(N): N, id(M): M})
    except (UnknownSize, ZeroDivisionError):
        return
    try:
        number = computed(expression, {id(N): n, id(M): m})
    except ZeroDivisionError:
        return
    values = dict(zip([*sizes_in(N), *sizes_in(M)], (n, m), strict=True))
    assert evaluate(size, values) == number


@given(EXPRESSIONS, EXPRESSIONS, st.integers(1, 9), st.integers(1, 9))
def test_what_is_decided_holds_for_all_sizes(one, other, n, m):
    try:
        a, b = (computed(e, {id(N): N, id(M): M}) for e in (one, other))
        x, y = (computed(e, {id(N): n, id(M): m}) for e in (one, other))
    except (UnknownSize, ZeroDivisionError):
        return
    for compare in (
        lambda a, b: a == b,
        lambda a, b: a != b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ):
        try:
            decided = compare(a, b)
        except UnknownSize:
            continue
        assert decided == compare(x, y)
    assert may_be_equal(a, b) or x != y
    assert not is_less(a, b) or x < y


def test_equal_expressions_are_equal():
    assert (N + 1) * (N - 1) == N * N - 1
    assert (N * M + N) // (M + 1) == N
    assert (6 * N * M) // (2 * N) == 3 * M
    assert N // 2 + N // 2 == 2 * (N // 2)
    assert (4 * N + 6) // 4 == N + 1
    assert (4 * N + 6) % 4 == 2
    assert math.prod((N, 4, 2)) == np.prod((N, 8)) == 8 * N
    assert sum([N, 1, M]) == M + N + 1
    assert divmod(4 * N, N) == (4, 0)
    assert N**2 == N * N
    assert math.floor((2 * N) / 2) == math.ceil((2 * N) / 2) == N
    assert len({N + M, M + N, 1 * N + M}) == 1


@pytest.mark.parametrize(
    "undecidable",
    [
        lambda: N == M,
        lambda: N == 3,
        lambda: N > 3,
        lambda: N <= M,
        lambda: max(N, 3),
        lambda: bool(N - 1),
        lambda: range(N),
        lambda: [0] * N,
        lambda: int(N),
        lambda: float(N),
        lambda: np.zeros((N, 2)),
        lambda: np.arange(N),
        lambda: sorted([N, 2]),
    ],
)
def test_what_needs_a_number_says_so(undecidable):
    with pytest.raises(UnknownSize):
        undecidable()


def test_bounds():
    assert N >= 1
    assert N != 0
    assert bool(N)
    assert N + 2 > 2
    assert not N < 1
    assert larger(N, 0) is N
    assert smaller(N, 0) == 0
    assert isinstance(smaller(N, 1), Dim)  # an axis may be empty after all
    assert larger(N + 3, N) == N + 3
    assert larger(N - 3, 0) != -1
    assert is_less(N, N + 1)
    assert not is_less(N, M)
    assert not may_be_equal(N, N + 1)
    assert may_be_equal(N, M)
    with pytest.raises(ZeroDivisionError):
        N // 0


def test_shapes_show_none():
    assert str((N, 3, N + 1)) == "(None, 3, None)"
    assert None not in (N, 3)
    assert "a" not in (N, 3)
