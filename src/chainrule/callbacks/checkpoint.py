"""Saving the model during training."""

from __future__ import annotations

import os
import string
from typing import Any

from ..core import arguments
from ..core.errors import ValueProblem
from ..core.terminal import echo
from .callback import Logs
from .checks import check_frequency
from .files import check_path, make_folder
from .monitor import MonitorCallback

MODEL, WEIGHTS = ".chainrule", ".weights.safetensors"


class ModelCheckpoint(MonitorCallback):
    """Save the model, or its weights, every so often or whenever it is best (``keras.callbacks.ModelCheckpoint``).

    Args:
        filepath: the file, ending in ``.chainrule``, or ``.weights.safetensors`` with `save_weights_only`. It may hold
            ``{epoch}`` and ``{batch}`` (from 1), and names of results, formatted as in ``"{epoch:02d}-{loss:.3f}"``.
        monitor, mode: the number, and what counts as better. verbose: 1 prints what is done.
        save_best_only: save only when the number is better than ever; if it is not among the results, always.
        save_weights_only: call ``model.save_weights`` rather than ``model.save``.
        save_freq: ``"epoch"``, or a number of batches. initial_value_threshold: the value to be better than at first.
        period: with ``save_freq="epoch"``, save in every epoch whose number, from 1, this divides.
        on_nan: what to do when the number is nan, which is never the best: nothing but a warning, or ``"restore"``: go
            back to the weights of the last epoch without one, with a tenth of the learning rate.

    Raises:
        ValueProblem: for bad arguments, Keras's own suffixes among them; when saving, if `filepath` names a folder or
            a result that is not there.

    >>> ModelCheckpoint("best.keras")
    Traceback (most recent call last):
        ...
    chainrule.errors.ValueProblem: Got filepath='best.keras'; expected a name that ends in .chainrule. To mend it: ...
    """

    only_first = True
    _state_names = ("best", "epoch", "batches_since_saving", "last_batch")

    def __init__(
        self, filepath: Any, monitor: str = "val_loss", verbose: int = 0, save_best_only: bool = False,
        save_weights_only: bool = False, mode: str = "auto", save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None, period: int = 1, on_nan: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode, on_nan=on_nan)
        self.filepath = _check_filename(check_path(filepath=filepath), WEIGHTS if save_weights_only else MODEL)
        self.verbose = verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.save_freq, self.period = check_frequency("epoch", period=period, save_freq=save_freq), period
        if initial_value_threshold is not None:
            self.best = arguments.finite(initial_value_threshold=initial_value_threshold)
        self.epoch = self.batches_since_saving = 0
        self.last_batch = -1

    def sees_batches(self, mode: str) -> bool:
        return mode == "train" and self.save_freq != "epoch"

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            return
        # more than 1 if the loop runs many steps at once; batches are counted from 0 in each epoch
        self.batches_since_saving += batch - self.last_batch if batch > self.last_batch else batch + 1
        self.last_batch = batch
        if self.batches_since_saving >= int(self.save_freq):
            self.batches_since_saving = 0
            self._save(self.epoch, {"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        due = self.save_freq == "epoch" and (epoch + 1) % self.period == 0
        if self.on_nan and not (due and self.save_best_only):  # otherwise `_save` looks at the number
            self.current(logs, epoch)
        if due:
            self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: Logs) -> None:
        filepath = self._formatted(epoch, logs)
        if self.save_best_only and not self._is_best(epoch, logs):
            return
        if os.path.isdir(filepath):
            raise ValueProblem(f"filepath={filepath!r}, a folder", "a file", "choose another name")
        make_folder(filepath)
        if self.save_weights_only:
            self.model.save_weights(filepath)
        else:
            self.model.save(filepath)
        if self.verbose:
            echo(f"\nEpoch {epoch + 1}: saved {filepath}")

    def _is_best(self, epoch: int, logs: Logs) -> bool:
        current = self.current(logs, epoch)
        if current is None:
            return True
        better = self.improves(current, self.best)
        if self.verbose:
            echo(f"\nEpoch {epoch + 1}: {self.monitor} = {current:.5g}, {'the' if better else 'not the'} best so far")
        if better:
            self.best = current
        return better

    def _formatted(self, epoch: int, logs: Logs) -> str:
        names = {**logs, "epoch": epoch + 1}
        try:
            return self.filepath.format(**names)
        except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
            expected = f"only these names in it: {', '.join(sorted(names))}"
            raise ValueProblem(f"filepath={self.filepath!r}", expected, "change the name") from error


def _check_filename(filepath: str, suffix: str) -> str:
    """Check that a file name ends in `suffix` and has names of results in its braces."""
    if not filepath.endswith(suffix):
        expected = f"a name that ends in {suffix}"
        raise ValueProblem(f"filepath={filepath!r}", expected, f"models are saved as {MODEL}, weights as {WEIGHTS}")
    try:
        list(string.Formatter().parse(filepath))
    except ValueError as error:
        passed = f"filepath={filepath!r}"
        raise ValueProblem(passed, "names in braces, such as {epoch:02d}", "close each brace") from error
    return filepath
