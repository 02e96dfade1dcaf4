"""A node: an operation applied to nodes. Data only; an operation's rules are in its record (`ops`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..core.errors import GraphError
from .source_info import SourceInfo, line_of
from .spec import Spec

serials = count(1)


class Plan(NamedTuple):
    """What `apply` needs for given input specs and attributes, computed once by the record.

    Attributes:
        spec: the result's spec.
        casts: the dtype each input is cast to first, or ``None``.
        run: the function of arrays that computes the result's array.
    """

    spec: Any
    casts: tuple[np.dtype[Any] | None, ...] | None
    run: Any


class OperationRecord(Protocol):
    """What the graph needs to know of an operation; `chainrule.ops.record.Operation` implements it."""

    @property
    def name(self) -> str:
        """The operation's name."""

    @property
    def plans(self) -> dict[Any, Any]:
        """The plans made so far."""

    @property
    def leaf(self) -> bool:
        """Whether its nodes have no inputs."""

    @property
    def stops_gradient(self) -> bool:
        """Whether its output is a constant on purpose."""

    @property
    def is_barrier(self) -> bool:
        """Whether its value may not be computed before those of its other inputs."""

    def plan(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Any:
        """Return the `Plan` for these input specs and attributes."""
        ...


class Node:
    """One application of an operation.

    Attributes:
        operation: the record; a leaf (constant, variable, input) is an operation without inputs.
        inputs: the nodes it reads, in order.
        attributes: the static arguments, such as ``axis``.
        spec: shape and dtype.
        value: the array, or ``None`` when symbolic.
        tracked: whether a variable or watched tensor is among its ancestors (or a `Detached`, which is false).
        source_info: its scope and the user's line.
        serial: grows with creation, so sorting by it gives a topological order.
    """

    __slots__ = (
        "__weakref__",
        "attributes",
        "inputs",
        "operation",
        "serial",
        "source_info",
        "spec",
        "tracked",
        "value",
    )

    def __init__(
        self,
        operation: OperationRecord,
        inputs: tuple[Node, ...],
        attributes: dict[str, Any],
        spec: Any,
        value: Any,
        tracked: bool | Detached,
        source_info: SourceInfo | None,
    ) -> None:
        self.operation = operation
        self.inputs = inputs
        self.attributes = attributes
        self.spec = spec
        self.value = value
        self.tracked = tracked
        self.source_info = source_info
        self.serial = next(serials)

    @property
    def scope(self) -> str:
        """The scopes it was made in, outermost first, joined by ``/``."""
        return self.source_info.scope if self.source_info else ""

    @property
    def line(self) -> str:
        """The user's line that made it."""
        return line_of(self.source_info)

    @property
    def call(self) -> Node | None:
        """The call of which this node is an output: a `CallNode`, or a recorded call; ``None`` for all other nodes."""
        return self.inputs[0] if self.operation is GET_OUTPUT else None

    @property
    def source(self) -> Node:
        """The node that computes the value: the call of which this node is an output, else the node itself."""
        call = self.call
        return self if call is None else call

    @property
    def position(self) -> int:
        """Of an output of a call, the position of its value among the call's values."""
        position: int = self.attributes["position"]
        return position


class Leaf:
    """The record of a node without inputs, which is never run."""

    leaf = True
    simple = False
    stops_gradient = False
    is_barrier = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.plans: dict[Any, Any] = {}

    def plan(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Any:
        """Raise `GraphError`: a leaf is not run."""
        raise GraphError(f"a leaf {self.name!r} to be run", "an operation", "give its value as an input")

    def __repr__(self) -> str:
        return self.name


CONSTANT = Leaf("constant")


class GetOutput(Leaf):
    """The record of a node that takes one value out of a call. Its gradient is the call's."""

    leaf = False
    format = "{0}"
    gradient_note = "get_output passes the gradient to the call it reads"

    def plan(self, specs: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
        """Return the plan that takes the value at the position."""
        position = attributes["position"]
        return Plan(specs[0][position], None, itemgetter(position))


GET_OUTPUT = GetOutput("get_output")


class Detached:
    """The value of ``tracked``, which counts as false, for a node made from a gradient without its history.

    Differentiating through it with respect to one of its `leaves` would silently miss a path, so `gradients` refuses.
    """

    __slots__ = ("leaves",)

    def __init__(self, leaves: frozenset[int]) -> None:
        self.leaves = leaves

    def __bool__(self) -> bool:
        return False


def merge_detached(tracked: Iterable[bool | Detached]) -> bool | Detached:
    """Return ``tracked`` of a constant made from untracked nodes: their detached leaves, the newest ones, if any."""
    leaves: frozenset[int] = frozenset()
    for t in tracked:
        if isinstance(t, Detached):
            leaves |= t.leaves
    return Detached(frozenset(sorted(leaves)[-256:])) if leaves else False  # a momentum would collect them for ever


def resolve(node: Node) -> Node:
    """Build the history of an eager gradient, which is deferred until it is needed (see `differentiate`)."""
    build: Callable[[], Node] | None = node.attributes.get("build") if node.operation.leaf else None
    if build is not None:
        built = build()
        node.operation, node.inputs, node.attributes = built.operation, built.inputs, built.attributes
        node.source_info, node.serial = built.source_info, built.serial
        if not built.inputs:  # a gradient that depends on nothing
            node.tracked = False
    return node


def ancestors(outputs: Iterable[Node], stop: Iterable[Node] = ()) -> list[Node]:
    """Return every node the outputs depend on, themselves included, in topological order; not beyond `stop`.

    Iterative, so that long chains do not exceed the recursion limit.
    """
    stopped = {node.serial for node in stop}
    seen: dict[int, Node] = {}
    stack = [resolve(node) for node in outputs]
    while stack:
        node = stack.pop()
        serial = node.serial
        if serial not in seen and serial not in stopped:
            seen[serial] = node
            stack.extend(node.inputs)
    return [seen[serial] for serial in sorted(seen)]


def tracked_ancestors(output: Node) -> tuple[list[Node], frozenset[int]]:
    """Return `ancestors` without constants, which a gradient can flow through, and the serials of detached leaves."""
    output = resolve(output)
    seen = {output.serial: output}
    stack = [output]
    untracked = [] if output.inputs else [output.tracked]  # a gradient itself has its history, once it is resolved
    while stack:
        for node in stack.pop().inputs:
            if node.tracked:
                if node.serial not in seen:
                    seen[node.serial] = node
                    stack.append(node)
            elif node.tracked is not False:
                untracked.append(node.tracked)
    detached = merge_detached(untracked)
    leaves = detached.leaves if isinstance(detached, Detached) else frozenset()
    return [seen[serial] for serial in sorted(seen)], leaves
