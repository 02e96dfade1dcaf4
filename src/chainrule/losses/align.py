"""Align the shapes of targets, predictions, weights and masks, as Keras does, or raise an error.

What NumPy would silently broadcast, an (N,) target against an (N, 1) output to N×N, is aligned. Where one number stands
for several of the same example, some losses warn, as Keras takes it; a table of all pairs of examples is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..core.errors import ShapeError
from ..core.messages import TrainingWarning, warn
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor


def pair(y_true: Any, y_pred: Any, dtype: Any = None) -> tuple[Tensor, Tensor]:
    """Return target and output as tensors of one rank and dtype: `dtype`, or by default the output's.

    >>> t, o = pair([1.0, 2.0], [[1.0], [2.0]])
    >>> t.shape, o.shape
    ((2, 1), (2, 1))
    """
    output = as_tensor(y_pred)
    if output.dtype.kind in "biu":
        output = ops.cast(output, dtype or "float32")
    elif output.spec.weak or (dtype is not None and output.dtype != dtype):
        output = ops.cast(output, dtype or output.dtype)
    return same_rank(ops.cast(as_tensor(y_true), output.dtype), output)


def same_shape(y_true: Any, y_pred: Any, dtype: Any = None) -> tuple[Tensor, Tensor]:
    """Return `pair`, after a check that both have one shape.

    Raises:
        ShapeError: if the shapes differ.
    """
    target, output = pair(y_true, y_pred, dtype)
    check_shapes_fit(target, output)
    return target, output


def broadcastable(y_true: Any, y_pred: Any, dtype: Any = None) -> tuple[Tensor, Tensor]:
    """Return `pair`, after a check that both have one shape, or shapes that broadcast within each example.

    Warns:
        TrainingWarning: if the shapes of tensors with values differ.

    Raises:
        ShapeError: if the shapes do not broadcast, or only along the batch.
    """
    target, output = pair(y_true, y_pred, dtype)
    if broadcast_within_examples(target.shape, output.shape):
        if target.value is None or output.value is None:  # `fit` looks at the targets itself
            return target, output
        shapes = f"targets of shape {target.shape} are broadcast against outputs of shape {output.shape}"
        warn(f"{shapes}. To mend it: {_advice(target, output)}.", TrainingWarning)
    else:
        check_shapes_fit(target, output)
    return target, output


def broadcast_within_examples(target: Sequence[Any], output: Sequence[Any]) -> bool:
    """Return whether shapes differ and broadcast, each example with itself: a size of 1 after the batch, or no axes.

    >>> broadcast_within_examples((8, 1), (8, 3)), broadcast_within_examples((1, 3), (8, 3))
    (True, False)
    """
    if not target or not output:
        return len(target) != len(output)
    if len(target) != len(output) or not _may_be_equal(target[0], output[0]):
        return False
    sizes = list(zip(target[1:], output[1:], strict=True))
    differ = any(not _may_be_equal(m, n) for m, n in sizes)
    return differ and all(1 in (m, n) or _may_be_equal(m, n) for m, n in sizes)


def _may_be_equal(m: Any, n: Any) -> bool:
    """Return whether two sizes are equal; one that is not known may be."""
    return m is None or n is None or m == n


def same_rank(target: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
    """Make ranks that differ by one equal, by a last axis of 1 (``squeeze_or_expand_to_same_rank`` in Keras)."""
    if target.ndim == output.ndim + 1 and target.shape[-1] == 1:
        if output.ndim == 1:
            output = ops.expand_dims(output, -1)
        else:
            target = ops.squeeze(target, -1)
    elif output.ndim == target.ndim + 1 and output.shape[-1] == 1:
        if target.ndim == 1:
            target = ops.expand_dims(target, -1)
        else:
            output = ops.squeeze(output, -1)
    return target, output


def check_shapes_fit(target: Tensor, output: Tensor) -> None:
    """Check that shapes are equal.

    A size of 1 is not broadcast: most losses and metrics need a target for each output.

    Raises:
        ShapeError: if the shapes differ.
    """
    sizes = zip(target.shape, output.shape, strict=False)
    if target.ndim != output.ndim or not all(_may_be_equal(m, n) for m, n in sizes):
        passed = f"targets of shape {target.shape} for outputs of shape {output.shape}"
        raise ShapeError(passed, "equal shapes", _advice(target, output))


def _advice(target: Tensor, output: Tensor) -> str:
    """Return how to mend targets and outputs of different shapes."""
    if output.ndim == target.ndim + 1 and output.shape[:-1] == target.shape:
        last = f"end the model with Dense(1), not Dense({output.shape[-1]})"
        return f"for class labels use a sparse_categorical loss; for one number an example {last}"
    if target.ndim == output.ndim + 1 and target.shape[:-1] == output.shape:
        return f"end the model with {target.shape[-1]} outputs, one for each column of the targets"
    if target.ndim == output.ndim == 2 and target.shape[0] == output.shape[0]:
        return f"end the model with Dense({target.shape[1]}), as wide as the targets"
    return "give one target for each output"


def weighted(values: Tensor, sample_weight: Any, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
    """Return values and their weights, as tensors of one rank; a mask counts as weights of 0 and 1.

    Raises:
        ShapeError: for weights of a shape that does not fit the values.
    """
    weights = None if sample_weight is None else ops.cast(as_tensor(sample_weight), values.dtype)
    if mask is not None:
        mask_weights = ops.cast(mask, values.dtype)
        if weights is None:
            weights = mask_weights
        else:
            mask_weights, weights = same_rank(mask_weights, weights)
            rank = max(mask_weights.ndim, weights.ndim)
            weights = expand_to_rank(weights, rank) * expand_to_rank(mask_weights, rank)
    if weights is None:
        return values, None
    if weights.ndim == 0:
        return values, ops.broadcast_to(weights, values.shape) if None not in values.shape else weights
    values, weights = same_rank(values, weights)
    weights = expand_to_rank(weights, values.ndim)
    sizes = zip(weights.shape, values.shape, strict=False)
    if weights.ndim > values.ndim or any(m not in (1, n) and None not in (m, n) for m, n in sizes):
        passed = f"sample weights of shape {weights.shape} for values of shape {values.shape}"
        expected = "one weight for each example, or for each value"
        raise ShapeError(passed, expected, "give sample_weight the batch's length")
    return values, weights


def weigh(values: Tensor, weights: Tensor) -> Tensor:
    """Return values times weights; 0 where the weight is 0, whatever the value.

    >>> weigh(as_tensor([1.0, float("nan")]), as_tensor([2.0, 0.0]))
    tensor([2., 0.])
    """
    return ops.where(weights == 0, ops.zeros_like(values), values * weights)


def expand_to_rank(x: Tensor, rank: int) -> Tensor:
    """Append axes of size 1 until x has `rank` axes, so that a value of an example holds for each of its entries."""
    for _ in range(rank - x.ndim):
        x = ops.expand_dims(x, -1)
    return x
