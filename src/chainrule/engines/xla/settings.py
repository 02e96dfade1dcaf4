"""What the engine settles about JAX before it is first used: how many threads, and where programs are kept.

On CPUs programs run in the thread that calls them (JAX's own default, another thread, is `openxla/xla#18608`), unless
the environment says otherwise or JAX has computed before.

Environment variables, read once:

- ``CHAINRULE_THREADS``: so many threads compute, instead of one for each processor the process may use. The same seed
  gives the same bits for any number.
- ``CHAINRULE_CACHE``: the folder that keeps compiled programs, so that the next process need not compile them again;
  default ``chainrule/programs`` in the user's cache folder. Empty, or ``off``: none is kept.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jax

from ...core.errors import ValueProblem

ASYNCHRONOUS = "jax_cpu_enable_async_dispatch"


@cache
def configure_jax() -> None:
    """Set JAX up, once; what the user has told JAX itself is left alone."""
    threads = os.environ.get("CHAINRULE_THREADS")
    if threads is not None:
        if not threads.isdecimal() or int(threads) < 1:
            raise ValueProblem(f"CHAINRULE_THREADS={threads!r}", "a whole number from 1 up", "e.g. CHAINRULE_THREADS=2")
        os.environ.setdefault("NPROC", threads)  # what XLA's CPU client reads
    update: Any = jax.config.update
    if ASYNCHRONOUS.upper() not in os.environ:  # handing work to another thread and waiting costs more than it gains
        with suppress(AttributeError):  # where JAX has the choice
            update(ASYNCHRONOUS, False)
    folder = program_folder()
    if folder is not None and getattr(jax.config, "jax_compilation_cache_dir", None) is None:
        update("jax_compilation_cache_dir", str(folder))
        update("jax_persistent_cache_min_compile_time_secs", 0.0)
        update("jax_persistent_cache_min_entry_size_bytes", -1)


def program_folder() -> Path | None:
    """Where compiled programs are kept; ``None`` where they are not, or cannot be."""
    named = os.environ.get("CHAINRULE_CACHE")
    if named in ("", "off"):
        return None
    folder = Path(named) if named else _user_cache() / "chainrule" / "programs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _user_cache() -> Path:
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
