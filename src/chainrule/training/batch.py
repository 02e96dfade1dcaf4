"""A batch: x, y and sample_weight, nested arrays or ``None``."""

from __future__ import annotations

from typing import Any

from ..core.errors import ShapeError
from ..graph import spec_of
from ..tensors import tree
from .arrays import as_rows, flatten_arrays


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """Return x, y and sample_weight of what a generator gave, ``None`` for those it does not give."""
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        passed = f"a batch that is a tuple of {len(data)}"
        raise ShapeError(passed, "x, (x, y) or (x, y, sample_weight)", "put several inputs in a list")
    x, y, weight = (*data, None, None)[:3]
    return x, y, weight


def pack(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return the shortest tuple that holds what is not ``None``."""
    if sample_weight is not None:
        return x, y, sample_weight
    return (x, y) if y is not None else (x,)


def as_batch(data: Any, float_dtype: str) -> tuple[Any, Any, Any]:
    """Return a batch in any of the forms that data sets give as nested arrays: x, y, sample_weight."""

    def convert(part: Any, name: str) -> Any:
        if part is None:
            return None
        leaves, unflatten = flatten_arrays(part)
        return unflatten([as_rows(leaf, name, float_dtype) for leaf in leaves])

    x, y, weight = unpack(tuple(data) if isinstance(data, list) else data)  # PyTorch's DataLoader gives lists
    return convert(x, "x"), convert(y, "y"), convert(weight, "sample_weight")


def specs_of(data: Any) -> Any:
    """Return the specs of nested arrays, in their structure; ``None`` for ``None``."""
    return tree.map(lambda a: None if a is None else spec_of(a.shape, a.dtype), data)
