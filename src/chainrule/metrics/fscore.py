"""F-scores: precision and recall combined in one number."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..core import arguments
from ..core.errors import ShapeError, ValueProblem
from ..losses.align import same_shape, weigh, weighted
from ..tensors.tensor import Tensor
from .metric import Metric, mask_of_pair

AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """(1 + β²) · precision · recall / (β² · precision + recall), of each class or averaged.

    Targets and outputs are (batch, classes), targets of 0 and 1; (batch,) counts as one class, for which a
    threshold is needed. A quotient 0 / 0 is 0.

    Args:
        average: ``None`` for one score per class; ``"micro"`` counts all classes together, ``"macro"`` takes the mean,
            ``"weighted"`` the mean weighted by how often each class is true.
        beta: how many times as much recall counts as precision.
        threshold: outputs above it are positive; default: the largest output of a row, and all equal to it.

    >>> FBetaScore(beta=2.0, threshold=0.5)([[1, 1], [1, 0]], [[0.6, 0.7], [0.4, 0.8]]).numpy().round(4).tolist()
    [0.5556, 0.8333]
    """

    def __init__(
        self, average: str | None = None, beta: float = 1.0, threshold: float | None = None, name: str = "fbeta_score",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        arguments.one_of(AVERAGES, average=average)
        if beta <= 0:
            raise ValueProblem(f"beta={beta}", "a number above 0", "use 1.0 for F1")
        if threshold is not None and not 0 < threshold <= 1:
            raise ValueProblem(f"threshold={threshold}", "above 0, up to 1", "e.g. 0.5, or None for the largest output")
        self.average, self.beta, self.threshold = average, beta, threshold
        self.built = False

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        self.false_positives = self.add_variable(shape, "zeros", name="false_positives")
        self.false_negatives = self.add_variable(shape, "zeros", name="false_negatives")
        self.built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        target, output = same_shape(y_true, y_pred, self.dtype)
        if output.ndim == 1:
            target, output = ops.expand_dims(target, -1), ops.expand_dims(output, -1)
        if output.ndim != 2:
            raise ShapeError(f"outputs of shape {output.shape}", "(batch, classes)", "flatten all axes but the last")
        if self.threshold is None and output.shape[-1] == 1:
            passed = "outputs with one column, which is always the largest"
            expected = "a threshold above which an output is positive"
            raise ValueProblem(passed, expected, f"use {type(self).__name__}(threshold=0.5)")
        if not self.built:
            self._build(output.shape[-1])
        if self.threshold is None:
            is_largest = output >= ops.max(output, axis=-1, keepdims=True)
            is_positive = ops.logical_and(is_largest, ops.absolute(output) > 1e-9)
        else:
            is_positive = output > self.threshold
        positive = ops.cast(is_positive, target.dtype)
        target, weights = weighted(target, sample_weight, mask_of_pair(y_true, y_pred))
        axis = None if self.average == "micro" else 0
        for variable, counted in (
            (self.true_positives, positive * target),
            (self.false_positives, positive * (1 - target)),
            (self.false_negatives, (1 - positive) * target),
        ):
            variable.assign_add(ops.sum(counted if weights is None else weigh(counted, weights), axis=axis))

    def result(self) -> Tensor:
        if not self.built:
            return ops.zeros((), self.dtype)
        square = self.beta**2
        true_positives, false_negatives = (1 + square) * self.true_positives, square * self.false_negatives
        scores = ops.divide_no_nan(true_positives, true_positives + false_negatives + self.false_positives)
        if self.average == "weighted":
            support = self.true_positives + self.false_negatives
            return ops.divide_no_nan(ops.sum(scores * support), ops.sum(support))
        return scores if self.average is None else ops.mean(scores)


class F1Score(FBetaScore):
    """2 · precision · recall / (precision + recall), of each class or averaged; see `FBetaScore`.

    >>> F1Score(threshold=0.5)([[1, 1], [1, 0]], [[0.6, 0.7], [0.4, 0.8]]).numpy().round(4).tolist()
    [0.6667, 0.6667]
    """

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str = "f1_score", dtype: Any = None
    ) -> None:
        super().__init__(average=average, threshold=threshold, name=name, dtype=dtype)
