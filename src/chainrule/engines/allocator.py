"""How the C library's allocator is configured before XLA starts."""

from __future__ import annotations

import ctypes
import os
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # of glibc's malloc.h
LARGEST_KEPT_BLOCK = 1 << 30


@cache
def keep_freed_memory() -> bool:
    """Let the process keep the memory it frees for its next use; return whether it does.

    XLA takes its temporaries from malloc for each call of a program, and frees them after it. glibc gives large blocks
    back to the system at once, so that each call finds them as pages that are mapped and zeroed anew: up to a third of
    a convolution net's time. With this, blocks below 1 GiB come from one heap. Up to 2 GiB of it, at most an eighth of
    the machine's memory, stay with the process when they are free.

    Nothing is changed without glibc, nor where the environment configures its allocator (``MALLOC_...``,
    ``GLIBC_TUNABLES``) or says ``CHAINRULE_MALLOC=off``. Called once, before XLA's threads begin.
    """
    configured = any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ)
    if configured or os.environ.get("CHAINRULE_MALLOC") == "off" or not _has_glibc():
        return False
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    values = {
        M_ARENA_MAX: 1,  # a heap of another thread is limited to 64 MiB
        M_MMAP_THRESHOLD: LARGEST_KEPT_BLOCK,
        M_TRIM_THRESHOLD: min(memory // 8, 2**31 - 1),
    }
    mallopt = ctypes.CDLL(None).mallopt
    results = [mallopt(name, value) for name, value in values.items()]
    return results == [1, 1, 1]


def _has_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError):  # another system, another C library
        return False


__all__ = ["keep_freed_memory"]
