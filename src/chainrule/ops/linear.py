"""Linear algebra by LAPACK, on the last two axes: solving, determinants and the factorisations.

None is linear in its matrix, so beside the `transpose` each record has the `tangent` whose transpose it is. Both
are written with these same records, so that gradients of gradients exist. Symmetric matrices are read as
(x + x^T)/2. A factorisation with two or three parts is two or three records; each factorises anew.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import GraphError, ShapeError, ValueProblem
from ..core.messages import LazyMessage
from ..graph import Spec, spec_of
from .elementwise import FLAT
from .record import Cost, Draw, Operation, Sample
from .rules import all_batched, promote_to_float, times


def _lapack(function: Any, *xs: Any) -> Any:
    """`function` of the matrices, in float32 where they are narrower; LAPACK's complaint as one of ours."""
    wide = [x.astype("float32") if x.dtype.itemsize < 4 else x for x in xs]
    try:
        return function(*wide).astype(xs[0].dtype)
    except np.linalg.LinAlgError as problem:
        raise ValueProblem(
            f"a matrix that LAPACK cannot take: {problem}",
            "finite numbers; to be inverted a regular matrix, for cholesky a positive definite one",
            "add a small multiple of the identity, or use pinv or lstsq",
        ) from None


def swapped(xp: Any, x: Any) -> Any:
    """Each matrix transposed."""
    return xp.swapaxes(x, -1, -2)


def _symmetric(xp: Any, x: Any) -> Any:
    return (x + swapped(xp, x)) / 2


def _mask(x: Any, below: int, diagonal: float) -> Any:
    """Ones below the diagonal from `below` on, `diagonal` on it, in x's dtype."""
    n = x.shape[-1]
    return np.asarray(np.tril(np.ones((n, n)), below) + diagonal * np.eye(n), x.dtype)


def _matrix(specs: tuple[Spec, ...], square: bool) -> tuple[Any, ...]:
    shape: tuple[Any, ...] = specs[0].shape
    if len(shape) < 2 or (square and shape[-1] != shape[-2]) or 0 in shape[-2:]:
        raise ShapeError(
            f"shape {shape}",
            "square matrices in the last two axes" if square else "matrices in the last two axes",
            "reshape it, or use pinv or lstsq for a matrix that is not square" if square else "reshape it",
        )
    return shape


def _spec(square: bool, shape: Any) -> Any:
    """`shape`: ``(batch, rows, columns, **attributes) -> shape`` of the result."""

    def spec(specs: tuple[Spec, ...], **attributes: Any) -> Spec:
        *batch, m, n = _matrix(specs, square)
        return spec_of(tuple(shape(tuple(batch), m, n, **attributes)), specs[0].dtype)

    return spec


def _cost(each: int) -> Any:
    """`each` multiply-accumulates for the rows × columns × the smaller of a matrix, to the leading order."""

    def cost(specs: tuple[Spec, ...], out: Spec, **attributes: Any) -> Cost:
        *batch, m, n = (1 if size is None else size for size in specs[0].shape)
        count = each * math.prod(batch) * m * n * min(m, n)
        sizes = {"shape": times(tuple(batch)), "each": each, "m": m, "n": n, "least": min(m, n), "count": count}
        formula = LazyMessage("{shape} matrices × {each} × {m}·{n}·{least} = {count:,} multiplies", **sizes)
        return Cost(count, count, count, 0, formula)

    return cost


def _batch(op: Operation, xs: list[Any], batched: list[bool], size: int, attributes: dict[str, Any]) -> Any:
    """Every axis before the last two is a batch already."""
    return op(*all_batched(xs, batched, size), **attributes)


def _record(
    name: str, value: Any, shape: Any, tangent: Any, transpose: Any, doc: str, *, square: bool, each: int,
    gradient_note: str, samples: list[Sample],
) -> Operation:  # fmt: skip
    """A record of one matrix. `value`, `tangent`, `transpose` as in `Operation`."""
    return Operation(
        name,
        value,
        spec=_spec(square, shape),
        casts=promote_to_float,
        batch=_batch,
        cost=_cost(each),
        transpose=None if transpose is None else (transpose,),
        tangent=None if tangent is None else (tangent,),
        gradient_note=gradient_note,
        format=name + "({0})",
        samples=samples,
        doc=doc,
    )


REGULAR = [[2.0, 0.5, -1.0], [0.25, -1.5, 1.0], [1.0, 1.25, 3.0]]
DEFINITE = [[4.0, 1.0, -0.5], [1.0, 3.0, 0.75], [-0.5, 0.75, 2.0]]
_NOT_SQUARE = Sample(Draw(3, 2), error=ShapeError)
_SQUARES = [
    Sample(REGULAR),
    Sample([[[1.0, 2.0], [3.0, 5.0]], [[0.0, 2.0], [-1.0, 0.5]]]),
    Sample([[-2.0]]),
    _NOT_SQUARE,
    Sample(Draw(3), error=ShapeError),
]

# ---- inverses and systems


def _solve_spec(specs: tuple[Spec, ...]) -> Spec:
    a, b = _matrix(specs, True), specs[1].shape
    if len(a) != len(b) or a[:-1] != b[:-1]:
        raise ShapeError(
            f"matrices of shape {a} and right sides of shape {b}",
            "the same batch, and as many rows",
            "give b of shape (..., n) or (..., n, columns)",
        )
    return spec_of(b, specs[1].dtype)


def _solve_cost(specs: tuple[Spec, ...], out: Spec) -> Cost:
    *batch, n, k = (1 if size is None else size for size in out.shape)
    count = math.prod(batch) * n * n * (n + 3 * k) // 3
    sizes = {"shape": times(tuple(batch)), "n": n, "k": k, "count": count}
    formula = LazyMessage("{shape} systems × {n}² · ({n} + 3·{k})/3 = {count:,} multiplies", **sizes)
    return Cost(count, count, count, 0, formula)


def _minus_outer(xp: Any, left: Any, right: Any) -> Any:
    return -xp.matmul(left, swapped(xp, right))


solve_record = Operation(
    "solve",
    lambda xp, a, b: _lapack(xp.linalg.solve, a, b),
    spec=_solve_spec,
    casts=promote_to_float,
    batch=_batch,
    cost=_solve_cost,
    transpose=(
        lambda xp, u, a, b: _minus_outer(xp, xp.solve_record(swapped(xp, a), u), xp.solve_record(a, b)),
        lambda xp, u, a, b: xp.solve_record(swapped(xp, a), u),
    ),
    tangent=(lambda xp, t, a, b: -xp.solve_record(a, xp.matmul(t, xp.solve_record(a, b))), None),
    gradient_note="solve gives b what a^T solves for the upstream, and a minus its product with the solution",
    format="solve({0}, {1})",
    samples=[
        Sample(REGULAR, Draw(3, 2)),
        Sample([[[1.0, 2.0], [3.0, 5.0]], [[0.0, 2.0], [-1.0, 0.5]]], Draw(2, 2, 1)),
        Sample(REGULAR, Draw(2, 3), error=ShapeError),
        Sample(Draw(3, 2), Draw(3, 2), error=ShapeError),
    ],
    doc="The matrices x with a @ x = b, for matrices a and b of the same batch.\n\n"
    ">>> ops.solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]])\ntensor([[1. ],\n        [0.5]])",
)


def _around(xp: Any, y: Any, t: Any) -> Any:
    """-y t y."""
    return -xp.matmul(y, xp.matmul(t, y))


inv = _record(
    "inv",
    lambda xp, x: _lapack(xp.linalg.inv, x),
    lambda batch, m, n: (*batch, m, n),
    lambda xp, t, x: _around(xp, xp.inv(x), t),
    lambda xp, u, x: _around(xp, swapped(xp, xp.inv(x)), u),
    "The inverse of each matrix (``keras.ops.inv``).\n\n"
    ">>> ops.inv([[2.0, 0.0], [0.0, 4.0]])\ntensor([[0.5 , 0.  ],\n        [0.  , 0.25]])",
    square=True,
    each=1,
    gradient_note="inv gives -y^T upstream y^T, y the inverse",
    samples=_SQUARES,
)


def _pinv_tangent(xp: Any, t: Any, x: Any, rcond: Any) -> Any:
    p, back = xp.pinv_record(x, rcond=rcond), swapped(xp, t)
    left = xp.matmul(xp.matmul(p, swapped(xp, p)), back)
    right = xp.matmul(back, xp.matmul(swapped(xp, p), p))
    ends = left - xp.matmul(left, xp.matmul(x, p)) + right - xp.matmul(xp.matmul(p, x), right)
    return ends - xp.matmul(p, xp.matmul(t, p))


def _pinv_transpose(xp: Any, u: Any, x: Any, rcond: Any) -> Any:
    p, back = xp.pinv_record(x, rcond=rcond), swapped(xp, u)
    turned = swapped(xp, p)
    right = xp.matmul(back, xp.matmul(p, turned))
    left = xp.matmul(xp.matmul(turned, p), back)
    ends = right - xp.matmul(x, xp.matmul(p, right)) + left - xp.matmul(left, xp.matmul(p, x))
    return ends - xp.matmul(turned, xp.matmul(u, turned))


pinv_record = _record(
    "pinv",
    lambda xp, x, rcond=None: _lapack(lambda a: xp.linalg.pinv(a, rcond), x),
    lambda batch, m, n, rcond: (*batch, n, m),
    _pinv_tangent,
    _pinv_transpose,
    "The pseudoinverse of Moore and Penrose. Gradients (Golub and Pereyra, 1973) hold where the rank does not change.",
    square=False,
    each=12,
    gradient_note="pinv gives -p^T upstream p^T, and what moves the spaces of rows and columns",
    samples=[Sample(Draw(4, 2)), Sample(Draw(2, 2, 3)), Sample(REGULAR), Sample(Draw(3), error=ShapeError)],
)

# ---- determinants


def _over(xp: Any, u: Any) -> Any:
    return xp.expand_dims(u, (-2, -1))


det = _record(
    "det",
    lambda xp, x: _lapack(xp.linalg.det, x),
    lambda batch, m, n: batch,
    lambda xp, t, x: xp.det(x) * xp.sum(swapped(xp, xp.inv(x)) * t, axis=(-2, -1)),
    lambda xp, u, x: _over(xp, u * xp.det(x)) * swapped(xp, xp.inv(x)),
    "The determinant of each matrix; its gradient asks for a regular one (``keras.ops.det``).\n\n"
    ">>> ops.det([[2.0, 0.0], [0.0, 4.0]])\ntensor(8.0)",
    square=True,
    each=1,
    gradient_note="det gives itself times the inverse, transposed",
    samples=_SQUARES,
)
log_absolute_determinant = _record(
    "log_absolute_determinant",
    lambda xp, x: _lapack(lambda a: xp.linalg.slogdet(a)[1], x),
    lambda batch, m, n: batch,
    lambda xp, t, x: xp.sum(swapped(xp, xp.inv(x)) * t, axis=(-2, -1)),
    lambda xp, u, x: _over(xp, u) * swapped(xp, xp.inv(x)),
    "log |det x| without overflow, -inf for a singular matrix.",
    square=True,
    each=1,
    gradient_note="the slope of log |det x| is the inverse, transposed",
    samples=_SQUARES,
)
determinant_sign = _record(
    "determinant_sign",
    lambda xp, x: _lapack(lambda a: xp.linalg.slogdet(a)[0], x),
    lambda batch, m, n: batch,
    None,
    None,
    "The sign of det x: -1, 0 or 1.",
    square=True,
    each=1,
    gradient_note=FLAT,
    samples=_SQUARES,
)

# ---- Cholesky (the gradient after Murray, arXiv:1602.07527)


def _inside(xp: Any, y: Any, t: Any) -> Any:
    """y^-1 t y^-T."""
    return swapped(xp, xp.solve_record(y, swapped(xp, xp.solve_record(y, t))))


def _cholesky_tangent(xp: Any, t: Any, x: Any) -> Any:
    y = xp.cholesky_record(x)
    return xp.matmul(y, _inside(xp, y, _symmetric(xp, t)) * _mask(x, -1, 0.5))


def _cholesky_transpose(xp: Any, u: Any, x: Any) -> Any:
    y = xp.cholesky_record(x)
    lower = xp.matmul(swapped(xp, y), u) * _mask(x, -1, 0.5)
    return _symmetric(xp, _inside(xp, swapped(xp, y), lower))


cholesky_record = _record(
    "cholesky",
    lambda xp, x: _lapack(lambda a: xp.linalg.cholesky(_symmetric(xp, a)), x),
    lambda batch, m, n: (*batch, m, n),
    _cholesky_tangent,
    _cholesky_transpose,
    "The lower triangular y with y y^T = x.",
    square=True,
    each=1,
    gradient_note="cholesky gives y^-T (the lower half of y^T upstream) y^-1, made symmetric",
    samples=[
        Sample(DEFINITE),
        Sample([[[2.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 3.0]]]),
        Sample([[4.0]]),
        _NOT_SQUARE,
    ],
)

# ---- eigenvalues of symmetric matrices


def _upright(xp: Any, v: Any) -> Any:
    """1 or -1 for each column, with which its largest entry becomes positive: the same on every engine."""
    top = xp.take_along_axis(v, xp.expand_dims(xp.argmax(xp.absolute(v), axis=-2), -2), axis=-2)
    return xp.where(top < 0, -xp.ones_like(top), xp.ones_like(top))


def _eigenvectors(xp: Any, x: Any) -> Any:
    v = xp.linalg.eigh(_symmetric(xp, x))[1]
    return v * _upright(xp, v)


def _one_over_gaps(xp: Any, values: Any) -> Any:
    """1 / (values[j] - values[i]) at (i, j), 0 where they are equal."""
    gap = xp.expand_dims(values, -2) - xp.expand_dims(values, -1)
    return xp.where(gap == 0, xp.zeros_like(gap), 1 / xp.where(gap == 0, xp.ones_like(gap), gap))


def _turned(xp: Any, v: Any, t: Any) -> Any:
    """v^T t v."""
    return xp.matmul(swapped(xp, v), xp.matmul(t, v))


def _eigenvectors_tangent(xp: Any, t: Any, x: Any) -> Any:
    v = xp.eigenvectors(x)
    return xp.matmul(v, _one_over_gaps(xp, xp.eigenvalues(x)) * _turned(xp, v, _symmetric(xp, t)))


def _eigenvectors_transpose(xp: Any, u: Any, x: Any) -> Any:
    v = xp.eigenvectors(x)
    inner = _one_over_gaps(xp, xp.eigenvalues(x)) * xp.matmul(swapped(xp, v), u)
    return _symmetric(xp, xp.matmul(v, xp.matmul(inner, swapped(xp, v))))


def _eigenvalues_tangent(xp: Any, t: Any, x: Any) -> Any:
    v = xp.eigenvectors(x)
    return xp.sum(v * xp.matmul(_symmetric(xp, t), v), axis=-2)


def _eigenvalues_transpose(xp: Any, u: Any, x: Any) -> Any:
    v = xp.eigenvectors(x)
    return xp.matmul(v * xp.expand_dims(u, -2), swapped(xp, v))


_SYMMETRIC = [
    Sample(DEFINITE),
    Sample([[[2.0, 0.5], [0.5, 1.0]], [[-1.0, 1.0], [1.0, 3.0]]]),
    Sample([[-4.0]]),
    _NOT_SQUARE,
]
eigenvalues = _record(
    "eigenvalues",
    lambda xp, x: _lapack(lambda a: xp.linalg.eigh(_symmetric(xp, a))[0], x),
    lambda batch, m, n: (*batch, n),
    _eigenvalues_tangent,
    _eigenvalues_transpose,
    "The eigenvalues of symmetric matrices, from small to large.",
    square=True,
    each=9,
    gradient_note="each eigenvalue gives its eigenvector's outer product",
    samples=_SYMMETRIC,
)
eigenvectors = _record(
    "eigenvectors",
    lambda xp, x: _lapack(lambda a: _eigenvectors(xp, a), x),
    lambda batch, m, n: (*batch, n, n),
    _eigenvectors_tangent,
    _eigenvectors_transpose,
    "Their eigenvectors in columns, the largest entry of each positive.",
    square=True,
    each=9,
    gradient_note="eigenvectors turn towards each other by the upstream over the gaps of their eigenvalues (0 for "
    "no gap)",
    samples=_SYMMETRIC,
)

# ---- singular values


def _svd(xp: Any, x: Any, part: str, full: bool) -> Any:
    left, values, right = xp.linalg.svd(x, full_matrices=full)
    if part == "values":
        return values
    k = values.shape[-1]
    signs = _upright(xp, left[..., :k])
    mine = left if part == "left" else swapped(xp, right)
    return xp.concatenate([mine[..., :k] * signs, mine[..., k:]], axis=-1)


def _only_thin(what: str, mend: str) -> GraphError:
    return GraphError(
        f"a gradient through {what}", "those of the thin factorisation, which the matrix determines", mend
    )


def _thin(xp: Any, x: Any, full: bool) -> tuple[Any, Any, Any]:
    if full and x.shape[-1] != x.shape[-2]:
        raise _only_thin("singular vectors that complete a basis", "call svd with full_matrices=False")
    return xp.singular_vectors(x, left=True), xp.singular_values(x), xp.singular_vectors(x, left=False)


def _scaled(xp: Any, s: Any) -> tuple[Any, Any]:
    """A factor for columns, and one over it (0 over 0)."""
    row = xp.expand_dims(s, -2)
    return row, xp.where(row == 0, xp.zeros_like(row), 1 / xp.where(row == 0, xp.ones_like(row), row))


def _without(xp: Any, v: Any, t: Any) -> Any:
    """t less its part in the span of v's columns."""
    return t - xp.matmul(v, xp.matmul(swapped(xp, v), t))


def _vectors_tangent(xp: Any, t: Any, x: Any, left: bool, full: bool) -> Any:
    u, s, v = _thin(xp, x, full)
    if not left:
        u, v, t = v, u, swapped(xp, t)
    row, inverse = _scaled(xp, s)
    p = xp.matmul(swapped(xp, u), xp.matmul(t, v))
    inner = _one_over_gaps(xp, s * s) * (p * row + swapped(xp, p * row))
    return xp.matmul(u, inner) + _without(xp, u, xp.matmul(t, v)) * inverse


def _vectors_transpose(xp: Any, upstream: Any, x: Any, left: bool, full: bool) -> Any:
    u, s, v = _thin(xp, x, full)
    if not left:
        u, v = v, u
    row, inverse = _scaled(xp, s)
    g = _one_over_gaps(xp, s * s) * xp.matmul(swapped(xp, u), upstream)
    found = xp.matmul(u, (g + swapped(xp, g)) * row) + _without(xp, u, upstream) * inverse
    found = xp.matmul(found, swapped(xp, v))
    return found if left else swapped(xp, found)


def _values_tangent(xp: Any, t: Any, x: Any) -> Any:
    u, _, v = _thin(xp, x, False)
    return xp.sum(u * xp.matmul(t, v), axis=-2)


def _values_transpose(xp: Any, upstream: Any, x: Any) -> Any:
    u, _, v = _thin(xp, x, False)
    return xp.matmul(u * xp.expand_dims(upstream, -2), swapped(xp, v))


_RECTANGLES = [Sample(REGULAR), Sample(Draw(4, 2)), Sample(Draw(2, 2, 3)), Sample(Draw(3), error=ShapeError)]
singular_values = _record(
    "singular_values",
    lambda xp, x: _lapack(lambda a: _svd(xp, a, "values", False), x),
    lambda batch, m, n: (*batch, min(m, n)),
    _values_tangent,
    _values_transpose,
    "The singular values, from large to small.",
    square=False,
    each=4,
    gradient_note="each singular value gives the outer product of its two vectors",
    samples=_RECTANGLES,
)
singular_vectors = _record(
    "singular_vectors",
    lambda xp, x, left=True, full=False: _lapack(lambda a: _svd(xp, a, "left" if left else "right", full), x),
    lambda batch, m, n, left, full: (*batch, m if left else n, (m if left else n) if full else min(m, n)),
    _vectors_tangent,
    _vectors_transpose,
    "The left or the right singular vectors in columns, the largest entry of each left one positive; with `full` "
    "they are completed to a basis, through which there is no gradient unless the matrix is square.",
    square=False,
    each=12,
    gradient_note="singular vectors turn towards each other by the upstream over the gaps of the squared singular "
    "values",
    samples=[
        *[Sample(*s.inputs, left=side) for side in (True, False) for s in _RECTANGLES[:3]],
        Sample(REGULAR, left=False, full=True),
        _RECTANGLES[3],
    ],
)

# ---- QR


def _triangle(xp: Any, x: Any, complete: bool) -> tuple[Any, Any]:
    m, n = x.shape[-2:]
    if m < n or (complete and m > n):
        raise _only_thin(
            "a QR factorisation that is complete, or of a matrix with more columns than rows",
            "use mode='reduced' on a matrix with as many rows as columns or more",
        )
    return xp.qr_left(x), xp.qr_right(x)


def _by_inverse(xp: Any, x: Any, r: Any) -> Any:
    """x r^-1."""
    return swapped(xp, xp.solve_record(swapped(xp, r), swapped(xp, x)))


def _skew(xp: Any, x: Any) -> Any:
    lower = x * _mask(x, -1, 0.0)
    return lower - swapped(xp, lower)


def _left_tangent(xp: Any, t: Any, x: Any, complete: bool) -> Any:
    q, r = _triangle(xp, x, complete)
    scaled = _by_inverse(xp, t, r)
    return xp.matmul(q, _skew(xp, xp.matmul(swapped(xp, q), scaled))) + _without(xp, q, scaled)


def _left_transpose(xp: Any, u: Any, x: Any, complete: bool) -> Any:
    q, r = _triangle(xp, x, complete)
    k = xp.matmul(swapped(xp, q), u)
    found = xp.matmul(q, (k - swapped(xp, k)) * _mask(k, -1, 0.0)) + _without(xp, q, u)
    return _by_inverse(xp, found, swapped(xp, r))


def _right_tangent(xp: Any, t: Any, x: Any, complete: bool) -> Any:
    q, r = _triangle(xp, x, complete)
    b = xp.matmul(swapped(xp, q), _by_inverse(xp, t, r))
    return xp.matmul(b - _skew(xp, b), r)


def _right_transpose(xp: Any, u: Any, x: Any, complete: bool) -> Any:
    q, r = _triangle(xp, x, complete)
    j = xp.matmul(u, swapped(xp, r))
    return _by_inverse(xp, xp.matmul(q, j - (j - swapped(xp, j)) * _mask(j, -1, 0.0)), swapped(xp, r))


def _qr(xp: Any, complete: bool) -> Any:
    return lambda a: xp.linalg.qr(a, "complete" if complete else "reduced")


_QR_SAMPLES = [
    Sample(REGULAR),
    Sample(Draw(4, 2)),
    Sample(Draw(2, 3, 2)),
    Sample(REGULAR, complete=True),
    _RECTANGLES[3],
]
qr_left = _record(
    "qr_left",
    lambda xp, x, complete=False: _lapack(lambda a: _qr(xp, complete)(a)[0], x),
    lambda batch, m, n, complete: (*batch, m, m if complete else min(m, n)),
    _left_tangent,
    _left_transpose,
    "The orthogonal part of the QR factorisation.",
    square=False,
    each=2,
    gradient_note="q turns by what of the upstream leaves its own directions, times r^-T",
    samples=_QR_SAMPLES,
)
qr_right = _record(
    "qr_right",
    lambda xp, x, complete=False: _lapack(lambda a: _qr(xp, complete)(a)[1], x),
    lambda batch, m, n, complete: (*batch, m if complete else min(m, n), n),
    _right_tangent,
    _right_transpose,
    "The triangular part of the QR factorisation.",
    square=False,
    each=2,
    gradient_note="r gives q times the upstream, its lower half mirrored, times r^-T",
    samples=_QR_SAMPLES,
)
