"""Call nodes that XLA is given in another form than their bodies', by name, forward and backward.

A replacement knows some places of the body beforehand; any other that is asked for is computed from the body.
"""

from __future__ import annotations

from typing import Any

from ...graph import Node
from ...ops.record import GET_OUTPUT
from .lax import flat_places, pool_geometry, spread_to_winners, winners
from .lower import Replacement, Values


class Pooled(Values):
    """A max-pooling: which place of its window won, besides the body's places."""

    winner: Any


def forward_of(values: Values, node: Node) -> Any:
    """The values of the call whose derivative `node` is; ``None`` where they are not at hand.

    They are behind the places that the derivative reads, never behind the call's own inputs: the layer before may
    have been a call of the same name.
    """
    derives = node.attributes["body"].derives
    if derives is None:
        return None
    _, saved, upstreams = derives
    end = len(node.inputs) - len(upstreams)
    for n in node.inputs[end - len(saved) : end]:
        if n.operation is GET_OUTPUT:
            return values.of(n.inputs[0])
    return None


def _max_pool(values: Values, node: Node) -> Values:
    body, x = node.attributes["body"], values.of(node.inputs[0])
    made = Pooled(body, [x], values.replaced)
    g = pool_geometry(x, *[node.attributes[k] for k in ("pool_size", "strides", "padding")])
    largest, made.winner = winners(x, g)
    made.known[len(body.order) - 1] = largest
    for position, n in enumerate(body.order):
        if n.operation.name == "max_pool_index":
            made.known[position] = flat_places(made.winner, g)
    return made


def _max_pool_gradient(values: Values, node: Node) -> Values | None:
    forward, body = forward_of(values, node), node.attributes["body"]
    if not isinstance(forward, Pooled) or len(body.outputs) != 1:
        return None
    inputs = values.inputs_of(node)
    made = Values(body, inputs, values.replaced)
    g = pool_geometry(inputs[0], *[node.attributes[k] for k in ("pool_size", "strides", "padding")])
    made.known[body.position[body.outputs[0].serial]] = spread_to_winners(inputs[-1], forward.winner, g)
    return made


REPLACED: dict[str, Replacement] = {"max_pool": _max_pool, "max_pool_gradient": _max_pool_gradient}
