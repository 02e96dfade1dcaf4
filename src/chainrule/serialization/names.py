"""The closed registry of names: the library's own classes and functions, those registered, and the caller's.

Data never names code to import.
"""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..core.errors import ValueProblem

_LIBRARY = __name__.split(".")[0]
_builtins: dict[tuple[str, str], Any] = {}  # (module, name) -> class or function
_registered: dict[str, Any] = {}  # "Package>Name" -> class or function


class _Scope(threading.local):
    custom: Mapping[str, Any] = {}
    collected: dict[str, Any] | None = None


_scope = _Scope()


def module_name_of(cls: Any) -> str:
    """Return the library's package that defines a class or function, such as ``"layers"``; empty for a user's own."""
    parts = str(cls.__module__).split(".")
    return parts[1] if parts[0] == _LIBRARY and len(parts) > 1 else ""


def register_builtin(thing: Any, *modules: str) -> None:
    """Let model files name a class or function of the library, as of these modules."""
    for module in modules:
        _builtins[module, thing.__name__] = thing


def builtins_of(module: str) -> dict[str, Any]:
    """Return the registered classes and functions of one of the library's modules, by name."""
    return {name: thing for (owner, name), thing in _builtins.items() if owner == module}


def builtin_name(thing: Any) -> tuple[str, str] | None:
    """Return the module and the name of a class or function of the library, or ``None``."""
    return next((key for key, value in _builtins.items() if value is thing), None)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Let model files name a class or function of yours (``keras.saving.register_keras_serializable``).

    >>> @register_keras_serializable("mine")
    ... def twice(x):
    ...     return 2 * x
    >>> get_registered_name(twice)
    'mine>twice'
    """
    if not isinstance(package, str):
        raise ValueProblem(f"package {package!r}", "a string", 'call it as @register_keras_serializable("mine")')

    def register(thing: Any) -> Any:
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            passed = f"the class {thing.__name__}, without get_config"
            expected = "a class that can return its configuration"
            raise ValueProblem(passed, expected, "inherit from a chainrule class, or write get_config")
        _registered[f"{package}>{name or thing.__name__}"] = thing
        return thing

    return register


def get_registered_name(obj: Any) -> str:
    """Return the name a class or function is registered under, else its own."""
    return next((name for name, thing in _registered.items() if thing is obj), obj.__name__)


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """Return the class or function of this name, or ``None``."""
    for names in (custom_objects or {}, _scope.custom, _registered, module_objects or {}):
        if name in names:
            return names[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """Return everything that is registered, by name; a live dictionary."""
    return _registered


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any]) -> Iterator[None]:
    """Let model files use these names inside the block (``keras.saving.custom_object_scope``)."""
    before = _scope.custom
    _scope.custom = {**before, **custom_objects}
    try:
        yield
    finally:
        _scope.custom = before


CustomObjectScope = custom_object_scope


@contextmanager
def collect_custom_objects() -> Iterator[dict[str, Any]]:
    """Collect the classes and functions that `serialize` meets in the block and that are not the library's, by name."""
    collected: dict[str, Any] = {}
    before, _scope.collected = _scope.collected, collected
    try:
        yield collected
    finally:
        _scope.collected = before


def custom_name(thing: Any) -> str:
    """Return the name of a class or function that is not the library's, and collect it (`collect_custom_objects`)."""
    name = get_registered_name(thing)
    if _scope.collected is not None:
        _scope.collected[name] = thing
    return name


def find(module: str, name: str, registered_name: str | None) -> Any:
    """Return the class or function that a configuration names: a registered one first, then the library's.

    Raises:
        ValueProblem: for a name that is neither.
    """
    custom = get_registered_object(registered_name or name) or get_registered_object(name)
    result = custom or _builtins.get((_own_module(module), name))
    if result is None:
        passed = f"the unknown name {registered_name or name!r}"
        expected = "a class or function of the library, or one that you have registered"
        mend = f"decorate it with @register_keras_serializable(), or pass custom_objects={{{name!r}: ...}}"
        raise ValueProblem(passed, expected, mend)
    return result


def _own_module(module: str) -> str:
    """Return the library's module for Keras's: ``layers`` for ``keras.layers`` and ``keras.src.layers.core``."""
    parts = [p for p in module.split(".") if p not in ("keras", "src", _LIBRARY)]
    return parts[0] if parts else ""


def to_snake_case(name: str) -> str:
    """Return ``glorot_uniform`` for ``GlorotUniform``, ``conv2d`` for ``Conv2D``."""
    return re.sub(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", name).lower()


def closest(name: str, names: Iterable[str]) -> str:
    """Return the known name that is most like a misspelt one, or an empty string."""
    from difflib import get_close_matches

    listed = list(names)
    matches = get_close_matches(name.lower(), listed, 1) or get_close_matches(name, listed, 1)
    return matches[0] if matches else ""
