"""Data into batches: arrays, tables, generators, data sets of batches, and anything with a length and an index.

A source gives, for an epoch, batches in order. What it holds as arrays it also gives as `Rows`, so that an engine may
take many steps at once; what lies in a file, or is made as it goes, comes batch by batch. The order of an epoch hangs
on the source's key and the epoch's number alone: a resumed run takes the same batches.

May import: `ops`, `readings`, `tensor`, `utils` (the base class of data sets).
"""

from __future__ import annotations

import itertools
import math
import mmap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import GraphError, ShapeError, ValueProblem
from ..graph import as_dtype
from ..ops.random import SeedGenerator, random_permutation
from ..tensors.tensor import Tensor, Variable
from ..tensors.tree import flatten
from ..utils import PyDataset

Array = NDArray[Any]


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of what a generator gave, ``None`` where there is none."""
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ShapeError(
            f"a batch that is a tuple of {len(data)}",
            "x, (x, y) or (x, y, sample_weight)",
            "put several inputs in a list",
        )
    x, y, weight = (*data, None, None)[:3]
    return x, y, weight


def pack(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The shortest tuple that holds what there is."""
    if sample_weight is not None:
        return x, y, sample_weight
    return (x, y) if y is not None else (x,)


def leaves_of(data: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The arrays in nested lists, tuples and dictionaries; lists of numbers are one array, tables too."""
    if isinstance(data, dict):
        parts = {k: leaves_of(v) for k, v in data.items()}
        flat = [leaf for p, _ in parts.values() for leaf in p]

        def rebuild(given: list[Any]) -> Any:
            rest = iter(given)
            return {k: build([next(rest) for _ in leaves]) for k, (leaves, build) in parts.items()}

        return flat, rebuild
    if isinstance(data, list | tuple) and any(_is_array(v) or isinstance(v, dict) for v in data):
        inner = [leaves_of(v) for v in data]
        flat = [leaf for p, _ in inner for leaf in p]

        def again(given: list[Any]) -> Any:
            rest = iter(given)
            made = [build([next(rest) for _ in leaves]) for leaves, build in inner]
            return tuple(made) if isinstance(data, tuple) else made

        return flat, again
    return [data], lambda given: given[0]


def _is_array(value: Any) -> bool:
    if isinstance(value, Tensor | Variable):
        return True
    return any(hasattr(value, how) for how in ("__array__", "__dlpack__", "toarray"))  # the last: SciPy's sparse ones


def as_rows(data: Any, what: str, float_dtype: str) -> Array:
    """Data as one NumPy array, floats in `float_dtype`, whole numbers in 32 bits where they fit.

    Raises:
        ValueProblem: for words, dates and other things that are no numbers, naming the column.
    """
    wanted = as_dtype(float_dtype)
    if type(data) is np.ndarray and data.dtype == wanted:
        return data
    if hasattr(data, "toarray"):  # SciPy's sparse matrices
        data = data.toarray()
    if hasattr(data, "to_numpy"):  # pandas and polars tables and columns
        columns = list(getattr(data, "columns", ()))
        data = data.to_numpy()
        if data.dtype.kind == "O":
            data = _table(data, columns, what)
    elif type(data).__module__.split(".")[0] == "torch":
        data = data.detach().cpu().numpy()
    try:
        array = np.asarray(data.numpy() if isinstance(data, Tensor | Variable) else data)
    except ValueError:  # NumPy's word for it speaks of inhomogeneous parts
        raise ShapeError(f"{what} whose rows differ in length", "rows of one length", "pad or cut them") from None
    if array.dtype.kind == "O":
        array = _table(array, [], what)
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise ValueProblem(
            f"{what} of dtype {array.dtype}",
            "numbers",
            "turn words into numbers first: a dictionary of their numbers, or one column for each word",
        )
    if array.dtype.kind == "f" and array.dtype != wanted:
        return array.astype(wanted)
    if array.dtype.itemsize == 8 and array.dtype.kind in "iu":
        info = np.iinfo(np.int32)
        if not array.size or (array.min() >= info.min and array.max() <= info.max):
            return array.astype(np.int32)
    return array


def _table(array: Array, columns: list[Any], what: str) -> Array:
    """A table of objects as floats; a column that holds no numbers is named."""
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        pass
    if array.ndim == 1 and array.size and all(np.shape(v) == np.shape(array[0]) for v in array):
        try:
            return np.stack([np.asarray(v, dtype=np.float64) for v in array])
        except (TypeError, ValueError):
            pass
    if array.ndim == 2:
        for i in range(array.shape[1]):
            for row, value in enumerate(array[:, i]):
                try:
                    float(value)
                except (TypeError, ValueError):
                    name = repr(columns[i]) if columns else f"number {i}"
                    raise ValueProblem(
                        f"{value!r} in column {name} of {what}, row {row}",
                        "numbers",
                        "encode that column as numbers, or leave it out",
                    ) from None
    raise ValueProblem(f"{what} that holds objects of different shapes", "one array of numbers", "pad or cut the rows")


def _on_disk(array: Any) -> bool:
    """Whether an array's memory is a file's, as ``np.load(path, mmap_mode="r")`` makes it."""
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap.mmap)


class OnDisk:
    """The rows of an array in a file, read, and brought to their dtype (`as_rows`), when they are asked for."""

    def __init__(self, array: Array, what: str, float_dtype: str) -> None:
        self.array, self.what, self.float_dtype = np.asarray(array), what, float_dtype
        self.shape, self.ndim = array.shape, array.ndim

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: slice | Array) -> Array:
        if isinstance(rows, slice):
            found = np.array(self.array[rows])
        else:  # in the file's order, then as they are wanted
            order = rows.argsort()
            found = np.empty((len(rows), *self.shape[1:]), self.array.dtype)
            found[order] = self.array[rows[order]]
        return as_rows(found, self.what, self.float_dtype)


class Rows:
    """Arrays of equal length, taken `size` rows at a time in `order` (`engine.Batches`)."""

    def __init__(self, arrays: Sequence[Any], order: Array | None, size: int) -> None:
        self.arrays, self.order, self.size = list(arrays), order, size

    def batch(self, k: int) -> list[Array]:
        """The arrays' rows of batch k."""
        start, stop = k * self.size, (k + 1) * self.size
        if self.order is None:
            return [a[start:stop] for a in self.arrays]
        chosen = self.order[start:stop]
        return [a[chosen] for a in self.arrays]


class DataAdapter:
    """Batches for training, evaluation or prediction.

    Attributes:
        count: batches an epoch; ``None`` if that is not known before its end.
        examples: examples an epoch, if known.
        resumable: whether an epoch can be entered in the middle.
        goes_on: whether it stands where it was left, and no epoch begins anew.
        stream: what orders of epochs are drawn from, if they are.
        ahead: whether a batch may be read by another thread, while the one before is in use.
        lends: whether a batch may lie in memory that the next one will be written to.
        used: the state that goes with the batches used so far, in a tuple, while others are read ahead of them.
    """

    count: int | None = None
    examples: int | None = None
    resumable = True
    is_infinite = False
    shuffle = False
    stream: SeedGenerator | None = None
    ahead = True
    reuses_buffers = False
    used: tuple[Any] | None = None

    def order(self, epoch: int, count: int) -> Array | None:
        """In which order an epoch takes `count` things; ``None``: as they are. It hangs on stream and epoch alone."""
        if self.key is None:
            return None
        return random_permutation(self.key, np.array(epoch, np.uint32), n=count).numpy()

    @property
    def key(self) -> Array | None:
        """The two words that, with its number, decide an epoch's order; ``None`` where things stay as they are."""
        return self.stream.state.numpy()[:2] if self.shuffle and self.stream is not None else None

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """The epoch's batches from number `first` on: x, y, sample_weight, as nested arrays."""
        raise NotImplementedError

    def end_epoch(self) -> None:
        """What is to be done after an epoch."""

    def get_state(self) -> Any:
        """Where the source stands, for a checkpoint; ``None`` if the epoch and batch numbers say it all."""
        return None

    def set_state(self, state: Any) -> None:
        """Stand where `get_state` said."""

    def standing(self) -> Any:
        """The state for a checkpoint: that of the batches used, whatever was read ahead of them."""
        return self.get_state() if self.used is None else self.used[0]


class ArrayAdapter(DataAdapter):
    """Arrays held in memory, or memory-mapped: then they are read batch by batch."""

    def __init__(
        self,
        x: Any,
        y: Any,
        weight: Any,
        batch_size: int | None,
        shuffle: bool,
        stream: SeedGenerator | None,
        float_dtype: str,
    ) -> None:
        self.parts = []
        self.arrays: list[Any] = []
        for name, data in (("x", x), ("y", y), ("sample_weight", weight)):
            flat, build = leaves_of(data) if data is not None else ([], lambda given: None)
            arrays = [
                (OnDisk if _on_disk(leaf) else as_rows)(leaf, name if len(flat) == 1 else f"{name}[{i}]", float_dtype)
                for i, leaf in enumerate(flat)
            ]
            self.parts.append((len(arrays), build))
            self.arrays += arrays
            for i, a in enumerate(arrays):
                if name == "x" and not a.ndim:
                    raise ShapeError("a single number as x", "an array of examples", "check x")
                if not a.ndim or len(a) != len(self.arrays[0]):
                    raise ShapeError(
                        f"{len(self.arrays[0])} examples in x and "
                        + (f"{len(a)} in {name}" if a.ndim else f"a single number as {name}")
                        + (f" ({i})" if len(flat) > 1 else ""),
                        "as many of each",
                        f"check that the first axis of {name} counts the examples",
                    )
        n = len(self.arrays[0])
        if n == 0:
            raise ShapeError("data without examples", "at least one", "check how the data was loaded or split")
        self.size = _batch_size(batch_size, n)
        self.examples, self.count = n, math.ceil(n / self.size)
        self.shuffle, self.stream = shuffle, stream
        self.ahead = not self.fits

    @property
    def fits(self) -> bool:
        """Whether the arrays lie in memory, and not in a file that is read as it is needed."""
        return not any(isinstance(a, OnDisk) for a in self.arrays)

    def rows(self, epoch: int) -> Rows:
        return Rows(self.arrays, self.order(epoch, len(self.arrays[0])), self.size)

    def unflatten(self, arrays: Sequence[Any]) -> tuple[Any, Any, Any]:
        """A batch's arrays as x, y, sample_weight."""
        rest = iter(arrays)
        x, y, weight = (build([next(rest) for _ in range(count)]) for count, build in self.parts)
        return x, y, weight

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        rows = self.rows(epoch)
        for k in range(first, self.count or 0):
            yield self.unflatten(rows.batch(k))


def _batch_size(given: Any, n: int) -> int:
    if given is None:
        return min(32, n)
    if isinstance(given, bool) or not hasattr(given, "__index__") or int(given) < 1:
        raise ValueProblem(f"batch_size={given!r}", "a whole number from 1 up", "e.g. batch_size=32")
    return min(int(given), n)


class IndexedAdapter(DataAdapter):
    """Anything with ``len`` and an index that gives one example: PyTorch's and Hugging Face's data sets.

    An example is x, (x, y), (x, y, weight), or a dictionary, of which `x` and `y` may name the columns.
    """

    def __init__(
        self,
        data: Any,
        columns: tuple[Any, Any],
        batch_size: int | None,
        shuffle: bool,
        stream: SeedGenerator | None,
        float_dtype: str,
    ) -> None:
        self.data, self.columns, self.float_dtype = data, columns, float_dtype
        self.ahead = _may_be_read_ahead(data)
        n = len(data)
        if n == 0:
            raise ShapeError("a data set without examples", "at least one", "check how it was loaded")
        self.size = _batch_size(batch_size, n)
        self.examples, self.count = n, math.ceil(n / self.size)
        self.shuffle, self.stream = shuffle, stream

    def _example(self, i: int) -> tuple[Any, ...]:
        found = self.data[i]
        x, y = self.columns
        if isinstance(found, dict) and (x is not None or y is not None):
            inputs = {k: v for k, v in found.items() if k != y} if x is None else _columns(found, x)
            return (inputs,) if y is None else (inputs, _columns(found, y))
        return tuple(found) if isinstance(found, list | tuple) else (found,)

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        n = self.examples or 0
        shuffled = self.order(epoch, n)
        order: Any = range(n) if shuffled is None else shuffled
        for k in range(first, self.count or 0):
            chosen = [self._example(int(i)) for i in order[k * self.size : (k + 1) * self.size]]
            yield standard(tuple(_stacked(list(column)) for column in zip(*chosen, strict=True)), self.float_dtype)


def _columns(example: dict[str, Any], names: Any) -> Any:
    for name in [names] if isinstance(names, str) else names:
        if name not in example:
            raise ValueProblem(f"the column {name!r}", f"one of {', '.join(map(repr, example))}", "check the name")
    return example[names] if isinstance(names, str) else {name: example[name] for name in names}


def _stacked(column: list[Any]) -> Any:
    if isinstance(column[0], dict):
        return {k: _stacked([example[k] for example in column]) for k in column[0]}
    if isinstance(column[0], list | tuple) and _is_array(column[0][0]):
        return [_stacked([example[i] for example in column]) for i in range(len(column[0]))]
    arrays = [np.asarray(v) for v in column]
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        raise ShapeError(
            f"examples of shapes {', '.join(map(str, sorted(shapes)))} in one batch",
            "equal shapes",
            "resize, pad or cut the examples to one shape",
        )
    return np.stack(arrays)


def standard(data: Any, float_dtype: str) -> tuple[Any, Any, Any]:
    """A batch of anybody's as nested arrays: x, y, sample_weight."""
    given = list(data) if isinstance(data, list) and 1 <= len(data) <= 3 and all(map(_is_array, data)) else data
    parts = unpack(tuple(given) if isinstance(given, list) and isinstance(data, list) else given)
    made: list[Any] = []
    for name, part in zip(("x", "y", "sample_weight"), parts, strict=True):
        if part is None:
            made.append(None)
            continue
        flat, build = leaves_of(part)
        made.append(build([as_rows(leaf, name, float_dtype) for leaf in flat]))
    x, y, weight = made
    return x, y, weight


class BatchAdapter(DataAdapter):
    """A data set of batches: ours (`utils.PyDataset`), or an iterable that begins anew for each epoch."""

    reuses_buffers = True

    def __init__(self, data: Any, shuffle: bool, stream: SeedGenerator | None, float_dtype: str) -> None:
        self.data, self.float_dtype = data, float_dtype
        self.ahead = _may_be_read_ahead(data)
        self.indexed = isinstance(data, PyDataset)
        self.shuffle, self.stream = shuffle and self.indexed and not data.in_order, stream
        self.resumable = not _changes_unseen(data)
        if self.indexed:
            self.count = data.num_batches
        elif hasattr(data, "__len__"):
            self.count = len(data)

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        if not self.indexed:
            for batch in itertools.islice(iter(self.data), first, None):
                yield standard(batch, self.float_dtype)
            return
        order: Iterable[int] = itertools.count() if self.count is None else range(self.count)
        shuffled = None if self.count is None else self.order(epoch, self.count)
        if shuffled is not None:
            order = shuffled.tolist()
        if hasattr(self.data, "on_epoch_begin"):
            self.data.on_epoch_begin()
        for i in itertools.islice(order, first, None):
            yield standard(self.data[i], self.float_dtype)

    def end_epoch(self) -> None:
        if hasattr(self.data, "on_epoch_end"):
            self.data.on_epoch_end()

    def get_state(self) -> Any:  # what on_epoch_end changes, for one
        return self.data.get_state() if self.indexed and hasattr(self.data, "get_state") else None

    def set_state(self, state: Any) -> None:
        if not self.resumable:
            raise GraphError(
                f"a checkpoint of {type(self.data).__name__}, whose order changes from epoch to epoch unseen",
                "data that can say where it stands",
                "give it get_state() and set_state(state), or leave the shuffling to fit(shuffle=True)",
            )
        if state is not None:
            self.data.set_state(state)


def _may_be_read_ahead(data: Any) -> bool:
    return bool(getattr(data, "workers", 1) != 0)


def _changes_unseen(data: Any) -> bool:
    """Whether a data set has an order of its own making that no checkpoint can know."""
    if hasattr(data, "get_state"):
        return False
    kind = type(data)
    if isinstance(data, PyDataset):
        return kind.on_epoch_end is not PyDataset.on_epoch_end or kind.on_epoch_begin is not PyDataset.on_epoch_begin
    return type(getattr(data, "sampler", None)).__name__ == "RandomSampler"  # PyTorch's DataLoader(shuffle=True)


class GeneratorAdapter(DataAdapter):
    """A generator, which goes on from epoch to epoch and is never begun anew."""

    is_infinite = True
    reuses_buffers = True

    def __init__(self, data: Iterator[Any], float_dtype: str) -> None:
        self.data, self.float_dtype = data, float_dtype
        self.ahead = _may_be_read_ahead(data)
        self.resumable = hasattr(data, "get_state") and hasattr(data, "set_state")

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        for batch in self.data:
            yield standard(batch, self.float_dtype)

    def get_state(self) -> Any:
        return self.data.get_state() if self.resumable else None  # type: ignore[attr-defined]

    def set_state(self, state: Any) -> None:
        if not self.resumable:
            raise GraphError(
                "a checkpoint in the middle of a generator, which cannot say where it stood",
                "data that can be entered again",
                "give the generator get_state() and set_state(state), or use arrays or a utils.PyDataset",
            )
        self.data.set_state(state)  # type: ignore[attr-defined]


def data_adapter_for(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    shuffle: bool = False,
    stream: SeedGenerator | None = None,
    class_weight: dict[int, float] | None = None,
    float_dtype: str = "float32",
) -> DataAdapter:
    """The source for what `fit`, `evaluate` or `predict` was given.

    Raises:
        ChainruleError: for data that is none of the kinds known, or whose lengths differ.
    """
    if x is None:
        raise ValueProblem("no data", "x, and for training y", "call fit(x, y)")
    source: DataAdapter
    if _is_indexed(x):
        names = [v for v in (y, sample_weight) if v is not None]
        if any(not isinstance(v, str) for v in names):
            raise ValueProblem(
                "y beside a data set", "the data set to give y itself", "leave y out, or name its column"
            )
        source = IndexedAdapter(x, (None, y), batch_size, shuffle, stream, float_dtype)
    elif isinstance(x, PyDataset) or (_is_iterable(x) and not hasattr(x, "__next__")):
        _alone(y, sample_weight)
        source = BatchAdapter(x, shuffle, stream, float_dtype)
    elif hasattr(x, "__next__"):
        _alone(y, sample_weight)
        source = GeneratorAdapter(x, float_dtype)
    else:
        weight = sample_weight
        lazily = any(_on_disk(leaf) for data in (y, weight) for leaf in leaves_of(data)[0])
        if class_weight and not lazily:
            weight, class_weight = weighted_by_class(y, weight, class_weight, float_dtype), None
        source = ArrayAdapter(x, y, weight, batch_size, shuffle, stream, float_dtype)
    return _ByClass(source, class_weight, float_dtype) if class_weight else source


def one_batch(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    float_dtype: str = "float32",
) -> tuple[Any, Any, Any]:
    """All of the data as one batch: x, y, sample_weight."""
    plain = y is None and sample_weight is None and class_weight is None
    if plain and type(x) is np.ndarray and x.size and x.ndim:  # a small model's step is shorter than making a source
        return as_rows(x, "x", float_dtype), None, None
    given = data_adapter_for(x, y, sample_weight, batch_size=2**62, class_weight=class_weight, float_dtype=float_dtype)
    batch: tuple[Any, Any, Any] = next(given.batches(0))
    return batch


def _alone(y: Any, weight: Any) -> None:
    if y is not None or weight is not None:
        raise ValueProblem(
            "y or sample_weight beside a generator or data set",
            "batches that hold (x, y) or (x, y, sample_weight)",
            "let it give them together",
        )


def _is_iterable(x: Any) -> bool:
    return hasattr(x, "__iter__") and not _is_array(x) and not isinstance(x, list | tuple | dict | str)


def _is_indexed(x: Any) -> bool:
    """One example for an index: PyTorch's and Hugging Face's data sets, and whatever behaves so."""
    return (
        hasattr(x, "__getitem__")
        and hasattr(x, "__len__")
        and not _is_array(x)
        and not hasattr(x, "to_numpy")
        and not isinstance(x, list | tuple | dict | str | PyDataset)
    )


def weighted_by_class(y: Any, weight: Any, class_weight: dict[int, float], float_dtype: str) -> Array:
    """Each example's weight: its class's, times its own. Classes that are not named weigh 1."""
    if not isinstance(class_weight, dict):
        raise ValueProblem(f"class_weight={class_weight!r}", "a weight by class", "e.g. class_weight={0: 1.0, 1: 5.0}")
    if y is None or isinstance(y, dict) or len(leaves_of(y)[0]) != 1:
        raise ValueProblem("class_weight", "one array of labels y", "use sample_weight for several outputs")
    labels = as_rows(y, "y", float_dtype)
    if labels.ndim > 1 and labels.shape[-1] > 1:
        labels = labels.argmax(-1)
    labels = labels.reshape(len(labels), -1)[:, 0] if labels.ndim > 1 else labels
    found = np.ones(len(labels), as_dtype(float_dtype))
    for label, share in class_weight.items():
        found[labels == label] = share
    return found if weight is None else found * as_rows(weight, "sample_weight", float_dtype)


class _ByClass(DataAdapter):
    """Another source, its batches weighted by class."""

    def __init__(self, inner: DataAdapter, class_weight: dict[int, float], float_dtype: str) -> None:
        self.inner, self.class_weight, self.float_dtype = inner, class_weight, float_dtype
        self.count, self.examples, self.resumable = inner.count, inner.examples, inner.resumable
        self.is_infinite, self.stream = inner.is_infinite, inner.stream
        self.ahead, self.reuses_buffers = inner.ahead, inner.reuses_buffers

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        for x, y, weight in self.inner.batches(epoch, first):
            yield x, y, weighted_by_class(y, weight, self.class_weight, self.float_dtype)

    def end_epoch(self) -> None:
        self.inner.end_epoch()

    def get_state(self) -> Any:
        return self.inner.get_state()

    def set_state(self, state: Any) -> None:
        self.inner.set_state(state)


def split(x: Any, y: Any, weight: Any, share: float) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    """The first part of arrays for training, the last `share` of them for validation, as Keras takes them."""
    if not 0 < share < 1:
        raise ValueProblem(f"validation_split={share}", "a share between 0 and 1", "e.g. validation_split=0.2")
    if x is None or _is_indexed(x) or _is_iterable(x) or hasattr(x, "__next__"):
        raise ValueProblem("validation_split with a generator or data set", "arrays", "pass validation_data instead")
    flat, _ = leaves_of(x)
    shape = getattr(flat[0], "shape", None) or np.shape(flat[0])
    if not shape:
        raise ShapeError("x without axes", "an array of examples", "check x")
    n = shape[0]
    at = math.floor(n * (1 - share))
    if at in (0, n):
        raise ValueProblem(
            f"validation_split={share} of {n} examples", "at least one example on each side", "choose another share"
        )

    def cut(data: Any, part: slice) -> Any:
        if data is None:
            return None
        leaves, build = leaves_of(data)
        return build([_sliced(leaf, part) for leaf in leaves])

    head, tail = slice(0, at), slice(at, n)
    first, last = ([cut(d, part) for d in (x, y, weight)] for part in (head, tail))
    return (first[0], first[1], first[2]), (last[0], last[1], last[2])


def _sliced(leaf: Any, part: slice) -> Any:
    if hasattr(leaf, "iloc"):
        return leaf.iloc[part]
    if hasattr(leaf, "toarray"):
        return leaf.toarray()[part]
    return leaf[part] if hasattr(leaf, "__getitem__") else np.asarray(leaf)[part]


def specs_of(data: Any) -> Any:
    """The specs of nested arrays, in their form; ``None`` where there is none."""
    from ..graph import spec_of

    flat, build = flatten(data)
    return build([None if a is None else spec_of(a.shape, a.dtype) for a in flat])


__all__ = [
    "ArrayAdapter",
    "DataAdapter",
    "Rows",
    "data_adapter_for",
    "leaves_of",
    "one_batch",
    "pack",
    "specs_of",
    "split",
    "unpack",
]
