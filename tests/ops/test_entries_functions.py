"""Elementwise functions made of others, and functions of complex numbers for real ones."""

import numpy as np
import pytest
import scipy.special

from chainrule import ops, symbolic
from chainrule.core.errors import DTypeError, ShapeError, SymbolicError
from functions_cases import A, B, FunctionCases, X, check_error, whole

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case, steps = CASES.add, CASES.add_steps

case("copy", A(2, 3))
HOLED = np.where(A(3, 4) > 0.9, np.nan, A(3, 4))
assert 0 < np.isnan(HOLED).sum() < 12
case("fabs", A(3, 4))
steps("fabs", whole(3) - 1)
for name in ("fmax", "fmin"):
    case(name, A(3, 4), B(4))
    steps(name, HOLED, B(3, 4))
    steps(name, B(3, 1), HOLED)
    steps(name, HOLED, HOLED)
    steps(name, whole(3), np.array([1, 0, 2], "int32"))
case("fmod", 5 * A(3, 4), B(4))
steps("fmod", np.array([7.0, -7.0, 7.0, -7.0, 0.0]), np.array([4.0, 4.0, -4.0, -4.0, 3.0]))
steps("fmod", np.array([7, -7, 7, -7], "int32"), np.array([4, 4, -4, -4], "int32"))
steps("fmod", np.array([-128, 127, -7, 7, -128], "int8"), np.array([-1, -128, 3, -3, 5], "int8"))
steps("fmod", np.array([-(2**31), 2**31 - 1], "int32"), np.array([7, -(2**31)], "int32"))
steps("fmod", np.array([1.0, np.inf, 3.0, -0.0]), np.array([np.inf, 2.0, 0.0, 2.0]))
steps("lcm", np.array([4, 0, -6, 0, 7], "int32"), np.array([6, 5, 4, 0, 7], "int32"))
steps("heaviside", np.array([-2.0, 0.0, 3.0, np.nan, np.inf, -0.0]), 0.5)
case("heaviside", np.array([-2.0, 0.0, 3.0]), A(2, 3), smooth=False)
case("ldexp", A(3, 4), np.array([-3, 0, 2, 5], "int32"))
steps("ldexp", np.array([1.0, -3.5, 2.0**-1000]), np.array([1020, -1030, 1500], "int32"))
case("logaddexp2", A(3, 4), B(3, 1))
steps("logaddexp2", np.array([2000.0, -2000.0]), np.array([2000.0, 2000.0]))
case("sinc", A(3, 4))
case("sinc", np.array([0.0, 1e-9, 0.159, 0.1592, 1.0, -2.0, 30.25]), oracle=lambda x: np.sinc(x))
case("i0", 4 * A(3, 4), oracle=scipy.special.i0)
steps("i0", np.array([0.0, 1e-8, 100.0, -700.0]), oracle=scipy.special.i0)
SIGNED = np.array([-np.inf, -1.0, -0.0, 0.0, 2.0, np.inf, np.nan])
for name in ("isposinf", "isneginf", "isreal", "angle", "imag"):
    steps(name, SIGNED)
for name in ("real", "conj", "conjugate"):
    case(name, A(3, 4))
steps("view", np.float32([1.5, -2.0]), "int32", oracle=lambda x, dtype: x.view(dtype))
steps("view", np.arange(8, dtype="uint8").reshape(2, 4), "int16", oracle=lambda x, dtype: x.view(dtype))
steps("saturate_cast", np.array([-1.0, 0.5, 255.9, 256.0, 1e30, -np.inf]), "uint8",
      oracle=lambda x, d: np.array([0, 0, 255, 255, 255, 0]))  # fmt: skip
steps("saturate_cast", np.float32([2.0**31, -(2.0**33), 7.0]), "int32",
      oracle=lambda x, d: np.array([2**31 - 128, -(2**31), 7]))  # fmt: skip
steps("saturate_cast", np.array([300, -300, 5], "int32"), "int8", oracle=lambda x, d: np.array([127, -128, 5]))
steps("saturate_cast", np.array([1e9, -1e9, 2.0]), "float16", oracle=lambda x, d: np.array([65504, -65504, 2]))
steps("saturate_cast", np.array([-3, 9], "int8"), "uint64", oracle=lambda x, d: np.array([0, 9]))


@pytest.mark.parametrize("key", CASES)
def test_value(key):
    CASES[key].check_value()


NEED_NUMBERS = {f"view-{i}": "it reads their bits" for i in range(2)}


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
    "ldexp: a float": (lambda: ops.ldexp(X, 0.5), DTypeError),
    "lcm: floats": (lambda: ops.lcm(X, X), DTypeError),
    "conj: complex": (lambda: ops.conj(np.ones(2) * 1j), DTypeError),
    "view: odd bytes": (lambda: ops.view(np.zeros(3, "int8"), "int16"), ShapeError),
    "view: symbolic": (lambda: ops.view(symbolic((2,)), "int32"), SymbolicError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
