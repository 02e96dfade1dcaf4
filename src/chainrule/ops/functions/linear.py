"""Linear algebra with Keras's arguments, on the last two axes."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ...core import arguments
from ...core.errors import ShapeError
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import linear, products
from .. import reduction as reductions
from .creation import cast
from .indexing import tril, triu
from .reduction import max
from .shape import expand_dims, swapaxes


def solve(a: Any, b: Any) -> Tensor:
    """Solve a @ x = b for x (``keras.ops.solve``).

    Args:
        a: (..., n, n). b: (..., n), or (..., n, columns) with as many axes as `a`.

    Raises:
        ValueProblem: for a singular matrix.

    >>> ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])
    tensor([1. , 0.5])
    """
    a, b = as_tensor(a), as_tensor(b)
    if b.ndim == a.ndim - 1:
        return linear.solve_record(a, expand_dims(b, -1))[..., 0]
    return linear.solve_record(a, b)


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Tensor:
    """Solve for the upper or the lower triangle of `a`; the other is not read (``keras.ops.solve_triangular``).

    >>> ops.solve_triangular([[2.0, 9.0], [1.0, 4.0]], [2.0, 5.0], lower=True)
    tensor([1., 1.])
    """
    return solve(tril(a) if lower else triu(a), b)


def cholesky(x: Any, upper: bool = False) -> Tensor:
    """Compute the triangular y with y y^T = x, or y^T y = x with `upper` (``keras.ops.cholesky``).

    Args:
        x: symmetric positive definite matrices, (..., n, n).

    Raises:
        ValueProblem: for a matrix that is not positive definite.

    >>> ops.cholesky([[4.0, 2.0], [2.0, 5.0]])
    tensor([[2., 0.],
            [1., 2.]])
    """
    factor: Tensor = linear.cholesky_record(x)
    return swapaxes(factor, -1, -2) if upper else factor


def cholesky_inverse(x: Any, upper: bool = False) -> Tensor:
    """Compute the inverse of the matrix whose Cholesky factor is `x` (``keras.ops.cholesky_inverse``).

    >>> ops.cholesky_inverse([[2.0, 0.0], [0.0, 1.0]])
    tensor([[0.25, 0.  ],
            [0.  , 1.  ]])
    """
    inverse: Tensor = linear.inv(triu(x) if upper else tril(x))
    transposed = swapaxes(inverse, -1, -2)
    return products.matmul(inverse, transposed) if upper else products.matmul(transposed, inverse)


def slogdet(x: Any) -> tuple[Tensor, Tensor]:
    """Compute the determinant's sign and the logarithm of its size: 0 and -inf if singular (``keras.ops.slogdet``).

    >>> ops.slogdet([[-2.0, 0.0], [0.0, 0.5]])
    (tensor(-1.0), tensor(0.0))
    """
    return linear.determinant_sign(x), linear.log_absolute_determinant(x)


def logdet(x: Any) -> Tensor:
    """Compute the logarithm of the determinant's size, without overflow (``keras.ops.logdet``).

    >>> ops.logdet([[2.0, 0.0], [0.0, 0.5]])
    tensor(0.0)
    """
    return slogdet(x)[1]


def eigh(x: Any) -> tuple[Tensor, Tensor]:
    """Compute ascending eigenvalues, and eigenvectors in columns, of symmetric matrices (``keras.ops.eigh``).

    x is replaced by (x + x^T)/2, and each eigenvector has its largest entry positive. The gradient of the vectors
    requires distinct eigenvalues: rotations between equal ones are ignored.

    >>> ops.eigh([[3.0, 0.0], [0.0, 1.0]])
    (tensor([1., 3.]), tensor([[0., 1.],
        [1., 0.]]))
    """
    return linear.eigenvalues(x), linear.eigenvectors(x)


def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Compute u, s, v^T with x = u @ diag(s) @ v^T, or s alone (``keras.ops.svd``).

    Args:
        x: (..., m, n). full_matrices: u and v^T square, completed to a basis; else the first min(m, n) vectors.

    The largest entry of each column of u is positive. Gradients reach s always, u and v^T if the matrix
    is square or `full_matrices` false, and its singular values differ.

    >>> ops.svd([[3.0, 0.0], [0.0, -4.0]], compute_uv=False)
    tensor([4., 3.])
    """
    values: Tensor = linear.singular_values(x)
    if not compute_uv:
        return values
    left, right = (linear.singular_vectors(x, left=side, full=bool(full_matrices)) for side in (True, False))
    return left, values, swapaxes(right, -1, -2)


def qr(x: Any, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """Compute q with orthonormal columns and an upper triangular r, q @ r = x (``keras.ops.qr``).

    Args:
        mode: ``"reduced"``, or ``"complete"`` with q square. Gradients: reduced, of at least as many rows as columns.

    >>> [part.shape for part in ops.qr([[3.0], [4.0]])]
    [(2, 1), (1, 1)]
    """
    arguments.one_of(("reduced", "complete"), mode=mode)
    complete = mode == "complete"
    return linear.qr_left(x, complete=complete), linear.qr_right(x, complete=complete)


def pinv(x: Any, rcond: float | None = None) -> Tensor:
    """Compute the pseudoinverse, which solves least squares with the shortest solution (``keras.ops.pinv``).

    Args:
        rcond: singular values up to this fraction of the largest count as 0; default the larger side times the
            dtype's epsilon. Gradients are valid where the rank does not change.

    >>> ops.pinv([[2.0], [0.0]])
    tensor([[0.5, 0. ]])
    """
    x = as_tensor(x)
    return linear.pinv_record(x, rcond=_default_tolerance(x) if rcond is None and x.ndim > 1 else rcond)


def _default_tolerance(x: Tensor) -> float:
    """Return the larger side times the dtype's epsilon, that of float32 for smaller dtypes."""
    dtype = x.dtype if x.dtype == np.float64 else np.dtype("float32")
    return float(builtins.max(x.shape[-2:]) * np.finfo(dtype).eps)


def lstsq(a: Any, b: Any, rcond: float | None = None) -> Tensor:
    """Compute the shortest x that minimizes |a @ x - b|, column by column: pinv(a) @ b (``keras.ops.lstsq``).

    Args:
        a: (m, n). b: (m,) or (m, columns). rcond: as in `pinv`.

    >>> ops.lstsq([[1.0], [1.0]], [1.0, 3.0])
    tensor([2.])
    """
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        raise ShapeError(f"shapes {a.shape} and {b.shape}", "(m, n) and (m,) or (m, columns)", "solve one by one")
    return products.matmul(pinv(a, rcond), b)


def matrix_rank(x: Any, tol: float | None = None) -> Tensor:
    """Count the singular values above `tol`, as int32 (``keras.ops.matrix_rank``).

    Args:
        tol: default the largest times the larger side times the dtype's epsilon.

    >>> ops.matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    tensor(1, dtype=int32)
    """
    x = as_tensor(x)
    values = linear.singular_values(x)
    if tol is None:
        bound: Any = max(values, axis=-1, keepdims=True, initial=0.0) * _default_tolerance(x)
    else:
        bound = tol
    return reductions.sum(cast(values > bound, "int32"), axis=-1)
