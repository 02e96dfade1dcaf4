"""Parquet files as a data set, read by pyarrow (the extra ``chainrule[parquet]``) a row group at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import IndexProblem, ShapeError, ValueProblem
from ..datasets.split import at_least
from ..ops.random import SeedGenerator, fork_seed, random_permutation
from .arrays import Array
from .batches import PyDataset, settled


def pyarrow(module: str = "pyarrow") -> Any:
    """A module of pyarrow's, imported at need."""
    try:
        return import_module(module)
    except ImportError:
        raise ValueProblem("no pyarrow", "the package that reads Parquet", "pip install chainrule[parquet]") from None


class Table(PyDataset):
    """What `table_dataset_from_parquet` makes: batches of rows, of which one row group at a time is held.

    feature_names: the columns of x, in order. file_paths: the files, in order.
    """

    in_order = True  # a batch of another row group than the one before has all of that group read

    def __init__(
        self,
        file_paths: list[str],
        features: Any,
        target: Any,
        sample_weight: str | None,
        batch_size: int,
        shuffle: bool,
        key: Array,
    ) -> None:
        super().__init__()
        self.file_paths, self.batch_size, self.shuffle = file_paths, batch_size, shuffle
        self._key, self._epoch = key, 0
        self._held: tuple[Any, list[Array], Array | None] | None = None
        self._groups: list[tuple[str, int]] = []
        rows: list[int] = []
        schemas = []
        for path in file_paths:
            file = _opened(path)
            schemas.append(file.schema_arrow)
            self._groups += [(path, i) for i in range(file.num_row_groups)]
            rows += [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        self._rows = np.array(rows, np.int64)
        if not self._rows.sum():
            raise ShapeError(f"no rows in {', '.join(map(repr, file_paths))}", "at least one", "check the files")
        if features is None:
            others = {*_listed(target), *_listed(sample_weight)}
            features = [name for name in schemas[0].names if name not in others]
        self.feature_names = _listed(features)
        self._parts = [part for part in (features, target, sample_weight) if part is not None]
        self._columns = list(dict.fromkeys(name for part in self._parts for name in _listed(part)))
        if not self.feature_names:
            raise ValueProblem("no column for x", f"one of {schemas[0].names}", "name the features")
        for path, schema in zip(file_paths, schemas, strict=True):
            for name in self._columns:
                _check(schema, name, path)
        self._arrange()

    def _arrange(self) -> None:
        """This epoch's order of the row groups."""
        self._order = self._permutation(0, len(self._rows))
        self._ends = self._rows[slice(None) if self._order is None else self._order].cumsum()

    def _permutation(self, number: int, n: int) -> Array | None:
        """The order of the groups (number 0), or of the rows in a group (from 1 on), in this epoch."""
        if not self.shuffle:
            return None
        step = self._epoch * (len(self._rows) + 1) + number
        return random_permutation(self._key, np.array(step % 2**32, np.uint32), n=n).numpy()

    def __len__(self) -> int:
        return -(-int(self._ends[-1]) // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if not isinstance(index, int | np.integer) or not -len(self) <= index < len(self):
            raise IndexProblem(f"batch {index!r}", f"a number from 0 to {len(self) - 1}", "ask for fewer batches")
        start = int(index) % len(self) * self.batch_size
        stop = min(start + self.batch_size, int(self._ends[-1]))
        at = int(self._ends.searchsorted(start, side="right"))
        pieces = []
        while start < stop:
            group = at if self._order is None else int(self._order[at])
            last, begin = min(stop, int(self._ends[at])), int(self._ends[at] - self._rows[group])
            if last > start:
                pieces.append(self._taken(group, slice(start - begin, last - begin)))
            start, at = last, at + 1
        columns = {n: np.concatenate(c) for n, c in zip(self._columns, zip(*pieces, strict=True), strict=True)}
        x, *rest = (_together(part, columns) for part in self._parts)
        return (x, *rest) if rest else x

    def _taken(self, group: int, places: slice) -> list[Array]:
        """These rows of a group, in this epoch's order, out of the group's memory."""
        if self._held is None or self._held[0] != (self._epoch, group):
            self._held = None  # before the next is read
            path, i = self._groups[group]
            order = self._permutation(1 + group, int(self._rows[group]))
            self._held = (self._epoch, group), _read(path, i, self._columns), order
        _, columns, order = self._held
        return [np.array(c[places if order is None else order[places]]) for c in columns]

    def on_epoch_end(self) -> None:
        """The next epoch's order, which the seed and the epoch's number settle."""
        self._epoch += 1
        self._arrange()

    def get_state(self) -> dict[str, Any]:
        """Which order is in force, for a checkpoint."""
        return {"epoch": self._epoch, "key": self._key.tolist()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take up the order that `get_state` told."""
        self._epoch, self._key, self._held = int(state["epoch"]), np.array(state["key"], np.uint32), None
        self._arrange()


def table_dataset_from_parquet(
    path: str | os.PathLike[str],
    features: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    sample_weight: str | None = None,
    batch_size: int = 32,
    shuffle: bool = True,
    seed: int | None = None,
) -> Table:
    """Batches of the rows of Parquet files, of which one row group at a time is in memory.

    Keras has no such function; it is named after its neighbours, such as `image_dataset_from_directory`.

    Args:
        path: of a file, or of a folder whose files ending in .parquet are taken in the order of their names.
        features: the columns of x, default all but the others: a list of them makes one array (batch, entries), in
            which a column of numbers is one entry and a column of lists of one length as many as they have; the name of
            one column gives it as it is, (batch,) or (batch, ...).
        target: the columns of y, likewise; None for x alone.
        sample_weight: with a target, the column of the examples' weights. batch_size: rows a batch, fewer in the last.
        shuffle: whether the row groups come in random order, and the rows of each too; another for each epoch that
            `on_epoch_end` closes. `fit` leaves the order to this. Pass False to `predict` rows in the file's order.
        seed: of the orders, whole, from 0; None to take it from `set_random_seed`.

    Returns:
        a `PyDataset` with ``feature_names`` and ``file_paths``, whose batches are x, (x, y) or (x, y, sample_weight),
        in the columns' dtypes. A checkpoint keeps where it stands.

    Raises:
        ValueProblem: without pyarrow; for what is no Parquet file, a column that is not there or holds no numbers;
            when it is read, for a column with empty places. ShapeError: for a table without rows, lists of different
            lengths.

    The rows of one group have to fit in memory: pyarrow's ``write_table(table, path, row_group_size=100_000)`` says how
    many they are; fewer shuffle less well, as rows of one group stay neighbours.

    ::

        train = table_dataset_from_parquet("houses.parquet", target="price", batch_size=256, seed=1)
        model.fit(train, epochs=3)
    """
    at_least(1, batch_size=batch_size)
    if sample_weight is not None and target is None:
        raise ValueProblem("sample_weight without a target", "both", "name the target")
    given = Path(path)
    paths = sorted(map(str, given.glob("*.parquet"))) if given.is_dir() else [str(given)]
    if not paths:
        raise ValueProblem(f"no Parquet file in {str(path)!r}", "files ending in .parquet", "check the folder")
    stream = fork_seed("parquet") if seed is None else SeedGenerator(settled(seed), "parquet")
    key = stream.state.numpy()[:2]
    return Table(paths, features, target, sample_weight, int(batch_size), bool(shuffle), key)


def _listed(names: Any) -> list[str]:
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def _opened(path: str) -> Any:
    parquet, errors = pyarrow("pyarrow.parquet"), pyarrow().lib
    try:
        return parquet.ParquetFile(path)
    except (OSError, errors.ArrowException) as error:
        raise ValueProblem(f"{path!r} ({error})", "a Parquet file", "check the path") from None


def _check(schema: Any, name: str, path: str) -> None:
    """That a file has a column, and of numbers or lists of them."""
    if name not in schema.names:
        raise ValueProblem(f"the column {name!r}", f"one of {schema.names}, as in {path!r}", "check the name")
    types, kind = pyarrow("pyarrow.types"), schema.field(name).type
    while _is_list(kind):
        kind = kind.value_type
    if not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)):
        raise ValueProblem(
            f"the column {name!r} of {schema.field(name).type} in {path!r}",
            "numbers, or lists of numbers",
            "leave it out of the features, or write it as numbers",
        )


def _is_list(kind: Any) -> bool:
    types = pyarrow("pyarrow.types")
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _read(path: str, group: int, names: list[str]) -> list[Array]:
    """The columns of one row group."""
    file = _opened(path)
    try:
        table = file.read_row_group(group, columns=names)
    except (OSError, pyarrow().lib.ArrowException) as error:
        raise ValueProblem(f"row group {group} of {path!r} ({error})", "a whole file", "write it again") from None
    where = f"row group {group} of {path!r}"
    return [_array(table.column(n).combine_chunks(), f"the column {n!r} in {where}") for n in names]


def _array(column: Any, what: str) -> Array:
    if column.null_count:
        raise ValueProblem(f"{what} with {column.null_count} empty places", "a number in each row", "fill or drop them")
    if not _is_list(column.type):
        found: Array = column.to_numpy(zero_copy_only=False)
        return found
    lengths = np.unique(pyarrow("pyarrow.compute").list_value_length(column).to_numpy(zero_copy_only=False))
    if len(lengths) > 1:
        raise ShapeError(f"{what} with lists of {lengths[0]} to {lengths[-1]} entries", "one length", "pad or cut them")
    inner = _array(column.flatten(), what)
    return inner.reshape(len(column), -1, *inner.shape[1:]) if len(column) else inner


def _together(part: Any, columns: dict[str, Array]) -> Array:
    """One column as it is, or several side by side."""
    if isinstance(part, str):
        return columns[part]
    found = [columns[name] for name in part]
    deep = [n for n, a in zip(part, found, strict=True) if a.ndim > 2]
    if deep:
        raise ShapeError(f"the column {deep[0]!r} of lists of lists among others", "numbers or lists", "pass it alone")
    return np.concatenate([a.reshape(len(a), -1) for a in found], axis=1)


__all__ = ["Table", "table_dataset_from_parquet"]
