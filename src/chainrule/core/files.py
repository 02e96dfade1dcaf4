"""Files that are there whole or not at all: written beside, flushed to the disk, then moved into place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from .errors import ValueProblem


def write(target: Any, parts: Iterable[bytes]) -> None:
    """Write `parts` to a path, or to an open binary file. What stood at the path stays until the new file is whole.

    Raises:
        ValueProblem: saying why the file could not be written (no such folder, a full disk); nothing is left behind.
    """
    try:
        if hasattr(target, "write"):
            for part in parts:
                _all_of(target.write, part)
        else:
            path = os.path.realpath(os.fspath(target))  # of a link what it leads to
            (_into if os.path.exists(path) and not os.path.isfile(path) else _replace)(path, parts)
    except (OSError, TypeError, ValueError) as error:  # no file name; a zero byte in it; a file open for text
        raise ValueProblem(
            f"the file {str(target)!r}, which cannot be written ({getattr(error, 'strerror', None) or error})",
            "a folder that exists, with room",
            "choose another place; what was there before is as it was",
        ) from None


def _into(path: str, parts: Iterable[bytes]) -> None:
    """A pipe or a device is written into, never replaced."""
    with open(path, "wb") as file:
        for part in parts:
            _all_of(file.write, part)


def _replace(path: str, parts: Iterable[bytes]) -> None:
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            for part in parts:
                _all_of(partial(os.write, file), part)
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(temporary, path)
        _flush_folder(os.path.dirname(path))
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)


def _all_of(write: Callable[[memoryview], int | None], data: bytes) -> None:
    """Write all of `data`, of which the system may take only a part at a time."""
    view = memoryview(data)
    while view:
        taken = write(view)
        view = view[len(view) if taken is None else taken :]


def _flush_folder(folder: str) -> None:
    """Make the move itself last, where the system lets a folder be flushed."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
