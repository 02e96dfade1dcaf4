"""The base of all losses: a value for each example, reduced to one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from ..core import arguments
from ..dtype_policies import DTypePolicy, get
from ..graph import floatx
from ..layers.call_context import mask_of, set_mask
from ..serialization.configurable import Configurable
from ..serialization.names import to_snake_case
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from ..tensors.tree import flatten
from .align import expand_to_rank, weigh, weighted
from .entries import counted_values

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


class Loss(Configurable):
    """A number that measures how far predictions are from targets; inherit and define ``call(y_true, y_pred)``.

    Args:
        reduction: ``"sum_over_batch_size"`` (the sum over all values, divided by their number), ``"mean"`` (the
            same), ``"mean_with_sample_weight"`` (divided by the sum of the weights), ``"sum"``, or ``"none"``.
        dtype: of the computation; default ``floatx()``.

    Follows ``keras.losses.Loss``.

    >>> class Gap(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean(ops.absolute(y_true - y_pred), axis=-1)
    >>> Gap()(ops.zeros((2, 1)), ops.ones((2, 1)))
    tensor(1.0)
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        self.name = name or to_snake_case(type(self).__name__)
        self.reduction = arguments.one_of(REDUCTIONS, reduction="none" if reduction is None else reduction)
        self._policy: DTypePolicy | None = None if dtype is None else get(dtype)

    @property
    def dtype(self) -> str:
        """The dtype of the computation."""
        return self._policy.compute_dtype if self._policy else floatx()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the value of each example."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def check_targets(self, y_true: Any) -> None:
        """Raise if targets, an array of data, are none that the loss is defined for; nothing by default."""

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        y_true, y_pred = _cast_floats(y_true, self.dtype), _cast_floats(y_pred, self.dtype)
        fn, axis = getattr(self, "fn", None), getattr(self, "arguments", {}).get("axis", -1)
        values, weights, mask, of_entries = counted_values(self.call, fn, y_true, y_pred, sample_weight, axis)
        if of_entries and self.reduction in ("none", "sum"):
            values, weights, mask = _mean_of_entries(values, weights, mask), None, None
        return reduce_values(values, self.reduction, weights, mask)


def _mean_of_entries(values: Tensor, sample_weight: Any, mask: Tensor | None) -> Tensor:
    """Return the mean of each row's weighted values, of those that the mask counts."""
    values, weights = weighted(values, sample_weight, mask)
    counted = ops.ones_like(values) if mask is None else ops.cast(mask, values.dtype)
    counted = ops.broadcast_to(expand_to_rank(counted, values.ndim), values.shape)
    total = ops.sum(values if weights is None else weigh(values, weights), axis=-1)
    return ops.divide_no_nan(total, ops.sum(counted, axis=-1))


def _cast_floats(data: Any, dtype: str) -> Any:
    """Convert data to tensors, floats to `dtype`; labels that are whole numbers keep their dtype."""
    leaves, unflatten = flatten(data, lists_are_arrays=True)
    tensors = [as_tensor(x) for x in leaves]
    cast = [t if t.dtype.kind in "biu" and not t.spec.weak else ops.cast(t, dtype) for t in tensors]
    for t, before in zip(cast, tensors, strict=True):
        set_mask(t, mask_of(before))
    return unflatten(cast)


def reduce_values(values: Tensor, reduction: str, sample_weight: Any = None, mask: Tensor | None = None) -> Tensor:
    """Return the weighted values, or one number, depending on `reduction`.

    Masked values count neither in the sum nor in the number that a mean is divided by.
    """
    values, weights = weighted(values, sample_weight, mask)
    shape = values.shape
    if weights is not None:
        values = weigh(values, weights)
    if reduction == "none" or values.ndim == 0:
        return values
    total = ops.sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weights is not None:
        return ops.divide_no_nan(total, ops.sum(ops.broadcast_to(weights, shape)))
    if mask is not None:
        counted = expand_to_rank(ops.cast(mask, values.dtype), values.ndim)
        return ops.divide_no_nan(total, ops.sum(ops.broadcast_to(counted, values.shape)))
    return total / max(values.size, 1)


class LossFunctionWrapper(Loss):
    """A function ``(y_true, y_pred, **arguments)`` as a loss."""

    def __init__(
        self, fn: Callable[..., Any], reduction: str | None = "sum_over_batch_size", name: str | None = None,
        dtype: Any = None, **arguments: Any,
    ) -> None:  # fmt: skip
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn, self.arguments = fn, arguments

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self.arguments)
