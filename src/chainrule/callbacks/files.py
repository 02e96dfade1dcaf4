"""Files that callbacks write: their names checked, their folders made, opened with an error that says what is wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any

from ..core.errors import ValueProblem


def check_path(**argument: Any) -> str:
    """Check that an argument is the name of a file or folder, and return it as a string."""
    ((name, value),) = argument.items()
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise ValueProblem(f"{name}={value!r}", "the name of a file or folder", f"e.g. {name}='run/log'")
    return str(os.fspath(value))


def make_folder(filename: str) -> None:
    """Make the folder of `filename`, and those above it."""
    try:
        Path(filename).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(filename, error) from error


def open_for_writing(filename: str, mode: str, **options: Any) -> IO[Any]:
    """Open `filename` in a mode that writes; its folder is made."""
    make_folder(filename)
    try:
        return open(filename, mode, **options)
    except OSError as error:
        raise cannot_write(filename, error) from error


def cannot_write(filename: str, error: OSError) -> ValueProblem:
    """Return the error for a file that the system does not let be written, moved or removed."""
    passed = f"{filename!r}, which cannot be written ({error.strerror})"
    return ValueProblem(passed, "a folder where files can be made, on a disk with space", "choose another name")
