"""Losses as functions of targets and outputs, one value for each example, under Keras's names.

Shapes are (batch, ..., last); the value of an example is the mean or sum over the last axis. 1e-7, Keras's epsilon,
keeps logarithms and quotients finite.
"""

from __future__ import annotations

from math import log
from typing import Any

from .. import ops
from ..core.errors import ShapeError, ValueProblem
from ..layers.call_context import set_mask
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from .align import broadcastable, pair, same_shape

EPSILON = 1e-7


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of (target - output)².

    >>> mean_squared_error([[1.0, 2.0]], [[0.0, 0.0]])
    tensor([2.5])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.mean(ops.square(output - target), axis=-1)


def residual_sum_of_squares(y_true: Any, y_pred: Any) -> Tensor:
    """Return the sum of (target - output)², RSS in statistics.

    >>> residual_sum_of_squares([[1.0, 2.0]], [[0.0, 0.0]])
    tensor([5.])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.sum(ops.square(output - target), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of |target - output|.

    >>> mean_absolute_error([[1.0, 2.0]], [[0.0, 0.0]])
    tensor([1.5])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.mean(ops.absolute(output - target), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of |target - output| / |target|, in percent.

    >>> mean_absolute_percentage_error([[1.0, 2.0]], [[0.0, 1.0]])
    tensor([75.])
    """
    target, output = broadcastable(y_true, y_pred)
    return 100.0 * ops.mean(ops.absolute((target - output) / ops.maximum(ops.absolute(target), EPSILON)), axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of (log(target + 1) - log(output + 1))²; what is below 0 counts as 0.

    >>> mean_squared_logarithmic_error([[0.0]], [[0.0]])
    tensor([0.])
    """
    target, output = broadcastable(y_true, y_pred)
    logs = [ops.log(ops.maximum(t, EPSILON) + 1.0) for t in (output, target)]
    return ops.mean(ops.square(logs[0] - logs[1]), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return minus the cosine between target and output along `axis`: -1 for the same direction.

    >>> cosine_similarity([[1.0, 0.0]], [[3.0, 0.0]])
    tensor([-1.])
    """
    target, output = broadcastable(y_true, y_pred)
    return -ops.sum(ops.normalize(target, axis=axis) * ops.normalize(output, axis=axis), axis=axis)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """Return half the square of errors up to `delta`, and a straight line beyond (Huber, 1964).

    >>> huber([[0.0]], [[3.0]])
    tensor([2.5])
    """
    target, output = broadcastable(y_true, y_pred)
    error = output - target
    magnitude = ops.absolute(error)
    line = delta * magnitude - 0.5 * delta**2
    return ops.mean(ops.where(magnitude <= delta, 0.5 * ops.square(error), line), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of log(cosh(output - target)), without overflow.

    >>> log_cosh([[0.0]], [[0.0]])
    tensor([0.])
    """
    target, output = broadcastable(y_true, y_pred)
    error = output - target
    return ops.mean(error + ops.softplus(-2.0 * error) - log(2.0), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of output - target log(output), the Poisson distribution's log-likelihood but for a constant.

    >>> poisson([[0.0]], [[2.0]])
    tensor([2.])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.mean(output - target * ops.log(output + EPSILON), axis=-1)


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """Return the sum of target log(target / output), of two distributions.

    >>> kl_divergence([[0.5, 0.5]], [[0.5, 0.5]])
    tensor([0.])
    """
    target, output = broadcastable(y_true, y_pred)
    target, output = ops.clip(target, EPSILON, 1), ops.clip(output, EPSILON, 1)
    return ops.sum(target * ops.log(target / output), axis=-1)


def _signs(target: Tensor) -> Tensor:
    """Return labels of -1 and 1: labels that are all 0 or 1 are mapped to -1 and 1, others stay."""
    binary = ops.all(ops.logical_or(target == 0, target == 1))
    return ops.where(binary, 2.0 * target - 1.0, target)


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of max(0, 1 - target output), for labels -1 and 1 (or 0 and 1).

    >>> hinge([[1.0]], [[0.25]])
    tensor([0.75])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - _signs(target) * output, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of max(0, 1 - target output)².

    >>> squared_hinge([[1.0]], [[0.5]])
    tensor([0.25])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - _signs(target) * output, 0.0)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return max(0, 1 + the best wrong class's score - the right one's), for one-hot labels.

    >>> categorical_hinge([[1.0, 0.0]], [[0.5, 0.25]])
    tensor([0.75])
    """
    target, output = broadcastable(y_true, y_pred)
    right = ops.sum(target * output, axis=-1)
    wrong = ops.max((1.0 - target) * output, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


def _smooth_labels(target: Tensor, label_smoothing: float, classes: int) -> Tensor:
    """Move labels from 0 and 1 towards 1 / classes by a share (Szegedy et al., arXiv:1512.00567)."""
    if not 0 <= label_smoothing <= 1:
        raise ValueProblem(f"label_smoothing={label_smoothing}", "a share from 0 to 1", "e.g. label_smoothing=0.1")
    return target * (1.0 - label_smoothing) + label_smoothing / classes if label_smoothing else target


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
    if from_logits:
        output = ops.sigmoid(output)
    probability = target * output + (1 - target) * (1 - output)  # of the true class
    losses = ops.power(1.0 - probability, gamma) * ops.binary_crossentropy(target, output)
    if apply_class_balancing:
        losses = (target * alpha + (1 - target) * (1 - alpha)) * losses
    return ops.mean(losses, axis=axis)


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
        output = ops.softmax(output, axis=axis)
    probabilities = ops.clip(output / ops.sum(output, axis=axis, keepdims=True), EPSILON, 1 - EPSILON)
    return ops.sum(alpha * ops.power(1.0 - probabilities, gamma) * -target * ops.log(probabilities), axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """Return -log of the probability of the true class, for targets that are whole numbers from 0 up.

    Args:
        ignore_class: a label that does not count, such as 255 for unlabelled pixels.

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
        return ops.sparse_categorical_crossentropy(labels, output, from_logits=from_logits, axis=axis)
    counted = labels != ignore_class
    labels = ops.where(counted, labels, ops.zeros_like(labels))
    # rows of 1, not of 0: 0 divided by its sum has no gradient
    output = ops.where(ops.expand_dims(counted, axis), output, ops.ones_like(output))
    losses = ops.sparse_categorical_crossentropy(labels, output, from_logits=from_logits, axis=axis)
    losses = ops.where(counted, losses, ops.zeros_like(losses))
    set_mask(losses, counted)
    return losses


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
    return (1 - ops.power(p, q)) / q


def ctc(y_true: Any, y_pred: Any) -> Tensor:
    """Return -log of the probability of a label sequence shorter than the outputs (Graves et al., ICML 2006).

    Args:
        y_true: (batch, labels), whole numbers from 1 up, padded with 0. y_pred: (batch, steps, classes), scores
            before a softmax; class 0 is the blank.

    >>> round(ctc([[1]], [[[0.0, 0.0], [0.0, 0.0]]]).item(), 4)
    0.2877
    """
    labels, output = ops.cast(as_tensor(y_true), "int32"), as_tensor(y_pred)
    if labels.ndim != 2 or output.ndim != 3:
        passed = f"labels of shape {labels.shape} for outputs of shape {output.shape}"
        raise ShapeError(passed, "(batch, labels) and (batch, steps, classes)", "pad the labels with 0 to one length")
    lengths = ops.sum(ops.cast(labels != 0, "int32"), axis=-1)
    steps = ops.full((output.shape[0],), output.shape[1], "int32")
    return ops.ctc_loss(labels, output, lengths, steps, mask_index=0)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Tensor:
    """Return 1 - twice the overlap over the sum of both, for masks of pixels.

    Args:
        axis: the axes to sum over; default all.

    >>> dice([[1.0, 0.0]], [[1.0, 0.0]]).numpy().round(5).item()
    0.0
    """
    target, output = same_shape(y_true, y_pred)
    overlap = ops.sum(target * output, axis=axis)
    return 1 - 2.0 * overlap / (ops.sum(target, axis=axis) + ops.sum(output, axis=axis) + EPSILON)


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Tensor:
    """Return `dice` with weights for what is missed and what is added (Salehi et al., arXiv:1706.05721).

    Args:
        alpha: the weight of what only the target has. beta: of what only the output has. axis: as of `dice`.

    >>> tversky([[1.0, 0.0]], [[1.0, 0.0]]).numpy().round(5).item()
    0.0
    """
    target, output = same_shape(y_true, y_pred)
    overlap = ops.sum(target * output, axis=axis)
    missed = ops.sum((1 - output) * target, axis=axis)
    added = ops.sum(output * (1 - target), axis=axis)
    return 1 - overlap / (overlap + missed * alpha + added * beta + EPSILON)


def circle(
    y_true: Any, y_pred: Any, ref_labels: Any = None, ref_embeddings: Any = None, remove_diagonal: bool = True,
    gamma: float = 80, margin: float = 0.4,
) -> Tensor:  # fmt: skip
    """Return a loss that pulls unit vectors of a class together and pushes others apart (Sun et al., arXiv:2002.10857).

    Args:
        y_true: (batch,) whole numbers. y_pred: (batch, features), rows of length 1.
        ref_labels, ref_embeddings: the examples to compare with; default the batch itself.
        remove_diagonal: whether to leave out the pairs of an example with itself.

    >>> circle([0, 1], [[1.0, 0.0], [0.0, 1.0]]).shape
    (2,)
    """
    output = as_tensor(y_pred)
    labels = ops.reshape(ops.cast(as_tensor(y_true), "int32"), (-1, 1))
    references = output if ref_embeddings is None else as_tensor(ref_embeddings)
    ref_labels = labels if ref_labels is None else ops.reshape(ops.cast(as_tensor(ref_labels), "int32"), (-1, 1))
    same_class = ops.equal(labels, ops.transpose(ref_labels))
    positive, negative = same_class, ops.logical_not(same_class)
    if remove_diagonal:
        n, m = same_class.shape
        diagonal = ops.equal(ops.reshape(ops.arange(n), (-1, 1)), ops.reshape(ops.arange(m), (1, -1)))
        positive = ops.logical_and(positive, ops.logical_not(diagonal))
    distance = ops.maximum(1 - ops.matmul(output, ops.transpose(references)), 0.0)
    positive_logits = -gamma * ops.maximum(margin + distance, 0.0) * (margin - distance)
    negative_logits = gamma * ops.maximum(1 + margin - distance, 0.0) * (1 - margin - distance)
    low = -1e9  # as good as -inf under exp, and free of inf - inf
    positive_sum = ops.logsumexp(ops.where(positive, positive_logits, low), axis=1)
    negative_sum = ops.logsumexp(ops.where(negative, negative_logits, low), axis=1)
    losses = ops.softplus(positive_sum + negative_sum)
    set_mask(losses, losses > 0)
    return losses
