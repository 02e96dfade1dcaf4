"""Preparing arrays for a model: one-hot classes, unit rows, sequences of one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import ops
from ..core import memory
from ..core.arguments import at_least, one_of, whole_number
from ..core.errors import DTypeError, ShapeError, ValueProblem
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable

Array = NDArray[Any]


def as_numeric_array(x: Any, what: str) -> Array:
    """Return `x` as an array of numbers or booleans; ShapeError for ragged lists, DTypeError for text or objects."""
    try:
        array = np.asarray(x)
    except ValueError:
        raise ShapeError(f"{what} in lists of unequal lengths", "lists of one length", "pad them first") from None
    if array.dtype.kind not in "biuf":
        raise DTypeError(f"{what} of dtype {array.dtype.name}", "numbers", "convert them first")
    return array


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Encode each class as a vector with 1 at the index of the class and 0 elsewhere (``keras.utils.to_categorical``).

    Args:
        x: classes, whole numbers from 0; a last axis of length one is dropped. num_classes: default the largest + 1.

    Returns:
        float64 array of x's shape with an axis of num_classes at the end; a tensor for a tensor.

    Raises:
        ValueProblem: for a class that is not a whole number from 0 to num_classes - 1, or no classes at all.

    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    labels = as_numeric_array(x, "classes")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None:
        if not labels.size:
            raise ValueProblem("no classes", "at least one, or num_classes", "pass num_classes")
        num_classes = int(labels.max()) + 1 if np.isfinite(labels.max()) else 0
    num_classes = at_least(0, num_classes=num_classes)
    wrong = labels[~((labels >= 0) & (labels < num_classes) & (labels == np.floor(labels)))]
    if wrong.size:
        passed = f"the class {wrong.flat[0]}"
        raise ValueProblem(passed, f"whole numbers from 0 to {num_classes - 1}", "number the classes from 0")
    labels = labels.astype(np.int64)
    if isinstance(x, Tensor | Variable):
        return ops.one_hot(labels, num_classes)
    memory.require_array((labels.size, num_classes), np.float64, "one-hot vectors")
    vectors = np.zeros((labels.size, num_classes))
    vectors[np.arange(labels.size), labels.reshape(-1)] = 1
    return vectors.reshape((*labels.shape, num_classes))


def normalize(x: Any, axis: int = -1, order: float = 2) -> Any:
    """Divide x by its norm along an axis; zeros stay zeros (``keras.utils.normalize``).

    Args:
        x: numbers, with at least one axis. axis: of the norm. order: of the norm, e.g. 1, 2 or infinity.

    Returns:
        array of x's shape; a tensor, through which gradients flow, for a tensor.

    Raises:
        ShapeError: for x without axes. ValueProblem: for an axis that x does not have, or an order that is not a number
            above 0.

    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    array = as_tensor(x) if isinstance(x, Tensor | Variable) else as_numeric_array(x, "x")
    if not array.ndim:
        raise ShapeError("x without axes", "at least one axis", "pass [x]")
    position = whole_number(axis)
    if position is None or not -array.ndim <= position < array.ndim:
        raise ValueProblem(f"axis={axis!r}", f"one of the {array.ndim} axes", "pass e.g. axis=-1")
    if isinstance(order, bool) or not isinstance(order, int | float) or not order > 0:
        raise ValueProblem(f"order={order!r}", "a number above 0", "pass e.g. order=2")
    if isinstance(array, Tensor):
        norm = ops.norm(array, ord=order, axis=position, keepdims=True)
        return array / ops.where(norm == 0, 1.0, norm)
    length = np.linalg.norm(array, order, position, keepdims=True)
    return array / np.where(length == 0, 1, length)


def pad_sequences(
    sequences: Sequence[Any], maxlen: int | None = None, dtype: Any = "int32", padding: str = "pre",
    truncating: str = "pre", value: Any = 0.0,
) -> Array:  # fmt: skip
    """Pad or truncate sequences to rows of one length (``keras.utils.pad_sequences``).

    Args:
        sequences: lists of numbers, or of entries of one shape. maxlen: of a row, default the longest's length.
        dtype: of the result; ``object`` for text of any length. padding, truncating: "pre" or "post", the end at which
            to pad or truncate. value: to pad with.

    Returns:
        array of shape (sequences, maxlen, *shape of an entry).

    Raises:
        ShapeError: for entries of unequal shapes. ValueProblem: for an entry that is not a sequence, entries or a value
            that the dtype cannot hold, a padding or truncating other than "pre" or "post", a negative maxlen.

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
    array([[0, 1],
           [2, 3],
           [5, 6]], dtype=int32)
    """
    one_of(("pre", "post"), padding=padding)
    one_of(("pre", "post"), truncating=truncating)
    try:
        lengths = [len(s) for s in sequences]
    except TypeError:
        raise ValueProblem("an entry of `sequences` without a length", "a list of lists", "wrap it in a list") from None
    maxlen = max(lengths, default=0) if maxlen is None else at_least(0, maxlen=maxlen)
    memory.require(len(lengths) * maxlen, f"{len(lengths)} sequences padded to {maxlen}")  # a byte each at least
    try:
        rows = [np.asarray(s, dtype) for s in sequences]
        shape = next((row.shape[1:] for row in rows if len(row)), ())
        padded = np.full((len(rows), maxlen, *shape), value, dtype)
    except (TypeError, ValueError, OverflowError) as error:
        passed = f"entries or a value that {dtype!r} cannot hold ({error})"
        raise ValueProblem(passed, "entries of the dtype", "pass another dtype") from None
    for index, row in enumerate(rows):
        if len(row) and row.shape[1:] != shape:
            raise ShapeError(f"entries of shape {row.shape[1:]} in sequence {index}", f"shape {shape}", "mend that one")
        length = min(len(row), maxlen)
        if length:
            place = slice(length) if padding == "post" else slice(maxlen - length, None)
            padded[index, place] = row[:length] if truncating == "post" else row[len(row) - length :]
    return padded
