"""The user's data as NumPy arrays: tables, tensors, sparse matrices, nested structures, and arrays in files."""

from __future__ import annotations

import mmap
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ShapeError, ValueProblem
from ..graph import as_dtype
from ..tensors.tensor import Tensor
from ..tensors.tree import Unflatten, unflatten_parts
from ..tensors.variable import Variable

Array = NDArray[Any]


def flatten_arrays(data: Any) -> tuple[list[Any], Unflatten]:
    """Return the arrays in nested lists, tuples and dictionaries, and a function that builds the same structure.

    A list of numbers is one array, and so is a table.
    """
    if isinstance(data, dict):
        keys = list(data)
        parts = [flatten_arrays(value) for value in data.values()]
        build: Unflatten = lambda flat: dict(zip(keys, unflatten_parts(parts, flat), strict=True))
    elif isinstance(data, list | tuple) and any(is_array(v) or isinstance(v, dict) for v in data):
        kind = tuple if isinstance(data, tuple) else list
        parts = [flatten_arrays(value) for value in data]
        build = lambda flat: kind(unflatten_parts(parts, flat))
    else:
        return [data], lambda flat: flat[0]
    return [leaf for leaves, _ in parts for leaf in leaves], build


def is_array(value: Any) -> bool:
    """Whether a value is an array, a table or a tensor, of any library."""
    if isinstance(value, Tensor | Variable):
        return True
    return any(hasattr(value, name) for name in ("__array__", "__dlpack__", "toarray"))  # the last: SciPy's sparse ones


def as_rows(data: Any, what: str, float_dtype: str) -> Array:
    """Return data as one NumPy array, floats in `float_dtype`, integers in 32 bits where they fit.

    Args:
        what: the data's name, for errors.

    Raises:
        ShapeError: for rows that differ in length.
        ValueProblem: for strings, dates and whatever else is not a number; the error names the column.
    """
    dtype = as_dtype(float_dtype)
    if type(data) is np.ndarray and data.dtype == dtype:
        return data
    if hasattr(data, "toarray"):  # SciPy's sparse matrices
        data = data.toarray()
    if hasattr(data, "to_numpy"):  # pandas and polars tables and columns
        columns = list(getattr(data, "columns", ()))
        data = data.to_numpy()
        if data.dtype.kind == "O":
            data = _objects_as_floats(data, columns, what)
    elif type(data).__module__.split(".")[0] == "torch":
        data = data.detach().cpu().numpy()
    try:
        array = np.asarray(data.numpy() if isinstance(data, Tensor | Variable) else data)
    except ValueError:  # NumPy's message names inhomogeneous parts
        raise ShapeError(f"{what} whose rows differ in length", "rows of one length", "pad or cut them") from None
    if array.dtype.kind == "O":
        array = _objects_as_floats(array, [], what)
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        mend = "turn strings into numbers first: a dictionary of their numbers, or one column for each string"
        raise ValueProblem(f"{what} of dtype {array.dtype}", "numbers", mend)
    if array.dtype.kind == "f" and array.dtype != dtype:
        return array.astype(dtype)
    if array.dtype.itemsize == 8 and array.dtype.kind in "iu":
        info = np.iinfo(np.int32)
        if not array.size or (array.min() >= info.min and array.max() <= info.max):
            return array.astype(np.int32)
    return array


def _objects_as_floats(array: Array, columns: list[Any], what: str) -> Array:
    """Return an array of objects as floats; the error names a column that holds anything but numbers."""
    with suppress(TypeError, ValueError):
        return array.astype(np.float64)
    if array.ndim == 1 and array.size and all(np.shape(v) == np.shape(array[0]) for v in array):
        with suppress(TypeError, ValueError):
            return np.stack([np.asarray(v, dtype=np.float64) for v in array])
    if array.ndim == 2:
        for i in range(array.shape[1]):
            for row, value in enumerate(array[:, i]):
                try:
                    float(value)
                except (TypeError, ValueError):
                    name = repr(columns[i]) if columns else f"number {i}"
                    passed = f"{value!r} in column {name} of {what}, row {row}"
                    raise ValueProblem(passed, "numbers", "encode that column as numbers, or leave it out") from None
    raise ValueProblem(f"{what} that holds objects of different shapes", "one array of numbers", "pad or cut the rows")


def stack_examples(examples: list[Any]) -> Any:
    """Stack arrays, or equal dictionaries or lists of arrays, along a new first axis.

    Raises:
        ShapeError: for examples of different shapes.
    """
    first = examples[0]
    if isinstance(first, dict):
        return {k: stack_examples([example[k] for example in examples]) for k in first}
    if isinstance(first, list | tuple) and is_array(first[0]):
        return [stack_examples([example[i] for example in examples]) for i in range(len(first))]
    arrays = [np.asarray(v) for v in examples]
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        passed = f"examples of shapes {', '.join(map(str, sorted(shapes)))} in one batch"
        raise ShapeError(passed, "equal shapes", "resize, pad or cut the examples to one shape")
    return np.stack(arrays)


def is_on_disk(array: Any) -> bool:
    """Whether an array's memory is a file's, as ``np.load(path, mmap_mode="r")`` makes it."""
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap.mmap)


class OnDisk:
    """An array in a file, whose rows are read, and converted by `as_rows`, when they are indexed."""

    def __init__(self, array: Array, what: str, float_dtype: str) -> None:
        self.array, self.what, self.float_dtype = np.asarray(array), what, float_dtype
        self.shape, self.ndim = array.shape, array.ndim

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: slice | Array) -> Array:
        if isinstance(index, slice):
            rows = np.array(self.array[index])
        else:  # read in the file's order
            order = index.argsort()
            rows = np.empty((len(index), *self.shape[1:]), self.array.dtype)
            rows[order] = self.array[index[order]]
        return as_rows(rows, self.what, self.float_dtype)
