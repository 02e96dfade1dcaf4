"""Counts beyond what 32 bits hold, and areas that are not defined."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import metrics
from chainrule.engines.engine import engine
from chainrule.graph import spec_of
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.transforms.trace import trace

LARGE = 2.0**24  # in float32, LARGE + 1 is LARGE
CELL = [np.ones(1, "float32"), np.ones(1, "float32")]
PAIR = [np.eye(2, dtype="float32"), np.eye(2, dtype="float32")]
COUNTING = {
    "Mean": (lambda: metrics.Mean(), [np.ones(3, "float32")], 3),
    "Sum": (lambda: metrics.Sum(), [np.ones(3, "float32")], 3),
    "BinaryAccuracy": (lambda: metrics.BinaryAccuracy(), CELL, 1),
    "MeanSquaredError": (lambda: metrics.MeanSquaredError(), [np.ones(1, "float32"), np.zeros(1, "float32")], 1),
    "TruePositives": (lambda: metrics.TruePositives(), CELL, 1),
    "Precision": (lambda: metrics.Precision(), CELL, 1),
    "AUC": (lambda: metrics.AUC(num_thresholds=3), CELL, 1),
    "F1Score": (lambda: metrics.F1Score(threshold=0.5), PAIR, 1),
    "MeanIoU": (lambda: metrics.MeanIoU(2), [np.arange(2), np.arange(2)], 1),
    "R2Score": (lambda: metrics.R2Score(), [np.ones((1, 1), "float32"), np.zeros((1, 1), "float32")], 1),
}


@pytest.mark.parametrize("name", COUNTING)
@pytest.mark.parametrize("engine_name", [None, "numpy", "xla"])
def test_counts_grow_beyond_32_bits(name, engine_name):
    make, data, amount = COUNTING[name]
    metric = make()
    metric.update_state(*data)  # makes the state
    grown = [v for v in metric.variables if v.numpy().any()]
    assert grown
    before = [v.numpy() != 0 for v in grown]
    for variable, counted in zip(grown, before, strict=True):
        variable.assign(LARGE * counted)
    update = lambda: metric.update_state(*data)
    if engine_name:
        specs = [spec_of(a.shape, a.dtype) for a in data]
        program = engine(engine_name).program(trace(lambda *arrays: metric.update_state(*arrays), *specs))
        update = lambda: program(data)
    for _ in range(3):
        update()
    for variable, counted in zip(grown, before, strict=True):
        if variable.name != "mean":
            np.testing.assert_array_equal(variable.numpy(), (LARGE + 3 * amount) * counted)


def test_a_sum_is_seen_to_its_last_digit():
    metric = metrics.TruePositives()
    metric.update_state([1.0], [1.0], sample_weight=[LARGE])
    metric.update_state([1.0], [1.0])
    assert float(metric.result()) == LARGE + 1
    half = metrics.Mean(dtype="float16")
    for _ in range(3):
        half.update_state(np.ones(1024, "float16"))
    assert float(half.result()) == 1
    assert float(half.count) == 3072


ONE_CLASS = [("ROC", True, True), ("ROC", False, True), ("PR", True, False), ("PR", False, True)]
ONE_CLASS += [("PRGAIN", True, True), ("PRGAIN", False, True)]


@pytest.mark.parametrize(("curve", "positive", "undefined"), ONE_CLASS)
@pytest.mark.parametrize("method", ["interpolation", "minoring", "majoring"])
def test_an_area_of_one_class_is_not_defined(curve, positive, undefined, method):
    metric = metrics.AUC(curve=curve, summation_method=method)
    assert float(metric.result()) == 0  # nothing seen yet
    metric.update_state(np.full(3, float(positive)), [0.2, 0.5, 0.9])
    assert np.isnan(float(metric.result())) == undefined
    if not undefined and method != "minoring":
        assert float(metric.result()) == 1  # every positive is one
    metric.update_state([1.0, 0.0], [0.95, 0.1])
    assert np.isfinite(float(metric.result()))
    metric.reset_state()
    metric.update_state([1.0, 0.0], [0.9, 0.1], sample_weight=[0.0, 1.0])  # a weight of 0 does not count
    assert np.isnan(float(metric.result()))


@pytest.mark.parametrize("weights", [None, [1.0, 5.0, 3.0]])
def test_columns_of_one_class_do_not_count(weights):
    target = np.array([[1, 1, 0], [0, 1, 1], [1, 1, 0], [0, 1, 0]], float)
    output = np.array([[0.8, 0.3, 0.1], [0.3, 0.4, 0.6], [0.2, 0.9, 0.7], [0.6, 0.1, 0.2]])

    def area(t, o):  # the share of pairs in the right order
        return np.mean([p > n for p in o[t == 1] for n in o[t == 0]])

    areas = [area(target[:, k], output[:, k]) for k in (0, 2)]
    expected = np.average(areas, weights=None if weights is None else [weights[0], weights[2]])
    metric = metrics.AUC(multi_label=True, label_weights=weights, num_thresholds=1001)
    metric.update_state(target, output)
    assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("engine_name", ["numpy", "xla"])
def test_an_undefined_metric_is_no_failure_of_training(engine_name):
    x = np.linspace(-1, 1, 12, dtype="float32")[:, None]
    y = (x > 0).astype("float32")
    model = Sequential([Input((1,)), Dense(1, activation="sigmoid", kernel_initializer="ones")])
    model.compile("sgd", "binary_crossentropy", metrics=[metrics.AUC(name="auc")], engine=engine_name)
    history = model.fit(x, y, batch_size=3, shuffle=False, verbose=0, epochs=3)  # a warning would be an error
    assert history.history["auc"] == pytest.approx([1.0, 1.0, 1.0], abs=0.02)
    one_class = model.fit(x[:3], y[:3] * 0, verbose=0).history
    assert np.isnan(one_class["auc"][0])
    assert np.isfinite(one_class["loss"][0])


def test_a_model_counts_beyond_32_bits():
    class Counting(cr.metrics.Metric):
        def __init__(self, name="seen"):
            super().__init__(name=name)
            self.seen = self.add_weight(initializer=lambda shape, dtype: np.full(shape, LARGE, dtype))

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.seen.assign_add(1.0)

        def result(self):
            return self.seen

    model = Sequential([Input((1,)), Dense(1)])
    model.compile("sgd", "mse", metrics=[Counting()], engine="xla")
    x = np.zeros((8, 1), "float32")
    assert model.fit(x, x + [[0.0], [1.0]] * 4, batch_size=2, verbose=0).history["seen"] == [LARGE + 4]
