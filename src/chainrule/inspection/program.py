"""Which engine runs a model's steps, and which kernels run where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.display import Displayable
from ..core.errors import GraphError
from ..core.messages import LazyMessage
from ..engines.protocol import KernelCall
from ..graph import Spec
from ..tensors import tree
from ..training.data_adapter import one_batch
from ..training.preparation import float_dtype_of, prepare, prepare_optimizer, require_compiled
from ..training.step_cache import steps_of
from ..training.steps import CompiledStep, Steps

ENGINE_NAMES = {"numpy": "NumPy", "xla": "XLA", "eager": "Python"}
KINDS = {
    "train": LazyMessage("a training step"),
    "test": LazyMessage("an evaluation step"),
    "predict": LazyMessage("a prediction"),
}


@dataclass
class StepProgram:
    """One kind of step, and how it runs.

    Attributes:
        kind: ``"train"``, ``"test"`` or ``"predict"``. batch: examples. engine: its name, ``"eager"`` without one.
        calls: what kernels compute, and what they might have, with the reason. absence: why there are no kernels.
    """

    kind: str
    batch: int
    engine: str
    calls: tuple[KernelCall, ...] = ()
    absence: str = ""


@dataclass(repr=False)
class ModelProgram(Displayable):
    """How a model's steps run: text when printed, a page, data."""

    name: str
    steps: list[StepProgram]

    _renderer_module = "program"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"name": self.name, "steps": [_as_dict(step) for step in self.steps]}


def _as_dict(step: StepProgram) -> dict[str, Any]:
    calls = [{**call._asdict(), "operations": list(call.operations), "reason": str(call.reason)} for call in step.calls]
    own = {"kind": step.kind, "batch": step.batch, "engine": step.engine}
    return {**own, "calls": calls, "absence": str(step.absence)}


def program_of(model: Any, x: Any = None, y: Any = None) -> ModelProgram:
    """Return how a model's steps run (see `Model.program`)."""
    if x is None:
        traced = model.training_state.steps
        taken = {kind: traced[kind] for kind in KINDS if kind in traced and traced[kind].compiled}
        if not taken:
            passed = f"the program of {model.name!r}, which has taken no step"
            expected = "a fit or a prediction to come first, or a batch"
            raise GraphError(passed, expected, "e.g. model.program(x[:32], y[:32])")
        largest = {kind: max(steps.compiled.values(), key=_batch_of) for kind, steps in taken.items()}
        return ModelProgram(model.name, [_program(kind, taken[kind], step) for kind, step in largest.items()])
    batch = one_batch(x, y, None, float_dtype_of(model))
    steps = []
    if y is not None:
        require_compiled(model, "the program of a training step")
        prepare(model, batch, training=True)
        prepare_optimizer(model)
        steps.append(_traced("train", steps_of(model, "train"), batch))
    steps.append(_traced("predict", steps_of(model, "predict"), (batch[0], None, None)))
    return ModelProgram(model.name, steps)


def _traced(kind: str, steps: Steps, batch: Any) -> StepProgram:
    """Return how a step on this batch runs, which is traced if it is the first of its form."""
    if steps.engine is None:
        return StepProgram(kind, len(tree.leaves(batch)[0]), "eager", (), LazyMessage("the step runs as plain Python"))
    return _program(kind, steps, steps.for_batch(batch))


def _program(kind: str, steps: Steps, step: CompiledStep) -> StepProgram:
    assert steps.engine is not None
    calls, absence = steps.program(step).kernel_report
    return StepProgram(kind, _batch_of(step), steps.engine.resolved_for(step.step).name, calls, absence)


def _batch_of(compiled: CompiledStep) -> int:
    """Return the number of examples that a step takes, 0 for a step without data."""
    step = compiled.step
    data: list[Spec] = [node.spec for node in step.graph.inputs[: len(step.graph.inputs) - len(step.reads)]]
    return int(data[0].shape[0] or 0) if data and data[0].shape else 0


__all__ = ["ModelProgram", "StepProgram", "program_of"]
