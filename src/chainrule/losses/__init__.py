"""Losses under Keras's names: classes, functions, and strings such as ``"mse"``."""

# ruff: noqa: I001 - imported names stand in rows

from __future__ import annotations

from typing import Any

# fmt: off
from ..serialization.registry import Registry
from . import crossentropies, functions
from .classes import (
    CTC, BinaryCrossentropy, BinaryFocalCrossentropy, CategoricalCrossentropy, CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy, CategoricalHinge, Circle, CosineSimilarity, Dice, Hinge, Huber, KLDivergence,
    LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, Poisson,
    ResidualSumOfSquares, SparseCategoricalCrossentropy, SquaredHinge, Tversky,
)
from .crossentropies import (
    binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy, categorical_focal_crossentropy,
    categorical_generalized_cross_entropy, ctc, sparse_categorical_crossentropy,
)
from .functions import (
    categorical_hinge, circle, cosine_similarity, dice, hinge, huber, kl_divergence, log_cosh, mean_absolute_error,
    mean_absolute_percentage_error, mean_squared_error, mean_squared_logarithmic_error, poisson,
    residual_sum_of_squares, squared_hinge, tversky,
)
from .loss import Loss, LossFunctionWrapper
# fmt: on

ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "rss": "ResidualSumOfSquares",
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
}
ALIASES |= {alias.upper(): name for alias, name in ALIASES.items()}
ALIASES |= {"kullback_leibler_divergence": "kl_divergence", "logcosh": "log_cosh", "huber_loss": "huber"}

registry = Registry("losses", "loss", Loss, ALIASES)
get, serialize, deserialize = registry.get, registry.serialize, registry.deserialize


def as_loss(identifier: Any) -> Loss | None:
    """Return the loss object for a name, function or loss: what `compile` takes."""
    loss = get(identifier)
    return loss if loss is None or isinstance(loss, Loss) else LossFunctionWrapper(loss)


__all__ = [
    "CTC", "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy", "CategoricalHinge", "Circle", "CosineSimilarity", "Dice", "Hinge", "Huber",
    "KLDivergence", "LogCosh", "Loss", "LossFunctionWrapper", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson", "ResidualSumOfSquares",
    "SparseCategoricalCrossentropy", "SquaredHinge", "Tversky", "as_loss", "binary_crossentropy",
    "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy", "categorical_hinge", "circle", "cosine_similarity", "ctc", "deserialize",
    "dice", "get", "hinge", "huber", "kl_divergence", "log_cosh", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error", "poisson",
    "residual_sum_of_squares", "serialize", "sparse_categorical_crossentropy", "squared_hinge", "tversky",
]  # fmt: skip
_FUNCTIONS = vars(functions) | vars(crossentropies)
registry.add(*(_FUNCTIONS[name] for name in __all__ if name in _FUNCTIONS))
