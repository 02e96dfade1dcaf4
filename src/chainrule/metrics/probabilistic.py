"""Losses of probabilities and scores, as metrics."""

from __future__ import annotations

from typing import Any

from .. import losses
from .metric import MeanMetricWrapper


class KLDivergence(MeanMetricWrapper):
    """The mean of the sum of target log(target / output), of two distributions.

    >>> float(KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
    0.0
    """

    def __init__(self, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """The mean of output - target log(output).

    >>> float(Poisson()([[0.0]], [[2.0]]))
    2.0
    """

    def __init__(self, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(losses.poisson, name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of -log of the probability of the true class, for targets of 0 and 1.

    Args:
        from_logits: whether outputs are scores, before a sigmoid. label_smoothing: the share by which targets move
            towards 1/2.

    >>> round(float(BinaryCrossentropy()([[1.0]], [[0.5]])), 4)
    0.6931
    """

    def __init__(
        self, name: str = "binary_crossentropy", dtype: Any = None, from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:  # fmt: skip
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.binary_crossentropy, name, dtype, **options)


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of -log of the probability of the true class, for one-hot targets.

    Args:
        from_logits: whether outputs are scores, before a softmax. label_smoothing: the share by which targets move
            towards 1 / classes. axis: of the classes.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self, name: str = "categorical_crossentropy", dtype: Any = None, from_logits: bool = False,
        label_smoothing: float = 0, axis: int = -1,
    ) -> None:  # fmt: skip
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(losses.categorical_crossentropy, name, dtype, **options)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of -log of the probability of the true class, for targets that are whole numbers from 0 up.

    Args:
        from_logits: whether outputs are scores, before a softmax. ignore_class: a label that does not count, neither
            in the sum nor in the number of examples. axis: of the classes. label_smoothing: the share by which the
            targets, as one-hot rows, move towards 1 / classes.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self, name: str = "sparse_categorical_crossentropy", dtype: Any = None, from_logits: bool = False,
        ignore_class: int | None = None, axis: int = -1, label_smoothing: float = 0.0,
    ) -> None:  # fmt: skip
        options: dict[str, Any] = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        options["label_smoothing"] = label_smoothing
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, **options)


class Hinge(MeanMetricWrapper):
    """The mean of max(0, 1 - target output), for labels -1 and 1 (or 0 and 1).

    >>> float(Hinge()([[1.0]], [[0.25]]))
    0.75
    """

    def __init__(self, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """The mean of max(0, 1 - target output)².

    >>> float(SquaredHinge()([[1.0]], [[0.5]]))
    0.25
    """

    def __init__(self, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """The mean of max(0, 1 + best wrong score - right score), for one-hot labels.

    >>> float(CategoricalHinge()([[1.0, 0.0]], [[0.5, 0.25]]))
    0.75
    """

    def __init__(self, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)
