"""Diagnose a pass: the first operation that makes nan or infinity of finite numbers, forward and backward; dead units;
weights that no gradient reaches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.messages import LazyMessage
from ...graph.spec import is_float
from ...ops.record import registry
from .data import ExplanationData, Index, Step, entry

NOT_FINITE = "{name} is the first to hold nan or infinity: {count} of {size} entries, made by {operation} at {entry}"
GRADIENT = "the gradient is first nan or infinite where {operation} passes it to {name}: {count} of {size} entries"
DEAD = "{count} of {size} units of {name} are 0 for every example of this batch, so no gradient passes through them"
UNREACHED = "no gradient reaches {name}: it is 0 everywhere"
ENDS = "no gradient reaches {name}: the path ends at {operation}, through which none flows"
UNUSED = "{result} does not depend on {name}: no path leads from one to the other, so nothing is learnt"
MIN_EXAMPLES = 8  # in a smaller batch a unit may be 0 for all by chance


@dataclass
class Diagnostic:
    """One finding. ``name`` and ``index`` identify the number to look at."""

    message: LazyMessage
    name: str
    index: Index
    scope: str
    line: str

    def __str__(self) -> str:
        return self.text(str)

    def text(self, translate: Callable[[LazyMessage], str]) -> str:
        """Return the message in the language of `translate`, with its scope and line."""
        scope = translate(LazyMessage(" in {scope}", scope=self.scope)) if self.scope else ""
        return translate(self.message) + scope + (f" ({self.line})" if self.line else "")

    __repr__ = __str__


def diagnostics(e: ExplanationData) -> list[Diagnostic]:
    """Return all findings, in the order of the pass."""
    return [*_forward(e), *_backward(e), *_dead_units(e), *_unreached(e), *_unused(e)]


def _is_finite(value: Any) -> Any:
    array = np.asarray(value)
    if not is_float(array.dtype):
        return np.ones(array.shape, bool)
    return np.isfinite(array.astype(np.float32) if array.dtype.kind != "f" else array)


def _forward(e: ExplanationData) -> list[Diagnostic]:
    """The first value that is not finite though all it is computed from are."""
    not_finite: set[str] = set()
    findings: list[Diagnostic] = []
    for s in (*e.leaves, *e.constants, *e.steps):
        finite = _is_finite(s.value)
        if finite.all():
            continue
        if not_finite.isdisjoint(s.inputs) and not findings:
            index = _first_false(finite)
            values = {"operation": s.operation, "entry": entry(s.name, index), **_count_false(s.name, finite)}
            findings.append(Diagnostic(LazyMessage(NOT_FINITE, **values), s.name, index, s.scope, s.line))
        not_finite.add(s.name)
    return findings


def _first_false(mask: Any) -> Index:
    return tuple(int(i) for i in np.unravel_index(int(np.argmin(mask)), mask.shape))


def _count_false(name: str, mask: Any) -> dict[str, Any]:
    return {"name": name, "count": int(mask.size - mask.sum()), "size": mask.size}


def _backward(e: ExplanationData) -> list[Diagnostic]:
    """The first gradient that is not finite though its upstream is."""
    for edge in e.edges:
        finite = _is_finite(edge.downstream)
        if not finite.all() and _is_finite(edge.upstream).all():
            message = LazyMessage(GRADIENT, operation=edge.operation, **_count_false(edge.input, finite))
            return [Diagnostic(message, edge.input, _first_false(finite), edge.scope, edge.line)]
    return []


def _dead_units(e: ExplanationData) -> list[Diagnostic]:
    """Rectifiers with units that are 0 for all examples."""
    findings = []
    for s in e.steps:
        value = np.asarray(s.value)
        operation = registry.get(s.operation)
        if (
            operation is None
            or not operation.rectifies
            or value.ndim < 2
            or value.size < MIN_EXAMPLES * value.shape[-1]
        ):
            continue
        dead = np.asarray((value.reshape(-1, value.shape[-1]) <= 0).all(axis=0))
        if dead.any():
            first = (0,) * (value.ndim - 1) + (int(np.argmax(dead)),)
            message = LazyMessage(DEAD, **_count_false(s.name, ~dead))
            findings.append(Diagnostic(message, s.name, first, s.scope, s.line))
    return findings


def _unreached(e: ExplanationData) -> list[Diagnostic]:
    """Leaves whose gradient is 0 everywhere."""
    findings = []
    for leaf in e.leaves:
        gradient = e.gradients.get(leaf.name)
        if gradient is None or not np.size(gradient) or np.any(gradient):
            continue
        index, end = (0,) * np.ndim(gradient), _end_of_path(e, leaf.name)
        message = (
            LazyMessage(UNREACHED, name=leaf.name)
            if end is None
            else LazyMessage(ENDS, name=leaf.name, operation=end.operation)
        )
        findings.append(Diagnostic(message, leaf.name, index, leaf.scope, leaf.line if end is None else end.line))
    return findings


def _end_of_path(e: ExplanationData, name: str) -> Step | None:
    """Return the step at which the path from a leaf ends: the first on it that is not of a float dtype."""
    reached = {name}
    for s in e.steps:
        if not reached.isdisjoint(s.inputs):
            if not is_float(np.asarray(s.value).dtype):
                return s
            reached.add(s.name)
    return None


def _unused(e: ExplanationData) -> list[Diagnostic]:
    """Weights that the result does not depend on."""
    return [Diagnostic(LazyMessage(UNUSED, name=name, result=e.result), name, (), "", "") for name in e.unused]
