"""Callbacks that set the learning rate."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import arguments
from ..core.errors import ValueProblem
from ..core.terminal import echo
from .callback import Callback, Logs
from .monitor import MonitorCallback
from .rates import learning_rate_of, log_learning_rates, optimizers_of, set_learning_rate

if TYPE_CHECKING:
    from ..optimizers import Optimizer


class LearningRateScheduler(Callback):
    """Set the learning rate at each epoch's beginning (``keras.callbacks.LearningRateScheduler``).

    Args:
        schedule: a function of the epoch (from 0) and the present rate, or of the epoch alone, that returns the new
            rate. verbose: 1 prints it.

    Raises:
        ValueProblem: if `schedule` returns anything but a finite number.

    >>> from types import SimpleNamespace as Fake
    >>> halving = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    >>> halving.set_model(Fake(optimizer=Fake(learning_rate=0.1)))
    >>> for epoch in range(3):
    ...     halving.on_epoch_begin(epoch)
    >>> halving.model.optimizer.learning_rate
    0.025
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        if not callable(schedule):
            raise ValueProblem(f"schedule={schedule!r}", "a function of the epoch and the rate", "pass a function")
        self.schedule, self.verbose = schedule, verbose
        self._takes_rate = _takes_two_arguments(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for name, optimizer in optimizers_of(self.model).items():
            inputs = (epoch, learning_rate_of(optimizer)) if self._takes_rate else (epoch,)
            value = _check_rate(self.schedule(*inputs))
            set_learning_rate(optimizer, value)
            if self.verbose:
                echo(f"\nEpoch {epoch + 1}: LearningRateScheduler sets {name} to {value}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        log_learning_rates(self.model, logs)


def _takes_two_arguments(schedule: Callable[..., Any]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # some functions written in C have no signature
        return True
    return True


def _check_rate(value: Any) -> float:
    """Check what a schedule returned, which may also be an array or tensor of one number."""
    try:
        rate = float(np.asarray(value))
    except (TypeError, ValueError):
        rate = float("nan")
    if not np.isfinite(rate) or isinstance(value, bool):
        raise ValueProblem(f"a schedule that returned {value!r}", "a finite learning rate", "return a float")
    return rate


class ReduceLROnPlateau(MonitorCallback):
    """Multiply the learning rate by `factor` when a number stops improving (``keras.callbacks.ReduceLROnPlateau``).

    Args:
        monitor, mode, min_delta: the number, and what counts as better. factor: between 0 and 1. patience: epochs
            without improvement before the rate falls. verbose: 1 prints it. cooldown: epochs after a fall in which
            none are counted. min_lr: the least learning rate.
        on_nan: what to do when the number is nan: nothing but a warning, or ``"restore"``: go back to the weights of
            the last epoch without one, and multiply the rate by `factor`.

    Raises:
        ValueProblem: for bad arguments, a factor of 1 or more among them.

    >>> from types import SimpleNamespace as Fake
    >>> plateau = ReduceLROnPlateau("loss", factor=0.5, patience=2)
    >>> plateau.set_model(Fake(optimizer=Fake(learning_rate=0.1)))
    >>> plateau.on_train_begin()
    >>> for epoch, loss in enumerate([1.0, 1.0, 1.0]):
    ...     plateau.on_epoch_end(epoch, {"loss": loss})
    >>> plateau.model.optimizer.learning_rate
    0.05
    """

    _state_names = ("best", "wait", "cooldown_counter")

    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0, mode: str = "auto",
        min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0.0, on_nan: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode, min_delta, on_nan)
        if kwargs:
            passed = f"the argument {next(iter(kwargs))!r}"
            raise ValueProblem(passed, "Keras 3's arguments", "epsilon is now called min_delta")
        self.factor = arguments.finite(factor=factor)
        if not 0 < self.factor < 1:
            raise ValueProblem(f"factor={factor!r}", "a number between 0 and 1", "e.g. factor=0.5")
        self.patience = arguments.at_least(0, patience=patience)
        self.verbose = verbose
        self.cooldown = arguments.at_least(0, cooldown=cooldown)
        self.min_lr = arguments.finite(min_lr=min_lr)
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self._reset()

    def in_cooldown(self) -> bool:
        """Return whether epochs are not counted, since the rate was reduced a short time ago."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        log_learning_rates(self.model, logs)
        current = self.current(logs, epoch)
        if current is None:
            return
        if self.on_nan and np.isnan(current):  # the rate has been reduced
            self.cooldown_counter, self.wait = self.cooldown, 0
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
        if self.improves(current, self.best):
            self.best, self.wait = current, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                # a list, since each optimizer's rate is reduced, not only the first that can be
                reduced = [self._reduce(name, o, epoch) for name, o in optimizers_of(self.model).items()]
                if any(reduced):
                    self.cooldown_counter, self.wait = self.cooldown, 0

    def reduced(self, rate: float) -> float:
        return max(rate * self.factor, self.min_lr)

    def _reduce(self, name: str, optimizer: Optimizer, epoch: int) -> bool:
        """Reduce an optimizer's rate; return whether it was not at its least already."""
        before = learning_rate_of(optimizer)
        value = self.reduced(before)
        # compared in the rate's own dtype, since a float32 rate at min_lr may have been rounded to more than min_lr
        if float(np.asarray(value, np.asarray(optimizer.learning_rate).dtype)) >= before:
            return False
        set_learning_rate(optimizer, value)
        if self.verbose:
            echo(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reduces {name} to {value}.")
        return True
