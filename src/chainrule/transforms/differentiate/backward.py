"""The backward pass: upstream × local, from the result to all active nodes. One pass for arrays and nodes; a visitor
sees each product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import ops
from ...core.errors import GraphError, ShapeError
from ...graph import CallNode, Graph, Node, SourceInfo, ancestors, current_source_info, run_values, source_info_scope
from ...ops.arrays import arrays
from ...ops.calls import apply_call, derived_operation
from ...ops.movement import sum_to_shape
from ...ops.record import Operation, namespace, operation_of
from ...ops.rules import normalize_axes
from ...tensors.convert import as_tensor, symbolic
from ...tensors.tensor import get_output
from .rematerialize import Rematerializer


def keepdims_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """Return the shape of a reduction's result with its axes kept as 1."""
    axes = normalize_axes(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def local_gradient(operation: Operation, xp: Any, i: int, xs: Sequence[Any], y: Any, attributes: dict[str, Any]) -> Any:
    """Return the local gradient of input i (gradient form one), or ``None`` if there is none."""
    rule = operation.local[i]  # type: ignore[index]
    if rule is None or isinstance(rule, int):
        return rule
    if operation.reduces:
        y = xp.reshape(y, keepdims_shape(xs[i].shape, attributes["axis"]))
    return rule(xp, *xs, y, **attributes) if attributes else rule(xp, *xs, y)


def selected(xp: Any, factor: Any, local: Any) -> Any:
    """Return ``factor * local`` for the local gradient of a selection: 0 where that is 0, whatever the factor is.

    The factor is an upstream gradient or a tangent. `local` may be a mask of what was selected.
    """
    if local.dtype == bool:
        return xp.where(local, factor, 0)
    return xp.where(local != 0, factor * local, 0)


def downstream(
    operation: Operation, xp: Any, i: int, u: Any, xs: Sequence[Any], y: Any, attributes: dict[str, Any]
) -> Any:
    """Return the gradient that flows to input i when `u` flows to the output; ``None`` means zero."""
    if operation.local is None:
        transpose = operation.transpose
        if transpose is None:
            return None
        if not isinstance(transpose, tuple):
            return transpose(xp, i, u, *xs, **attributes)
        rule = transpose[i]
        return None if rule is None else rule(xp, u, *xs, **attributes)
    local = local_gradient(operation, xp, i, xs, y, attributes)
    if local is None:
        return None
    shape = xs[i].shape
    if operation.reduces:
        u = xp.reshape(u, keepdims_shape(shape, attributes["axis"]))
    if local.__class__ is int:  # 1, -1 and 0 need no multiplication
        if local == 0:
            return None
        result = u if local == 1 else -u
    else:
        result = selected(xp, u, local) if operation.selects else u * local
    if result.shape != shape:
        result = xp.broadcast_to(result, shape) if operation.reduces else sum_to_shape(xp, result, shape)
    return result


def reach(order: Sequence[Node], targets: set[int]) -> set[int]:
    """Return the serials of the nodes through which a gradient can flow to a target."""
    active = set(targets)
    for node in order:
        for parent in node.inputs:
            if parent.serial in active:
                if node.spec.floating:
                    active.add(node.serial)
                break
    return active


Visit = Callable[[Node, int, Any, Any], Any]


def reverse(
    order: Sequence[Node], seeds: dict[int, Any], active: set[int], targets: set[int], xp: Any,
    value: Callable[[Node], Any] | None, visit: Visit | None = None,
) -> dict[int, Any]:  # fmt: skip
    """Compute the upstreams of the targets, by serial, from `seeds` back through all active nodes.

    Args:
        xp: `arrays` to compute at once, `namespace()` to build nodes.
        value: gives what the rules take for a node: its array, or the node itself when ``None``.
        visit: is called for each input of each primitive operation that a gradient reaches, with the node, the input's
            index, the upstream and the downstream gradient (``None`` for zero); what it returns goes on.
    """
    building = xp is namespace()
    eager = value is array_of and visit is None
    rematerializer = Rematerializer()
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
        if eager and operation.simple:
            # `_backprop_node` and `downstream` written out for eager elementwise operations without attributes,
            # whose arithmetic takes no longer than a function call
            inputs = node.inputs
            xs = [inputs[0].value, inputs[1].value] if len(inputs) == 2 else [n.value for n in inputs]
            i = -1
            for parent in inputs:
                i += 1
                target = parent.serial
                if target in active:
                    local = operation.local[i]
                    if local.__class__ is not int:
                        if local is None:
                            continue
                        local = local(xp, *xs, node.value)
                        d = selected(xp, u, local) if operation.selects else u * local
                    elif local == 0:
                        continue
                    else:
                        d = u if local == 1 else -u
                    if d.shape != xs[i].shape:
                        d = sum_to_shape(xp, d, xs[i].shape)
                    before = upstreams.get(target)
                    upstreams[target] = d if before is None else before + d
        elif node.call is not None:
            _pass_to_call(upstreams, node, u)
        elif building:
            info = node.source_info
            info = SourceInfo(str(node.scope), info.code, info.offset, serial) if info else current_source_info()
            with source_info_scope(info):
                _backprop_node(node, rematerializer.copy_of(node, u), u, upstreams, active, xp, value, visit)
        else:
            _backprop_node(node, node, u, upstreams, active, xp, value, visit)
    return upstreams


def _backprop_node(
    node: Node, copy: Node, u: Any, upstreams: dict[int, Any], active: set[int], xp: Any,
    value: Callable[[Node], Any] | None, visit: Visit | None,
) -> None:  # fmt: skip
    """Add one node's gradients to the upstreams of its active inputs. `copy`: the node rematerialized, or itself."""
    inputs, attributes = node.inputs, node.attributes
    indices = tuple([i for i, n in enumerate(inputs) if n.serial in active])
    if isinstance(copy, CallNode):
        for i, d in zip(indices, _call_gradients(copy, u, indices, value, xp is namespace()), strict=True):
            _add(upstreams, inputs[i].serial, d)
        return
    xs: Sequence[Any] = copy.inputs if value is None else [value(n) for n in inputs]
    y: Any = copy if value is None else value(node)
    for i in indices:
        d = downstream(operation_of(node), xp, i, u, xs, y, attributes)
        _add(upstreams, inputs[i].serial, d if visit is None else visit(node, i, u, d))


def _add(upstreams: dict[int, Any], serial: int, d: Any) -> None:
    """Add a gradient to a node's upstream: where paths join, gradients are summed."""
    if d is not None:
        before = upstreams.get(serial)
        upstreams[serial] = d if before is None else before + d


def array_of(node: Node) -> Any:
    """Return the node's array."""
    return node.value


# ---- call nodes: the upstreams of their positions are in a dictionary, nested as calls are


def _pass_to_call(upstreams: dict[int, Any], node: Node, u: Any) -> None:
    call = node.inputs[0]
    positions = upstreams.setdefault(call.serial, {})
    position = node.position
    if position < 0:
        position += len(call.spec)
    if position not in positions:
        positions[position] = u
    elif isinstance(u, dict):
        for inner, part in u.items():
            _add(positions[position], inner, part)
    else:
        positions[position] = positions[position] + u


def _call_gradients(
    node: CallNode, u: dict[int, Any], indices: tuple[int, ...], value: Callable[[Node], Any] | None, building: bool
) -> list[Any]:
    """Return the gradients of a call's inputs at `indices`."""
    if operation_of(node).custom_vjp is not None:
        return _custom_gradients(node, u, indices, value, building)
    return _gradient_call(node, u, indices) if building else _call_on_arrays(node, u, indices, value)


def _custom_gradients(
    node: CallNode, u: dict[int, Any], indices: tuple[int, ...], value: Callable[[Node], Any] | None, building: bool
) -> list[Any]:
    """Return the gradients of some inputs by the operation's own backward (`custom_rule.operation`)."""
    operation = operation_of(node)
    derived = derivative_graph(operation, node.body, node.attributes)
    (upstream,) = u.values()  # the output's: no other position of such a call is read
    positions = [derived.position[derived.outputs[i].serial] for i in indices]
    if building:
        call = apply_call(gradient_record(operation), (*node.inputs, upstream), node.attributes, derived)
        return [get_output(call, p) for p in positions]
    values = run_values(derived, [*[n.value if value is None else value(n) for n in node.inputs], upstream])
    return [values[p] for p in positions]


def derivative_graph(operation: Operation, body: Graph, attributes: dict[str, Any]) -> Graph:
    """Trace an operation's own backward: a graph from the inputs and the upstream to the gradient of each input."""
    graph: Graph | None = body.derivatives.get("custom_vjp")
    if graph is None:
        if len(body.outputs) != 1:
            passed = f"the gradient of {operation.name}, which gives {len(body.outputs)} results"
            mend = "make an operation of each result"
            raise GraphError(passed, "one result, where the operation has a backward of its own", mend)
        upstream = symbolic(body.outputs[0].spec.shape, body.outputs[0].spec.dtype)
        with source_info_scope(SourceInfo(operation.name, None, 0)):
            assert operation.custom_vjp is not None
            returned = operation.custom_vjp(upstream, *body.inputs, **attributes)
            gradients = list(returned) if isinstance(returned, list | tuple) else [returned]
            floating = [x.spec.floating for x in body.inputs]
            if len(gradients) == sum(floating) < len(floating):  # integer inputs have no gradient
                remaining = iter(gradients)
                gradients = [next(remaining) if is_floating else None for is_floating in floating]
            zeros = [ops.zeros(x.spec.shape, x.spec.dtype) for x in body.inputs]
            outputs = [z if g is None else as_tensor(g) for g, z in zip(gradients, zeros, strict=False)]
            outputs += [as_tensor(g) for g in gradients[len(zeros) :]]
            for g, x in zip(outputs, body.inputs, strict=False):
                if g.spec.shape != x.spec.shape:
                    passed = f"a gradient of shape {g.spec.shape} from the backward of {operation.name}"
                    raise ShapeError(passed, f"the input's shape {x.spec.shape}", "sum over what was broadcast")
            if len(outputs) != len(body.inputs):
                passed = f"{len(outputs)} gradients from the backward of {operation.name}"
                raise ShapeError(passed, f"one for each of {len(body.inputs)} inputs", "return a tuple")
            # a node for each output, even where one is another, an input, or the upstream itself
            outputs = [ops.positive(g.cast_to(x.spec.dtype)) for g, x in zip(outputs, body.inputs, strict=True)]
        graph = body.derivatives["custom_vjp"] = Graph([*body.inputs, upstream], outputs)
    return graph


def _call_on_arrays(
    node: CallNode, u: dict[int, Any], indices: tuple[int, ...], value: Callable[[Node], Any] | None
) -> list[Any]:
    """Return the gradients of a call's inputs at `indices`, computed at once from the values of its body."""
    body = node.body
    values = node.value if value is None else value(node)
    position = body.position
    active = _body_reach(body, indices)
    seeds = {body.order[p].serial: part for p, part in u.items()}
    targets = {body.inputs[i].serial for i in indices}
    gradients = reverse(body.nodes, seeds, active, targets, arrays, lambda n: values[position[n.serial]])
    return [gradients.get(body.inputs[i].serial) for i in indices]


def _body_reach(body: Graph, indices: tuple[int, ...]) -> set[int]:
    """Return `reach` of a call's body for its inputs at `indices`, cached."""
    active: set[int] | None = body.derivatives.get(("reach", indices))
    if active is None:
        active = reach(body.nodes, {body.inputs[i].serial for i in indices})
        body.derivatives["reach", indices] = active
    return active


def _paths(u: dict[int, Any], prefix: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], Any]]:
    """Return each upstream with its path: its position, in nested calls preceded by theirs."""
    result: list[tuple[tuple[int, ...], Any]] = []
    for position in sorted(u):
        inner = u[position]
        result += _paths(inner, (*prefix, position)) if isinstance(inner, dict) else [((*prefix, position), inner)]
    return result


def _gradient_call(node: CallNode, u: dict[int, Any], indices: tuple[int, ...]) -> list[Any]:
    """Build a call whose body is the derivative of the node's body, and return its outputs."""
    pairs = _paths(u)
    derived, saved = _body_gradient(node.body, tuple([path for path, _ in pairs]), indices, node.operation.name)
    inputs = (*node.inputs, *[get_output(node, p) for p in saved], *[part for _, part in pairs])
    call = apply_call(gradient_record(operation_of(node)), inputs, node.attributes, derived)
    return [get_output(call, derived.position[out.serial]) for out in derived.outputs]


_gradient_records: dict[str, Operation] = {}


def gradient_record(operation: Operation) -> Operation:
    """Return the record of the derivative of a call, named after it."""
    name = operation.name + "_gradient"
    if name not in _gradient_records:
        _gradient_records[name] = derived_operation(name, f"the derivative of {operation.name}")
    return _gradient_records[name]


def _body_gradient(
    body: Graph, paths: tuple[tuple[int, ...], ...], indices: tuple[int, ...], name: str
) -> tuple[Graph, list[int]]:
    """Return the derivative's body, and the positions of `body` whose values it reads."""
    key = ("gradient", paths, indices)
    cached: tuple[Graph, list[int]] | None = body.derivatives.get(key)
    if cached is not None:
        return cached
    upstreams: list[Any] = []
    seeds: dict[int, Any] = {}
    for path in paths:
        spec: Any = body.specs
        for p in path:
            spec = spec[p]
        upstream = symbolic(spec.shape, spec.dtype)
        upstreams.append(upstream)
        slot: dict[int, Any] = seeds
        key_of = body.order[path[0]].serial
        for p in path[1:]:
            slot = slot.setdefault(key_of, {})
            key_of = p
        slot[key_of] = upstream
    targets = {body.inputs[i].serial for i in indices}
    with source_info_scope(SourceInfo(name, None, 0)):
        grads = reverse(body.nodes, seeds, _body_reach(body, indices), targets, namespace(), None)
        outputs = []
        for i in indices:
            grad = grads.get(body.inputs[i].serial)
            outputs.append(ops.zeros(body.inputs[i].spec.shape, body.inputs[i].spec.dtype) if grad is None else grad)
    nodes = ancestors(outputs, stop=[*body.order, *upstreams])
    read = {
        body.position[n.serial] for m in nodes for n in m.inputs if n.serial in body.position and not n.operation.leaf
    }
    saved = sorted(read - set(range(len(body.inputs))))
    derived = Graph([*body.inputs, *[body.order[p] for p in saved], *upstreams], outputs)
    derived.derivative_of = indices, saved, list(paths)
    body.derivatives[key] = derived, saved
    return derived, saved
