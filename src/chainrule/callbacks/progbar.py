"""A line with a loop's progress: redrawn on a terminal, elsewhere printed once in a while."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..core import arguments
from ..core.errors import ValueProblem
from ..core.terminal import echo, redraw
from .callback import Callback, Logs, deferrable
from .checks import check_string

MIN_INTERVAL = 60.0  # seconds between the lines of a long epoch where lines cannot be redrawn


class Progbar:
    """A progress line on standard output (``keras.utils.Progbar``).

    Args:
        target: the number of steps; ``None`` if unknown. width: the bar's characters; fewer if the terminal is narrow.
        verbose: 1 draws the bar, 2 prints one line at the end, 0 nothing. interval: least seconds between two
            drawings. stateful_metrics: names whose values are shown as they are; others are averaged over steps.
        stateless_metrics: instead, names that are averaged; others are shown as they are. unit_name: the name of a
            step.

    If standard output is not a terminal (but a file or a pipe), a plain line is printed each minute and at the end.

    Raises:
        ValueProblem: for bad arguments.

    >>> bar = Progbar(3, verbose=2)
    >>> for step in range(3):
    ...     bar.add(1, [("loss", 0.5)])
    3/3 - ...s - .../step - loss: 0.5000
    """

    def __init__(
        self, target: int | None, width: int = 20, verbose: int = 1, interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None, stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:  # fmt: skip
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueProblem("stateful_metrics and stateless_metrics", "one of the two", "leave one out")
        self.target = None if target is None else arguments.at_least(0, target=target)
        self.width = arguments.at_least(1, width=width)
        self.verbose = _check_verbose(verbose)
        self.interval = arguments.finite(interval=interval)
        self.unit_name = check_string(unit_name=unit_name)
        self._stateless = None if stateless_metrics is None else set(stateless_metrics)
        self._stateful = set(stateful_metrics or ())
        self._redraws = can_redraw()
        self._steps = 0  # done so far
        self._values: dict[str, tuple[Any, float]] = {}  # name -> sum, count
        self._start = self._last_drawn = time.perf_counter()
        self._first_step_end: float | None = None  # the first step is left out of times per step: it is slower
        self._length = 0  # characters of the line on the terminal
        if self._redraws:
            self._last_drawn = -math.inf

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Show that `n` more steps are done."""
        self.update(self._steps + n, values)

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Show that `current` steps are done.

        Args:
            current: the number of steps done so far. values: (name, value at the last step) pairs.
            finalize: whether this is the end: the line is completed, with `values` as they are. Default: whether the
                target is reached.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        new_steps = max(current - self._steps, 1)
        for name, value in values or ():
            is_averaged = name not in self._stateful if self._stateless is None else name in self._stateless
            if is_averaged and not finalize and not isinstance(value, str):
                total, n = self._values.get(name, (0.0, 0))
                self._values[name] = (total + value * new_steps, n + new_steps)
            else:
                self._values[name] = (value, 1)
        self._steps = current
        now = time.perf_counter()
        if current == 1 and self._first_step_end is None:
            self._first_step_end = now
        interval = self.interval if self._redraws else max(self.interval, MIN_INTERVAL)
        if self.verbose and (finalize or (self.verbose == 1 and now - self._last_drawn >= interval)):
            self._last_drawn = now
            self._draw(current, now, finalize)

    def _draw(self, current: int, now: float, finalize: bool) -> None:
        if not self._redraws or self.verbose != 1:
            echo(" - ".join(part.strip() for part in [self._count(current), *self._parts(current, now, finalize)]))
            return
        # one column is left free: some terminals break a line that fills the last column
        columns = shutil.get_terminal_size().columns - 1
        count, info = self._count(current), " - ".join(self._parts(current, now, finalize))
        line = f"{count} {info}"
        width = min(self.width, columns - len(line) - 1)
        if self.target and width > 0:
            line = f"{count} {self._bar(current, width)} {info}"
        if len(line) > columns:
            line = line[: columns - 3] + "..."
        redraw(line + " " * (self._length - len(line)), end="\n" if finalize else "")
        self._length = 0 if finalize else len(line)

    def _count(self, current: int) -> str:
        return f"{current:{len(str(self.target))}d}/{self.target}" if self.target else f"{current:7d}/Unknown"

    def _bar(self, current: int, width: int) -> str:
        done = min(int(width * current / (self.target or 1)), width)
        filled, empty = ("━", "─") if _can_print("━─") else ("=", ".")
        return filled * done + empty * (width - done)

    def _parts(self, current: int, now: float, finalize: bool) -> list[str]:
        """Return the time left (at the end, and without target, the time taken), the time per step, the values."""
        per_step = self._seconds_per_step(current, now)
        if finalize or not self.target:
            seconds = f"{now - self._start:.0f}s"
        else:
            seconds = _format_time_left(per_step * (self.target - current))
        values = [f"{name}: {_format_value(total, n)}" for name, (total, n) in self._values.items()]
        return [seconds, f"{_format_duration(per_step)}/{self.unit_name}", *values]

    def _seconds_per_step(self, current: int, now: float) -> float:
        if self._first_step_end is not None and current > 1:
            return (now - self._first_step_end) / (current - 1)
        return (now - self._start) / current if current else 0.0


def _check_verbose(value: Any) -> int:
    if value not in (0, 1, 2):
        raise ValueProblem(f"verbose={value!r}", "0, 1 or 2", "1 draws a bar, 2 prints a line at the end, 0 nothing")
    return int(value)


def can_redraw() -> bool:
    """Return whether a line on standard output can be drawn again, as on a terminal or in a notebook."""
    isatty = getattr(sys.stdout, "isatty", None)
    return bool(isatty and isatty()) or "ipykernel" in sys.modules


def _can_print(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _format_time_left(seconds: float) -> str:
    total = max(int(seconds), 0)
    if total > 3600:
        return f"{total // 3600}:{total % 3600 // 60:02d}:{total % 60:02d}"
    return f"{total // 60}:{total % 60:02d}" if total > 60 else f"{total}s"


def _format_duration(seconds: float) -> str:
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def _format_value(total: Any, n: float) -> str:
    """Return the mean of `n` values as text; a string or ``None`` as it is."""
    if isinstance(total, str) or total is None:
        return str(total)
    mean = float(np.mean(total)) / n
    return f"{mean:.4e}" if abs(mean) <= 1e-3 else f"{mean:.4f}"


class ProgbarLogger(Callback):
    """Shows epochs, progress and results on standard output (``keras.callbacks.ProgbarLogger``).

    It depends on ``params["verbose"]``: 0 is silent, 1 (or ``"auto"``) draws a `Progbar` at most ten times a second, 2
    prints a line per epoch. Within `fit`, validation is silent. The loop need not call it for each batch.
    """

    only_first = True

    def __init__(self) -> None:
        self.verbose, self.epochs = 1, 1
        self.target: int | None = None
        self.seen = 0
        self.progbar = Progbar(None, verbose=0)
        self._is_training = False

    def set_params(self, params: Mapping[str, Any]) -> None:
        self.params = params
        verbose = params.get("verbose", "auto")
        self.verbose = 1 if verbose == "auto" else _check_verbose(verbose)
        self.epochs = params.get("epochs") or 1
        self.target = params.get("steps")

    def sees_batches(self, mode: str) -> bool:
        return self.verbose == 1 and not (mode == "test" and self._is_training)

    def needs_batches(self, mode: str) -> bool:
        return False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._is_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._is_training = False

    @deferrable
    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._start()
        if self.verbose and self.epochs > 1:
            echo(f"Epoch {epoch + 1}/{self.epochs}")

    @deferrable
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._finish(logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._update(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._is_training:
            self._start()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._is_training:
            self._update(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._is_training:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._start()

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._update(batch, None)  # its logs are the outputs themselves

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._finish(None)

    def _start(self) -> None:
        self.seen = 0
        # none is averaged again, since the loop's results are running means
        self.progbar = Progbar(self.target, verbose=self.verbose, interval=0.1, stateless_metrics=())

    def _update(self, batch: int, logs: Logs | None) -> None:
        self.seen = batch + 1
        if self.verbose == 1:
            self.progbar.update(self.seen, (logs or {}).items(), finalize=False)

    def _finish(self, logs: Logs | None) -> None:
        if self.target is None and self.seen:
            self.target = self.progbar.target = self.seen
        self.progbar.update(self.target or self.seen, (logs or {}).items(), finalize=True)
