"""Reductions that ignore nan."""

from functools import partial

import numpy as np
import pytest

from chainrule import ops
from chainrule.core.errors import ShapeError
from functions_cases import A, FunctionCases, check_error, whole

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case, steps = CASES.add, CASES.add_steps

ROWS = np.where(np.arange(5) == np.array([[1], [3], [4]]), np.nan, A(3, 5))
EMPTY_ROW = np.vstack([ROWS, np.full(5, np.nan)])
for name in "nansum nanprod nanmax nanmin nanmean nanvar nanstd nanmedian".split():
    case(name, A(2, 3, 4), axis=(0, 2), keepdims=True)
    steps(name, ROWS)
    steps(name, EMPTY_ROW, axis=1)
    steps(name, whole(2, 3), axis=-1)
steps("nanmedian", np.zeros((0, 3)), axis=0)
for name in ("nancumsum", "nancumprod"):
    steps(name, ROWS)
    steps(name, EMPTY_ROW, axis=1)
    case(name, A(2, 3), axis=0)
for name in ("nanargmax", "nanargmin"):
    steps(name, ROWS)
    steps(name, ROWS, axis=0)
    steps(name, ROWS, axis=1, keepdims=True)
    steps(name, whole(2, 3), axis=1)
    steps(name, EMPTY_ROW, axis=1, oracle=partial(
        lambda f, x, axis: np.append(f(x[:3], axis=axis), -1), getattr(np, name)))  # fmt: skip
for method in ("linear", "lower", "higher", "midpoint", "nearest"):
    steps("nanquantile", EMPTY_ROW, np.array([0.0, 0.3, 0.71, 1.0]), axis=1, method=method)
case("nanquantile", A(2, 3, 4), 0.3, axis=(0, 1), keepdims=True)
steps("nanpercentile", ROWS, 30.0)
steps("nanpercentile", ROWS, np.array([12.5, 90.0]), axis=0)


@pytest.mark.filterwarnings("ignore:(All-NaN|Mean of|Degrees of):RuntimeWarning")  # NumPy's, of rows of nan
@pytest.mark.parametrize("key", CASES)
def test_value(key):
    CASES[key].check_value()


@pytest.mark.parametrize("key", CASES.of_arrays())
def test_symbolic(key):
    CASES[key].check_symbolic()


@pytest.mark.parametrize("key", CASES.smooth())
def test_gradient(key):
    CASES[key].check_gradient()


# ---- errors

ERRORS = {"nanmax: nothing": (lambda: ops.nanmax(A(0, 3), axis=0), ShapeError)}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
