"""The base of all losses: a value for each example, brought to one number."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from .. import ops
from ..core.errors import ValueProblem
from ..dtype_policies import DTypePolicy, get
from ..graph import floatx
from ..layers.call_context import mask_of
from ..serialization.registry import Configurable, to_snake_case
from ..tensors.tensor import Tensor, as_tensor
from ..tensors.tree import flatten
from .align import weighted

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


class Loss(Configurable):
    """A number that says how far predictions are from targets; inherit and define ``call(y_true, y_pred)``.

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
        self.reduction = "none" if reduction is None else reduction
        if self.reduction not in REDUCTIONS:
            raise ValueProblem(f"reduction {reduction!r}", ", ".join(map(repr, REDUCTIONS)), "name one of these")
        self._policy: DTypePolicy | None = None if dtype is None else get(dtype)

    @property
    def dtype(self) -> str:
        """The dtype of the computation."""
        return self._policy.compute_dtype if self._policy else floatx()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The value of each example."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        masks = [mask_of(flatten(y_pred, lists_are_arrays=True)[0][0])]
        y_true, y_pred = _all_in(y_true, self.dtype), _all_in(y_pred, self.dtype)
        values = as_tensor(self.call(y_true, y_pred))
        kept = [m for m in (*masks, mask_of(values)) if m is not None]
        return reduced(values, self.reduction, sample_weight, reduce(ops.logical_and, kept) if kept else None)


def _all_in(data: Any, dtype: str) -> Any:
    """Tensors, the float ones in `dtype`; labels that are whole numbers stay so."""
    flat, build = flatten(data, lists_are_arrays=True)
    tensors = [as_tensor(x) for x in flat]
    return build([t if t.dtype.kind in "biu" and not t.spec.weak else ops.cast(t, dtype) for t in tensors])


def reduced(values: Tensor, reduction: str, sample_weight: Any = None, mask: Any = None) -> Tensor:
    """The values, weighted and brought to one number as `reduction` says.

    A mask takes its entries out of the mean too: what is masked does not count among the values.
    """
    values, weights = weighted(values, sample_weight, mask)
    plain = values
    if weights is not None:
        values = values * weights
    if reduction == "none" or values.ndim == 0:
        return values
    total = ops.sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weights is not None:
        return ops.divide_no_nan(total, ops.sum(ops.broadcast_to(weights, plain.shape)))
    if mask is not None:
        kept = ops.cast(mask, values.dtype)
        for _ in range(values.ndim - kept.ndim):
            kept = ops.expand_dims(kept, -1)
        return ops.divide_no_nan(total, ops.sum(ops.broadcast_to(kept, values.shape)))
    return total / max(values.size, 1)


class LossFunctionWrapper(Loss):
    """A function ``(y_true, y_pred, **arguments)`` as a loss."""

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **arguments: Any,
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn, self.arguments = fn, arguments

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self.arguments)
