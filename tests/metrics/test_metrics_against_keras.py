"""Metrics against Keras itself: values, signatures, words."""

import inspect

import numpy as np
import pytest

from chainrule import metrics
from metric_cases import batches
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
    ("R2Score", {"num_regressors": 2}, numbers, FLAT),
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
                if w is not None and "num_regressors" in arguments:
                    w = w + 0.5  # Keras counts targets of weight 0
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
        b = [p for p in b if p != ("label_smoothing", 0.0) or p in a]  # Keras's sparse loss has none
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
