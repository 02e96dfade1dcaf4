"""An engine runs traced steps. The protocol, the NumPy engine, which needs nothing but NumPy, and the choice.

An engine sees a step graph, variables and rows of data; no layer, loss or optimizer. A compiled engine takes this
one's place by giving the same three methods.

May import: `graph`, `tensor`, `readings` (the step and its price), `distribution`; `xla` when it is asked for.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .. import distribution
from ..analysis.price import price
from ..core.errors import IndexProblem, ValueProblem
from ..core.providers import provider
from ..graph import Node
from ..tensors.tensor import Variable
from ..transforms.flatten import FlatGraph
from ..transforms.trace import Step

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


class EpochBatches(Protocol):
    """Whole epochs over the same rows, each in an order of its own.

    Attributes:
        size: rows a batch; the last of an epoch may be shorter. most: so many epochs at a time.
        key: two words, of which `random_permutation` makes the order of each epoch; ``None``: as they are.
        resets: variables that start each epoch from these values.
    """

    @property
    def arrays(self) -> Sequence[Array]: ...

    @property
    def size(self) -> int: ...

    @property
    def most(self) -> int: ...

    @property
    def key(self) -> Array | None: ...

    @property
    def resets(self) -> Sequence[tuple[Variable, Array]]: ...

    def epoch(self, e: int) -> Batches: ...


class Program(Protocol):
    """One step, ready to run: it reads its variables, runs, and assigns them. Results are in the step's order.

    Attributes:
        seconds: spent on making it ready so far.
    """

    @property
    def seconds(self) -> float: ...

    def __call__(self, batch: Sequence[Array]) -> list[Array]: ...

    def run_batches(self, batches: Batches, first: int, last: int) -> list[Array]:
        """Steps `first` up to, not including, `last`; the results of the last one."""

    def run_epochs(self, rest: Any, data: EpochBatches, first: int, last: int) -> list[Array]:
        """Epochs `first` up to, not including, `last`; the last results of each, stacked along a first axis.

        `rest`: this engine's program for an epoch's last, shorter batch; ``None`` if there is none.
        """


class Engine(Protocol):
    """Turns a step into a program."""

    name: str

    def program(self, step: Step) -> Program: ...

    def with_expected_runs(self, runs: int | None) -> Engine:
        """The engine for a step that is to be run so many times (``None``: not known)."""

    def resolved_for(self, step: Step) -> Engine:
        """The engine that this step runs on."""


def run_error(node: Node, error: Exception) -> Exception:
    """An error of NumPy's with the operation's place in the model."""
    what = f"{node.operation.name} with {error}" + (f", in {node.scope!r}" if node.scope else "")
    if isinstance(error, IndexError):
        return IndexProblem(what, "indices inside the table", "check the largest entry of the data", node.line)
    return ValueProblem(what, "values it can be computed for", "check the data", node.line)


class NumpyProgram:
    """The step's primitive operations one after the other; values nobody reads any more are let go."""

    seconds = 0.0

    def __init__(self, step: Step) -> None:
        self.step, self.flat = step, FlatGraph(step.graph)
        self.data = [node.spec for node in step.graph.inputs[: len(step.graph.inputs) - len(step.reads)]]
        self.rows = [(row, self.flat.frees.get(row.position, ())) for row in self.flat.rows]

    def __call__(self, batch: Sequence[Array]) -> list[Array]:
        step = self.step
        values = list(self.flat.constants)
        given = [*self._cast(batch), *[v._leaf.value for v in step.reads]]
        values[: len(given)] = given
        with np.errstate(all="ignore"):
            for row, free in self.rows:
                try:
                    values[row.position] = row.run(*[values[i] for i in row.inputs])
                except (IndexError, ValueError, ZeroDivisionError) as error:  # numbers that no shape rule could foresee
                    raise run_error(row.outer, error) from None
                for i in free:
                    values[i] = None
        found = [values[i] for i in self.flat.outputs]
        for variable, value in zip(step.writes, found[step.results :], strict=True):
            # a view may be of the caller's data, who may write into it
            variable.hold(value.copy() if value.base is not None or any(value is b for b in batch) else value)
        return found[: step.results]

    def _cast(self, batch: Sequence[Array]) -> list[Array]:
        if len(batch) != len(self.data):
            raise ValueProblem(
                f"{len(batch)} arrays for a step", f"{len(self.data)} arrays", "pass what the step was traced with"
            )
        return [a if a.dtype == s.dtype else a.astype(s.dtype) for a, s in zip(batch, self.data, strict=True)]

    def run_batches(self, batches: Batches, first: int, last: int) -> list[Array]:
        results: list[Array] = []
        for k in range(first, last):
            results = self(batches.batch(k))
        return results

    def run_epochs(self, rest: NumpyProgram | None, data: EpochBatches, first: int, last: int) -> list[Array]:
        found = []
        whole = len(data.arrays[0]) // data.size
        for e in range(first, last):
            for variable, value in data.resets:
                variable.hold(value)
            batches = data.epoch(e)
            results = self.run_batches(batches, 0, whole)
            found.append(results if rest is None else rest(batches.batch(whole)))
        return [np.stack(each) for each in zip(*found, strict=True)]


class NumpyEngine:
    """Runs steps with NumPy, node by node: the oracle for every other engine."""

    name = "numpy"

    def program(self, step: Step) -> NumpyProgram:
        return NumpyProgram(step)

    def with_expected_runs(self, runs: int | None) -> Engine:
        return self

    def resolved_for(self, step: Step) -> Engine:
        return self


START = 2.0  # seconds that XLA must save before it has saved any: its import and a compilation


class Automatic:
    """NumPy, or XLA where it is installed and the work is worth a compilation; settled by the first step.

    A function of what a step costs (`readings.price`), of how often it is to run, and of what is installed; never of
    a clock. Where several processes or devices were asked for (`distribution`), it is XLA.
    """

    name = "automatic"

    def __init__(self, runs: int | None = None) -> None:
        self.runs = runs
        self.chosen: Engine | None = None

    def with_expected_runs(self, runs: int | None) -> Engine:
        return Automatic(runs)

    def resolved_for(self, step: Step) -> Engine:
        if self.chosen is None:
            shared = distribution.process_count() > 1 or distribution.distribution() is not None
            self.chosen = engine("xla") if xla_installed() and (shared or self._worth_it(step)) else NumpyEngine()
        return self.chosen

    def program(self, step: Step) -> Program:
        return self.resolved_for(step).program(step)

    def _worth_it(self, step: Step) -> bool:
        runs = 1000 if self.runs is None else self.runs
        cost = price(list(step.graph.outputs)).total
        by_numpy = 5e-6 * len(step.graph.nodes) + cost.macs / 2e10 + cost.bytes / 4e9
        by_xla = cost.macs / 1e11 + cost.bytes / 2e10
        return runs * (by_numpy - by_xla) > START


@cache
def xla_installed() -> bool:
    """Whether the extra ``chainrule[fast]`` is there; it is not loaded to see."""
    return importlib.util.find_spec("jax") is not None and importlib.util.find_spec("jaxlib") is not None


def _xla() -> Engine:
    if not xla_installed():
        raise ValueProblem("engine='xla' without JAX", "the extra chainrule[fast]", 'pip install "chainrule[fast]"')
    engine: Engine = provider("xla").XlaEngine()
    return engine


_ENGINES: dict[str, Callable[[], Engine]] = {"numpy": NumpyEngine, "xla": _xla}


def engine(name: str | None = None) -> Engine:
    """The engine of this name, ``"numpy"`` or ``"xla"``; default: the one that fits the work and what is installed.

    >>> engine("numpy").name
    'numpy'
    """
    if name is None:
        return Automatic()
    found = _ENGINES.get(name)
    if found is None:
        raise ValueProblem(f"engine={name!r}", " or ".join(map(repr, _ENGINES)), "name one of these, or none")
    return found()


__all__ = [
    "Automatic",
    "Batches",
    "Engine",
    "EpochBatches",
    "NumpyEngine",
    "NumpyProgram",
    "Program",
    "engine",
    "run_error",
]
