"""Entries with a weight of 0, a false mask or no target do not count: whatever stands in them."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, metrics, ops
from chainrule.core.errors import ShapeError
from chainrule.engines.engine import engine
from chainrule.graph import spec_of
from chainrule.layers.call_context import set_mask
from chainrule.losses.entries import ignore_missing
from chainrule.transforms.trace import trace

NAN = float("nan")
RNG = np.random.default_rng(4)
N, K = 6, 3
PROBABILITIES = RNG.uniform(0.1, 0.9, (N, K))
ONE_HOT = np.eye(K)[np.arange(N) % K]
LABELS = np.arange(N) % K
CASES = {  # targets of the rows, outputs, options
    **{
        name: (RNG.uniform(0.1, 0.9, (N, K)), PROBABILITIES, {})
        for name in (
            "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
            "mean_squared_logarithmic_error", "huber", "log_cosh", "poisson", "hinge", "squared_hinge",
            "binary_crossentropy", "binary_focal_crossentropy", "residual_sum_of_squares", "cosine_similarity",
            "kl_divergence",
        )
    },
    "categorical_hinge": (ONE_HOT, PROBABILITIES, {}),
    "categorical_crossentropy": (ONE_HOT, PROBABILITIES, {}),
    "categorical_focal_crossentropy": (ONE_HOT, PROBABILITIES, {}),
    "sparse_categorical_crossentropy": (LABELS.astype(float), PROBABILITIES, {}),
    "categorical_generalized_cross_entropy": (LABELS.astype(float), PROBABILITIES, {"q": 0.5}),
}  # fmt: skip
ENTRIES = [name for name, (target, _, _) in CASES.items() if getattr(losses, name).values_of == "entries"]
TOGETHER = {"circle", "dice", "tversky", "ctc"}  # values of several rows, or of sequences


def test_every_loss_is_here():
    functions = {n for n in losses.__all__ if n.islower() and hasattr(getattr(losses, n), "__code__")}
    functions -= {"as_loss", "get", "serialize", "deserialize"}
    assert functions == set(CASES) | TOGETHER
    assert {n for n in functions if hasattr(getattr(losses, n), "values_of")} == set(CASES)


def class_of(name, **options):
    return losses.LossFunctionWrapper(getattr(losses, name), dtype="float64", **options)


BAD = [NAN, float("inf"), -float("inf")]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("how", ["weights", "column", "mask"])
@pytest.mark.parametrize("bad", BAD)
def test_a_row_of_weight_0_changes_nothing(name, how, bad):
    target, output, options = CASES[name]
    kept = np.array([1, 0, 1, 1, 0, 1], bool)
    target, output = target.copy(), output.copy()
    expected = class_of(name, reduction="sum", **options)(target[kept], output[kept]).numpy()
    slope = cr.grad(lambda o: class_of(name, reduction="sum", **options)(target[kept], o))(
        ops.convert_to_tensor(output[kept])
    ).numpy()
    target[~kept], output[~kept] = NAN, bad
    weights = {"weights": kept.astype(float), "column": kept.astype(float)[:, None], "mask": None}[how]

    def loss(o, reduction="sum"):
        if how == "mask":
            o = o * 1.0
            set_mask(o, ops.convert_to_tensor(kept))
        return class_of(name, reduction=reduction, **options)(target, o, weights)

    tensor = ops.convert_to_tensor(output)
    np.testing.assert_allclose(loss(tensor).numpy(), expected, rtol=1e-6)
    got = cr.grad(loss)(tensor).numpy()
    np.testing.assert_allclose(got[kept], slope, rtol=1e-6)
    assert not got[~kept].any()
    mean = loss(tensor, "sum_over_batch_size").numpy()
    np.testing.assert_allclose(mean, expected / (4 if how == "mask" else 6), rtol=1e-6)
    assert float(loss(tensor, "mean_with_sample_weight").numpy()) == pytest.approx(expected / 4, rel=1e-6)


@pytest.mark.parametrize("engine_name", ["numpy", "xla"])
def test_on_both_engines(engine_name):
    target, output, weights = np.array([[1.0], [NAN]]), np.array([[0.25], [NAN]]), np.array([1.0, 0.0])

    def step(t, o, w):
        loss = lambda x: losses.BinaryCrossentropy(dtype="float64")(t, x, w)
        return loss(o), cr.grad(loss)(o)

    program = engine(engine_name).program(trace(step, *(spec_of(a.shape, a.dtype) for a in (target, output, weights))))
    value, slope = program([target, output, weights])
    assert float(value) == pytest.approx(np.log(4) / 2)
    np.testing.assert_allclose(slope, [[-2.0], [0.0]])


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("form", ["columns", "pixels", "pixels of one channel"])
def test_a_weight_for_each_entry(name, form):
    target, output, _ = CASES[name]
    shape = {"columns": (N, K), "pixels": (2, K, K), "pixels of one channel": (2, K, K)}[form]
    target, output = target.reshape(shape), output.reshape(shape)
    weights = RNG.integers(0, 3, shape).astype(float)
    function = getattr(losses, name)
    each = function(target.reshape(-1, 1), output.reshape(-1, 1)).numpy().reshape(shape)
    if form == "pixels of one channel":
        output = output[..., None]
    results = {r: class_of(name, reduction=r)(target, output, weights).numpy() for r in losses.loss.REDUCTIONS}
    np.testing.assert_allclose(results["none"], (each * weights).mean(-1), rtol=1e-9)
    np.testing.assert_allclose(results["sum"], (each * weights).mean(-1).sum(), rtol=1e-9)
    np.testing.assert_allclose(results["sum_over_batch_size"], (each * weights).mean(), rtol=1e-9)
    np.testing.assert_allclose(results["mean_with_sample_weight"], (each * weights).sum() / weights.sum(), rtol=1e-9)
    metric = metrics.MeanMetricWrapper(function, dtype="float64")
    metric.update_state(target, output, weights)
    metric.update_state(target, output, weights * 2)
    np.testing.assert_allclose(float(metric.result()), (each * weights).sum() / weights.sum(), rtol=1e-9)


def test_a_weight_for_each_entry_of_a_distribution_is_refused():
    with pytest.raises(ShapeError, match="one weight for each example"):
        losses.CategoricalCrossentropy()(ONE_HOT, PROBABILITIES, np.ones((N, K)))


METRICS = {
    "MeanSquaredError": {}, "RootMeanSquaredError": {}, "ResidualSumOfSquares": {}, "MeanAbsoluteError": {},
    "R2Score": {}, "CosineSimilarity": {}, "PearsonCorrelation": {}, "BinaryAccuracy": {}, "BinaryCrossentropy": {},
    "TruePositives": {}, "AUC": {}, "Precision": {}, "F1Score": {"threshold": 0.5}, "LogCoshError": {},
}  # fmt: skip


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("how", ["weights", "mask"])
def test_metrics_of_what_counts(name, how):
    kept = np.array([1, 0, 1, 1, 0, 1], bool)
    target, output = (RNG.uniform(size=(N, K)) > 0.5).astype(float), PROBABILITIES.copy()
    make = lambda: getattr(metrics, name)(dtype="float64", **METRICS[name])
    expected = make()(target[kept], output[kept]).numpy()
    target[~kept], output[~kept] = NAN, NAN
    tensor = ops.convert_to_tensor(output)
    if how == "mask":
        set_mask(tensor, ops.convert_to_tensor(kept))
    got = make()(target, tensor, kept.astype(float) if how == "weights" else None).numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_missing_targets_do_not_count(name):
    target, output, options = CASES[name]
    missing = np.zeros(target.shape, bool)
    missing.flat[[0, 1, -1]] = True
    function = getattr(losses, name)
    if name in ENTRIES:
        each = function(target.reshape(-1, 1), output.reshape(-1, 1)).numpy()
        expected = each[~missing.ravel()].mean()
    else:
        rows = ~missing.reshape(N, -1).any(1)
        expected = np.asarray(function(target[rows], output[rows], **options)).mean()
    filled = ignore_missing(np.where(missing, NAN, target))
    loss = lambda o: class_of(name, **options)(filled, o)
    np.testing.assert_allclose(loss(output).numpy(), expected, rtol=1e-9)
    assert np.isfinite(cr.grad(loss)(ops.convert_to_tensor(output)).numpy()).all()
    metric = metrics.MeanMetricWrapper(function, dtype="float64", **options)
    np.testing.assert_allclose(metric(filled, output).numpy(), expected, rtol=1e-9)
