"""The few names of ``keras.backend`` that notebooks still use; others say what to use instead."""

from typing import Any

from . import ops
from .config import backend, epsilon, floatx, image_data_format, set_epsilon, set_floatx, set_image_data_format
from .core.errors import HabitError
from .core.missing_names import lookup
from .layers import clear_session

_find = lookup("backend")
__path__: list[str] = []  # so that imports of missing names look for a module, and so for advice


def __getattr__(name: str) -> Any:
    if name in ops.__all__:
        raise HabitError(f"chainrule.backend.{name}", "a name of this module", f"use chainrule.ops.{name}")
    return _find(name)


__all__ = [
    "backend", "clear_session", "epsilon", "floatx", "image_data_format", "set_epsilon", "set_floatx",
    "set_image_data_format",
]  # fmt: skip
