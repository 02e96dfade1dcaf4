"""Files that are there whole or not at all: written beside, flushed to the disk, then moved into place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from typing import Any

from ..errors import ValueProblem


def write(target: Any, parts: Iterable[bytes]) -> None:
    """Write `parts` to a path, or to an open binary file. What stood at the path stays until the new file is whole.

    Raises:
        ValueProblem: saying why the file could not be written (no such folder, a full disk); nothing is left behind.
    """
    if hasattr(target, "write"):
        for part in parts:
            target.write(part)
        return
    path = os.path.realpath(os.fspath(target))
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            for part in parts:
                _all_of(file, part)
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(temporary, path)
        _flush_folder(os.path.dirname(path))
    except OSError as error:
        raise ValueProblem(
            f"the file {str(target)!r}, which cannot be written ({error.strerror or error})",
            "a folder that exists, with room",
            "choose another place; what was there before is as it was",
        ) from None
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)


def _all_of(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _flush_folder(folder: str) -> None:
    """Make the move itself last, where the system lets a folder be flushed."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
