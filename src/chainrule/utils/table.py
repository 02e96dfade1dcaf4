"""CSV tables: reading them, and encoding their columns as numbers in a way that can be described and saved."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ValueProblem
from ..core.messages import LazyMessage
from ..core.progress import progress
from ..datasets.files import read_text

MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}
NUMBERS = "{name}: numbers from {least:g} to {most:g}, scaled{filled}"
WORDS = "{name}: {count} words ({shown} ...), one column each{gap}"
MAX_CATEGORIES = 40  # a column with more different words is taken for names or addresses and left out


def read_csv(path: Any) -> dict[str, list[str]]:
    """Read the columns of a CSV file with a header, as strings; the separator is detected (comma, semicolon, tab).

    Raises:
        ValueProblem: for a file that cannot be read, has no header or rows, or rows of unequal lengths, with the line.
    """
    where = f"the file {str(path)!r}"
    with progress(f"reading {where}"):
        return _read_csv(path, where)


def _read_csv(path: Any, where: str) -> dict[str, list[str]]:
    text = read_text(Path(path), where)
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=separator, strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise ValueProblem(f"{where}, line {reader.line_num} ({error})", "a CSV file", "check the quotes") from None
    if len(rows) < 2:
        raise ValueProblem(f"{where} with {len(rows)} rows", "a header and rows under it", "check the file")
    header = rows[0][1]
    twice = [n for n, count in Counter(header).items() if count > 1]
    if twice or "" in header:
        passed = f"{where}, whose header has {f'{twice[0]!r} twice' if twice else 'a column without a name'}"
        raise ValueProblem(passed, "a name of its own for each column", "mend the first line")
    for line, row in rows[1:]:
        if len(row) != len(header):
            passed = f"{len(row)} cells on line {line} of {where}"
            raise ValueProblem(passed, f"{len(header)}, as in the header", "mend that line")
    return {name: [row[i] for _, row in rows[1:]] for i, name in enumerate(header)}


def parse_number(cell: str) -> float | None:
    """Return a cell's number; ``None`` for a missing value, nan for a word."""
    if cell.lower() in MISSING:
        return None
    try:
        value = float(cell)
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else None


class Encoder:
    """Encoding of columns as numbers: numbers are standardized, words are one-hot encoded.

    Numbers are scaled to mean 0 and standard deviation 1, with missing ones replaced by the median; a missing word
    counts as a word of its own. `columns` is plain data, from which an encoder can be made again.
    """

    def __init__(self, columns: Sequence[dict[str, Any]]) -> None:
        self.columns = list(columns)
        self.descriptions: list[str] = []  # what `fit` does with each column

    @classmethod
    def fit(cls, table: dict[str, list[str]], names: Sequence[str]) -> Encoder:
        """Choose an encoding for each named column of a table."""
        fitted = []
        with progress("looking at the columns") as show:
            for name in names:
                show(f"looking at the column {name!r}")
                fitted.append(_fit_column(name, table[name]))
        encoder = cls([column for column, _ in fitted if column is not None])
        if not encoder.columns:
            raise ValueProblem("a table without a usable column", "columns whose values differ", "check the file")
        encoder.descriptions = [description for _, description in fitted]
        return encoder

    @property
    def width(self) -> int:
        """Number of columns after encoding."""
        return sum(len(c["words"]) if "words" in c else 1 for c in self.columns)

    def encode(self, table: dict[str, list[str]]) -> NDArray[Any]:
        """Encode a table as an array (rows, width), float32.

        Raises:
            ValueProblem: for a missing column, or a word where a number is needed, with its row.
        """
        with progress("encoding the columns") as show:
            return self._encode(table, show)

    def _encode(self, table: dict[str, list[str]], show: Callable[[str], None]) -> NDArray[Any]:
        parts: list[NDArray[Any]] = []
        for c in self.columns:
            show(f"encoding the column {c['name']!r}")
            if c["name"] not in table:
                passed = f"a table without the column {c['name']!r}"
                raise ValueProblem(passed, ", ".join(x["name"] for x in self.columns), "add it")
            cells = table[c["name"]]
            if "words" in c:
                words = np.array([_word(cell) for cell in cells], object)
                parts.append((words[:, None] == np.array(c["words"], object)).astype(np.float32))
            else:
                values = [parse_number(cell) for cell in cells]
                for row, value in enumerate(values):
                    if value is not None and value != value:
                        passed = f"{cells[row]!r} in column {c['name']!r}, row {row + 1}"
                        raise ValueProblem(passed, "a number", "mend that row")
                filled = np.array([c["median"] if v is None else v for v in values])
                parts.append(((filled - c["mean"]) / c["deviation"]).astype(np.float32)[:, None])
        return np.concatenate(parts, axis=1)


def _word(cell: str) -> str:
    """Return a cell's word, empty for a missing value."""
    return "" if cell.lower() in MISSING else cell


def _fit_column(name: str, cells: list[str]) -> tuple[dict[str, Any] | None, str]:
    """Return a column's encoding, ``None`` for one that is left out, and its description."""
    values = [parse_number(c) for c in cells]
    missing = sum(v is None for v in values)
    gap = LazyMessage(", {count} missing", count=missing) if missing else ""
    present = np.array([v for v in values if v is not None])
    if present.size and not np.isnan(present).any():
        deviation = float(present.std())
        if deviation == 0:
            return None, LazyMessage("{name}: left out, always {value}", name=name, value=f"{present[0]:g}")
        median = float(np.median(present))
        filled = LazyMessage("{gap}: filled with the median {median:g}", gap=gap, median=median) if missing else ""
        column = {"name": name, "mean": float(present.mean()), "deviation": deviation, "median": median}
        least, most = float(present.min()), float(present.max())
        return column, LazyMessage(NUMBERS, name=name, least=least, most=most, filled=filled)
    counts = Counter(_word(c) for c in cells)
    if len(counts) > MAX_CATEGORIES:
        return None, LazyMessage("{name}: left out, {count} different words", name=name, count=len(counts))
    if len(counts) == 1:
        return None, LazyMessage("{name}: left out, always {value}", name=name, value=repr(next(iter(counts))))
    shown = ", ".join(repr(w) for w, _ in counts.most_common(4))
    description = LazyMessage(WORDS, name=name, count=len(counts), shown=shown, gap=gap)
    return {"name": name, "words": sorted(counts)}, description
