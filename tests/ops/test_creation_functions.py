"""Create tensors."""

import pytest

from chainrule import ops, symbolic
from chainrule.core.errors import ChainruleError, DTypeError, ShapeError, SymbolicError, ValueProblem
from functions_cases import A, B, FunctionCases, X, check_error

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case, steps = CASES.add, CASES.add_steps

steps("full_like", A(2, 3), 5.0)
steps("zeros_like", A(2, 3))
steps("ones_like", A(2, 3))
steps("arange", 5)
steps("arange", 2, 11, 3)
steps("arange", 5, -2, -2)
steps("arange", 0.0, 1.0, 0.25)
steps("linspace", 1.0, 2.0, 5)
steps("linspace", 1.0, 2.0, 4, endpoint=False)
steps("eye", 3)
steps("eye", 2, 4, 1)
steps("eye", 4, 2, -1)
steps("identity", 3)
case("meshgrid", A(2), B(3))
case("meshgrid", A(2), B(3), A(4), indexing="ij")
case("meshgrid", A(2), B(3), A(4))
steps("logspace", 0.0, 2.0, 5)
steps("logspace", 1.0, 3.0, 4, endpoint=False, base=2.0)
steps("tri", 3)
steps("tri", 3, 4, -1)
steps("geomspace", 1.0, 1000.0, 4)
steps("geomspace", -2.0, -32.0, 4, endpoint=False)
for name in ("bartlett", "blackman", "hamming", "hanning"):
    steps(name, 7)
    steps(name, 1)
    steps(name, 0)
steps("kaiser", 8, 3.5)
steps("kaiser", 1, 14.0)


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

ERRORS = {
    "zeros: negative size": (lambda: ops.zeros((2, -1)), ChainruleError),
    "arange: step 0": (lambda: ops.arange(0, 3, 0), ValueProblem),
    "linspace: negative number": (lambda: ops.linspace(0, 1, -2), ChainruleError),
    "meshgrid: indexing": (lambda: ops.meshgrid(A(2), indexing="yx"), ValueProblem),
    "logspace: negative number": (lambda: ops.logspace(0, 1, -2), ValueProblem),
    "tri: negative": (lambda: ops.tri(-1), ShapeError),
    "geomspace: from 0": (lambda: ops.geomspace(0.0, 1.0), ValueProblem),
    "hanning: negative": (lambda: ops.hanning(-1), ShapeError),
    "convert: strings": (lambda: ops.convert_to_tensor(["a"]), DTypeError),
    "convert: ragged": (lambda: ops.convert_to_tensor([[1.0], [1.0, 2.0]]), ShapeError),
    "cast: strings": (lambda: ops.cast(X, "str"), DTypeError),
    "a symbolic number asked for": (lambda: ops.convert_to_numpy(symbolic((2,))), SymbolicError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
