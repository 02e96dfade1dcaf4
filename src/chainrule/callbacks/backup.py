"""Checkpoints from which an interrupted run continues as if it had not been interrupted."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any

from ..core.errors import ValueProblem
from ..core.files import remove_abandoned
from ..distribution import process_index
from .callback import Callback, Logs
from .checks import check_frequency
from .files import cannot_write, make_folder


class BackupAndRestore(Callback):
    """Writes a checkpoint each epoch, or every `save_freq` steps, and loads it when `fit` is called again.

    Kill the process at any moment and run the program again: weights, optimizer, random streams, the position in the
    data, metrics and the other callbacks' states are as they were, and the run ends with the same bits.

    Args:
        backup_dir: a folder of its own. save_freq: ``"epoch"``, or a number of steps.
        double_checkpoint: keep the file before the last, too. delete_checkpoint: remove the files after training.
        period: with ``save_freq="epoch"``, write in every epoch whose number, from 1, this divides.

    Of several processes (`distribution`) the first writes and all read, in a folder that all of them see.

    Follows ``keras.callbacks.BackupAndRestore``. It runs after all other callbacks, so that it saves their decisions.
    """

    runs_last = True

    def __init__(
        self, backup_dir: Any, save_freq: Any = "epoch", double_checkpoint: bool = False,
        delete_checkpoint: bool = True, period: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.backup_dir = os.fspath(backup_dir) if backup_dir else ""
        if not self.backup_dir or os.path.isfile(self.backup_dir):
            raise ValueProblem(f"backup_dir={backup_dir!r}", "a folder", "e.g. backup_dir='backup'")
        self.save_freq, self.period = check_frequency("epoch", period=period, save_freq=save_freq), period
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._steps = 0

    @property
    def path(self) -> str:
        """The checkpoint's file."""
        return os.path.join(self.backup_dir, "latest.checkpoint")

    @property
    def before(self) -> str:
        """The file before the last, with `double_checkpoint`."""
        return os.path.join(self.backup_dir, "before.checkpoint")

    def needs_batches(self, mode: str) -> bool:
        return mode == "train" and self.save_freq != "epoch"

    def sees_batches(self, mode: str) -> bool:
        return self.needs_batches(mode)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        make_folder(self.path)
        if process_index() == 0:
            remove_abandoned(self.path)
        self._steps = 0
        for path in (self.path, self.before):  # only the second, if the process was killed between move and writing
            if os.path.exists(path):
                self.model.load_checkpoint(path)
                break

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._steps += 1
        if self.save_freq != "epoch" and self._steps % int(self.save_freq) == 0:
            self._save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch" and (epoch + 1) % self.period == 0:
            self._save()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint and process_index() == 0:
            for path in (self.path, self.before):
                with contextlib.suppress(FileNotFoundError):
                    _change(os.remove, path)

    def _save(self) -> None:
        if process_index():
            return
        if self.double_checkpoint and os.path.exists(self.path):
            _change(os.replace, self.path, self.before)
        self.model.save_checkpoint(self.path)

    def get_state(self) -> dict[str, Any]:
        return {"steps": self._steps}

    def set_state(self, state: Any) -> None:
        self._steps = int(state["steps"])


def _change(change: Callable[..., None], path: str, *arguments: str) -> None:
    """Move or remove a checkpoint; a disk that refuses is an error in words."""
    try:
        change(path, *arguments)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from None
