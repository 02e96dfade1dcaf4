"""A layer's call as one node of a model's graph. When the graph runs on other inputs, the layer is called again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops.recorded import RecordedCall, RecordedCallRecord
from ..tensors.tensor import INPUT, Tensor
from .base import LayerBase


class LayerCall(RecordedCall):
    """A layer and the arguments it was called with."""

    function: LayerBase

    @property
    def layer(self) -> LayerBase:
        """The layer."""
        return self.function


LAYER_CALL = RecordedCallRecord("layer")


def is_model_tensor(tensors: Sequence[Tensor]) -> bool:
    """Return whether a call on these tensors is recorded rather than computed: one of them comes from an `Input`."""
    return any(is_keras_tensor(t) for t in tensors)


def is_keras_tensor(x: Any) -> bool:
    """Return whether x is symbolic and comes from an `Input` (``keras.utils.is_keras_tensor``)."""
    return isinstance(x, Tensor) and x.value is None and _from_input(x)


def _from_input(tensor: Tensor) -> bool:
    """Return whether an `Input` or a layer's call is among the ancestors of a tensor."""
    pending: list[Any] = [tensor]
    visited = {tensor.serial}
    while pending:
        node = pending.pop()
        if node.operation is LAYER_CALL or (node.operation is INPUT and "layer" in node.attributes):
            return True
        for n in node.inputs:
            if n.serial not in visited and n.value is None:
                visited.add(n.serial)
                pending.append(n)
    return False
