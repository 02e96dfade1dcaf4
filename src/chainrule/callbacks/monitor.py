"""The base of callbacks that monitor one number for improvement."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..core import arguments
from ..core.errors import ValueProblem
from ..core.terminal import visible
from .callback import Callback, Logs
from .checks import check_string
from .rates import is_settable, learning_rate_of, optimizers_of, set_learning_rate

# words between the underscores of a metric's name; of the first more is better, of the second less
MAXIMIZED = set("acc accuracy auc correlation f1 fbeta iou precision r2 recall sensitivity specificity".split())
MINIMIZED = set("crossentropy divergence error hinge logcosh loss mae mape mse msle poisson rmse".split())


class MonitorCallback(Callback):
    """Monitors ``logs[monitor]``; inherit it for callbacks that act on improvement.

    Args:
        monitor: the name in `logs`. min_delta: by how much a value must be better to count (its sign is ignored).
        mode: ``"min"`` if less is better, ``"max"`` if more is; ``"auto"`` uses the direction of the model's metric
            of that name, as Keras does, and knows the usual names (losses and errors fall, accuracies rise).
        on_nan: ``"restore"``: after an epoch in which the number is nan, the weights and the optimizer's state are
            those of the last epoch without one, and the learning rate a tenth of what it was.

    There is one warning if the name is not in `logs`, and one, in each training, for a nan. A nan is never better than
    another number, and every other number is better than none.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0, on_nan: str | None = None
    ) -> None:
        self.monitor = check_string(monitor=monitor)
        self.mode = arguments.one_of(("auto", "min", "max"), mode=mode)
        self.min_delta = abs(arguments.finite(min_delta=min_delta))
        self.on_nan = arguments.one_of((None, "restore"), on_nan=on_nan)
        if on_nan:
            self._state_names = (*self._state_names, "last_good")
        self.best: float | None = None
        self.last_good: dict[str, list[Any]] | None = None  # the model's weights, and the optimizer's state
        self._more_is_better: bool | None = None if mode == "auto" else mode == "max"
        self._warned = self._warned_of_nan = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._warned_of_nan = False
        self.last_good = self._snapshot() if self.on_nan else None

    def current(self, logs: Mapping[str, Any] | None, epoch: int = 0) -> float | None:
        """Return the monitored number after an epoch, or ``None`` (and, the first time, a warning) if `logs` has none.

        If it is nan there is a warning, and what `on_nan` says is done.
        """
        value = (logs or {}).get(self.monitor)
        if value is not None and not isinstance(value, str) and np.ndim(value) == 0:
            if np.isnan(float(value)):
                self._handle_nan(epoch)
            elif self.on_nan:
                self.last_good = self._snapshot()
            return float(value)
        if not self._warned:
            self._warned = True
            reason = "is not among the results" if value is None else "is not one number"
            problem = f"{type(self).__name__} monitors {self.monitor!r}, which {reason}"
            warnings.warn(visible(f"{problem}; there are: {', '.join(logs or {})}."), stacklevel=3)
        return None

    def improves(self, value: float, reference: float | None) -> bool:
        """Return whether `value` is better than `reference` by more than ``min_delta``.

        Any number is better than ``None``; nan is not better than anything.
        """
        if self._more_is_better is None:
            self._more_is_better = self._is_maximized()
        if np.isnan(value):
            return False
        if reference is None:
            return True
        return value - self.min_delta > reference if self._more_is_better else value + self.min_delta < reference

    def reduced(self, rate: float) -> float:
        """Return the learning rate after a nan that was `rate` before."""
        return rate / 10

    def _handle_nan(self, epoch: int) -> None:
        """Warn of a nan, the first time in a training, and do what `on_nan` says."""
        done = "it does not count as better"
        if self.on_nan and self.last_good is not None:
            done = self._restore(self.last_good)
        if not self._warned_of_nan:
            self._warned_of_nan = True
            problem = f"{type(self).__name__} monitors {self.monitor!r}, which is nan in epoch {epoch + 1}"
            warnings.warn(f"{problem}: {done}.", stacklevel=4)

    def _snapshot(self) -> dict[str, list[Any]]:
        """Return copies of the model's weights and of the optimizer's state."""
        weights = [np.array(weight) for weight in self.model.get_weights()]
        return {"weights": weights, "optimizer": [np.array(v) for v in _state_of_optimizer(self.model)]}

    def _restore(self, good: dict[str, list[Any]]) -> str:
        """Go back to a snapshot, with lower learning rates; return what was done, in words."""
        self.model.set_weights(good["weights"])
        for variable, value in zip(_state_of_optimizer(self.model), good["optimizer"], strict=True):
            variable.assign(value)
        done = "the weights are again those of the last epoch without one"
        for name, optimizer in optimizers_of(self.model).items():
            if is_settable(optimizer):
                rate = self.reduced(learning_rate_of(optimizer))
                set_learning_rate(optimizer, rate)
                done += f", {name} is now {rate:.3g}"
        return done

    def _is_maximized(self) -> bool:
        """Return whether more is better, by the metric's direction or the words of its name."""
        name = self.monitor.removeprefix("val_")
        directions = {m.name: m._direction for m in _metrics(self.model) if hasattr(m, "_direction")}
        if directions.get(name) in ("up", "down"):
            return directions[name] == "up"
        words = set(name.lower().split("_"))
        if words.isdisjoint(MAXIMIZED) == words.isdisjoint(MINIMIZED):
            passed = f"{type(self).__name__} with monitor={self.monitor!r} and mode='auto'"
            expected = "a name of which it is known whether less or more is better"
            raise ValueProblem(passed, expected, "pass mode='min' if less is better, mode='max' if more is")
        return not words.isdisjoint(MAXIMIZED)


def _state_of_optimizer(model: Any) -> list[Any]:
    """Return the variables of the model's optimizer, but for its learning rates."""
    optimizer = getattr(model, "optimizer", None)
    rates = [o.learning_rate for o in optimizers_of(model).values()] if optimizer is not None else []
    return [v for v in getattr(optimizer, "variables", ()) if all(v is not rate for rate in rates)]


def _metrics(model: Any) -> Iterator[Any]:
    """Yield the metrics of a model, and those inside them."""
    for metric in getattr(model, "metrics", None) or ():
        yield metric
        yield from _metrics(metric)
