"""Atomic writing of files: written to a temporary file beside, flushed to the disk, then moved into place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from .errors import ValueProblem


def write(target: Any, parts: Iterable[bytes]) -> None:
    """Write `parts` to a path, or to an open binary file. A file at the path is replaced only by the complete new one.

    Raises:
        ValueProblem: if the file cannot be written, with the reason (no such folder, a full disk); no temporary file
            is left behind.
    """
    try:
        if hasattr(target, "write"):
            _write_all(target.write, parts)
        else:
            path = os.path.realpath(os.fspath(target))  # a link stays, and the file it points to is replaced
            (_write_into if os.path.exists(path) and not os.path.isfile(path) else _replace)(path, parts)
    except (OSError, TypeError, ValueError) as error:  # no file name; a zero byte in it; a file open for text
        raise ValueProblem(
            f"the file {str(target)!r}, which cannot be written ({getattr(error, 'strerror', None) or error})",
            "a folder that exists, on a disk that is not full",
            "choose another path; a file that was there before is unchanged",
        ) from None


def _write_into(path: str, parts: Iterable[bytes]) -> None:
    """Write into a pipe or a device, which must not be replaced by a file."""
    with open(path, "wb") as file:
        _write_all(file.write, parts)


def _replace(path: str, parts: Iterable[bytes]) -> None:
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            _write_all(partial(os.write, file), parts)
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(temporary, path)
        _flush_folder(os.path.dirname(path))
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)


def _write_all(write: Callable[[memoryview], int | None], parts: Iterable[bytes]) -> None:
    """Write all of each part, of which the system may write less at a time."""
    for part in parts:
        view = memoryview(part)
        while view:
            written = write(view)
            view = view[len(view) if written is None else written :]


def _flush_folder(folder: str) -> None:
    """Flush the move itself to the disk, where the system allows it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
