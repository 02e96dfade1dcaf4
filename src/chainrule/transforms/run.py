"""Run a graph on values, or rebuild it on other nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.errors import GraphError, ShapeError
from ..graph import CallNode, Graph, Node, apply, interpret
from ..ops.calls import Composite, apply_call
from ..ops.recorded import RecordedCallRecord
from ..tensors.convert import as_tensor
from ..tensors.tensor import INPUT, Tensor, get_output
from ..tensors.tree import flatten

Step = Callable[[Node, list[Any]], Any]


def rebuild(
    graph: Graph, inputs: Sequence[Tensor], step: Step | None = None, leaf: Callable[[Node], Any] = lambda node: node
) -> list[Any]:
    """Build the graph again on other inputs, by the same rules.

    A graph with an unknown batch becomes one of concrete sizes in this way.

    Args:
        step: builds one node from its new inputs; default: `rebuild_node`.
        leaf: what replaces a leaf; default: the leaf itself.

    Returns:
        The new node at every position of the graph.
    """
    return interpret(graph, inputs, step or rebuild_node, leaf)


def rebuild_node(node: Node, inputs: list[Any]) -> Any:
    """Apply a node's operation to other inputs; a composite is traced anew where their sizes differ."""
    operation: Any = node.operation
    if isinstance(operation, RecordedCallRecord):
        return operation.replay(node, inputs)
    if node.call is not None:
        return inputs[0][node.position] if isinstance(inputs[0], list) else get_output(inputs[0], node.position)
    if not isinstance(node, CallNode):
        return apply(operation, tuple(inputs), node.attributes)
    specs, body = tuple([t.spec for t in inputs]), node.body
    if isinstance(operation, Composite) and specs != tuple([n.spec for n in node.inputs]):
        body = operation.body(specs, node.attributes)
    return apply_call(operation, tuple(inputs), node.attributes, body)


def run(outputs: Any, feed: Mapping[Tensor, Any] | None = None) -> Any:
    """Compute the values of symbolic tensors from values of their inputs.

    Args:
        outputs: a tensor, or a list, tuple or dictionary of them.
        feed: a value for every symbolic input they depend on. An unknown batch may have any size.

    Returns:
        Tensors in the same structure.

    Raises:
        GraphError: naming an input without a value.
        ShapeError: for a value that does not fit its input.

    >>> import chainrule as cr
    >>> x = cr.symbolic((None, 2), name="x")
    >>> run((x * x).sum(axis=1), {x: [[1.0, 2.0], [3.0, 4.0]]})
    tensor([ 5., 25.])
    """
    targets, unflatten = flatten(outputs, lists_are_arrays=True)
    for target in targets:
        if not isinstance(target, Tensor):
            raise GraphError(f"{type(target).__name__} to be run", "a tensor, or several", "pass the tensors you built")
    inputs = {node.serial: (node, as_tensor(value)) for node, value in (feed or {}).items()}
    for node, value in inputs.values():
        pairs = zip(value.shape, node.shape, strict=False)
        fits = len(value.shape) == len(node.shape) and all(m in (None, n) for n, m in pairs)
        if not fits:
            passed = f"a value of shape {value.shape} for the input {node.name!r}"
            raise ShapeError(passed, f"shape {node.shape}", "reshape the value")
    graph = Graph([node for node, _ in inputs.values()], targets)
    for ancestor in graph.nodes:
        if ancestor.operation is INPUT:
            name = ancestor.attributes.get("name", "unnamed")
            passed = f"no value for the input {name!r}"
            raise GraphError(passed, "a value for every symbolic input", "add it to `feed`", ancestor.line)
    values = [value.cast_to(node.dtype) for node, value in inputs.values()]
    with np.errstate(all="ignore"):
        nodes = rebuild(graph, values)
    return unflatten([nodes[graph.position[target.serial]] for target in targets])
