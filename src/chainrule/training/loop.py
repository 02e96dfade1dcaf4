"""The epochs of one call of `fit`: chunks of steps, or several epochs at once, with the callbacks between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from ..callbacks import CallbackList
from ..core.errors import ShapeError
from ..distribution import max_over_processes, process_index
from .data_adapter import ArrayAdapter
from .epochs import LONGEST, Epochs, FusedEpochs
from .interrupt import Interrupts
from .nan_guard import NanGuard
from .steps import Steps, numbers


class Loop:
    """Takes a model through its epochs.

    Args:
        validate: gives an epoch's validation results by name; ``None`` without validation.
        resumed: a checkpoint that is gone on from.
    """

    def __init__(
        self,
        model: Any,
        epochs: Epochs,
        hooks: CallbackList,
        validate: Callable[[int], dict[str, Any]] | None,
        resumed: Any,
    ) -> None:
        self.model, self.epochs, self.hooks, self.validate, self.resumed = model, epochs, hooks, validate, resumed
        self.watch = NanGuard()
        self.between = hooks.needs_epochs() or hooks.needs_batches("train")  # the user's code runs between steps
        self._kept: Steps | None = None
        self._passes: FusedEpochs | None = None

    @property
    def steps(self) -> Steps:
        """The training steps; looked at anew where anybody could have changed the model since."""
        if self._kept is None or self.between:
            steps: Steps = self.model._of_kind("train")
            if steps is not self._kept:
                self._kept, self._passes = steps, None
        assert self._kept is not None
        return self._kept

    def run(self, initial: int, end: int) -> dict[str, Any]:
        """The epochs `initial` up to, not including, `end`; the last one's logs."""
        first = self.resumed.position if self.resumed is not None else (0, 0)
        epoch, logs = max(initial, first[0]), dict[str, Any]()
        compiled = self.steps.seconds
        pace = 1  # epochs at once
        with Interrupts() as interrupts:
            while epoch < end:
                start = first[1] if epoch == first[0] else 0
                if self.model.stop_training and not start:
                    break
                began, done = time.perf_counter(), min(pace, end - epoch)
                several = self._several() if done > 1 else None
                if several is not None:
                    logs = self._at_once(several, epoch, done)
                else:
                    done = 1
                    logs = self._one(epoch, start, interrupts)
                epoch += done
                compiled = self._say_compiled(compiled)
                pace = self._pace(done, time.perf_counter() - began, epoch - initial)
                interrupts.stop_here()
        return logs

    def _pace(self, done: int, taken: float, so_far: int) -> int:
        """How many epochs come next at once; the first time shows the tracing, not the pace."""
        if self.validate is not None or self.between or so_far < 2:
            return 1
        return max_over_processes(max(1, min(int(LONGEST * done / max(taken, 1e-9)), 8 * done, FusedEpochs.most)))

    def _say_compiled(self, before: float) -> float:
        """Say how long programs took to compile since, if that was long enough to be wondered at."""
        seconds = self.steps.seconds
        if seconds - before > 1 and (self.hooks.params or {}).get("verbose") and process_index() == 0:
            print(f"(compiling took {seconds - before:.1f} s)")
        return seconds

    def _several(self) -> FusedEpochs | None:
        """Several epochs at once, where the data lies in memory and nothing is between epochs but the engine."""
        if self._passes is not None:
            return self._passes
        model, source, steps = self.model, self.epochs.source, self.steps
        plain = model._resets_metrics_as_documented and steps.engine is not None
        if not plain or not isinstance(source, ArrayAdapter) or self.epochs.limit is not None or not source.fits:
            return None
        model.reset_metrics()
        resets = [(v, v._leaf.value) for metric in model.metrics for v in metric.variables]
        found = FusedEpochs(source, steps, resets)
        self._passes = found if found.possible else None
        return self._passes

    def _at_once(self, several: FusedEpochs, epoch: int, count: int) -> dict[str, Any]:
        self.watch.before(lambda: several.each(epoch, epoch + count), several.full.step, epoch)
        logs: dict[str, Any] = {}
        for e, answer in enumerate(several.run(epoch, epoch + count), epoch):
            logs = numbers(answer)
            self.hooks.on_epoch_begin(e)
            self.watch.after(e, logs)
            self._end(e, logs)
        return logs

    def _one(self, epoch: int, start: int, interrupts: Interrupts) -> dict[str, Any]:
        if not start:
            self.model.reset_metrics()
        self.hooks.on_epoch_begin(epoch)
        if start:  # what callbacks have done at this epoch's beginning is in the checkpoint: not twice
            self.model._take_up(self.resumed, self.hooks)
        logs = self._steps(epoch, start, interrupts)
        if self.validate is not None:
            logs.update(self.validate(epoch))
        self._end(epoch, logs)
        return logs

    def _end(self, epoch: int, logs: dict[str, Any]) -> None:
        self.watch.epoch(epoch, logs)
        self.epochs.source.end_epoch()
        self.model._position, self.model._logs = [epoch + 1, 0], {}
        self.hooks.on_epoch_end(epoch, logs)

    def _steps(self, epoch: int, start: int, interrupts: Interrupts) -> dict[str, Any]:
        """The steps of one epoch; the last one's logs."""
        model, hooks = self.model, self.hooks
        steps = self.steps
        one_by_one = hooks.needs_batches("train") or steps.engine is None
        logs: dict[str, Any] = dict(model._logs or {})  # empty, unless this epoch is resumed
        over = start > 0 and model.stop_training
        with closing(self.epochs.chunks(epoch, start, steps, one_by_one)) as chunks:
            for chunk in () if over else chunks:
                hooks.on_train_batch_begin(chunk.first)
                if steps.engine is not None:
                    self.watch.before(chunk.each, steps.for_batch(chunk.batch).step, epoch, chunk.size)
                logs = numbers(chunk.run())
                self.watch.after(epoch, logs)
                model._position, model._logs = [epoch, chunk.last], logs
                hooks.on_train_batch_end(chunk.last - 1, logs)
                interrupts.stop_here()
                if model.stop_training:
                    break
        if not logs:
            raise ShapeError(
                f"no batch in epoch {epoch + 1}",
                "data for every epoch",
                "a generator must not end: let it run for ever and pass steps_per_epoch, or use arrays",
            )
        return logs
