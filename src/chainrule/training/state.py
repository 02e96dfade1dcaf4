"""The state of a model's training: what changes from step to step without changing what a step computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..callbacks import CallbackList
from ..engines.protocol import Engine, Work
from ..graph import Graph, Spec
from .adapter_base import DataAdapter
from .steps import Steps
from .trace_cache import Fingerprint


class TracedForward(NamedTuple):
    """A model's call without training on inputs of these specs, as a graph, and what it was traced from."""

    specs: list[Spec]
    graph: Graph
    fingerprint: Fingerprint


@dataclass(eq=False)
class TrainingState:
    """A model's progress in training (`Model.training_state`), which checkpoints save in part.

    A traced step does not depend on it: changing it never causes another trace.

    Attributes:
        position: the epoch, and the step in it, that come next.
        first_epoch: the epoch that began at the start of the data.
        logs: the results of the step before, by name, if it was of the same epoch.
        sources: the data of the `fit` in progress, and the validation data if there is any.
        callbacks: those of the `fit` in progress.
        engine: that of the call in progress; validation inside a `fit` runs where training does.
        work: what the model has computed so far in this process, by which an engine is chosen.
        steps: the traced steps by kind: ``"train"``, ``"test"`` and ``"predict"``.
        traced_forward: the forward pass that `inspection.lint` looked at last.
        resume: the `saving.checkpoint.Checkpoint` that the next `fit` continues from.
        stop_training: whether training is to stop after the step or epoch in progress.
        history: the `callbacks.History` of the last `fit`.
    """

    position: Sequence[int] = (0, 0)
    first_epoch: int = 0
    logs: dict[str, Any] = field(default_factory=dict)
    sources: Sequence[DataAdapter] = ()
    callbacks: CallbackList | None = None
    engine: Engine | None = None
    work: Work = field(default_factory=Work)
    steps: dict[str, Steps] = field(default_factory=dict)
    traced_forward: TracedForward | None = None
    resume: Any = None
    stop_training: bool = False
    history: Any = None
