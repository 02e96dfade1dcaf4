"""How often the prediction is right: accuracies as functions, a 0 or 1 for each example, and as metrics."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..core.errors import ShapeError, ValueProblem
from ..graph import floatx
from ..losses.align import check_shapes_fit, same_rank
from ..tensors.tensor import Tensor, as_tensor
from .metric import MeanMetricWrapper


def _fitting(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    target, output = same_rank(as_tensor(y_true), as_tensor(y_pred))
    check_shapes_fit(target, output)
    return target, output


def _ones_where(right: Tensor) -> Tensor:
    return ops.cast(right, floatx())


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the prediction is the target itself.

    >>> accuracy([1, 2, 3], [1, 2, 4])
    tensor([1., 1., 0.])
    """
    target, output = _fitting(y_true, y_pred)
    return _ones_where(target == output)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """1 where an output above `threshold` stands for a target of 1, or one up to it for a target of 0.

    >>> binary_accuracy([1.0, 0.0, 1.0], [0.75, 0.25, 0.5])
    tensor([1., 1., 0.])
    """
    target, output = _fitting(y_true, y_pred)
    return _ones_where(target == ops.cast(output > threshold, floatx()))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest output is the class of the one-hot target; of equal outputs the first counts.

    >>> categorical_accuracy([[0.0, 1.0], [1.0, 0.0]], [[0.25, 0.75], [0.25, 0.75]])
    tensor([1., 0.])
    """
    target, output = as_tensor(y_true), as_tensor(y_pred)
    check_shapes_fit(target, output)
    return _ones_where(ops.argmax(target, axis=-1) == ops.argmax(output, axis=-1))


def _labels(y_true: Any, output: Tensor) -> Tensor:
    """Class labels, one for each row of `output`, as whole numbers."""
    labels = as_tensor(y_true)
    if labels.ndim == output.ndim and labels.shape[-1] == 1:
        labels = ops.squeeze(labels, -1)
    if labels.ndim != output.ndim - 1 or any(
        m != n for m, n in zip(labels.shape, output.shape, strict=False) if None not in (m, n)
    ):
        raise ShapeError(
            f"labels of shape {labels.shape} for outputs of shape {output.shape}",
            f"labels of shape {output.shape[:-1]}, each the number of a class",
            "for one-hot targets use the categorical metric of the same name without sparse_",
        )
    return labels if labels.dtype.kind in "iu" else ops.cast(labels, "int32")


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest output is at the target, a whole number from 0 up; of equal outputs the first counts.

    >>> sparse_categorical_accuracy([1, 0], [[0.25, 0.75], [0.25, 0.75]])
    tensor([1., 0.])
    """
    output = as_tensor(y_pred)
    return _ones_where(_labels(y_true, output) == ops.argmax(output, axis=-1))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where fewer than `k` outputs exceed that of the one-hot target's class.

    >>> top_k_categorical_accuracy([[0, 0, 1], [1, 0, 0]], [[0.1, 0.7, 0.2], [0.0, 0.7, 0.3]], k=2)
    tensor([1., 0.])
    """
    target, output = as_tensor(y_true), as_tensor(y_pred)
    check_shapes_fit(target, output)
    return _among_best(ops.argmax(target, axis=-1), output, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """1 where fewer than `k` outputs exceed that of the target's class.

    Args:
        from_sorted_ids: whether outputs are no scores but classes, the best first.

    >>> sparse_top_k_categorical_accuracy([2, 0], [[0.1, 0.7, 0.2], [0.0, 0.7, 0.3]], k=2)
    tensor([1., 0.])
    """
    output = as_tensor(y_pred)
    labels = _labels(y_true, output)
    if from_sorted_ids:
        return _ones_where(ops.any(ops.expand_dims(labels, -1) == output[..., : _at_least_one(k)], axis=-1))
    return _among_best(labels, output, k)


def _among_best(labels: Tensor, output: Tensor, k: int) -> Tensor:
    own = ops.take_along_axis(output, ops.expand_dims(labels, -1), axis=-1)
    better = ops.sum(ops.cast(output > own, "int32"), axis=-1)
    return _ones_where(better < _at_least_one(k))


def _at_least_one(k: int) -> int:
    if k < 1:
        raise ValueProblem(f"k={k}", "how many of the best outputs count, 1 or more", "e.g. k=5")
    return k


class Accuracy(MeanMetricWrapper):
    """The share of predictions that are the target itself (not the word ``"accuracy"`` of ``compile``: see `resolve`).

    >>> float(Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]))
    0.75
    """

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """The share of yes-or-no targets on the right side of `threshold`.

    >>> float(BinaryAccuracy()([1.0, 1.0, 0.0, 0.0], [0.98, 1.0, 0.0, 0.6]))
    0.75
    """

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        if not 0 <= threshold <= 1:
            raise ValueProblem(f"threshold={threshold}", "a probability from 0 to 1", "e.g. 0.5")
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """The share of one-hot targets whose class has the largest output.

    >>> float(CategoricalAccuracy()([[0, 1], [1, 0]], [[0.25, 0.75], [0.25, 0.75]]))
    0.5
    """

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The share of targets, whole numbers from 0 up, at which the output is largest.

    >>> float(SparseCategoricalAccuracy()([1, 0], [[0.25, 0.75], [0.25, 0.75]]))
    0.5
    """

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of one-hot targets whose class is among the `k` largest outputs.

    >>> float(TopKCategoricalAccuracy(k=1)([[0, 1], [1, 0]], [[0.25, 0.75], [0.25, 0.75]]))
    0.5
    """

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=_at_least_one(k))


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of targets, whole numbers from 0 up, that are among the `k` largest outputs.

    >>> float(SparseTopKCategoricalAccuracy(k=1)([1, 0], [[0.25, 0.75], [0.25, 0.75]]))
    0.5
    """

    def __init__(
        self,
        k: int = 5,
        name: str = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        extra = {"k": _at_least_one(k), "from_sorted_ids": from_sorted_ids}
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, **extra)
