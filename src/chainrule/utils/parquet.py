"""Parquet files as a data set, read by pyarrow (the extra ``chainrule[parquet]``) a row group at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..core.arguments import at_least
from ..core.errors import IndexProblem, MissingFileError, ShapeError, ValueProblem
from ..ops.random import SeedGenerator, fork_seed, random_permutation
from .arrays import Array
from .batches import PyDataset, seed_or_random


def pyarrow(module: str = "pyarrow") -> Any:
    """Import a module of pyarrow."""
    try:
        return import_module(module)
    except ImportError:
        raise ValueProblem("no pyarrow", "the package that reads Parquet", "pip install chainrule[parquet]") from None


class Table(PyDataset):
    """Rows of Parquet files, from `table_dataset_from_parquet`; one row group at a time is in memory.

    feature_names: the columns of x, in order. file_paths: the files, in order.
    """

    in_order = True  # each change of the row group reads all of the new group

    def __init__(
        self, paths: list[str], features: Any, target: Any, weight: Any, batch_size: int, shuffle: bool, key: Array
    ) -> None:
        super().__init__()
        self.file_paths, self.batch_size, self.shuffle = paths, batch_size, shuffle
        self._key, self._epoch = key, 0
        self._cached: tuple[Any, list[Array], Array | None] | None = None  # (epoch, group), its columns, its order
        self._groups: list[tuple[str, int]] = []
        row_counts: list[int] = []
        schemas = []
        for path in paths:
            file = _open(path)
            schemas.append(file.schema_arrow)
            self._groups += [(path, i) for i in range(file.num_row_groups)]
            row_counts += [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        self._row_counts = np.array(row_counts, np.int64)
        if not self._row_counts.sum():
            raise ShapeError(f"no rows in {', '.join(map(repr, paths))}", "at least one", "check the files")
        if features is None:
            others = {*_as_list(target), *_as_list(weight)}
            features = [name for name in schemas[0].names if name not in others]
        self.feature_names = _as_list(features)
        self._parts = [part for part in (features, target, weight) if part is not None]
        self._columns = list(dict.fromkeys(name for part in self._parts for name in _as_list(part)))
        if not self.feature_names:
            raise ValueProblem("no column for x", f"one of {schemas[0].names}", "pass the features")
        for path, schema in zip(paths, schemas, strict=True):
            for name in self._columns:
                _check_column(schema, name, path)
        self._set_order()

    def _set_order(self) -> None:
        """Set this epoch's order of the row groups."""
        self._order = self._permutation(0, len(self._row_counts))
        self._ends = self._row_counts[slice(None) if self._order is None else self._order].cumsum()

    def _permutation(self, number: int, n: int) -> Array | None:
        """Return this epoch's order of the groups (number 0), or of the rows in a group (numbers from 1 up)."""
        if not self.shuffle:
            return None
        step = self._epoch * (len(self._row_counts) + 1) + number
        return random_permutation(self._key, np.array(step % 2**32, np.uint32), n=n).numpy()

    def __len__(self) -> int:
        return -(-int(self._ends[-1]) // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if not isinstance(index, int | np.integer) or not -len(self) <= index < len(self):
            raise IndexProblem(f"batch {index!r}", f"a number from 0 to {len(self) - 1}", "ask for fewer batches")
        start = int(index) % len(self) * self.batch_size
        stop = min(start + self.batch_size, int(self._ends[-1]))
        position = int(self._ends.searchsorted(start, side="right"))  # of the group in this epoch's order
        pieces = []
        while start < stop:
            group = position if self._order is None else int(self._order[position])
            last, begin = min(stop, int(self._ends[position])), int(self._ends[position] - self._row_counts[group])
            if last > start:
                pieces.append(self._read_rows(group, slice(start - begin, last - begin)))
            start, position = last, position + 1
        columns = {n: np.concatenate(c) for n, c in zip(self._columns, zip(*pieces, strict=True), strict=True)}
        x, *rest = (_select(part, columns) for part in self._parts)
        return (x, *rest) if rest else x

    def _read_rows(self, group: int, rows: slice) -> list[Array]:
        """Return copies of these rows of a group, in this epoch's order."""
        if self._cached is None or self._cached[0] != (self._epoch, group):
            self._cached = None  # frees the old group before the new one is read
            path, i = self._groups[group]
            order = self._permutation(1 + group, int(self._row_counts[group]))
            self._cached = (self._epoch, group), _read_group(path, i, self._columns), order
        _, columns, order = self._cached
        return [np.array(c[rows if order is None else order[rows]]) for c in columns]

    def on_epoch_end(self) -> None:
        """Draw the next epoch's order, which depends only on the seed and the epoch number."""
        self._epoch += 1
        self._set_order()

    def get_state(self) -> dict[str, Any]:
        """Return which order is in use, for a checkpoint."""
        return {"epoch": self._epoch, "key": self._key.tolist()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the order that `get_state` returned."""
        self._epoch, self._key, self._cached = int(state["epoch"]), np.array(state["key"], np.uint32), None
        self._set_order()


def table_dataset_from_parquet(
    path: str | os.PathLike[str], features: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None, sample_weight: str | None = None, batch_size: int = 32,
    shuffle: bool = True, seed: int | None = None,
) -> Table:  # fmt: skip
    """Make batches of the rows of Parquet files; one row group at a time is in memory.

    Keras has no such function; the name follows those of similar ones, such as `image_dataset_from_directory`.

    Args:
        path: of a file, or of a folder whose files ending in .parquet are read in the order of their names.
        features: the columns of x, default all but the others: a list of names makes one array (batch, entries), with
            one entry for a column of numbers and n for a column of lists of length n; a single name gives that column
            unchanged, (batch,) or (batch, ...).
        target: the columns of y, likewise; None for x alone.
        sample_weight: with a target, the column of the examples' weights.
        batch_size: rows in a batch, fewer in the last.
        shuffle: whether the row groups come in random order, and the rows of each too; a new one after each
            `on_epoch_end`. `fit` does not shuffle again. Pass False to `predict` rows in the file's order.
        seed: of the orders, a whole number from 0; None to derive it from `set_random_seed`.

    Returns:
        a `PyDataset` with ``feature_names`` and ``file_paths``, whose batches are x, (x, y) or (x, y, sample_weight),
        in the columns' dtypes. Checkpoints save its position.

    Raises:
        ValueProblem: without pyarrow; for a file that is not Parquet, a column that is missing or not of numbers; when
            it is read, for a column with missing values. ShapeError: for a table without rows, lists of different
            lengths.

    The rows of one group have to fit in memory: ``row_group_size`` of pyarrow's ``write_table`` sets their number.
    Small groups shuffle less well, as the rows of one group stay together.

    ::

        train = table_dataset_from_parquet("houses.parquet", target="price", batch_size=256, seed=1)
        model.fit(train, epochs=3)
    """
    batch_size = at_least(1, batch_size=batch_size)
    if sample_weight is not None and target is None:
        raise ValueProblem("sample_weight without a target", "both", "pass the target")
    source = Path(path)
    paths = sorted(map(str, source.glob("*.parquet"))) if source.is_dir() else [str(source)]
    if not paths:
        raise ValueProblem(f"no Parquet file in {str(path)!r}", "files ending in .parquet", "check the folder")
    stream = fork_seed("parquet") if seed is None else SeedGenerator(seed_or_random(seed), "parquet")
    return Table(paths, features, target, sample_weight, batch_size, bool(shuffle), stream.state.numpy()[:2])


def _as_list(names: Any) -> list[str]:
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def _open(path: str) -> Any:
    parquet, errors = pyarrow("pyarrow.parquet"), pyarrow().lib
    try:
        return parquet.ParquetFile(path)
    except FileNotFoundError:
        raise MissingFileError(f"{path!r}, which does not exist", "a Parquet file") from None
    except (OSError, errors.ArrowException) as error:
        raise ValueProblem(f"{path!r} ({error})", "a Parquet file", "check the path") from None


def _check_column(schema: Any, name: str, path: str) -> None:
    """Check that a file has a column, and that it is of numbers or lists of numbers."""
    if name not in schema.names:
        raise ValueProblem(f"the column {name!r}", f"one of {schema.names}, as in {path!r}", "check the name")
    types, kind = pyarrow("pyarrow.types"), schema.field(name).type
    while _is_list(kind):
        kind = kind.value_type
    if not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)):
        passed = f"the column {name!r} of {schema.field(name).type} in {path!r}"
        expected = "numbers, or lists of numbers"
        raise ValueProblem(passed, expected, "leave it out of the features, or write it as numbers")


def _is_list(kind: Any) -> bool:
    types = pyarrow("pyarrow.types")
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _read_group(path: str, group: int, names: list[str]) -> list[Array]:
    """Read the columns of one row group."""
    file = _open(path)
    try:
        table = file.read_row_group(group, columns=names)
    except (OSError, pyarrow().lib.ArrowException) as error:
        raise ValueProblem(f"row group {group} of {path!r} ({error})", "a complete file", "write it again") from None
    where = f"row group {group} of {path!r}"
    return [_column_to_array(table.column(n).combine_chunks(), f"the column {n!r} in {where}") for n in names]


def _column_to_array(column: Any, what: str) -> Array:
    """Convert a column of numbers or of lists of one length; `what` names it in errors."""
    if missing := column.null_count:
        raise ValueProblem(f"{what} with {missing} missing values", "a number in each row", "fill or drop them")
    if not _is_list(column.type):
        return column.to_numpy(zero_copy_only=False)
    lengths = np.unique(pyarrow("pyarrow.compute").list_value_length(column).to_numpy(zero_copy_only=False))
    if len(lengths) > 1:
        raise ShapeError(f"{what} with lists of {lengths[0]} to {lengths[-1]} entries", "one length", "pad or cut them")
    inner = _column_to_array(column.flatten(), what)
    return inner.reshape(len(column), -1, *inner.shape[1:]) if len(column) else inner


def _select(part: Any, columns: dict[str, Array]) -> Array:
    """Return one column unchanged, or several concatenated along the last axis."""
    if isinstance(part, str):
        return columns[part]
    selected = [columns[name] for name in part]
    nested = next((n for n, a in zip(part, selected, strict=True) if a.ndim > 2), None)
    if nested is not None:
        raise ShapeError(f"the column {nested!r} of lists of lists among others", "numbers or lists", "pass it alone")
    return np.concatenate([a.reshape(len(a), -1) for a in selected], axis=1)
