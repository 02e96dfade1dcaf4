"""Linear algebra by LAPACK, on the last two axes: solving, determinants and the factorisations.

None is linear in its matrix, so beside the `transpose` each record has the `tangent` whose transpose it is. Both
are written with these same records, so that gradients of gradients exist. Symmetric matrices are read as
(x + x^T)/2. A factorisation with two or three parts is two or three records; each factorises anew.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import GraphError, ShapeError, ValueProblem
from ..graph import Spec, spec_of
from ..said import Said
from .elementwise import FLAT
from .record import Cost, Draw, Operation, Sample
from .rules import all_batched, floated, times


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


def swapped(o: Any, x: Any) -> Any:
    """Each matrix transposed."""
    return o.swapaxes(x, -1, -2)


def _symmetric(o: Any, x: Any) -> Any:
    return (x + swapped(o, x)) / 2


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
        formula = Said("{shape} matrices × {each} × {m}·{n}·{least} = {count:,} multiplies", **sizes)
        return Cost(count, count, count, 0, formula)

    return cost


def _batch(op: Operation, xs: list[Any], batched: list[bool], size: int, attributes: dict[str, Any]) -> Any:
    """Every axis before the last two is a batch already."""
    return op(*all_batched(xs, batched, size), **attributes)


def _record(
    name: str, value: Any, shape: Any, tangent: Any, transpose: Any, doc: str, *, square: bool, each: int,
    says: str, samples: list[Sample],
) -> Operation:  # fmt: skip
    """A record of one matrix. `value`, `tangent`, `transpose` as in `Operation`."""
    return Operation(
        name,
        value,
        spec=_spec(square, shape),
        casts=floated,
        batch=_batch,
        cost=_cost(each),
        transpose=None if transpose is None else (transpose,),
        tangent=None if tangent is None else (tangent,),
        says=says,
        written=name + "({0})",
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
    formula = Said("{shape} systems × {n}² · ({n} + 3·{k})/3 = {count:,} multiplies", **sizes)
    return Cost(count, count, count, 0, formula)


def _minus_outer(o: Any, left: Any, right: Any) -> Any:
    return -o.matmul(left, swapped(o, right))


solve_record = Operation(
    "solve",
    lambda o, a, b: _lapack(o.linalg.solve, a, b),
    spec=_solve_spec,
    casts=floated,
    batch=_batch,
    cost=_solve_cost,
    transpose=(
        lambda o, u, a, b: _minus_outer(o, o.solve_record(swapped(o, a), u), o.solve_record(a, b)),
        lambda o, u, a, b: o.solve_record(swapped(o, a), u),
    ),
    tangent=(lambda o, t, a, b: -o.solve_record(a, o.matmul(t, o.solve_record(a, b))), None),
    says="solve gives b what a^T solves for the upstream, and a minus its product with the solution",
    written="solve({0}, {1})",
    samples=[
        Sample(REGULAR, Draw(3, 2)),
        Sample([[[1.0, 2.0], [3.0, 5.0]], [[0.0, 2.0], [-1.0, 0.5]]], Draw(2, 2, 1)),
        Sample(REGULAR, Draw(2, 3), error=ShapeError),
        Sample(Draw(3, 2), Draw(3, 2), error=ShapeError),
    ],
    doc="The matrices x with a @ x = b, for matrices a and b of the same batch.\n\n"
    ">>> ops.solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]])\ntensor([[1. ],\n        [0.5]])",
)


def _around(o: Any, y: Any, t: Any) -> Any:
    """-y t y."""
    return -o.matmul(y, o.matmul(t, y))


inv = _record(
    "inv",
    lambda o, x: _lapack(o.linalg.inv, x),
    lambda batch, m, n: (*batch, m, n),
    lambda o, t, x: _around(o, o.inv(x), t),
    lambda o, u, x: _around(o, swapped(o, o.inv(x)), u),
    "The inverse of each matrix (``keras.ops.inv``).\n\n"
    ">>> ops.inv([[2.0, 0.0], [0.0, 4.0]])\ntensor([[0.5 , 0.  ],\n        [0.  , 0.25]])",
    square=True,
    each=1,
    says="inv gives -y^T upstream y^T, y the inverse",
    samples=_SQUARES,
)


def _pinv_tangent(o: Any, t: Any, x: Any, rcond: Any) -> Any:
    p, back = o.pinv_record(x, rcond=rcond), swapped(o, t)
    left = o.matmul(o.matmul(p, swapped(o, p)), back)
    right = o.matmul(back, o.matmul(swapped(o, p), p))
    ends = left - o.matmul(left, o.matmul(x, p)) + right - o.matmul(o.matmul(p, x), right)
    return ends - o.matmul(p, o.matmul(t, p))


def _pinv_transpose(o: Any, u: Any, x: Any, rcond: Any) -> Any:
    p, back = o.pinv_record(x, rcond=rcond), swapped(o, u)
    turned = swapped(o, p)
    right = o.matmul(back, o.matmul(p, turned))
    left = o.matmul(o.matmul(turned, p), back)
    ends = right - o.matmul(x, o.matmul(p, right)) + left - o.matmul(left, o.matmul(p, x))
    return ends - o.matmul(turned, o.matmul(u, turned))


pinv_record = _record(
    "pinv",
    lambda o, x, rcond=None: _lapack(lambda a: o.linalg.pinv(a, rcond), x),
    lambda batch, m, n, rcond: (*batch, n, m),
    _pinv_tangent,
    _pinv_transpose,
    "The pseudoinverse of Moore and Penrose. Gradients (Golub and Pereyra, 1973) hold where the rank does not change.",
    square=False,
    each=12,
    says="pinv gives -p^T upstream p^T, and what moves the spaces of rows and columns",
    samples=[Sample(Draw(4, 2)), Sample(Draw(2, 2, 3)), Sample(REGULAR), Sample(Draw(3), error=ShapeError)],
)

# ---- determinants


def _over(o: Any, u: Any) -> Any:
    return o.expand_dims(u, (-2, -1))


det = _record(
    "det",
    lambda o, x: _lapack(o.linalg.det, x),
    lambda batch, m, n: batch,
    lambda o, t, x: o.det(x) * o.sum(swapped(o, o.inv(x)) * t, axis=(-2, -1)),
    lambda o, u, x: _over(o, u * o.det(x)) * swapped(o, o.inv(x)),
    "The determinant of each matrix; its gradient asks for a regular one (``keras.ops.det``).\n\n"
    ">>> ops.det([[2.0, 0.0], [0.0, 4.0]])\ntensor(8.0)",
    square=True,
    each=1,
    says="det gives itself times the inverse, transposed",
    samples=_SQUARES,
)
log_absolute_determinant = _record(
    "log_absolute_determinant",
    lambda o, x: _lapack(lambda a: o.linalg.slogdet(a)[1], x),
    lambda batch, m, n: batch,
    lambda o, t, x: o.sum(swapped(o, o.inv(x)) * t, axis=(-2, -1)),
    lambda o, u, x: _over(o, u) * swapped(o, o.inv(x)),
    "log |det x| without overflow, -inf for a singular matrix.",
    square=True,
    each=1,
    says="the slope of log |det x| is the inverse, transposed",
    samples=_SQUARES,
)
determinant_sign = _record(
    "determinant_sign",
    lambda o, x: _lapack(lambda a: o.linalg.slogdet(a)[0], x),
    lambda batch, m, n: batch,
    None,
    None,
    "The sign of det x: -1, 0 or 1.",
    square=True,
    each=1,
    says=FLAT,
    samples=_SQUARES,
)

# ---- Cholesky (the gradient after Murray, arXiv:1602.07527)


def _inside(o: Any, y: Any, t: Any) -> Any:
    """y^-1 t y^-T."""
    return swapped(o, o.solve_record(y, swapped(o, o.solve_record(y, t))))


def _cholesky_tangent(o: Any, t: Any, x: Any) -> Any:
    y = o.cholesky_record(x)
    return o.matmul(y, _inside(o, y, _symmetric(o, t)) * _mask(x, -1, 0.5))


def _cholesky_transpose(o: Any, u: Any, x: Any) -> Any:
    y = o.cholesky_record(x)
    lower = o.matmul(swapped(o, y), u) * _mask(x, -1, 0.5)
    return _symmetric(o, _inside(o, swapped(o, y), lower))


cholesky_record = _record(
    "cholesky",
    lambda o, x: _lapack(lambda a: o.linalg.cholesky(_symmetric(o, a)), x),
    lambda batch, m, n: (*batch, m, n),
    _cholesky_tangent,
    _cholesky_transpose,
    "The lower triangular y with y y^T = x.",
    square=True,
    each=1,
    says="cholesky gives y^-T (the lower half of y^T upstream) y^-1, made symmetric",
    samples=[
        Sample(DEFINITE),
        Sample([[[2.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 3.0]]]),
        Sample([[4.0]]),
        _NOT_SQUARE,
    ],
)

# ---- eigenvalues of symmetric matrices


def _upright(o: Any, v: Any) -> Any:
    """1 or -1 for each column, with which its largest entry becomes positive: the same on every engine."""
    top = o.take_along_axis(v, o.expand_dims(o.argmax(o.absolute(v), axis=-2), -2), axis=-2)
    return o.where(top < 0, -o.ones_like(top), o.ones_like(top))


def _eigenvectors(o: Any, x: Any) -> Any:
    v = o.linalg.eigh(_symmetric(o, x))[1]
    return v * _upright(o, v)


def _one_over_gaps(o: Any, values: Any) -> Any:
    """1 / (values[j] - values[i]) at (i, j), 0 where they are equal."""
    gap = o.expand_dims(values, -2) - o.expand_dims(values, -1)
    return o.where(gap == 0, o.zeros_like(gap), 1 / o.where(gap == 0, o.ones_like(gap), gap))


def _turned(o: Any, v: Any, t: Any) -> Any:
    """v^T t v."""
    return o.matmul(swapped(o, v), o.matmul(t, v))


def _eigenvectors_tangent(o: Any, t: Any, x: Any) -> Any:
    v = o.eigenvectors(x)
    return o.matmul(v, _one_over_gaps(o, o.eigenvalues(x)) * _turned(o, v, _symmetric(o, t)))


def _eigenvectors_transpose(o: Any, u: Any, x: Any) -> Any:
    v = o.eigenvectors(x)
    inner = _one_over_gaps(o, o.eigenvalues(x)) * o.matmul(swapped(o, v), u)
    return _symmetric(o, o.matmul(v, o.matmul(inner, swapped(o, v))))


def _eigenvalues_tangent(o: Any, t: Any, x: Any) -> Any:
    v = o.eigenvectors(x)
    return o.sum(v * o.matmul(_symmetric(o, t), v), axis=-2)


def _eigenvalues_transpose(o: Any, u: Any, x: Any) -> Any:
    v = o.eigenvectors(x)
    return o.matmul(v * o.expand_dims(u, -2), swapped(o, v))


_SYMMETRIC = [
    Sample(DEFINITE),
    Sample([[[2.0, 0.5], [0.5, 1.0]], [[-1.0, 1.0], [1.0, 3.0]]]),
    Sample([[-4.0]]),
    _NOT_SQUARE,
]
eigenvalues = _record(
    "eigenvalues",
    lambda o, x: _lapack(lambda a: o.linalg.eigh(_symmetric(o, a))[0], x),
    lambda batch, m, n: (*batch, n),
    _eigenvalues_tangent,
    _eigenvalues_transpose,
    "The eigenvalues of symmetric matrices, from small to large.",
    square=True,
    each=9,
    says="each eigenvalue gives its eigenvector's outer product",
    samples=_SYMMETRIC,
)
eigenvectors = _record(
    "eigenvectors",
    lambda o, x: _lapack(lambda a: _eigenvectors(o, a), x),
    lambda batch, m, n: (*batch, n, n),
    _eigenvectors_tangent,
    _eigenvectors_transpose,
    "Their eigenvectors in columns, the largest entry of each positive.",
    square=True,
    each=9,
    says="eigenvectors turn towards each other by the upstream over the gaps of their eigenvalues (0 for no gap)",
    samples=_SYMMETRIC,
)

# ---- singular values


def _svd(o: Any, x: Any, part: str, full: bool) -> Any:
    left, values, right = o.linalg.svd(x, full_matrices=full)
    if part == "values":
        return values
    k = values.shape[-1]
    signs = _upright(o, left[..., :k])
    mine = left if part == "left" else swapped(o, right)
    return o.concatenate([mine[..., :k] * signs, mine[..., k:]], axis=-1)


def _only_thin(what: str, mend: str) -> GraphError:
    return GraphError(
        f"a gradient through {what}", "those of the thin factorisation, which the matrix determines", mend
    )


def _thin(o: Any, x: Any, full: bool) -> tuple[Any, Any, Any]:
    if full and x.shape[-1] != x.shape[-2]:
        raise _only_thin("singular vectors that complete a basis", "call svd with full_matrices=False")
    return o.singular_vectors(x, left=True), o.singular_values(x), o.singular_vectors(x, left=False)


def _scaled(o: Any, s: Any) -> tuple[Any, Any]:
    """A factor for columns, and one over it (0 over 0)."""
    row = o.expand_dims(s, -2)
    return row, o.where(row == 0, o.zeros_like(row), 1 / o.where(row == 0, o.ones_like(row), row))


def _without(o: Any, v: Any, t: Any) -> Any:
    """t less its part in the span of v's columns."""
    return t - o.matmul(v, o.matmul(swapped(o, v), t))


def _vectors_tangent(o: Any, t: Any, x: Any, left: bool, full: bool) -> Any:
    u, s, v = _thin(o, x, full)
    if not left:
        u, v, t = v, u, swapped(o, t)
    row, inverse = _scaled(o, s)
    p = o.matmul(swapped(o, u), o.matmul(t, v))
    inner = _one_over_gaps(o, s * s) * (p * row + swapped(o, p * row))
    return o.matmul(u, inner) + _without(o, u, o.matmul(t, v)) * inverse


def _vectors_transpose(o: Any, upstream: Any, x: Any, left: bool, full: bool) -> Any:
    u, s, v = _thin(o, x, full)
    if not left:
        u, v = v, u
    row, inverse = _scaled(o, s)
    g = _one_over_gaps(o, s * s) * o.matmul(swapped(o, u), upstream)
    found = o.matmul(u, (g + swapped(o, g)) * row) + _without(o, u, upstream) * inverse
    found = o.matmul(found, swapped(o, v))
    return found if left else swapped(o, found)


def _values_tangent(o: Any, t: Any, x: Any) -> Any:
    u, _, v = _thin(o, x, False)
    return o.sum(u * o.matmul(t, v), axis=-2)


def _values_transpose(o: Any, upstream: Any, x: Any) -> Any:
    u, _, v = _thin(o, x, False)
    return o.matmul(u * o.expand_dims(upstream, -2), swapped(o, v))


_RECTANGLES = [Sample(REGULAR), Sample(Draw(4, 2)), Sample(Draw(2, 2, 3)), Sample(Draw(3), error=ShapeError)]
singular_values = _record(
    "singular_values",
    lambda o, x: _lapack(lambda a: _svd(o, a, "values", False), x),
    lambda batch, m, n: (*batch, min(m, n)),
    _values_tangent,
    _values_transpose,
    "The singular values, from large to small.",
    square=False,
    each=4,
    says="each singular value gives the outer product of its two vectors",
    samples=_RECTANGLES,
)
singular_vectors = _record(
    "singular_vectors",
    lambda o, x, left=True, full=False: _lapack(lambda a: _svd(o, a, "left" if left else "right", full), x),
    lambda batch, m, n, left, full: (*batch, m if left else n, (m if left else n) if full else min(m, n)),
    _vectors_tangent,
    _vectors_transpose,
    "The left or the right singular vectors in columns, the largest entry of each left one positive; with `full` "
    "they are completed to a basis, through which there is no gradient unless the matrix is square.",
    square=False,
    each=12,
    says="singular vectors turn towards each other by the upstream over the gaps of the squared singular values",
    samples=[
        *[Sample(*s.inputs, left=side) for side in (True, False) for s in _RECTANGLES[:3]],
        Sample(REGULAR, left=False, full=True),
        _RECTANGLES[3],
    ],
)

# ---- QR


def _triangle(o: Any, x: Any, complete: bool) -> tuple[Any, Any]:
    m, n = x.shape[-2:]
    if m < n or (complete and m > n):
        raise _only_thin(
            "a QR factorisation that is complete, or of a matrix with more columns than rows",
            "use mode='reduced' on a matrix with as many rows as columns or more",
        )
    return o.qr_left(x), o.qr_right(x)


def _by_inverse(o: Any, x: Any, r: Any) -> Any:
    """x r^-1."""
    return swapped(o, o.solve_record(swapped(o, r), swapped(o, x)))


def _skew(o: Any, x: Any) -> Any:
    lower = x * _mask(x, -1, 0.0)
    return lower - swapped(o, lower)


def _left_tangent(o: Any, t: Any, x: Any, complete: bool) -> Any:
    q, r = _triangle(o, x, complete)
    scaled = _by_inverse(o, t, r)
    return o.matmul(q, _skew(o, o.matmul(swapped(o, q), scaled))) + _without(o, q, scaled)


def _left_transpose(o: Any, u: Any, x: Any, complete: bool) -> Any:
    q, r = _triangle(o, x, complete)
    k = o.matmul(swapped(o, q), u)
    found = o.matmul(q, (k - swapped(o, k)) * _mask(k, -1, 0.0)) + _without(o, q, u)
    return _by_inverse(o, found, swapped(o, r))


def _right_tangent(o: Any, t: Any, x: Any, complete: bool) -> Any:
    q, r = _triangle(o, x, complete)
    b = o.matmul(swapped(o, q), _by_inverse(o, t, r))
    return o.matmul(b - _skew(o, b), r)


def _right_transpose(o: Any, u: Any, x: Any, complete: bool) -> Any:
    q, r = _triangle(o, x, complete)
    j = o.matmul(u, swapped(o, r))
    return _by_inverse(o, o.matmul(q, j - (j - swapped(o, j)) * _mask(j, -1, 0.0)), swapped(o, r))


def _qr(o: Any, complete: bool) -> Any:
    return lambda a: o.linalg.qr(a, "complete" if complete else "reduced")


_QR_SAMPLES = [
    Sample(REGULAR),
    Sample(Draw(4, 2)),
    Sample(Draw(2, 3, 2)),
    Sample(REGULAR, complete=True),
    _RECTANGLES[3],
]
qr_left = _record(
    "qr_left",
    lambda o, x, complete=False: _lapack(lambda a: _qr(o, complete)(a)[0], x),
    lambda batch, m, n, complete: (*batch, m, m if complete else min(m, n)),
    _left_tangent,
    _left_transpose,
    "The orthogonal part of the QR factorisation.",
    square=False,
    each=2,
    says="q turns by what of the upstream leaves its own directions, times r^-T",
    samples=_QR_SAMPLES,
)
qr_right = _record(
    "qr_right",
    lambda o, x, complete=False: _lapack(lambda a: _qr(o, complete)(a)[1], x),
    lambda batch, m, n, complete: (*batch, m if complete else min(m, n), n),
    _right_tangent,
    _right_transpose,
    "The triangular part of the QR factorisation.",
    square=False,
    each=2,
    says="r gives q times the upstream, its lower half mirrored, times r^-T",
    samples=_QR_SAMPLES,
)
