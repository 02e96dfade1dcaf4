"""Linear algebra and sums of products, with the arguments and named results of ``numpy.linalg``."""

from __future__ import annotations

import functools
import math
import string
from typing import Any, NamedTuple

import numpy as np

from .. import array_api, ops
from ..core import arguments
from ..core.errors import ShapeError
from ..graph import broadcast
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from .reductions import to_dtype


class EighResult(NamedTuple):
    """The result of ``numpy.linalg.eigh``."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class QRResult(NamedTuple):
    """The result of ``numpy.linalg.qr``."""

    Q: Tensor
    R: Tensor


class SlogdetResult(NamedTuple):
    """The result of ``numpy.linalg.slogdet``."""

    sign: Tensor
    logabsdet: Tensor


class SVDResult(NamedTuple):
    """The result of ``numpy.linalg.svd``."""

    U: Tensor
    S: Tensor
    Vh: Tensor


# ---- decompositions


def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """Return eigenvalues and eigenvectors of symmetric matrices, read from one triangle (``numpy.linalg.eigh``)."""
    return EighResult(*ops.eigh(_symmetric(a, UPLO)))


def eigvalsh(a: Any, UPLO: str = "L") -> Tensor:
    """Return the eigenvalues of symmetric matrices, read from one triangle (``numpy.linalg.eigvalsh``)."""
    return eigh(a, UPLO).eigenvalues


def _symmetric(a: Any, triangle: str) -> Tensor:
    """Return the symmetric matrices with a's lower or upper triangle."""
    arguments.one_of(("L", "U", "l", "u"), UPLO=triangle)
    x = as_tensor(a)
    if x.symbolic or x.ndim < 2 or np.array_equal(x.numpy(), np.swapaxes(x.numpy(), -1, -2)):
        return x
    half = ops.tril(x, -1) if triangle in "Ll" else ops.triu(x, 1)
    return half + ops.swapaxes(half, -1, -2) + x * ops.eye(x.shape[-1], dtype=x.dtype)


def qr(a: Any, mode: str = "reduced") -> Any:
    """Return the factors Q and R, or R alone (``numpy.linalg.qr``)."""
    arguments.one_of(("reduced", "complete", "r"), mode=mode)
    result = QRResult(*ops.qr(a, "complete" if mode == "complete" else "reduced"))
    return result.R if mode == "r" else result


def slogdet(a: Any) -> SlogdetResult:
    """Return the sign and the logarithm of determinants (``numpy.linalg.slogdet``)."""
    return SlogdetResult(*ops.slogdet(a))


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Return the singular value decomposition, or the values alone (``numpy.linalg.svd``)."""
    result = ops.svd(a, full_matrices, compute_uv)
    return SVDResult(*result) if compute_uv else result


def svdvals(x: Any) -> Tensor:
    """Return the singular values (``numpy.linalg.svdvals``)."""
    values: Tensor = ops.svd(x, compute_uv=False)
    return values


# ---- norms and ranks


def vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    """Return the norm over one or several axes, all by default, as of one vector (``numpy.linalg.vector_norm``)."""
    tensor = as_tensor(x)
    axes = range(tensor.ndim) if axis is None else [i % tensor.ndim for i in np.atleast_1d(axis).tolist()]
    others = [i for i in range(tensor.ndim) if i not in axes]
    rows = ops.transpose(tensor, [*others, *axes])
    rows = ops.reshape(rows, (*[tensor.shape[i] for i in others], math.prod(tensor.shape[i] for i in axes)))
    result = ops.norm(rows, ord=ord, axis=-1)
    return ops.reshape(result, [1 if i in axes else n for i, n in enumerate(tensor.shape)]) if keepdims else result


def matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """Return the norm of matrices (``numpy.linalg.matrix_norm``)."""
    return ops.norm(x, ord=ord, axis=(-2, -1), keepdims=keepdims)


def cond(x: Any, p: Any = None) -> Tensor:
    """Return the condition number (``numpy.linalg.cond``)."""
    a = as_tensor(x)
    if p in (None, 2, -2):
        values = svdvals(a)
        largest, smallest = values[..., 0], values[..., -1]
        return smallest / largest if p == -2 else largest / smallest
    return matrix_norm(a, ord=p) * matrix_norm(ops.inv(a), ord=p)


def matrix_rank(A: Any, tol: Any = None, rtol: Any = None) -> Tensor:
    """Count the singular values above a bound (``numpy.linalg.matrix_rank``)."""
    a = as_tensor(A)
    if a.ndim < 2:
        return ops.cast(ops.any(a != 0), "int32")
    if tol is None and rtol is not None:
        tol = ops.max(svdvals(a), axis=-1, keepdims=True) * rtol
    return ops.matrix_rank(a, tol)


def pinv(a: Any, rcond: Any = None, rtol: Any = None) -> Tensor:
    """Return the pseudoinverse (``numpy.linalg.pinv``)."""
    return ops.pinv(a, rtol if rcond is None else rcond)


# ---- solutions and products


def solve(a: Any, b: Any) -> Tensor:
    """Return x with a @ x = b; b is a vector only if it has one axis (``numpy.linalg.solve``)."""
    matrices, right = as_tensor(a), as_tensor(b)
    columns = ops.expand_dims(right, -1) if right.ndim == 1 else right
    if matrices.ndim > 1 and columns.ndim > 1:
        batch = broadcast([matrices.shape[:-2], columns.shape[:-2]])
        matrices = ops.broadcast_to(matrices, (*batch, *matrices.shape[-2:]))
        columns = ops.broadcast_to(columns, (*batch, *columns.shape[-2:]))
    solution = ops.solve(matrices, columns)
    return ops.squeeze(solution, axis=-1) if right.ndim == 1 else solution


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the least squares solution, the squared residuals, rank and singular values (``numpy.linalg.lstsq``)."""
    matrix, target = as_tensor(a) * 1.0, as_tensor(b) * 1.0
    dtype = array_api.result_type(matrix, target)
    matrix, target = matrix.cast_to(dtype), target.cast_to(dtype)
    solution = ops.lstsq(matrix, target, rcond)
    rank = matrix_rank(matrix, rtol=rcond)
    rows, columns = matrix.shape
    if rows > columns and int(rank) == columns:
        squares = ops.square(target - ops.matmul(matrix, solution))
        residuals = ops.reshape(ops.sum(squares, axis=0), (-1,))
    else:
        residuals = ops.zeros((0,), solution.dtype)
    return solution, residuals, rank, svdvals(matrix)


def matrix_power(a: Any, n: int) -> Tensor:
    """Multiply a matrix n times with itself, its inverse for negative n (``numpy.linalg.matrix_power``)."""
    base = ops.inv(a) if n < 0 else as_tensor(a)
    if base.ndim < 2 or base.shape[-1] != base.shape[-2]:
        raise ShapeError(f"a matrix of shape {base.shape}", "as many rows as columns", "check its axes")
    result, exponent = None, abs(n)
    while exponent:
        if exponent & 1:
            result = base if result is None else ops.matmul(result, base)
        base, exponent = ops.matmul(base, base) if exponent > 1 else base, exponent >> 1
    return ops.broadcast_to(ops.eye(base.shape[-1], dtype=base.dtype), base.shape) if result is None else result


def multi_dot(arrays: Any) -> Tensor:
    """Multiply several matrices; the first and the last may be vectors (``numpy.linalg.multi_dot``)."""
    product: Tensor = functools.reduce(ops.matmul, [as_tensor(a) for a in arrays])
    return product


def tensorinv(a: Any, ind: int = 2) -> Tensor:
    """Return the inverse of tensordot with a (``numpy.linalg.tensorinv``)."""
    x = as_tensor(a)
    before, after = x.shape[:ind], x.shape[ind:]
    return ops.reshape(ops.inv(ops.reshape(x, (math.prod(before), -1))), (*after, *before))


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Tensor:
    """Return x with tensordot(a, x, x.ndim) = b (``numpy.linalg.tensorsolve``)."""
    matrix, target = as_tensor(a), as_tensor(b)
    if axes is not None:
        moved = [i % matrix.ndim for i in axes]
        matrix = ops.transpose(matrix, [i for i in range(matrix.ndim) if i not in moved] + moved)
    shape = matrix.shape[target.ndim :]
    n = math.prod(shape)
    return ops.reshape(ops.solve(ops.reshape(matrix, (-1, n)), ops.ravel(target)), shape)


def diagonal(x: Any, offset: int = 0) -> Tensor:
    """Return the diagonals of the last two axes (``numpy.linalg.diagonal``)."""
    return ops.diagonal(x, offset, -2, -1)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Tensor:
    """Sum diagonals (``numpy.trace``)."""
    return to_dtype(ops.trace(to_dtype(a, dtype), offset, axis1, axis2), dtype)


def matrix_trace(x: Any, offset: int = 0, dtype: Any = None) -> Tensor:
    """Sum the diagonals of the last two axes (``numpy.linalg.trace``)."""
    return trace(x, offset, -2, -1, dtype)


def cross(x1: Any, x2: Any, axis: int = -1) -> Tensor:
    """Return the cross product of vectors of 3 coordinates (``numpy.linalg.cross``)."""
    if any(as_tensor(x).shape[axis] != 3 for x in (x1, x2)):
        raise ShapeError("vectors of other than 3 coordinates", "3", "name their axis, or use np.cross")
    return ops.cross(x1, x2, axis=axis)


def einsum(*operands: Any, dtype: Any = None) -> Tensor:
    """Sum products in Einstein's notation, as a string or as lists of axes (``numpy.einsum``)."""
    if isinstance(operands[0], str):
        subscripts, tensors = operands[0], operands[1:]
    else:
        subscripts, tensors = _subscripts(operands), operands[: len(operands) // 2 * 2 : 2]
    return to_dtype(ops.einsum(subscripts, *[to_dtype(x, dtype) for x in tensors]), dtype)


def _subscripts(operands: tuple[Any, ...]) -> str:
    """Write operands that alternate with lists of axes as a string."""
    parts = [_letters(operands[2 * i + 1]) for i in range(len(operands) // 2)]
    return ",".join(parts) + (f"->{_letters(operands[-1])}" if len(operands) % 2 else "")


def _letters(axes: Any) -> str:
    return "".join("..." if axis is Ellipsis else string.ascii_lowercase[axis] for axis in axes)


def vdot(a: Any, b: Any) -> Tensor:
    """Sum the products of all entries, the first conjugated (``numpy.vdot``)."""
    return ops.vdot(array_api.conj(a), b)


def vecdot(x1: Any, x2: Any, axis: int = -1) -> Tensor:
    """Sum products along an axis (``numpy.vecdot``)."""
    return array_api.vecdot(as_tensor(x1), as_tensor(x2), axis=axis)


def matvec(x1: Any, x2: Any) -> Tensor:
    """Multiply matrices with vectors (``numpy.matvec``)."""
    return ops.squeeze(ops.matmul(x1, ops.expand_dims(x2, -1)), axis=-1)


def vecmat(x1: Any, x2: Any) -> Tensor:
    """Multiply vectors with matrices (``numpy.vecmat``)."""
    return ops.squeeze(ops.matmul(ops.expand_dims(x1, -2), x2), axis=-2)
