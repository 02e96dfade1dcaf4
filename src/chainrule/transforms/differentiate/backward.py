"""The backward pass: upstream × local, from the result to everything active. One pass serves arrays and nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import ops
from ...core.errors import GraphError, ShapeError
from ...graph import (
    Graph,
    Node,
    SourceInfo,
    ancestors,
    apply,
    current_source_info,
    source_info_scope,
)
from ...ops.arrays import arrays
from ...ops.movement import summed_to
from ...ops.record import (
    GET_OUTPUT,
    DerivedCall,
    Operation,
    attributes_of,
    get_output,
    run_body,
)
from ...ops.rules import normal_axes
from ...tensors.tensor import as_tensor, symbolic
from .rematerialize import Rematerializer


def kept_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """The shape of a reduction's result with its axes kept as 1."""
    axes = normal_axes(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def local_of(operation: Operation, xp: Any, i: int, xs: Sequence[Any], y: Any, attributes: dict[str, Any]) -> Any:
    """The local gradient of input i (gradient form one), or ``None`` if there is none."""
    rule = operation.local[i]  # type: ignore[index]
    if rule is None or isinstance(rule, int):
        return rule
    if operation.reduces:
        y = xp.reshape(y, kept_shape(xs[i].shape, attributes["axis"]))
    return rule(xp, *xs, y, **attributes) if attributes else rule(xp, *xs, y)


def downstream(
    operation: Operation, xp: Any, i: int, u: Any, xs: Sequence[Any], y: Any, attributes: dict[str, Any]
) -> Any:
    """What input i receives when the output received `u`; ``None`` stands for zero."""
    if operation.local is None:
        transpose = operation.transpose
        if transpose is None:
            return None
        if not isinstance(transpose, tuple):
            return transpose(xp, i, u, *xs, **attributes)
        rule = transpose[i]
        return None if rule is None else rule(xp, u, *xs, **attributes)
    local = local_of(operation, xp, i, xs, y, attributes)
    if local is None:
        return None
    shape = xs[i].shape
    if operation.reduces:
        u = xp.reshape(u, kept_shape(shape, attributes["axis"]))
    if local.__class__ is int:  # 1, -1 and 0 need no multiplication
        if local == 0:
            return None
        found = u if local == 1 else -u
    else:
        found = u * local
    if found.shape != shape:
        found = xp.broadcast_to(found, shape) if operation.reduces else summed_to(xp, found, shape)
    return found


def reach(order: Sequence[Node], targets: set[int]) -> set[int]:
    """The serials of the nodes through which a gradient can flow to a target."""
    active = set(targets)
    for node in order:
        for parent in node.inputs:
            if parent.serial in active:
                if node.spec.floating:
                    active.add(node.serial)
                break
    return active


def reverse(
    order: Sequence[Node],
    seeds: dict[int, Any],
    active: set[int],
    targets: set[int],
    xp: Any,
    value: Callable[[Node], Any] | None,
) -> dict[int, Any]:
    """The upstreams of the targets, by serial, from `seeds` back through everything active.

    Args:
        o: `arrays` to compute at once, `ops` to build nodes.
        value: what stands for a node in the rules: its array, or the node itself when ``None``.
    """
    building = xp is ops
    at_once = value is array_of
    again = Rematerializer()
    upstreams: dict[int, Any] = dict(seeds)
    for node in reversed(order):
        serial = node.serial
        u = upstreams.pop(serial, None)
        if u is None:
            continue
        if serial in targets:
            upstreams[serial] = u
        operation: Any = node.operation
        if operation.leaf:
            continue
        if at_once and operation.simple:
            # `_one` and `downstream` written out for eager elementwise operations without attributes,
            # whose arithmetic is no longer than a function call
            inputs = node.inputs
            xs = [inputs[0].value, inputs[1].value] if len(inputs) == 2 else [n.value for n in inputs]
            i = -1
            for parent in inputs:
                i += 1
                to = parent.serial
                if to in active:
                    local = operation.local[i]
                    if local.__class__ is not int:
                        if local is None:
                            continue
                        local = local(xp, *xs, node.value)
                        d = u * local
                    elif local == 0:
                        continue
                    else:
                        d = u if local == 1 else -u
                    if d.shape != xs[i].shape:
                        d = summed_to(xp, d, xs[i].shape)
                    before = upstreams.get(to)
                    upstreams[to] = d if before is None else before + d
        elif operation is GET_OUTPUT:
            _pass_to_call(upstreams, node, u)
        elif building:
            made = (
                SourceInfo(str(node.scope), node.source_info.code, node.source_info.offset, serial)
                if node.source_info
                else current_source_info()
            )
            with source_info_scope(made):
                _one(node, again.of(node, u), u, upstreams, active, xp, value)
        else:
            _one(node, node, u, upstreams, active, xp, value)
    return upstreams


def _one(node: Node, stand: Node, u: Any, upstreams: dict[int, Any], active: set[int], xp: Any, value: Any) -> None:
    """What one node hands to each of its active inputs. `stand`: the node computed again, or itself."""
    operation: Any = node.operation
    inputs, attributes = node.inputs, node.attributes
    if "body" in attributes:
        wanted = tuple([i for i, n in enumerate(inputs) if n.serial in active])
        if operation.custom_vjp is not None:
            found = _by_hand(stand, u, wanted, value, xp is ops)
        else:
            found = (_call_on_nodes if xp is ops else _call_on_arrays)(stand, u, wanted, value)
        for i, d in zip(wanted, found, strict=True):
            _add(upstreams, inputs[i].serial, d)
        return
    if value is None:
        xs: Sequence[Any] = stand.inputs
        y: Any = stand
    else:
        xs = [value(n) for n in inputs]
        y = value(node)
    for i, parent in enumerate(inputs):
        if parent.serial in active:
            _add(upstreams, parent.serial, downstream(operation, xp, i, u, xs, y, attributes))


def _add(upstreams: dict[int, Any], serial: int, d: Any) -> None:
    """Paths that join are summed."""
    if d is not None:
        before = upstreams.get(serial)
        upstreams[serial] = d if before is None else before + d


def array_of(node: Node) -> Any:
    return node.value


# ---- call nodes: upstreams of their places are kept in a dictionary, nested as calls are


def _pass_to_call(upstreams: dict[int, Any], node: Node, u: Any) -> None:
    positions = upstreams.setdefault(node.inputs[0].serial, {})
    position = node.attributes["position"]
    if position < 0:
        position += len(node.inputs[0].spec)
    if position not in positions:
        positions[position] = u
    elif isinstance(u, dict):
        for inner, more in u.items():
            _add(positions[position], inner, more)
    else:
        positions[position] = positions[position] + u


def _by_hand(node: Node, u: dict[int, Any], wanted: tuple[int, ...], value: Any, building: bool) -> list[Any]:
    """The gradients that an operation's own backward gives (`own.operation`)."""
    body: Graph = node.attributes["body"]
    derived = written_gradient(node.operation, body, attributes_of(node))  # type: ignore[arg-type]
    (position,) = u  # the output: nobody else reads a place of such a call
    positions = [derived.position[derived.outputs[i].serial] for i in wanted]
    if building:
        record = gradient_record(node.operation)  # type: ignore[arg-type]
        made = apply(record, (*node.inputs, u[position]), {**attributes_of(node), "body": derived})
        return [get_output(made, p) for p in positions]
    xs = [n.value if value is None else value(n) for n in node.inputs]
    values = run_body(derived)(*xs, u[position])
    return [values[p] for p in positions]


def written_gradient(operation: Operation, body: Graph, attributes: dict[str, Any]) -> Graph:
    """The graph of an operation's own backward: of the inputs and the upstream, the gradient of each input."""
    found: Graph | None = body.derivatives.get("by hand")
    if found is None:
        if len(body.outputs) != 1:
            raise GraphError(
                f"the gradient of {operation.name}, which gives {len(body.outputs)} results",
                "one result, where the backward is written by hand",
                "make an operation of each",
            )
        upstream = symbolic(body.outputs[0].spec.shape, body.outputs[0].spec.dtype)
        with source_info_scope(SourceInfo(operation.name, None, 0)):
            given = operation.custom_vjp(upstream, *body.inputs, **attributes)
            listed = list(given) if isinstance(given, list | tuple) else [given]
            moving = [x.spec.floating for x in body.inputs]
            if len(listed) == sum(moving) < len(moving):  # whole numbers have none
                rest = iter(listed)
                listed = [next(rest) if moves else None for moves in moving]
            blank = [ops.zeros(x.spec.shape, x.spec.dtype) for x in body.inputs]
            outputs = [z if g is None else as_tensor(g) for g, z in zip(listed, blank, strict=False)]
            outputs += [as_tensor(g) for g in listed[len(blank) :]]
            for g, x in zip(outputs, body.inputs, strict=False):
                if g.spec.shape != x.spec.shape:
                    raise ShapeError(
                        f"a gradient of shape {g.spec.shape} from the backward of {operation.name}",
                        f"the input's shape {x.spec.shape}",
                        "sum over what was broadcast",
                    )
            if len(outputs) != len(body.inputs):
                raise ShapeError(
                    f"{len(outputs)} gradients from the backward of {operation.name}",
                    f"one for each of {len(body.inputs)} inputs",
                    "return a tuple",
                )
            # each an output of its own, even where one is another, an input, or the upstream itself
            outputs = [ops.positive(g.cast_to(x.spec.dtype)) for g, x in zip(outputs, body.inputs, strict=True)]
        found = body.derivatives["by hand"] = Graph([*body.inputs, upstream], outputs)
    return found


def _call_on_arrays(node: Node, u: dict[int, Any], wanted: tuple[int, ...], value: Any) -> list[Any]:
    body: Graph = node.attributes["body"]
    values = node.value if value is None else value(node)
    position = body.position
    active = _body_reach(body, wanted)
    seeds = {body.order[p].serial: part for p, part in u.items()}
    targets = {body.inputs[i].serial for i in wanted}
    found = reverse(body.nodes, seeds, active, targets, arrays, lambda n: values[position[n.serial]])
    return [found.get(body.inputs[i].serial) for i in wanted]


def _body_reach(body: Graph, wanted: tuple[int, ...]) -> set[int]:
    found: set[int] | None = body.derivatives.get(("reach", wanted))
    if found is None:
        found = reach(body.nodes, {body.inputs[i].serial for i in wanted})
        body.derivatives["reach", wanted] = found
    return found


def _paths(u: dict[int, Any], before: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], Any]]:
    """Each upstream with its place, nested calls as longer paths."""
    found: list[tuple[tuple[int, ...], Any]] = []
    for position in sorted(u):
        inner = u[position]
        found += _paths(inner, (*before, position)) if isinstance(inner, dict) else [((*before, position), inner)]
    return found


def _call_on_nodes(node: Node, u: dict[int, Any], wanted: tuple[int, ...], value: Any) -> list[Any]:
    """A call node whose body is the derivative of the body, given the values it needs."""
    body: Graph = node.attributes["body"]
    pairs = _paths(u)
    derived, saved = _body_gradient(body, tuple(path for path, _ in pairs), wanted, node.operation.name)
    inputs = (*node.inputs, *[get_output(node, p) for p in saved], *[part for _, part in pairs])
    record = gradient_record(node.operation)  # type: ignore[arg-type]
    made = apply(record, inputs, {**attributes_of(node), "body": derived})
    return [get_output(made, derived.position[out.serial]) for out in derived.outputs]


_gradient_records: dict[str, DerivedCall] = {}


def gradient_record(operation: Operation) -> DerivedCall:
    """The record of the derivative of a call, named after it."""
    name = operation.name + "_gradient"
    if name not in _gradient_records:
        _gradient_records[name] = DerivedCall(name, f"the derivative of {operation.name}")
    return _gradient_records[name]


def _body_gradient(
    body: Graph, paths: tuple[tuple[int, ...], ...], wanted: tuple[int, ...], name: str
) -> tuple[Graph, list[int]]:
    """The derivative's body and the places of `body` whose values it reads."""
    key = ("gradient", paths, wanted)
    found: tuple[Graph, list[int]] | None = body.derivatives.get(key)
    if found is not None:
        return found
    given: list[Any] = []
    seeds: dict[int, Any] = {}
    for path in paths:
        spec: Any = body.specs
        for p in path:
            spec = spec[p]
        upstream = symbolic(spec.shape, spec.dtype)
        given.append(upstream)
        slot: dict[int, Any] = seeds
        key_of = body.order[path[0]].serial
        for p in path[1:]:
            slot = slot.setdefault(key_of, {})
            key_of = p
        slot[key_of] = upstream
    targets = {body.inputs[i].serial for i in wanted}
    with source_info_scope(SourceInfo(name, None, 0)):
        grads = reverse(body.nodes, seeds, _body_reach(body, wanted), targets, ops, None)
        outputs = []
        for i in wanted:
            grad = grads.get(body.inputs[i].serial)
            outputs.append(ops.zeros(body.inputs[i].spec.shape, body.inputs[i].spec.dtype) if grad is None else grad)
    nodes = ancestors(outputs, stop=[*body.order, *given])
    read = {
        body.position[n.serial] for m in nodes for n in m.inputs if n.serial in body.position and not n.operation.leaf
    }
    saved = sorted(read - set(range(len(body.inputs))))
    inputs = [*body.inputs, *[body.order[p] for p in saved], *given]
    found = Graph(inputs, outputs), saved
    found[0].derives = wanted, saved, list(paths)
    body.derivatives[key] = found
    return found
