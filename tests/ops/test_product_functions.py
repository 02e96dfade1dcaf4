"""Sums of products."""

import numpy as np
import pytest

from chainrule import ops
from chainrule.core.errors import ShapeError, ValueProblem
from functions_cases import A, B, FunctionCases, X, check_error

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case = CASES.add

case("dot", A(3), B(3))
case("dot", 2.0, A(3))
case("dot", A(3, 4), B(4, 2))
case("dot", A(2, 3, 4), B(4))
case("dot", A(4), B(2, 4, 3))
case("dot", A(2, 3, 4), B(5, 4, 2))
case("tensordot", A(2, 3, 4), B(3, 4, 5))
case("tensordot", A(2, 3), B(4, 5), axes=0)
case("tensordot", A(2, 3, 4), B(4, 5, 2), axes=((0, -1), (2, 0)))
case("tensordot", A(2, 3, 4), B(5, 3), axes=(1, -1))
case("kron", A(2, 3), B(4, 1))
case("kron", A(3), B(2, 2))
case("kron", A(2, 1, 2), B(3))
case("cross", A(2, 3), B(3))
case("cross", A(3, 4), B(3, 4), axis=0)
case("cross", A(3, 4), B(4, 3), 0, 1, 0)
with_0 = lambda x: np.append(x, np.zeros((*x.shape[:-1], 1)), -1)
case("cross", A(4, 2), B(4, 3), oracle=lambda a, b: np.cross(with_0(a), b))
case("cross", A(4, 2), B(4, 2), oracle=lambda a, b: np.cross(with_0(a), with_0(b))[:, 2])
case("outer", A(2, 3), B(4))
case("inner", A(2, 3, 4), B(5, 4))
case("inner", A(3), B(3))
case("inner", 2.0, A(3))
case("vdot", A(2, 3), B(3, 2))
for subscripts, *operands in [
    ("ij,jk->ik", A(2, 3), B(3, 4)),
    (" ij , jk -> ki ", A(2, 3), B(3, 4)),
    ("ij,jk", A(2, 3), B(3, 4)),
    ("ba", A(2, 3)),
    ("Ba", A(2, 3)),
    ("ij->", A(2, 3)),
    ("ij->j", A(2, 3)),
    ("ii", A(3, 3)),
    ("ii->i", A(3, 3)),
    ("iji->ij", A(2, 3, 2)),
    ("iii->i", A(3, 3, 3)),
    ("iijj->ij", A(2, 2, 3, 3)),
    ("i,i,i", A(3), B(3), A(3)),
    ("ab,bc,cd->ad", A(2, 3), B(3, 4), A(4, 5)),
    ("ab,cd,bd->ca", A(2, 3), B(4, 5), A(3, 5)),
    ("i,j->ij", A(2), B(3)),
    ("ij,k->k", A(2, 3), B(4)),
    ("ii,ij->j", A(3, 3), B(3, 2)),
    ("ij,ij->ij", A(2, 3), B(2, 3)),
    ("...ij,...jk->...ik", A(5, 2, 3), B(5, 3, 4)),
    ("...ij,...jk->...ik", A(5, 1, 2, 3), B(6, 3, 4)),
    ("...ij,jk", A(5, 2, 3), B(3, 4)),
    ("i...->...i", A(2, 3, 4)),
    ("i...j,j->i...", A(2, 5, 3), B(3)),
    ("...,...", A(2, 3), B(3)),
    ("...i,...i->...", A(4, 3), B(3)),
    ("...", A(2, 3)),
    ("IJ,JK->IK", A(2, 3), B(3, 4)),
    ("i,->i", A(2), B()),
]:
    case("einsum", subscripts, *operands)


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
    "cross: four coordinates": (lambda: ops.cross(X, X), ShapeError),
    "cross: unequal": (lambda: ops.cross(A(2, 3), A(4, 3)), ShapeError),
    "dot: unequal": (lambda: ops.dot(X, A(3, 2)), ShapeError),
    "dot: unequal batches": (lambda: ops.dot(A(2, 3, 4), A(3)), ShapeError),
    "tensordot: unequal": (lambda: ops.tensordot(X, X, axes=1), ShapeError),
    "tensordot: too many axes": (lambda: ops.tensordot(X, X, axes=3), ShapeError),
    "tensordot: lists of unequal lengths": (lambda: ops.tensordot(X, X, axes=((0, 1), (0,))), ShapeError),
    "inner: unequal": (lambda: ops.inner(X, A(3)), ShapeError),
    "vdot: unequal": (lambda: ops.vdot(X, A(3)), ShapeError),
    "matmul: a number": (lambda: ops.matmul(2.0, X), ShapeError),
    "einsum: operands": (lambda: ops.einsum("ij,jk->ik", X), ValueProblem),
    "einsum: sizes": (lambda: ops.einsum("ij,jk->ik", X, X), ShapeError),
    "einsum: sizes of one operand": (lambda: ops.einsum("ii", X), ShapeError),
    "einsum: letters for axes": (lambda: ops.einsum("ijk->i", X), ShapeError),
    "einsum: too few axes for ...": (lambda: ops.einsum("...ijk->i", X), ShapeError),
    "einsum: unknown letter": (lambda: ops.einsum("ij->ik", X), ValueProblem),
    "einsum: letter twice in the result": (lambda: ops.einsum("ij->ii", X), ValueProblem),
    "einsum: no letter": (lambda: ops.einsum("i1->i", X), ValueProblem),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
