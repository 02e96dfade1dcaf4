"""A layer's call as one node of a model's graph. When the graph runs on other inputs, the layer is called again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.errors import GraphError
from ..graph import Leaf, Node
from ..tensors import tree
from ..tensors.tensor import INPUT, Tensor
from .base import LayerBase


class ArgumentSlot:
    """Marks where tensor number `index` of a call belongs in its arguments."""

    def __init__(self, index: int) -> None:
        self.index = index


class LayerCall:
    """A layer and the arguments it was called with, with an `ArgumentSlot` in place of each tensor."""

    def __init__(self, layer: LayerBase, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer, self.args, self.kwargs = layer, args, kwargs

    def arguments(self, tensors: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with `tensors` in their slots."""
        args, kwargs = tree.map(
            lambda x: tensors[x.index] if isinstance(x, ArgumentSlot) else x, (self.args, self.kwargs)
        )
        return args, kwargs


class LayerCallRecord(Leaf):
    """The operation of a layer's call; its value is the list of the layer's outputs."""

    leaf = False

    def plan(self, specs: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
        """Refuse: a layer's call has no value of its own."""
        raise GraphError("a layer's call used as an operation", "a call of the model", "call the model on data")

    def replay(self, node: Node, inputs: Sequence[Any]) -> list[Any]:
        """Call the layer again on these inputs, and return its outputs as a list."""
        call: LayerCall = node.attributes["call"]
        args, kwargs = call.arguments(inputs)
        return tree.flatten(call.layer(*args, **kwargs))[0]


LAYER_CALL = LayerCallRecord("layer")


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
