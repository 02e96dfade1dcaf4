"""F-scores: precision and recall in one number."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..core.errors import ShapeError, ValueProblem
from ..losses.align import check_shapes_fit, pair, weighted
from ..tensors.tensor import Tensor
from .metric import Metric, output_mask

AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """(1 + β²) · precision · recall / (β² · precision + recall), of each class or averaged.

    Targets and outputs are (batch, classes), targets of 0 and 1; (batch,) counts as one class, for which a
    threshold is needed. A quotient 0 / 0 is 0.

    Args:
        average: ``None`` for one score a class; ``"micro"`` counts all classes together, ``"macro"`` takes the mean,
            ``"weighted"`` the mean weighted by how often each class is true.
        beta: how many times as much recall counts as precision.
        threshold: above which an output says yes; default: the largest output of a row does, and all equal to it.

    >>> FBetaScore(beta=2.0, threshold=0.5)([[1, 1], [1, 0]], [[0.6, 0.7], [0.4, 0.8]]).numpy().round(4)
    array([0.5556, 0.8333], dtype=float32)
    """

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if average not in AVERAGES:
            raise ValueProblem(f"average={average!r}", ", ".join(map(repr, AVERAGES)), "name one of these")
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
        target, output = pair(y_true, y_pred, self.dtype)
        check_shapes_fit(target, output)
        if output.ndim == 1:
            target, output = ops.expand_dims(target, -1), ops.expand_dims(output, -1)
        if output.ndim != 2:
            raise ShapeError(f"outputs of shape {output.shape}", "(batch, classes)", "flatten all axes but the last")
        if self.threshold is None and output.shape[-1] == 1:
            raise ValueProblem(
                "outputs with one column, whose largest is always that one",
                "a threshold above which an output says yes",
                f"use {type(self).__name__}(threshold=0.5)",
            )
        if not self.built:
            self._build(output.shape[-1])
        if self.threshold is None:
            best = output >= ops.max(output, axis=-1, keepdims=True)
            said = ops.logical_and(best, ops.absolute(output) > 1e-9)
        else:
            said = output > self.threshold
        yes = ops.cast(said, target.dtype)
        target, weights = weighted(target, sample_weight, output_mask(y_pred))
        axis = None if self.average == "micro" else 0
        for variable, hits in (
            (self.true_positives, yes * target),
            (self.false_positives, yes * (1 - target)),
            (self.false_negatives, (1 - yes) * target),
        ):
            variable.assign_add(ops.sum(hits if weights is None else hits * weights, axis=axis))

    def result(self) -> Tensor:
        if not self.built:
            return ops.zeros((), self.dtype)
        square = self.beta**2
        hits, missed = (1 + square) * self.true_positives, square * self.false_negatives
        scores = ops.divide_no_nan(hits, hits + missed + self.false_positives)
        if self.average == "weighted":
            often = self.true_positives + self.false_negatives
            return ops.divide_no_nan(ops.sum(scores * often), ops.sum(often))
        return scores if self.average is None else ops.mean(scores)


class F1Score(FBetaScore):
    """2 · precision · recall / (precision + recall), of each class or averaged; see `FBetaScore`.

    >>> F1Score(threshold=0.5)([[1, 1], [1, 0]], [[0.6, 0.7], [0.4, 0.8]]).numpy().round(4)
    array([0.6667, 0.6667], dtype=float32)
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average=average, threshold=threshold, name=name, dtype=dtype)
