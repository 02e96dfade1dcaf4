"""Many callbacks told as one."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..core.errors import ValueProblem
from ..distribution import process_index
from .callback import Callback, Logs
from .logs import History
from .progbar import ProgbarLogger


class CallbackList(Callback):
    """Tells every callback what the loop tells it (``keras.callbacks.CallbackList``).

    Args:
        callbacks: a callback, or a (nested) list of them. add_history, add_progbar: add a `History` or a
            `ProgbarLogger` if none is among them. model: handed to each. params: handed to each.

    `logs` reach the callbacks flat, in the order of their names, with Python's floats for scalars. An error in a
    callback goes on to the caller, with a note that names the callback and the hook.

    Raises:
        ValueProblem: for anything that is no `Callback`.

    >>> seen = CallbackList([History()], model=type("Model", (), {})(), epochs=2)
    >>> seen.on_train_begin(); seen.on_epoch_end(0, {"loss": 0.5}); seen.on_train_end()
    >>> seen.model.history.history
    {'loss': [0.5]}
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        self.callbacks = list(_flat(callbacks))
        if add_history and not self._first(History):
            self.callbacks.append(History())
        if add_progbar and not self._first(ProgbarLogger):
            self.callbacks.append(ProgbarLogger())
        self._begun = False
        self._waiting: Mapping[str, Any] | None = None
        self._see: dict[str, list[Callback]] = {}
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def append(self, callback: Callback) -> None:
        """One more callback."""
        self.callbacks.append(callback)
        self._see.clear()
        if self.model is not None:
            callback.set_model(self.model)
        if self.params is not None:
            callback.set_params(self.params)

    def _first(self, cls: type) -> Callback | None:
        return next((callback for callback in self.callbacks if isinstance(callback, cls)), None)

    def set_params(self, params: Mapping[str, Any]) -> None:
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if history := self._first(History):
            model.history = history
        for callback in self.callbacks:
            callback.set_model(model)

    # ---- state

    def _named(self) -> dict[str, Callback]:
        """The callbacks by class; a second of its class as ``History_1``."""
        found: dict[str, Callback] = {}
        for callback in self.callbacks:
            name = type(callback).__name__
            same = sum(type(other).__name__ == name for other in found.values())
            found[f"{name}_{same}" if same else name] = callback
        return found

    def get_state(self) -> dict[str, Any]:
        """The states of all callbacks that have one, by class name; to be asked between hooks, not inside one.

        Inside a hook, some callbacks have seen an epoch's end that others have not.
        """
        states = {name: callback.get_state() for name, callback in self._named().items()}
        return {name: state for name, state in states.items() if state}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `get_state` gave: at once while training, else as soon as training has begun.

        A callback without an entry begins anew. An entry without a callback is left out, with a warning: the run may
        then decide otherwise than it would have.
        """
        if not self._begun:
            self._waiting = state
            return
        named = self._named()
        for name, part in state.items():
            if name in named and not _told_here(named[name]):
                continue
            if name in named:
                with _Noting(named[name], "set_state"):
                    named[name].set_state(part)
            else:
                warnings.warn(f"The state of {name} is not used: no such callback was passed.", stacklevel=2)

    # ---- who looks at batches

    def sees_batches(self, mode: str) -> bool:
        """Whether any callback has a batch hook for `mode`: ``"train"``, ``"test"`` or ``"predict"``."""
        return any(callback.sees_batches(mode) for callback in self.callbacks)

    def needs_batches(self, mode: str) -> bool:
        """Whether any callback must be told of every batch of `mode`; if none, many steps may be run at once."""
        return any(callback.needs_batches(mode) for callback in self.callbacks)

    # ---- telling

    def needs_epochs(self) -> bool:
        """Whether any callback needs its epoch hooks between two epochs."""
        return any(callback.needs_epochs() for callback in self.callbacks)

    def _tell(self, hook: str, logs: Logs | None) -> None:
        logs = dict(_plain(logs))
        for callback in filter(_told_here, self.callbacks):
            with _Noting(callback, hook):
                getattr(callback, hook)(logs)

    def _tell_batch(self, hook: str, mode: str, batch: int, logs: Logs | None) -> None:
        self._tell_those(mode, lambda c: c.sees_batches(mode), hook, batch, logs)

    def _tell_epoch(self, hook: str, epoch: int, logs: Logs | None) -> None:
        self._tell_those(hook, lambda c: c.defines(hook), hook, epoch, logs)

    def _tell_those(self, key: str, see: Callable[[Callback], bool], hook: str, place: int, logs: Logs | None) -> None:
        """Tell the callbacks that `see`, found once."""
        if key not in self._see:
            self._see[key] = [c for c in self.callbacks if see(c) and _told_here(c)]
        if not self._see[key]:
            return
        logs = dict(_plain(logs))
        for callback in self._see[key]:
            with _Noting(callback, hook):
                getattr(callback, hook)(place, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._tell_batch("on_batch_begin", "train", batch, logs)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._tell_batch("on_batch_end", "train", batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._tell_epoch("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._tell_epoch("on_epoch_end", epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._tell_batch("on_train_batch_begin", "train", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._tell_batch("on_train_batch_end", "train", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._tell_batch("on_test_batch_begin", "test", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._tell_batch("on_test_batch_end", "test", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._tell_batch("on_predict_batch_begin", "predict", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._tell_batch("on_predict_batch_end", "predict", batch, logs)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._see.clear()
        self._tell("on_train_begin", logs)
        self._begun = True
        if self._waiting is not None:
            state, self._waiting = self._waiting, None
            self.set_state(state)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._tell("on_train_end", logs)
        self._begun = False

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._see.pop("test", None)
        self._tell("on_test_begin", logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._tell("on_test_end", logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._see.pop("predict", None)
        self._tell("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._tell("on_predict_end", logs)


class _Noting:
    """Adds the callback's name to an error that leaves the block; a class, since it is entered for every batch."""

    def __init__(self, callback: Callback, hook: str) -> None:
        self.callback, self.hook = callback, hook

    def __enter__(self) -> None:
        pass

    def __exit__(self, cls: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception):
            error.add_note(f"Raised by the callback {type(self.callback).__name__}, in {self.hook}.")


def _told_here(callback: Callback) -> bool:
    return not callback.only_first or process_index() == 0


def _flat(callbacks: Any) -> Iterator[Callback]:
    if callbacks is None:
        return
    if isinstance(callbacks, list | tuple):
        for callback in callbacks:
            yield from _flat(callback)
    elif isinstance(callbacks, Callback):
        yield callbacks
    elif inspect.isclass(callbacks) and issubclass(callbacks, Callback):
        raise ValueProblem(f"the class {callbacks.__name__}", "a callback made from it", f"{callbacks.__name__}(...)")
    else:
        raise ValueProblem(
            f"{callbacks!r} among the callbacks",
            "objects of classes that inherit chainrule.callbacks.Callback",
            "inherit it, or wrap a function in LambdaCallback(on_epoch_end=...)",
        )


def _plain(logs: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    """The entries by name, dictionaries opened, scalars as floats."""
    for name, value in sorted((logs or {}).items()):
        if type(value) is float:  # nearly always, and told of every epoch
            yield name, value
        elif isinstance(value, Mapping):
            yield from _plain(value)
        else:
            yield name, _float(value)


def _float(value: Any) -> Any:
    try:
        return value if isinstance(value, str) or np.ndim(value) else float(value)
    except (TypeError, ValueError):  # no number: a callback of the user's may know what it is
        return value
