"""A model's steps, traced once for each structure of batch and run by an engine; or run eagerly on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.errors import GraphError
from ..engines.numpy import run_error
from ..engines.protocol import Engine, Program
from ..graph import Node, Spec, function_of, interpret
from ..layers.call_context import building
from ..metrics import Metric
from ..tensors import tree
from ..tensors.tensor import Tensor, constant
from ..transforms.trace import Step, trace
from .batch import specs_of
from .trace_cache import Fingerprint


class CompiledStep:
    """A traced step and its programs."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self._programs: dict[str, Program] = {}

    def program(self, engine: Engine) -> Program:
        """Return the step's program on this engine, made once."""
        resolved = engine.resolved_for(self.step)
        program = self._programs.get(resolved.name)
        if program is None:
            program = self._programs[resolved.name] = resolved.program(self.step)
        return program

    @property
    def seconds(self) -> float:
        """The time spent on compiling the programs."""
        return sum(p.seconds for p in self._programs.values())

    @property
    def last_engine(self) -> str | None:
        """The name of the engine whose program was made last; ``None`` if there is none yet."""
        return next(reversed(self._programs), None)

    def run_on_last_engine(self, arrays: Sequence[Any]) -> list[Any]:
        """Take the step on the engine whose program was made last, and return its results."""
        return next(reversed(self._programs.values()))(arrays)


class Steps:
    """The steps of one kind (train, test or predict) that a model has taken so far, by structure of batch.

    Args:
        function: of x, y and sample_weight. engine: ``None`` to run it eagerly.
        after_trace: called after each trace, and each eager step.

    Attributes:
        fingerprint: of what they were traced from. metrics: the model's at that time.
        check: called with each single batch before it is computed with, if there is anything to check.
        class_weights: those last given for single batches, and what was made of them, by structure of batch.
    """

    def __init__(self, function: Callable[..., Any], engine: Engine | None, after_trace: Callable[[], None]) -> None:
        self.function, self.engine, self.after_trace = function, engine, after_trace
        self.fingerprint: Fingerprint | None = None
        self.metrics: list[Metric] = []
        self.check: Callable[[Any], None] | None = None
        self.class_weights: dict[Any, tuple[Any, Any]] = {}
        self.compiled: dict[Any, CompiledStep] = {}

    @property
    def seconds(self) -> float:
        """The time spent on compiling programs."""
        return sum(step.seconds for step in self.compiled.values())

    def for_batch(self, batch: Any) -> CompiledStep:
        """Return the step for a batch of this structure, traced if it is the first."""
        key = structure(batch)
        compiled = self.compiled.get(key)
        if compiled is None:
            with building:
                compiled = self.compiled.get(key) or self._trace(key, batch)
        return compiled

    def _trace(self, key: Any, batch: Any) -> CompiledStep:
        try:
            step = trace(self.function, *specs_of(batch))
        finally:
            self.after_trace()
        compiled = self.compiled[key] = CompiledStep(step)
        return compiled

    def run(self, batch: Any) -> Any:
        """Take one step on a batch, and return its results as NumPy arrays."""
        if self.check is not None:
            self.check(batch)
        if self.engine is None:
            result = self.function(*tree.map(lambda a: None if a is None else constant(np.asarray(a)), batch))
            self.after_trace()
            return tree.map(lambda t: t.numpy() if hasattr(t, "numpy") else t, result)
        compiled = self.for_batch(batch)
        return compiled.step.unflatten(self.program(compiled)(tree.leaves(batch)))

    def program(self, compiled: CompiledStep) -> Program:
        """Return a step's program on the engine of these steps."""
        assert self.engine is not None
        return compiled.program(self.engine)


def structure(x: Any) -> Any:
    """Return shapes and dtypes, and how they are nested: batches in which these are equal share a traced step."""
    if isinstance(x, dict):
        return tuple((k, structure(v)) for k, v in x.items())
    if isinstance(x, list | tuple):
        return (type(x).__name__, *map(structure, x))
    return None if x is None else (x.shape, x.dtype)


def to_numbers(logs: Any) -> dict[str, Any]:
    """Return a step's results as Python numbers by name; arrays of several numbers are copied."""
    if not isinstance(logs, dict):
        passed = f"{type(logs).__name__} returned by train_step or test_step"
        raise GraphError(passed, "a dictionary of numbers by name", "return {m.name: m.result() for m in self.metrics}")
    numbers: dict[str, Any] = {}
    for name, value in logs.items():
        value = value.numpy() if isinstance(value, Tensor) else value
        single = isinstance(value, np.generic | float) or not np.ndim(value)
        numbers[name] = float(value) if single else np.array(value)
    return numbers


def first_not_finite(step: Step, batch: Sequence[Any]) -> str:
    """Describe the step's first operation that makes a nan or infinity from finite numbers; empty if none does.

    Raises:
        ChainruleError: as the NumPy engine would, for example for an index outside a table.
    """
    first: list[str] = []

    def visit(node: Node, inputs: list[Any]) -> Any:
        if first:
            return None
        try:
            value = function_of(node)(*inputs)
        except (IndexError, ValueError, ZeroDivisionError) as error:
            raise run_error(node, error) from None
        if not is_finite(value) and all(map(is_finite, inputs)):
            first.append(_describe(node))
        return value

    with np.errstate(all="ignore"):
        interpret(step.graph, [*batch, *[v.numpy() for v in step.reads]], visit, lambda node: node.value)
    return "".join(first)


def is_finite(value: Any) -> bool:
    """Whether all numbers in an array, or in a list of arrays, are finite."""
    if isinstance(value, list):
        return all(is_finite(v) for v in value if v is not None)
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def _describe(node: Node) -> str:
    """Return an operation with its inputs, its layer and the user's line."""
    inputs = ", ".join(repr(n.spec) for n in node.inputs if isinstance(n.spec, Spec))
    is_backward = node.source_info is not None and node.source_info.forward_serial is not None
    where = f" in {'the backward pass of ' if is_backward else ''}{node.scope!r}" if node.scope else ""
    line = f" ({node.line})" if node.line else ""
    return f"{node.operation.name}({inputs}){where}{line}"
