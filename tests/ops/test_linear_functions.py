"""Linear algebra (its records are tested in test_every_op)."""

import math

import numpy as np
import pytest
import scipy.linalg
from numpy.testing import assert_allclose, assert_array_equal

from chainrule import ops, tensor
from chainrule.core.errors import GraphError, ShapeError, ValueProblem
from chainrule.transforms.differentiate import gradients
from functions_cases import A, B, FunctionCases, X, check_error, flat, slope

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case, steps = CASES.add, CASES.add_steps

REGULAR = A(3, 3) + 2 * np.eye(3)
DEFINITE = REGULAR @ REGULAR.T
case("solve", REGULAR, A(3), oracle=np.linalg.solve)
case("solve", REGULAR, A(3, 2), oracle=np.linalg.solve)
case(
    "solve",
    A(2, 2, 2),
    B(2, 2),
    oracle=lambda a, b: np.stack([np.linalg.solve(*pair) for pair in zip(a, b, strict=True)]),
)
case("solve_triangular", REGULAR, A(3), oracle=scipy.linalg.solve_triangular)
case(
    "solve_triangular",
    REGULAR,
    A(3, 2),
    True,
    oracle=lambda a, b, lower: scipy.linalg.solve_triangular(a, b, lower=lower),
)
case("cholesky", DEFINITE, oracle=np.linalg.cholesky)
case("cholesky", DEFINITE, True, oracle=lambda x, upper: np.linalg.cholesky(x).T)
lower_of = lambda x: np.linalg.inv(np.tril(x) @ np.tril(x).T)
case("cholesky_inverse", REGULAR, oracle=lower_of)
case("cholesky_inverse", REGULAR, True, oracle=lambda x, upper: lower_of(x.T))
case("slogdet", A(2, 3, 3) + 2 * np.eye(3) * [[[1]], [[-1]]], oracle=np.linalg.slogdet)
steps("slogdet", np.zeros((2, 2)), oracle=np.linalg.slogdet)
case("logdet", A(2, 3, 3) + 2 * np.eye(3), oracle=lambda x: np.log(abs(np.linalg.det(x))))
fixed = lambda v: v * np.sign(v[np.abs(v).argmax(0), range(v.shape[1])])


def eigh(x):
    values, vectors = np.linalg.eigh((x + x.T) / 2)
    return values, fixed(vectors)


def svd(x, full_matrices=True, compute_uv=True):
    u, s, vh = np.linalg.svd(x, full_matrices)
    k = len(s)
    signs = np.diag(fixed(u[:, :k]).T @ u[:, :k])
    u[:, :k] *= signs
    vh[:k] *= signs[:, None]
    return (u, s, vh) if compute_uv else s


case("eigh", A(4, 4), oracle=eigh)
case("svd", A(3, 3), oracle=svd)
case("svd", A(4, 2), False, oracle=svd)
case("svd", A(2, 4), False, oracle=svd)
case("svd", A(4, 2), compute_uv=False, oracle=svd)
steps("svd", A(4, 2), oracle=svd)
steps("svd", A(2, 4), oracle=svd)
case("qr", A(4, 3), oracle=lambda x: np.linalg.qr(x))
case("qr", A(3, 3), "complete", oracle=np.linalg.qr)
steps("qr", A(4, 2), "complete", oracle=np.linalg.qr)
steps("qr", A(2, 4), oracle=np.linalg.qr)
case("pinv", A(4, 3), oracle=np.linalg.pinv)
case("pinv", A(2, 3, 4), oracle=np.linalg.pinv)
steps("pinv", np.diag([1.0, 1e-3, 0.0]), 1e-2, oracle=lambda x, rcond: np.diag([1.0, 0, 0]))
case("lstsq", A(5, 3), B(5), oracle=lambda a, b: np.linalg.lstsq(a, b)[0])
case("lstsq", A(3, 5), B(3, 2), oracle=lambda a, b: np.linalg.lstsq(a, b)[0])
for matrix in (A(4, 3), np.outer(A(3), A(4)), np.zeros((2, 3)), np.stack([np.eye(2), np.diag([1.0, 0])])):
    steps("matrix_rank", matrix, oracle=np.linalg.matrix_rank)
steps("matrix_rank", np.diag([3.0, 0.2, 0.1]), 0.15, oracle=lambda x, tol: np.array(2))


@pytest.mark.parametrize("key", CASES)
def test_value(key):
    CASES[key].check_value()


@pytest.mark.parametrize("key", CASES.of_arrays())
def test_symbolic(key):
    CASES[key].check_symbolic()


@pytest.mark.parametrize("key", CASES.smooth())
def test_gradient(key):
    CASES[key].check_gradient()


# ---- singular and empty matrices


def cofactors(x):
    """By determinants of the minors."""
    n = len(x)
    minor = lambda i, j: np.linalg.det(np.delete(np.delete(x, i, 0), j, 1))
    return np.array([[(-1) ** (i + j) * minor(i, j) for j in range(n)] for i in range(n)]).reshape(n, n)


SINGULAR = {
    "rank 1 of 2": np.array([[1.0, 2.0], [2.0, 4.0]]),
    "rank 2 of 3": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),
    "rank 1 of 3": np.outer([1.0, -2.0, 0.5], [3.0, 0.0, 1.0]),
    "rank 3 of 4, negative": np.diag([2.0, -1.0, 0.0, 3.0])[[1, 0, 2, 3]],
    "nothing": np.zeros((3, 3)),
    "one number": np.zeros((1, 1)),
    "regular, equal singular values": 2 * np.eye(3),
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("which", SINGULAR)
def test_gradient_of_a_determinant(which, create_graph):
    """The cofactors, and their own change by differences: a determinant is a polynomial."""
    x = tensor(SINGULAR[which], watch=True)
    first = gradients(ops.det(x), x, create_graph=create_graph)
    assert_allclose(first.numpy(), cofactors(x.numpy()), 0, 1e-12)
    if create_graph:
        along = A(*x.shape)
        change = (cofactors(x.numpy() + 1e-4 * along) - cofactors(x.numpy() - 1e-4 * along)) / 2e-4
        assert_allclose(gradients(first, x, along, unconnected="zero").numpy(), change, 0, 1e-7)


EMPTY = {  # each on n by m matrices: NumPy's function, and ours if it has another name
    "inv": (0, 0), "det": (0, 0), "slogdet": (0, 0), "cholesky": (0, 0), "eigh": (0, 0), "svd": (0, 3), "pinv": (0, 3),
    "qr": (3, 0), "matrix_rank": (0, 3),
}  # fmt: skip


@pytest.mark.parametrize("batch", [(), (2,), (0,)])
@pytest.mark.parametrize("name", EMPTY)
def test_no_rows(name, batch):
    x = np.zeros((*batch, *EMPTY[name]))
    got, want = flat(getattr(ops, name)(x)), flat(getattr(np.linalg, name)(x))
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        assert_array_equal(g.numpy(), w)


# ---- errors

ERRORS = {
    "solve: singular": (lambda: ops.solve([[1.0, 2.0], [2.0, 4.0]], [1.0, 0.0]), ValueProblem),
    "solve: rows": (lambda: ops.solve(REGULAR, A(2)), ShapeError),
    "inv: singular": (lambda: ops.inv([[1.0, 2.0], [2.0, 4.0]]), ValueProblem),
    "inv: not square": (lambda: ops.inv(X), ShapeError),
    "cholesky: not definite": (lambda: ops.cholesky([[1.0, 2.0], [2.0, 1.0]]), ValueProblem),
    "svd: a vector": (lambda: ops.svd(A(3)), ShapeError),
    "svd: nan": (lambda: ops.svd([[math.nan]]), ValueProblem),
    "qr: mode": (lambda: ops.qr(X, "raw"), ValueProblem),
    "pinv: a vector": (lambda: ops.pinv(A(3)), ShapeError),
    "lstsq: rows": (lambda: ops.lstsq(X, A(4)), ShapeError),
    "matrix_rank: a vector": (lambda: ops.matrix_rank(A(3)), ShapeError),
    "svd: a gradient through a completed basis": (lambda: slope(lambda x: ops.svd(x)[0], A(4, 2)), GraphError),
    "qr: a gradient through a complete q": (lambda: slope(lambda x: ops.qr(x, "complete")[0], A(4, 2)), GraphError),
    "qr: a gradient of a wide matrix": (lambda: slope(lambda x: ops.qr(x)[1], A(2, 4)), GraphError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
