"""What patterns know of the gradient of a call, which is a call too: what it reads, and of what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ....graph import CallNode, Node, Spec
from ..calls import position_of, producer, result_of
from .rewriting import Index, Rewrite


class Gradient(NamedTuple):
    """A call that is the gradient of another call's only result.

    Attributes:
        node: the call. inputs: those of the other call. upstream: of its result.
        forward: the other call; ``None`` where none of its values are read.
        positions: by number of the other call's input, the position of its gradient, where that is read.
    """

    node: CallNode
    inputs: tuple[Node, ...]
    upstream: Node
    forward: CallNode | None
    positions: dict[int, int]


def gradient_of(index: Index, node: Node) -> Gradient | None:
    """Return what a gradient's call reads, or ``None`` if it is that of several results, or of values inside a body."""
    if not isinstance(node, CallNode) or node.body.derivative_of is None:
        return None
    by, saved, upstreams = node.body.derivative_of
    if len(upstreams) != 1 or len(upstreams[0]) != 1:
        return None
    count = len(node.inputs) - len(saved) - 1
    forward = producer(node.inputs[count], node.operation.name.removesuffix("_gradient")) if saved else None
    if saved and (forward is None or upstreams[0][0] != result_of(forward)):
        return None
    read = {position_of(n) for n in index.outputs(node)}
    results = zip(by, [node.body.position[n.serial] for n in node.body.outputs], strict=True)
    positions = {i: position for i, position in results if position in read}
    return Gradient(node, node.inputs[:count], node.inputs[-1], forward, positions)


def gradients_of(index: Index, call: CallNode) -> list[Gradient]:
    """Return the gradients of a call's result that read some of the call's values."""
    name = call.operation.name + "_gradient"
    readers = [n for output in index.outputs(call) for n in index.consumers(output) if n.operation.name == name]
    gradients = [gradient_of(index, n) for n in {n.serial: n for n in readers}.values()]
    return [g for g in gradients if g is not None and g.forward is call]


def computed(
    index: Index, gradient: Gradient, name: str, inputs: Sequence[Node], attributes: dict[str, Any] | None = None,
    members: Sequence[Node] = (), others: Sequence[Spec] = (),
) -> list[Rewrite]:  # fmt: skip
    """Compute a gradient from `inputs` by the kernel `name`: no rewrite if that does not take it.

    Args:
        attributes: default those of the gradient; ``by`` is added, the numbers of the inputs whose gradients are read.
        members: what is replaced besides the gradient. others: the specs of further results.
    """
    by = tuple(sorted(gradient.positions))
    specs = [*[gradient.inputs[i].spec for i in by], *others]
    attributes = {**(gradient.node.attributes if attributes is None else attributes), "by": by}
    call = index.accepted(name, inputs, attributes, specs, gradient.node, *members) if by else None
    if call is None:
        return []
    results = {(gradient.node.serial, gradient.positions[i]): k for k, i in enumerate(by)}
    return [Rewrite(call, results, (gradient.node, *members))]


def inputs_of_layer(index: Index, gradient: Gradient) -> list[Node] | None:
    """Return what the gradient of a layer is computed from: input, kernel, its output if that went through an
    activation, and upstream; ``None`` where the output is not known."""
    x, kernel, *_ = gradient.inputs
    if gradient.node.attributes["activation"] is None:
        return [x, kernel, gradient.upstream]
    if gradient.forward is None:
        return None
    return [x, kernel, index.result(gradient.forward), gradient.upstream]
