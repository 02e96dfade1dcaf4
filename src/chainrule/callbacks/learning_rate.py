"""Callbacks that set the learning rate."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import ValueProblem
from . import arguments
from .callback import Callback, Logs
from .monitor import MonitorCallback


def optimizers(model: Any) -> dict[str, Any]:
    """The model's optimizer under the name of its rate in `logs`; of a composite one, all of them."""
    optimizer = getattr(model, "optimizer", None)
    inner = getattr(optimizer, "optimizers", None)
    found = {"learning_rate": optimizer} if inner is None else {f"learning_rate_{o.name}": o for o in inner}
    for one in found.values():
        if not hasattr(one, "learning_rate"):
            raise ValueProblem("a model whose optimizer has no learning rate", "a compiled model", "call compile first")
    return found


def rate(optimizer: Any) -> float:
    """The learning rate as it is now."""
    return float(np.asarray(optimizer.learning_rate))


def set_rate(optimizer: Any, value: float) -> None:
    """Train with this learning rate from now on."""
    if hasattr(optimizer.learning_rate, "assign"):
        optimizer.learning_rate.assign(value)
    else:
        optimizer.learning_rate = value


def report(model: Any, logs: Logs | None) -> None:
    """Put the learning rate into `logs`, for the callbacks that follow."""
    if logs is not None:
        logs.update({name: rate(optimizer) for name, optimizer in optimizers(model).items()})


class LearningRateScheduler(Callback):
    """Set the learning rate at each epoch's beginning (``keras.callbacks.LearningRateScheduler``).

    Args:
        schedule: a function of the epoch (from 0) and the present rate, or of the epoch alone, that gives the new
            rate. verbose: 1 prints it.

    Raises:
        ValueProblem: if `schedule` gives no finite number.

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
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for name, optimizer in optimizers(self.model).items():
            found = self.schedule(epoch, rate(optimizer)) if self._takes_rate else self.schedule(epoch)
            value = _as_rate(found)
            set_rate(optimizer, value)
            if self.verbose:
                print(f"\nEpoch {epoch + 1}: LearningRateScheduler sets {name} to {value}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        report(self.model, logs)


def _takes_two(schedule: Callable[..., Any]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # some functions written in C do not say what they take
        return True
    return True


def _as_rate(value: Any) -> float:
    try:
        found = float(np.asarray(value))
    except (TypeError, ValueError):
        found = float("nan")
    if not np.isfinite(found) or isinstance(value, bool):
        raise ValueProblem(f"a schedule that gave {value!r}", "a finite number, the learning rate", "return a float")
    return found


class ReduceLROnPlateau(MonitorCallback):
    """Multiply the learning rate by `factor` when a number stops improving (``keras.callbacks.ReduceLROnPlateau``).

    Args:
        monitor, mode, min_delta: the number, and what counts as better. factor: between 0 and 1. patience: epochs
            without improvement before the rate falls. verbose: 1 prints it. cooldown: epochs after a fall in which
            none are counted. min_lr: the rate does not fall below this.

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

    _kept = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if kwargs:
            raise ValueProblem(
                f"the argument {next(iter(kwargs))!r}", "Keras 3's arguments", "min_delta was epsilon once"
            )
        self.factor = arguments.number("factor", factor)
        if not 0 < self.factor < 1:
            raise ValueProblem(f"factor={factor!r}", "a number between 0 and 1", "e.g. factor=0.5")
        self.patience = arguments.count("patience", patience)
        self.verbose = verbose
        self.cooldown = arguments.count("cooldown", cooldown)
        self.min_lr = arguments.number("min_lr", min_lr)
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def in_cooldown(self) -> bool:
        """Whether epochs are not being counted yet."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        report(self.model, logs)
        current = self.current(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
        if self.improves(current, self.best):
            self.best, self.wait = current, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                # each optimizer's rate is to fall, not only the first that can
                fell = [self._reduce(name, optimizer, epoch) for name, optimizer in optimizers(self.model).items()]
                if any(fell):
                    self.cooldown_counter, self.wait = self.cooldown, 0

    def _reduce(self, name: str, optimizer: Any, epoch: int) -> bool:
        before = rate(optimizer)
        value = max(before * self.factor, self.min_lr)
        # compared in the rate's own dtype: a float32 rate at min_lr is not above it for having been rounded up
        if float(np.asarray(value, np.asarray(optimizer.learning_rate).dtype)) >= before:
            return False
        set_rate(optimizer, value)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reduces {name} to {value}.")
        return True
