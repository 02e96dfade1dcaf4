"""Search, count, sum by segment, quantiles, statistics."""

import math

import numpy as np
import pytest

from chainrule import ops, symbolic
from chainrule.core.errors import DTypeError, IndexProblem, ShapeError, SymbolicError, ValueProblem
from functions_cases import A, FunctionCases, X, check_error, whole

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case, steps = CASES.add, CASES.add_steps

LINE = np.array([-1.0, 0.5, 0.5, 2.0, np.inf])
for side in ("left", "right"):
    steps("searchsorted", LINE, np.array([[0.5, -2.0, 3.0], [np.inf, np.nan, -1.0]]), side)
    steps("searchsorted", np.zeros(0), A(2), side)
steps("digitize", A(2, 3), np.array([-0.5, 0.0, 0.25]))
FALLING = np.array([2.0, 0.5, 0.5, -1.0])
steps("digitize", np.array([[3.0, 2.0, 1.0], [0.5, -1.0, -2.0], [np.nan, np.inf, -np.inf]]), FALLING)
steps("digitize", np.array([2.0, 3.0, 1.0]), np.array([2.0, 2.0]))
steps("digitize", np.array([2.0, 3.0]), np.zeros(0))
ENDS = np.array([2**31 - 1, 2**31 - 2, -(2**31), 2**24 + 1, 0], "int32")
steps("digitize", ENDS, np.array([-(2.0**31), 0.0, 2.0**24 + 2, 2.0**31], "float32"))
steps("digitize", ENDS, np.array([2**31 - 1, 2**24 + 1, -(2**31)], "int32"))
steps("digitize", np.array([255, 128, 0], "uint8"), np.array([255, 127, 3], "uint8"))
steps("isin", whole(2, 5), np.array([[2, 7]]))
steps("isin", whole(2, 5), np.array([0]), invert=True)
steps("isin", A(3), np.zeros(0))
steps("unravel_index", whole(4, below=24), (2, 3, 4))
steps("unravel_index", np.array([-1, -24], "int32"), (2, 3, 4), oracle=lambda i, s: np.unravel_index(i + 24, s))


def by_segment(join, empty):
    def joined(x, ids, n=None, sorted=False):
        n = max(ids, default=-1) + 1 if n is None else n
        rows = [[r for r, i in zip(x, ids, strict=True) if i == k] for k in range(n)]
        return np.array([join(r, axis=0) if r else np.full(x.shape[1:], empty) for r in rows]).reshape(n, *x.shape[1:])

    return joined


IDS = np.array([2, 0, 2, -1, 5, 0], "int32")
for name, join, empty in (("segment_sum", np.sum, 0.0), ("segment_max", np.max, -np.inf)):
    case(name, A(6), np.array([1, 0, 2, 1, 1, 2], "int32"), 3, oracle=by_segment(join, empty))
    steps(name, A(6, 2), IDS, 4, oracle=by_segment(join, empty))  # one without rows, and rows of none
    steps(name, A(6, 2, 1), IDS, oracle=by_segment(join, empty))
    steps(name, A(0, 2), np.zeros(0, "int32"), 3, oracle=by_segment(join, empty))
steps("segment_max", whole(6), IDS, 4, oracle=by_segment(np.max, -(2**31)))
case("segment_sum", A(6, 2), IDS, 4, oracle=by_segment(np.sum, 0.0))
steps("bincount", np.array([3, 0, 3, 1], "int32"), minlength=6)
steps("bincount", np.zeros(0, "int32"))
rows_of = lambda x, weights=None, minlength=0: np.stack(
    [
        np.bincount(r, None if weights is None else w, 5)
        for r, w in zip(x, x if weights is None else weights, strict=True)
    ]
)
steps("bincount", np.array([[3, 0, 3], [1, 4, 4]], "int32"), oracle=rows_of)
case("bincount", np.array([[3, 0, 3], [1, 4, 4]], "int32"), A(2, 3), 2, oracle=rows_of)
hot_of = lambda x, n: np.array([[float(k in row) for k in range(n)] for row in x])
steps("multi_hot", np.array([[0, 2, 2], [3, 1, 9]], "int32"), 4, oracle=hot_of)
steps("multi_hot", np.array([0, 2], "int32"), 4, oracle=lambda x, n: hot_of([x], n)[0])
steps("multi_hot", np.array([[0, 2], [3, 1]], "int32"), 4, axis=0, oracle=lambda x, n, axis: hot_of(x, n).T)
for method in ("linear", "lower", "higher", "midpoint", "nearest"):
    case("quantile", A(3, 4), 0.3, method=method)
    case(
        "quantile",
        A(2, 5, 3),
        np.array([0.0, 0.4, 0.93, 1.0]),
        axis=(0, -1),
        keepdims=True,
        method=method,
        smooth=False,
    )
case("quantile", A(4, 5), np.array([0.3, 0.71]), axis=1)
HOLES = np.array([[1.0, np.nan], [2.0, 3.0], [np.inf, 4.0]])  # at the end of a row NumPy makes nan of inf - inf
steps(
    "quantile", HOLES, np.array([0.5, 1.0]), axis=0, oracle=lambda *_, axis: np.array([[2, np.nan], [np.inf, np.nan]])
)
steps("quantile", whole(7), 0.25)
case("median", A(3, 4))
steps("median", np.zeros((0, 3)), axis=0, oracle=lambda *_, axis: np.full(3, np.nan))
steps("median", np.zeros((2, 0)), oracle=lambda _: np.nan)
steps("quantile", np.zeros((3, 0)), 0.5, axis=0)
steps("quantile", np.zeros((3, 0)), np.array([0.5, 0.1]), axis=1, oracle=lambda *_, axis: np.full((2, 3), np.nan))
case("median", A(3, 5), axis=1, keepdims=True)
case("median", A(2, 3, 4), axis=(0, 1))
case("percentile", A(3, 4), 30.0)
case("percentile", A(3, 4), np.array([12.5, 90.0]), axis=1, keepdims=True, smooth=False)
for name, join, empty in (("segment_min", np.min, np.inf), ("segment_prod", np.prod, 1.0)):
    case(name, A(6), np.array([1, 0, 2, 1, 1, 2], "int32"), 3, oracle=by_segment(join, empty))
    case(name, A(6, 2), np.array([1, 0, 0, 1, 1, 0], "int32"), 2, oracle=by_segment(join, empty))
    steps(name, A(6, 2), IDS, 4, oracle=by_segment(join, empty))
steps("segment_min", whole(6), IDS, 4, oracle=by_segment(np.min, 2**31 - 1))
case("segment_prod", np.array([0.0, 2.0, 3.0, 0.0]), np.array([0, 0, 1, 1], "int32"), 2, oracle=by_segment(np.prod, 1))
steps("histogram", A(30), 4)
steps("histogram", A(3, 4), np.array([-1.0, 0.0, 0.5, 2.0]))
steps("histogram", A(30), 3, (-0.5, 1.0))
steps("histogram", np.array([2.0, 2.0]), 2)
steps("histogram", np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]))
steps("histogram", np.zeros(0), 2)
unique = lambda x, *more, **options: np.unique(x, *more, equal_nan=False, **options)
TWICE = np.array([[3.0, 1.0, 3.0], [1.0, 7.0, 3.0]])
case("unique", TWICE, oracle=unique, smooth=False)
steps("unique", TWICE, return_index=True, return_inverse=True, return_counts=True, oracle=unique)
steps(
    "unique",
    np.array([[1, 2], [0, 2], [1, 2]], "int32"),
    axis=0,
    return_inverse=True,
    return_counts=True,
    oracle=unique,
)
steps("unique", np.array([np.nan, 1.0, np.nan]), oracle=unique)
steps("unique", TWICE, size=5, oracle=lambda x, size: np.array([1.0, 3, 7, 1, 1]))
steps("unique", TWICE, size=5, fill_value=-1.0, return_counts=True,
      oracle=lambda x, **_: (np.array([1.0, 3, 7, -1, -1]), np.array([2, 3, 1, 0, 0])))  # fmt: skip
steps("unique", TWICE, size=2, return_index=True, oracle=lambda x, **_: (np.array([1.0, 3]), np.array([1, 0])))


@pytest.mark.parametrize("key", CASES)
def test_value(key):
    CASES[key].check_value()


NEED_NUMBERS = {
    **{f"bincount-{i}": "its length depends on them" for i in range(4)},
    **{f"segment_{how}-2": "their number depends on the ids" for how in ("sum", "max")},
    **{f"unique-{i}": "its shape depends on them" for i in range(7)},
}


@pytest.mark.parametrize("key", CASES.of_arrays())
def test_symbolic(key):
    if key in NEED_NUMBERS:
        CASES[key].check_needs_numbers()
    else:
        CASES[key].check_symbolic()


@pytest.mark.parametrize("key", CASES.smooth())
def test_gradient(key):
    CASES[key].check_gradient()


# ---- errors

ERRORS = {
    "searchsorted: a matrix": (lambda: ops.searchsorted(X, 1.0), ShapeError),
    "searchsorted: side": (lambda: ops.searchsorted(A(3), 1.0, "middle"), ValueProblem),
    "unravel_index: outside": (lambda: ops.unravel_index([6], (2, 3)), IndexProblem),
    "unravel_index: into nothing": (lambda: ops.unravel_index([0], (0, 3)), IndexProblem),
    "unravel_index: floats": (lambda: ops.unravel_index([1.0], (2, 3)), DTypeError),
    "segment_sum: ids": (lambda: ops.segment_sum(X, [0, 1]), ShapeError),
    "segment_sum: a number": (lambda: ops.segment_sum(1.0, [0]), ShapeError),
    "segment_sum: negative number": (lambda: ops.segment_sum(X, [0, 1, 0], -1), ShapeError),
    "segment_max: floats as ids": (lambda: ops.segment_max(X, [0.0, 1.0, 1.0]), DTypeError),
    "segment_max: booleans": (lambda: ops.segment_max(X > 0, [0, 1, 1]), DTypeError),
    "bincount: negative": (lambda: ops.bincount([1, -1]), ValueProblem),
    "bincount: floats": (lambda: ops.bincount([1.0]), DTypeError),
    "bincount: weights": (lambda: ops.bincount([1, 2], [1.0]), ShapeError),
    "bincount: a number": (lambda: ops.bincount(1), ShapeError),
    "multi_hot: no number": (lambda: ops.multi_hot([1]), ValueProblem),
    "multi_hot: floats": (lambda: ops.multi_hot([1.5], 2), DTypeError),
    "quantile: per cent": (lambda: ops.quantile(X, 50), ValueProblem),
    "quantile: nan": (lambda: ops.quantile(X, math.nan), ValueProblem),
    "quantile: method": (lambda: ops.quantile(X, 0.5, method="hazen"), ValueProblem),
    "digitize: bins that rise and fall": (lambda: ops.digitize(A(3), [1.0, 3.0, 2.0]), ValueProblem),
    "median: no such axis": (lambda: ops.median(X, axis=2), ShapeError),
    "percentile: above 100": (lambda: ops.percentile(X, 101.0), ValueProblem),
    "segment_prod: booleans": (lambda: ops.segment_prod(X > 0, [0, 1, 1]), DTypeError),
    "histogram: no bins": (lambda: ops.histogram(X, 0), ValueProblem),
    "histogram: falling": (lambda: ops.histogram(X, [1.0, 0.0]), ValueProblem),
    "histogram: range": (lambda: ops.histogram(X, 3, (1.0, 0.0)), ValueProblem),
    "unique: symbolic": (lambda: ops.unique(symbolic((2,))), SymbolicError),
    "unique: no such axis": (lambda: ops.unique(X, axis=2), ShapeError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
