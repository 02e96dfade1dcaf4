"""Callbacks that stop training: when results no longer improve, and when the loss is not finite."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core import arguments
from ..core.errors import ValueProblem
from ..core.terminal import echo
from .callback import Callback, Logs
from .monitor import MonitorCallback


class EarlyStopping(MonitorCallback):
    """Stop once a number has not improved for `patience` epochs (``keras.callbacks.EarlyStopping``).

    Args:
        monitor, min_delta, mode: the number, and what counts as better. patience: epochs without improvement before
            stopping. verbose: 1 prints why. baseline: epochs count as without improvement until this value is bettered.
        restore_best_weights: at the end restore the weights of the best epoch. start_from_epoch: epochs before
            this one are ignored. on_nan: what to do when the number is nan, which is an epoch without improvement:
            nothing but a warning, or ``"restore"``: go back to the weights of the last epoch without one, with a tenth
            of the learning rate.

    Raises:
        ValueProblem: for bad arguments; at the first epoch's end, if ``mode="auto"`` does not know which is better.

    >>> stopping = EarlyStopping("loss", patience=1)
    >>> stopping.set_model(type("Model", (), {"stop_training": False})())
    >>> stopping.on_train_begin()
    >>> for epoch, loss in enumerate([0.5, 0.4, 0.4]):
    ...     stopping.on_epoch_end(epoch, {"loss": loss})
    >>> stopping.model.stop_training, stopping.stopped_epoch
    (True, 2)
    """

    _state_names = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0, mode: str = "auto",
        baseline: float | None = None, restore_best_weights: bool = False, start_from_epoch: int = 0,
        on_nan: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode, min_delta, on_nan)
        self.patience = arguments.at_least(0, patience=patience)
        self.verbose = verbose
        self.baseline = None if baseline is None else arguments.finite(baseline=baseline)
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = arguments.at_least(0, start_from_epoch=start_from_epoch)
        self._reset()

    def _reset(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = None
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = self.current(logs, epoch)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.improves(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = [np.array(weight) for weight in self.model.get_weights()]
            if self.baseline is None or self.improves(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            echo(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                echo(f"Restoring the weights of the best epoch, {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class TerminateOnNaN(Callback):
    """Stop as soon as the loss is NaN or infinite (``keras.callbacks.TerminateOnNaN``).

    Args:
        raise_error: raise `ValueProblem`, so that no ``on_train_end`` follows, rather than end training normally.

    >>> TerminateOnNaN(raise_error=True).on_train_batch_end(7, {"loss": float("nan")})
    Traceback (most recent call last):
        ...
    chainrule.errors.ValueProblem: Got a loss of nan at batch 7; expected a finite loss. To mend it: ...
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            passed = f"a loss of {float(loss)} at batch {batch}"
            raise ValueProblem(passed, "a finite loss", "lower the learning rate, or check the data")
        echo(f"Batch {batch}: the loss is {float(loss)}, training ends")
        self.model.stop_training = True
