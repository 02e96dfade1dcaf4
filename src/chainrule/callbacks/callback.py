"""The base of all callbacks: hooks that a training loop calls, and a state that a checkpoint can keep."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ..core.errors import ValueProblem

Logs = dict[str, Any]


def deferrable(hook: Any) -> Any:
    """Mark an epoch hook that reads only its logs, and so may be called when later epochs have already been trained."""
    hook.deferrable = True
    return hook


class Callback:
    """Hooks that `fit`, `evaluate` and `predict` call; inherit and define them (``keras.callbacks.Callback``).

    A hook gets the epoch or batch (counted from 0) and `logs`, a dictionary of results so far such as
    ``{"loss": 0.2, "val_loss": 0.3}``. The following callbacks read what one callback writes into `logs`. `model` is
    the model, `params` the loop's ``{"verbose": ..., "epochs": ..., "steps": ..., "do_validation": ...}``.

    **Resuming.** A callback whose decisions depend on earlier results keeps a state. `get_state` returns it as
    numbers, strings, ``None``, lists and dictionaries of these, and NumPy arrays; `set_state` restores it, after
    ``on_train_begin`` of the resumed run. A callback of yours may define the two, so that a resumed run decides as
    one never interrupted.

    **Speed.** While no callback `needs_batches`, the loop may run many steps at once, and call the batch hooks only
    for the last of them.

    >>> class Stop(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         if logs["loss"] < 0.1:
    ...             self.model.stop_training = True
    >>> Stop().needs_batches("train")
    False
    """

    params: Mapping[str, Any] | None = None
    only_first = False  # of several processes (`distribution`), only the first calls it: it writes files or lines
    _model: Any = None
    _state_names: tuple[str, ...] = ()  # the attributes that are the state

    @property
    def model(self) -> Any:
        """The model, or ``None`` before the loop has set it."""
        return self._model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Set the loop's parameters."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Set the model."""
        self._model = model

    def get_state(self) -> dict[str, Any]:
        """Return what later decisions depend on; empty if they depend on nothing."""
        return {name: copy.deepcopy(getattr(self, name)) for name in self._state_names}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `get_state` returned.

        Raises:
            ValueProblem: if the names in it are not those of this class.
        """
        if set(state) != set(self._state_names):
            passed = f"a state with {sorted(state)}"
            expected = f"{type(self).__name__}'s state, with {sorted(self._state_names)}"
            raise ValueProblem(passed, expected, "pass what get_state of the same class returned")
        for name, value in state.items():
            setattr(self, name, copy.deepcopy(value))

    def defines(self, hook: str) -> bool:
        """Return whether the hook of this name differs from that of `Callback`, which does nothing."""
        return getattr(getattr(self, hook), "__func__", None) is not getattr(Callback, hook)

    def sees_batches(self, mode: str) -> bool:
        """Return whether a batch hook is defined for `mode`: ``"train"``, ``"test"`` or ``"predict"``."""
        hooks = [f"on_{mode}_batch_begin", f"on_{mode}_batch_end"]
        if mode == "train":
            hooks += ["on_batch_begin", "on_batch_end"]
        return any(map(self.defines, hooks))

    def needs_batches(self, mode: str) -> bool:
        """Return whether the batch hooks of `mode` must be called for every single batch; here, if they are defined."""
        return self.sees_batches(mode)

    def needs_epochs(self) -> bool:
        """Return whether the epoch hooks must be called between two epochs; here, if any is not `deferrable`.

        Otherwise the loop may train several epochs at once, and call the hooks of all of them afterwards.
        """
        hooks = ("on_epoch_begin", "on_epoch_end")
        return any(self.defines(hook) and not getattr(getattr(self, hook), "deferrable", False) for hook in hooks)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Do what `on_train_batch_begin` does, of which this is another name."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Do what `on_train_batch_end` does, of which this is another name."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Run before each epoch of training."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Run after each epoch of training; `logs` has its results, and with ``val_`` those of validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before a batch of training."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after a batch of training; `logs` has the epoch's results up to it."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before a batch of evaluation or validation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after a batch of evaluation or validation."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before a batch of prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after a batch of prediction; `logs` has its ``"outputs"``."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Run when `fit` begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Run when `fit` ends, with the last epoch's results."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Run when evaluation or validation begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Run when evaluation or validation ends, with its results."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Run when prediction begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Run when prediction ends."""
