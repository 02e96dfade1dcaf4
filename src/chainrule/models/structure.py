"""A functional model as plain data, and back: its layers, and the calls and operations between them, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import dtype_policies
from ..core.errors import GraphError, ValueProblem
from ..graph import CONSTANT, Node
from ..layers import Layer
from ..layers.layer_call import LAYER_CALL, ArgumentSlot
from ..ops.record import (
    GET_OUTPUT,
    Composite,
    Operation,
    attributes_of,
    freeze,
    get_output,
    registry,
)
from ..serialization.registry import custom_object_scope, deserialize, serialize
from ..tensors.tensor import INPUT, Tensor, constant
from ..tensors.tree import flatten
from .functional import Functional


def functional_config(functional: Functional) -> dict[str, Any]:
    """Layers, nodes, and which nodes are inputs and outputs, by number."""
    number = {node.serial: i for i, node in enumerate(functional.graph.order)}
    layer_number = {id(layer): i for i, layer in enumerate(functional.layers)}

    def numbered(tensors: Any) -> Any:
        flat, build = flatten(tensors)
        return build([number[t.serial] for t in flat])

    nodes = [_node_config(node, number, layer_number) for node in functional.graph.order]
    return {
        "layers": [serialize(layer) for layer in functional.layers],
        "nodes": nodes,
        "input_layers": numbered(functional.inputs),
        "output_layers": numbered(functional.outputs),
    }


def _node_config(node: Node, number: dict[int, int], layer_number: dict[int, int]) -> dict[str, Any]:
    operation: Any = node.operation
    inputs = [number[n.serial] for n in node.inputs]
    if operation is INPUT and "layer" in node.attributes:
        return {"input": layer_number[id(node.attributes["layer"])]}
    if operation is LAYER_CALL:
        call = node.attributes["call"]
        return {
            "layer": layer_number[id(call.layer)],
            "inputs": inputs,
            "args": _places(list(call.args)),
            "kwargs": _places(call.kwargs),
        }
    if operation is CONSTANT:
        return {"constant": serialize(node.value), "weak": bool(node.spec.weak)}
    if operation is GET_OUTPUT:
        return {"pick": node.attributes["position"], "inputs": inputs}
    if operation.leaf:
        raise GraphError(
            f"the variable {node.attributes.get('name', '')!r} used between layers",
            "variables that belong to layers",
            "write a Layer that holds it with add_weight",
            node.line,
        )
    if operation.name not in registry:
        raise GraphError(
            f"an operation of your own, {operation.__name__}, between a model's layers",
            "what a file can name",
            "call it in a Layer of yours, and load with custom_objects",
            node.line,
        )
    return {"operation": operation.name, "inputs": inputs, "attributes": serialize(attributes_of(node))}


def _places(x: Any) -> Any:
    """Arguments as data; a tensor's place is written as ``{"tensor": number}``."""
    if isinstance(x, ArgumentSlot):
        return {"tensor": x.index}
    if isinstance(x, dict):
        return {k: _places(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [_places(v) for v in x]
    return serialize(x)


def _arguments(x: Any, tensors: list[Any]) -> Any:
    if isinstance(x, dict):
        if set(x) == {"tensor"}:
            return _at(tensors, x["tensor"])
        return {k: _arguments(v, tensors) for k, v in x.items()} if "class_name" not in x else deserialize(x)
    if isinstance(x, list):
        return [_arguments(v, tensors) for v in x]
    return x


def from_functional_config(
    cls: Any, config: dict[str, Any], custom_objects: Any = None, replace: Callable[[int], Layer] | None = None
) -> Any:
    """The model that `functional_config` described; `replace` gives a layer by number in place of the described one."""
    with custom_object_scope(custom_objects or {}):
        layers: list[Layer] = [
            replace(i) if replace is not None else deserialize(data) for i, data in enumerate(config["layers"])
        ]
        for layer in layers:
            if not isinstance(layer, Layer):
                raise ValueProblem(f"{type(layer).__name__} among a model's layers", "layers", "check the file")
        made: list[Any] = []
        for data in config["nodes"]:
            made.append(_node(data, layers, made))

    def tensors(numbers: Any) -> Any:
        flat, build = flatten(numbers)
        return build([_at(made, i) for i in flat])

    model = cls(
        inputs=tensors(config["input_layers"]), outputs=tensors(config["output_layers"]), name=config.get("name")
    )
    if not config.get("trainable", True):
        model._trainable = False
    if "dtype" in config:
        model.dtype_policy = dtype_policies.get(config["dtype"])
    return model


def _at(made: Sequence[Any], i: Any) -> Any:
    """Number `i` of what was made before: a description may not point ahead, nor count from the end."""
    if isinstance(i, bool) or not isinstance(i, int) or not 0 <= i < len(made):
        raise ValueProblem(f"a reference to number {i!r} of {len(made)}", "what comes before it", "check the file")
    return made[i]


def _node(data: dict[str, Any], layers: list[Layer], made: list[Any]) -> Any:
    inputs = [_at(made, i) for i in data.get("inputs", ())]
    if "input" in data:
        return _at(layers, data["input"]).output
    if "layer" in data:
        args, kwargs = _arguments(data["args"], inputs), _arguments(data["kwargs"], inputs)
        outputs = flatten(_at(layers, data["layer"])(*args, **kwargs))[0]
        return outputs[0].inputs[0]  # the call's node; its outputs are picks of it
    if "constant" in data:
        return _constant(data)
    if "pick" in data:
        return get_output(inputs[0], data["pick"])
    record = registry.get(data["operation"])
    if not isinstance(record, Operation):
        raise ValueProblem(
            f"the unknown operation {data['operation']!r}", "an operation of this library", "update chainrule"
        )
    if all(x.value is not None for x in inputs):  # such a one would be computed here, however large; none is written
        raise ValueProblem(f"the operation {record.name!r} of constants alone", "its value", "check the file")
    attributes = {k: freeze(v) for k, v in data["attributes"].items()}
    if isinstance(record, Composite):
        raise GraphError(f"the composite {record.name!r} as one node", "its call node", "check the file")
    return record(*inputs, **attributes)


def _constant(data: dict[str, Any]) -> Tensor:
    from ..tensors.tensor import number

    array = deserialize(data["constant"])
    return number(array.item()) if data["weak"] else constant(array)
