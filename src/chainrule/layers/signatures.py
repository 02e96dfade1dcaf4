"""The parameters of a layer's methods, read once from each signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

_cached: WeakKeyDictionary[Callable[..., Any], inspect.Signature] = WeakKeyDictionary()


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return a function's signature, cached as long as the function lives."""
    if not inspect.isfunction(function):
        return inspect.signature(function)
    signature = _cached.get(function)
    if signature is None:
        signature = _cached[function] = inspect.signature(function)
    return signature


def parameter_names(function: Callable[..., Any]) -> list[str]:
    """Return the names of a function's parameters, with ``self`` first and ``"**"`` last if it takes any name."""
    parameters = _signature(function).parameters.values()
    names = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
    return [*names, "**"] if any(p.kind is p.VAR_KEYWORD for p in parameters) else names


def trains_by_default(method: Callable[..., Any]) -> bool:
    """Return whether a method's own default is ``training=True``, as in Keras's random image layers."""
    return _signature(method).parameters["training"].default is True
