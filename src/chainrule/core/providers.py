"""What a later package provides to an earlier one, such as pictures to results or files to models.

A package imports only what stands before it. Where it needs what stands after it, it asks here for a role by name; the
library's entry, ``chainrule/__init__.py``, says which module plays each role. A module is imported when it is first
asked for.

May import: nothing.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

_modules: dict[str, str] = {}


def register(roles: dict[str, str]) -> None:
    """Say which module plays each role."""
    _modules.update(roles)


def provider(role: str, submodule: str = "") -> ModuleType:
    """Import the module that plays this role, or one of its submodules.

    >>> provider("model_files").__name__
    'chainrule.saving'
    """
    return import_module(f"{_modules[role]}.{submodule}" if submodule else _modules[role])


__all__ = ["provider", "register"]
