"""Which targets and outputs count: weights and masks of examples, of rows, or of single entries.

A loss is computed from targets and outputs in which those that do not count, since their weight is 0 or their mask
false, are replaced: so neither a nan in them nor an infinite slope reaches a value or a gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

from .. import ops
from ..layers.call_context import mask_of, set_mask
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from ..tensors.tree import flatten
from .align import expand_to_rank, same_rank

Call = Callable[[Any, Any], Any]


class Values(NamedTuple):
    """Values of a loss, and what weighs them; ``of_entries``: one for each entry of the last axis, not their mean."""

    values: Tensor
    sample_weight: Any
    mask: Tensor | None
    of_entries: bool


def values_of(unit: str) -> Callable[[Any], Any]:
    """Mark a loss function by what its values depend on.

    Args:
        unit: ``"entries"``: each value is a mean over the last axis, of one number for each entry; ``"rows"``: each
            value depends on the row along the axis that is summed over.
    """

    def mark(function: Any) -> Any:
        function.values_of = unit
        return function

    return mark


def counted_values(call: Call, function: Any, y_true: Any, y_pred: Any, sample_weight: Any, axis: int = -1) -> Values:
    """Return ``call(y_true, y_pred)``, of entries if there is a weight for each, and what weighs it.

    Args:
        function: what `call` computes, of which only the mark of `values_of` is used; without one, targets and outputs
            are passed as they are. axis: of the rows.
    """
    missing, masked = target_mask(y_true), output_mask(y_pred)
    weight = None if sample_weight is None else as_tensor(sample_weight)
    unit = getattr(function, "values_of", None)
    of_entries = False
    parts = [part for part in (missing, masked, weight) if part is not None]
    if unit is not None and parts:
        target, output = same_rank(as_tensor(y_true), as_tensor(y_pred))
        of_entries = unit == "entries" and any(_is_of_entries(part, output) for part in parts)
        if missing is not None and not of_entries and missing.ndim == output.ndim:
            missing = ops.all(missing, axis=axis)  # a row counts only if all of it is there
        skipped = [ops.logical_not(m) for m in (missing, masked) if m is not None]
        skipped += [] if weight is None else [weight == 0]
        y_true, y_pred = _replace(target, output, skipped, axis)
        if of_entries:
            y_true, y_pred = ops.expand_dims(y_true, -1), ops.expand_dims(y_pred, -1)
    values = as_tensor(call(y_true, y_pred))
    while missing is not None and missing.ndim > max(values.ndim, 1):
        missing = ops.all(missing, axis=-1)
    own = mask_of(values)  # that of a loss with an ignored class
    return Values(values, sample_weight, combine([m for m in (missing, masked, own) if m is not None]), of_entries)


def combine(masks: list[Tensor]) -> Tensor | None:
    """Return the mask of what all masks count, or ``None`` for none; a mask of examples holds for their entries."""
    rank = max((m.ndim for m in masks), default=0)
    return reduce(ops.logical_and, [expand_to_rank(m, rank) for m in masks]) if masks else None


def output_mask(y_pred: Any) -> Tensor | None:
    """Return the mask that a layer has set on an output, of the examples that count, or ``None``."""
    return mask_of(flatten(y_pred, lists_are_arrays=True)[0][0])


def target_mask(y_true: Any) -> Tensor | None:
    """Return the mask of targets that `ignore_missing` has set, or ``None``."""
    leaves = flatten(y_true, lists_are_arrays=True)[0]
    return mask_of(leaves[0]) if leaves else None


def ignore_missing(y_true: Any) -> Tensor:
    """Return targets with 0 for nan, and a mask by which these do not count.

    >>> t = ignore_missing([[1.0, float("nan")]])
    >>> t.numpy().tolist(), mask_of(t).numpy().tolist()
    ([[1.0, 0.0]], [[True, False]])
    """
    target = as_tensor(y_true)
    if target.dtype.kind in "biu":
        return target
    missing = ops.isnan(target)
    filled = ops.where(missing, ops.zeros_like(target), target)
    set_mask(filled, ops.logical_not(missing))
    return filled


def _is_of_entries(part: Tensor, output: Tensor) -> bool:
    """Whether there is a weight or a truth value for each entry along the output's last axis."""
    return part.ndim == output.ndim > 0 and part.shape[-1] == output.shape[-1] != 1


def _replace(target: Tensor, output: Tensor, skipped: list[Tensor], axis: int) -> tuple[Tensor, Tensor]:
    """Put numbers that every loss can be computed of, 0 and 1, where targets and outputs are skipped."""
    for skip in skipped:
        rows = expand_to_rank(skip, output.ndim - 1)
        entries = ops.expand_dims(rows, axis) if rows.ndim < output.ndim else rows
        if not _fits(entries, output):
            continue  # weights of a wrong shape, which are refused when the values are weighed
        output = ops.where(entries, ops.ones_like(output), output)
        if target.ndim < output.ndim and rows.ndim == output.ndim and rows.shape[axis] == 1:
            rows = ops.squeeze(rows, axis)
        dropped = entries if target.ndim == output.ndim else rows
        if _fits(dropped, target):
            target = ops.where(dropped, ops.zeros_like(target), target)
    return target, output


def _fits(skip: Tensor, output: Tensor) -> bool:
    """Whether a condition broadcasts against an output without making it larger."""
    sizes = zip(reversed(skip.shape), reversed(output.shape), strict=False)
    return skip.ndim <= output.ndim and all(m in (1, n) or None in (m, n) for m, n in sizes)
