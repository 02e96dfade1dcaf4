"""A graph: the nodes between chosen inputs and outputs, in topological order. Data only."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from .apply import plan_for
from .node import Node, ancestors
from .spec import Specs, spec_of, without_placeholder


class Graph:
    """The nodes from `inputs`, which are not among them, to `outputs`.

    Attributes:
        inputs: nodes whose values are passed in; traversal stops there.
        outputs: the nodes to compute.
        derives: for the body of a call's derivative: which of the call's inputs the outputs belong to, which positions
            of its body are read, and the positions of the upstreams; inputs come in that order.
        nodes: everything between, constants included, in topological order.
        order: inputs followed by nodes; a node's *position* is its index here.
    """

    derivative_of: tuple[tuple[int, ...], list[int], list[tuple[int, ...]]] | None = None
    has_placeholder = False  # traced with a number in place of an unknown batch: only its specs are right

    def __init__(self, inputs: Iterable[Node], outputs: Iterable[Node]) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.nodes = tuple(ancestors(self.outputs, stop=self.inputs))
        self.order = self.inputs + self.nodes
        self.derivatives: dict[Any, Any] = {}  # a body's derivative graphs, cached by `differentiate`

    def __repr__(self) -> str:
        return f"Graph({len(self.inputs)} inputs, {len(self.nodes)} nodes, {len(self.outputs)} outputs)"

    @cached_property
    def position(self) -> dict[int, int]:
        """The index of each node in `order`, by serial."""
        return {node.serial: i for i, node in enumerate(self.order)}

    @cached_property
    def specs(self) -> Specs:
        """The spec of every position; sizes are ``None`` where a placeholder was used to trace."""
        if self.has_placeholder:
            return Specs([_without_placeholder(node.spec) for node in self.order])
        return Specs([node.spec for node in self.order])

    @cached_property
    def steps(self) -> list[tuple[int, Any, tuple[int, ...]]]:
        """The steps of a run: (position, function of arrays, positions of its inputs) of each node but constants."""
        steps = []
        for i, node in enumerate(self.nodes, start=len(self.inputs)):
            if not node.operation.leaf:
                plan = plan_for(node.operation, tuple(n.spec for n in node.inputs), node.attributes)
                steps.append((i, plan.run, tuple(self.position[n.serial] for n in node.inputs)))
        return steps

    @cached_property
    def constants(self) -> list[Any]:
        """The values by position before a run: those of leaves, ``None`` elsewhere."""
        inputs: list[Any] = [None] * len(self.inputs)
        return inputs + [node.value if node.operation.leaf else None for node in self.nodes]


def _without_placeholder(spec: Any) -> Any:
    return spec if isinstance(spec, Specs) else spec_of(without_placeholder(spec.shape), spec.dtype)
