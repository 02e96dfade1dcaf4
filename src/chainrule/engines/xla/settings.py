"""How JAX is configured before it is first used: the number of threads, and the folder of compiled programs.

On CPUs programs run in the thread that calls them (JAX's own default, another thread, is `openxla/xla#18608`), unless
the environment says otherwise or JAX has computed before.

Environment variables, read once:

- ``CHAINRULE_THREADS``: the number of threads that compute; default one for each processor the process may use. The
  same seed gives the same bits for any number.
- ``CHAINRULE_CACHE``: the folder of compiled programs, which the next process need not compile again; default
  ``chainrule/programs`` in the user's cache folder. Empty, or ``off``: programs are not saved.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jax

from ...core.errors import ValueProblem

ASYNC_DISPATCH = "jax_cpu_enable_async_dispatch"


@cache
def configure_jax() -> None:
    """Configure JAX, once; what the user has configured is left as it is."""
    threads = os.environ.get("CHAINRULE_THREADS")
    if threads is not None:
        if not threads.isdecimal() or int(threads) < 1:
            raise ValueProblem(f"CHAINRULE_THREADS={threads!r}", "a whole number from 1 up", "e.g. CHAINRULE_THREADS=2")
        os.environ.setdefault("NPROC", threads)  # what XLA's CPU client reads
    update: Any = jax.config.update
    if ASYNC_DISPATCH.upper() not in os.environ:  # passing work to another thread costs more than it gains
        with suppress(AttributeError):  # JAX versions without this option
            update(ASYNC_DISPATCH, False)
    folder = program_folder()
    if folder is not None and getattr(jax.config, "jax_compilation_cache_dir", None) is None:
        update("jax_compilation_cache_dir", str(folder))
        update("jax_persistent_cache_min_compile_time_secs", 0.0)
        update("jax_persistent_cache_min_entry_size_bytes", -1)


def program_folder() -> Path | None:
    """Return the folder of compiled programs; ``None`` where they are not saved, or it cannot be written."""
    value = os.environ.get("CHAINRULE_CACHE")
    if value in ("", "off"):
        return None
    folder = Path(value) if value else _user_cache_folder() / "chainrule" / "programs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _user_cache_folder() -> Path:
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
