"""The form of a function of NumPy on tensors: which function carries it out, and which arguments it takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True, eq=False)
class Form:
    """What carries out a function of NumPy.

    Args:
        function: called with the arguments that NumPy's signature has bound.
        parameters: NumPy's names of the parameters that it takes, and its own names for them.
        without_effect: further parameters of NumPy that may have any value, since they change no number.
        takes_all: whether it takes every parameter of NumPy's, with its own name and default.
    """

    function: Callable[..., Any]
    parameters: dict[str, str]
    without_effect: frozenset[str] = frozenset()
    takes_all: bool = False

    @cached_property
    def signature(self) -> inspect.Signature:
        """The function's signature, in NumPy's names."""
        own = inspect.signature(self.function)
        names = {ours: numpys for numpys, ours in self.parameters.items()}
        return own.replace(parameters=[p.replace(name=names.get(p.name, p.name)) for p in own.parameters.values()])

    @cached_property
    def positional_only(self) -> list[str]:
        """The function's parameters that must be passed by position."""
        own = inspect.signature(self.function).parameters.values()
        return [p.name for p in own if p.kind is p.POSITIONAL_ONLY]

    def call(self, positional: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call the function."""
        leading = [named.pop(name) for name in self.positional_only if name in named]
        return self.function(*leading, *positional, **named)


def own(function: Callable[..., Any], without_effect: str = "", **former: str) -> Form:
    """Return the form of a function whose parameters have NumPy's names; `former` are those of earlier versions."""
    parameters = inspect.signature(function).parameters
    return Form(function, {**former, **{name: name for name in parameters}}, frozenset(without_effect.split()))


def same(function: Callable[..., Any], names: str, without_effect: str = "") -> Form:
    """Return the form of an operation that takes NumPy's parameters in the order of `names`."""
    parameters = inspect.signature(function).parameters
    pairs = zip(names.split(), parameters, strict=False)  # the operation may take more
    return Form(function, dict(pairs), frozenset(without_effect.split()))


def every(function: Callable[..., Any]) -> Form:
    """Return the form of a function with NumPy's own signature."""
    return Form(function, {}, takes_all=True)
