"""Calls: operations that have a body, a graph of other operations, and the nodes that apply them."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

from ..core.errors import ChainruleError
from ..graph import (
    NO_ATTRIBUTES,
    CallNode,
    Graph,
    Node,
    SourceInfo,
    Spec,
    current_source_info,
    line_of,
    merge_detached,
    new_cache,
    run_values,
    scope,
    source_info_scope,
)
from ..graph.apply import REFUSALS, applied_error
from ..tensors.convert import as_tensor, symbolic
from ..tensors.tensor import Tensor, get_output
from .record import Operation, Rule, is_tracked, namespace
from .recorded import apply_without_sizes


class Composite(Operation):
    """An operation with a name and a body, a graph of other operations. It is shown as one node, or opened.

    `value` is written with tensors: ``(xp, *tensors, **attributes) -> tensor``, where `xp` is the `namespace`;
    its body is traced once for each set of specs and attributes. It may return several tensors, in a tuple. An engine
    may replace it by name.

    A tensor with a gradient may be an attribute (``leaky_relu(x, negative_slope=slope)``): the body is then built in
    place, without a call.
    """

    @cached_property
    def bodies(self) -> dict[Any, Graph]:
        """The bodies traced so far."""
        return new_cache()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inputs, attributes = self.bind(args, kwargs)
        return self.call_wide(tuple([as_tensor(a) for a in inputs]), attributes, _call_composite)

    def call(self, tensors: tuple[Tensor, ...], attributes: dict[str, Any]) -> Any:
        """Build the call, whose sizes may be unknown."""
        if any(map(is_tracked, attributes.values())):
            return self._apply_body(tensors, attributes)
        if any(t.spec.unknown or t.spec.symbolic for t in tensors):
            return apply_without_sizes(self, self._apply, tensors, attributes)
        return self._apply(*tensors, **attributes)

    def attribute(self, name: str, value: Any) -> Any:
        """Return an attribute: hashable, or a tensor that has a gradient."""
        return as_tensor(value) if is_tracked(value) else super().attribute(name, value)

    def _apply_body(self, tensors: tuple[Tensor, ...], attributes: dict[str, Any]) -> Any:
        """Build the body on these tensors, with tensors among the attributes."""
        dtypes = self.casts(tuple([t.spec for t in tensors]))
        with scope(self.name):
            return self.value(namespace(), *[t.cast_to(d) for t, d in zip(tensors, dtypes, strict=True)], **attributes)

    def _apply(self, *tensors: Tensor, **attributes: Any) -> Any:
        dtypes = self.casts(tuple([t.spec for t in tensors]))
        inputs = tuple([t.cast_to(d) for t, d in zip(tensors, dtypes, strict=True)])
        try:
            body = self.body(tuple([t.spec for t in inputs]), attributes)
        except ChainruleError as error:
            raise error.with_line(line_of(current_source_info())) from None
        return call(self, inputs, attributes, body)

    def key(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Any:
        """Return the key under which a body is cached."""
        return specs, tuple(attributes.items())

    def body(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Graph:
        """Return the body's graph for these specs and attributes."""
        key = self.key(specs, attributes)
        body = self.bodies.get(key)
        if body is None:
            if len(self.bodies) > 1024:
                self.bodies.clear()
            body = self.bodies[key] = trace(partial(self.value, namespace(), **attributes), specs, self.name)
        return body


def _call_composite(composite: Composite, tensors: tuple[Tensor, ...], attributes: dict[str, Any]) -> Any:
    return composite.call(tensors, attributes)


def derived_operation(name: str, gradient_note: str) -> Operation:
    """Return the record of a call made by a transform (a composite's derivative): a name for its body."""
    return Operation(name, lambda xp, *inputs: None, gradient_note=gradient_note)


def apply_call(operation: Operation, inputs: tuple[Node, ...], attributes: dict[str, Any], body: Graph) -> CallNode:
    """Build the node of a call, and run its body at once when every input has a value."""
    values = [node.value for node in inputs]
    if any(value is None for value in values):
        return CallNode(operation, inputs, attributes, body, None, True, current_source_info())
    try:
        value = run_values(body, values)
    except REFUSALS as error:
        raise applied_error(operation, inputs, error) from None
    if any(node.tracked for node in inputs):
        return CallNode(operation, inputs, attributes, body, value, True, current_source_info())
    detached = merge_detached([node.tracked for node in inputs])
    return CallNode(operation, (), NO_ATTRIBUTES, body, value, detached, None)


def is_product(node: Node) -> bool:
    """Return whether a node is linear in each of several inputs, or its body has such a node."""
    if isinstance(node, CallNode):
        return any(map(is_product, node.body.nodes))
    return isinstance(node.operation, Operation) and node.operation.is_product


def call(operation: Operation, inputs: tuple[Tensor, ...], attributes: dict[str, Any], body: Graph) -> Any:
    """Build a call and return its output, or its outputs: `operation` names it, `body` is what it computes.

    A body's only output depends on all its nodes, so it is at the last position, for any sizes.
    """
    node = apply_call(operation, inputs, attributes, body)
    if len(body.outputs) == 1:
        return get_output(node, -1)
    return tuple([get_output(node, body.position[n.serial]) for n in body.outputs])


def trace(function: Rule, specs: tuple[Spec, ...], name: str = "") -> Graph:
    """Return the graph that `function` builds on symbolic tensors of these specs."""
    inputs = [symbolic(s.shape, s.dtype) for s in specs]
    with source_info_scope(SourceInfo(name, None, 0)):
        result = function(*inputs)
    outputs = result if isinstance(result, list | tuple) else (result,)
    return Graph(inputs, [as_tensor(t) for t in outputs])
