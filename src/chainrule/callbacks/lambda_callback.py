"""A callback made from functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.errors import ValueProblem
from .callback import Callback


class LambdaCallback(Callback):
    """A callback whose hooks are functions (``keras.callbacks.LambdaCallback``).

    Args:
        on_epoch_begin, on_epoch_end: called with epoch and logs. on_train_begin, on_train_end: with logs.
        on_train_batch_begin, on_train_batch_end: with batch and logs. kwargs: any other method of `Callback`.

    Raises:
        ValueProblem: for a name that is no hook, and for a value that cannot be called.

    >>> printer = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    >>> printer.on_epoch_end(0, {"loss": 0.5})
    0 0.5
    """

    def __init__(
        self, on_epoch_begin: Callable[..., Any] | None = None, on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None, on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None, on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any],
    ) -> None:  # fmt: skip
        hooks = {"on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end}
        hooks |= {"on_train_begin": on_train_begin, "on_train_end": on_train_end}
        hooks |= {"on_train_batch_begin": on_train_batch_begin, "on_train_batch_end": on_train_batch_end, **kwargs}
        names = [name for name in dir(Callback) if name.startswith(("on_", "set_", "get_"))]
        for name, function in hooks.items():
            if name not in names:
                raise ValueProblem(f"the hook {name!r}", f"one of {', '.join(names)}", "check the spelling")
            if function is None:
                continue
            if not callable(function):
                raise ValueProblem(f"{name}={function!r}", "a function", "pass a function")
            setattr(self, name, function)
