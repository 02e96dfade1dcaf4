"""A model's traced steps, kept until something that they were traced from has changed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..core.errors import FrameworkError
from ..layers import Layer
from ..layers.layer import find_instances, flatten_layers, forget_losses
from ..losses import Loss
from .batch import pack
from .compilable import CompilableLayer
from .preparation import optimizers_of
from .steps import Steps, structure
from .trace_cache import Fingerprint

# properties that list a model's parts: if overridden, they may list what the quick check of a fingerprint does not see
_LISTS_OF_PARTS = {"metrics": CompilableLayer.metrics, "trainable_weights": Layer.trainable_weights}


def steps_of(model: CompilableLayer, kind: str) -> Steps:
    """Return a model's steps of a kind, on the engine of the call in progress; new ones if what they were traced from
    has changed.

    Args:
        kind: ``"train"``, ``"test"`` or ``"predict"``.
    """
    state = model.training_state
    cached = state.steps.get(kind)
    engine = None
    if not model.run_eagerly:
        last = cached.engine if cached is not None else model._engine.with_expected_runs(None, state.work)
        engine = state.engine or last
    if cached is not None and _is_fresh(model, cached, kind):
        cached.engine = engine
        return cached
    function = {"train": model.train_step, "test": model.test_step, "predict": model.predict_step}[kind]
    _refuse_state(function, kind)

    def after_trace() -> None:  # what `call` itself changes while it is traced is no change by the user
        forget_losses(model)
        steps.fingerprint, steps.metrics = _fingerprint(model, kind), model.metrics

    steps = state.steps[kind] = Steps(lambda x, y, w: function(pack(x, y, w)), engine, after_trace)
    steps.fingerprint, steps.metrics = _fingerprint(model, kind), model.metrics
    loss = model.compiled_loss
    if kind != "predict" and loss is not None and loss.checks_targets:
        steps.check = lambda batch: loss.check_targets(batch[1])
    return steps


def _refuse_state(step: Callable[..., Any], kind: str) -> None:
    """Refuse a step that takes the weights as an argument, as Keras's do on JAX."""
    parameters = inspect.signature(step).parameters.values()
    required = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(required) > 1:
        passed = f"{kind}_step(self, {', '.join(required)}), as written for Keras on JAX"
        mend = "use chainrule.gradients(loss, weights) and optimizer.apply: weights are variables that change in place"
        raise FrameworkError(passed, f"{kind}_step(self, data)", mend)


def is_traced(model: CompilableLayer, kind: str, batch: Any) -> bool:
    """Return whether a model's step on a batch of this structure is traced, and nothing has changed since."""
    steps = model.training_state.steps.get(kind)
    if steps is None or steps.fingerprint is None or structure(batch) not in steps.compiled:
        return False
    return not _has_own_lists(model) and steps.fingerprint.is_unchanged()


def _has_own_lists(model: CompilableLayer) -> bool:
    """Return whether the model's class overrides a list of its parts."""
    return any(getattr(type(model), name) is not own for name, own in _LISTS_OF_PARTS.items())


def _is_fresh(model: CompilableLayer, steps: Steps, kind: str) -> bool:
    """Whether nothing has changed that these steps were traced from; by the quick check where it is enough."""
    if steps.fingerprint is None:
        return False
    if not _has_own_lists(model) and steps.fingerprint.is_unchanged():
        return True
    fingerprint = _fingerprint(model, kind)
    fresh = steps.fingerprint.matches(fingerprint)
    if fresh:
        steps.fingerprint = fingerprint
    return fresh


def _fingerprint(model: CompilableLayer, kind: str) -> Fingerprint:
    parts = [*flatten_layers(model), *(optimizers_of(model) if kind == "train" else []), *model.metrics]
    if model.compiled_loss is not None:
        parts += find_instances(model.compiled_loss.user_losses, (Loss,))
    containers = [part for part in (model.compiled_loss, model.compiled_metrics) if part is not None]
    return Fingerprint(parts, model.trainable_weights, model.weights, containers)
