"""Trace: run a function of tensors and variables once on symbolic inputs, into a graph that an engine can run often.

In a traced step the variables read are inputs, and their last assignments are outputs; a read that follows an
assignment gives the new node. The values that variables have while tracing are not part of the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from ..graph import Graph, Spec, current_source_info
from ..ops import where
from ..tensors.convert import as_tensor, symbolic
from ..tensors.tensor import Tensor
from ..tensors.tree import Unflatten, flatten
from ..tensors.variable import Variable, current_recorder, recording


class StateRecorder:
    """Records what a function reads from variables and assigns to them (a `recording.Recorder`).

    Attributes:
        leaves: the symbolic leaf of each variable that was read, by the variable's id.
        current: the node of each variable's value at this point of the trace.
        variables: the variables read.
        assigned: the variables assigned.
    """

    def __init__(self) -> None:
        self.leaves: dict[int, Tensor] = {}
        self.current: dict[int, Tensor] = {}
        self.variables: dict[int, Variable] = {}
        self.assigned: dict[int, Variable] = {}

    def read(self, variable: Variable) -> Tensor:
        """Return the node of the variable's value: what was assigned last, else a symbolic leaf."""
        node = self.current.get(id(variable))
        if node is None:
            spec = variable.leaf.spec
            node = self.leaves[id(variable)] = variable.make_leaf(None, current_source_info(), spec)
            self.current[id(variable)] = node
            self.variables[id(variable)] = variable
        return node

    def assign(self, variable: Variable, value: Tensor) -> None:
        """Record an assignment."""
        self.current[id(variable)] = value
        self.assigned[id(variable)] = variable


@contextmanager
def restored_variables(variables: Iterable[Variable]) -> Iterator[None]:
    """Restore the variables' values at the end of the block.

    >>> w = Variable(1.0)
    >>> with restored_variables([w]):
    ...     _ = w.assign(5.0)
    >>> w.numpy().item()
    1.0
    """
    values = [(v, v.numpy()) for v in variables]
    try:
        yield
    finally:
        for v, value in values:
            v.hold(value)


class Step:
    """One traced step. Data only; an engine knows this, and no layer, loss or optimizer.

    Attributes:
        graph: inputs are the data's symbols, then a symbol for each of `reads`; outputs are the results,
            then the new value of each of `writes`.
        reads: the variables whose values are inputs.
        writes: the variables assigned.
        results: how many outputs are the function's own results.
    """

    def __init__(
        self, data: Sequence[Tensor], results: Sequence[Tensor], recorder: StateRecorder, unflatten: Unflatten
    ) -> None:
        self.reads = list(recorder.variables.values())
        self.writes = list(recorder.assigned.values())
        self.results = len(results)
        symbols = [recorder.leaves[id(v)] for v in self.reads]
        new = [recorder.current[id(v)] for v in self.writes]
        self.graph = Graph([*data, *symbols], [*results, *new])
        self._unflatten = unflatten

    def unflatten(self, results: Sequence[Any]) -> Any:
        """Return the results in the structure in which the function returned them."""
        return self._unflatten(list(results))


@contextmanager
def run_if(condition: Any) -> Iterator[None]:
    """Let the block's assignments take effect only if `condition`, one truth value, holds; in a trace, by `where`.

    >>> w = Variable(1.0)
    >>> with run_if(w > 2.0):
    ...     _ = w.assign(5.0)
    >>> w
    Variable(name='variable', tensor(1.0))
    """
    flag = as_tensor(condition)
    recorder = current_recorder()
    if flag.value is not None or not isinstance(recorder, StateRecorder):
        with nullcontext() if bool(flag) else recording(StateRecorder()):
            yield
        return
    before = dict(recorder.current)
    yield
    for key, variable in list(recorder.assigned.items()):
        new = recorder.current[key]
        old = before.get(key)
        if old is None:  # first used inside the block: its value at the start of the step
            del recorder.current[key]
            old = recorder.leaves[key] if key in recorder.leaves else recorder.read(variable)
        recorder.assign(variable, new if new is old else where(flag, new, old))


def trace(function: Callable[..., Any], *args: Any) -> Step:
    """Trace the step that `function` takes on data of these specs.

    Args:
        function: of tensors, in lists and dictionaries of any structure; may read and assign variables.
        args: for each argument specs, in the argument's structure; ``None`` is passed as it is.

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
    specs, unflatten = flatten(list(args))
    symbols = [symbolic(s.shape, s.dtype, f"data_{i}") if isinstance(s, Spec) else s for i, s in enumerate(specs)]
    recorder = StateRecorder()
    with recording(recorder):
        leaves, unflatten_results = flatten(function(*unflatten(list(symbols))))
        results = [None if leaf is None else as_tensor(leaf) for leaf in leaves]
    outputs = [r for r in results if r is not None]
    none_indices = [i for i, r in enumerate(results) if r is None]

    def unflatten_outputs(values: list[Any]) -> Any:
        values = list(values)
        for i in none_indices:
            values.insert(i, None)
        return unflatten_results(values)

    return Step([s for s in symbols if isinstance(s, Tensor)], outputs, recorder, unflatten_outputs)
