"""The epochs of one call of `fit`: chunks of steps, or several epochs at once, and callbacks between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from ..callbacks import CallbackList
from ..core.errors import ShapeError
from ..core.terminal import echo
from ..distribution import max_over_processes, process_index
from .array_adapter import ArrayAdapter
from .compilable import CompilableLayer
from .epochs import MAX_SECONDS, Epochs, FusedEpochs
from .interrupt import Interrupts
from .nan_guard import NanGuard
from .step_cache import steps_of
from .steps import Steps, to_numbers


class Loop:
    """Trains a model for its epochs.

    Args:
        validate: returns an epoch's validation results by name; ``None`` without validation.
        resumed: the checkpoint that training continues from, or ``None``.
    """

    def __init__(
        self, model: Any, epochs: Epochs, hooks: CallbackList, validate: Callable[[int], dict[str, Any]] | None,
        resumed: Any,
    ) -> None:  # fmt: skip
        self.model, self.epochs, self.hooks, self.validate, self.resumed = model, epochs, hooks, validate, resumed
        self.guard = NanGuard()
        if model.compiled_metrics is not None:
            self.guard.ignored = set(model.compiled_metrics.names.values())
        self.has_callbacks = hooks.needs_epochs() or hooks.needs_batches("train")  # the user's, between steps
        self._train_steps: Steps | None = None
        self._fused: FusedEpochs | None = None

    @property
    def steps(self) -> Steps:
        """The training steps; checked again where callbacks may have changed the model."""
        if self._train_steps is None or self.has_callbacks:
            steps = steps_of(self.model, "train")
            if steps is not self._train_steps:
                self._train_steps, self._fused = steps, None
        assert self._train_steps is not None
        return self._train_steps

    def run(self, initial: int, end: int) -> dict[str, Any]:
        """Run the epochs `initial` up to, not including, `end`, and return the last one's logs."""
        first = self.resumed.position if self.resumed is not None else (0, 0)
        epoch, logs = max(initial, first[0]), dict[str, Any]()
        compiled = self.steps.seconds
        pace = 1  # epochs at once
        with Interrupts() as interrupts:
            while epoch < end:
                start = first[1] if epoch == first[0] else 0
                if self.model.stop_training and not start:
                    break
                began, count = time.perf_counter(), min(pace, end - epoch)
                fused = self._fused_epochs() if count > 1 else None
                if fused is not None:
                    logs = self._run_fused(fused, epoch, count)
                else:
                    count = 1
                    logs = self._run_epoch(epoch, start, interrupts)
                epoch += count
                compiled = self._report_compilation(compiled)
                pace = self._next_pace(count, time.perf_counter() - began, epoch - initial)
                interrupts.raise_if_requested()
        return logs

    def _next_pace(self, count: int, seconds: float, epochs_so_far: int) -> int:
        """Return how many epochs to fuse next; the first epoch's time includes the tracing."""
        if self.validate is not None or self.has_callbacks or epochs_so_far < 2:
            return 1
        pace = min(int(MAX_SECONDS * count / max(seconds, 1e-9)), 8 * count, FusedEpochs.max_epochs)
        return max_over_processes(max(1, pace))

    def _report_compilation(self, before: float) -> float:
        """Print how long programs took to compile since, if more than a second; return the time so far."""
        seconds = self.steps.seconds
        if seconds - before > 1 and (self.hooks.params or {}).get("verbose") and process_index() == 0:
            echo(f"(compiling took {seconds - before:.1f} s)")
        return seconds

    def _fused_epochs(self) -> FusedEpochs | None:
        """Return several epochs as one call, where the data is in memory and only the engine runs between epochs."""
        if self._fused is not None:
            return self._fused
        model, source, steps = self.model, self.epochs.source, self.steps
        only_engine = type(model).reset_metrics is CompilableLayer.reset_metrics and steps.engine is not None
        if not only_engine or self.epochs.limit is not None:
            return None
        if not isinstance(source, ArrayAdapter) or not source.in_memory:
            return None
        model.reset_metrics()
        resets = [(v, v.numpy()) for metric in model.metrics for v in metric.variables]
        fused = FusedEpochs(source, steps, resets)
        self._fused = fused if fused.possible else None
        return self._fused

    def _run_fused(self, fused: FusedEpochs, epoch: int, count: int) -> dict[str, Any]:
        self.guard.before(lambda: fused.replay(epoch, epoch + count), fused.full.step, epoch)
        logs: dict[str, Any] = {}
        for e, results in enumerate(fused.run(epoch, epoch + count), epoch):
            logs = to_numbers(results)
            self.hooks.on_epoch_begin(e)
            self.guard.after(e, logs)
            self._end_epoch(e, logs)
        return logs

    def _run_epoch(self, epoch: int, start: int, interrupts: Interrupts) -> dict[str, Any]:
        if not start:
            self.model.reset_metrics()
        self.hooks.on_epoch_begin(epoch)
        if start:  # what callbacks have just done is in the checkpoint already
            _restore(self.model, self.resumed, self.hooks)
        logs = self._run_steps(epoch, start, interrupts)
        if self.validate is not None:
            logs.update(self.validate(epoch))
        self._end_epoch(epoch, logs)
        return logs

    def _end_epoch(self, epoch: int, logs: dict[str, Any]) -> None:
        self.guard.epoch(epoch, logs)
        self.epochs.source.end_epoch()
        state = self.model.training_state
        state.position, state.logs = [epoch + 1, 0], {}
        self.hooks.on_epoch_end(epoch, logs)

    def _run_steps(self, epoch: int, start: int, interrupts: Interrupts) -> dict[str, Any]:
        """Take the steps of one epoch from `start` on, and return the last one's logs."""
        model, hooks, state, steps = self.model, self.hooks, self.model.training_state, self.steps
        one_by_one = hooks.needs_batches("train") or steps.engine is None
        logs: dict[str, Any] = dict(state.logs)  # empty, unless this epoch is resumed
        stopped = start > 0 and model.stop_training
        with closing(self.epochs.chunks(epoch, start, steps, one_by_one)) as chunks:
            for chunk in () if stopped else chunks:
                hooks.on_train_batch_begin(chunk.first)
                if steps.engine is not None:
                    self.guard.before(chunk.replay, steps.for_batch(chunk.batch).step, epoch, chunk.size)
                logs = to_numbers(chunk.run())
                self.guard.after(epoch, logs)
                state.position, state.logs = [epoch, chunk.last], logs
                hooks.on_train_batch_end(chunk.last - 1, logs)
                interrupts.raise_if_requested()
                if model.stop_training:
                    break
        if not logs:
            mend = "let the generator never end and pass steps_per_epoch, or use arrays"
            raise ShapeError(f"no batch in epoch {epoch + 1}", "data for every epoch", mend)
        return logs


def resume(model: Any, hooks: CallbackList, epochs: Epochs) -> Any:
    """Restore the checkpoint that a callback, or the user, has loaded, and return it; ``None`` without one."""
    state = model.training_state
    checkpoint, state.resume = state.resume, None
    if checkpoint is None:
        return None
    epochs.forget()
    epochs.first_epoch = state.first_epoch = checkpoint.first_epoch
    for source, position in zip(state.sources, checkpoint.sources, strict=False):
        if source.stream is not None and checkpoint.stream is not None:
            source.stream.state.hold(checkpoint.stream)
        if position is not None or not source.resumable:
            source.set_state(position)
    _restore(model, checkpoint, hooks)
    return checkpoint


def _restore(model: Any, checkpoint: Any, hooks: CallbackList) -> None:
    """Restore a checkpoint's variables, random streams, callbacks and position."""
    checkpoint.restore(model)
    hooks.set_state(checkpoint.callbacks)
    state = model.training_state
    state.stop_training = checkpoint.stop_training
    state.work.saved_by_xla = checkpoint.work  # so that the same engine is chosen
    state.position, state.logs = list(checkpoint.position), dict(checkpoint.logs)
