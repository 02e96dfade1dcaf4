"""What reading and assigning a variable means on a thread: the recorder of a traced step, and the autocast dtype."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from .tensor import Tensor
    from .variable import Variable


class Recorder(Protocol):
    """Receives the reads and assignments of variables on its thread while a step is traced (`transforms.trace`)."""

    def read(self, variable: Variable) -> Tensor:
        """Return the variable's current value as a node."""
        ...

    def assign(self, variable: Variable, value: Tensor) -> None:
        """Note that the variable is assigned this value."""
        ...


class _ThreadState(threading.local):
    """The recorder of this thread, and the dtype in which float variables are read."""

    recorder: Recorder | None = None
    compute_dtype: np.dtype[Any] | None = None  # a layer's policy


thread_state = _ThreadState()


def current_recorder() -> Recorder | None:
    """Return the recorder of this thread's reads and assignments of variables, if there is one."""
    return thread_state.recorder


@contextmanager
def recording(recorder: Recorder | None) -> Iterator[None]:
    """Send the block's reads and assignments of variables to `recorder`; with ``None`` to the variables themselves."""
    before = thread_state.recorder
    thread_state.recorder = recorder
    try:
        yield
    finally:
        thread_state.recorder = before


@contextmanager
def autocast_scope(dtype: np.dtype[Any] | None) -> Iterator[None]:
    """Cast float variables that are read in the block to `dtype` (Keras's autocast scope)."""
    before = thread_state.compute_dtype
    thread_state.compute_dtype = dtype
    try:
        yield
    finally:
        thread_state.compute_dtype = before


__all__ = ["Recorder", "autocast_scope", "current_recorder", "recording", "thread_state"]
