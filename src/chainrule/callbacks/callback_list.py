"""Several callbacks called as one."""

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
    """A callback whose hooks call those of several callbacks (``keras.callbacks.CallbackList``).

    Args:
        callbacks: a callback, or a (nested) list of them. add_history, add_progbar: add a `History` or a
            `ProgbarLogger` if none is among them. model, params: set on each of them.

    The callbacks get `logs` flat, in the order of their names, with Python's floats for scalars. An error in a
    callback reaches the caller with a note that names the callback and the hook.

    Raises:
        ValueProblem: for anything that is no `Callback`.

    >>> callbacks = CallbackList([History()], model=type("Model", (), {})(), epochs=2)
    >>> callbacks.on_train_begin(); callbacks.on_epoch_end(0, {"loss": 0.5}); callbacks.on_train_end()
    >>> callbacks.model.history.history
    {'loss': [0.5]}
    """

    def __init__(
        self, callbacks: Any = None, add_history: bool = False, add_progbar: bool = False, model: Any = None,
        **params: Any,
    ) -> None:  # fmt: skip
        self.callbacks = list(_flatten(callbacks))
        if add_history and not self._find(History):
            self.callbacks.append(History())
        if add_progbar and not self._find(ProgbarLogger):
            self.callbacks.append(ProgbarLogger())
        self._is_training = False
        self._pending_state: Mapping[str, Any] | None = None
        self._users: dict[str, list[Callback]] = {}  # by mode, those with batch hooks; by epoch hook, those with it
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def append(self, callback: Callback) -> None:
        """Add a callback."""
        self.callbacks.append(callback)
        self._users.clear()
        if self.model is not None:
            callback.set_model(self.model)
        if self.params is not None:
            callback.set_params(self.params)

    def _find(self, cls: type) -> Callback | None:
        return next((callback for callback in self.callbacks if isinstance(callback, cls)), None)

    def set_params(self, params: Mapping[str, Any]) -> None:
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if history := self._find(History):
            model.history = history
        for callback in self.callbacks:
            callback.set_model(model)

    # ---- state

    def _by_name(self) -> dict[str, Callback]:
        """Return the callbacks by class name; a second of its class as ``History_1``."""
        named: dict[str, Callback] = {}
        for callback in self.callbacks:
            name = type(callback).__name__
            same = sum(type(other).__name__ == name for other in named.values())
            named[f"{name}_{same}" if same else name] = callback
        return named

    def get_state(self) -> dict[str, Any]:
        """Return the states of all callbacks that have one, by class name; call it between hooks, not inside one.

        Inside a hook, some callbacks have processed an epoch's end and others have not.
        """
        states = {name: callback.get_state() for name, callback in self._by_name().items()}
        return {name: state for name, state in states.items() if state}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `get_state` returned: at once while training, else as soon as training begins.

        A callback without an entry begins anew. An entry without a callback is skipped, with a warning: the run may
        then decide differently.
        """
        if not self._is_training:
            self._pending_state = state
            return
        named = self._by_name()
        for name, callback_state in state.items():
            if name in named and not _runs_here(named[name]):
                continue
            if name in named:
                with _NoteOnError(named[name], "set_state"):
                    named[name].set_state(callback_state)
            else:
                warnings.warn(f"The state of {name} is not used: no such callback was passed.", stacklevel=2)

    # ---- which hooks are needed

    def sees_batches(self, mode: str) -> bool:
        """Return whether any callback has a batch hook for `mode`: ``"train"``, ``"test"`` or ``"predict"``."""
        return any(callback.sees_batches(mode) for callback in self.callbacks)

    def needs_batches(self, mode: str) -> bool:
        """Return whether any callback must be called for every batch of `mode`; if not, many steps may run at once."""
        return any(callback.needs_batches(mode) for callback in self.callbacks)

    def needs_epochs(self) -> bool:
        """Return whether any callback needs its epoch hooks between two epochs."""
        return any(callback.needs_epochs() for callback in self.callbacks)

    # ---- calling the hooks

    def _call(self, hook: str, logs: Logs | None) -> None:
        """Call a hook that takes only logs, of all callbacks."""
        logs = dict(_flatten_logs(logs))
        for callback in filter(_runs_here, self.callbacks):
            with _NoteOnError(callback, hook):
                getattr(callback, hook)(logs)

    def _call_batch_hook(self, hook: str, mode: str, batch: int, logs: Logs | None) -> None:
        self._call_users(mode, lambda c: c.sees_batches(mode), hook, batch, logs)

    def _call_epoch_hook(self, hook: str, epoch: int, logs: Logs | None) -> None:
        self._call_users(hook, lambda c: c.defines(hook), hook, epoch, logs)

    def _call_users(self, key: str, uses: Callable[[Callback], bool], hook: str, index: int, logs: Logs | None) -> None:
        """Call a hook of the callbacks that use it, which are looked up once, with the index of the epoch or batch."""
        if key not in self._users:
            self._users[key] = [c for c in self.callbacks if uses(c) and _runs_here(c)]
        if not self._users[key]:
            return
        logs = dict(_flatten_logs(logs))
        for callback in self._users[key]:
            with _NoteOnError(callback, hook):
                getattr(callback, hook)(index, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call_batch_hook("on_batch_begin", "train", batch, logs)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call_batch_hook("on_batch_end", "train", batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._call_epoch_hook("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._call_epoch_hook("on_epoch_end", epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call_batch_hook("on_train_batch_begin", "train", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call_batch_hook("on_train_batch_end", "train", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call_batch_hook("on_test_batch_begin", "test", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call_batch_hook("on_test_batch_end", "test", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call_batch_hook("on_predict_batch_begin", "predict", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call_batch_hook("on_predict_batch_end", "predict", batch, logs)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._users.clear()
        self._call("on_train_begin", logs)
        self._is_training = True
        if self._pending_state is not None:
            state, self._pending_state = self._pending_state, None
            self.set_state(state)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._call("on_train_end", logs)
        self._is_training = False

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._users.pop("test", None)
        self._call("on_test_begin", logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._call("on_test_end", logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._users.pop("predict", None)
        self._call("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._call("on_predict_end", logs)


class _NoteOnError:
    """Adds the callback's name to an error raised in the block; a class, since generators are slower for each batch."""

    def __init__(self, callback: Callback, hook: str) -> None:
        self.callback, self.hook = callback, hook

    def __enter__(self) -> None:
        pass

    def __exit__(self, cls: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception):
            error.add_note(f"Raised by the callback {type(self.callback).__name__}, in {self.hook}.")


def _runs_here(callback: Callback) -> bool:
    """Return whether this process calls the callback."""
    return not callback.only_first or process_index() == 0


def _flatten(callbacks: Any) -> Iterator[Callback]:
    if callbacks is None:
        return
    if isinstance(callbacks, list | tuple):
        for callback in callbacks:
            yield from _flatten(callback)
    elif isinstance(callbacks, Callback):
        yield callbacks
    elif inspect.isclass(callbacks) and issubclass(callbacks, Callback):
        raise ValueProblem(f"the class {callbacks.__name__}", "an object of the class", f"{callbacks.__name__}(...)")
    else:
        passed = f"{callbacks!r} among the callbacks"
        expected = "objects of classes that inherit chainrule.callbacks.Callback"
        raise ValueProblem(passed, expected, "inherit it, or wrap a function in LambdaCallback(on_epoch_end=...)")


def _flatten_logs(logs: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    """Yield the entries in the order of their names, those of inner dictionaries too, with scalars as floats."""
    for name, value in sorted((logs or {}).items()):
        if type(value) is float:  # nearly always, and called for every epoch
            yield name, value
        elif isinstance(value, Mapping):
            yield from _flatten_logs(value)
        else:
            yield name, _to_float(value)


def _to_float(value: Any) -> Any:
    try:
        return value if isinstance(value, str) or np.ndim(value) else float(value)
    except (TypeError, ValueError):  # not a number: a callback of the user's may know what it is
        return value
