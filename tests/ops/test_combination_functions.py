"""Normalisation, cross entropies and small combinations."""

import math

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose

from chainrule import ops
from chainrule.core.errors import DTypeError, IndexProblem, ShapeError
from functions_cases import ODD, A, B, FunctionCases, X, check_error, positive, slope, whole

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case, steps = CASES.add, CASES.add_steps

steps("nan_to_num", ODD)
steps("nan_to_num", ODD, nan=2.0, posinf=3.0, neginf=-4.0)
steps("nan_to_num", whole(3))
case("rad2deg", A(3))
case("deg2rad", A(3))
case("threshold", A(3, 4), 0.1, -2.0, oracle=lambda x, t, other: np.where(x > t, x, other))
for divisor in (np.array([2, 0, -1]), np.array([2.0, 4.0, -1.0])):
    case("divide_no_nan", A(2, 3), divisor, oracle=lambda a, b: a * np.array([1 / n if n else 0 for n in b]))
steps("divide_no_nan", A(2, 3), np.array([2.0, 0.0, -1.0]), oracle=lambda a, b: a * np.array([0.5, 0, -1]))


def layer_normalization(x, gamma=1.0, beta=0.0, axis=-1, epsilon=1e-7):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + epsilon) * gamma + beta


def rms_normalization(x, scale=1.0, axis=-1, epsilon=1e-7):
    return x / np.sqrt((x**2).mean(axis, keepdims=True) + epsilon) * scale


def sparse(oracle):
    def loss(target, output, from_logits=False, axis=-1):
        target = target.reshape(np.delete(output.shape, axis))
        return oracle(np.moveaxis(np.eye(output.shape[axis])[target], -1, axis), output, from_logits, axis)

    return loss


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    if from_logits:
        return -(target * scipy.special.log_softmax(output, axis)).sum(axis)
    return -scipy.special.xlogy(target, np.clip(output / output.sum(axis, keepdims=True), 1e-7, 1 - 1e-7)).sum(axis)


def binary_crossentropy(target, output, from_logits=False):
    if from_logits:
        return -target * scipy.special.log_expit(output) - (1 - target) * scipy.special.log_expit(-output)
    p = np.clip(output, 1e-7, 1 - 1e-7)
    return -scipy.special.xlogy(target, p) - scipy.special.xlog1py(1 - target, -p)


def batch_normalization(x, mean, variance, axis, offset=0.0, scale=1.0, epsilon=1e-3):
    shape = [1] * x.ndim
    shape[axis] = -1
    mean, variance, offset, scale = (np.reshape(v, shape) if np.ndim(v) else v for v in (mean, variance, offset, scale))
    return scale * (x - mean) / np.sqrt(variance + epsilon) + offset


case("batch_normalization", A(3, 4), B(4), positive(4), axis=-1, oracle=batch_normalization)
case(
    "batch_normalization",
    A(2, 3, 4),
    B(3),
    positive(3),
    offset=np.arange(3.0),
    scale=np.arange(1.0, 4.0),
    axis=1,
    epsilon=0.5,
    oracle=batch_normalization,
)
case("layer_normalization", A(3, 4), oracle=layer_normalization)
case("layer_normalization", A(3, 4), positive(4), B(4), epsilon=0.1, oracle=layer_normalization)
case("layer_normalization", A(2, 3, 4), positive(3, 4), B(3, 4), axis=(1, -1), oracle=layer_normalization)
case(
    "layer_normalization",
    A(2, 3, 4),
    axis=1,
    gamma=np.ones(3) * 2,
    oracle=lambda x, axis, gamma: layer_normalization(x, 2, axis=1),
)
case("layer_normalization", A(2, 3), 2.0, -1.0, oracle=layer_normalization)
case("rms_normalization", A(3, 4), oracle=rms_normalization)
case("rms_normalization", A(3, 4), positive(4), epsilon=0.1, oracle=rms_normalization)
case("rms_normalization", A(2, 3, 4), positive(3, 4), axis=(1, 2), oracle=rms_normalization)
normalize = lambda x, axis=-1, order=2, epsilon=1e-7: x / np.maximum(np.linalg.norm(x, order, axis, True), epsilon)
case("normalize", A(3, 4), oracle=normalize)
case("normalize", A(3, 4), axis=0, order=1, oracle=normalize)
case("normalize", A(3, 4), order=3, oracle=normalize)
case("normalize", A(3, 4), order=np.inf, oracle=normalize)
case("normalize", A(3, 4), epsilon=100.0, oracle=normalize)
SHARES = positive(3, 4)
DISTRIBUTION = scipy.special.softmax(B(3, 4), -1)
case("binary_crossentropy", whole(3, 4, below=2) * 1.0, DISTRIBUTION, oracle=binary_crossentropy)
case("binary_crossentropy", DISTRIBUTION, 300 * A(3, 4), True, oracle=binary_crossentropy)
steps("binary_crossentropy", np.array([0.0, 1, 1, 0]), np.array([0.0, 1, 0, 1]), oracle=binary_crossentropy)
case("categorical_crossentropy", DISTRIBUTION, SHARES, oracle=categorical_crossentropy)
case("categorical_crossentropy", DISTRIBUTION, 300 * A(3, 4), True, 0, oracle=categorical_crossentropy)
steps("categorical_crossentropy", np.eye(3), np.eye(3)[[0, 2, 1]], oracle=categorical_crossentropy)
for target in (whole(3, below=4), whole(3, below=4)[:, None]):
    case("sparse_categorical_crossentropy", target, SHARES, oracle=sparse(categorical_crossentropy))
case("sparse_categorical_crossentropy", whole(2, 4), 5 * A(2, 3, 4), True, 1, oracle=sparse(categorical_crossentropy))
case("corrcoef", A(3, 5))
case("corrcoef", A(4), smooth=False)
steps(
    "corrcoef",
    np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 4.0], [-1.0, -2.0, -4.0]]),
    oracle=lambda _: np.array([[0.0, 0.0, 0.0], [0.0, 1.0, -1.0], [0.0, -1.0, 1.0]]),
)
case("cdist", A(3, 2), B(4, 2), oracle=lambda x, y: np.array([[math.dist(p, q) for q in y] for p in x]))
case("cdist", A(2, 3, 2), B(5, 2), oracle=lambda x, y: np.array([[[math.dist(p, q) for q in y] for p in r] for r in x]))
SCORES = np.array([[0.1, 0.4, 0.6, 0.9, 0.5], [0.1, 0.7, 0.9, 0.8, 0.8], [0.1, 0.6, 0.9, 0.9, 0.5]])
steps("in_top_k", np.array([2, 1, 3], "int32"), SCORES, 2, oracle=lambda *_: np.array([True, False, True]))
steps(
    "in_top_k", np.array([0, 1], "int32"), np.array([[np.nan, 0.0], [3.0, 2.0]]), 1, oracle=lambda *_: np.zeros(2, bool)
)
case("psnr", A(3, 4), B(3, 4), 2.0, oracle=lambda a, b, top: 10 * np.log10(top**2 / ((a - b) ** 2).mean()))


@pytest.mark.parametrize("key", CASES)
def test_value(key):
    CASES[key].check_value()


@pytest.mark.parametrize("key", CASES.of_arrays())
def test_symbolic(key):
    CASES[key].check_symbolic()


@pytest.mark.parametrize("key", CASES.smooth())
def test_gradient(key):
    CASES[key].check_gradient()


def test_gradient_of_a_correlation_with_a_constant():
    """0 for the constant row; for the others what it is without that row."""
    rows = A(2, 5)
    f = lambda x: ops.sum(ops.corrcoef(x) * np.array([[3.0, 1.0], [1.0, 2.0]]))
    all_rows = lambda x: ops.sum(ops.corrcoef(x)[1:, 1:] * np.array([[3.0, 1.0], [1.0, 2.0]])) + ops.corrcoef(x)[0, 1]
    got = slope(all_rows, np.vstack([np.full(5, 2.0), rows])).numpy()
    assert_allclose(got, np.vstack([np.zeros(5), slope(f, rows).numpy()]), 0, 1e-12)


# ---- errors

ERRORS = {
    "layer_normalization: scale": (lambda: ops.layer_normalization(X, A(3)), ShapeError),
    "rms_normalization: no such axis": (lambda: ops.rms_normalization(X, axis=2), ShapeError),
    "normalize: no such axis": (lambda: ops.normalize(X, axis=2), ShapeError),
    "binary_crossentropy: unequal": (lambda: ops.binary_crossentropy(A(3), A(3, 1)), ShapeError),
    "categorical_crossentropy: unequal": (lambda: ops.categorical_crossentropy(A(3), X), ShapeError),
    "sparse_categorical_crossentropy: floats": (lambda: ops.sparse_categorical_crossentropy(A(3), X), DTypeError),
    "sparse_categorical_crossentropy: shape": (lambda: ops.sparse_categorical_crossentropy([0, 1], X), ShapeError),
    "sparse_categorical_crossentropy: label": (lambda: ops.sparse_categorical_crossentropy([0, 4, 1], X), IndexProblem),
    "corrcoef: three axes": (lambda: ops.corrcoef(A(2, 3, 4)), ShapeError),
    "cdist: sizes": (lambda: ops.cdist(X, A(2, 3)), ShapeError),
    "in_top_k: rank": (lambda: ops.in_top_k(1, X, 2), ShapeError),
    "psnr: unequal": (lambda: ops.psnr(X, A(4), 1.0), ShapeError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
