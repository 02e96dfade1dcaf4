"""Losses where probabilities are 0 or 1, scores infinite, vectors zero: against arbitrary precision and limits."""

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, metrics, ops
from chainrule.core.errors import ValueProblem
from chainrule.engines.engine import engine
from chainrule.graph import spec_of
from chainrule.transforms.trace import trace

INF = float("inf")
SCORES = [-1e4, -120.0, -40.0, -18.0, -3.0, 0.0, 0.5, 17.0, 40.0, 120.0, 1e4]


def value_and_slope(loss, output):
    output = ops.convert_to_tensor(output)
    return loss(output).numpy(), cr.grad(lambda o: ops.sum(loss(o)))(output).numpy()


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", [0.0, 1.0])
@pytest.mark.parametrize("gamma", [None, 0.5, 2.0])
def test_binary_losses_of_scores_keep_their_digits(dtype, target, gamma):
    """Even where the probability rounds to 0 or 1: neither value nor slope is lost."""
    mpmath.mp.dps = 200

    def exact(x):
        right = sigmoid(x if target else -x)
        return -mpmath.log(right) * (1 if gamma is None else sigmoid(-x if target else x) ** gamma)

    def loss(output):
        t = np.full((len(SCORES), 1), target, dtype)
        if gamma is None:
            return losses.binary_crossentropy(t, output, from_logits=True)
        return losses.binary_focal_crossentropy(t, output, gamma=gamma, from_logits=True)

    values, slopes = value_and_slope(loss, np.array(SCORES, dtype)[:, None])
    least = float(np.finfo(dtype).tiny)
    tolerance = {"rtol": 2e-5 if dtype == "float32" else 1e-12, "atol": 100 * least}
    if gamma is not None:
        tolerance["atol"] = np.sqrt(least)  # the root of a number that is too small is no small number
    np.testing.assert_allclose(values, [float(exact(mpmath.mpf(x))) for x in SCORES], **tolerance)
    expected = [float(mpmath.diff(exact, mpmath.mpf(x))) for x in SCORES]
    np.testing.assert_allclose(slopes[:, 0], expected, **tolerance)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_categorical_focal_of_scores_keeps_its_digits(gamma):
    mpmath.mp.dps = 200
    rows = [[0.0, 0.0, 0.0], [15.0, 0.0, -5.0], [-30.0, 0.0, 5.0], [100.0, 0.0, 0.0], [-100.0, 0.0, 0.0]]

    def exact(*x):
        p = mpmath.exp(x[0]) / sum(mpmath.exp(v) for v in x)
        return -0.25 * (1 - p) ** gamma * mpmath.log(p)

    target = np.tile([1.0, 0.0, 0.0], (len(rows), 1))
    loss = lambda o: losses.categorical_focal_crossentropy(target, o, gamma=gamma, from_logits=True)
    values, slopes = value_and_slope(loss, np.array(rows))
    np.testing.assert_allclose(values, [float(exact(*map(mpmath.mpf, row))) for row in rows], rtol=1e-8, atol=1e-30)
    expected = [float(mpmath.diff(exact, tuple(map(mpmath.mpf, row)), (1, 0, 0))) for row in rows]
    np.testing.assert_allclose(slopes[:, 0], expected, rtol=1e-7, atol=1e-30)
    np.testing.assert_allclose(slopes.sum(1), 0, atol=1e-12)


WITH_INFINITIES = {
    "categorical": lambda o: losses.categorical_crossentropy([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], o, from_logits=True),
    "sparse": lambda o: losses.sparse_categorical_crossentropy(np.array([1, 0]), o, from_logits=True),
    "focal": lambda o: losses.categorical_focal_crossentropy(
        [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], o, gamma=1.0, alpha=1.0, from_logits=True
    ),
}


@pytest.mark.parametrize("name", WITH_INFINITIES)
@pytest.mark.parametrize("compiled", [False, True])
def test_a_class_without_a_chance_does_not_count(name, compiled):
    """Scores of -inf, as a mask sets them: the loss of the other classes alone."""
    scores = np.array([[-INF, 0.0, 1.0], [2.0, -INF, -INF]])
    loss = WITH_INFINITIES[name]
    if compiled:
        step = trace(lambda o: (loss(o), cr.grad(lambda x: ops.sum(loss(x)))(o)), spec_of((2, 3), scores.dtype))
        values, slopes = engine("xla").program(step)([scores])
    else:
        values, slopes = value_and_slope(loss, scores)
    p = 1 / (1 + np.e)  # of the second class in the first row
    nats, slope = -np.log(p), p - 1
    if name == "focal":
        nats, slope = (1 - p) * nats, (1 - p) * (-p * nats + p - 1)
    np.testing.assert_allclose(values, [nats, 0.0], rtol=1e-6)
    np.testing.assert_allclose(slopes, [[0, slope, -slope], [0, 0, 0]], rtol=1e-6, atol=1e-12)


def test_a_certain_and_right_score_costs_nothing():
    target, output = np.array([[0.0], [1.0]]), np.array([[-INF], [INF]])
    for name in ("binary_crossentropy", "binary_focal_crossentropy"):
        loss = getattr(losses, name)
        values, slopes = value_and_slope(lambda o, loss=loss: loss(target, o, from_logits=True), output)
        assert values.tolist() == [0, 0]
        assert slopes.tolist() == [[0], [0]]
    values, slopes = value_and_slope(lambda o: losses.binary_crossentropy(1 - target, o, from_logits=True), output)
    assert values.tolist() == [INF, INF]
    assert slopes.tolist() == [[-1], [1]]
    slope = cr.grad(lambda t: ops.sum(losses.binary_crossentropy(t, [[2.0], [-3.0]], from_logits=True)))(target)
    assert slope.numpy().tolist() == [[-2], [3]]  # of the targets


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_losses_of_certain_probabilities_have_slopes(gamma):
    binary = lambda o: losses.binary_focal_crossentropy([[1.0], [0.0]], o, gamma=gamma)
    values, slopes = value_and_slope(binary, np.array([[1.0], [0.0]], "float32"))
    np.testing.assert_allclose(values, 0, atol=2e-7)
    assert np.isfinite(slopes).all()
    rows = lambda o: losses.categorical_focal_crossentropy([[1.0, 0.0]], o, gamma=gamma)
    values, slopes = value_and_slope(rows, np.array([[1.0, 0.0]], "float32"))
    np.testing.assert_allclose(values, 0, atol=2e-7)
    assert np.isfinite(slopes).all()


def test_a_generalized_crossentropy_of_a_class_without_a_chance():
    loss = lambda o: losses.categorical_generalized_cross_entropy(np.array([0]), ops.softmax(o), q=0.5)
    values, slopes = value_and_slope(loss, np.array([[-INF, 0.0]]))
    assert values.tolist() == [2]
    assert slopes.tolist() == [[0, 0]]


@pytest.mark.parametrize("name", ["categorical_crossentropy", "categorical_focal_crossentropy"])
def test_a_row_of_zeros_is_no_nan(name):
    loss = lambda o: getattr(losses, name)([[0.0, 0.0]], o)
    values, slopes = value_and_slope(loss, np.zeros((1, 2)))
    assert values.tolist() == [0]
    assert slopes.tolist() == [[0, 0]]


COSINES = [
    ([[0.0, 0.0]], [[1.0, 2.0]], 0.0),
    ([[1.0, 2.0]], [[0.0, 0.0]], 0.0),
    ([[0.0, 0.0]], [[0.0, 0.0]], 0.0),
    ([[3e-30, 4e-30]], [[4e-30, 3e-30]], 0.96),
    ([[3e30, 4e30]], [[4e-30, -3e-30]], 0.0),
    ([[1e-20, 0.0]], [[-1e25, 0.0]], -1.0),
]


@pytest.mark.parametrize(("a", "b", "expected"), COSINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cosines_of_very_short_long_and_zero_vectors(a, b, expected, dtype):
    a, b = np.array(a, dtype), np.array(b, dtype)
    values, slopes = value_and_slope(lambda o: losses.cosine_similarity(a, o), b)
    np.testing.assert_allclose(values, [-expected], atol=1e-6)
    assert not np.isnan(slopes).any()
    if not (a.any() and b.any()):
        assert not slopes.any()
    assert float(metrics.CosineSimilarity(dtype=dtype)(a, b)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_no_cosine_is_beyond_1(dtype):
    v = np.random.default_rng(0).normal(size=(3000, 3)).astype(dtype)
    for sign in (1, -1):
        cosines = sign * -losses.cosine_similarity(v, sign * v).numpy()
        assert cosines.max() <= 1
        np.testing.assert_allclose(cosines, 1, atol=5e-3 if dtype == "float16" else 1e-6)
    w = v + np.array(1e-3, dtype) * v[::-1]  # nearly parallel: the slope is not lost where a cosine is rounded down
    if dtype == "float32":
        slopes = value_and_slope(lambda o: losses.cosine_similarity(v, o), w)[1]
        wide, other = v.astype("float64"), w.astype("float64")
        lengths = np.linalg.norm(wide, axis=1, keepdims=True), np.linalg.norm(other, axis=1, keepdims=True)
        cosine = (wide * other).sum(1, keepdims=True) / lengths[0] / lengths[1]
        exact = -(wide / lengths[0] - cosine * other / lengths[1]) / lengths[1]
        np.testing.assert_allclose(slopes, exact, atol=2e-6 / lengths[1].min())


def test_correlations_of_constant_and_tiny_rows():
    rows = np.array([[0.1, 0.1, 0.1], [1e-30, 2e-30, 4e-30], [1e25, 2e25, 4e25]], "float32")
    other = np.array([[1.0, 2.0, 4.0]] * 3, "float32")
    np.testing.assert_allclose(metrics.pearson_correlation(rows, other).numpy(), [0, 1, 1], atol=1e-6)
    assert not np.isnan(value_and_slope(lambda o: metrics.pearson_correlation(other, o), rows)[1]).any()


def test_log_cosh_of_infinite_errors():
    values, slopes = value_and_slope(lambda o: losses.log_cosh([[0.0]] * 3, o), np.array([[-INF], [INF], [0.0]]))
    assert values.tolist() == [INF, INF, 0]
    assert slopes.tolist() == [[-1], [1], [0]]


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("ignore_class", [None, 2])
def test_labels_are_smoothed_as_one_hot_rows(from_logits, axis, ignore_class):
    rng = np.random.default_rng(5)
    labels, output = rng.integers(0, 3, (4, 5)), rng.uniform(0.1, 1, (4, 5, 3))
    one_hot = np.eye(3)[labels]
    if axis == 1:
        output, one_hot = np.moveaxis(output, -1, 1), np.moveaxis(one_hot, -1, 1)
    options = {"from_logits": from_logits, "axis": axis, "label_smoothing": 0.2}
    expected = np.asarray(losses.categorical_crossentropy(one_hot * 0.8 + 0.2 / 3, output, from_logits, axis=axis))
    counted = labels != ignore_class
    got = losses.sparse_categorical_crossentropy(labels, output, ignore_class=ignore_class, **options).numpy()
    np.testing.assert_allclose(got, expected * counted, rtol=1e-6)
    arguments = {"ignore_class": ignore_class, **options}
    loss = losses.SparseCategoricalCrossentropy(**arguments)
    assert float(loss(labels, output)) == pytest.approx((expected * counted).sum() / counted.sum(), rel=1e-5)
    assert losses.deserialize(losses.serialize(loss)).get_config() == loss.get_config()
    metric = metrics.SparseCategoricalCrossentropy(**arguments)
    assert float(metric(labels, output)) == pytest.approx((expected * counted).sum() / counted.sum(), rel=1e-5)
    with pytest.raises(ValueProblem, match="label_smoothing=2"):
        losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]], label_smoothing=2)


def test_ctc_refuses_a_blank_inside_a_label_sequence():
    scores = np.random.default_rng(3).normal(size=(2, 6, 4))
    padded = np.array([[1, 2, 0, 0], [3, 3, 1, 0]])
    short = losses.ctc(padded, scores).numpy()
    np.testing.assert_allclose(losses.ctc(np.pad(padded, ((0, 0), (0, 3))), scores).numpy(), short, rtol=1e-6)
    with pytest.raises(ValueProblem, match=r"\[3, 0, 1, 0\] in row 1, with the blank 0 before another label"):
        losses.ctc([[1, 2, 0, 0], [3, 0, 1, 0]], scores)
    never = scores.copy()
    never[:, :, 2] = -INF  # the second class has no chance: only the row without it has a finite loss
    values, slopes = value_and_slope(lambda o: losses.ctc([[1, 0], [2, 0]], o), never)
    kept = scores[:1, :, [0, 1, 3]]
    assert values[0] == pytest.approx(losses.ctc([[1, 0]], kept).numpy()[0], rel=1e-6)
    assert values[1] > 1e4
    assert np.isfinite(slopes[0]).all()
