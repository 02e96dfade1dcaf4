"""What a later package provides to an earlier one, such as pictures of results or files of models.

A package imports only packages that are earlier in the order of ``tests/test_imports.py``. Where it needs a later one,
it asks here for a role by name; ``chainrule/__init__.py`` registers the module of each role. A module is imported when
it is first needed.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

_modules: dict[str, str] = {}


def register(roles: dict[str, str]) -> None:
    """Register the module of each role."""
    _modules.update(roles)


def provider(role: str, submodule: str = "") -> ModuleType:
    """Import the module of this role, or one of its submodules.

    >>> provider("model_files").__name__
    'chainrule.saving'
    """
    return import_module(f"{_modules[role]}.{submodule}" if submodule else _modules[role])
