"""Convert a functional model to plain data and back: its layers, and the calls and operations between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import dtype_policies
from ..core import memory
from ..core.arguments import whole_number
from ..core.errors import GraphError, ValueProblem
from ..graph import CONSTANT, Node
from ..layers import Layer
from ..layers.layer_call import LAYER_CALL
from ..ops.calls import Composite
from ..ops.record import Operation, freeze, registry
from ..ops.recorded import FUNCTIONS, ArgumentSlot, RecordedCall, name_of
from ..serialization.names import custom_object_scope
from ..serialization.serialize import deserialize, serialize
from ..tensors import tree
from ..tensors.convert import number
from ..tensors.tensor import INPUT, Tensor, constant, get_output
from ..tensors.variable import Variable
from .functional import Functional


def functional_config(functional: Functional) -> dict[str, Any]:
    """Return layers, nodes, and the numbers of the nodes that are inputs and outputs."""
    numbers = {node.serial: i for i, node in enumerate(functional.graph.order)}
    layer_numbers = {id(layer): i for i, layer in enumerate(functional.layers)}
    return {
        "layers": [serialize(layer) for layer in functional.layers],
        "nodes": [_node_config(node, numbers, layer_numbers) for node in functional.graph.order],
        "input_layers": tree.map(lambda t: numbers[t.serial], functional.inputs),
        "output_layers": tree.map(lambda t: numbers[t.serial], functional.outputs),
    }


def _node_config(node: Node, numbers: dict[int, int], layer_numbers: dict[int, int]) -> dict[str, Any]:
    """Return a node as plain data."""
    operation: Any = node.operation
    inputs = [numbers[n.serial] for n in node.inputs]
    if operation is INPUT and "layer" in node.attributes:
        return {"input": layer_numbers[id(node.attributes["layer"])]}
    call: RecordedCall | None = node.attributes.get("call")
    if call is not None:
        arguments = {"args": _arguments_as_data(list(call.args), node), "kwargs": _arguments_as_data(call.kwargs, node)}
        if operation is LAYER_CALL:
            return {"layer": layer_numbers[id(call.function)], "inputs": inputs, **arguments}
        kind = "function" if FUNCTIONS.get(name_of(call.function)) is call.function else "composite"
        if kind == "composite" and name_of(call.function) not in registry:
            raise _custom_operation_error(node)
        return {kind: name_of(call.function), "inputs": inputs, **arguments}
    if operation is CONSTANT:
        return {"constant": serialize(node.value), "weak": bool(node.spec.weak)}
    if node.call is not None:
        return {"pick": node.position, "inputs": inputs}
    if operation.leaf:
        raise _variable_error(node.attributes.get("name", ""), node)
    return {"operation": operation.name, "inputs": inputs, "attributes": serialize(node.attributes)}


def _variable_error(name: str, node: Node) -> GraphError:
    return GraphError(
        f"the variable {name!r} used between layers",
        "variables that belong to layers",
        "write a Layer that creates it with add_weight",
        node.line,
    )


def _custom_operation_error(node: Node) -> GraphError:
    return GraphError(
        f"the custom operation {node.attributes['call'].function.__name__} between a model's layers",
        "operations that a file can name",
        "call it in a custom Layer, and load with custom_objects",
        node.line,
    )


def _arguments_as_data(x: Any, node: Node) -> Any:
    """Return arguments of a call as data; a tensor is written as ``{"tensor": number}``."""
    if isinstance(x, ArgumentSlot):
        return {"tensor": x.index}
    if isinstance(x, dict):
        return {k: _arguments_as_data(v, node) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [_arguments_as_data(v, node) for v in x]
    if isinstance(x, Variable):
        raise _variable_error(x.name, node)
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
        newest = 0  # the serial number of the newest node
        for data in config["nodes"]:
            node = _node(data, layers, nodes)
            memory.keep(_constant_bytes(node, newest), "the constants between a model's layers")
            nodes.append(node)
            newest = max(newest, node.serial)
    model = cls(
        inputs=tree.map(lambda i: _lookup(nodes, i), config["input_layers"]),
        outputs=tree.map(lambda i: _lookup(nodes, i), config["output_layers"]),
        name=config.get("name"),
        **({} if config.get("trainable", True) else {"trainable": False}),
    )
    if "dtype" in config:
        model.dtype_policy = dtype_policies.get(config["dtype"])
    return model


def _constant_bytes(node: Node, before: int) -> int:
    """Return the size of the constants that a node was made with, such as indices: those newer than number `before`."""
    seen, stack = {node.serial: node}, [node]
    while stack:
        for n in stack.pop().inputs:
            if n.serial > before and n.serial not in seen:
                seen[n.serial] = n
                stack.append(n)
    return sum(n.value.nbytes for n in seen.values() if n.operation is CONSTANT and n.value is not None)


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
    if "layer" in data or "function" in data or "composite" in data:
        args, kwargs = _data_as_arguments(data["args"], inputs), _data_as_arguments(data["kwargs"], inputs)
        _check_symbolic(next(name for name in ("layer", "function", "composite") if name in data), [*args, kwargs])
        outputs = tree.leaves(_callable(data, layers)(*args, **kwargs))
        return next(t for t in outputs if isinstance(t, Tensor)).source  # the call; its outputs are nodes of their own
    if "constant" in data:
        array = deserialize(data["constant"])
        return number(array.item()) if data["weak"] else constant(array)
    if "pick" in data:
        return get_output(inputs[0], data["pick"])
    record = _of_the_library(registry, data["operation"])
    _check_symbolic("operation", inputs)
    attributes = {k: freeze(v) for k, v in data["attributes"].items()}
    if not isinstance(record, Operation) or isinstance(record, Composite):
        raise GraphError(f"{data['operation']!r} as one operation", "a primitive operation", "check the file")
    return record(*inputs, **attributes)


def _check_symbolic(kind: str, arguments: Any) -> None:
    """Raise unless one of the arguments is symbolic; else it would be computed here, however large. None is saved."""
    if all(x.value is not None for x in tree.leaves(arguments) if isinstance(x, Tensor)):
        raise ValueProblem(f"a call of constants only, of a {kind}", "its value", "check the file")


def _callable(data: dict[str, Any], layers: list[Layer]) -> Callable[..., Any]:
    """Return what a recorded call calls: a layer, a function or a composite."""
    if "layer" in data:
        layer: Layer = _lookup(layers, data["layer"])
        return layer
    if "function" in data:
        return _of_the_library(FUNCTIONS, data["function"])
    return _of_the_library(registry, data["composite"])


def _of_the_library(known: Mapping[str, Any], name: Any) -> Any:
    """Return a function or an operation by its name."""
    if not isinstance(name, str) or name not in known:
        raise ValueProblem(f"the unknown operation {name!r}", "an operation of this library", "update chainrule")
    return known[name]
