"""Where trouble began: the first operation to make a nan or infinity of finite numbers, forward and backward, units
that are dead, weights that no gradient reaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...graph.spec import is_float
from .data import Edge, Explanation, Index, Step, entry

NOT_FINITE = "{name} is the first to hold nan or infinity: {count} of {size} entries, made by {operation} at {entry}"
GRADIENT = "the gradient is first nan or infinite where {operation} hands it to {name}: {count} of {size} entries"
DEAD = "{count} of {size} units of {name} are 0 for every example of this batch, so nothing behind them learns from it"
UNREACHED = "no gradient reaches {name}: it is 0 everywhere"
SENTENCES = (NOT_FINITE, GRADIENT, DEAD, UNREACHED)
SWITCHES = {"relu", "relu6"}  # units that are off hand nothing back


@dataclass
class Trouble:
    """One finding. ``sentence`` is filled from ``values``; ``name`` and ``index`` say which number to look at."""

    sentence: str
    values: dict[str, Any]
    name: str
    index: Index
    scope: str
    line: str

    def __str__(self) -> str:
        where = f" in {self.scope}" if self.scope else ""
        return self.sentence.format(**self.values) + where + (f" ({self.line})" if self.line else "")

    __repr__ = __str__


def troubles(e: Explanation) -> list[Trouble]:
    """All that is found, in the order in which it began."""
    return [*_forward(e), *_backward(e), *_dead(e), *_unreached(e)]


def _finite(value: Any) -> Any:
    array = np.asarray(value)
    if not is_float(array.dtype):
        return np.ones(array.shape, bool)
    return np.isfinite(array.astype(np.float32) if array.dtype.kind != "f" else array)


def _forward(e: Explanation) -> list[Trouble]:
    spoilt: set[str] = set()
    found: list[Trouble] = []
    for s in (*e.leaves, *e.constants, *e.steps):
        fine = _finite(s.value)
        if fine.all():
            continue
        if spoilt.isdisjoint(s.inputs) and not found:
            found.append(_trouble(NOT_FINITE, s, fine, s.operation, s.name))
        spoilt.add(s.name)
    return found


def _trouble(sentence: str, s: Step | Edge, fine: Any, operation: str, name: str) -> Trouble:
    index = tuple(int(i) for i in np.unravel_index(int(np.argmin(fine)), fine.shape))
    values = {
        "name": name,
        "count": int(fine.size - fine.sum()),
        "size": fine.size,
        "operation": operation,
        "entry": entry(name, index),
    }
    return Trouble(sentence, values, name, index, s.scope, s.line)


def _backward(e: Explanation) -> list[Trouble]:
    for edge in e.edges:
        fine = _finite(edge.downstream)
        if not fine.all() and _finite(edge.upstream).all():
            return [_trouble(GRADIENT, edge, fine, edge.operation, edge.input)]
    return []


def _dead(e: Explanation) -> list[Trouble]:
    found = []
    for s in e.steps:
        value = np.asarray(s.value)
        if s.operation not in SWITCHES or value.ndim < 2 or not value.size:
            continue
        off = np.asarray((value.reshape(-1, value.shape[-1]) <= 0).all(axis=0))
        if off.any():
            values = {"name": s.name, "count": int(off.sum()), "size": len(off)}
            first = (0,) * (value.ndim - 1) + (int(np.argmax(off)),)
            found.append(Trouble(DEAD, values, s.name, first, s.scope, s.line))
    return found


def _unreached(e: Explanation) -> list[Trouble]:
    found = []
    for leaf in e.leaves:
        gradient = e.gradients.get(leaf.name)
        if e.edges and gradient is not None and np.size(gradient) and not np.any(gradient):
            index = (0,) * np.ndim(gradient)
            found.append(Trouble(UNREACHED, {"name": leaf.name}, leaf.name, index, leaf.scope, leaf.line))
    return found
