"""A node: an operation applied to nodes. Data only; what an operation means is in its record (`ops`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, Protocol

from ..core.errors import GraphError
from .source_info import SourceInfo, line_of
from .spec import Spec

serials = count(1)


class OperationRecord(Protocol):
    """What the graph needs to know of an operation; `chainrule.ops.record.Operation` is the real thing."""

    name: str
    plans: dict[Any, Any]
    leaf: bool
    stops_gradient: bool

    def plan(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Any: ...


class Node:
    """One application of an operation.

    Attributes:
        operation: the record; a leaf (constant, variable, input) is an operation without inputs.
        inputs: the nodes it reads, in order.
        attributes: the static arguments, such as ``axis``.
        spec: shape and dtype (for a call node, a tuple of them, one for each place of its body).
        value: the array, or ``None`` when symbolic (for a call node, the list of its body's arrays).
        tracked: a variable or watched tensor is among its ancestors (or a `Detached`, which is false).
        made: scope and the user's line.
        serial: grows with creation, so sorting by it is a topological order.
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
        made: SourceInfo | None,
    ) -> None:
        self.operation = operation
        self.inputs = inputs
        self.attributes = attributes
        self.spec = spec
        self.value = value
        self.tracked = tracked
        self.source_info = made
        self.serial = next(serials)

    @property
    def scope(self) -> str:
        """The scopes it was made in, outermost first, joined by ``/``."""
        return self.source_info.scope if self.source_info else ""

    @property
    def line(self) -> str:
        """The user's line that made it."""
        return line_of(self.source_info)


class Leaf:
    """The record of a node without inputs: there is nothing to run, so nothing to plan."""

    leaf = True
    stops_gradient = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.plans: dict[Any, Any] = {}

    def plan(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Any:
        raise GraphError(f"a leaf {self.name!r} to be run", "an operation", "give its value as an input")

    def __repr__(self) -> str:
        return self.name


CONSTANT = Leaf("constant")


class Detached:
    """Stands in ``tracked``, and is false: made from a gradient that kept no history of these leaves.

    Differentiating by one of them through it would silently miss a path, so `gradients` refuses to.
    """

    __slots__ = ("leaves",)

    def __init__(self, leaves: frozenset[int]) -> None:
        self.leaves = leaves

    def __bool__(self) -> bool:
        return False


def merged(tracked: Iterable[bool | Detached]) -> bool | Detached:
    """What a constant made from untracked nodes remembers: the newest leaves that were cut off, if any."""
    leaves: frozenset[int] = frozenset()
    for t in tracked:
        if isinstance(t, Detached):
            leaves |= t.leaves
    return Detached(frozenset(sorted(leaves)[-256:])) if leaves else False  # a momentum gathers them for ever


def resolve(node: Node) -> Node:
    """Build the history of an eager gradient, which is only built when somebody looks (see `differentiate`)."""
    build: Callable[[], Node] | None = node.attributes.get("build") if node.operation.leaf else None
    if build is not None:
        built = build()
        node.operation, node.inputs, node.attributes = built.operation, built.inputs, built.attributes
        node.source_info, node.serial = built.source_info, built.serial
        if not built.inputs:  # a gradient that depends on nothing
            node.tracked = False
    return node


def ancestors(outputs: Iterable[Node], stop: Iterable[Node] = ()) -> list[Node]:
    """Every node the outputs depend on, themselves included, in topological order; not beyond `stop`.

    Iterative, so a chain of any length is ordinary.
    """
    stopped = {node.serial for node in stop}
    seen: dict[int, Node] = {}
    todo = [resolve(node) for node in outputs]
    while todo:
        node = todo.pop()
        serial = node.serial
        if serial not in seen and serial not in stopped:
            seen[serial] = node
            todo.extend(node.inputs)
    return [seen[serial] for serial in sorted(seen)]


def tracked_ancestors(output: Node) -> tuple[list[Node], frozenset[int]]:
    """`ancestors` without constants, all that a gradient can flow through; and the leaves that were cut off."""
    output = resolve(output)
    seen = {output.serial: output}
    todo = [output]
    cuts = [] if output.inputs else [output.tracked]  # a gradient itself has its history, once it is looked at
    while todo:
        for node in todo.pop().inputs:
            if node.tracked:
                if node.serial not in seen:
                    seen[node.serial] = node
                    todo.append(node)
            elif node.tracked is not False:
                cuts.append(node.tracked)
    cut = merged(cuts)
    return [seen[serial] for serial in sorted(seen)], cut.leaves if isinstance(cut, Detached) else frozenset()
