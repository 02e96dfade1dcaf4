"""Arrays made ready for a model: classes as vectors, rows and sequences of one length, a set in two parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import ops
from ..core.errors import DTypeError, ShapeError, ValueProblem
from ..datasets.split import at_least
from ..tensors.tensor import Tensor, Variable, as_tensor

Array = NDArray[Any]


def numbers(x: Any, what: str) -> Array:
    """`x` as an array of numbers or booleans; ShapeError for ragged lists, DTypeError for text or objects."""
    try:
        array = np.asarray(x)
    except ValueError:
        raise ShapeError(f"{what} in lists of unequal lengths", "lists of one length", "pad them first") from None
    if array.dtype.kind not in "biuf":
        raise DTypeError(f"{what} of dtype {array.dtype.name}", "numbers", "convert them first")
    return array


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Each class as a vector with 1 at its place and 0 elsewhere (``keras.utils.to_categorical``).

    Args:
        x: classes, whole numbers from 0; a last axis of length one is dropped. num_classes: default the largest + 1.

    Returns:
        float64 array of x's shape with an axis of num_classes at the end; a tensor for a tensor.

    Raises:
        ValueProblem: for a class that is no whole number from 0 to num_classes - 1, or none to count from.

    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    labels = numbers(x, "classes")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None:
        if not labels.size:
            raise ValueProblem("no classes", "at least one, or num_classes", "pass num_classes")
        num_classes = int(labels.max()) + 1 if np.isfinite(labels.max()) else 0
    at_least(0, num_classes=num_classes)
    wrong = labels[~((labels >= 0) & (labels < num_classes) & (labels == np.floor(labels)))]
    if wrong.size:
        raise ValueProblem(
            f"the class {wrong.flat[0]}", f"whole numbers from 0 to {num_classes - 1}", "number the classes from 0"
        )
    labels = labels.astype(np.int64)
    if isinstance(x, Tensor | Variable):
        return ops.one_hot(labels, num_classes)
    found = np.zeros((labels.size, num_classes))
    found[np.arange(labels.size), labels.reshape(-1)] = 1
    return found.reshape((*labels.shape, num_classes))


def normalize(x: Any, axis: int = -1, order: float = 2) -> Any:
    """x over its norm along an axis; zeros stay zeros (``keras.utils.normalize``).

    Args:
        x: numbers, with at least one axis. axis: along which to measure. order: of the norm, e.g. 1, 2 or infinity.

    Returns:
        array of x's shape; a tensor, through which gradients flow, for a tensor.

    Raises:
        ShapeError: without axes. ValueProblem: for an axis that x does not have, or an order that is no number above 0.

    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    array = as_tensor(x) if isinstance(x, Tensor | Variable) else numbers(x, "x")
    if not array.ndim:
        raise ShapeError("x without axes", "at least one axis", "pass [x]")
    if isinstance(axis, bool) or not isinstance(axis, int | np.integer) or not -array.ndim <= axis < array.ndim:
        raise ValueProblem(f"axis={axis!r}", f"one of the {array.ndim} axes", "pass e.g. axis=-1")
    if isinstance(order, bool) or not isinstance(order, int | float) or not order > 0:
        raise ValueProblem(f"order={order!r}", "a number above 0", "pass e.g. order=2")
    if isinstance(array, Tensor):
        norm = ops.norm(array, ord=order, axis=axis, keepdims=True)
        return array / ops.where(norm == 0, 1.0, norm)
    length = np.linalg.norm(array, order, axis, keepdims=True)
    return array / np.where(length == 0, 1, length)


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Array:
    """Sequences as rows of one length, filled up or cut (``keras.utils.pad_sequences``).

    Args:
        sequences: lists of numbers, or of entries of one shape. maxlen: of a row, default the longest's length.
        dtype: of the result; ``object`` for text of any length. padding, truncating: "pre" or "post", the end at which
            to fill or cut. value: to fill with.

    Returns:
        array of shape (sequences, maxlen, *shape of an entry).

    Raises:
        ShapeError: for entries of unequal shapes. ValueProblem: for what is no sequence, entries or a value that the
            dtype cannot hold, another word than "pre" or "post", a negative maxlen.

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
    array([[0, 1],
           [2, 3],
           [5, 6]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueProblem(f"{name}={side!r}", "'pre' or 'post'", "name one of these")
    try:
        lengths = [len(s) for s in sequences]
    except TypeError:
        raise ValueProblem("an entry of `sequences` without a length", "a list of lists", "wrap it in a list") from None
    maxlen = max(lengths, default=0) if maxlen is None else maxlen
    at_least(0, maxlen=maxlen)
    try:
        rows = [np.asarray(s, dtype) for s in sequences]
        shape = next((row.shape[1:] for row in rows if len(row)), ())
        found = np.full((len(rows), maxlen, *shape), value, dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueProblem(
            f"entries or a value that {dtype!r} cannot hold ({error})", "entries of the dtype", "pass another dtype"
        ) from None
    for index, row in enumerate(rows):
        if len(row) and row.shape[1:] != shape:
            raise ShapeError(f"entries of shape {row.shape[1:]} in sequence {index}", f"shape {shape}", "mend that one")
        kept = min(len(row), maxlen)
        if kept:
            found[index, slice(kept) if padding == "post" else slice(maxlen - kept, None)] = (
                row[:kept] if truncating == "post" else row[len(row) - kept :]
            )
    return found


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """A set in two parts, left from its start and right from its end (``keras.utils.split_dataset``).

    Args:
        dataset: an array, or a list or tuple of arrays with first axes of one length.
        left_size, right_size: entries, or the fraction of them if a float; one of them may be left to the other.
        shuffle: whether to shuffle first. seed: of the order; none for another each time.
        preferred_backend: Keras's argument; the result is NumPy arrays whatever it says.

    Returns:
        left and right, each an array or a tuple of arrays.

    Raises:
        ValueProblem: for no size, one out of range, an empty part. ShapeError: for unequal lengths.

    >>> left, right = split_dataset(np.arange(10), left_size=0.8)
    >>> right
    array([8, 9])
    """
    arrays = [numbers(a, "data") for a in (dataset if isinstance(dataset, list | tuple) else [dataset])]
    lengths = {len(a) if a.ndim else 0 for a in arrays}
    if len(lengths) != 1:
        raise ShapeError(f"arrays of lengths {sorted(lengths)}", "at least one array, all of one length", "cut them")
    total = lengths.pop()
    counts = [_count(name, size, total) for name, size in (("left_size", left_size), ("right_size", right_size))]
    if counts == [None, None]:
        raise ValueProblem("neither left_size nor right_size", "one of them", "pass e.g. left_size=0.8")
    left = counts[0] if counts[0] is not None else total - (counts[1] or 0)
    right = counts[1] if counts[1] is not None else total - left
    if left < 1 or right < 1 or left + right > total:
        raise ValueProblem(
            f"parts of {left} and {right} of {total} entries", "at least one in each, no more than all", "change a size"
        )
    order = np.random.default_rng(seed).permutation(total) if shuffle else np.arange(total)
    parts = [tuple(a[order[:left]] for a in arrays), tuple(a[order[total - right :]] for a in arrays)]
    if isinstance(dataset, list | tuple):
        return parts[0], parts[1]
    return parts[0][0], parts[1][0]


def _count(name: str, size: float | None, total: int) -> int | None:
    """The entries that a size stands for."""
    if size is None:
        return None
    if isinstance(size, float):
        if not 0 < size < 1:
            raise ValueProblem(f"{name}={size}", "a fraction between 0 and 1, or whole entries", "pass e.g. 0.8")
        return round(size * total)
    at_least(1, **{name: size})
    return int(size)
