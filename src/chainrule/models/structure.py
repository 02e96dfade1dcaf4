"""Convert a functional model to plain data and back: its layers, and the calls and operations between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import dtype_policies
from ..core.arguments import whole_number
from ..core.errors import GraphError, ValueProblem
from ..graph import CONSTANT, Node
from ..layers import Layer
from ..layers.layer_call import LAYER_CALL, ArgumentSlot
from ..ops.calls import Composite, get_output
from ..ops.record import Operation, freeze, registry
from ..serialization.names import custom_object_scope
from ..serialization.serialize import deserialize, serialize
from ..tensors import tree
from ..tensors.convert import number
from ..tensors.tensor import INPUT, Tensor, constant
from .functional import Functional


def functional_config(functional: Functional) -> dict[str, Any]:
    """Return layers, nodes, and the numbers of the nodes that are inputs and outputs."""
    numbers = {node.serial: i for i, node in enumerate(functional.graph.order)}
    layer_numbers = {id(layer): i for i, layer in enumerate(functional.layers)}

    nodes = [_node_config(node, numbers, layer_numbers) for node in functional.graph.order]
    return {
        "layers": [serialize(layer) for layer in functional.layers],
        "nodes": nodes,
        "input_layers": tree.map(lambda t: numbers[t.serial], functional.inputs),
        "output_layers": tree.map(lambda t: numbers[t.serial], functional.outputs),
    }


def _node_config(node: Node, numbers: dict[int, int], layer_numbers: dict[int, int]) -> dict[str, Any]:
    """Return a node as plain data."""
    operation: Any = node.operation
    inputs = [numbers[n.serial] for n in node.inputs]
    if operation is INPUT and "layer" in node.attributes:
        return {"input": layer_numbers[id(node.attributes["layer"])]}
    if operation is LAYER_CALL:
        call = node.attributes["call"]
        return {
            "layer": layer_numbers[id(call.layer)],
            "inputs": inputs,
            "args": _arguments_as_data(list(call.args)),
            "kwargs": _arguments_as_data(call.kwargs),
        }
    if operation is CONSTANT:
        return {"constant": serialize(node.value), "weak": bool(node.spec.weak)}
    if node.call is not None:
        return {"pick": node.position, "inputs": inputs}
    if operation.leaf:
        raise GraphError(
            f"the variable {node.attributes.get('name', '')!r} used between layers",
            "variables that belong to layers",
            "write a Layer that creates it with add_weight",
            node.line,
        )
    if operation.name not in registry:
        raise GraphError(
            f"the custom operation {operation.__name__} between a model's layers",
            "operations that a file can name",
            "call it in a custom Layer, and load with custom_objects",
            node.line,
        )
    return {"operation": operation.name, "inputs": inputs, "attributes": serialize(node.attributes)}


def _arguments_as_data(x: Any) -> Any:
    """Return arguments as data; a tensor is written as ``{"tensor": number}``."""
    if isinstance(x, ArgumentSlot):
        return {"tensor": x.index}
    if isinstance(x, dict):
        return {k: _arguments_as_data(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [_arguments_as_data(v) for v in x]
    return serialize(x)


def _data_as_arguments(x: Any, tensors: list[Any]) -> Any:
    """Undo `_arguments_as_data`, with these tensors."""
    if isinstance(x, dict):
        if set(x) == {"tensor"}:
            return _lookup(tensors, x["tensor"])
        return {k: _data_as_arguments(v, tensors) for k, v in x.items()} if "class_name" not in x else deserialize(x)
    if isinstance(x, list):
        return [_data_as_arguments(v, tensors) for v in x]
    return x


def from_functional_config(
    cls: Any, config: dict[str, Any], custom_objects: Any = None, replace: Callable[[int], Layer] | None = None
) -> Any:
    """Return the model that `functional_config` described; `replace` may return other layers by number."""
    with custom_object_scope(custom_objects or {}):
        layers: list[Layer] = [
            replace(i) if replace is not None else deserialize(data) for i, data in enumerate(config["layers"])
        ]
        for layer in layers:
            if not isinstance(layer, Layer):
                raise ValueProblem(f"{type(layer).__name__} among a model's layers", "layers", "check the file")
        nodes: list[Node] = []
        for data in config["nodes"]:
            nodes.append(_node(data, layers, nodes))
    model = cls(
        inputs=tree.map(lambda i: _lookup(nodes, i), config["input_layers"]),
        outputs=tree.map(lambda i: _lookup(nodes, i), config["output_layers"]),
        name=config.get("name"),
    )
    if not config.get("trainable", True):
        model._trainable = False
    if "dtype" in config:
        model.dtype_policy = dtype_policies.get(config["dtype"])
    return model


def _lookup(items: Sequence[Any], i: Any) -> Any:
    """Return number `i` of the items so far: a description may not refer to later ones, nor count from the end."""
    index = whole_number(i)
    if index is None or not 0 <= index < len(items):
        raise ValueProblem(f"a reference to number {i!r} of {len(items)}", "a number before it", "check the file")
    return items[index]


def _node(data: dict[str, Any], layers: list[Layer], nodes: list[Node]) -> Node:
    """Build a node from its description."""
    inputs = [_lookup(nodes, i) for i in data.get("inputs", ())]
    if "input" in data:
        return _lookup(layers, data["input"]).output
    if "layer" in data:
        args, kwargs = _data_as_arguments(data["args"], inputs), _data_as_arguments(data["kwargs"], inputs)
        outputs = tree.flatten(_lookup(layers, data["layer"])(*args, **kwargs))[0]
        return outputs[0].inputs[0]  # the call node, whose outputs are nodes of their own
    if "constant" in data:
        return _constant(data)
    if "pick" in data:
        return get_output(inputs[0], data["pick"])
    record = registry.get(data["operation"])
    if not isinstance(record, Operation):
        raise ValueProblem(
            f"the unknown operation {data['operation']!r}", "an operation of this library", "update chainrule"
        )
    if all(x.value is not None for x in inputs):  # it would be computed here, however large; no such node is saved
        raise ValueProblem(f"the operation {record.name!r} of constants only", "its value", "check the file")
    attributes = {k: freeze(v) for k, v in data["attributes"].items()}
    if isinstance(record, Composite):
        raise GraphError(f"the composite {record.name!r} as one node", "its call node", "check the file")
    return record(*inputs, **attributes)


def _constant(data: dict[str, Any]) -> Tensor:
    """Build a constant from its description."""
    array = deserialize(data["constant"])
    return number(array.item()) if data["weak"] else constant(array)
