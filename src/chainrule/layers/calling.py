"""What holds while layers call layers: training or not, masks, the chain of shapes so far."""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from typing import Any

from ..configurable import snake
from ..tensor import Tensor


class Calls(threading.local):
    """The outermost layer call in progress on this thread.

    Attributes:
        depth: how many layers are inside each other.
        training: what layers called without ``training=`` take.
        chain: (layer's name, output shape) of the layers finished so far, for messages.
        recording: whether symbolic inputs make nodes of a model, rather than being computed with.
        stand_in: whether a number stands for unknown sizes; no weight may be made of it.
    """

    depth = 0
    training: bool | None = None
    stand_in = False
    chain: list[tuple[str, Any]]

    def __init__(self) -> None:
        self.chain = []


calls = Calls()

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
