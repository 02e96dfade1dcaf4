"""True and false positives and negatives at thresholds, and metrics of them: precision, recall, curves, AUC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..core import arguments, memory
from ..core.errors import ShapeError, ValueProblem
from ..layers.call_context import set_mask
from ..losses.align import same_shape, weighted
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable
from .metric import Metric, mask_of_pair

COUNTS = {  # name -> (whether the target is positive, whether the output is above the threshold)
    "true_positives": (True, True),
    "false_positives": (False, True),
    "true_negatives": (False, False),
    "false_negatives": (True, False),
}
EPSILON = 1e-7


class _ConfusionMetric(Metric):
    """A metric whose state is some of the four counts, each of shape (thresholds,), or (thresholds, labels).

    An output is predicted positive above a threshold, negative at it. Any target but 0 is positive.
    """

    def __init__(
        self, counts: Sequence[str], thresholds: Sequence[float], name: str | None, dtype: Any,
        top_k: int | None = None, class_id: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        self._counts, self._thresholds = tuple(counts), np.asarray(thresholds, "float64")
        self.top_k, self.class_id = top_k, class_id

    def _build(self, *labels: int) -> None:
        """Make the variables of the counts, with an axis of `labels` if their number is given."""
        self.state: dict[str, Variable] = {
            count: self.add_variable((len(self._thresholds), *labels), "zeros", name=count) for count in self._counts
        }

    def _values(self) -> tuple[Tensor, ...]:
        """Return the counts, in the order in which the constructor got their names."""
        return tuple(self.state[count].value for count in self._counts)

    def _count(
        self, y_true: Any, y_pred: Any, sample_weight: Any, each_label: bool = False, label_weights: Any = None
    ) -> None:
        """Add a batch to the counts, of each label or of all together."""
        target, output = same_shape(y_true, y_pred, self.dtype)
        if self.top_k is not None:
            output = _keep_top_k(output, self.top_k)
        if self.class_id is not None:
            target, output = (_column(t, self.class_id) for t in (target, output))
        target, weights = weighted(target, sample_weight, mask_of_pair(y_true, y_pred))
        weights = ops.ones_like(target) if weights is None else ops.broadcast_to(weights, target.shape)
        if label_weights is not None:
            weights = weights * ops.cast(as_tensor(label_weights), weights.dtype)
        positive = ops.cast(target != 0, weights.dtype)
        shape = (-1, output.shape[-1]) if each_label else (-1, 1)
        # each list: of negatives, of positives; (labels, 1, examples) times (labels, examples, thresholds)
        by_class = (weights * (1 - positive), weights * positive)
        target_weights = [ops.expand_dims(ops.transpose(ops.reshape(w, shape)), 1) for w in by_class]
        thresholds = ops.cast(as_tensor(self._thresholds), output.dtype)
        above = ops.expand_dims(ops.transpose(ops.reshape(output, shape)), -1) > thresholds
        predicted = [ops.cast(x, weights.dtype) for x in (ops.logical_not(above), above)]
        for count, variable in self.state.items():
            is_positive, is_predicted = COUNTS[count]
            product = ops.matmul(target_weights[is_positive], predicted[is_predicted])
            variable.assign_add(ops.reshape(ops.transpose(ops.squeeze(product, 1)), variable.shape))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch to the counts: targets of 0 and 1, outputs from 0 to 1, of one shape."""
        self._count(y_true, y_pred, sample_weight)


def _keep_top_k(output: Tensor, k: int) -> Tensor:
    """Return the output with all but the k largest of each row set below every threshold."""
    _, indices = ops.top_k(output, k)
    is_top = ops.sum(ops.one_hot(indices, output.shape[-1], dtype="int32"), axis=-2)
    return ops.where(is_top > 0, output, float("-inf"))


def _column(t: Tensor, class_id: int) -> Tensor:
    """Return the column of a class, as a last axis of 1."""
    if t.ndim < 2 or not 0 <= class_id < t.shape[-1]:
        passed = f"class_id={class_id} with outputs of shape {t.shape}"
        expected = "outputs of shape (batch, classes), and the index of one of these classes"
        raise ShapeError(passed, expected, "count classes from 0, or leave class_id out")
    return t[..., class_id : class_id + 1]


def _as_list(thresholds: Any, default: float) -> list[float]:
    """Return one or more thresholds as a list, after a check that they are from 0 to 1."""
    if thresholds is None:
        return [default]
    listed = [float(t) for t in np.ravel(thresholds)]
    if not listed or not all(0 <= t <= 1 for t in listed):
        raise ValueProblem(f"thresholds={thresholds}", "one or more numbers from 0 to 1", "e.g. thresholds=0.5")
    return listed


def _evenly_spaced(count: int) -> list[float]:
    """Return `count` thresholds from 0 to 1 at equal distances; a single one is 0.5."""
    memory.require(40 * count, f"{count} thresholds")  # a number and its place in a list
    return [i / (count - 1) for i in range(count)] if count > 1 else [0.5]


class _OneCount(_ConfusionMetric):
    """One of the four counts."""

    count: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__([self.count], _as_list(thresholds, 0.5), name, dtype)
        self._build()

    def result(self) -> Tensor:
        (counts,) = self._values()
        return counts[0] if len(self._thresholds) == 1 else counts


class TruePositives(_OneCount):
    """The number, or the weight, of positive targets with outputs above the threshold, for each threshold.

    >>> float(TruePositives()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]))
    2.0
    """

    count = "true_positives"


class TrueNegatives(_OneCount):
    """The number, or the weight, of targets 0 with outputs not above the threshold, for each threshold.

    >>> float(TrueNegatives()([0, 1, 0, 0], [1.0, 1.0, 0.0, 0.0]))
    2.0
    """

    count = "true_negatives"


class FalsePositives(_OneCount):
    """The number, or the weight, of targets 0 with outputs above the threshold, for each threshold.

    >>> float(FalsePositives()([0, 1, 0, 0], [0.0, 0.0, 1.0, 1.0]))
    2.0
    """

    count = "false_positives"


class FalseNegatives(_OneCount):
    """The number, or the weight, of positive targets with outputs not above the threshold, for each threshold.

    >>> float(FalseNegatives()([0, 1, 1, 1], [0.0, 1.0, 0.0, 0.0]))
    2.0
    """

    count = "false_negatives"


class _Quotient(_ConfusionMetric):
    """True positives over the sum of true positives and another count; 0 where both are 0."""

    other: str

    def __init__(
        self, thresholds: Any = None, top_k: int | None = None, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        listed = _as_list(thresholds, 0.5 if top_k is None else float("-inf"))
        super().__init__(["true_positives", self.other], listed, name, dtype, top_k, class_id)
        self._build()

    def result(self) -> Tensor:
        true_positives, other = self._values()
        quotients = ops.divide_no_nan(true_positives, true_positives + other)
        return quotients[0] if len(self._thresholds) == 1 else quotients


class Precision(_Quotient):
    """The share of positive targets among the outputs above the threshold, for each threshold.

    Args:
        thresholds: a number or several from 0 to 1; default 0.5, or none with `top_k`.
        top_k: only the k largest outputs of a row can be positive. class_id: count this column alone.

    >>> round(float(Precision()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])), 4)
    0.6667
    """

    other = "false_positives"


class Recall(_Quotient):
    """The share of positive targets whose output is above the threshold, for each threshold.

    The arguments are those of `Precision`.

    >>> round(float(Recall()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])), 4)
    0.6667
    """

    other = "false_negatives"


class _BestRate(_ConfusionMetric):
    """The best of one rate, over evenly spaced thresholds at which another is at least `value`; else 0."""

    _rates: tuple[str, str]  # of "recall", "precision" and "specificity", the one to maximize and the other

    def __init__(
        self, value: float, argument: str, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any
    ) -> None:
        if not 0 <= value <= 1:
            raise ValueProblem(f"{argument}={value}", "a share from 0 to 1", f"e.g. {argument}=0.5")
        thresholds = _evenly_spaced(arguments.at_least(1, num_thresholds=num_thresholds))
        super().__init__(tuple(COUNTS), thresholds, name, dtype, class_id=class_id)
        self.value = value
        self._build()

    def result(self) -> Tensor:
        tp, fp, tn, fn = self._values()
        quotients = {"recall": (tp, tp + fn), "precision": (tp, tp + fp), "specificity": (tn, tn + fp)}
        best, other = (ops.divide_no_nan(*quotients[rate]) for rate in self._rates)
        return ops.max(ops.where(other >= self.value, best, 0.0))


class SensitivityAtSpecificity(_BestRate):
    """The best sensitivity tp / (tp + fn) at which specificity tn / (tn + fp) is at least `specificity`.

    >>> float(SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    _rates = ("recall", "specificity")

    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(specificity, "specificity", num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_BestRate):
    """The best specificity tn / (tn + fp) at which sensitivity tp / (tp + fn) is at least `sensitivity`.

    >>> round(float(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])), 4)
    0.6667
    """

    _rates = ("specificity", "recall")

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(sensitivity, "sensitivity", num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_BestRate):
    """The best precision tp / (tp + fp) at which recall tp / (tp + fn) is at least `recall`.

    >>> float(PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    _rates = ("precision", "recall")

    def __init__(
        self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(recall, "recall", num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_BestRate):
    """The best recall tp / (tp + fn) at which precision tp / (tp + fp) is at least `precision`.

    >>> float(RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.5
    """

    _rates = ("recall", "precision")

    def __init__(
        self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(precision, "precision", num_thresholds, class_id, name, dtype)


class AUC(_ConfusionMetric):
    """The area under a curve whose points belong to thresholds from 0 to 1, as a Riemann sum over thresholds.

    Args:
        num_thresholds: the number of evenly spaced thresholds; the more, the closer to the exact area.
        curve: ``"ROC"`` (recall over false-positive rate), ``"PR"`` (precision over recall), or ``"PRGAIN"``
            (Flach and Kull, 2015).
        summation_method: ``"interpolation"`` (trapezoids; for PR, true positives are interpolated, not their
            quotient: Davis and Goadrich, 2006), ``"minoring"`` (the lower end of each step) or ``"majoring"``.
        thresholds: your own, in place of `num_thresholds`; the ends 0 and 1 are added.
        multi_label: whether each column of (batch, labels) has its own curve; the mean is taken.
        num_labels: with `multi_label`, the number of columns; default: that of the first batch.
        label_weights: of the columns; without `multi_label`, of the entries of each column.
        from_logits: whether outputs are scores, before a sigmoid.

    The area is nan if it is not defined: without positive targets, and but for the PR curve without negative ones.
    Columns of which this is true do not count in the mean.

    >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.75
    """

    def __init__(
        self, num_thresholds: int = 200, curve: str = "ROC", summation_method: str = "interpolation",
        name: str | None = None, dtype: Any = None, thresholds: Sequence[float] | None = None,
        multi_label: bool = False, num_labels: int | None = None, label_weights: Any = None, from_logits: bool = False,
    ) -> None:  # fmt: skip
        curve, summation_method = str(curve).upper(), str(summation_method).lower()
        arguments.one_of(("ROC", "PR", "PRGAIN"), curve=curve)
        arguments.one_of(("interpolation", "minoring", "majoring"), summation_method=summation_method)
        if num_labels and not multi_label:
            passed = f"num_labels={num_labels} without multi_label"
            raise ValueProblem(passed, "num_labels with multi_label=True", "leave num_labels out")
        if thresholds is None:
            inner = _evenly_spaced(arguments.at_least(2, num_thresholds=num_thresholds))[1:-1]
        else:
            inner = sorted(_as_list(thresholds, 0.5))
        super().__init__(tuple(COUNTS), [-EPSILON, *inner, 1 + EPSILON], name, dtype)
        self.curve, self.summation_method, self.multi_label = curve, summation_method, multi_label
        self.label_weights, self.from_logits = label_weights, from_logits
        self.state = {}
        if not multi_label:
            self._build()
        elif num_labels:
            self._build(num_labels)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        output = as_tensor(y_pred)
        if self.multi_label and output.ndim != 2:
            passed = f"outputs of shape {output.shape} with multi_label=True"
            raise ShapeError(passed, "(batch, labels)", "leave multi_label out")
        if not self.state:
            self._build(output.shape[-1])
        if self.from_logits:
            mask = mask_of_pair(y_true, y_pred)
            output = ops.sigmoid(output)
            set_mask(output, mask)
        label_weights = None if self.multi_label else self.label_weights
        self._count(y_true, output, sample_weight, self.multi_label, label_weights)

    def result(self) -> Tensor:
        if not self.state:
            return ops.zeros((), self.dtype)
        is_interpolated = (self.curve, self.summation_method) == ("PR", "interpolation")
        areas = ops.sum(self._interpolated_areas() if is_interpolated else self._rectangle_areas(), axis=0)
        tp, fp, tn, fn = (count[0] for count in self._values())
        defined = tp + fn > 0 if self.curve == "PR" else ops.logical_and(tp + fn > 0, fp + tn > 0)
        weights = ops.ones_like(areas)
        if self.multi_label and self.label_weights is not None:
            weights = ops.cast(as_tensor(self.label_weights), areas.dtype)
        weights = ops.where(defined, weights, 0.0)
        area = ops.divide_no_nan(ops.sum(ops.where(defined, areas, 0.0) * weights), ops.sum(weights))
        is_undefined = ops.logical_and(ops.logical_not(ops.any(defined)), ops.any(tp + fp + tn + fn > 0))
        return ops.where(is_undefined, float("nan"), area)

    def _rectangle_areas(self) -> Tensor:
        """Return the area of each step: its width times the mean, the smaller or the larger of its two heights."""
        x, y = self._curve()
        left, right = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            heights = (left + right) / 2
        else:
            heights = (ops.minimum if self.summation_method == "minoring" else ops.maximum)(left, right)
        return (x[:-1] - x[1:]) * heights

    def _curve(self) -> tuple[Tensor, Tensor]:
        """Return the curve's x and y at each threshold."""
        tp, fp, tn, fn = self._values()
        recall = ops.divide_no_nan(tp, tp + fn)
        if self.curve == "ROC":
            return ops.divide_no_nan(fp, fp + tn), recall
        if self.curve == "PR":
            return recall, ops.divide_no_nan(tp, tp + fp)
        odds = ops.divide_no_nan(tp + fn, tn + fp)
        recall_gain = 1 - odds * ops.divide_no_nan(fn, tp)
        precision_gain = 1 - odds * ops.divide_no_nan(fp, tp)
        no_positives = ops.equal(tp, 0)
        x = ops.where(no_positives, 0.0, ops.maximum(recall_gain, 0.0))
        return x, ops.where(no_positives, 1.0, precision_gain)

    def _interpolated_areas(self) -> Tensor:
        """Return the area of each step, if true positives grow linearly with all predicted positives.

        With p of them, tp(p) = a + b p, so the area is the integral of (a + b p) / p over tp: b (Δtp + a log(p1 / p0)).
        """
        tp, fp, _, fn = self._values()
        p = tp + fp
        increase = tp[:-1] - tp[1:]
        slope = ops.divide_no_nan(increase, ops.maximum(p[:-1] - p[1:], 0.0))
        intercept = tp[1:] - slope * p[1:]
        nonzero = ops.logical_and(p[:-1] > 0, p[1:] > 0)
        ratio = ops.where(nonzero, ops.divide_no_nan(p[:-1], p[1:]), 1.0)
        return ops.divide_no_nan(slope * (increase + intercept * ops.log(ratio)), tp[1:] + fn[1:])
