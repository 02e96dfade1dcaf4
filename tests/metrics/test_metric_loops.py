"""Metrics against plain loops: values, in a traced step, as configurations."""

import inspect

import numpy as np
import pytest

from chainrule import metrics
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.transforms.trace import trace
from metric_cases import batches
from targets import (
    binary,
    binary_scores,
    counts,
    ids,
    labels,
    numbers,
    one_hot,
    pixels,
    shares,
    signs,
    tied,
    unlabelled,
)

pytestmark = pytest.mark.usefixtures("double")


def examples(triples):
    """Single examples and their weights, from batches."""
    return [
        (t, o, 1.0 if w is None else w[i]) for a, b, w in triples for i, (t, o) in enumerate(zip(a, b, strict=True))
    ]


def mean_of(each):
    def over(triples):
        result = [(each(t, o), w) for t, o, w in examples(triples)]
        total = sum(w for _, w in result)
        return sum(v * w for v, w in result) / total if total else 0.0

    return over


def entries(t, o):
    return list(zip(np.ravel(t), np.ravel(o), strict=True))


def average(each):
    return mean_of(lambda t, o: np.mean([each(a, b) for a, b in entries(t, o)]))


def rank(o, label):
    return sum(other > o[label] for other in o)


def table(triples, threshold):
    """True positives, false positives, true negatives, false negatives, by counting."""
    result = [0.0] * 4
    for t, o, w in examples(triples):
        for a, b in entries(t, o):
            said = b > threshold
            result[{(1, 1): 0, (0, 1): 1, (0, 0): 2, (1, 0): 3}[int(a), int(said)]] += w
    return result


def over(a, b):
    return a / b if b else 0.0


def precision(triples, threshold=0.5):
    tp, fp, _, _ = table(triples, threshold)
    return over(tp, tp + fp)


def recall(triples, threshold=0.5):
    tp, _, _, fn = table(triples, threshold)
    return over(tp, tp + fn)


def specificity(triples, threshold):
    _, fp, tn, _ = table(triples, threshold)
    return over(tn, tn + fp)


def best(wanted, held, value, n):
    grid = [i / (n - 1) for i in range(n)]
    return lambda triples: max([wanted(triples, g) for g in grid if held(triples, g) >= value], default=0.0)


def mann_whitney(triples):
    """The area under the ROC curve: how often a true example's output beats another's; ties count half."""
    flat = [(a, b, w) for t, o, w in examples(triples) for a, b in entries(t, o)]
    pairs = [(p, q, v * w) for a, p, v in flat for b, q, w in flat if a == 1 and b == 0]
    return sum(w * ((p > q) + (p == q) / 2) for p, q, w in pairs) / sum(w for *_, w in pairs)


def f_scores(triples, beta, threshold):
    columns = range(triples[0][0].shape[1])
    parts = [[(t[:, [c]], o[:, [c]], w) for t, o, w in triples] for c in columns]
    result = [(precision(p, threshold), recall(p, threshold)) for p in parts]
    return [over((1 + beta**2) * p * r, beta**2 * p + r) for p, r in result]


def r_squared(triples):
    rows = examples(triples)
    scores = []
    for c in range(rows[0][0].shape[0]):
        mean = np.average([t[c] for t, _, _ in rows], weights=[w for *_, w in rows])
        scores.append(
            1 - sum(w * (t[c] - o[c]) ** 2 for t, o, w in rows) / sum(w * (t[c] - mean) ** 2 for t, _, w in rows)
        )
    return np.mean(scores)


def iou(classes, ids, threshold=None):
    def over_pixels(triples):
        pairs = [
            (int(a), int(b if threshold is None else b >= threshold), w)
            for t, o, w in examples(triples)
            for a, b in entries(t, o)
        ]
        result = []
        for c in ids:
            inside = [w for a, b, w in pairs if max(a, b) < classes and c in (a, b)]
            both = [w for a, b, w in pairs if a == b == c]
            if sum(inside):
                result.append(sum(both) / sum(inside))
        return np.mean(result) if result else 0.0

    return over_pixels


def nats(p):
    return -np.log(np.clip(p, 1e-7, 1 - 1e-7))


LOOPS = [  # class, arguments, data, shape of an example, the number in plain loops
    ("Accuracy", {}, pixels, (), average(lambda a, b: a == b)),
    ("BinaryAccuracy", {}, binary, (3,), average(lambda a, b: a == (b > 0.5))),
    ("CategoricalAccuracy", {}, one_hot, (3,), mean_of(lambda t, o: list(t).index(1) == list(o).index(max(o)))),
    ("SparseCategoricalAccuracy", {}, tied, (4,), mean_of(lambda t, o: t == list(o).index(max(o)))),
    ("TopKCategoricalAccuracy", {"k": 2}, one_hot, (5,), mean_of(lambda t, o: rank(o, list(t).index(1)) < 2)),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, tied, (5,), mean_of(lambda t, o: rank(o, t) < 2)),
    (
        "SparseTopKCategoricalAccuracy",
        {"k": 2, "from_sorted_ids": True},
        ids,
        (5,),
        mean_of(lambda t, o: t in list(o)[:2]),
    ),
    ("MeanSquaredError", {}, numbers, (3,), average(lambda a, b: (a - b) ** 2)),
    ("RootMeanSquaredError", {}, numbers, (3,), lambda x: average(lambda a, b: (a - b) ** 2)(x) ** 0.5),
    (
        "ResidualSumOfSquares",
        {},
        numbers,
        (3,),
        lambda x: sum(w * (a - b) ** 2 for t, o, w in examples(x) for a, b in entries(t, o)),
    ),
    ("MeanAbsoluteError", {}, numbers, (3,), average(lambda a, b: abs(a - b))),
    ("MeanAbsolutePercentageError", {}, numbers, (3,), average(lambda a, b: 100 * abs(a - b) / abs(a))),
    ("MeanSquaredLogarithmicError", {}, counts, (3,), average(lambda a, b: np.log((max(a, 1e-7) + 1) / (b + 1)) ** 2)),
    ("LogCoshError", {}, numbers, (3,), average(lambda a, b: np.log(np.cosh(a - b)))),
    ("CosineSimilarity", {}, numbers, (3,), mean_of(lambda t, o: sum(t * o) / (sum(t**2) ** 0.5 * sum(o**2) ** 0.5))),
    ("R2Score", {}, numbers, (3,), r_squared),
    ("PearsonCorrelation", {}, numbers, (5,), mean_of(lambda t, o: np.corrcoef(t, o)[0, 1])),
    (
        "ConcordanceCorrelation",
        {},
        numbers,
        (5,),
        mean_of(lambda t, o: 2 * np.cov(t, o, bias=True)[0, 1] / (t.var() + o.var() + (t.mean() - o.mean()) ** 2)),
    ),
    ("KLDivergence", {}, shares, (3,), mean_of(lambda t, o: sum(t * np.log(t / o)))),
    ("Poisson", {}, counts, (3,), average(lambda a, b: b - a * np.log(b + 1e-7))),
    ("BinaryCrossentropy", {}, binary, (3,), average(lambda a, b: nats(b if a else 1 - b))),
    (
        "BinaryCrossentropy",
        {"from_logits": True, "label_smoothing": 0.2},
        binary_scores,
        (3,),
        average(lambda a, b: np.log1p(np.exp(b)) - (0.8 * a + 0.1) * b),
    ),
    ("CategoricalCrossentropy", {}, one_hot, (3,), mean_of(lambda t, o: sum(t * nats(o)))),
    ("SparseCategoricalCrossentropy", {}, labels, (3,), mean_of(lambda t, o: nats(o[t]))),
    (
        "SparseCategoricalCrossentropy",
        {"from_logits": True},
        lambda r, s: (labels(r, s)[0], 3 * r.normal(size=s)),
        (3,),
        mean_of(lambda t, o: np.log(sum(np.exp(o))) - o[t]),
    ),
    ("Hinge", {}, signs, (3,), average(lambda a, b: max(0, 1 - a * b))),
    ("SquaredHinge", {}, signs, (3,), average(lambda a, b: max(0, 1 - a * b) ** 2)),
    ("CategoricalHinge", {}, one_hot, (3,), mean_of(lambda t, o: max(0, 1 + max((1 - t) * o) - o[list(t).index(1)]))),
    ("TruePositives", {}, binary, (3,), lambda x: table(x, 0.5)[0]),
    ("FalsePositives", {}, binary, (3,), lambda x: table(x, 0.5)[1]),
    ("TrueNegatives", {}, binary, (3,), lambda x: table(x, 0.5)[2]),
    ("FalseNegatives", {"thresholds": [0.75, 0.1]}, binary, (3,), lambda x: [table(x, h)[3] for h in (0.75, 0.1)]),
    ("Precision", {"thresholds": [0.75, 0.125]}, binary, (3,), lambda x: [precision(x, h) for h in (0.75, 0.125)]),
    ("Recall", {}, binary, (3,), recall),
    ("Recall", {"class_id": 1}, binary, (3,), lambda x: recall([(t[:, 1], o[:, 1], w) for t, o, w in x])),
    ("Precision", {"top_k": 1}, one_hot, (4,), mean_of(lambda t, o: list(t).index(1) == list(o).index(max(o)))),
    (
        "SensitivityAtSpecificity",
        {"specificity": 0.4, "num_thresholds": 9},
        binary,
        (1,),
        best(recall, specificity, 0.4, 9),
    ),
    (
        "SpecificityAtSensitivity",
        {"sensitivity": 0.4, "num_thresholds": 9},
        binary,
        (1,),
        best(specificity, recall, 0.4, 9),
    ),
    ("PrecisionAtRecall", {"recall": 0.3, "num_thresholds": 9}, binary, (1,), best(precision, recall, 0.3, 9)),
    ("RecallAtPrecision", {"precision": 0.6, "num_thresholds": 9}, binary, (1,), best(recall, precision, 0.6, 9)),
    ("AUC", {}, binary, (1,), mann_whitney),
    (
        "AUC",
        {"multi_label": True},
        binary,
        (2,),
        lambda x: np.mean([mann_whitney([(t[:, [c]], o[:, [c]], w) for t, o, w in x]) for c in range(2)]),
    ),
    ("FBetaScore", {"beta": 2.0, "threshold": 0.5}, binary, (3,), lambda x: f_scores(x, 2, 0.5)),
    ("F1Score", {"average": "macro", "threshold": 0.5}, binary, (3,), lambda x: np.mean(f_scores(x, 1, 0.5))),
    (
        "F1Score",
        {"average": "micro", "threshold": 0.5},
        binary,
        (3,),
        lambda x: 2 * over(precision(x) * recall(x), precision(x) + recall(x)),
    ),
    ("BinaryIoU", {"threshold": 0.25}, binary, (3,), iou(2, (0, 1), 0.25)),
    ("IoU", {"num_classes": 6, "target_class_ids": [0, 2, 5]}, pixels, (2, 3), iou(6, (0, 2, 5))),
    ("MeanIoU", {"num_classes": 3}, pixels, (3,), iou(3, range(3))),
    ("MeanIoU", {"num_classes": 4, "ignore_class": 255}, unlabelled, (3,), iou(4, range(4))),
    (
        "OneHotIoU",
        {"num_classes": 3, "target_class_ids": [1], "axis": 1},
        lambda r, s: tuple(np.moveaxis(a, -1, 1) for a in one_hot(r, s)),
        (4, 3),
        lambda x: iou(3, [1])([(t.argmax(1), o.argmax(1), w) for t, o, w in x]),
    ),
    (
        "OneHotMeanIoU",
        {"num_classes": 3},
        one_hot,
        (4, 3),
        lambda x: iou(3, range(3))([(t.argmax(-1), o.argmax(-1), w) for t, o, w in x]),
    ),
]
LOOP_IDS = [f"{name}-{i}" for i, (name, *_) in enumerate(LOOPS)]


@pytest.mark.parametrize("weights", ["none", "examples"])
@pytest.mark.parametrize(("name", "arguments", "make", "shape", "loop"), LOOPS, ids=LOOP_IDS)
def test_as_loops(name, arguments, make, shape, loop, weights):
    metric = getattr(metrics, name)(dtype="float64", **arguments)
    taken = []
    for seed in (1, 2):
        taken.clear()
        metric.reset_state()
        for target, output, w in batches(make, shape, weights, seed):
            metric.update_state(target, output, sample_weight=w)
            taken.append((target, output, w))
        np.testing.assert_allclose(metric.result().numpy(), loop(taken), rtol=1e-10, atol=1e-12)


def test_every_class_has_a_loop():
    classes = {n for n in metrics.__all__ if inspect.isclass(getattr(metrics, n))}
    assert classes - {name for name, *_ in LOOPS} == {"Metric", "Mean", "Sum", "MeanMetricWrapper"}


@pytest.mark.parametrize(("name", "arguments", "make", "shape", "loop"), LOOPS, ids=LOOP_IDS)
def test_in_a_traced_step(name, arguments, make, shape, loop):
    def new():
        return getattr(metrics, name)(dtype="float64", **arguments)

    eager, traced = new(), new()

    def step(target, output, w):
        traced.update_state(target, output, sample_weight=w)
        return traced.result()

    for data in batches(make, shape, "examples", seed=3):
        program = NumpyEngine().program(trace(step, *[spec_of(x.shape, x.dtype) for x in data]))
        (result,) = program(list(data))
        eager.update_state(*data)
        np.testing.assert_allclose(result, eager.result().numpy(), rtol=1e-12)
    for a, b in zip(eager.variables, traced.variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)


@pytest.mark.parametrize(("name", "arguments", "make", "shape", "loop"), LOOPS, ids=LOOP_IDS)
def test_as_a_configuration(name, arguments, make, shape, loop):
    cls = getattr(metrics, name)
    metric = cls(name="mine", dtype="float64", **arguments)
    (data,) = batches(make, shape, "examples", seed=4, sizes=(6,))
    metric.update_state(*data)
    for created in (cls.from_config(metric.get_config()), metrics.deserialize(metrics.serialize(metric))):
        assert type(created) is cls
        assert (created.name, created.dtype) == ("mine", "float64")
        assert created.get_config() == metric.get_config()
        created.update_state(*data)
        np.testing.assert_array_equal(created.result().numpy(), metric.result().numpy())


def test_before_any_batch_a_result_is_0():
    for name, arguments, *_ in LOOPS:
        assert not np.any(getattr(metrics, name)(**arguments).result().numpy()), name
