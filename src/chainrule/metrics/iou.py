"""Intersection over union of classes of pixels, from a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..core import memory
from ..core.errors import ValueProblem
from ..layers.call_context import set_mask
from ..losses.align import check_shapes_fit, same_rank, weighted
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from .metric import Metric, mask_of_pair


class IoU(Metric):
    """The mean over `target_class_ids` of |target and output| / |target or output|, counted in pixels.

    Classes that occur neither in targets nor in outputs are left out of the mean. Labels outside 0 ..
    `num_classes` - 1 do not count. The state, with rows of true and columns of predicted classes, is of floats, since
    weights may be fractions.

    Args:
        ignore_class: a target that does not count, such as 255 for unlabelled pixels.
        sparse_y_true, sparse_y_pred: whether they hold labels; otherwise one-hot targets, or scores, along `axis`.

    >>> round(float(IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333
    """

    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None, dtype: Any = None,
        ignore_class: int | None = None, sparse_y_true: bool = True, sparse_y_pred: bool = True, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        memory.require(4 * num_classes**2, f"a confusion matrix of {num_classes} classes")
        if not target_class_ids or any(not 0 <= i < num_classes for i in target_class_ids):
            passed = f"target_class_ids={list(target_class_ids)} of {num_classes} classes"
            expected = f"at least one number from 0 to {num_classes - 1}"
            raise ValueProblem(passed, expected, "name the classes whose overlap counts")
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_variable((num_classes, num_classes), "zeros", name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        target = as_tensor(y_true) if self.sparse_y_true else ops.argmax(y_true, axis=self.axis)
        output = as_tensor(y_pred) if self.sparse_y_pred else ops.argmax(y_pred, axis=self.axis)
        target, output = same_rank(ops.cast(target, "int32"), ops.cast(output, "int32"))
        check_shapes_fit(target, output)
        ones, weights = weighted(ops.ones(target.shape, self.dtype), sample_weight, mask_of_pair(y_true, y_pred))
        weights = ones if weights is None else ops.broadcast_to(weights, ones.shape)
        weights = ops.reshape(weights, target.shape)
        if self.ignore_class is not None:
            weights = weights * ops.cast(target != self.ignore_class, weights.dtype)
        weighted_target = self._one_hot(target) * ops.reshape(weights, (-1, 1))
        self.total_cm.assign_add(ops.matmul(ops.transpose(weighted_target), self._one_hot(output)))

    def _one_hot(self, labels: Tensor) -> Tensor:
        """Return (pixels, classes): 1 at each pixel's class; a row of zeros for a label that is no class."""
        classes = ops.arange(self.num_classes, dtype="int32")
        return ops.cast(ops.reshape(labels, (-1, 1)) == classes, self.dtype)

    def result(self) -> Tensor:
        matrix = self.total_cm.value
        intersection = ops.diagonal(matrix)
        union = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1) - intersection
        intersection, union = (ops.take(t, self.target_class_ids) for t in (intersection, union))
        occurring = ops.sum(ops.cast(union > 0, matrix.dtype))
        return ops.divide_no_nan(ops.sum(ops.divide_no_nan(intersection, union)), occurring)


class BinaryIoU(IoU):
    """`IoU` of pixels of two classes: an output of at least `threshold` is class 1.

    >>> round(float(BinaryIoU(target_class_ids=[1], threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
    0.3333
    """

    def __init__(
        self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        labels = ops.cast(as_tensor(y_pred) >= self.threshold, "int32")
        set_mask(labels, mask_of_pair(y_true, y_pred))
        super().update_state(y_true, labels, sample_weight)


class MeanIoU(IoU):
    """The mean of `IoU` over all classes.

    >>> round(float(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 1, 1])), 4)
    0.5833
    """

    def __init__(
        self, num_classes: int, name: str | None = None, dtype: Any = None, ignore_class: int | None = None,
        sparse_y_true: bool = True, sparse_y_pred: bool = True, axis: int = -1,
    ) -> None:  # fmt: skip
        classes = range(num_classes)
        super().__init__(num_classes, classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


class OneHotIoU(IoU):
    """`IoU` of one-hot targets and, unless `sparse_y_pred`, of scores.

    >>> float(OneHotIoU(2, [0])([[1, 0], [1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]))
    0.5
    """

    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None, dtype: Any = None,
        ignore_class: int | None = None, sparse_y_pred: bool = False, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot targets and, unless `sparse_y_pred`, of scores.

    >>> float(OneHotMeanIoU(2)([[1, 0], [1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]))
    0.5
    """

    def __init__(
        self, num_classes: int, name: str | None = None, dtype: Any = None, ignore_class: int | None = None,
        sparse_y_pred: bool = False, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
