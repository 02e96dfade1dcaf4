"""Differentiate a graph, backward and forward. The gradient of a graph is a graph.

One generic pass serves everything: it multiplies ``upstream × local`` (or calls the record's transpose),
sums where paths join and un-broadcasts. Run on arrays it gives numbers at once; run on nodes it builds
the gradient's own graph, which can be differentiated, explained, priced and compiled like any other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

from .. import ops
from ..errors import DTypeError, GraphError, ShapeError
from ..graph import Graph, Made, Node, ancestors, apply, floatx, made_for, made_here, tracked_ancestors
from ..graph.spec import Spec, as_dtype
from ..ops.arrays import arrays
from ..ops.movement import summed_to
from ..ops.record import PICK, CallRecord, Operation, attributes_of, is_float, pick
from ..ops.rules import normal_axes
from .nested import flatten, regroup
from ..tensor import GRADIENT, VARIABLE, WATCHED, Tensor, Variable, as_tensor, symbolic

Function = Callable[..., Any]


class _Running(threading.local):
    """The leaves watched by transformations (`grad`, `jvp` ...) that are still running, by serial."""

    def __init__(self) -> None:
        self.leaves: set[int] = set()


_running = _Running()

# ---- the pass


def kept_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """The shape of a reduction's result with its axes kept as 1."""
    axes = normal_axes(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def local_of(operation: Operation, o: Any, i: int, xs: Sequence[Any], y: Any, attributes: dict[str, Any]) -> Any:
    """The local gradient of input i (gradient form one), or ``None`` if there is none."""
    rule = operation.local[i]  # type: ignore[index]
    if rule is None or isinstance(rule, int):
        return rule
    if operation.reduces:
        y = o.reshape(y, kept_shape(xs[i].shape, attributes["axis"]))
    return rule(o, *xs, y, **attributes) if attributes else rule(o, *xs, y)


def downstream(operation: Operation, o: Any, i: int, u: Any, xs: Sequence[Any], y: Any, attributes: dict[str, Any]) -> Any:
    """What input i receives when the output received `u`; ``None`` stands for zero."""
    if operation.local is None:
        transpose = operation.transpose
        if transpose is None:
            return None
        if not isinstance(transpose, tuple):
            return transpose(o, i, u, *xs, **attributes)
        rule = transpose[i]
        return None if rule is None else rule(o, u, *xs, **attributes)
    local = local_of(operation, o, i, xs, y, attributes)
    if local is None:
        return None
    shape = xs[i].shape
    if operation.reduces:
        u = o.reshape(u, kept_shape(shape, attributes["axis"]))
    if local.__class__ is int:  # 1, -1 and 0 need no multiplication
        if local == 0:
            return None
        found = u if local == 1 else -u
    else:
        found = u * local
    if found.shape != shape:
        found = o.broadcast_to(found, shape) if operation.reduces else summed_to(o, found, shape)
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
    o: Any,
    value: Callable[[Node], Any] | None,
) -> dict[int, Any]:
    """The upstreams of the targets, by serial, from `seeds` back through everything active.

    Args:
        o: `arrays` to compute at once, `ops` to build nodes.
        value: what stands for a node in the rules: its array, or the node itself when ``None``.
    """
    building = o is ops
    at_once = value is _array_of
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
                        local = local(o, *xs, node.value)
                        d = u * local
                    elif local == 0:
                        continue
                    else:
                        d = u if local == 1 else -u
                    if d.shape != xs[i].shape:
                        d = summed_to(o, d, xs[i].shape)
                    before = upstreams.get(to)
                    upstreams[to] = d if before is None else before + d
        elif operation is PICK:
            _pass_to_call(upstreams, node, u)
        elif building:
            made = Made(node.scope, node.made.code, node.made.offset, serial) if node.made else made_here()
            with made_for(made):
                _one(node, operation, u, upstreams, active, o, value)
        else:
            _one(node, operation, u, upstreams, active, o, value)
    return upstreams


def _one(node: Node, operation: Any, u: Any, upstreams: dict[int, Any], active: set[int], o: Any, value: Any) -> None:
    """What one node hands to each of its active inputs."""
    inputs, attributes = node.inputs, node.attributes
    if "body" in attributes:
        wanted = tuple([i for i, n in enumerate(inputs) if n.serial in active])
        found = (_call_on_nodes if o is ops else _call_on_arrays)(node, u, wanted, value)
        for i, d in zip(wanted, found, strict=True):
            _add(upstreams, inputs[i].serial, d)
        return
    if value is None:
        xs: Sequence[Any] = inputs
        y: Any = node
    else:
        xs = [value(n) for n in inputs]
        y = value(node)
    for i, parent in enumerate(inputs):
        if parent.serial in active:
            _add(upstreams, parent.serial, downstream(operation, o, i, u, xs, y, attributes))


def _add(upstreams: dict[int, Any], serial: int, d: Any) -> None:
    """Paths that join are summed."""
    if d is not None:
        before = upstreams.get(serial)
        upstreams[serial] = d if before is None else before + d


# ---- call nodes: upstreams of their places are kept in a dictionary, nested as calls are


def _pass_to_call(upstreams: dict[int, Any], node: Node, u: Any) -> None:
    places = upstreams.setdefault(node.inputs[0].serial, {})
    place = node.attributes["place"]
    if place not in places:
        places[place] = u
    elif isinstance(u, dict):
        for inner, more in u.items():
            _add(places[place], inner, more)
    else:
        places[place] = places[place] + u


def _call_on_arrays(node: Node, u: dict[int, Any], wanted: tuple[int, ...], value: Any) -> list[Any]:
    body: Graph = node.attributes["body"]
    values = node.value if value is None else value(node)
    place = body.place
    active = _body_reach(body, wanted)
    seeds = {body.order[p].serial: part for p, part in u.items()}
    targets = {body.inputs[i].serial for i in wanted}
    found = reverse(body.nodes, seeds, active, targets, arrays, lambda n: values[place[n.serial]])
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
    for place in sorted(u):
        inner = u[place]
        found += _paths(inner, (*before, place)) if isinstance(inner, dict) else [((*before, place), inner)]
    return found


def _call_on_nodes(node: Node, u: dict[int, Any], wanted: tuple[int, ...], value: Any) -> list[Any]:
    """A call node whose body is the derivative of the body, given the values it needs."""
    body: Graph = node.attributes["body"]
    pairs = _paths(u)
    derived, saved = _body_gradient(body, tuple(path for path, _ in pairs), wanted, node.operation.name)
    inputs = (*node.inputs, *[pick(node, p) for p in saved], *[part for _, part in pairs])
    record = gradient_record(node.operation)  # type: ignore[arg-type]
    made = apply(record, inputs, {**attributes_of(node), "body": derived})
    return [pick(made, derived.place[out.serial]) for out in derived.outputs]


_gradient_records: dict[str, CallRecord] = {}


def gradient_record(operation: Operation) -> CallRecord:
    """The record of the derivative of a call, named after it."""
    name = operation.name + "_gradient"
    if name not in _gradient_records:
        _gradient_records[name] = CallRecord(name, f"the derivative of {operation.name}")
    return _gradient_records[name]


def _body_gradient(
    body: Graph, paths: tuple[tuple[int, ...], ...], wanted: tuple[int, ...], name: str
) -> tuple[Graph, list[int]]:
    """The derivative's body and the places of `body` whose values it reads."""
    key = ("gradient", paths, wanted)
    found: tuple[Graph, list[int]] | None = body.derivatives.get(key)
    if found is not None:
        return found
    given, seeds = [], {}
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
    with made_for(Made(name, None, 0)):
        grads = reverse(body.nodes, seeds, _body_reach(body, wanted), targets, ops, None)
        outputs = []
        for i in wanted:
            grad = grads.get(body.inputs[i].serial)
            outputs.append(ops.zeros(body.inputs[i].spec.shape, body.inputs[i].spec.dtype) if grad is None else grad)
    nodes = ancestors(outputs, stop=[*body.order, *given])
    read = {body.place[n.serial] for m in nodes for n in m.inputs if n.serial in body.place and not n.operation.leaf}
    saved = sorted(read - set(range(len(body.inputs))))
    inputs = [*body.inputs, *[body.order[p] for p in saved], *given]
    found = Graph(inputs, outputs), saved
    body.derivatives[key] = found
    return found


# ---- gradients of tensors


def gradients(y: Any, xs: Any, upstream: Any = None, *, create_graph: bool = False, unconnected: str = "error") -> Any:
    """The gradient of `y` with respect to each of `xs`.

    Args:
        y: a tensor; without `upstream`, of one entry.
        xs: a variable or tensor in y's graph, or a list of them.
        upstream: the gradient of whatever follows with respect to y, in y's shape; default 1.
        create_graph: results that are used in further operations keep their history, so that expressions
            of gradients can be differentiated (PyTorch's word). A gradient itself always can be, and inside
            `grad`, `jacobian` and their kind nothing needs to be said.
        unconnected: ``"error"``, or ``"zero"`` for zeros where y does not depend on an x.

    Returns:
        A tensor in x's shape for one x, a list for a list.

    Raises:
        GraphError: if y does not depend on an x, saying where the path ends.
        ShapeError: if y has several entries and no upstream is given.

    The rule is CS231n's (https://cs231n.github.io/optimization-2/): downstream = local × upstream, sums at joins.

    >>> import chainrule as cr
    >>> x, y, z = cr.Variable(-2.0), cr.Variable(5.0), cr.Variable(-4.0)
    >>> gradients((x + y) * z, [x, y, z])
    [tensor(-4.0), tensor(-4.0), tensor(3.0)]
    """
    if isinstance(xs, list | tuple):
        return _gradients(as_tensor(y), list(xs), upstream, create_graph, unconnected)
    return _gradients(as_tensor(y), [xs], upstream, create_graph, unconnected)[0]


def _gradients(y: Tensor, xs: list[Any], upstream: Any, create_graph: bool, unconnected: str) -> list[Tensor]:
    if not is_float(y.dtype):
        raise DTypeError(f"a {y.dtype.name} result to be differentiated", "a real float", "cast it, or differentiate before rounding or comparing")
    order = tracked_ancestors(y)
    leaves = [_leaf(x, order, i) for i, x in enumerate(xs)]
    targets = {leaf.serial for leaf in leaves}
    active = reach(order, targets)
    seed = _seed(y, upstream)
    nested = bool(_running.leaves - targets) and any(n.serial in _running.leaves and n.serial not in targets for n in order)
    if create_graph or nested or y.symbolic or seed.symbolic:
        found = _on_nodes(y, order, active, targets, seed)
    else:
        with np.errstate(all="ignore"):
            found = reverse(order, {y.serial: seed.value} if y.serial in active else {}, active, targets, arrays, _array_of)
    results = []
    made = made_here()
    for i, leaf in enumerate(leaves):
        g = found.get(leaf.serial)
        if g is None:
            if unconnected == "error" and y.serial not in reach(order, {leaf.serial}):
                raise _no_path(y, xs[i], i, order)
            g = ops.zeros(leaf.shape, leaf.dtype)
        if not isinstance(g, Tensor):
            later = _later(y, leaf, order, active, targets, seed)
            g = Tensor(GRADIENT, (), {"build": later}, leaf.spec, g, False, made)
        results.append(g)
    return results


def _array_of(node: Node) -> Any:
    return node.value


def _later(y: Tensor, leaf: Tensor, order: list[Node], active: set[int], targets: set[int], seed: Tensor) -> Callable[[], Node]:
    """Builds the gradient's graph when somebody looks (`graph.resolve`)."""
    return lambda: _on_nodes(y, order, active, targets, seed)[leaf.serial]


def _on_nodes(y: Tensor, order: list[Node], active: set[int], targets: set[int], seed: Tensor) -> dict[int, Any]:
    for node in order:
        if node.spec.__class__ is Spec and None in node.spec.shape:
            raise GraphError(
                f"a graph with an unknown batch ({node.spec!r})", "concrete sizes", "make the symbolic inputs with a batch size", node.line
            )
    with np.errstate(all="ignore"):
        return reverse(order, {y.serial: seed} if y.serial in active else {}, active, targets, ops, None)


def _seed(y: Tensor, upstream: Any) -> Tensor:
    if upstream is None:
        if y.size != 1:
            raise ShapeError(
                f"a result of shape {y.shape} to be differentiated",
                "one number, as a loss is",
                "reduce it with .sum() or .mean(), or pass `upstream`, or use chainrule.jacobian",
                y.line,
            )
        return ops.ones(y.shape, y.dtype)
    seed = as_tensor(upstream).cast_to(y.dtype)
    if seed.shape != y.shape:
        raise ShapeError(f"an upstream of shape {seed.shape}", f"y's shape {y.shape}", "reshape or broadcast the upstream")
    return seed


def _leaf(x: Any, order: list[Node], i: int) -> Tensor:
    """The node in the graph that stands for x: itself, or the version of a variable that was read."""
    if isinstance(x, Variable):
        read = [n for n in order if n.operation is VARIABLE and n.attributes["variable"] is x]
        if len(read) > 1:
            raise GraphError(
                f"{len(read)} versions of variable {x.name!r} in one graph",
                "one version",
                "assign after the gradient is taken, or pass the tensor `variable.value` you mean",
            )
        x = read[0] if read else x.value
    if not isinstance(x, Tensor):
        raise GraphError(
            f"item {i} of xs, of type {type(x).__name__}", "a Variable or a tensor of the graph", "keep the tensor you computed with, and pass it"
        )
    if not is_float(x.dtype):
        raise DTypeError(f"item {i} of xs, of dtype {x.dtype.name}", "a real float", "make it with a float dtype")
    return x


def _no_path(y: Tensor, x: Any, i: int, order: list[Node]) -> GraphError:
    leaf = x.value if isinstance(x, Variable) else x
    name = leaf.attributes.get("name") or f"item {i} of xs"
    if leaf.operation.leaf and not leaf.tracked:
        return GraphError(
            f"{name!r}, a constant that nobody watched", "a variable or watched tensor",
            "make it a chainrule.Variable or tensor(data, watch=True) before computing with it, or use chainrule.grad(f)", leaf.line,
        )  # fmt: skip
    ends = [n for n in order if any(p is leaf for p in n.inputs)]
    blocked = next((n for n in order if not n.spec.floating and n.inputs), None)
    if ends and blocked is not None:
        why = f"the path ends at {blocked.operation.name} ({blocked.spec!r}), through which no gradient flows"
    else:
        why = "y was computed without it (or from an earlier version, before it was assigned)"
    return GraphError(f"no path from y to {name!r}: {why}", "a y that depends on it", "compute y from it, or pass unconnected='zero'", y.line)


# ---- forward mode


def tangents(order: Sequence[Node], seeds: dict[int, Any], value: Callable[[Node], Any] | None = None) -> dict[int, Any]:
    """The derivative of each node along one direction, from the leaves forward, as tensors."""
    moved: dict[int, Any] = dict(seeds)
    for node in order:
        if node.serial in moved or not any(n.serial in moved for n in node.inputs):
            continue
        operation: Any = node.operation
        if operation is PICK:
            inner = moved[node.inputs[0].serial].get(node.attributes["place"])
            if inner is not None:
                moved[node.serial] = inner
        elif "body" in node.attributes:
            moved[node.serial] = _call_tangents(node, moved, value)
        elif node.spec.floating:
            found = _one_tangent(node, operation, moved, value)
            if found is not None:
                moved[node.serial] = found
    return moved


def _one_tangent(node: Node, operation: Operation, moved: dict[int, Any], value: Any) -> Any:
    xs = [n if value is None else value(n) for n in node.inputs]
    y = node if value is None else value(node)
    attributes = node.attributes
    if operation.joint:
        moving = [moved.get(n.serial) for n in node.inputs]
        whole = [ops.zeros_like(x) if t is None else t for x, t in zip(xs, moving, strict=True)]
        return apply(operation, tuple(whole), attributes)
    total = None
    for i, parent in enumerate(node.inputs):
        t = moved.get(parent.serial)
        if t is None or not is_float(xs[i].dtype):
            continue
        if operation.local is not None:
            local = local_of(operation, ops, i, xs, y, attributes)
            if local is None or (local.__class__ is int and local == 0):
                continue
            part = t if local.__class__ is int and local == 1 else t * local
            if operation.reduces:
                part = ops.sum(part, axis=attributes["axis"], keepdims=attributes["keepdims"])
            elif part.shape != y.shape:
                part = ops.broadcast_to(part, y.shape)
        elif operation.transpose is not None:
            part = apply(operation, tuple(xs[:i]) + (t,) + tuple(xs[i + 1 :]), attributes)
        else:
            continue
        total = part if total is None else total + part
    return total


def _call_tangents(node: Node, moved: dict[int, Any], value: Any) -> dict[int, Any]:
    body: Graph = node.attributes["body"]
    here = node if value is None else value(node)

    def inner(n: Node) -> Any:
        return n if n.operation.leaf and n.value is not None else pick(here, body.place[n.serial])

    seeds = {b.serial: moved[n.serial] for b, n in zip(body.inputs, node.inputs, strict=True) if n.serial in moved}
    found = tangents(body.nodes, seeds, inner)
    return {body.place[serial]: t for serial, t in found.items()}


# ---- transformations of functions


@contextmanager
def _watching(leaves: list[Tensor]) -> Iterator[None]:
    before = set(_running.leaves)
    _running.leaves |= {leaf.serial for leaf in leaves}
    try:
        yield
    finally:
        _running.leaves = before


def _watched(x: Any, what: str) -> Tensor:
    """A leaf of its own that stands for x while a transformation runs."""
    given = as_tensor(x)
    if given.spec.weak:
        given = given.cast_to(as_dtype(floatx()))
    if not is_float(given.dtype):
        raise DTypeError(f"{what} of dtype {given.dtype.name}", "a real float to differentiate with respect to", "cast it to float32, or leave it out of argnums")
    if given.tracked:
        leaf: Tensor = apply(ops.positive, (given,))
        return leaf
    return Tensor(WATCHED, (), given.attributes if given.operation is WATCHED else {}, given.spec, given.value, True, made_here())


def _prepare(f: Function, argnums: Any, args: tuple[Any, ...]) -> tuple[list[Tensor], list[Any], Callable[[list[Any]], Any]]:
    """Leaves for the chosen arguments, the arguments to call with, and how to shape the answer."""
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for n in chosen:
        if not -len(args) <= n < len(args):
            raise GraphError(f"argnums {argnums} for {len(args)} positional arguments", "numbers of arguments that are there", "pass the argument by position")
    new = list(args)
    leaves: list[Tensor] = []
    builds = []
    for n in chosen:
        flat, build = flatten(args[n])
        mine = [_watched(x, f"argument {n}") for x in flat]
        new[n] = build(list(mine))
        leaves += mine
        builds.append((mine, build))
    shape = lambda flat: regroup(builds, flat)[0] if isinstance(argnums, int) else tuple(regroup(builds, flat))
    return leaves, new, shape


def _free(y: Tensor, leaves: list[Tensor]) -> Tensor:
    """y without history to a finished transformation's leaves, unless others hold it in the graph."""
    own = {leaf.serial for leaf in leaves}
    if any(n.tracked and n.operation.leaf and n.serial not in own for n in ancestors([y])) or y.symbolic:
        return y
    return Tensor(y.operation, y.inputs, y.attributes, y.spec, y.value, False, y.made)


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """A function that gives f's value and its gradient with respect to some arguments (``jax.value_and_grad``).

    Args:
        f: returns one number (with `has_aux`, and something more).
        argnums: the argument to differentiate, or several. An argument may be a list or dictionary of
            tensors; its gradient has the same form.

    >>> import chainrule as cr
    >>> cr.value_and_grad(lambda a: a * a)(5.0)
    (tensor(25.0), tensor(10.0))
    """

    @wraps(f)
    def both(*args: Any, **kwargs: Any) -> Any:
        leaves, new, shape = _prepare(f, argnums, args)
        with _watching(leaves):
            result = f(*new, **kwargs)
            y, aux = result if has_aux else (result, None)
            y = as_tensor(y)
            found = _gradients(y, list(leaves), None, False, "zero")
        value = _free(y, leaves)
        return ((value, aux) if has_aux else value), shape(list(found))

    return both


def grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """A function that gives the gradient of f (``jax.grad``). Gradients of gradients go to any order.

    >>> import chainrule as cr
    >>> cube = lambda a: a ** 3
    >>> cr.grad(cube)(2.0), cr.grad(cr.grad(cube))(2.0)
    (tensor(12.0), tensor(12.0))
    """
    both = value_and_grad(f, argnums, has_aux)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def jacobian(f: Function, argnums: int = 0) -> Function:
    """A function that gives the derivative of every output entry by every input entry.

    Returns:
        shape ``f(x).shape + x.shape`` (``jax.jacrev``, ``torch.func.jacrev``).

    >>> import chainrule as cr
    >>> cr.jacobian(lambda x: x * x)(cr.tensor([1.0, 3.0]))
    tensor([[2., 0.],
            [0., 6.]])
    """

    @wraps(f)
    def rows(*args: Any, **kwargs: Any) -> Any:
        leaves, new, shape = _prepare(f, argnums, args)
        with _watching(leaves):
            y = as_tensor(f(*new, **kwargs))
            entries = [_gradients(y, list(leaves), _one_entry(y, i), False, "zero") for i in range(y.size)]
        stacked = []
        for j, leaf in enumerate(leaves):
            if entries:
                stacked.append(ops.reshape(ops.stack([e[j] for e in entries]), (*y.shape, *leaf.shape)))
            else:
                stacked.append(ops.zeros((*y.shape, *leaf.shape), leaf.dtype))
        return shape(stacked)

    return rows


def _one_entry(y: Tensor, i: int) -> Any:
    one = np.zeros(y.size, y.dtype)
    one[i] = 1
    return one.reshape(y.shape)


def hessian(f: Function, argnums: int = 0) -> Function:
    """A function that gives the second derivatives of a scalar function, shape ``x.shape + x.shape`` (``jax.hessian``).

    >>> import chainrule as cr
    >>> cr.hessian(lambda x: (x ** 3).sum())(cr.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacobian(grad(f, argnums), argnums)


def jvp(f: Function, primals: Sequence[Any], tangents_: Sequence[Any]) -> tuple[Any, Any]:
    """f's value and its derivative along a direction, in one pass forward (``keras.ops.jvp``, ``jax.jvp``).

    Args:
        primals: f's arguments, in order. tangents_: a direction for each, in its shape.

    >>> import chainrule as cr
    >>> jvp(lambda x: x * x, [cr.tensor([1.0, 3.0])], [cr.tensor([1.0, 0.5])])
    (tensor([1., 9.]), tensor([2., 3.]))
    """
    if len(primals) != len(tangents_):
        raise GraphError(f"{len(primals)} primals and {len(tangents_)} tangents", "one tangent for each primal", "give them as two lists of one length")
    leaves = [_watched(x, f"primal {i}") for i, x in enumerate(primals)]
    seeds = {}
    for leaf, t in zip(leaves, tangents_, strict=True):
        direction = as_tensor(t).cast_to(leaf.dtype)
        if direction.shape != leaf.shape:
            raise ShapeError(f"a tangent of shape {direction.shape} for a primal of shape {leaf.shape}", "equal shapes", "reshape the tangent")
        seeds[leaf.serial] = direction
    with _watching(leaves):
        result = f(*leaves)
        outputs, build = flatten(result)
        ys = [as_tensor(y) for y in outputs]
        with np.errstate(all="ignore"):
            moved = tangents(ancestors(ys), seeds)
    found = [moved.get(y.serial) for y in ys]
    dots = [ops.zeros_like(y) if t is None else _free(t, leaves) for y, t in zip(ys, found, strict=True)]
    return build([_free(y, leaves) for y in ys]), build(dots)


def hvp(f: Function, x: Any, v: Any) -> Any:
    """The Hessian of a scalar function at x times v, forward over reverse: no Hessian is built.

    >>> import chainrule as cr
    >>> hvp(lambda x: (x ** 3).sum(), cr.tensor([1.0, 2.0]), cr.tensor([1.0, 1.0]))
    tensor([ 6., 12.])
    """
    return jvp(grad(f), [x], [v])[1]
