"""Memory that is asked for before it is taken, so that sizes that cannot fit are refused by name.

`require` refuses what the machine does not have, and inside `memory_limit` what goes beyond its limit. The functions
named like NumPy's make arrays from sizes; NumPy itself learns of a size too late to say whose it is.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from .errors import MemoryProblem

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_SMALL = 1 << 20  # bytes that are not worth asking the system about


class _Budget(threading.local):
    """What is left of this thread's `memory_limit`, in bytes; the limit, and how to raise it."""

    left = limit = math.inf
    mend = ""


_budget = _Budget()


@contextmanager
def memory_limit(limit: float, mend: str) -> Iterator[None]:
    """Refuse, on this thread, what takes more than `limit` bytes; `mend` says how to raise the limit."""
    before = _budget.left, _budget.limit, _budget.mend
    _budget.left, _budget.limit, _budget.mend = limit, limit, mend
    try:
        yield
    finally:
        _budget.left, _budget.limit, _budget.mend = before


def require(nbytes: float, what: str) -> None:
    """Raise unless `nbytes` can be taken for something that is soon freed.

    Raises:
        MemoryProblem: naming `what` and the bytes.
    """
    if nbytes > _budget.left:
        left = "" if _budget.left == _budget.limit else f", of which {format_bytes(max(_budget.left, 0))} are left"
        expected = f"at most {format_bytes(_budget.limit)}{left}"
        raise MemoryProblem(f"{what}, {format_bytes(nbytes)}", expected, _budget.mend)
    if nbytes > _SMALL and nbytes > machine_memory():
        expected = f"at most {format_bytes(machine_memory())}, which this process can have"
        raise MemoryProblem(f"{what}, {format_bytes(nbytes)}", expected, "use smaller sizes, or a smaller dtype")


def keep(nbytes: float, what: str) -> None:
    """Raise unless `nbytes` can be taken for something that stays; it counts against the limit."""
    require(nbytes, what)
    _budget.left -= nbytes


def no_memory(error: MemoryError) -> MemoryProblem:
    """Return the system's refusal of memory as an error in words; one of ours unchanged."""
    if isinstance(error, MemoryProblem):
        return error
    passed = f"sizes for which there is no memory ({error})" if str(error) else "sizes for which there is no memory"
    return MemoryProblem(passed, "sizes that fit", "use smaller sizes, or a smaller dtype")


def require_array(shape: Sequence[Any], dtype: Any, what: str = "an array") -> None:
    """Raise unless there is room for an array; `what` names it."""
    require(array_bytes(shape, dtype), f"{what} of shape {_shape_text(shape)} of {np.dtype(dtype).name}")


def require_json(data: bytes, what: str) -> None:
    """Raise unless there is room for what JSON describes: its lists, objects, numbers and texts, once it is parsed."""
    values = data.count(b",") + data.count(b":") + 1
    require(2 * len(data) + 72 * data.count(b"[") + 240 * data.count(b"{") + 64 * values, what)


def array_bytes(shape: Sequence[Any], dtype: Any) -> int:
    """Return the bytes of an array."""
    return math.prod(int(n) for n in shape) * np.dtype(dtype).itemsize


def machine_memory() -> float:
    """Return the bytes of memory that this process can have at most: the machine's, its container's, its own limit."""
    own = math.inf
    if resource is not None:
        soft = resource.getrlimit(resource.RLIMIT_AS)[0]
        own = math.inf if soft == resource.RLIM_INFINITY else soft
    return min(own, _installed_memory())


@cache
def _installed_memory() -> float:
    try:
        total: float = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return math.inf
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path) as file:
                total = min(total, int(file.read()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return total


def format_bytes(nbytes: float) -> str:
    """Return a number of bytes in words.

    >>> format_bytes(12), format_bytes(4e12)
    ('12 bytes', '4 TB')
    """
    if nbytes < 1e3:
        return f"{nbytes:.0f} bytes"
    if nbytes >= 1e24:
        return "more bytes than any machine has"
    for unit, size in (("EB", 1e18), ("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if nbytes >= size:
            return f"{nbytes / size:.3g} {unit}"
    raise AssertionError(nbytes)


def _shape_text(shape: Sequence[Any]) -> str:
    return f"{tuple(int(n) for n in shape)!r:.80}"


# ---- NumPy's functions that make arrays from sizes


def zeros(shape: Sequence[Any], dtype: Any) -> Any:
    """Return `numpy.zeros`."""
    require_array(shape, dtype)
    return np.zeros(tuple(shape), dtype)


def ones(shape: Sequence[Any], dtype: Any) -> Any:
    """Return `numpy.ones`."""
    require_array(shape, dtype)
    return np.ones(tuple(shape), dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """Return `numpy.arange`."""
    if stop is None:
        start, stop = 0, start
    try:
        count = max(math.ceil((stop - start) / step), 0)
    except (OverflowError, ValueError, TypeError):  # infinite or not numbers, which NumPy refuses
        count = 0
    require_array((count,), dtype or np.int64, "the numbers of a range")
    return np.arange(start, stop, step, dtype=dtype)


def eye(rows: int, columns: int | None, k: int, dtype: Any) -> Any:
    """Return `numpy.eye`."""
    require_array((rows, rows if columns is None else columns), dtype, "a diagonal matrix")
    return np.eye(rows, columns, k=k, dtype=dtype)


def tri(rows: int, columns: int, k: int, dtype: Any) -> Any:
    """Return `numpy.tri`."""
    require_array((rows, columns), dtype, "a triangular matrix")
    return np.tri(rows, columns, k, dtype=dtype)


def linspace(start: Any, stop: Any, count: int, endpoint: bool, axis: int) -> tuple[Any, Any]:
    """Return `numpy.linspace` and its step."""
    require_array((count, *np.broadcast(start, stop).shape), np.float64, "evenly spaced numbers")
    points, step = np.linspace(start, stop, count, endpoint, retstep=True, axis=axis)
    return points, step


def repeat(array: Any, counts: Any) -> Any:
    """Return `numpy.repeat` of a vector, `counts` being one number for all entries or one for each."""
    total = int(counts.sum(dtype=object)) * (len(array) if counts.size == 1 else 1)
    require_array((total,), array.dtype, "the indices of repeated entries")
    return np.repeat(array, counts.astype(np.int64))


def pad(array: Any, widths: Sequence[tuple[int, int]], mode: Any = "constant", **options: Any) -> Any:
    """Return `numpy.pad`."""
    shape = [n + sum(width) for n, width in zip(array.shape, widths, strict=True)]
    require_array(shape, array.dtype, "a padded array")
    return np.pad(array, widths, mode, **options)
