"""Cross-entropies and other losses of class labels as functions, under Keras's names.

Outputs are probabilities, which 1e-7, Keras's epsilon, keeps from 0 and 1; or, ``from_logits``, scores, of which
logarithms of probabilities are computed without probabilities. What has the probability 0 and is no target does not
count.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..core.errors import ShapeError, ValueProblem
from ..layers.call_context import set_mask
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from .align import pair, same_shape
from .entries import values_of

EPSILON = 1e-7


def _smooth_labels(target: Tensor, label_smoothing: float, classes: int) -> Tensor:
    """Move labels from 0 and 1 towards 1 / classes by a share (Szegedy et al., arXiv:1512.00567)."""
    if not 0 <= label_smoothing <= 1:
        raise ValueProblem(f"label_smoothing={label_smoothing}", "a share from 0 to 1", "e.g. label_smoothing=0.1")
    return target * (1.0 - label_smoothing) + label_smoothing / classes if label_smoothing else target


@values_of("entries")
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Return the mean of -log of the probability of the true class, for targets of 0 and 1.

    Args:
        from_logits: whether outputs are scores, before a sigmoid. label_smoothing: the share by which
            targets move towards 1/2.

    >>> round(binary_crossentropy([[1.0]], [[0.5]]).item(), 4)
    0.6931
    """
    target, output = same_shape(y_true, y_pred)
    target = _smooth_labels(target, label_smoothing, 2)
    return ops.mean(ops.binary_crossentropy(target, output, from_logits=from_logits), axis=axis)


@values_of("entries")
def binary_focal_crossentropy(
    y_true: Any, y_pred: Any, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,
    from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Tensor:  # fmt: skip
    """Return the binary cross-entropy, weighted so that easy examples count little (Lin et al., arXiv:1708.02002).

    >>> round(binary_focal_crossentropy([[1.0]], [[0.5]]).item(), 4)
    0.1733
    """
    target, output = same_shape(y_true, y_pred)
    target = _smooth_labels(target, label_smoothing, 2)
    probability = ops.sigmoid(output) if from_logits else output
    complement = ops.sigmoid(-output) if from_logits else 1.0 - output
    wrong = target * complement + (1.0 - target) * probability  # the probability of the other class
    losses = _power(wrong, gamma) * ops.binary_crossentropy(target, output, from_logits=from_logits)
    if apply_class_balancing:
        losses = (target * alpha + (1 - target) * (1 - alpha)) * losses
    return ops.mean(losses, axis=axis)


@values_of("rows")
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Return -log of the probability of the true class, for one-hot targets.

    Args:
        from_logits: whether outputs are scores, before a softmax; otherwise they are divided by their sum.

    >>> round(categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).item(), 4)
    0.6931
    """
    target, output = pair(y_true, y_pred)
    if target.shape != output.shape and None not in (*target.shape, *output.shape):
        passed = f"targets of shape {target.shape} for outputs of shape {output.shape}"
        others = "use sparse_categorical_crossentropy, or make them one-hot with utils.to_categorical(y)"
        mend = f"for labels that are whole numbers {others}"
        raise ShapeError(passed, "one-hot targets, as many columns as classes", mend)
    target = _smooth_labels(target, label_smoothing, target.shape[axis])
    return ops.categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


@values_of("rows")
def categorical_focal_crossentropy(
    y_true: Any, y_pred: Any, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Tensor:  # fmt: skip
    """Return the categorical cross-entropy, weighted so that easy examples count little (Lin et al., arXiv:1708.02002).

    >>> round(categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).item(), 4)
    0.0433
    """
    target, output = same_shape(y_true, y_pred)
    target = _smooth_labels(target, label_smoothing, target.shape[-1])
    if from_logits:
        logs = ops.log_softmax(output, axis=axis)
        wrong = -ops.expm1(logs)  # 1 - p, to the last digit where p is nearly 1
    else:
        total = ops.sum(output, axis=axis, keepdims=True)
        shares = output / ops.where(total == 0, ops.ones_like(total), total)
        probabilities = ops.clip(shares, EPSILON, 1 - EPSILON)
        logs, wrong = ops.log(probabilities), 1.0 - probabilities
    counted = ops.where(target == 0, ops.zeros_like(logs), logs)
    return ops.sum(alpha * _power(wrong, gamma) * -target * counted, axis=axis)


def _power(base: Tensor, exponent: float) -> Tensor:
    """Return a power of numbers from 0 up; at 0 its slope, for exponents below 1 infinite, is taken to be 0.

    The slope of a loss with such a factor is 0 there, since the other factor is 0 too.
    """
    positive = base > 0
    power = ops.power(ops.where(positive, base, ops.ones_like(base)), exponent)
    return ops.where(positive, power, ops.full_like(base, 0.0**exponent))


@values_of("rows")
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1,
    label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """Return -log of the probability of the true class, for targets that are whole numbers from 0 up.

    Args:
        ignore_class: a label that does not count, such as 255 for unlabelled pixels. label_smoothing: the share by
            which the targets, as one-hot rows, move towards 1 / classes.

    >>> round(sparse_categorical_crossentropy([1], [[0.5, 0.5]]).item(), 4)
    0.6931
    """
    output = as_tensor(y_pred)
    labels = as_tensor(y_true)
    if labels.dtype.kind not in "iu":
        labels = ops.cast(labels, "int32")
    if labels.ndim == output.ndim and labels.shape[axis] == 1:
        labels = ops.squeeze(labels, axis)
    if ignore_class is None:
        return _smoothed_crossentropy(labels, output, from_logits, axis, label_smoothing)
    counted = labels != ignore_class
    labels = ops.where(counted, labels, ops.zeros_like(labels))
    output = ops.where(ops.expand_dims(counted, axis), output, ops.ones_like(output))
    losses = _smoothed_crossentropy(labels, output, from_logits, axis, label_smoothing)
    losses = ops.where(counted, losses, ops.zeros_like(losses))
    set_mask(losses, counted)
    return losses


def _smoothed_crossentropy(labels: Tensor, output: Tensor, from_logits: bool, axis: int, share: float) -> Tensor:
    """Return the cross-entropy of labels, of which a share is spread over all classes."""
    losses = ops.sparse_categorical_crossentropy(labels, output, from_logits=from_logits, axis=axis)
    classes = output.shape[axis]
    spread = _smooth_labels(ops.zeros_like(output), share, classes)
    if not share:
        return losses
    return (1.0 - share) * losses + ops.categorical_crossentropy(spread, output, from_logits=from_logits, axis=axis)


@values_of("rows")
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    """Return (1 - p^q) / q with p the true class's probability: between mean absolute error and cross-entropy.

    Args:
        q: between 0 and 1; the nearer 1, the more robust to wrong labels (Zhang and Sabuncu, arXiv:1805.07836).

    >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5)
    tensor([1.])
    """
    output = as_tensor(y_pred)
    labels = ops.cast(as_tensor(y_true), "int32")
    if labels.ndim == output.ndim and labels.shape[-1] == 1:
        labels = ops.squeeze(labels, -1)
    p = ops.sum(output * ops.cast(ops.one_hot(labels, output.shape[-1]), output.dtype), axis=-1)
    return (1 - _power(p, q)) / q


def ctc(y_true: Any, y_pred: Any) -> Tensor:
    """Return -log of the probability of a label sequence shorter than the outputs (Graves et al., ICML 2006).

    Args:
        y_true: (batch, labels), whole numbers from 1 up, padded with 0 at the end. y_pred: (batch, steps, classes),
            scores before a softmax; class 0 is the blank.

    >>> round(ctc([[1]], [[[0.0, 0.0], [0.0, 0.0]]]).item(), 4)
    0.2877
    """
    labels, output = ops.cast(as_tensor(y_true), "int32"), as_tensor(y_pred)
    if labels.ndim != 2 or output.ndim != 3:
        passed = f"labels of shape {labels.shape} for outputs of shape {output.shape}"
        raise ShapeError(passed, "(batch, labels) and (batch, steps, classes)", "pad the labels with 0 to one length")
    if labels.value is not None:
        check_ctc_labels(labels.numpy())
    positions = ops.arange(1, labels.shape[1] + 1, dtype="int32")
    lengths = ops.max(ops.where(labels != 0, positions, 0), axis=-1, initial=0)
    steps = ops.full((output.shape[0],), output.shape[1], "int32")
    return ops.ctc_loss(labels, output, lengths, steps, mask_index=0)


def check_ctc_labels(labels: Any) -> None:
    """Raise a `ValueProblem` for a row of labels in which 0, the blank, stands before another label."""
    labels = np.asarray(labels)
    inside = (labels[:, :-1] == 0) & (labels[:, 1:] != 0)
    if inside.any():
        row = int(inside.any(axis=1).argmax())
        passed = f"the labels {labels[row].tolist()} in row {row}, with the blank 0 before another label"
        mend = "number the labels from 1, and pad each row at its end"
        raise ValueProblem(passed, "labels from 1 up, then zeros as padding", mend)
