"""Atomic writing of files: written to a temporary file beside, flushed to the disk, then moved into place.

A temporary file has a random name and must be new, so that several threads and processes may write one path at the
same time, of which the last to finish wins, and so that a link planted under its name is never followed. It is locked
while it is written; one that is not locked was left by a process that was killed, and is removed by the next that
writes the path.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from .errors import ValueProblem

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_LONGEST_NAME = 200  # bytes of the path's own name in a temporary file's, since file systems allow 255
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_ABANDONED_SECONDS = 86_400.0  # where files cannot be locked, a temporary file this old was left by a killed process


def write(target: Any, parts: Iterable[bytes]) -> None:
    """Write `parts` to a path, or to an open binary file. A file at the path is replaced only by the complete new one.

    Raises:
        ValueProblem: if the file cannot be written, with the reason (no such folder, a full disk); no temporary file
            is left behind.
    """
    try:
        if hasattr(target, "write"):
            _write_all(target.write, parts)
            return
        path = os.fspath(target)
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as device:  # a pipe or a device, which must not be replaced by a file
                _write_all(device.write, parts)
            return
        with replacing(path) as write_file:
            for part in parts:
                write_file(part)
    except (OSError, TypeError, ValueError) as error:  # no file name; a zero byte in it; a file open for text
        raise ValueProblem(
            f"the file {str(target)!r}, which cannot be written ({getattr(error, 'strerror', None) or error})",
            "a folder that exists, on a disk that is not full",
            "choose another path; a file that was there before is unchanged",
        ) from None


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Callable[[bytes], None]]:
    """Give a function that writes bytes to a new file, which replaces the one at `path` when the block ends.

    If the block fails, the new file is removed. A file that is replaced keeps its permissions; a link stays, and the
    file it points to is replaced.

    Raises:
        OSError: if the file cannot be written.
    """
    path = os.path.realpath(os.fspath(path))
    folder, name = os.path.split(path)
    remove_abandoned(path)
    file, temporary = _open_temporary(folder, name)
    try:
        try:
            yield lambda data: _write_all(partial(os.write, file), [data])
            os.fsync(file)
            if hasattr(os, "fchmod"):
                with contextlib.suppress(OSError):  # there was no file; or it is of another owner
                    os.fchmod(file, stat.S_IMODE(os.stat(path).st_mode))
            if fcntl is not None:  # still locked, so that nobody takes it for an abandoned one
                os.replace(temporary, path)
        finally:
            os.close(file)
        if fcntl is None:  # Windows does not move an open file
            os.replace(temporary, path)
        _flush_folder(folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise


def remove_abandoned(path: str | os.PathLike[str]) -> None:
    """Remove the temporary files for `path` of processes that were killed; leave those still written, and links."""
    folder, name = os.path.split(os.path.realpath(path))
    pattern = re.compile(re.escape(_prefix(name)) + r"\.[0-9a-f]{16}\.tmp")
    with contextlib.suppress(OSError):
        for entry in os.listdir(folder):
            if pattern.fullmatch(entry):
                with contextlib.suppress(OSError):
                    _remove_if_abandoned(os.path.join(folder, entry))


def _remove_if_abandoned(temporary: str) -> None:
    if fcntl is None:
        if time.time() - os.stat(temporary).st_mtime > _ABANDONED_SECONDS:
            os.remove(temporary)
        return
    file = os.open(temporary, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: it is being written
        if stat.S_ISREG(os.fstat(file).st_mode):
            os.remove(temporary)
    finally:
        os.close(file)


def _open_temporary(folder: str, name: str) -> tuple[int, str]:
    """Open a new temporary file and lock it; return its handle and its path."""
    while True:
        temporary = os.path.join(folder, f"{_prefix(name)}.{os.urandom(8).hex()}.tmp")
        try:
            file = os.open(temporary, _NEW, 0o666)
        except FileExistsError:
            continue
        if fcntl is None:
            return file, temporary
        with contextlib.suppress(OSError):  # a file system without locks, where it is never taken for abandoned either
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_nlink:  # another process may have removed it between the two calls
            return file, temporary
        os.close(file)


def _prefix(name: str) -> str:
    return os.fsdecode(os.fsencode(name)[:_LONGEST_NAME])


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
