"""Functions made of others, which can be pickled and copied where the others can."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import update_wrapper
from types import MethodType
from typing import Any


class DerivedFunction:
    """What a transform made of a function: called like it, pickled as the transform and its arguments.

    Args:
        run: what is called. function: the function it was made of, whose name and signature it has.
        transform: makes it again from `arguments`.

    As a decorator's result it is pickled by its name, as functions are.
    """

    def __init__(
        self, run: Callable[..., Any], function: Callable[..., Any], transform: Callable[..., Any], arguments: Any
    ) -> None:
        update_wrapper(self, function)
        self._run, self._transform, self._arguments = run, transform, tuple(arguments)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(*args, **kwargs)

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<{self._transform.__name__} of {getattr(self, '__qualname__', 'a function')}>"

    def __reduce__(self) -> Any:
        return name_of(self) or (self._transform, self._arguments)


def name_of(thing: Any) -> str:
    """Return the name under which a thing stands in its module; an empty string if another thing, or none, does."""
    target: Any = sys.modules.get(getattr(thing, "__module__", ""))
    name: str = getattr(thing, "__qualname__", "")
    for part in name.split("."):
        target = getattr(target, part, None)
    return name if target is thing else ""
