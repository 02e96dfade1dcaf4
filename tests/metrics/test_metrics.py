"""Metrics: what is the same for all, and where we differ from Keras."""

from itertools import product

import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, metrics, ops
from chainrule.core.errors import ShapeError, ValueProblem
from chainrule.graph import spec_of
from chainrule.layers.call_context import set_mask
from chainrule.serialization.names import custom_object_scope
from chainrule.serialization.serialize import deserialize, serialize
from targets import binary, labels, numbers

pytestmark = pytest.mark.usefixtures("double")


# ---- what is the same for all


def test_reset_restores_the_first_values():
    class Least(metrics.Metric):
        def __init__(self, name=None):
            super().__init__(name=name)
            self.least = self.add_variable((), lambda shape, dtype: np.full(shape, np.inf), name="least")
            self.inner = [metrics.Mean(), {"sum": metrics.Sum()}]

        def update_state(self, values):
            self.least.assign(ops.minimum(self.least, ops.min(values)))
            self.inner[0].update_state(values)

        def result(self):
            return self.least

    metric = Least()
    assert len(metric.variables) == 4
    metric.update_state([3.0, 2.0])
    assert metric.result().numpy() == 2
    metric.reset_state()
    assert metric.result().numpy() == np.inf
    assert metric.inner[0].count.numpy() == 0
    assert metric.name == "least"
    assert Least().name == "least_1"


def test_words():
    for word, cls in [
        ("mse", "MeanSquaredError"),
        ("MAE", "MeanAbsoluteError"),
        ("rss", "ResidualSumOfSquares"),
        ("accuracy", "Accuracy"),
        ("auc", "AUC"),
        ("AUC", "AUC"),
        ("f1_score", "F1Score"),
        ("binary_accuracy", "BinaryAccuracy"),
    ]:
        assert type(metrics.as_metric(word)).__name__ == cls
    assert metrics.get(None) is None
    with pytest.raises(ValueProblem, match="did you mean 'precision'"):
        metrics.get("precison")
    wrapped = metrics.as_metric("huber")
    assert (type(wrapped), wrapped.name) == (metrics.MeanMetricWrapper, "huber")
    assert metrics.as_metric(losses.MeanSquaredError()).name == "mean_squared_error"
    assert metrics.deserialize(metrics.serialize(wrapped)).fn is losses.huber
    assert deserialize(serialize(metrics.binary_accuracy)) is metrics.binary_accuracy


def test_a_function_of_ones_own():
    def gap(y_true, y_pred, power=1):
        return ops.mean(ops.absolute(y_true - y_pred) ** power, axis=-1)

    metric = metrics.MeanMetricWrapper(gap, power=2)
    metric.update_state(np.zeros((2, 2)), 2 * np.ones((2, 2)))
    assert (metric.name, metric.result().numpy()) == ("gap", 4)
    with custom_object_scope({"gap": gap}):
        assert metrics.deserialize(metrics.serialize(metric)).arguments == {"power": 2}


@pytest.mark.parametrize(
    ("target", "output", "kind"),
    [
        ((4, 1), (4, 1), "Binary"),
        ((4,), (4, 1), "Binary"),
        ((4,), (4,), "Binary"),
        ((4,), (4, 3), "SparseCategorical"),
        ((4, 1), (4, 3), "SparseCategorical"),
        ((4, 3), (4, 3), "Categorical"),
        ((4, 5), (4, 5, 3), "SparseCategorical"),
    ],
)
def test_words_that_shapes_explain(target, output, kind):
    for word, suffix in [
        ("accuracy", "Accuracy"),
        ("acc", "Accuracy"),
        ("crossentropy", "Crossentropy"),
        ("ce", "Crossentropy"),
    ]:
        result = metrics.resolve(word, spec_of(target, np.dtype("float32")), spec_of(output, np.dtype("float32")))
        assert (type(result).__name__, result.name) == (kind + suffix, word)
    assert metrics.resolve("mse", np.zeros(target), np.zeros(output)).name == "mse"
    own = metrics.AUC(name="area")
    assert metrics.resolve(own, np.zeros(target), np.zeros(output)) is own


def test_a_mask_of_the_output_counts_as_weights():
    rng = np.random.default_rng(5)
    saved = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]], bool)
    for name, arguments, make in [
        ("MeanSquaredError", {}, numbers),
        ("RootMeanSquaredError", {}, numbers),
        ("ResidualSumOfSquares", {}, numbers),
        ("BinaryAccuracy", {}, binary),
        ("SparseCategoricalAccuracy", {}, labels),
        ("AUC", {"from_logits": True}, binary),
        ("Recall", {}, binary),
        ("BinaryIoU", {}, binary),
    ]:
        target, output = make(rng, (3, 4, 2))
        passed = cr.tensor(output)
        set_mask(passed, cr.tensor(saved))
        masked, picked = (getattr(metrics, name)(dtype="float64", **arguments) for _ in range(2))
        masked.update_state(target, passed)
        picked.update_state(target[saved], output[saved])
        np.testing.assert_allclose(masked.result().numpy(), picked.result().numpy(), rtol=1e-12, err_msg=name)


# ---- where we differ from Keras, each on purpose


def test_one_target_for_several_outputs_is_an_error():
    """But for the means that are losses, too: Keras broadcasts (N, 1) targets, and takes labels for one-hot targets."""
    for metric in (metrics.PearsonCorrelation(), metrics.R2Score(), metrics.Precision(), metrics.BinaryAccuracy()):
        with pytest.raises(ShapeError, match="Dense"):
            metric(np.zeros((4, 1)), np.zeros((4, 3)))
    for target in (np.zeros(4), np.zeros((4, 1))):
        with pytest.raises(ShapeError, match="equal shapes"):
            metrics.CategoricalAccuracy()(target, np.zeros((4, 3)))
    with pytest.raises(ShapeError, match="without sparse_"):
        metrics.SparseCategoricalAccuracy()(np.zeros((4, 3)), np.zeros((4, 3)))
    with pytest.raises(ShapeError, match="one weight"):
        metrics.MeanSquaredError()(np.zeros((4, 1)), np.zeros((4, 1)), sample_weight=[1.0, 2.0])


def test_targets_without_an_axis_are_aligned():
    for name in ("MeanSquaredError", "R2Score", "BinaryAccuracy", "AUC"):
        rng = np.random.default_rng(6)
        target, output = binary(rng, (7,))
        result = [
            getattr(metrics, name)()(t, o).numpy()
            for t, o in product((target, target[:, None]), (output, output[:, None]))
        ]
        np.testing.assert_allclose(result, result[0])


def test_a_scalar_weight_counts_every_example():
    """Keras counts a whole batch as one example then."""
    metric = metrics.Mean()
    metric.update_state([1.0, 1.0, 1.0], 2.0)
    metric.update_state([5.0], 2.0)
    assert metric.result().numpy() == 2


def test_an_ignored_class_leaves_the_mean():
    """Keras counts ignored labels as losses of 0, unless there are sample weights."""
    for weights in (None, [1.0, 1.0, 1.0]):
        metric = metrics.SparseCategoricalCrossentropy(ignore_class=-1)
        metric.update_state(np.array([0, -1, 1]), np.full((3, 2), 0.5), weights)
        np.testing.assert_allclose(metric.result().numpy(), np.log(2))


def test_fractions_of_weights_count_in_iou():
    """Keras's default state is of integers, to which it cuts weights."""
    metric = metrics.IoU(2, [1])
    metric.update_state(np.array([1, 1, 0]), np.array([1, 0, 0]), [0.5, 0.25, 1.0])
    np.testing.assert_allclose(metric.result().numpy(), 0.5 / 0.75)
    metric.reset_state()
    metric.update_state(np.ones((2, 3), int), np.array([[1, 1, 0], [0, 0, 0]]), [1.0, 0.5])  # one weight an image
    np.testing.assert_allclose(metric.result().numpy(), 2 / 4.5)


def test_perfect_scores_are_1():
    """Keras adds 1e-7 to the denominators of F-scores, IoU and the concordance correlation."""
    hot = np.eye(3)
    assert metrics.F1Score(average="macro")(hot, hot).numpy() == 1
    assert metrics.OneHotMeanIoU(3)(hot, hot).numpy() == 1
    assert metrics.ConcordanceCorrelation()([[1.0, 2.0]], [[1.0, 2.0]]).numpy() == 1


def test_an_f_score_of_one_column_needs_a_threshold():
    """Keras takes the one output of a row for its largest, so that every example says yes."""
    with pytest.raises(ValueProblem, match=r"F1Score\(threshold=0.5\)"):
        metrics.F1Score()(np.ones((3, 1)), np.ones((3, 1)))


def test_constant_targets_have_a_score():
    """Keras answers nan where scikit-learn says 1 for what is right and 0 for what is not."""
    constant = np.full((4, 1), 2.0)
    assert metrics.R2Score()(constant, constant).numpy() == 1
    assert metrics.R2Score()(constant, constant + 1).numpy() == 0


def test_large_targets_keep_their_digits():
    """Keras subtracts sums of squares, which costs digits: of years in float32 the fourth is wrong."""
    years = np.arange(1990, 2020, dtype="float32")
    expected = 1 - 30 * 4.0 / np.sum((np.arange(30) - 14.5) ** 2)
    metric = metrics.R2Score(dtype="float32")
    for part in np.split(years, [7, 8]):
        metric.update_state(part, part + 2)
    np.testing.assert_allclose(metric.result().numpy(), expected, rtol=1e-5)


ADJUSTED = [  # the values that Keras's own tests expect
    (None, 0, [0.17305559, -8.836666, -0.521]),
    (None, 1, [0.054920673, -10.241904, -0.7382858]),
    (None, 2, [-0.10259259, -12.115555, -1.0280001]),
    ("uniform_average", 1, -3.641756534576416),
    ("variance_weighted_average", 2, -2.161363363265991),
]


@pytest.mark.parametrize(("average", "regressors", "expected"), ADJUSTED)
def test_the_adjusted_score(average, regressors, expected):
    target = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    output = np.array([[0.4, 0.9, 1.6], [0.1, 1.2, 0.6], [1.5, 0.8, 0.6]])
    weights = np.array([0.8, 0.1, 0.4])
    metric = metrics.R2Score(average, regressors)
    for rows in (slice(0, 1), slice(1, 3)):
        metric.update_state(target[rows], output[rows], weights[rows])
    metric.update_state(target, output + 9, np.zeros(3))  # which does not count
    np.testing.assert_allclose(metric.result().numpy(), expected, rtol=1e-5)


def test_with_too_few_targets_the_score_is_not_adjusted():
    target, output = numbers(np.random.default_rng(8), (9, 1))
    plain = metrics.R2Score()(target, output).numpy()
    np.testing.assert_allclose(metrics.R2Score(num_regressors=3)(target, output).numpy(), 1 - (1 - plain) * 8 / 5)
    np.testing.assert_allclose(metrics.R2Score(num_regressors=8)(target, output).numpy(), plain)


def test_constant_rows_have_correlation_0():
    """Keras divides 0 by 0."""
    assert metrics.PearsonCorrelation()([[1.0, 1.0, 1.0]], [[1.0, 2.0, 3.0]]).numpy() == 0


def test_not_a_number_is_above_no_threshold():
    metric = metrics.AUC(num_thresholds=3)
    metric.update_state([1.0, 0.0], [np.nan, 0.25])
    assert metric.state["false_negatives"].numpy().tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "make",
    [
        lambda: metrics.AUC(curve="roc curve"),
        lambda: metrics.AUC(summation_method="trapezoid"),
        lambda: metrics.AUC(num_thresholds=1),
        lambda: metrics.AUC(num_labels=2),
        lambda: metrics.Precision(thresholds=[0.5, 1.5]),
        lambda: metrics.Precision(thresholds=[]),
        lambda: metrics.PrecisionAtRecall(1.1),
        lambda: metrics.PrecisionAtRecall(0.5, num_thresholds=0),
        lambda: metrics.FBetaScore(beta=0.0),
        lambda: metrics.FBetaScore(average="mean"),
        lambda: metrics.F1Score(threshold=0.0),
        lambda: metrics.R2Score("mean"),
        lambda: metrics.R2Score(num_regressors=-1),
        lambda: metrics.IoU(2, [2]),
        lambda: metrics.IoU(2, []),
        lambda: metrics.BinaryAccuracy(threshold=2.0),
        lambda: metrics.TopKCategoricalAccuracy(k=0),
        lambda: metrics.TopKCategoricalAccuracy(k=np.array(2.7)),
        lambda: metrics.AUC(num_thresholds=2.5),
        lambda: metrics.resolve(None, np.zeros(1), np.zeros(1)),
        lambda: metrics.Recall(class_id=3)(np.zeros((2, 3)), np.zeros((2, 3))),
        lambda: metrics.Recall(class_id=0)(np.zeros(2), np.zeros(2)),
        lambda: metrics.R2Score()(np.zeros((2, 3, 1)), np.zeros((2, 3, 1))),
        lambda: metrics.F1Score()(np.zeros((2, 3, 2)), np.zeros((2, 3, 2))),
        lambda: metrics.AUC(multi_label=True)(np.zeros(3), np.zeros(3)),
        lambda: metrics.Recall(top_k=4)(np.zeros((2, 3)), np.zeros((2, 3))),
    ],
)
def test_refused(make):
    with pytest.raises((ValueProblem, ShapeError)):
        make()
