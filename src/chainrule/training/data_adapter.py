"""Data into batches: arrays, tables, generators, data sets of batches, and anything with a length and an index.

An adapter yields an epoch's batches in order. What it holds as arrays it also gives as `Rows`, so that an engine may
take many steps at once; what is in a file, or generated, comes batch by batch. The order of an epoch depends only on
the adapter's key and the epoch's number: a resumed run takes the same batches.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import ShapeError, ValueProblem
from ..ops.random import SeedGenerator
from ..utils import PyDataset
from .adapter_base import DataAdapter
from .array_adapter import ArrayAdapter
from .arrays import as_rows, flatten_arrays, is_array
from .batch import unpack
from .dataset_adapters import BatchAdapter, GeneratorAdapter, IndexedAdapter


def data_adapter_for(
    x: Any, y: Any = None, sample_weight: Any = None, *, batch_size: int | None = None, shuffle: bool = False,
    stream: SeedGenerator | None = None, float_dtype: str = "float32",
) -> DataAdapter:  # fmt: skip
    """Return the adapter of the data that `fit`, `evaluate` or `predict` was called with.

    Raises:
        ChainruleError: for data that is none of the kinds known, or whose lengths differ.
    """
    if x is None:
        raise ValueProblem("no data", "x, and for training y", "call fit(x, y)")
    if _is_indexed(x):
        if any(v is not None and not isinstance(v, str) for v in (y, sample_weight)):
            passed = "y beside a data set"
            raise ValueProblem(passed, "the data set to give y itself", "leave y out, or name its column")
        return IndexedAdapter(x, (None, y), batch_size, shuffle, stream, float_dtype)
    if isinstance(x, PyDataset) or (_is_iterable(x) and not hasattr(x, "__next__")):
        _refuse_targets(y, sample_weight)
        return BatchAdapter(x, shuffle, stream, float_dtype)
    if hasattr(x, "__next__"):
        _refuse_targets(y, sample_weight)
        return GeneratorAdapter(x, float_dtype)
    return ArrayAdapter(x, y, sample_weight, batch_size, shuffle, stream, float_dtype)


def validation_adapter(data: Any, batch_size: int | None, float_dtype: str) -> DataAdapter:
    """Return the adapter of `validation_data`: (x, y), (x, y, sample_weight), or data that gives batches."""
    if isinstance(data, DataAdapter):
        return data
    if not isinstance(data, list | tuple) and (hasattr(data, "__array__") or hasattr(data, "to_numpy")):
        passed = f"validation_data of type {type(data).__name__}"
        raise ValueProblem(passed, "(x, y), or (x, y, sample_weight)", "pass a tuple")
    x, y, weight = unpack(tuple(data) if isinstance(data, list) and len(data) in (2, 3) else data)
    return data_adapter_for(x, y, weight, batch_size=batch_size, float_dtype=float_dtype)


def one_batch(x: Any, y: Any = None, sample_weight: Any = None, float_dtype: str = "float32") -> tuple[Any, Any, Any]:
    """Return all of the data as one batch: x, y, sample_weight."""
    only_x = y is None and sample_weight is None
    if only_x and type(x) is np.ndarray and x.size and x.ndim:  # a small model's step takes less time than an adapter
        return as_rows(x, "x", float_dtype), None, None
    adapter = data_adapter_for(x, y, sample_weight, batch_size=2**62, float_dtype=float_dtype)
    return next(adapter.batches(0))


def _refuse_targets(y: Any, weight: Any) -> None:
    if y is not None or weight is not None:
        passed = "y or sample_weight beside a generator or data set"
        raise ValueProblem(passed, "batches that hold (x, y) or (x, y, sample_weight)", "let it give them together")


def _is_iterable(x: Any) -> bool:
    return hasattr(x, "__iter__") and not is_array(x) and not isinstance(x, list | tuple | dict | str)


def _is_indexed(x: Any) -> bool:
    """Whether an index gives one example: PyTorch's and Hugging Face's data sets, and others like them."""
    if is_array(x) or hasattr(x, "to_numpy") or isinstance(x, list | tuple | dict | str | PyDataset):
        return False
    return hasattr(x, "__getitem__") and hasattr(x, "__len__")


def split(x: Any, y: Any, weight: Any, share: float) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    """Split arrays into the first part, for training, and the last `share` of them, for validation, as Keras does."""
    if not 0 < share < 1:
        raise ValueProblem(f"validation_split={share}", "a share between 0 and 1", "e.g. validation_split=0.2")
    if x is None or _is_indexed(x) or _is_iterable(x) or hasattr(x, "__next__"):
        raise ValueProblem("validation_split with a generator or data set", "arrays", "pass validation_data instead")
    first = flatten_arrays(x)[0][0]
    shape = getattr(first, "shape", None) or np.shape(first)
    if not shape:
        raise ShapeError("x without axes", "an array of examples", "check x")
    n = shape[0]
    boundary = math.floor(n * (1 - share))
    if boundary in (0, n):
        passed = f"validation_split={share} of {n} examples"
        raise ValueProblem(passed, "at least one example on each side", "choose another share")

    def rows_of(data: Any, rows: slice) -> Any:
        if data is None:
            return None
        leaves, unflatten = flatten_arrays(data)
        return unflatten([_slice_rows(leaf, rows) for leaf in leaves])

    def part(rows: slice) -> tuple[Any, Any, Any]:
        return rows_of(x, rows), rows_of(y, rows), rows_of(weight, rows)

    return part(slice(0, boundary)), part(slice(boundary, n))


def _slice_rows(leaf: Any, rows: slice) -> Any:
    if hasattr(leaf, "iloc"):
        return leaf.iloc[rows]
    if hasattr(leaf, "toarray"):
        return leaf.toarray()[rows]
    return leaf[rows] if hasattr(leaf, "__getitem__") else np.asarray(leaf)[rows]
