"""Trace: a function of tensors and variables, run once on symbols, as one step graph an engine can run again and again.

In a traced step the variables read are inputs, and their last assignments are outputs; a read that follows an
assignment sees the new node. Nothing of the values of that moment stays in the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from ..graph import Graph, Spec, current_source_info
from ..ops import where
from ..tensors.tensor import (
    Tensor,
    Variable,
    as_tensor,
    current_recorder,
    recording,
    symbolic,
)
from ..tensors.tree import Build, flatten


class StateRecorder:
    """Records what a function reads from variables and assigns to them (`tensor.Recorder`)."""

    def __init__(self) -> None:
        self.leaves: dict[int, Tensor] = {}
        self.current: dict[int, Tensor] = {}
        self.variables: dict[int, Variable] = {}
        self.assigned: dict[int, Variable] = {}

    def read(self, variable: Variable) -> Tensor:
        found = self.current.get(id(variable))
        if found is None:
            held = variable._leaf.spec
            found = self.leaves[id(variable)] = variable._read_as(None, current_source_info(), held)
            self.current[id(variable)] = found
            self.variables[id(variable)] = variable
        return found

    def assign(self, variable: Variable, value: Tensor) -> None:
        self.current[id(variable)] = value
        self.assigned[id(variable)] = variable


class StateOverlay:
    """Lets a function run without a trace (`tensor.Recorder`): what it assigns to variables it finds again, and nobody
    else does."""

    def __init__(self) -> None:
        self.current: dict[int, Tensor] = {}

    def read(self, variable: Variable) -> Tensor:
        return self.current.get(id(variable), variable._leaf)

    def assign(self, variable: Variable, value: Tensor) -> None:
        self.current[id(variable)] = value


@contextmanager
def restored_variables(variables: Iterable[Variable]) -> Iterator[None]:
    """Afterwards the variables hold what they held before.

    >>> w = Variable(1.0)
    >>> with restored_variables([w]):
    ...     _ = w.assign(5.0)
    >>> w.numpy().item()
    1.0
    """
    held = [(v, v.numpy()) for v in variables]
    try:
        yield
    finally:
        for v, value in held:
            v.hold(value)


class Step:
    """One traced step. Data only; an engine sees this and no layer, loss or optimizer.

    Attributes:
        graph: inputs are the data's symbols, then a symbol for each of `reads`; outputs are the results,
            then the new value of each of `writes`.
        reads: the variables whose values go in.
        writes: the variables assigned.
        results: how many outputs are the function's own results.
    """

    def __init__(self, data: Sequence[Tensor], results: Sequence[Tensor], reads: StateRecorder, build: Build) -> None:
        self.reads = list(reads.variables.values())
        self.writes = list(reads.assigned.values())
        self.results = len(results)
        symbols = [reads.leaves[id(v)] for v in self.reads]
        new = [reads.current[id(v)] for v in self.writes]
        self.graph = Graph([*data, *symbols], [*results, *new])
        self._build = build

    def unflatten(self, results: Sequence[Any]) -> Any:
        """The results in the form in which the function returned them."""
        return self._build(list(results))


@contextmanager
def run_if(condition: Any) -> Iterator[None]:
    """Assignments made inside take effect only where `condition`, one truth value, holds; in a trace, by `where`.

    >>> w = Variable(1.0)
    >>> with run_if(w > 2.0):
    ...     _ = w.assign(5.0)
    >>> w
    Variable(name='variable', tensor(1.0))
    """
    wanted = as_tensor(condition)
    recorder = current_recorder()
    if wanted.value is not None or not isinstance(recorder, StateRecorder):
        with nullcontext() if bool(wanted) else recording(StateRecorder()):
            yield
        return
    before = dict(recorder.current)
    yield
    for key, variable in list(recorder.assigned.items()):
        new = recorder.current[key]
        old = before.get(key)
        if old is None:  # first met inside: its value as the step found it
            del recorder.current[key]
            old = recorder.leaves[key] if key in recorder.leaves else recorder.read(variable)
        recorder.assign(variable, new if new is old else where(wanted, new, old))


def trace(function: Callable[..., Any], *args: Any) -> Step:
    """The step that `function` takes on data of these specs.

    Args:
        function: of tensors, in lists and dictionaries as it likes; may read and assign variables.
        args: what stands for each argument: specs, in the same form; ``None`` is passed on as it is.

    >>> import numpy as np
    >>> from chainrule.graph import spec_of
    >>> w = Variable(2.0, name="w")
    >>> def step(x):
    ...     w.assign(w * x)
    ...     return w + 1
    >>> traced = trace(step, spec_of((), np.dtype("float32")))
    >>> [v.name for v in traced.reads], [v.name for v in traced.writes], w.numpy().item()
    (['w'], ['w'], 2.0)
    """
    specs, build = flatten(list(args))
    symbols = [symbolic(s.shape, s.dtype, f"data_{i}") if isinstance(s, Spec) else s for i, s in enumerate(specs)]
    reads = StateRecorder()
    with recording(reads):
        returned, rebuild = flatten(function(*build(list(symbols))))
        results = [None if r is None else as_tensor(r) for r in returned]
    kept = [r for r in results if r is not None]
    missing = [i for i, r in enumerate(results) if r is None]

    def together(values: list[Any]) -> Any:
        values = list(values)
        for i in missing:
            values.insert(i, None)
        return rebuild(values)

    return Step([s for s in symbols if isinstance(s, Tensor)], kept, reads, together)
