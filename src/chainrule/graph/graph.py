"""A graph: the nodes between given inputs and outputs, in order. Data only."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from .apply import plan_for
from .node import Node, ancestors
from .spec import Specs, spec_of, without_placeholder


class Graph:
    """The nodes from `inputs` (exclusive cut) to `outputs`.

    Attributes:
        inputs: nodes whose values are given; traversal stops there.
        outputs: nodes asked for.
        derives: for the body of a call's derivative: which of the call's inputs the outputs belong to, which places of
            its body are read, and the places of the upstreams; inputs come in that order.
        nodes: everything between in topological order, constants included.
        order: inputs followed by nodes; a node's *place* is its index here.
    """

    derives: tuple[tuple[int, ...], list[int], list[tuple[int, ...]]] | None = None
    has_placeholder = False  # traced with a number in place of an unknown batch: only its specs are true

    def __init__(self, inputs: Iterable[Node], outputs: Iterable[Node]) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.nodes = tuple(ancestors(self.outputs, stop=self.inputs))
        self.order = self.inputs + self.nodes
        self.derivatives: dict[Any, Any] = {}  # `differentiate` keeps a body's derivative graphs here

    def __repr__(self) -> str:
        return f"Graph({len(self.inputs)} inputs, {len(self.nodes)} nodes, {len(self.outputs)} outputs)"

    @cached_property
    def position(self) -> dict[int, int]:
        """The index in `order` of each node, by serial."""
        return {node.serial: i for i, node in enumerate(self.order)}

    @cached_property
    def specs(self) -> Specs:
        """The spec of every place; unknown again where a stand-in was used to trace."""
        if self.has_placeholder:
            return Specs([_unknown_again(node.spec) for node in self.order])
        return Specs([node.spec for node in self.order])

    @cached_property
    def steps(self) -> list[tuple[int, Any, tuple[int, ...]]]:
        """What running does: (place, function of arrays, places of its inputs) for all but constants."""
        steps = []
        for i, node in enumerate(self.nodes, start=len(self.inputs)):
            if not node.operation.leaf:
                plan = plan_for(node.operation, tuple(n.spec for n in node.inputs), node.attributes)
                steps.append((i, plan.run, tuple(self.position[n.serial] for n in node.inputs)))
        return steps

    @cached_property
    def constants(self) -> list[Any]:
        """The values by place before anything ran: leaves that hold one, ``None`` elsewhere."""
        empty: list[Any] = [None] * len(self.inputs)
        return empty + [node.value if node.operation.leaf else None for node in self.nodes]


def _unknown_again(spec: Any) -> Any:
    return spec if isinstance(spec, Specs) else spec_of(without_placeholder(spec.shape), spec.dtype)
