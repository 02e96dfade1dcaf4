"""What the callbacks share that watch one number and tell better from worse."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..core.errors import ValueProblem
from . import arguments
from .callback import Callback

# words between the underscores of a metric's name
UP = set("acc accuracy auc correlation f1 fbeta iou precision r2 recall sensitivity specificity".split())
DOWN = set("crossentropy divergence error hinge logcosh loss mae mape mse msle poisson rmse".split())


class MonitorCallback(Callback):
    """Watches ``logs[monitor]``; inherit it for callbacks that act on improvement.

    Args:
        monitor: the name in `logs`. min_delta: by how much a value must be better to count (its sign is ignored).
        mode: ``"min"`` if less is better, ``"max"`` if more is; ``"auto"`` asks the model's metric of that name
            for its direction, as Keras does, and knows the usual names (losses and errors fall, accuracies rise).

    A name that is not in `logs` is warned of once. NaN is never better; nothing is better than a first NaN.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0) -> None:
        self.monitor = arguments.word("monitor", monitor)
        self.mode = arguments.word("mode", mode, "auto", "min", "max")
        self.min_delta = abs(arguments.number("min_delta", min_delta))
        self.best: float | None = None
        self._rises: bool | None = None if mode == "auto" else mode == "max"
        self._warned = False

    def current(self, logs: Mapping[str, Any] | None) -> float | None:
        """The watched number, or ``None`` (and, the first time, a warning) if `logs` has no such number."""
        value = (logs or {}).get(self.monitor)
        if value is not None and not isinstance(value, str) and np.ndim(value) == 0:
            return float(value)
        if not self._warned:
            self._warned = True
            what = "is not among the results" if value is None else "is not one number"
            warnings.warn(
                f"{type(self).__name__} watches {self.monitor!r}, which {what}; there are: {', '.join(logs or {})}.",
                stacklevel=3,
            )
        return None

    def improves(self, value: float, reference: float | None) -> bool:
        """Whether `value` is better than `reference` by more than ``min_delta``; better than ``None`` is anything."""
        if self._rises is None:
            self._rises = self._direction()
        if reference is None:
            return True
        return value - self.min_delta > reference if self._rises else value + self.min_delta < reference

    def _direction(self) -> bool:
        name = self.monitor.removeprefix("val_")
        told = {metric.name: metric._direction for metric in _metrics(self.model) if hasattr(metric, "_direction")}
        if told.get(name) in ("up", "down"):
            return bool(told[name] == "up")
        words = set(name.lower().split("_"))
        rises, falls = words & UP, words & DOWN
        if bool(rises) == bool(falls):
            raise ValueProblem(
                f"{type(self).__name__} with monitor={self.monitor!r} and mode='auto'",
                "a name whose better side is known",
                "say mode='min' if less is better, mode='max' if more is",
            )
        return bool(rises)


def _metrics(thing: Any) -> Iterator[Any]:
    """The metrics of a model, and those inside them."""
    for metric in getattr(thing, "metrics", None) or ():
        yield metric
        yield from _metrics(metric)
