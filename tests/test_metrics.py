"""Metrics against loops in NumPy, and against Keras itself; in traced steps; as configurations."""

import inspect
from itertools import product

import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, metrics, ops
from chainrule.core.errors import ShapeError, ValueProblem
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.layers.call_context import set_mask
from chainrule.serialization.names import custom_object_scope
from chainrule.serialization.serialize import deserialize, serialize
from chainrule.transforms.trace import trace
from targets import (
    binary,
    binary_scores,
    columns,
    counts,
    ids,
    labels,
    numbers,
    one_hot,
    one_hot_scores,
    pixels,
    scores,
    shares,
    signs,
    tied,
    unlabelled,
)

pytestmark = pytest.mark.usefixtures("double")

# ---- batches of unequal size

SIZES = (5, 1, 7)


FLAT, DEEP = [(1,), (3,)], [(1,), (4, 3)]
CASES = [  # class, arguments, data, shapes of an example
    ("Accuracy", {}, pixels, [(), (1,)]),
    ("BinaryAccuracy", {}, binary, DEEP),
    ("BinaryAccuracy", {"threshold": 0.25}, binary, FLAT),
    ("CategoricalAccuracy", {}, one_hot, [(4, 3)]),
    ("SparseCategoricalAccuracy", {}, labels, [(4, 3)]),
    ("SparseCategoricalAccuracy", {}, columns, [(4, 3)]),
    ("SparseCategoricalAccuracy", {}, tied, [(3,)]),
    ("TopKCategoricalAccuracy", {"k": 2}, one_hot, [(3,)]),
    ("TopKCategoricalAccuracy", {}, one_hot, [(3,)]),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, labels, [(3,)]),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, tied, [(3,)]),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, ids, [(3,)]),
    ("MeanSquaredError", {}, numbers, DEEP),
    ("RootMeanSquaredError", {}, numbers, DEEP),
    ("MeanAbsoluteError", {}, numbers, DEEP),
    ("MeanAbsolutePercentageError", {}, numbers, DEEP),
    ("MeanSquaredLogarithmicError", {}, counts, DEEP),
    ("LogCoshError", {}, numbers, DEEP),
    ("CosineSimilarity", {}, numbers, DEEP),
    ("R2Score", {}, numbers, FLAT),
    ("R2Score", {"class_aggregation": None}, numbers, FLAT),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, numbers, FLAT),
    ("R2Score", {"num_regressors": 2}, numbers, [(1,)]),
    ("PearsonCorrelation", {}, numbers, [(4, 3)]),
    ("ConcordanceCorrelation", {}, numbers, [(4, 3)]),
    ("KLDivergence", {}, shares, [(4, 3)]),
    ("Poisson", {}, counts, DEEP),
    ("BinaryCrossentropy", {}, binary, DEEP),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, binary_scores, DEEP),
    ("CategoricalCrossentropy", {}, one_hot, [(4, 3)]),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, one_hot_scores, [(4, 3)]),
    ("SparseCategoricalCrossentropy", {}, labels, [(4, 3)]),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, scores, [(4, 3)]),
    ("Hinge", {}, signs, DEEP),
    ("Hinge", {}, binary, FLAT),
    ("SquaredHinge", {}, signs, DEEP),
    ("CategoricalHinge", {}, one_hot, [(4, 3)]),
    *[
        (name, arguments, binary, DEEP)
        for name in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "Precision", "Recall")
        for arguments in ({}, {"thresholds": [0.75, 0.125]}, {"thresholds": [0.0, 0.5, 1.0]})
    ],
    *[
        (name, arguments, binary, [(4, 3)])
        for name in ("Precision", "Recall")
        for arguments in ({"top_k": 2}, {"class_id": 1}, {"top_k": 1, "class_id": 2}, {"top_k": 2, "thresholds": 0.25})
    ],
    ("SensitivityAtSpecificity", {"specificity": 0.4, "num_thresholds": 9}, binary, FLAT),
    ("SpecificityAtSensitivity", {"sensitivity": 0.4, "num_thresholds": 9, "class_id": 0}, binary, FLAT),
    ("PrecisionAtRecall", {"recall": 0.3}, binary, FLAT),
    ("PrecisionAtRecall", {"recall": 0.3, "num_thresholds": 1}, binary, [(1,)]),
    ("RecallAtPrecision", {"precision": 0.6, "num_thresholds": 17}, binary, FLAT),
    *[
        ("AUC", {"curve": curve, "summation_method": method}, binary, FLAT)
        for curve in ("ROC", "PR", "PRGAIN")
        for method in ("interpolation", "minoring", "majoring")
    ],
    ("AUC", {"thresholds": [0.3, 0.1, 0.9]}, binary, [(3,)]),
    ("AUC", {"from_logits": True}, binary_scores, [(3,)]),
    ("AUC", {"label_weights": [1.0, 0.0, 2.0]}, binary, [(3,)]),
    ("AUC", {"multi_label": True}, binary, [(3,)]),
    ("AUC", {"multi_label": True, "num_labels": 3, "label_weights": [1.0, 0.0, 2.0], "curve": "PR"}, binary, [(3,)]),
    *[
        ("FBetaScore", {"average": average, "beta": 2.0, "threshold": threshold}, binary, [(3,)])
        for average in (None, "micro", "macro", "weighted")
        for threshold in (None, 0.5)
    ],
    ("F1Score", {"threshold": 0.3}, binary, FLAT),
    ("F1Score", {"average": "macro"}, one_hot, [(3,)]),
    ("BinaryIoU", {}, binary, [(), (4, 3)]),
    ("BinaryIoU", {"target_class_ids": (1,), "threshold": 0.25}, binary, [(3,)]),
    ("IoU", {"num_classes": 6, "target_class_ids": [0, 2, 5]}, pixels, [(), (3,), (4, 3)]),
    ("MeanIoU", {"num_classes": 6}, pixels, [(3,)]),
    ("MeanIoU", {"num_classes": 4, "ignore_class": 255}, unlabelled, [(4, 3)]),
    ("OneHotIoU", {"num_classes": 3, "target_class_ids": [1, 2]}, one_hot, [(4, 3)]),
    ("OneHotMeanIoU", {"num_classes": 3}, one_hot, [(4, 3)]),
]
IDS = [f"{name}-{i}" for i, (name, *_) in enumerate(CASES)]
WEIGHTED = ("none", "examples", "column", "values")


def batches(make, shape, weights, seed=0, sizes=SIZES):
    rng = np.random.default_rng(seed)
    for n in sizes:
        target, output = make(rng, (n, *shape))
        w = rng.integers(0, 4, size=(n, 1)).astype(float)
        if weights == "none":
            w = None
        elif weights == "examples":
            w = w[:, 0]
        elif weights == "values":
            w = rng.integers(0, 4, size=output.shape).astype(float)
        yield target, output, w


COUNTING = ("Positives", "Negatives", "Precision", "Recall", "Sensitivity", "Specificity", "AUC", "FBeta", "F1")


def forms(name, shape):
    """The forms of sample_weight that Keras takes for this metric, on these shapes."""
    if name in ("R2Score", "RootMeanSquaredError", "BinaryAccuracy"):
        return WEIGHTED
    if "IoU" in name:
        return WEIGHTED[:1] if shape else WEIGHTED[:2]
    if name.startswith(COUNTING) or name.endswith(COUNTING):
        return WEIGHTED[:1] if len(shape) > 1 else WEIGHTED[:2]
    return WEIGHTED[:2]


# ---- Keras itself

NEAR = {  # Keras adds 1e-7 to denominators, and computes IoU in float32; ours are exact
    "ConcordanceCorrelation": 2e-6,
    "FBetaScore": 2e-6,
    "F1Score": 2e-6,
    "BinaryIoU": 1e-6,
    "IoU": 1e-6,
    "MeanIoU": 1e-6,
    "OneHotIoU": 1e-6,
    "OneHotMeanIoU": 1e-6,
}


@pytest.mark.heavy
@pytest.mark.parametrize(("name", "arguments", "make", "shapes"), CASES, ids=IDS)
def test_as_keras(keras64, name, arguments, make, shapes):
    for shape in shapes:
        for weights in forms(name, shape):
            ours = getattr(metrics, name)(dtype="float64", **arguments)
            dtype = "int32" if "IoU" in name else "float64"
            theirs = getattr(keras64.metrics, name)(dtype=dtype, **arguments)
            for target, output, w in batches(make, shape, weights, sizes=(5, 3)):
                full = w if w is None or "IoU" not in name else w.astype("int32")
                theirs.update_state(target, output, sample_weight=full)
                ours.update_state(target, output, sample_weight=w)
            np.testing.assert_allclose(
                ours.result().numpy(),
                np.asarray(theirs.result()),
                rtol=1e-8,
                atol=NEAR.get(name, 1e-8),
                err_msg=f"{shape} {weights}",
            )


@pytest.mark.heavy
def test_signatures_are_keras(keras64):
    missing, different = [], []
    for name in dir(keras64.metrics):
        theirs = getattr(keras64.metrics, name)
        if name.startswith("_") or not callable(theirs):
            continue
        ours = getattr(metrics, name, None)
        if ours is None:
            missing.append(name)
            continue
        a, b = ([(p.name, p.default) for p in inspect.signature(f).parameters.values()] for f in (theirs, ours))
        if a != b and name not in ("serialize",):  # Keras's argument is called metric there, ours obj
            different.append((name, a, b))
    assert not missing
    assert not different


@pytest.mark.heavy
def test_words_are_keras(keras64):
    from keras.src.metrics import ALL_OBJECTS_DICT

    for word, theirs in ALL_OBJECTS_DICT.items():
        arguments = list(inspect.signature(theirs.__init__).parameters.values())[1:]
        if theirs is not keras64.Metric and all(p.default is not p.empty for p in arguments):
            assert type(metrics.get(word)).__name__ == theirs.__name__


@pytest.mark.heavy
def test_accuracy_by_shape_is_keras(keras64):
    from keras.src.trainers.compile_utils import get_metric

    for target, output in [((4, 1), (4, 1)), ((4,), (4, 1)), ((4,), (4, 3)), ((4, 1), (4, 3)), ((4, 3), (4, 3))]:
        for word in ("accuracy", "acc", "Accuracy", "mse", "AUC"):
            theirs = get_metric(word, np.zeros(target), np.zeros(output))
            ours = metrics.resolve(word, np.zeros(target), np.zeros(output))
            assert (type(ours).__name__, ours.name) == (type(theirs).__name__, theirs.name)


# ---- plain loops


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
    (
        "CosineSimilarity",
        {},
        numbers,
        (3,),
        mean_of(lambda t, o: sum(t * o) / (sum(t**2) ** 0.5 * sum(o**2) ** 0.5)),
    ),
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
    (
        "CategoricalHinge",
        {},
        one_hot,
        (3,),
        mean_of(lambda t, o: max(0, 1 + max((1 - t) * o) - o[list(t).index(1)])),
    ),
    ("TruePositives", {}, binary, (3,), lambda x: table(x, 0.5)[0]),
    ("FalsePositives", {}, binary, (3,), lambda x: table(x, 0.5)[1]),
    ("TrueNegatives", {}, binary, (3,), lambda x: table(x, 0.5)[2]),
    ("FalseNegatives", {"thresholds": [0.75, 0.1]}, binary, (3,), lambda x: [table(x, h)[3] for h in (0.75, 0.1)]),
    ("Precision", {"thresholds": [0.75, 0.125]}, binary, (3,), lambda x: [precision(x, h) for h in (0.75, 0.125)]),
    ("Recall", {}, binary, (3,), recall),
    ("Recall", {"class_id": 1}, binary, (3,), lambda x: recall([(t[:, 1], o[:, 1], w) for t, o, w in x])),
    (
        "Precision",
        {"top_k": 1},
        one_hot,
        (4,),
        mean_of(lambda t, o: list(t).index(1) == list(o).index(max(o))),
    ),
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
    (
        "MeanIoU",
        {"num_classes": 4, "ignore_class": 255},
        unlabelled,
        (3,),
        iou(4, range(4)),
    ),
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


def test_before_any_batch_a_result_is_0():
    for name, arguments, *_ in LOOPS:
        assert not np.any(getattr(metrics, name)(**arguments).result().numpy()), name


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
    """Keras broadcasts an (N, 1) target to (N, 3) outputs, and takes labels for one-hot targets."""
    for metric in (metrics.MeanSquaredError(), metrics.R2Score(), metrics.Precision(), metrics.BinaryAccuracy()):
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


def test_the_adjusted_score_counts_examples():
    """Keras counts entries of targets, several outputs and all."""
    rng = np.random.default_rng(8)
    target, output = numbers(rng, (9, 2))
    plain = metrics.R2Score()(target, output).numpy()
    adjusted = metrics.R2Score(num_regressors=3)(target, output).numpy()
    np.testing.assert_allclose(adjusted, 1 - (1 - plain) * 8 / 5)
    too_few = metrics.R2Score(num_regressors=8)(target, output).numpy()
    np.testing.assert_allclose(too_few, plain)


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
