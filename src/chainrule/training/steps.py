"""A model's steps, traced once for each form of batch and run by an engine; or run eagerly on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.errors import GraphError
from ..engines.engine import Engine, Program, run_error
from ..graph import Spec
from ..layers.call_context import building
from ..tensors.tensor import Tensor, constant
from ..tensors.tree import flatten, leaves
from ..transforms.trace import Step, trace
from .data_adapter import specs_of
from .trace_cache import Fingerprint


class Ready:
    """A traced step and its programs."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self._programs: dict[str, Program] = {}

    def program(self, engine: Engine) -> Program:
        """The step's program on this engine, made once."""
        settled = engine.resolved_for(self.step)
        found = self._programs.get(settled.name)
        if found is None:
            found = self._programs[settled.name] = settled.program(self.step)
        return found

    @property
    def seconds(self) -> float:
        """Spent on making the programs."""
        return sum(p.seconds for p in self._programs.values())

    def step_again(self, arrays: Sequence[Any]) -> list[Any]:
        """The step on the engine it ran on last; its results."""
        return next(reversed(self._programs.values()))(arrays)

    def results(self, arrays: Sequence[Any]) -> Any:
        """An engine's answer in the form the step's function returned."""
        return self.step.unflatten(arrays)


class Steps:
    """The steps of one kind (train, test or predict) that a model has taken so far, by form of batch."""

    def __init__(self, function: Callable[..., Any], engine: Engine | None, after: Callable[[], None]) -> None:
        self.function, self.engine, self.after = function, engine, after
        self.mark: Fingerprint | None = None  # what they were traced from
        self.ready: dict[Any, Ready] = {}

    @property
    def seconds(self) -> float:
        """Spent on making programs."""
        return sum(ready.seconds for ready in self.ready.values())

    def for_batch(self, batch: Any) -> Ready:
        """The step for a batch of this form, traced if it is the first."""
        key = _form(batch)
        found = self.ready.get(key)
        if found is None:
            with building:
                found = self.ready.get(key) or self._traced(key, batch)
        return found

    def _traced(self, key: Any, batch: Any) -> Ready:
        try:
            step = trace(self.function, *specs_of(batch))
        finally:
            self.after()
        found = self.ready[key] = Ready(step)
        return found

    def run(self, batch: Any) -> Any:
        """One step on a batch."""
        if self.engine is None:
            flat, build = flatten(batch)
            result = self.function(*build([None if a is None else constant(np.asarray(a)) for a in flat]))
            self.after()
            return _plain(result)
        ready = self.for_batch(batch)
        return ready.results(self.program(ready)(leaves(batch)))

    def program(self, ready: Ready) -> Program:
        """A step's program on the engine of these steps."""
        assert self.engine is not None
        return ready.program(self.engine)


def _form(x: Any) -> Any:
    """Shapes and dtypes, and how they are nested: batches alike in these are taken by one step."""
    if isinstance(x, dict):
        return tuple((k, _form(v)) for k, v in x.items())
    if isinstance(x, list | tuple):
        return (type(x).__name__, *map(_form, x))
    return None if x is None else (x.shape, x.dtype)


def _plain(result: Any) -> Any:
    flat, build = flatten(result)
    return build([t.numpy() if isinstance(t, Tensor) or hasattr(t, "numpy") else t for t in flat])


def numbers(logs: Any) -> dict[str, Any]:
    """A step's answer as Python numbers by name."""
    if not isinstance(logs, dict):
        raise GraphError(
            f"{type(logs).__name__} returned by train_step or test_step",
            "a dictionary of numbers by name",
            "return {m.name: m.result() for m in self.metrics}",
        )
    found: dict[str, Any] = {}
    for name, value in logs.items():
        value = value.numpy() if isinstance(value, Tensor) else value
        single = isinstance(value, np.generic | float) or not np.ndim(value)
        found[name] = float(value) if single else np.array(value)  # nobody else's memory
    return found


def first_not_finite(step: Step, batch: Sequence[Any]) -> str:
    """Which operation of the step is the first to make a nan or infinity of finite numbers; empty if none does. Raises
    what the NumPy engine would, where an index lies outside a table."""
    graph = step.graph
    values = list(graph.constants)
    given = [*batch, *[v._leaf.value for v in step.reads]]
    values[: len(given)] = given
    with np.errstate(all="ignore"):
        for position, run, inputs in graph.steps:
            try:
                values[position] = run(*[values[i] for i in inputs])
            except (IndexError, ValueError, ZeroDivisionError) as error:
                raise run_error(graph.order[position], error) from None
            if not _finite(values[position]) and all(_finite(values[i]) for i in inputs):
                node = graph.order[position]
                return _named(node)
    return ""


def _finite(value: Any) -> bool:
    if isinstance(value, list):
        return all(_finite(v) for v in value if v is not None)
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def _named(node: Any) -> str:
    shown = ", ".join(repr(n.spec) for n in node.inputs if isinstance(n.spec, Spec))
    part = "the backward pass of " if node.source_info is not None and node.source_info.of is not None else ""
    where = f" in {part}{node.scope!r}" if node.scope else ""
    line = f" ({node.line})" if node.line else ""
    return f"{node.operation.name}({shown}){where}{line}"


__all__ = ["Ready", "Steps", "first_not_finite", "numbers"]
