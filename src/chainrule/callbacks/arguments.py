"""What the callbacks' constructors take, checked in one place; and files opened with an error that teaches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..core.errors import ValueProblem


def number(name: str, value: Any) -> float:
    """A finite real number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
        raise ValueProblem(f"{name}={value!r}", "a finite number", f"e.g. {name}=0.1")
    return float(value)


def count(name: str, value: Any, least: int = 0) -> int:
    """A whole number from `least` up."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueProblem(f"{name}={value!r}", f"a whole number from {least} up", f"e.g. {name}={least + 1}")
    return int(value)


def word(name: str, value: Any, *allowed: str) -> str:
    """A word, one of `allowed` if any are."""
    if not isinstance(value, str) or (allowed and value not in allowed):
        raise ValueProblem(f"{name}={value!r}", " or ".join(map(repr, allowed)) or "a word", "name one")
    return value


def path(name: str, value: Any) -> str:
    """A file's or folder's name, as a string."""
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise ValueProblem(f"{name}={value!r}", "the name of a file or folder", f"e.g. {name}='run/log'")
    return str(os.fspath(value))


def make_folder(filename: str) -> None:
    """Make the folders on the way to `filename`."""
    try:
        Path(filename).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(filename, error) from error


def opened(filename: str, mode: str, **options: Any) -> IO[Any]:
    """`filename`, opened to be written; folders on the way are made."""
    make_folder(filename)
    try:
        return open(filename, mode, **options)
    except OSError as error:
        raise _unwritable(filename, error) from error


def _unwritable(filename: str, error: OSError) -> ValueProblem:
    return ValueProblem(
        f"{filename!r}, which cannot be written ({error.strerror})",
        "a file in a folder where files can be made",
        "choose another name",
    )
