"""Weights by class: `class_weight` as weights of examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.errors import ValueProblem
from ..graph import as_dtype
from .adapter_base import DataAdapter
from .arrays import Array, as_rows, flatten_arrays


def weights_by_class(y: Any, weight: Any, class_weight: dict[int, float], float_dtype: str) -> Array:
    """Return each example's weight: its class's, times its own; 1 for classes without a weight.

    Args:
        y: labels, or one-hot rows. weight: each example's own weight; ``None``: 1.
    """
    if not isinstance(class_weight, dict):
        raise ValueProblem(f"class_weight={class_weight!r}", "a weight by class", "e.g. class_weight={0: 1.0, 1: 5.0}")
    if y is None or isinstance(y, dict) or len(flatten_arrays(y)[0]) != 1:
        raise ValueProblem("class_weight", "one array of labels y", "use sample_weight for several outputs")
    labels = as_rows(y, "y", float_dtype)
    if labels.ndim > 1 and labels.shape[-1] > 1:
        labels = labels.argmax(-1)
    labels = labels.reshape(len(labels), -1)[:, 0] if labels.ndim > 1 else labels
    weights = np.ones(len(labels), as_dtype(float_dtype))
    for label, factor in class_weight.items():
        weights[labels == label] = factor
    return weights if weight is None else weights * as_rows(weight, "sample_weight", float_dtype)


class ClassWeightAdapter(DataAdapter):
    """Another adapter's batches, weighted by class."""

    def __init__(self, inner: DataAdapter, class_weight: dict[int, float], float_dtype: str) -> None:
        self.inner, self.class_weight, self.float_dtype = inner, class_weight, float_dtype
        self.count, self.examples, self.resumable = inner.count, inner.examples, inner.resumable
        self.is_infinite, self.stream = inner.is_infinite, inner.stream
        self.ahead, self.reuses_buffers = inner.ahead, inner.reuses_buffers

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        for x, y, weight in self.inner.batches(epoch, first):
            yield x, y, weights_by_class(y, weight, self.class_weight, self.float_dtype)

    def end_epoch(self) -> None:
        self.inner.end_epoch()

    def get_state(self) -> Any:
        return self.inner.get_state()

    def set_state(self, state: Any) -> None:
        self.inner.set_state(state)
