"""Results written for TensorBoard, without TensorFlow."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from ..core import arguments
from ..core.errors import ValueProblem
from . import events
from .callback import Callback, Logs
from .checks import check_frequency
from .files import check_path
from .rates import learning_rate_of, optimizers_of


class TensorBoard(Callback):
    """Write files that TensorBoard shows: ``tensorboard --logdir logs`` (``keras.callbacks.TensorBoard``).

    Args:
        log_dir: the folder; training is written to its subfolder ``train``, validation to ``validation``.
        histogram_freq: the number of epochs between two histograms of the weights; 0: none.
        write_graph, profile_batch: accepted, without effect: `explain` and `summary` show a model's graph, and
            ``model.cost(measure=True)`` its time.
        write_steps_per_second: write the speed, each epoch and, if batches are written, each batch.
        update_freq: ``"epoch"``, ``"batch"``, or the number of batches after which results are written, too.
        write_images, embeddings_freq, embeddings_metadata: Keras's; only their defaults are accepted.

    The names are Keras's: ``epoch_loss``, ``epoch_learning_rate``, ``batch_loss``, ``evaluation_loss_vs_iterations``,
    and for each weight its path and ``/histogram``. Weights that are not finite are left out of histograms.

    Raises:
        ValueProblem: for bad arguments, and if the folder cannot be written.
    """

    only_first = True
    _state_names = ("batches_seen",)

    def __init__(
        self, log_dir: Any = "logs", histogram_freq: int = 0, write_graph: bool = True, write_images: bool = False,
        write_steps_per_second: bool = False, update_freq: str | int = "epoch",
        profile_batch: int | tuple[int, int] = 0, embeddings_freq: int = 0, embeddings_metadata: Any = None,
    ) -> None:  # fmt: skip
        unsupported = {"write_images": write_images, "embeddings_freq": embeddings_freq}
        unsupported["embeddings_metadata"] = embeddings_metadata
        for name, value in unsupported.items():
            if value:
                passed = f"{name}={value!r}"
                raise ValueProblem(passed, "its default: chainrule writes only numbers and histograms", "leave it out")
        self.log_dir = check_path(log_dir=log_dir)
        self.histogram_freq = arguments.at_least(0, histogram_freq=histogram_freq)
        self.write_graph, self.profile_batch = write_graph, profile_batch
        self.write_steps_per_second = write_steps_per_second
        frequency = check_frequency("epoch", "batch", update_freq=update_freq)
        self.update_freq = 1 if frequency == "batch" else frequency
        self._files: dict[str, events.EventFile] = {}
        self.batches_seen = 0
        self._is_training = False
        self._epoch_start = self._batch_start = time.perf_counter()
        self._first_step = 0  # of the epoch

    def sees_batches(self, mode: str) -> bool:
        return mode == "train" and self.update_freq != "epoch"

    def _write(self, folder: str, step: int, field: bytes) -> None:
        """Write an event into the file of a subfolder, which is made when first needed."""
        if folder not in self._files:
            self._files[folder] = events.EventFile(os.path.join(self.log_dir, folder))
        self._files[folder].write(step, field)

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}

    def _write_scalars(self, folder: str, step: int, tag: str, logs: Logs) -> None:
        """Write the results that are numbers, each with its name in the braces of `tag`."""
        for name, value in logs.items():
            if not isinstance(value, str) and value is not None and np.ndim(value) == 0:
                self._write(folder, step, events.scalar(tag.format(name), float(value)))

    def _steps(self) -> int | None:
        """Return the number of updates so far, or ``None`` without an optimizer."""
        iterations = getattr(getattr(self.model, "optimizer", None), "iterations", None)
        return None if iterations is None else int(np.asarray(iterations))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._close()
        self.batches_seen = 0
        self._is_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._is_training = False
        self._close()

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.batches_seen += 1
        self._batch_start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.update_freq == "epoch" or self.batches_seen % int(self.update_freq):
            return
        results = dict(logs or {})
        if self.write_steps_per_second:
            results["steps_per_second"] = 1 / max(time.perf_counter() - self._batch_start, 1e-9)
        self._write_scalars("train", self.batches_seen, "batch_{}", results)

    def on_test_end(self, logs: Logs | None = None) -> None:
        steps = self._steps()
        if steps is not None:
            self._write_scalars("validation", steps, "evaluation_{}_vs_iterations", logs or {})
        if not self._is_training:
            self._close()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch_start, self._first_step = time.perf_counter(), self._steps() or 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs:
            train = {name: value for name, value in logs.items() if not name.startswith("val_")}
            if getattr(self.model, "optimizer", None) is not None:
                train |= {name: learning_rate_of(o) for name, o in optimizers_of(self.model).items()}
            steps = self._steps()
            if self.write_steps_per_second and steps is not None:
                seconds = max(time.perf_counter() - self._epoch_start, 1e-9)
                train["steps_per_second"] = (steps - self._first_step) / seconds
            self._write_scalars("train", epoch, "epoch_{}", train)
            validation = {name[4:]: value for name, value in logs.items() if name.startswith("val_")}
            self._write_scalars("validation", epoch, "epoch_{}", validation)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for layer in self.model.layers:
                for weight in layer.weights:
                    tag = f"{getattr(weight, 'path', weight.name)}/histogram"
                    self._write("train", epoch, events.histogram(tag, weight))
