"""Run a graph: give its inputs values, or other nodes, and get its outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.errors import GraphError, ShapeError
from ..graph import Graph, Node, apply
from ..ops.record import GET_OUTPUT, Composite, attributes_of, get_output
from ..tensors.tensor import INPUT, Tensor, as_tensor
from ..tensors.tree import flatten

Rebuild = Callable[[Node, list[Any]], Any]


def rebuild(
    graph: Graph, inputs: Sequence[Tensor], step: Rebuild | None = None, leaf: Callable[[Node], Any] | None = None
) -> list[Any]:
    """The graph built again on other inputs, by the same rules; the nodes of every place.

    This is how a graph with an unknown batch becomes one of concrete sizes. `step` replaces how one node
    is built from its new inputs, `leaf` what stands for a leaf, which is kept as it is by default.
    """
    made: dict[int, Any] = {old.serial: new for old, new in zip(graph.inputs, inputs, strict=True)}
    for node in graph.nodes:
        if node.operation.leaf:
            made[node.serial] = leaf(node) if leaf else node
        else:
            made[node.serial] = (step or same)(node, [made[n.serial] for n in node.inputs])
    return [made[node.serial] for node in graph.order]


def same(node: Node, inputs: list[Any]) -> Any:
    """The same operation on other inputs; a composite is traced anew where their sizes differ."""
    operation: Any = node.operation
    if hasattr(operation, "again"):  # a layer's call, which knows itself how it is repeated
        return operation.again(node, inputs)
    if operation is GET_OUTPUT:
        position = node.attributes["position"]
        return inputs[0][position] if isinstance(inputs[0], list) else get_output(inputs[0], position)
    if isinstance(operation, Composite):
        specs = tuple(t.spec for t in inputs)
        if specs == tuple(n.spec for n in node.inputs):
            return apply(operation, tuple(inputs), node.attributes)
        attributes = attributes_of(node)
        return apply(operation, tuple(inputs), {**attributes, "body": operation.body(specs, attributes)})
    return apply(operation, tuple(inputs), node.attributes)


def run(outputs: Any, feed: Mapping[Tensor, Any] | None = None) -> Any:
    """The values of symbolic tensors, once their inputs are given.

    Args:
        outputs: a tensor, or a list, tuple or dictionary of them.
        feed: a value for every symbolic input they depend on. An unknown batch takes any size.

    Returns:
        Tensors in the same form.

    Raises:
        GraphError: naming an input that was given no value.
        ShapeError: for a value that does not fit its input.

    >>> import chainrule as cr
    >>> x = cr.symbolic((None, 2), name="x")
    >>> run((x * x).sum(axis=1), {x: [[1.0, 2.0], [3.0, 4.0]]})
    tensor([ 5., 25.])
    """
    wanted, build = flatten(outputs, lists_are_arrays=True)
    for found in wanted:
        if not isinstance(found, Tensor):
            raise GraphError(f"{type(found).__name__} to be run", "a tensor, or several", "pass the tensors you built")
    given = {node.serial: (node, as_tensor(value)) for node, value in (feed or {}).items()}
    for node, value in given.values():
        fits = len(value.shape) == len(node.shape) and all(
            m in (None, n) for n, m in zip(value.shape, node.shape, strict=True)
        )
        if not fits:
            raise ShapeError(
                f"a value of shape {value.shape} for the input {node.name!r}",
                f"shape {node.shape}",
                "reshape the value",
            )
    graph = Graph([node for node, _ in given.values()], wanted)
    for found in graph.nodes:
        if found.operation is INPUT:
            name = found.attributes.get("name", "unnamed")
            raise GraphError(
                f"no value for the input {name!r}", "a value for every symbolic input", "add it to `feed`", found.line
            )
    values = [value.cast_to(node.dtype) for node, value in given.values()]
    with np.errstate(all="ignore"):
        made = rebuild(graph, values)
    return build([made[graph.position[node.serial]] for node in wanted])
