"""Call nodes as this engine reads and builds them, and what computes one as a whole: a kernel, found by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ...graph import GET_OUTPUT, CallNode, Node, SourceInfo, Spec, Specs
from ...ops.record import registry
from .lax import pool_geometry, scatter_to_winners, window_winners


class Kernel(NamedTuple):
    """What computes a fused call.

    Attributes:
        run: ``(node, *inputs) -> results``, of JAX arrays; `node` has the attributes and the results' specs.
        refusal: ``(node) -> reason``, by specs and attributes alone: why this call is left to XLA, or ``None``.
    """

    run: Callable[..., Sequence[Any]]
    refusal: Callable[[Node], str | None] = lambda node: None


class FusedCall:
    """The record of a fused call: a call without a body, whose value is the list of its results.

    Attributes:
        name: of the kernel that computes it. operations: the names of the operations that it replaces.
    """

    leaf = False
    stops_gradient = False
    is_barrier = False

    def __init__(self, name: str, operations: tuple[str, ...]) -> None:
        self.name, self.operations = name, operations
        self.plans: dict[Any, Any] = {}

    def plan(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Any:
        """Raise: only its kernel runs it."""
        raise NotImplementedError(f"{self.name} is run by its kernel")


def position_of(output: Node) -> int:
    """Return the position of an output among its call's values, from 0 up."""
    call, position = output.call, output.position
    return position + len(call.spec) if call is not None and position < 0 else position


def result_of(call: CallNode) -> int:
    """Return the position of a call's only result."""
    return len(call.body.order) - 1


def producer(node: Node, name: str) -> CallNode | None:
    """Return the call of this name that `node` is an output of, or ``None``."""
    call = node.call
    return call if isinstance(call, CallNode) and call.operation.name == name else None


# ---- nodes, which are data here: nothing is run, no rule of a record is asked


def new_output(call: Node, position: int) -> Node:
    """Return a new node, the output of a call at this position."""
    return _new_node(GET_OUTPUT, (call,), {"position": position}, call.spec[position], None, call.source_info)


def new_call(
    name: str, inputs: Sequence[Node], attributes: dict[str, Any], results: Sequence[Spec], members: Sequence[Node]
) -> Node:
    """Return a new fused call in place of the nodes `members`; it has the scope of the first."""
    record = FusedCall(name, tuple(n.operation.name for n in members))
    return _new_node(record, tuple(inputs), attributes, Specs(results), None, members[0].source_info)


def in_shape(node: Node, spec: Spec) -> Node:
    """Return a node with the entries of `node` in the shape of `spec`, or itself if it has that shape."""
    if node.spec.shape == spec.shape:
        return node
    return _new_node(registry["reshape"], (node,), {"newshape": spec.shape}, spec, None, node.source_info)


def copy_of(node: Node, inputs: Sequence[Node], source_info: SourceInfo | None = None) -> Node:
    """Return a copy of a node on other inputs."""
    where = source_info or node.source_info
    if isinstance(node, CallNode):
        return CallNode(node.operation, tuple(inputs), node.attributes, node.body, None, True, where)
    value = node.value if node.operation.leaf else None
    return _new_node(node.operation, tuple(inputs), node.attributes, node.spec, value, where)


def _new_node(
    operation: Any, inputs: tuple[Node, ...], attributes: dict[str, Any], spec: Any, value: Any, source_info: Any
) -> Node:
    return Node(operation, inputs, attributes, spec, value, True, source_info)


# ---- max-pooling in XLA's own operations, in another form than its body: by the winner of each window


def _max_pool(node: Node, x: Any) -> list[Any]:
    return list(window_winners(x, _pool_geometry(node, x.shape)))


def _max_pool_gradient(node: Node, winner: Any, upstream: Any) -> list[Any]:
    return [scatter_to_winners(upstream, winner, _pool_geometry(node, node.spec[0].shape))]


def _pool_geometry(node: Node, shape: tuple[int, ...]) -> Any:
    return pool_geometry(shape, *[node.attributes[k] for k in ("pool_size", "strides", "padding")])


REPLACEMENTS: dict[str, Kernel] = {
    "max_pool_by_windows": Kernel(_max_pool),
    "max_pool_by_windows_gradient": Kernel(_max_pool_gradient),
}
