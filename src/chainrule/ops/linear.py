"""Linear algebra by LAPACK, on the last two axes: solving, determinants and the factorisations.

None is linear in its matrix, so besides the `transpose` each record has the `tangent` of which it is the transpose.
Both are written with these same records, so that gradients of gradients exist. Of a symmetric matrix x the symmetric
part (x + x^T)/2 is used. A factorisation with two or three parts is two or three records; each factorises anew.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import GraphError, ShapeError, ValueProblem
from ..core.messages import LazyMessage
from ..graph import Spec, may_be_equal, spec_of
from ..tensors.tensor import Tensor
from .record import Cost, Operation
from .rules import NO_GRADIENT, all_batched, promote_to_float, times
from .sample import Draw, Sample


def _lapack(function: Any, *xs: Any) -> Any:
    """Apply `function` to the matrices, in float32 if they are narrower. Raise `ValueProblem` where LAPACK refuses."""
    wide = [x.astype("float32") if x.dtype.itemsize < 4 else x for x in xs]
    try:
        return function(*wide).astype(xs[0].dtype)
    except np.linalg.LinAlgError as error:
        passed = f"a matrix that LAPACK refuses: {error}"
        expected = "finite numbers; for an inverse a regular matrix, for cholesky a positive definite one"
        raise ValueProblem(passed, expected, "add a small multiple of the identity, or use pinv or lstsq") from None


def _transposed(xp: Any, x: Any) -> Any:
    """Transpose each matrix."""
    return xp.swapaxes(x, -1, -2)


def _symmetric(xp: Any, x: Any) -> Any:
    """Return the symmetric part of each matrix."""
    return (x + _transposed(xp, x)) / 2


def _lower_mask(x: Any, diagonal: float) -> Any:
    """Return a matrix of ones below the diagonal and `diagonal` on it, of x's size and dtype."""
    n = x.shape[-1]
    return np.asarray(np.tril(np.ones((n, n)), -1) + diagonal * np.eye(n), x.dtype)


def _matrix_shape(specs: tuple[Spec, ...], square: bool) -> tuple[Any, ...]:
    """Check and return the shape of the first operand, matrices in the last two axes."""
    shape: tuple[Any, ...] = specs[0].shape
    if len(shape) < 2 or (square and not may_be_equal(shape[-1], shape[-2])):
        expected = "square matrices in the last two axes" if square else "matrices in the last two axes"
        mend = "reshape it, or use pinv or lstsq for a matrix that is not square" if square else "reshape it"
        raise ShapeError(f"shape {shape}", expected, mend)
    return shape


def _spec(square: bool, shape: Any) -> Any:
    """Return a shape rule for matrices; `shape`: ``(batch, rows, columns, **attributes)`` to the result's shape."""

    def spec(specs: tuple[Spec, ...], **attributes: Any) -> Spec:
        *batch, m, n = _matrix_shape(specs, square)
        return spec_of(tuple(shape(tuple(batch), m, n, **attributes)), specs[0].dtype)

    return spec


def _cost(each: int) -> Any:
    """Return a cost rule: `each` × rows × columns × the smaller of the two, to the leading order, for each matrix."""

    def cost(specs: tuple[Spec, ...], out: Spec, **attributes: Any) -> Cost:
        *batch, m, n = specs[0].shape
        count = each * math.prod(batch) * m * n * min(m, n)
        sizes = {"shape": times(tuple(batch)), "each": each, "m": m, "n": n, "least": min(m, n), "count": count}
        formula = LazyMessage("{shape} matrices × {each} × {m}·{n}·{least} = {count:,} multiplies", **sizes)
        return Cost(count, count, count, 0, formula)

    return cost


def _batch(op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]) -> Tensor:
    """Broadcast the operands along the batch axis: every axis before the last two is a batch already."""
    return op(*all_batched(xs, batched, size), **attributes)


def _matrix_operation(
    name: str, value: Any, shape: Any, tangent: Any, transpose: Any, doc: str, *, each: int, gradient_note: str,
    samples: list[Sample], square: bool = True,
) -> Operation:  # fmt: skip
    """Make the record of an operation on one matrix; `shape` as for `_spec`, `each` for `_cost`, others `Operation`."""
    return Operation.define(
        name,
        value,
        spec=_spec(square, shape),
        casts=promote_to_float,
        batch=_batch,
        cost=_cost(each),
        transpose=None if transpose is None else (transpose,),
        tangent=None if tangent is None else (tangent,),
        gradient_note=gradient_note,
        samples=samples,
        doc=doc,
    )


_REGULAR = [[2.0, 0.5, -1.0], [0.25, -1.5, 1.0], [1.0, 1.25, 3.0]]
_DEFINITE = [[4.0, 1.0, -0.5], [1.0, 3.0, 0.75], [-0.5, 0.75, 2.0]]
_NOT_SQUARE = Sample(Draw(3, 2), error=ShapeError)
_SQUARE_SAMPLES = [
    Sample(_REGULAR),
    Sample([[[1.0, 2.0], [3.0, 5.0]], [[0.0, 2.0], [-1.0, 0.5]]]),
    Sample([[-2.0]]),
    _NOT_SQUARE,
    Sample(Draw(3), error=ShapeError),
]

# ---- inverses and systems


def _solve_spec(specs: tuple[Spec, ...]) -> Spec:
    a, b = _matrix_shape(specs, True), specs[1].shape
    if len(a) != len(b) or not all(map(may_be_equal, a[:-1], b[:-1])):
        passed = f"matrices of shape {a} and right sides of shape {b}"
        raise ShapeError(passed, "the same batch, and as many rows", "give b of shape (..., n) or (..., n, columns)")
    return spec_of(b, specs[1].dtype)


def _solve_cost(specs: tuple[Spec, ...], out: Spec) -> Cost:
    *batch, n, k = out.shape
    count = math.prod(batch) * n * n * (n + 3 * k) // 3
    sizes = {"shape": times(tuple(batch)), "n": n, "k": k, "count": count}
    formula = LazyMessage("{shape} systems × {n}² · ({n} + 3·{k})/3 = {count:,} multiplies", **sizes)
    return Cost(count, count, count, 0, formula)


def _minus_outer(xp: Any, left: Any, right: Any) -> Any:
    """Compute -left right^T."""
    return -xp.matmul(left, _transposed(xp, right))


solve_record = Operation.define(
    "solve",
    lambda xp, a, b: _lapack(xp.linalg.solve, a, b),
    spec=_solve_spec,
    casts=promote_to_float,
    batch=_batch,
    cost=_solve_cost,
    transpose=(
        lambda xp, u, a, b: _minus_outer(xp, xp.solve_record(_transposed(xp, a), u), xp.solve_record(a, b)),
        lambda xp, u, a, b: xp.solve_record(_transposed(xp, a), u),
    ),
    tangent=(lambda xp, t, a, b: -xp.solve_record(a, xp.matmul(t, xp.solve_record(a, b))), None),
    gradient_note="solve gives b what a^T solves for the upstream, and a minus its product with the solution",
    format="solve({0}, {1})",
    samples=[
        Sample(_REGULAR, Draw(3, 2)),
        Sample([[[1.0, 2.0], [3.0, 5.0]], [[0.0, 2.0], [-1.0, 0.5]]], Draw(2, 2, 1)),
        Sample(_REGULAR, Draw(2, 3), error=ShapeError),
        Sample(Draw(3, 2), Draw(3, 2), error=ShapeError),
    ],
    doc="The matrices x with a @ x = b, for matrices a and b of the same batch.\n\n"
    ">>> ops.solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]])\ntensor([[1. ],\n        [0.5]])",
)


def _inverse_tangent(xp: Any, y: Any, t: Any) -> Any:
    """Compute -y t y."""
    return -xp.matmul(y, xp.matmul(t, y))


inv = _matrix_operation(
    "inv",
    lambda xp, x: _lapack(xp.linalg.inv, x),
    lambda batch, m, n: (*batch, m, n),
    lambda xp, t, x: _inverse_tangent(xp, xp.inv(x), t),
    lambda xp, u, x: _inverse_tangent(xp, _transposed(xp, xp.inv(x)), u),
    "The inverse of each matrix (``keras.ops.inv``).\n\n"
    ">>> ops.inv([[2.0, 0.0], [0.0, 4.0]])\ntensor([[0.5 , 0.  ],\n        [0.  , 0.25]])",
    each=1,
    gradient_note="inv gives -y^T upstream y^T, y the inverse",
    samples=_SQUARE_SAMPLES,
)


def _pinv_tangent(xp: Any, t: Any, x: Any, rcond: Any) -> Any:
    p, t_transposed = xp.pinv_record(x, rcond=rcond), _transposed(xp, t)
    left = xp.matmul(xp.matmul(p, _transposed(xp, p)), t_transposed)
    right = xp.matmul(t_transposed, xp.matmul(_transposed(xp, p), p))
    outside = left - xp.matmul(left, xp.matmul(x, p)) + right - xp.matmul(xp.matmul(p, x), right)
    return outside - xp.matmul(p, xp.matmul(t, p))


def _pinv_transpose(xp: Any, u: Any, x: Any, rcond: Any) -> Any:
    p, u_transposed = xp.pinv_record(x, rcond=rcond), _transposed(xp, u)
    p_transposed = _transposed(xp, p)
    right = xp.matmul(u_transposed, xp.matmul(p, p_transposed))
    left = xp.matmul(xp.matmul(p_transposed, p), u_transposed)
    outside = right - xp.matmul(x, xp.matmul(p, right)) + left - xp.matmul(left, xp.matmul(p, x))
    return outside - xp.matmul(p_transposed, xp.matmul(u, p_transposed))


pinv_record = _matrix_operation(
    "pinv",
    lambda xp, x, rcond=None: _lapack(lambda a: xp.linalg.pinv(a, rcond), x),
    lambda batch, m, n, rcond: (*batch, n, m),
    _pinv_tangent,
    _pinv_transpose,
    "The pseudoinverse of Moore and Penrose. Gradients (Golub and Pereyra, 1973) hold where the rank does not change.",
    square=False,
    each=12,
    gradient_note="pinv gives -p^T upstream p^T, and a part that moves the row and column spaces",
    samples=[Sample(Draw(4, 2)), Sample(Draw(2, 2, 3)), Sample(_REGULAR), Sample(Draw(3), error=ShapeError)],
)

# ---- determinants


def _as_matrix(xp: Any, u: Any) -> Any:
    """Give a number for each matrix two axes of size 1."""
    return xp.expand_dims(u, (-2, -1))


def _cofactors(xp: Any, x: Any) -> Any:
    """Compute the cofactors from the singular values: of u s v^T they are det(u v^T) u c v^T, c those of s."""
    left, values, right = xp.linalg.svd(x)
    others = xp.where(np.eye(x.shape[-1], dtype=bool), xp.ones_like(values[..., None]), values[..., None, :])
    sign = xp.linalg.slogdet(xp.matmul(left, right))[0]
    return xp.matmul(left * (sign[..., None] * xp.prod(others, axis=-1))[..., None, :], right)


def _products_without_two(xp: Any, s: Any) -> Any:
    """Multiply all of s but entries i and j, at (i, j); 0 on the diagonal. Nothing is divided by, since s may be 0."""
    n = s.shape[-1]
    upper = np.triu(np.ones((n, n), bool), 1)
    row = xp.expand_dims(s, -2)
    one = xp.ones_like(row)

    def before(rows: Any) -> Any:
        """Multiply the entries before each along the last axis."""
        return xp.cumprod(xp.concatenate([xp.ones_like(rows[..., :1]), rows[..., :-1]], axis=-1), axis=-1)

    between = before(xp.where(upper, row, one))  # those after i and before j
    after = xp.flip(before(xp.flip(s, axis=-1)), axis=-1)
    products = xp.expand_dims(before(s), -1) * between * xp.expand_dims(after, -2)
    products = xp.where(upper, products, xp.zeros_like(products))
    return products + _transposed(xp, products)


def _cofactors_change(xp: Any, t: Any, x: Any) -> Any:
    """Compute the change of the cofactors in the direction t: the second derivative of det, which is symmetric."""
    u, s, v = _thin_svd(xp, x, False)
    turned, products = xp.matmul(_transposed(xp, u), xp.matmul(t, v)), _products_without_two(xp, s)
    diagonal = np.eye(x.shape[-1], dtype=bool)
    on_diagonal = xp.sum(xp.where(diagonal, turned, xp.zeros_like(turned)), axis=-1, keepdims=True)
    change = xp.where(diagonal, xp.matmul(products, on_diagonal), -products * _transposed(xp, turned))
    sign = _as_matrix(xp, xp.determinant_sign(xp.matmul(u, _transposed(xp, v))))
    return sign * xp.matmul(u, xp.matmul(change, _transposed(xp, v)))


cofactors = _matrix_operation(
    "cofactors",
    lambda xp, x: _lapack(lambda a: _cofactors(xp, a), x),
    lambda batch, m, n: (*batch, m, n),
    _cofactors_change,
    _cofactors_change,
    "The cofactors, the gradient of the determinant: finite for a singular matrix too, as is their own gradient. The "
    "gradient of that needs distinct singular values other than 0.\n\n"
    ">>> ops.linear.cofactors([[3.0, 0.0], [0.0, 0.0]]).numpy().round(5).tolist()\n[[0.0, 0.0], [0.0, 3.0]]",
    each=12,
    gradient_note="cofactors give the second derivative of the determinant",
    samples=_SQUARE_SAMPLES,
)
det = _matrix_operation(
    "det",
    lambda xp, x: _lapack(xp.linalg.det, x),
    lambda batch, m, n: batch,
    lambda xp, t, x: xp.sum(xp.cofactors(x) * t, axis=(-2, -1)),
    lambda xp, u, x: _as_matrix(xp, u) * xp.cofactors(x),
    "The determinant of each matrix (``keras.ops.det``).\n\n>>> ops.det([[2.0, 0.0], [0.0, 4.0]])\ntensor(8.0)",
    each=1,
    gradient_note="det gives the cofactors: itself times the inverse, transposed, where there is one",
    samples=[*_SQUARE_SAMPLES, Sample([[1.0, 2.0], [2.0, 4.0]])],
)
log_absolute_determinant = _matrix_operation(
    "log_absolute_determinant",
    lambda xp, x: _lapack(lambda a: xp.linalg.slogdet(a)[1], x),
    lambda batch, m, n: batch,
    lambda xp, t, x: xp.sum(_transposed(xp, xp.inv(x)) * t, axis=(-2, -1)),
    lambda xp, u, x: _as_matrix(xp, u) * _transposed(xp, xp.inv(x)),
    "log |det x| without overflow, -inf for a singular matrix.",
    each=1,
    gradient_note="the slope of log |det x| is the inverse, transposed",
    samples=_SQUARE_SAMPLES,
)
determinant_sign = _matrix_operation(
    "determinant_sign",
    lambda xp, x: _lapack(lambda a: xp.linalg.slogdet(a)[0], x),
    lambda batch, m, n: batch,
    None,
    None,
    "The sign of det x: -1, 0 or 1.",
    each=1,
    gradient_note=NO_GRADIENT,
    samples=_SQUARE_SAMPLES,
)

# ---- Cholesky (the gradient after Murray, arXiv:1602.07527)


def _congruence(xp: Any, y: Any, t: Any) -> Any:
    """Compute y^-1 t y^-T."""
    return _transposed(xp, xp.solve_record(y, _transposed(xp, xp.solve_record(y, t))))


def _cholesky_tangent(xp: Any, t: Any, x: Any) -> Any:
    y = xp.cholesky_record(x)
    return xp.matmul(y, _congruence(xp, y, _symmetric(xp, t)) * _lower_mask(x, 0.5))


def _cholesky_transpose(xp: Any, u: Any, x: Any) -> Any:
    y = xp.cholesky_record(x)
    lower = xp.matmul(_transposed(xp, y), u) * _lower_mask(x, 0.5)
    return _symmetric(xp, _congruence(xp, _transposed(xp, y), lower))


cholesky_record = _matrix_operation(
    "cholesky",
    lambda xp, x: _lapack(lambda a: xp.linalg.cholesky(_symmetric(xp, a)), x),
    lambda batch, m, n: (*batch, m, n),
    _cholesky_tangent,
    _cholesky_transpose,
    "The lower triangular y with y y^T = x.",
    each=1,
    gradient_note="cholesky gives y^-T (the lower half of y^T upstream) y^-1, made symmetric",
    samples=[
        Sample(_DEFINITE),
        Sample([[[2.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 3.0]]]),
        Sample([[4.0]]),
        _NOT_SQUARE,
    ],
)

# ---- eigenvalues of symmetric matrices


def _column_signs(xp: Any, v: Any) -> Any:
    """Return 1 or -1 for each column, the sign of its largest entry: with it vectors are the same on every engine."""
    if not v.shape[-2]:  # no entries to choose from
        return 1
    largest = xp.take_along_axis(v, xp.expand_dims(xp.argmax(xp.absolute(v), axis=-2), -2), axis=-2)
    return xp.where(largest < 0, -xp.ones_like(largest), xp.ones_like(largest))


def _eigenvectors(xp: Any, x: Any) -> Any:
    v = xp.linalg.eigh(_symmetric(xp, x))[1]
    return v * _column_signs(xp, v)


def _one_over_gaps(xp: Any, values: Any) -> Any:
    """Compute 1 / (values[j] - values[i]) at (i, j), 0 where they are equal."""
    gap = xp.expand_dims(values, -2) - xp.expand_dims(values, -1)
    return xp.where(gap == 0, xp.zeros_like(gap), 1 / xp.where(gap == 0, xp.ones_like(gap), gap))


def _in_basis(xp: Any, v: Any, t: Any) -> Any:
    """Compute v^T t v."""
    return xp.matmul(_transposed(xp, v), xp.matmul(t, v))


def _eigenvectors_tangent(xp: Any, t: Any, x: Any) -> Any:
    v = xp.eigenvectors(x)
    return xp.matmul(v, _one_over_gaps(xp, xp.eigenvalues(x)) * _in_basis(xp, v, _symmetric(xp, t)))


def _eigenvectors_transpose(xp: Any, u: Any, x: Any) -> Any:
    v = xp.eigenvectors(x)
    inner = _one_over_gaps(xp, xp.eigenvalues(x)) * xp.matmul(_transposed(xp, v), u)
    return _symmetric(xp, xp.matmul(v, xp.matmul(inner, _transposed(xp, v))))


def _eigenvalues_tangent(xp: Any, t: Any, x: Any) -> Any:
    v = xp.eigenvectors(x)
    return xp.sum(v * xp.matmul(_symmetric(xp, t), v), axis=-2)


def _eigenvalues_transpose(xp: Any, u: Any, x: Any) -> Any:
    v = xp.eigenvectors(x)
    return xp.matmul(v * xp.expand_dims(u, -2), _transposed(xp, v))


_SYMMETRIC_SAMPLES = [
    Sample(_DEFINITE),
    Sample([[[2.0, 0.5], [0.5, 1.0]], [[-1.0, 1.0], [1.0, 3.0]]]),
    Sample([[-4.0]]),
    _NOT_SQUARE,
]
eigenvalues = _matrix_operation(
    "eigenvalues",
    lambda xp, x: _lapack(lambda a: xp.linalg.eigh(_symmetric(xp, a))[0], x),
    lambda batch, m, n: (*batch, n),
    _eigenvalues_tangent,
    _eigenvalues_transpose,
    "The eigenvalues of symmetric matrices, from small to large.",
    each=9,
    gradient_note="each eigenvalue gives its eigenvector's outer product",
    samples=_SYMMETRIC_SAMPLES,
)
eigenvectors = _matrix_operation(
    "eigenvectors",
    lambda xp, x: _lapack(lambda a: _eigenvectors(xp, a), x),
    lambda batch, m, n: (*batch, n, n),
    _eigenvectors_tangent,
    _eigenvectors_transpose,
    "The eigenvectors of symmetric matrices in columns, the largest entry of each positive.",
    each=9,
    gradient_note="eigenvectors turn towards each other by the upstream over the gaps of their eigenvalues (0 for "
    "no gap)",
    samples=_SYMMETRIC_SAMPLES,
)

# ---- singular values


def _svd(xp: Any, x: Any, part: str, full: bool) -> Any:
    """Compute one part of the singular value decomposition: ``"left"``, ``"values"`` or ``"right"``."""
    left, values, right = xp.linalg.svd(x, full_matrices=full)
    if part == "values":
        return values
    k = values.shape[-1]
    signs = _column_signs(xp, left[..., :k])
    vectors = left if part == "left" else _transposed(xp, right)
    return xp.concatenate([vectors[..., :k] * signs, vectors[..., k:]], axis=-1)


def _not_determined(what: str, mend: str) -> GraphError:
    return GraphError(f"a gradient through {what}", "the thin factorisation, which the matrix determines", mend)


def _thin_svd(xp: Any, x: Any, full: bool) -> tuple[Any, Any, Any]:
    """Compute u, s and v of the thin decomposition u s v^T, which gradients need."""
    if full and x.shape[-1] != x.shape[-2]:
        raise _not_determined("singular vectors that complete a basis", "call svd with full_matrices=False")
    return xp.singular_vectors(x, left=True), xp.singular_values(x), xp.singular_vectors(x, left=False)


def _column_scale(xp: Any, s: Any) -> tuple[Any, Any]:
    """Return s as a factor for columns, and one over it (0 for 0)."""
    row = xp.expand_dims(s, -2)
    return row, xp.where(row == 0, xp.zeros_like(row), 1 / xp.where(row == 0, xp.ones_like(row), row))


def _outside_span(xp: Any, v: Any, t: Any) -> Any:
    """Subtract from t its part in the span of v's columns."""
    return t - xp.matmul(v, xp.matmul(_transposed(xp, v), t))


def _singular_vectors_tangent(xp: Any, t: Any, x: Any, left: bool, full: bool) -> Any:
    u, s, v = _thin_svd(xp, x, full)
    if not left:
        u, v, t = v, u, _transposed(xp, t)
    row, inverse = _column_scale(xp, s)
    p = xp.matmul(_transposed(xp, u), xp.matmul(t, v))
    inner = _one_over_gaps(xp, s * s) * (p * row + _transposed(xp, p * row))
    return xp.matmul(u, inner) + _outside_span(xp, u, xp.matmul(t, v)) * inverse


def _singular_vectors_transpose(xp: Any, upstream: Any, x: Any, left: bool, full: bool) -> Any:
    u, s, v = _thin_svd(xp, x, full)
    if not left:
        u, v = v, u
    row, inverse = _column_scale(xp, s)
    g = _one_over_gaps(xp, s * s) * xp.matmul(_transposed(xp, u), upstream)
    gradient = xp.matmul(u, (g + _transposed(xp, g)) * row) + _outside_span(xp, u, upstream) * inverse
    gradient = xp.matmul(gradient, _transposed(xp, v))
    return gradient if left else _transposed(xp, gradient)


def _singular_values_tangent(xp: Any, t: Any, x: Any) -> Any:
    u, _, v = _thin_svd(xp, x, False)
    return xp.sum(u * xp.matmul(t, v), axis=-2)


def _singular_values_transpose(xp: Any, upstream: Any, x: Any) -> Any:
    u, _, v = _thin_svd(xp, x, False)
    return xp.matmul(u * xp.expand_dims(upstream, -2), _transposed(xp, v))


_RECTANGULAR_SAMPLES = [Sample(_REGULAR), Sample(Draw(4, 2)), Sample(Draw(2, 2, 3)), Sample(Draw(3), error=ShapeError)]
singular_values = _matrix_operation(
    "singular_values",
    lambda xp, x: _lapack(lambda a: _svd(xp, a, "values", False), x),
    lambda batch, m, n: (*batch, min(m, n)),
    _singular_values_tangent,
    _singular_values_transpose,
    "The singular values, from large to small.",
    square=False,
    each=4,
    gradient_note="each singular value gives the outer product of its two vectors",
    samples=_RECTANGULAR_SAMPLES,
)
singular_vectors = _matrix_operation(
    "singular_vectors",
    lambda xp, x, left=True, full=False: _lapack(lambda a: _svd(xp, a, "left" if left else "right", full), x),
    lambda batch, m, n, left, full: (*batch, m if left else n, (m if left else n) if full else min(m, n)),
    _singular_vectors_tangent,
    _singular_vectors_transpose,
    "The left or the right singular vectors in columns, the largest entry of each left one positive; with `full` "
    "they are completed to a basis, through which there is no gradient unless the matrix is square.",
    square=False,
    each=12,
    gradient_note="singular vectors turn towards each other by the upstream over the gaps of the squared singular "
    "values",
    samples=[
        *[Sample(*s.inputs, left=side) for side in (True, False) for s in _RECTANGULAR_SAMPLES[:3]],
        Sample(_REGULAR, left=False, full=True),
        _RECTANGULAR_SAMPLES[3],
    ],
)

# ---- QR


def _reduced_qr(xp: Any, x: Any, complete: bool) -> tuple[Any, Any]:
    """Compute q and r of the reduced factorisation of a matrix with as many rows as columns or more, for gradients."""
    m, n = x.shape[-2:]
    if m < n or (complete and m > n):
        raise _not_determined(
            "a complete QR factorisation, or one of a matrix with more columns than rows",
            "use mode='reduced' on a matrix with as many rows as columns or more",
        )
    return xp.qr_left(x), xp.qr_right(x)


def _times_inverse(xp: Any, x: Any, r: Any) -> Any:
    """Compute x r^-1."""
    return _transposed(xp, xp.solve_record(_transposed(xp, r), _transposed(xp, x)))


def _skew(xp: Any, x: Any) -> Any:
    """Return the skew-symmetric matrix with x's entries below the diagonal."""
    lower = x * _lower_mask(x, 0.0)
    return lower - _transposed(xp, lower)


def _q_tangent(xp: Any, t: Any, x: Any, complete: bool) -> Any:
    q, r = _reduced_qr(xp, x, complete)
    scaled = _times_inverse(xp, t, r)
    return xp.matmul(q, _skew(xp, xp.matmul(_transposed(xp, q), scaled))) + _outside_span(xp, q, scaled)


def _q_transpose(xp: Any, u: Any, x: Any, complete: bool) -> Any:
    q, r = _reduced_qr(xp, x, complete)
    k = xp.matmul(_transposed(xp, q), u)
    gradient = xp.matmul(q, (k - _transposed(xp, k)) * _lower_mask(k, 0.0)) + _outside_span(xp, q, u)
    return _times_inverse(xp, gradient, _transposed(xp, r))


def _r_tangent(xp: Any, t: Any, x: Any, complete: bool) -> Any:
    q, r = _reduced_qr(xp, x, complete)
    b = xp.matmul(_transposed(xp, q), _times_inverse(xp, t, r))
    return xp.matmul(b - _skew(xp, b), r)


def _r_transpose(xp: Any, u: Any, x: Any, complete: bool) -> Any:
    q, r = _reduced_qr(xp, x, complete)
    j = xp.matmul(u, _transposed(xp, r))
    return _times_inverse(xp, xp.matmul(q, j - (j - _transposed(xp, j)) * _lower_mask(j, 0.0)), _transposed(xp, r))


def _qr(xp: Any, complete: bool) -> Any:
    return lambda a: xp.linalg.qr(a, "complete" if complete else "reduced")


_QR_SAMPLES = [
    Sample(_REGULAR),
    Sample(Draw(4, 2)),
    Sample(Draw(2, 3, 2)),
    Sample(_REGULAR, complete=True),
    _RECTANGULAR_SAMPLES[3],
]
qr_left = _matrix_operation(
    "qr_left",
    lambda xp, x, complete=False: _lapack(lambda a: _qr(xp, complete)(a)[0], x),
    lambda batch, m, n, complete: (*batch, m, m if complete else min(m, n)),
    _q_tangent,
    _q_transpose,
    "The orthogonal part of the QR factorisation.",
    square=False,
    each=2,
    gradient_note="q turns by the part of the upstream outside its own directions, times r^-T",
    samples=_QR_SAMPLES,
)
qr_right = _matrix_operation(
    "qr_right",
    lambda xp, x, complete=False: _lapack(lambda a: _qr(xp, complete)(a)[1], x),
    lambda batch, m, n, complete: (*batch, m if complete else min(m, n), n),
    _r_tangent,
    _r_transpose,
    "The triangular part of the QR factorisation.",
    square=False,
    each=2,
    gradient_note="r gives q times the upstream, its lower half mirrored, times r^-T",
    samples=_QR_SAMPLES,
)
