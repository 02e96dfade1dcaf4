"""The base of callbacks that monitor one number for improvement."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..core import arguments
from ..core.errors import ValueProblem
from ..core.terminal import visible
from .callback import Callback
from .checks import check_string

# words between the underscores of a metric's name; of the first more is better, of the second less
MAXIMIZED = set("acc accuracy auc correlation f1 fbeta iou precision r2 recall sensitivity specificity".split())
MINIMIZED = set("crossentropy divergence error hinge logcosh loss mae mape mse msle poisson rmse".split())


class MonitorCallback(Callback):
    """Monitors ``logs[monitor]``; inherit it for callbacks that act on improvement.

    Args:
        monitor: the name in `logs`. min_delta: by how much a value must be better to count (its sign is ignored).
        mode: ``"min"`` if less is better, ``"max"`` if more is; ``"auto"`` uses the direction of the model's metric
            of that name, as Keras does, and knows the usual names (losses and errors fall, accuracies rise).

    There is one warning if the name is not in `logs`. NaN is never better; nothing is better than a first NaN.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0) -> None:
        self.monitor = check_string(monitor=monitor)
        self.mode = arguments.one_of(("auto", "min", "max"), mode=mode)
        self.min_delta = abs(arguments.finite(min_delta=min_delta))
        self.best: float | None = None
        self._more_is_better: bool | None = None if mode == "auto" else mode == "max"
        self._warned = False

    def current(self, logs: Mapping[str, Any] | None) -> float | None:
        """Return the monitored number, or ``None`` (and, the first time, a warning) if `logs` has no such number."""
        value = (logs or {}).get(self.monitor)
        if value is not None and not isinstance(value, str) and np.ndim(value) == 0:
            return float(value)
        if not self._warned:
            self._warned = True
            reason = "is not among the results" if value is None else "is not one number"
            problem = f"{type(self).__name__} monitors {self.monitor!r}, which {reason}"
            warnings.warn(visible(f"{problem}; there are: {', '.join(logs or {})}."), stacklevel=3)
        return None

    def improves(self, value: float, reference: float | None) -> bool:
        """Return whether `value` is better than `reference` by more than ``min_delta``; any is better than ``None``."""
        if self._more_is_better is None:
            self._more_is_better = self._is_maximized()
        if reference is None:
            return True
        return value - self.min_delta > reference if self._more_is_better else value + self.min_delta < reference

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


def _metrics(model: Any) -> Iterator[Any]:
    """Yield the metrics of a model, and those inside them."""
    for metric in getattr(model, "metrics", None) or ():
        yield metric
        yield from _metrics(metric)
