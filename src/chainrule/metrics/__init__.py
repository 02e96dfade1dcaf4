"""Metrics under Keras's names: classes, functions, and strings such as ``"accuracy"``."""

# ruff: noqa: I001 - imported names stand in rows

from __future__ import annotations

from typing import Any

# fmt: off
from ..core.errors import ValueProblem
from ..losses import (
    binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy, categorical_focal_crossentropy,
    categorical_hinge, hinge, huber, kl_divergence, log_cosh, mean_absolute_error, mean_absolute_percentage_error,
    mean_squared_error, mean_squared_logarithmic_error, poisson, residual_sum_of_squares,
    sparse_categorical_crossentropy, squared_hinge,
)
from ..serialization.registry import Registry
from .accuracy import (
    Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy, accuracy, binary_accuracy, categorical_accuracy, sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy, top_k_categorical_accuracy,
)
from .confusion import (
    AUC, FalseNegatives, FalsePositives, Precision, PrecisionAtRecall, Recall, RecallAtPrecision,
    SensitivityAtSpecificity, SpecificityAtSensitivity, TrueNegatives, TruePositives,
)
from .fscore import F1Score, FBetaScore
from .iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .metric import Mean, MeanMetricWrapper, Metric, Sum
from .probabilistic import (
    BinaryCrossentropy, CategoricalCrossentropy, CategoricalHinge, Hinge, KLDivergence, Poisson,
    SparseCategoricalCrossentropy, SquaredHinge,
)
from .regression import (
    ConcordanceCorrelation, CosineSimilarity, LogCoshError, MeanAbsoluteError, MeanAbsolutePercentageError,
    MeanSquaredError, MeanSquaredLogarithmicError, PearsonCorrelation, R2Score, ResidualSumOfSquares,
    RootMeanSquaredError, concordance_correlation, pearson_correlation,
)
from .resolve import by_shape, kind_of
# fmt: on

ALIASES = {
    "bce": "BinaryCrossentropy",
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "msle": "MeanSquaredLogarithmicError",
    "rss": "ResidualSumOfSquares",
}
ALIASES |= {alias.upper(): name for alias, name in ALIASES.items()}
FUNCTIONS = (
    accuracy, binary_accuracy, categorical_accuracy, concordance_correlation, pearson_correlation,
    sparse_categorical_accuracy, sparse_top_k_categorical_accuracy, top_k_categorical_accuracy,
)  # fmt: skip
# a string means the class, as in Keras; the function of the same name can be passed itself
ALIASES |= {f.__name__: f.__name__.title().replace("_", "") for f in FUNCTIONS}

registry = Registry("metrics", "metric", Metric, ALIASES)
# with the losses without a metric class, which Keras names among its metrics
registry.add(*FUNCTIONS, binary_focal_crossentropy, categorical_focal_crossentropy, huber, log_cosh)
get, serialize, deserialize = registry.get, registry.serialize, registry.deserialize


def as_metric(identifier: Any) -> Metric | None:
    """Return the metric object for a name, function, loss or metric.

    >>> as_metric("mse")
    <MeanSquaredError name=mean_squared_error>
    """
    metric = get(identifier)
    return metric if metric is None or isinstance(metric, Metric) else MeanMetricWrapper(metric)


def resolve(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    """Return the metric that ``compile(metrics=[identifier])`` means for targets and outputs of these shapes.

    ``"accuracy"``, ``"acc"``, ``"crossentropy"`` and ``"ce"`` become the binary, sparse or categorical metric that
    fits. A string becomes the metric's name in the logs, as in Keras.

    Args:
        y_true, y_pred: anything with a shape.

    >>> from chainrule.tensors.convert import symbolic
    >>> resolve("accuracy", symbolic((None,)), symbolic((None, 10)))
    <SparseCategoricalAccuracy name=accuracy>
    """
    metric = by_shape(identifier, y_true, y_pred) if isinstance(identifier, str) else None
    metric = metric or as_metric(identifier)
    if metric is None:
        raise ValueProblem("the metric None", "a name, a function or a metric", "leave it out of the list")
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


__all__ = [
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "CategoricalAccuracy",
    "CategoricalCrossentropy", "CategoricalHinge", "ConcordanceCorrelation", "CosineSimilarity", "F1Score",
    "FBetaScore", "FalseNegatives", "FalsePositives", "Hinge", "IoU", "KLDivergence", "LogCoshError", "Mean",
    "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanIoU", "MeanMetricWrapper", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Metric", "OneHotIoU", "OneHotMeanIoU", "PearsonCorrelation", "Poisson", "Precision",
    "PrecisionAtRecall", "R2Score", "Recall", "RecallAtPrecision", "ResidualSumOfSquares", "RootMeanSquaredError",
    "SensitivityAtSpecificity", "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy", "SpecificityAtSensitivity", "SquaredHinge", "Sum", "TopKCategoricalAccuracy",
    "TrueNegatives", "TruePositives", "accuracy", "as_metric", "binary_accuracy", "binary_crossentropy",
    "binary_focal_crossentropy", "by_shape", "categorical_accuracy", "categorical_crossentropy",
    "categorical_focal_crossentropy", "categorical_hinge", "concordance_correlation", "deserialize", "get", "hinge",
    "huber", "kind_of", "kl_divergence", "log_cosh", "mean_absolute_error", "mean_absolute_percentage_error",
    "mean_squared_error", "mean_squared_logarithmic_error", "pearson_correlation", "poisson", "residual_sum_of_squares",
    "resolve", "serialize", "sparse_categorical_accuracy", "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy", "squared_hinge", "top_k_categorical_accuracy",
]  # fmt: skip
