"""Sort, select, running sums and means."""

import math
from functools import partial

import numpy as np
import pytest
import scipy.special

from chainrule import ops
from chainrule.core.errors import ShapeError
from functions_cases import ODD, A, FunctionCases, X, check_error, positive, whole

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case, steps = CASES.add, CASES.add_steps

case("sort", A(3, 4))
case("sort", A(3, 4, 2), axis=0)
steps("argsort", A(3, 4), axis=0)
steps("argsort", np.array([2.0, 1, 2, 1, 1]), oracle=lambda x: np.argsort(x, stable=True))
case("top_k", A(3, 5), 2, oracle=lambda x, k: (np.sort(x)[:, ::-1][:, :k], np.argsort(-x, stable=True)[:, :k]))
steps("top_k", whole(2, 6), 4, oracle=lambda x, k: (np.sort(x)[:, ::-1][:, :k], np.argsort(-x, stable=True)[:, :k]))
steps("top_k", A(3, 5), 0, oracle=lambda x, k: (x[:, :0], np.zeros((3, 0))))
for name in ("max", "min"):
    case(name, A(2, 3, 4), axis=(0, -1), keepdims=True)
    case(name, A(2, 3, 4), axis=[0, -1], oracle=partial(lambda f, x, axis: f(x, tuple(axis)), getattr(np, name)))
    case(name, A(2, 3), axis=0, initial=0.2)
    steps(name, np.zeros((0, 3)), axis=0, initial=1.5)
case("ptp", A(3, 4), axis=1, keepdims=True)
case("cumsum", A(2, 3))
case("cumsum", A(2, 3), axis=-1)
steps("cumsum", A(5) > 0)
case("prod", A(2, 3))
case("prod", A(2, 3, 4), axis=(0, 2), keepdims=True)
case("prod", A(2, 3), axis=1, dtype="float64")
case("cumprod", A(2, 5))
case("cumprod", A(2, 7), axis=1)
steps("count_nonzero", whole(3, 4), axis=0)
case("average", A(3, 4), axis=1, weights=positive(4))
case("average", A(3, 4), weights=positive(3, 4))
case("average", A(3, 4), axis=0)
case("average", A(3, 4, 2), axis=(0, 2), weights=positive(3, 4, 2))
case("moments", A(2, 3, 4), (0, 2), oracle=lambda x, axes: (np.mean(x, axes), np.var(x, axes)))
case("moments", A(2, 3), 1, True, oracle=lambda x, a, keep: (x.mean(a, keepdims=keep), x.var(a, keepdims=keep)))
for other in (ODD, ODD[::-1].copy(), ODD + 1e-6, ODD * (1 + 1e-4)):
    for equal_nan in (False, True):
        steps("isclose", ODD, other, equal_nan=equal_nan)
        steps("allclose", ODD, other, equal_nan=equal_nan)
steps("isclose", A(3, 1), A(3, 4), rtol=0.0, atol=1.0)
case("diff", A(3, 5))
case("diff", A(5, 3), 2, axis=0)
case("diff", A(3), 4)
log_mean_exp = lambda x, axis=None: scipy.special.logsumexp(x, axis) - math.log(np.size(x) / np.size(x.sum(axis)))
case("log_mean_exp", A(3, 4) * 300, oracle=log_mean_exp)
case("log_mean_exp", A(2, 3, 4), axis=(0, 2), oracle=log_mean_exp)
steps("argpartition", A(3, 5), 2, oracle=lambda x, kth: np.argsort(x))
steps("argpartition", A(3, 5), -1, 0, oracle=lambda x, kth, axis: np.argsort(x, 0))
steps("argpartition", A(3, 5), 3, None, oracle=lambda x, kth, axis: np.argsort(x, None))
case("trapezoid", A(3, 5))
case("trapezoid", A(3, 5), np.cumsum(positive(5)))
case("trapezoid", A(3, 5), np.cumsum(positive(3, 5), 0), axis=0)
case("trapezoid", A(3, 5), dx=0.5, axis=0)


@pytest.mark.parametrize("key", CASES)
def test_value(key):
    CASES[key].check_value()


@pytest.mark.parametrize("key", CASES.of_arrays())
def test_symbolic(key):
    CASES[key].check_symbolic()


@pytest.mark.parametrize("key", CASES.smooth())
def test_gradient(key):
    CASES[key].check_gradient()


# ---- what has no peer


def test_top_k_first_of_equals():
    values, places = ops.top_k([3.0, 5.0, 5.0, 1.0, 5.0], 3)
    assert (values.tolist(), places.tolist()) == ([5, 5, 5], [1, 2, 4])


# ---- errors

ERRORS = {
    "sort: no axis": (lambda: ops.sort(1.0), ShapeError),
    "top_k: too many": (lambda: ops.top_k(X, 5), ShapeError),
    "max: empty": (lambda: ops.max(np.zeros((0, 2)), axis=0), ShapeError),
    "max: an axis twice": (lambda: ops.max(X, axis=(0, 0)), ShapeError),
    "cumsum: no such axis": (lambda: ops.cumsum(X, axis=2), ShapeError),
    "average: other weights": (lambda: ops.average(X, axis=0, weights=A(2)), ShapeError),
    "diff: a number": (lambda: ops.diff(1.0), ShapeError),
    "argpartition: outside": (lambda: ops.argpartition(X, 4), ShapeError),
    "trapezoid: a number": (lambda: ops.trapezoid(1.0), ShapeError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
