"""Regularizers and constraints of weights, against NumPy and Keras."""

import math

import numpy as np
import pytest

from chainrule import constraints, regularizers
from chainrule.core.errors import ShapeError, ValueProblem

W = np.random.default_rng(0).normal(size=(5, 3))


def test_penalties():
    assert float(regularizers.L1(0.25)(W)) == pytest.approx(0.25 * np.abs(W).sum())
    assert float(regularizers.L2(0.25)(W)) == pytest.approx(0.25 * (W**2).sum())
    both = regularizers.L1L2(0.5, 0.25)(W)
    assert (float(both), both.dtype) == (pytest.approx(0.5 * np.abs(W).sum() + 0.25 * (W**2).sum()), "float64")
    assert float(regularizers.L1L2()(W)) == 0.0
    for mode, rows in (("rows", W), ("columns", W.T)):
        pairs = [(i, j) for i in range(len(rows)) for j in range(i)]
        cosines = [abs(rows[i] @ rows[j]) / np.linalg.norm(rows[i]) / np.linalg.norm(rows[j]) for i, j in pairs]
        assert float(regularizers.OrthogonalRegularizer(0.5, mode)(W)) == pytest.approx(0.5 * np.mean(cosines))
    assert float(regularizers.OrthogonalRegularizer(0.5)(W[:1])) == 0.0  # one row is orthogonal to all others
    for wrong in (-1.0, math.inf, math.nan, "a", True):
        with pytest.raises(ValueProblem):
            regularizers.L2(wrong)
    with pytest.raises(ShapeError):
        regularizers.OrthogonalRegularizer()(W[0])
    with pytest.raises(ValueProblem):
        regularizers.OrthogonalRegularizer(mode="row")


def test_constraints():
    for axis in (0, 1, (0, 1)):
        norm = np.sqrt((W**2).sum(axis, keepdims=True))
        near = {"rtol": 1e-6}
        np.testing.assert_allclose(constraints.UnitNorm(axis)(W).numpy(), W / norm, **near)
        np.testing.assert_allclose(constraints.MaxNorm(1.5, axis)(W).numpy(), W * np.minimum(1, 1.5 / norm), **near)
        want = W * (0.25 * np.clip(norm, 1.0, 1.5) + 0.75 * norm) / norm
        np.testing.assert_allclose(constraints.MinMaxNorm(1.0, 1.5, 0.25, axis)(W).numpy(), want, **near)
    assert constraints.NonNeg()([-1.0, -0.0, 2.0]).numpy().tolist() == [0.0, 0.0, 2.0]
    for c in (constraints.UnitNorm(), constraints.MaxNorm(), constraints.MinMaxNorm(1.0, 2.0)):
        assert c(np.zeros((2, 2))).numpy().tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.heavy
def test_penalties_and_constraints_like_keras(keras):
    w = W.astype("float32")
    for name, arguments in (
        ("L1", (0.3,)), ("L2", (0.3,)), ("L1L2", (0.1, 0.2)), ("OrthogonalRegularizer", (0.5,)),
        ("OrthogonalRegularizer", (0.5, "columns")),
    ):  # fmt: skip
        mine, theirs = getattr(regularizers, name)(*arguments), getattr(keras.regularizers, name)(*arguments)
        np.testing.assert_allclose(mine(w).numpy(), np.asarray(theirs(keras.ops.convert_to_tensor(w))), rtol=1e-5)
        assert mine.get_config() == pytest.approx(theirs.get_config())
    for name, arguments in (
        ("MaxNorm", (1.0,)), ("MaxNorm", (1.0, 1)), ("MinMaxNorm", (1.0, 1.5, 0.5)), ("NonNeg", ()), ("UnitNorm", (1,)),
    ):  # fmt: skip
        mine, theirs = getattr(constraints, name)(*arguments), getattr(keras.constraints, name)(*arguments)
        np.testing.assert_allclose(mine(w).numpy(), np.asarray(theirs(keras.ops.convert_to_tensor(w))), rtol=1e-5)
        assert mine.get_config() == theirs.get_config()
