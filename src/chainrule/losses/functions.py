"""Losses of numbers, scores and masks as functions, one value for each example, under Keras's names.

Shapes are (batch, ..., last); the value of an example is the mean or sum over the last axis. 1e-7, Keras's epsilon,
keeps logarithms and quotients finite.
"""

from __future__ import annotations

from math import log
from typing import Any

from .. import ops
from ..layers.call_context import set_mask
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from .align import broadcastable, same_shape
from .entries import values_of

EPSILON = 1e-7


@values_of("entries")
def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of (target - output)².

    >>> mean_squared_error([[1.0, 2.0]], [[0.0, 0.0]])
    tensor([2.5])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.mean(ops.square(output - target), axis=-1)


@values_of("rows")
def residual_sum_of_squares(y_true: Any, y_pred: Any) -> Tensor:
    """Return the sum of (target - output)², RSS in statistics.

    >>> residual_sum_of_squares([[1.0, 2.0]], [[0.0, 0.0]])
    tensor([5.])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.sum(ops.square(output - target), axis=-1)


@values_of("entries")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of |target - output|.

    >>> mean_absolute_error([[1.0, 2.0]], [[0.0, 0.0]])
    tensor([1.5])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.mean(ops.absolute(output - target), axis=-1)


@values_of("entries")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of |target - output| / |target|, in percent.

    >>> mean_absolute_percentage_error([[1.0, 2.0]], [[0.0, 1.0]])
    tensor([75.])
    """
    target, output = broadcastable(y_true, y_pred)
    return 100.0 * ops.mean(ops.absolute((target - output) / ops.maximum(ops.absolute(target), EPSILON)), axis=-1)


@values_of("entries")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of (log(target + 1) - log(output + 1))²; what is below 0 counts as 0.

    >>> mean_squared_logarithmic_error([[0.0]], [[0.0]])
    tensor([0.])
    """
    target, output = broadcastable(y_true, y_pred)
    logs = [ops.log(ops.maximum(t, EPSILON) + 1.0) for t in (output, target)]
    return ops.mean(ops.square(logs[0] - logs[1]), axis=-1)


@values_of("rows")
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return minus the cosine between target and output along `axis`: -1 for the same direction.

    >>> cosine_similarity([[1.0, 0.0]], [[3.0, 0.0]])
    tensor([-1.])
    """
    target, output = broadcastable(y_true, y_pred)
    return -cosine(target, output, axis)


def cosine(a: Tensor, b: Tensor, axis: int) -> Tensor:
    """Return the cosine of the angle between vectors along `axis`, from -1 to 1; 0, without a slope, for zero vectors.

    >>> cosine(ops.ones((2, 4)), ops.ones((2, 4)), -1)
    tensor([1., 1.])
    """
    result = ops.sum(_unit(a, axis) * _unit(b, axis), axis=axis)
    rounding = result - ops.clip(result, -1.0, 1.0)  # a result beyond 1 keeps its slope
    return result - ops.stop_gradient(rounding)


def _unit(x: Tensor, axis: int) -> Tensor:
    """Return vectors scaled to length 1; first by their largest entry, so that no square overflows or vanishes."""
    largest = ops.stop_gradient(ops.max(ops.absolute(x), axis=axis, keepdims=True, initial=0.0))
    is_zero = largest == 0
    scaled = ops.where(is_zero, ops.zeros_like(x), x / ops.where(is_zero, ops.ones_like(largest), largest))
    squares = ops.sum(ops.square(scaled), axis=axis, keepdims=True)
    return scaled * ops.rsqrt(ops.where(is_zero, ops.ones_like(squares), squares))


@values_of("entries")
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


@values_of("entries")
def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of log(cosh(output - target)), without overflow.

    >>> log_cosh([[0.0]], [[0.0]])
    tensor([0.])
    """
    target, output = broadcastable(y_true, y_pred)
    error = ops.absolute(output - target)
    return ops.mean(error + ops.softplus(-2.0 * error) - log(2.0), axis=-1)


@values_of("entries")
def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of output - target log(output), the Poisson distribution's log-likelihood but for a constant.

    >>> poisson([[0.0]], [[2.0]])
    tensor([2.])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.mean(output - target * ops.log(output + EPSILON), axis=-1)


@values_of("rows")
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


@values_of("entries")
def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of max(0, 1 - target output), for labels -1 and 1 (or 0 and 1).

    >>> hinge([[1.0]], [[0.25]])
    tensor([0.75])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - _signs(target) * output, 0.0), axis=-1)


@values_of("entries")
def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of max(0, 1 - target output)².

    >>> squared_hinge([[1.0]], [[0.5]])
    tensor([0.25])
    """
    target, output = broadcastable(y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - _signs(target) * output, 0.0)), axis=-1)


@values_of("rows")
def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return max(0, 1 + the best wrong class's score - the right one's), for one-hot labels.

    >>> categorical_hinge([[1.0, 0.0]], [[0.5, 0.25]])
    tensor([0.75])
    """
    target, output = broadcastable(y_true, y_pred)
    right = ops.sum(target * output, axis=-1)
    wrong = ops.max((1.0 - target) * output, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


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
