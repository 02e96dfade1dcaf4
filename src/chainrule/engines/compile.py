"""`compile`: a function of tensors as a program of an engine, traced once for each structure of its arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numpy as np

from ..core.derived_function import name_of
from ..graph import CONSTANT, current_source_info, spec_of
from ..graph.node import Detached, tracked_ancestors
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from ..tensors.tree import Unflatten, flatten
from ..tensors.variable import current_recorder
from ..transforms.trace import Step, trace
from .engine import engine, xla_installed
from .protocol import Program

STATIC_TYPES = (bool, int, float, str, bytes, type(None))


class Compiled:
    """A function that an engine runs as one program; as plain Python on symbols, or while another is traced."""

    def __init__(self, function: Callable[..., Any], name: str | None) -> None:
        update_wrapper(self, function)
        self.function, self._name = function, name
        self._cache: dict[Any, tuple[Step, Program]] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        flat, unflatten = flatten([list(args), kwargs], lists_are_arrays=True)
        tensors = [None if isinstance(a, STATIC_TYPES) else as_tensor(a) for a in flat]
        if current_recorder() is not None or any(t is not None and t.symbolic for t in tensors):
            return self.function(*args, **kwargs)
        leaves = tuple([(type(a), a) if t is None else t.spec for a, t in zip(flat, tensors, strict=True)])
        key = leaves, len(args), tuple(kwargs), _structure([list(args), kwargs])
        traced = self._cache.get(key)
        if traced is None:
            traced = self._cache[key] = self._trace(flat, tensors, unflatten)
        step, program = traced
        variables = [v.leaf.serial for v in step.reads]
        results = program([t.numpy() for t in tensors if t is not None])
        return step.unflatten(_result_tensors(results, tensors, variables))

    def __reduce__(self) -> Any:
        """Pickle it by its name if it is a decorator's result, else as its function, without the programs made."""
        return name_of(self) or (Compiled, (self.function, self._name))

    def _trace(self, flat: list[Any], tensors: list[Tensor | None], unflatten: Unflatten) -> tuple[Step, Program]:
        def function(*symbols: Any) -> Any:
            remaining = iter(symbols)
            leaves = [a if t is None else next(remaining) for a, t in zip(flat, tensors, strict=True)]
            args, kwargs = unflatten(leaves)
            return self.function(*args, **kwargs)

        step = trace(function, *[t.spec for t in tensors if t is not None])
        return step, engine(self._name or ("xla" if xla_installed() else "numpy")).program(step)


def _structure(x: Any) -> Any:
    """How lists, tuples and dictionaries are nested, and which of their leaves are static: part of a key."""
    if isinstance(x, dict):
        return tuple((k, _structure(v)) for k, v in x.items())
    if isinstance(x, list | tuple):
        return (type(x).__name__, *map(_structure, x))
    return isinstance(x, STATIC_TYPES)


def _result_tensors(results: list[Any], tensors: list[Tensor | None], variables: list[int]) -> list[Tensor]:
    """Return results without history, for which `gradients` refuses what they were computed from.

    Args:
        tensors: the arguments. variables: serial numbers of the variables' leaves that were read.
    """
    leaves = set(variables)
    for t in tensors:
        if t is not None and t.tracked:
            ancestors, cut_off = tracked_ancestors(t)
            leaves |= {n.serial for n in ancestors if n.operation.leaf} | cut_off
    detached = Detached(frozenset(leaves)) if leaves else False
    source_info = current_source_info()
    outputs = []
    for result in results:  # not copied: nothing else holds these arrays
        value = np.asarray(result)
        outputs.append(Tensor(CONSTANT, (), {}, spec_of(value.shape, value.dtype), value, detached, source_info))
    return outputs


def compile(function: Callable[..., Any] | None = None, *, engine: str | None = None) -> Any:
    """Compile a function of tensors: it runs as one program, not operation by operation (``jax.jit``,
    ``torch.compile``).

    Args:
        function: of tensors, also in lists and dictionaries; it may read and assign variables. Its Python runs once
            for each structure of its arguments: shapes and dtypes of tensors and arrays, the values of all else.
        engine: ``"xla"`` or ``"numpy"``; default XLA where it is installed.

    Returns:
        A function that takes the same arguments and returns tensors without history: take gradients inside. Without
        `function`, a decorator.

    Raises:
        SymbolicError: if the function needs a tensor's numbers, as ``if x > 0`` does.

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
