"""Tables of a user's own: columns of a CSV file into numbers, with what was done said and kept for later rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ValueProblem

MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}
MOST_WORDS = 40  # a column of more different words is a name or an address, not a category


def read_csv(path: Any) -> dict[str, list[str]]:
    """The columns of a CSV file with a header, as words; the separator is found out (comma, semicolon, tab).

    Raises:
        ValueProblem: for a file that cannot be read, has no header or rows, or rows of other lengths, with the line.
    """
    where = f"the file {str(path)!r}"
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueProblem(f"{where} ({error.strerror})", "a CSV file that can be read", "check the path") from None
    except UnicodeDecodeError:
        raise ValueProblem(f"{where}, which is no UTF-8 text", "a CSV file in UTF-8", "save it as UTF-8") from None
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((reader.line_num, [cell.strip() for cell in row]))
    except csv.Error as error:
        raise ValueProblem(f"{where}, line {reader.line_num} ({error})", "a CSV file", "check the quotes") from None
    if len(rows) < 2:
        raise ValueProblem(f"{where} with {len(rows)} rows", "a header and rows under it", "check the file")
    header = rows[0][1]
    twice = [n for n, count in Counter(header).items() if count > 1]
    if twice or "" in header:
        raise ValueProblem(
            f"{where}, whose header has {f'{twice[0]!r} twice' if twice else 'a column without a name'}",
            "a name of its own for each column",
            "mend the first line",
        )
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise ValueProblem(
                f"{len(row)} cells on line {line} of {where}", f"{len(header)}, as in the header", "mend that line"
            )
    return {name: [row[i] for _, row in rows[1:]] for i, name in enumerate(header)}


def number(cell: str) -> float | None:
    """A cell's number; ``None`` for a missing one, nan for a word."""
    if cell.lower() in MISSING:
        return None
    try:
        value = float(cell)
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else None


class Encoder:
    """How each column becomes numbers: scaled, or one column of 0 and 1 for each word.

    Numbers are brought to mean 0 and deviation 1; a missing number is the median, a missing word a word of its own.
    Made by `fit`, kept as plain data in `config`.
    """

    def __init__(self, columns: Sequence[dict[str, Any]]) -> None:
        self.columns = list(columns)
        self.said: list[str] = []

    @classmethod
    def fit(cls, table: dict[str, list[str]], names: Sequence[str]) -> Encoder:
        """Look at the columns and decide."""
        columns: list[dict[str, Any]] = []
        said: list[str] = []
        for name in names:
            found, words = _column(name, table[name])
            said.append(words)
            if found is not None:
                columns.append(found)
        if not columns:
            raise ValueProblem("a table without a column that says anything", "columns that differ", "check the file")
        made = cls(columns)
        made.said = said
        return made

    @property
    def width(self) -> int:
        """How many numbers a row becomes."""
        return sum(len(c["words"]) if "words" in c else 1 for c in self.columns)

    def encode(self, table: dict[str, list[str]]) -> NDArray[Any]:
        """Rows of numbers, (rows, width), float32.

        Raises:
            ValueProblem: for a missing column, or a word where a number is needed, with its row.
        """
        parts: list[NDArray[Any]] = []
        for c in self.columns:
            if c["name"] not in table:
                raise ValueProblem(
                    f"a table without the column {c['name']!r}", ", ".join(x["name"] for x in self.columns), "add it"
                )
            cells = table[c["name"]]
            if "words" in c:
                place = {w: i for i, w in enumerate(c["words"])}
                one = np.zeros((len(cells), len(place)), np.float32)
                for row, cell in enumerate(cells):
                    at = place.get(_word(cell))
                    if at is not None:
                        one[row, at] = 1.0
                parts.append(one)
            else:
                values = [number(cell) for cell in cells]
                for row, value in enumerate(values):
                    if value is not None and value != value:
                        raise ValueProblem(
                            f"{cells[row]!r} in column {c['name']!r}, row {row + 1}", "a number", "mend that row"
                        )
                filled = np.array([c["median"] if v is None else v for v in values])
                parts.append(((filled - c["mean"]) / c["deviation"]).astype(np.float32)[:, None])
        return np.concatenate(parts, axis=1)


def _word(cell: str) -> str:
    return "" if cell.lower() in MISSING else cell


def _column(name: str, cells: list[str]) -> tuple[dict[str, Any] | None, str]:
    """A column's way into numbers, and that in words; ``None`` for a column that is left out."""
    values = [number(c) for c in cells]
    missing = sum(v is None for v in values)
    gap = f", {missing} missing" if missing else ""
    known = np.array([v for v in values if v is not None])
    if known.size and not np.isnan(known).any():
        deviation = float(known.std())
        if deviation == 0:
            return None, f"{name}: left out, always {known[0]:g}"
        filled = f"{gap}: filled with the median {np.median(known):g}" if missing else ""
        column = {"name": name, "mean": float(known.mean()), "deviation": deviation, "median": float(np.median(known))}
        return column, f"{name}: numbers from {known.min():g} to {known.max():g}, scaled{filled}"
    counts = Counter(_word(c) for c in cells)
    if len(counts) > MOST_WORDS:
        return None, f"{name}: left out, {len(counts)} different words"
    if len(counts) == 1:
        return None, f"{name}: left out, always {next(iter(counts))!r}"
    shown = ", ".join(repr(w) for w, _ in counts.most_common(4))
    return {"name": name, "words": sorted(counts)}, f"{name}: {len(counts)} words ({shown} ...), one column each{gap}"
