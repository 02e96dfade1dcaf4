"""A layer's call as one node of a model's graph, folded. Replayed on other inputs, the layer is called again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.errors import GraphError
from ..graph import Leaf, Node
from ..tensors.tensor import INPUT, Tensor
from ..tensors.tree import flatten


class ArgumentSlot:
    """Stands for tensor number `index` of a call in its arguments."""

    def __init__(self, index: int) -> None:
        self.index = index


class LayerCall:
    """Which layer was called and how: its arguments, with a `ArgumentSlot` for each tensor."""

    def __init__(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer, self.args, self.kwargs = layer, args, kwargs

    def arguments(self, given: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with `given` in the tensors' places."""
        flat, build = flatten([list(self.args), self.kwargs])
        args, kwargs = build([given[x.index] if isinstance(x, ArgumentSlot) else x for x in flat])
        return tuple(args), kwargs


class LayerCallRecord(Leaf):
    """The record of a layer's call. Its places are its outputs."""

    leaf = False

    def plan(self, specs: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
        raise GraphError("a layer's call read as a primitive", "the model to be called", "call the model on data")

    def again(self, node: Node, inputs: Sequence[Any]) -> list[Any]:
        """The outputs of the layer on these inputs."""
        call: LayerCall = node.attributes["call"]
        args, kwargs = call.arguments(inputs)
        return flatten(call.layer(*args, **kwargs))[0]


LAYER_CALL = LayerCallRecord("layer")


def is_model_tensor(tensors: Sequence[Tensor]) -> bool:
    """Whether a call on these is one node of a model, rather than something to compute: they come from an `Input`."""
    return any(is_keras_tensor(t) for t in tensors)


def is_keras_tensor(x: Any) -> bool:
    """Whether x is symbolic and comes from an `Input` (``keras.utils.is_keras_tensor``)."""
    return isinstance(x, Tensor) and x.value is None and _from_input(x)


def _from_input(tensor: Tensor) -> bool:
    node: Any = tensor
    todo, seen = [node], {node.serial}
    while todo:
        node = todo.pop()
        if node.operation is LAYER_CALL or (node.operation is INPUT and "layer" in node.attributes):
            return True
        for n in node.inputs:
            if n.serial not in seen and n.value is None:
                seen.add(n.serial)
                todo.append(n)
    return False
