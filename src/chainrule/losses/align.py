"""Bringing targets, predictions, weights and masks to shapes that belong together, as Keras does; or an error.

What NumPy would silently broadcast, an (N,) target against an (N, 1) output to N×N, is aligned; what cannot be
aligned is an error, never a table of all pairs.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..core.errors import ShapeError
from ..tensors.tensor import Tensor, as_tensor


def pair(y_true: Any, y_pred: Any, dtype: Any = None) -> tuple[Tensor, Tensor]:
    """Target and output as tensors of one shape and of the output's dtype.

    >>> t, o = pair([1.0, 2.0], [[1.0], [2.0]])
    >>> t.shape, o.shape
    ((2, 1), (2, 1))
    """
    output = as_tensor(y_pred)
    if output.dtype.kind in "biu":
        output = ops.cast(output, dtype or "float32")
    elif output.spec.weak or (dtype is not None and output.dtype != dtype):
        output = ops.cast(output, dtype or output.dtype)
    target = ops.cast(as_tensor(y_true), output.dtype)
    return same_rank(target, output)


def same_rank(target: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
    """Ranks one apart are made equal by a last axis of 1 (``squeeze_or_expand_to_same_rank`` in Keras)."""
    a, b = target.ndim, output.ndim
    if a == b + 1 and target.shape[-1] == 1:
        if b == 1:
            output = ops.expand_dims(output, -1)
        else:
            target = ops.squeeze(target, -1)
    elif b == a + 1 and output.shape[-1] == 1:
        if a == 1:
            target = ops.expand_dims(target, -1)
        else:
            output = ops.squeeze(output, -1)
    return target, output


def check_shapes_fit(target: Tensor, output: Tensor) -> None:
    """Equal shapes: a size of 1 is not stretched, since one target for several outputs is a mistake in the model.

    Raises:
        ShapeError: for what would make a table of all pairs, or does not fit at all.
    """
    fits = target.ndim == output.ndim and all(
        m is None or n is None or m == n for m, n in zip(target.shape, output.shape, strict=True)
    )
    if not fits:
        raise ShapeError(
            f"targets of shape {target.shape} for outputs of shape {output.shape}",
            "equal shapes",
            _advice(target, output),
        )


def _advice(target: Tensor, output: Tensor) -> str:
    if output.ndim == target.ndim + 1 and output.shape[:-1] == target.shape:
        return (
            f"for class labels use a sparse_categorical loss; for one number an example end the model with Dense(1), "
            f"not Dense({output.shape[-1]})"
        )
    if target.ndim == output.ndim + 1 and target.shape[:-1] == output.shape:
        return f"end the model with {target.shape[-1]} outputs, one for each column of the targets"
    if target.ndim == output.ndim == 2 and target.shape[0] == output.shape[0]:
        return f"end the model with Dense({target.shape[1]}), as wide as the targets"
    return "give one target for each output"


def weighted(values: Tensor, sample_weight: Any, mask: Any = None) -> tuple[Tensor, Tensor | None]:
    """Values and their weights, as tensors of one shape; a mask counts as weights of 0 and 1.

    Raises:
        ShapeError: for weights that belong to other examples.
    """
    weights = None if sample_weight is None else ops.cast(as_tensor(sample_weight), values.dtype)
    if mask is not None:
        kept = ops.cast(mask, values.dtype)
        if weights is None:
            weights = kept
        else:
            kept, weights = same_rank(kept, weights)
            rank = max(kept.ndim, weights.ndim)
            weights = _to_rank(weights, rank) * _to_rank(kept, rank)
    if weights is None:
        return values, None
    if weights.ndim == 0:
        return values, ops.broadcast_to(weights, values.shape) if None not in values.shape else weights
    values, weights = same_rank(values, weights)
    weights = _to_rank(weights, values.ndim)
    if weights.ndim > values.ndim or any(
        m != n and m != 1 for m, n in zip(weights.shape, values.shape, strict=True) if m is not None and n is not None
    ):
        raise ShapeError(
            f"sample weights of shape {weights.shape} for values of shape {values.shape}",
            "one weight for each example, or for each value",
            "give sample_weight the batch's length",
        )
    return values, weights


def _to_rank(x: Tensor, rank: int) -> Tensor:
    """x with last axes of 1 added: what is said of an example holds for each of its entries."""
    for _ in range(rank - x.ndim):
        x = ops.expand_dims(x, -1)
    return x
