"""An engine runs traced steps. The protocol, and the NumPy engine, which needs nothing but NumPy.

An engine sees a step graph, variables and rows of data; no layer, loss or optimizer. A compiled engine takes this
one's place by giving the same two methods.

May import: `graph`, `tensor`, `readings` (the step alone).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import IndexProblem, ValueProblem
from .readings.trace import Step

Array = NDArray[Any]


class Batches(Protocol):
    """Rows of data in the order they are to be taken: batch k is rows ``order[k*size:(k+1)*size]`` of each array."""

    @property
    def arrays(self) -> Sequence[Array]: ...

    @property
    def order(self) -> Array | None: ...

    @property
    def size(self) -> int: ...

    def batch(self, k: int) -> list[Array]: ...


class Program(Protocol):
    """One step, ready to run: it reads its variables, runs, and assigns them. Results are in the step's order."""

    def __call__(self, batch: Sequence[Array]) -> list[Array]: ...

    def many(self, batches: Batches, first: int, last: int) -> list[Array]:
        """Steps `first` up to, not including, `last`; the results of the last one."""


class Engine(Protocol):
    """Turns a step into a program."""

    name: str

    def program(self, step: Step) -> Program: ...


class NumpyProgram:
    """The step's graph as a list of (place, function, places read, places no longer needed)."""

    def __init__(self, step: Step) -> None:
        graph = step.graph
        self.step = step
        self.constants = graph.constants
        self.data = [node.spec for node in graph.inputs[: len(graph.inputs) - len(step.reads)]]
        self.outputs = [graph.place[node.serial] for node in graph.outputs]
        last: dict[int, int] = {}
        for place, _, inputs in graph.steps:
            for i in inputs:
                last[i] = place
        kept = {*self.outputs, *range(len(graph.inputs))}
        free: dict[int, list[int]] = {}
        for i, place in last.items():
            if i not in kept and self.constants[i] is None:
                free.setdefault(place, []).append(i)
        self.steps = [(place, run, inputs, free.get(place, ())) for place, run, inputs in graph.steps]

    def __call__(self, batch: Sequence[Array]) -> list[Array]:
        step = self.step
        values = list(self.constants)
        given = [*self._cast(batch), *[v._leaf.value for v in step.reads]]
        values[: len(given)] = given
        place = 0
        try:
            with np.errstate(all="ignore"):
                for place, run, inputs, free in self.steps:
                    values[place] = run(*[values[i] for i in inputs])
                    for i in free:
                        values[i] = None
        except (IndexError, ValueError, ZeroDivisionError) as error:  # numbers that no shape rule could foresee
            raise self._refused(place, error) from None
        found = [values[i] for i in self.outputs]
        for variable, value in zip(step.writes, found[step.results :], strict=True):
            # a view may be of the caller's data, who may write into it
            variable.hold(value.copy() if value.base is not None or any(value is b for b in batch) else value)
        return found[: step.results]

    def _refused(self, place: int, error: Exception) -> Exception:
        """An error of NumPy's with the operation's place in the model."""
        node = self.step.graph.order[place]
        what = f"{node.operation.name} with {error}" + (f", in {node.scope!r}" if node.scope else "")
        if isinstance(error, IndexError):
            return IndexProblem(what, "indices inside the table", "check the largest entry of the data", node.line)
        return ValueProblem(what, "values it can be computed for", "check the data", node.line)

    def _cast(self, batch: Sequence[Array]) -> list[Array]:
        if len(batch) != len(self.data):
            raise ValueProblem(
                f"{len(batch)} arrays for a step", f"{len(self.data)} arrays", "pass what the step was traced with"
            )
        return [a if a.dtype == s.dtype else a.astype(s.dtype) for a, s in zip(batch, self.data, strict=True)]

    def many(self, batches: Batches, first: int, last: int) -> list[Array]:
        results: list[Array] = []
        for k in range(first, last):
            results = self(batches.batch(k))
        return results


class NumpyEngine:
    """Runs steps with NumPy, node by node: the oracle for every other engine."""

    name = "numpy"

    def program(self, step: Step) -> NumpyProgram:
        return NumpyProgram(step)


_ENGINES: dict[str, type[Engine]] = {"numpy": NumpyEngine}


def engine(name: str | None = None) -> Engine:
    """The engine of this name; default: the one that fits what is installed.

    >>> engine().name
    'numpy'
    """
    found = _ENGINES.get(name or "numpy")
    if found is None:
        raise ValueProblem(f"engine={name!r}", " or ".join(map(repr, _ENGINES)), "name one of these, or none")
    return found()


__all__ = ["Batches", "Engine", "NumpyEngine", "NumpyProgram", "Program", "engine"]
