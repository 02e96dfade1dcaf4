"""Rearrange entries."""

import numpy as np
import pytest

from chainrule import ops
from chainrule.core.errors import ChainruleError, ShapeError, ValueProblem
from functions_cases import A, B, FunctionCases, X, check_error

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case = CASES.add

case("reshape", A(2, 3, 4), (4, -1))
case("reshape", A(2, 3), -1)
case("ravel", A(2, 3))
case("transpose", A(2, 3, 4), (2, 0, -2))
case("expand_dims", A(2, 3), (0, -1))
case("swapaxes", A(2, 3, 4), 0, -1)
case("moveaxis", A(2, 3, 4, 5), (0, -1), (2, 0))
case("moveaxis", A(2, 3, 4), 2, 0)
case("broadcast_to", A(3, 1), (2, 3, 4))
case("concatenate", [A(2, 3), B(2, 1), A(2, 4)], axis=-1)
case("concatenate", [A(2, 3), B(4)], axis=None)
case("stack", [A(2, 3), B(2, 3)])
case("stack", [A(2, 3), B(2, 3)], axis=1)
case("stack", [A(2, 3), B(2, 3), A(2, 3)], axis=-1)
case("append", A(2, 3), B(4))
case("append", A(2, 3), B(1, 3), axis=0)
case("vstack", [A(3), B(2, 3)])
case("hstack", [A(2, 3), B(2, 1)])
case("hstack", [A(2), B(3)])
case("split", A(4, 6), 3, axis=1)
case("split", A(7, 2), [2, 5])
case("split", A(2, 7), [1, 1, -2, 9], axis=-1)
case("unstack", A(2, 3, 4), axis=1, oracle=lambda x, axis: list(np.moveaxis(x, axis, 0)))
case("unstack", A(2, 3), 3, -1, oracle=lambda x, num, axis: list(x.T))
case("flip", A(2, 3, 4), (0, -1))
case("roll", A(2, 5), 3)
case("roll", A(2, 5), -7, axis=1)
case("roll", A(3, 4, 5), (1, -2), axis=(0, 2))
case("squeeze", A(1, 3, 1), (0, -1))
for k in (-1, 0, 1, 2, 7):
    case("rot90", A(2, 3), k)
case("rot90", A(2, 3, 4), 1, (2, 0))
case("array_split", A(7, 2), 3)
case("array_split", A(2, 3), 5, 1)
case("array_split", A(7), [2, 2, 6])
case("hsplit", A(2, 6), 3)
case("hsplit", A(6), [1, 4])
case("vsplit", A(6, 2), 2)
case("dsplit", A(2, 3, 4), [1])
case("dstack", [A(2, 3), B(2, 3)])
case("dstack", [A(3), B(3)])
case("dstack", [A(2, 3, 1), B(2, 3, 4)])
case("fliplr", A(2, 3, 4))
case("flipud", A(3))
case(
    "rearrange",
    A(2, 6, 3),
    "b (h w) c -> b c h w",
    h=2,
    oracle=lambda x, p, h: x.reshape(2, 2, 3, 3).transpose(0, 3, 1, 2),
)
case("rearrange", A(4, 1, 6), "(a b) 1 (c d) -> 1 (c a) (b d)", b=2, c=3,
     oracle=lambda x, p, b, c: x.reshape(2, 2, 3, 2).transpose(2, 0, 1, 3).reshape(1, 6, 4))  # fmt: skip
case("rearrange", A(2, 3), "a b -> b a", oracle=lambda x, p: x.T)


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
    "reshape: other size": (lambda: ops.reshape(X, (5, 2)), ShapeError),
    "reshape: two -1": (lambda: ops.reshape(X, (-1, -1)), ShapeError),
    "transpose: an axis twice": (lambda: ops.transpose(X, (0, 0)), ShapeError),
    "transpose: too few axes": (lambda: ops.transpose(X, (0,)), ShapeError),
    "expand_dims: no such place": (lambda: ops.expand_dims(X, 4), ShapeError),
    "squeeze: not 1": (lambda: ops.squeeze(X, 0), ShapeError),
    "swapaxes: no such axis": (lambda: ops.swapaxes(X, 0, 2), ShapeError),
    "moveaxis: an axis twice": (lambda: ops.moveaxis(X, (0, 0), (0, 1)), ShapeError),
    "broadcast_to: smaller": (lambda: ops.broadcast_to(X, (3, 2)), ShapeError),
    "concatenate: nothing": (lambda: ops.concatenate([]), ValueProblem),
    "concatenate: unequal": (lambda: ops.concatenate([X, A(3, 5)]), ShapeError),
    "stack: unequal": (lambda: ops.stack([A(2), A(3)]), ShapeError),
    "stack: nothing": (lambda: ops.stack([]), ChainruleError),
    "hstack: nothing": (lambda: ops.hstack([]), ChainruleError),
    "split: does not divide": (lambda: ops.split(X, 2), ShapeError),
    "split: no part": (lambda: ops.split(X, 0), ShapeError),
    "unstack: other number": (lambda: ops.unstack(X, 2), ShapeError),
    "flip: no such axis": (lambda: ops.flip(X, 2), ShapeError),
    "roll: no such axis": (lambda: ops.roll(X, 1, axis=2), ShapeError),
    "roll: more shifts than axes": (lambda: ops.roll(X, (1, 2), axis=(0,)), ChainruleError),
    "rot90: one axis": (lambda: ops.rot90(X, 1, (0,)), ShapeError),
    "rot90: an axis twice": (lambda: ops.rot90(X, 1, (1, -1)), ShapeError),
    "rot90: a vector": (lambda: ops.rot90(A(3)), ShapeError),
    "array_split: no parts": (lambda: ops.array_split(X, 0), ValueProblem),
    "hsplit: does not divide": (lambda: ops.hsplit(X, 3), ShapeError),
    "vsplit: a vector": (lambda: ops.vsplit(A(4), 2), ShapeError),
    "dsplit: a matrix": (lambda: ops.dsplit(X, 2), ShapeError),
    "fliplr: a vector": (lambda: ops.fliplr(A(4)), ShapeError),
    "flipud: a number": (lambda: ops.flipud(1.0), ShapeError),
    "rearrange: other names": (lambda: ops.rearrange(X, "a b -> a c"), ValueProblem),
    "rearrange: no arrow": (lambda: ops.rearrange(X, "a b"), ValueProblem),
    "rearrange: nested": (lambda: ops.rearrange(X, "((a b) c) d -> a b c d", a=1, b=1), ValueProblem),
    "rearrange: unknown length": (lambda: ops.rearrange(X, "a b -> b a", c=2), ValueProblem),
    "rearrange: two open": (lambda: ops.rearrange(X, "(a b) c -> a b c"), ShapeError),
    "rearrange: does not divide": (lambda: ops.rearrange(X, "(a b) c -> a b c", a=2), ShapeError),
    "rearrange: not 1": (lambda: ops.rearrange(X, "1 a -> a"), ShapeError),
    "rearrange: rank": (lambda: ops.rearrange(X, "a b c -> c b a"), ShapeError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
