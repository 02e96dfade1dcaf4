"""`compile`: a function of tensors as a program of an engine, traced once for each form of its arguments.

May import: `engine`, `graph`, `readings`, `tensor`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numpy as np

from ..graph import CONSTANT, Spec, current_source_info, spec_of
from ..graph.node import Detached, tracked_ancestors
from ..tensors.tensor import Tensor, as_tensor, current_recorder
from ..tensors.tree import flatten
from ..transforms.trace import Step, trace
from .engine import Program, engine, xla_installed

Static = (bool, int, float, str, bytes, type(None))


class Compiled:
    """A function that an engine runs as one program; called with symbols, or while another is traced, plain Python."""

    def __init__(self, function: Callable[..., Any], name: str | None) -> None:
        update_wrapper(self, function)
        self.function, self._name = function, name
        self._ready: dict[Any, tuple[Step, Program]] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        flat, build = flatten([list(args), kwargs], lists_are_arrays=True)
        given = [None if isinstance(a, Static) else as_tensor(a) for a in flat]
        if current_recorder() is not None or any(t is not None and t.symbolic for t in given):
            return self.function(*args, **kwargs)
        key = tuple([_key(a) if t is None else t.spec for a, t in zip(flat, given, strict=True)])
        form = (len(args), tuple(kwargs), _form([list(args), kwargs]))
        found = self._ready.get((key, form))
        if found is None:
            found = self._ready[key, form] = self._traced(flat, given, build)
        step, program = found
        before = [v._leaf.serial for v in step.reads]
        results = program([t.numpy() for t in given if t is not None])
        return step.unflatten(_tensors(results, given, before))

    def _traced(self, flat: list[Any], given: list[Tensor | None], build: Any) -> tuple[Step, Program]:
        def function(*symbols: Any) -> Any:
            rest = iter(symbols)
            args, kwargs = build([a if t is None else next(rest) for a, t in zip(flat, given, strict=True)])
            return self.function(*args, **kwargs)

        specs: list[Spec] = [t.spec for t in given if t is not None]
        step = trace(function, *specs)
        return step, engine(self._name or ("xla" if xla_installed() else "numpy")).program(step)


def _key(value: Any) -> Any:
    return type(value), value


def _form(x: Any) -> Any:
    if isinstance(x, dict):
        return tuple((k, _form(v)) for k, v in x.items())
    if isinstance(x, list | tuple):
        return (type(x).__name__, *map(_form, x))
    return isinstance(x, Static)


def _tensors(results: list[Any], given: list[Tensor | None], read: list[int]) -> list[Tensor]:
    """Results without history; `gradients` refuses to go past them to what they were made from."""
    leaves = set(read)
    for t in given:
        if t is not None and t.tracked:
            ancestors, cut = tracked_ancestors(t)
            leaves |= {n.serial for n in ancestors if n.operation.leaf} | cut
    cut_off = Detached(frozenset(leaves)) if leaves else False
    made = current_source_info()
    found = []
    for r in results:  # arrays that are nobody else's: not copied
        value = np.asarray(r)
        found.append(Tensor(CONSTANT, (), {}, spec_of(value.shape, value.dtype), value, cut_off, made))
    return found


def compile(function: Callable[..., Any] | None = None, *, engine: str | None = None) -> Any:
    """A function of tensors, run as one program instead of operation by operation (``jax.jit``, ``torch.compile``).

    Args:
        function: of tensors, in lists and dictionaries as it likes; it may read and assign variables. Its Python runs
            once for each form of its arguments: shapes and dtypes of tensors and arrays, the values of all else.
        engine: ``"xla"`` or ``"numpy"``; default XLA where it is installed.

    Returns:
        A function that takes the same arguments and returns tensors without history: take gradients inside. Without
        `function`, a decorator.

    Raises:
        SymbolicError: where the function asks a tensor for its numbers, as ``if x > 0`` does.

    >>> import chainrule as cr
    >>> @cr.compile(engine="numpy")
    ... def f(x, k):
    ...     return cr.grad(lambda x: (x ** k).sum())(x)
    >>> f(cr.tensor([1.0, 2.0]), 3)
    tensor([ 3., 12.])
    """
    if function is None:
        return lambda f: Compiled(f, engine)
    return Compiled(function, engine)


__all__ = ["Compiled", "compile"]
