"""The NumPy engine: a step's primitive operations one after the other. It needs nothing but NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.errors import IndexProblem, MemoryProblem, ValueProblem
from ..core.messages import LazyMessage
from ..graph import Node
from ..transforms.flatten import FlatGraph
from ..transforms.trace import Step
from .protocol import Array, Batches, Engine, EpochBatches, KernelReport, Work


def run_error(node: Node, error: Exception) -> Exception:
    """Return one of NumPy's errors as one that names the operation and its layer and line."""
    passed = f"{node.operation.name} with {error}" + (f", in {node.scope!r}" if node.scope else "")
    if isinstance(error, MemoryProblem):
        return error.in_layer(node.scope).with_line(node.line)
    if isinstance(error, MemoryError):
        return MemoryProblem(passed, "a result that fits", "use a smaller batch or smaller sizes", node.line)
    if isinstance(error, IndexError):
        return IndexProblem(passed, "indices inside the table", "check the largest entry of the data", node.line)
    return ValueProblem(passed, "values it can be computed for", "check the data", node.line)


class NumpyProgram:
    """Runs a step's primitive operations one after the other, and frees values after their last reader."""

    seconds = 0.0
    kernel_report = KernelReport((), LazyMessage("NumPy runs one operation after the other"))

    def __init__(self, step: Step) -> None:
        self.step, self.flat = step, FlatGraph(step.graph)
        self.data = [node.spec for node in step.graph.inputs[: len(step.graph.inputs) - len(step.reads)]]
        self.rows = [(row, self.flat.frees.get(row.position, ())) for row in self.flat.rows]

    def __call__(self, batch: Sequence[Array]) -> list[Array]:
        """Take one step on a batch, and return its results."""
        step = self.step
        values = list(self.flat.constants)
        inputs = [*self._cast(batch), *[v.leaf.value for v in step.reads]]
        values[: len(inputs)] = inputs
        with np.errstate(all="ignore"):
            for row, free in self.rows:
                try:
                    values[row.position] = row.run(*[values[i] for i in row.inputs])
                except (IndexError, ValueError, ZeroDivisionError, MemoryError) as error:  # not of shapes but values
                    raise run_error(row.outer, error) from None
                for i in free:
                    values[i] = None
        outputs = [values[i] for i in self.flat.outputs]
        for variable, value in zip(step.writes, outputs[step.results :], strict=True):
            # a view may be of the caller's data, which the caller may write to
            variable.hold(value.copy() if value.base is not None or any(value is b for b in batch) else value)
        return outputs[: step.results]

    def _cast(self, batch: Sequence[Array]) -> list[Array]:
        if len(batch) != len(self.data):
            passed = f"{len(batch)} arrays for a step"
            raise ValueProblem(passed, f"{len(self.data)} arrays", "pass what the step was traced with")
        return [a if a.dtype == s.dtype else a.astype(s.dtype) for a, s in zip(batch, self.data, strict=True)]

    def run_batches(self, batches: Batches, first: int, last: int) -> list[Array]:
        """Take steps `first` up to, not including, `last`, and return the results of the last one."""
        results: list[Array] = []
        for k in range(first, last):
            results = self(batches.batch(k))
        return results

    def run_epochs(self, rest: NumpyProgram | None, data: EpochBatches, first: int, last: int) -> list[Array]:
        """Run epochs `first` up to, not including, `last`, and return each one's last results, stacked."""
        epochs = []
        full = len(data.arrays[0]) // data.size
        for e in range(first, last):
            for variable, value in data.resets:
                variable.hold(value)
            batches = data.epoch(e)
            results = self.run_batches(batches, 0, full)
            epochs.append(results if rest is None else rest(batches.batch(full)))
        return [np.stack(results) for results in zip(*epochs, strict=True)]


class NumpyEngine:
    """Runs steps with NumPy, node by node: what every other engine is compared with."""

    name = "numpy"

    def program(self, step: Step) -> NumpyProgram:
        """Return the step's program."""
        return NumpyProgram(step)

    def with_expected_runs(self, runs: int | None, work: Work) -> Engine:
        """Return this engine: the number of runs does not matter."""
        return self

    def resolved_for(self, step: Step) -> Engine:
        """Return this engine."""
        return self


__all__ = ["NumpyEngine", "NumpyProgram", "run_error"]
