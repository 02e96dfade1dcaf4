"""How often predictions are right: accuracies as functions, a 0 or 1 for each example, and as metrics."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..core import arguments
from ..core.errors import ShapeError, ValueProblem
from ..graph import floatx
from ..losses.align import check_shapes_fit, same_rank
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from .metric import MeanMetricWrapper


def _same_shape(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return target and output as tensors of one shape, or raise a `ShapeError`."""
    target, output = same_rank(as_tensor(y_true), as_tensor(y_pred))
    check_shapes_fit(target, output)
    return target, output


def _as_float(condition: Tensor) -> Tensor:
    """Return 1 where the condition holds, else 0."""
    return ops.cast(condition, floatx())


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the prediction equals the target, else 0.

    >>> accuracy([1, 2, 3], [1, 2, 4])
    tensor([1., 1., 0.])
    """
    target, output = _same_shape(y_true, y_pred)
    return _as_float(target == output)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """Return 1 where an output above `threshold` has the target 1, or another output the target 0; else 0.

    >>> binary_accuracy([1.0, 0.0, 1.0], [0.75, 0.25, 0.5])
    tensor([1., 1., 0.])
    """
    target, output = _same_shape(y_true, y_pred)
    return _as_float(target == ops.cast(output > threshold, floatx()))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the largest output is the class of the one-hot target; of equal outputs the first counts.

    >>> categorical_accuracy([[0.0, 1.0], [1.0, 0.0]], [[0.25, 0.75], [0.25, 0.75]])
    tensor([1., 0.])
    """
    target, output = as_tensor(y_true), as_tensor(y_pred)
    check_shapes_fit(target, output)
    return _as_float(ops.argmax(target, axis=-1) == ops.argmax(output, axis=-1))


def _labels(y_true: Any, output: Tensor) -> Tensor:
    """Return class labels, one for each row of `output`, as whole numbers."""
    labels = as_tensor(y_true)
    if labels.ndim == output.ndim and labels.shape[-1] == 1:
        labels = ops.squeeze(labels, -1)
    sizes = zip(labels.shape, output.shape, strict=False)
    if labels.ndim != output.ndim - 1 or any(m != n and None not in (m, n) for m, n in sizes):
        passed = f"labels of shape {labels.shape} for outputs of shape {output.shape}"
        expected = f"labels of shape {output.shape[:-1]}, each the index of a class"
        mend = "for one-hot targets use the categorical metric of the same name without sparse_"
        raise ShapeError(passed, expected, mend)
    return labels if labels.dtype.kind in "iu" else ops.cast(labels, "int32")


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the largest output is at the target, a whole number from 0 up; of equal outputs the first counts.

    >>> sparse_categorical_accuracy([1, 0], [[0.25, 0.75], [0.25, 0.75]])
    tensor([1., 0.])
    """
    output = as_tensor(y_pred)
    return _as_float(_labels(y_true, output) == ops.argmax(output, axis=-1))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Return 1 where fewer than `k` outputs exceed that of the one-hot target's class, else 0.

    >>> top_k_categorical_accuracy([[0, 0, 1], [1, 0, 0]], [[0.1, 0.7, 0.2], [0.0, 0.7, 0.3]], k=2)
    tensor([1., 0.])
    """
    target, output = as_tensor(y_true), as_tensor(y_pred)
    check_shapes_fit(target, output)
    return _is_in_top_k(ops.argmax(target, axis=-1), output, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """Return 1 where fewer than `k` outputs exceed that of the target's class, else 0.

    Args:
        from_sorted_ids: whether outputs are classes rather than scores, the best first.

    >>> sparse_top_k_categorical_accuracy([2, 0], [[0.1, 0.7, 0.2], [0.0, 0.7, 0.3]], k=2)
    tensor([1., 0.])
    """
    output = as_tensor(y_pred)
    labels = _labels(y_true, output)
    if from_sorted_ids:
        top_k = output[..., : arguments.at_least(1, k=k)]
        return _as_float(ops.any(ops.expand_dims(labels, -1) == top_k, axis=-1))
    return _is_in_top_k(labels, output, k)


def _is_in_top_k(labels: Tensor, output: Tensor, k: int) -> Tensor:
    """Return 1 where fewer than `k` outputs exceed that of the label, else 0."""
    label_output = ops.take_along_axis(output, ops.expand_dims(labels, -1), axis=-1)
    larger = ops.sum(ops.cast(output > label_output, "int32"), axis=-1)
    return _as_float(larger < arguments.at_least(1, k=k))


class Accuracy(MeanMetricWrapper):
    """The share of predictions that equal the target (for ``"accuracy"`` in ``compile``, see `resolve`).

    >>> float(Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]))
    0.75
    """

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """The share of targets of 0 and 1 whose output is on the right side of `threshold`.

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
        super().__init__(top_k_categorical_accuracy, name, dtype, k=arguments.at_least(1, k=k))


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of targets, whole numbers from 0 up, that are among the `k` largest outputs.

    >>> float(SparseTopKCategoricalAccuracy(k=1)([1, 0], [[0.25, 0.75], [0.25, 0.75]]))
    0.5
    """

    def __init__(
        self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:  # fmt: skip
        options = {"k": arguments.at_least(1, k=k), "from_sorted_ids": from_sorted_ids}
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, **options)
