"""Call nodes that are lowered in another form than their bodies, by name, forward and backward.

A replacement computes some values of the body; any other that is read is computed from the body.
"""

from __future__ import annotations

from typing import Any

from .lax import flat_positions, pool_geometry, scatter_to_winners, window_winners
from .lower import Replacement, Values


class MaxPoolValues(Values):
    """The values of a max-pooling, with the position in its window of each largest entry."""

    winner: Any


def forward_values(values: Values, node: Any) -> Any:
    """Return the values of the call whose derivative `node` is; ``None`` where the derivative reads none of them.

    Only the values that the derivative saves are followed, not the call's own inputs: these may come from another call
    of the same name.
    """
    derivative_of = node.body.derivative_of
    if derivative_of is None:
        return None
    _, saved, upstreams = derivative_of
    end = len(node.inputs) - len(upstreams)
    for n in node.inputs[end - len(saved) : end]:
        if n.call is not None:
            return values.of(n.call)
    return None


def _max_pool(values: Values, node: Any) -> Values:
    body, x = node.body, values.of(node.inputs[0])
    result = MaxPoolValues(body, [x], values.replacements)
    g = pool_geometry(x, *[node.attributes[k] for k in ("pool_size", "strides", "padding")])
    largest, result.winner = window_winners(x, g)
    result.known[len(body.order) - 1] = largest
    for position, n in enumerate(body.order):
        if n.operation.name == "max_pool_index":
            result.known[position] = flat_positions(result.winner, g)
    return result


def _max_pool_gradient(values: Values, node: Any) -> Values | None:
    forward, body = forward_values(values, node), node.body
    if not isinstance(forward, MaxPoolValues) or len(body.outputs) != 1:
        return None
    inputs = values.inputs_of(node)
    result = Values(body, inputs, values.replacements)
    g = pool_geometry(inputs[0], *[node.attributes[k] for k in ("pool_size", "strides", "padding")])
    result.known[body.position[body.outputs[0].serial]] = scatter_to_winners(inputs[-1], forward.winner, g)
    return result


REPLACEMENTS: dict[str, Replacement] = {"max_pool": _max_pool, "max_pool_gradient": _max_pool_gradient}
