"""The state of the layer call in progress, masks of tensors, and names of layers."""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from ..core.errors import GraphError
from ..serialization.names import to_snake_case
from ..tensors.tensor import Tensor
from .base import LayerBase


class CallContext(threading.local):
    """The state of the outermost layer call in progress on this thread.

    Attributes:
        depth: how many calls are nested in each other.
        training: the value of ``training`` for layers that are called without it.
        chain: (layer's name, output shape) of the layers finished so far, for errors.
        stand_ins: numbers that stand for sizes that are not known, which no weight may have.
        entries_left: how many entries new weights may still have while a file of weights is read; else ``None``.
        captured: inside `capture_outputs`, the (path, layer, arguments, output) of each finished call; else ``None``.
    """

    depth = 0
    training: bool | None = None
    stand_ins: Collection[int] = ()
    entries_left: int | None = None
    captured: list[tuple[str, LayerBase, Any, Any]] | None = None
    chain: list[tuple[str, Any]]

    def __init__(self) -> None:
        self.chain = []


calls = CallContext()


@contextmanager
def weights_from_file(count: int) -> Iterator[None]:
    """Inside, weights start as zeros, to be filled from a file of `count` numbers; they may not have more entries."""
    previous, calls.entries_left = calls.entries_left, count
    try:
        yield
    finally:
        calls.entries_left = previous


@contextmanager
def capture_outputs() -> Iterator[list[tuple[str, LayerBase, Any, Any]]]:
    """Collect every layer call that ends inside, as (path, layer, (args, kwargs), output)."""
    previous, calls.captured = calls.captured, []
    try:
        yield calls.captured
    finally:
        calls.captured = previous


building = threading.RLock()  # one thread at a time makes weights and traces steps


def mask_of(x: Any) -> Tensor | None:
    """Return the mask of x, true where an entry counts, or ``None``."""
    return getattr(x, "_mask", None) if isinstance(x, Tensor) else None


def set_mask(x: Tensor, mask: Tensor | None) -> None:
    """Set the mask of x, unless x has one; it lives as long as x."""
    if mask is not None and mask_of(x) is None:
        x._mask = mask


class CallTensors:
    """``layer.input`` or ``layer.output``: the symbolic tensors of the one call of the layer in a model.

    A descriptor without ``__set__``, so that a layer may have an attribute of its own under that name.
    """

    def __init__(self, which: str) -> None:
        self.which = which

    def __get__(self, layer: Any, cls: Any = None) -> Any:
        if layer is None:
            return self
        recorded = [[t for t in (r() for r in call) if t is not None] for call in _recorded_outputs.get(layer, ())]
        recorded = [outputs for outputs in recorded if outputs]
        if len(recorded) != 1:
            passed = f"the {self.which} of {layer.name!r}, which models call {len(recorded)} times"
            expected = "a layer that is called once, on tensors that come from an Input"
            raise GraphError(passed, expected, "keep the tensors of the call you mean")
        outputs = recorded[0]
        tensors = outputs if self.which == "output" else list(outputs[0].inputs[0].inputs)
        return tensors[0] if len(tensors) == 1 else tensors


_recorded_outputs: weakref.WeakKeyDictionary[LayerBase, list[list[weakref.ref[Tensor]]]] = weakref.WeakKeyDictionary()


def note_outputs(layer: LayerBase, outputs: list[Tensor]) -> None:
    """Remember, by weak references, the outputs of a recorded call of `layer`, for ``layer.output``."""
    alive = [call for call in _recorded_outputs.get(layer, ()) if any(r() is not None for r in call)]
    _recorded_outputs[layer] = [*alive, [weakref.ref(t) for t in outputs]]


_name_counts: Counter[str] = Counter()


def auto_name(cls: type) -> str:
    """Return the next name for an object of a class: ``dense``, ``dense_1``, ...

    Names are counted per process, or since `clear_session`.
    """
    base = to_snake_case(cls.__name__).lstrip("_") or "layer"
    _name_counts[base] += 1
    return base if _name_counts[base] == 1 else f"{base}_{_name_counts[base] - 1}"


def clear_session(free_memory: bool = True) -> None:
    """Restart the count of automatic names (``keras.utils.clear_session``)."""
    _name_counts.clear()
