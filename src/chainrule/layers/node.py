"""A layer's call as one node of a model's graph, folded. Replayed on other inputs, the layer is called again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GraphError
from ..graph import Leaf, Node
from ..tensor import INPUT, Tensor


class LayerCall:
    """Which layer was called, and how to call it again on other tensors in place of those it was given."""

    def __init__(self, layer: Any, again: Callable[[Sequence[Any]], Any]) -> None:
        self.layer, self.again = layer, again


class LayerCallRecord(Leaf):
    """The record of a layer's call. Its places are its outputs."""

    leaf = False

    def plan(self, specs: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
        raise GraphError("a layer's call read as a primitive", "the model to be called", "call the model on data")

    def again(self, node: Node, inputs: Sequence[Any]) -> list[Any]:
        """The outputs of the layer on these inputs."""
        from ..readings.nested import flatten

        return flatten(node.attributes["call"].again(inputs), numbers=False)[0]


LAYER_CALL = LayerCallRecord("layer")


def of_a_model(tensors: Sequence[Tensor]) -> bool:
    """Whether a call on these is one node of a model, rather than something to compute: they come from an `Input`."""
    return any(t.value is None and _from_input(t) for t in tensors)


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
