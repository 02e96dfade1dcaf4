"""What holds while layers call layers: training or not, masks, the chain of shapes so far."""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..core.errors import GraphError
from ..serialization.registry import to_snake_case
from ..tensors.tensor import Tensor


class Calls(threading.local):
    """The outermost layer call in progress on this thread.

    Attributes:
        depth: how many layers are inside each other.
        training: what layers called without ``training=`` take.
        chain: (layer's name, output shape) of the layers finished so far, for messages.
        stand_in: whether a number stands for unknown sizes; no weight may be made of it.
        left: how many numbers new weights may still hold, while a file that has so many is read; else ``None``.
        seen: while somebody looks on, the path, layer, inputs and output of each call that has ended; else ``None``.
    """

    depth = 0
    training: bool | None = None
    has_placeholder = False
    left: int | None = None
    seen: list[tuple[str, Any, Any, Any]] | None = None
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


@contextmanager
def capture_outputs() -> Iterator[list[tuple[str, Any, Any, Any]]]:
    """Inside, each call of a layer is noted when it ends: its path, the layer, what it was given (a tuple and a
    dictionary), its output."""
    before, calls.seen = calls.seen, []
    try:
        yield calls.seen
    finally:
        calls.seen = before


building = threading.RLock()  # one thread at a time makes weights and traces steps


def mask_of(x: Any) -> Tensor | None:
    """Which entries of x count, as an earlier layer has said, or ``None``."""
    return getattr(x, "_mask", None) if isinstance(x, Tensor) else None


def set_mask(x: Tensor, mask: Tensor | None) -> None:
    """Say which entries of x count; forgotten with x."""
    if mask is not None and mask_of(x) is None:
        x._mask = mask


class CallContext:
    """``layer.input`` or ``layer.output``: what the layer took or gave where a model calls it.

    No property, so that a layer may hold a part of its own under that name.
    """

    def __init__(self, which: str) -> None:
        self.which = which

    def __get__(self, layer: Any, cls: Any = None) -> Any:
        if layer is None:
            return self
        made = [[t for t in (r() for r in call) if t is not None] for call in _made.get(layer, ())]
        made = [call for call in made if call]
        if len(made) != 1:
            raise GraphError(
                f"the {self.which} of {layer.name!r}, which models call {len(made)} times",
                "a layer that is called once, on what comes from an Input",
                "keep the tensors of the call you mean",
            )
        tensors = made[0] if self.which == "output" else list(made[0][0].inputs[0].inputs)
        return tensors[0] if len(tensors) == 1 else tensors


_made: weakref.WeakKeyDictionary[Any, list[list[Any]]] = weakref.WeakKeyDictionary()


def note_outputs(layer: Any, outputs: list[Any]) -> None:
    """A model has called `layer`: its `outputs` are kept in mind as long as something holds them."""
    calls_made = [call for call in _made.get(layer, ()) if any(r() is not None for r in call)]
    _made[layer] = [*calls_made, [weakref.ref(t) for t in outputs]]


_used: Counter[str] = Counter()


def auto_name(cls: type) -> str:
    """``dense``, ``dense_1``, ... counted through the process, or since `clear_session`."""
    base = to_snake_case(cls.__name__).lstrip("_") or "layer"
    _used[base] += 1
    return base if _used[base] == 1 else f"{base}_{_used[base] - 1}"


def clear_session(free_memory: bool = True) -> None:
    """Count the names of layers from the start again (``keras.utils.clear_session``)."""
    _used.clear()
