"""What holds while layers call layers: training or not, masks, the chain of shapes so far."""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..configurable import snake
from ..tensor import Tensor


class Calls(threading.local):
    """The outermost layer call in progress on this thread.

    Attributes:
        depth: how many layers are inside each other.
        training: what layers called without ``training=`` take.
        chain: (layer's name, output shape) of the layers finished so far, for messages.
        left: how many numbers new weights may still hold, while a file that has so many is read; else ``None``.
    """

    depth = 0
    training: bool | None = None
    left: int | None = None
    chain: list[tuple[str, Any]]

    def __init__(self) -> None:
        self.chain = []


calls = Calls()


@contextmanager
def weights_from_file(count: int) -> Iterator[None]:
    """Inside, weights begin as zeros, to be filled from a file that holds `count` numbers, and may not ask for more."""
    before, calls.left = calls.left, count
    try:
        yield
    finally:
        calls.left = before


_masks: dict[int, Tensor] = {}


def mask_of(x: Any) -> Tensor | None:
    """Which entries of x count, as an earlier layer has said, or ``None``."""
    return _masks.get(x.serial) if isinstance(x, Tensor) else None


def set_mask(x: Tensor, mask: Tensor | None) -> None:
    """Say which entries of x count; forgotten with x."""
    if mask is None or x.serial in _masks:
        return
    _masks[x.serial] = mask
    weakref.finalize(x, _masks.pop, x.serial, None)


_used: Counter[str] = Counter()


def auto_name(cls: type) -> str:
    """``dense``, ``dense_1``, ... counted through the process, or since `clear_session`."""
    base = snake(cls.__name__).lstrip("_") or "layer"
    _used[base] += 1
    return base if _used[base] == 1 else f"{base}_{_used[base] - 1}"


def clear_session(free_memory: bool = True) -> None:
    """Count the names of layers from the start again (``keras.utils.clear_session``)."""
    _used.clear()
