"""Where trouble began: the first operation to make a nan or infinity of finite numbers, forward and backward, units
that are dead, weights that no gradient reaches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.messages import LazyMessage
from ...graph.spec import is_float
from .data import ExplanationData, Index, Step, entry

NOT_FINITE = "{name} is the first to hold nan or infinity: {count} of {size} entries, made by {operation} at {entry}"
GRADIENT = "the gradient is first nan or infinite where {operation} hands it to {name}: {count} of {size} entries"
DEAD = "{count} of {size} units of {name} are 0 for every example of this batch, so nothing behind them learns from it"
UNREACHED = "no gradient reaches {name}: it is 0 everywhere"
ENDS = "no gradient reaches {name}: the path ends at {operation}, through which none flows"
UNUSED = "{name} has no part in {result}: no path leads from the one to the other, so nothing is learnt"
SWITCHES = {"relu", "relu6"}  # units that are off hand nothing back
EXAMPLES = 8  # off for fewer than so many is no wonder


@dataclass
class Diagnostic:
    """One finding. ``name`` and ``index`` say which number to look at."""

    said: LazyMessage
    name: str
    index: Index
    scope: str
    line: str

    def __str__(self) -> str:
        return self.told(str)

    def told(self, translate: Callable[[LazyMessage], str]) -> str:
        """The sentence as `translate` says it, and where it is."""
        where = translate(LazyMessage(" in {scope}", scope=self.scope)) if self.scope else ""
        return translate(self.said) + where + (f" ({self.line})" if self.line else "")

    __repr__ = __str__


def diagnostics(e: ExplanationData) -> list[Diagnostic]:
    """All that is found, in the order in which it began."""
    return [*_forward(e), *_backward(e), *_dead(e), *_unreached(e), *_unused(e)]


def _finite(value: Any) -> Any:
    array = np.asarray(value)
    if not is_float(array.dtype):
        return np.ones(array.shape, bool)
    return np.isfinite(array.astype(np.float32) if array.dtype.kind != "f" else array)


def _forward(e: ExplanationData) -> list[Diagnostic]:
    spoilt: set[str] = set()
    found: list[Diagnostic] = []
    for s in (*e.leaves, *e.constants, *e.steps):
        fine = _finite(s.value)
        if fine.all():
            continue
        if spoilt.isdisjoint(s.inputs) and not found:
            index = _first(fine)
            said = LazyMessage(NOT_FINITE, operation=s.operation, entry=entry(s.name, index), **_count(s.name, fine))
            found.append(Diagnostic(said, s.name, index, s.scope, s.line))
        spoilt.add(s.name)
    return found


def _first(fine: Any) -> Index:
    return tuple(int(i) for i in np.unravel_index(int(np.argmin(fine)), fine.shape))


def _count(name: str, fine: Any) -> dict[str, Any]:
    return {"name": name, "count": int(fine.size - fine.sum()), "size": fine.size}


def _backward(e: ExplanationData) -> list[Diagnostic]:
    for edge in e.edges:
        fine = _finite(edge.downstream)
        if not fine.all() and _finite(edge.upstream).all():
            said = LazyMessage(GRADIENT, operation=edge.operation, **_count(edge.input, fine))
            return [Diagnostic(said, edge.input, _first(fine), edge.scope, edge.line)]
    return []


def _dead(e: ExplanationData) -> list[Diagnostic]:
    found = []
    for s in e.steps:
        value = np.asarray(s.value)
        if s.operation not in SWITCHES or value.ndim < 2 or value.size < EXAMPLES * value.shape[-1]:
            continue
        off = np.asarray((value.reshape(-1, value.shape[-1]) <= 0).all(axis=0))
        if off.any():
            first = (0,) * (value.ndim - 1) + (int(np.argmax(off)),)
            found.append(Diagnostic(LazyMessage(DEAD, **_count(s.name, ~off)), s.name, first, s.scope, s.line))
    return found


def _unreached(e: ExplanationData) -> list[Diagnostic]:
    found = []
    for leaf in e.leaves:
        gradient = e.gradients.get(leaf.name)
        if gradient is None or not np.size(gradient) or np.any(gradient):
            continue
        index, end = (0,) * np.ndim(gradient), _end(e, leaf.name)
        said = (
            LazyMessage(UNREACHED, name=leaf.name)
            if end is None
            else LazyMessage(ENDS, name=leaf.name, operation=end.operation)
        )
        found.append(Diagnostic(said, leaf.name, index, leaf.scope, leaf.line if end is None else end.line))
    return found


def _end(e: ExplanationData, name: str) -> Step | None:
    """The step at which the path from a leaf ends: the first on it that is not made of floats."""
    reached = {name}
    for s in e.steps:
        if not reached.isdisjoint(s.inputs):
            if not is_float(np.asarray(s.value).dtype):
                return s
            reached.add(s.name)
    return None


def _unused(e: ExplanationData) -> list[Diagnostic]:
    return [Diagnostic(LazyMessage(UNUSED, name=name, result=e.result), name, (), "", "") for name in e.unused]
