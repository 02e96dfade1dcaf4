"""Gradients of tensors: computed on arrays at once, with a graph that is built only when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...core.arguments import one_of
from ...core.errors import DTypeError, GraphError, ShapeError
from ...graph import Detached, Node, current_source_info, tracked_ancestors
from ...graph.spec import Spec, is_float
from ...ops.arrays import arrays
from ...ops.record import namespace
from ...tensors.convert import as_tensor
from ...tensors.tensor import GRADIENT, VARIABLE, Tensor
from ...tensors.variable import Variable
from ...tensors.watching import running
from .backward import array_of, reach, reverse


def gradients(y: Any, xs: Any, upstream: Any = None, *, create_graph: bool = False, unconnected: str = "error") -> Any:
    """Compute the gradient of `y` with respect to each of `xs`.

    Args:
        y: a tensor; without `upstream`, of one entry.
        xs: a variable or tensor in y's graph, or a list of them.
        upstream: the gradient of a later result with respect to y, in y's shape; default 1.
        create_graph: whether results that are used in further operations keep their history, so that expressions
            of gradients can be differentiated (PyTorch's name). A gradient itself always can be, and inside
            `grad`, `jacobian` and the like it is not needed.
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
    one_of(("error", "zero"), unconnected=unconnected)
    if isinstance(xs, list | tuple):
        return gradients_of(as_tensor(y), list(xs), upstream, create_graph, unconnected)
    return gradients_of(as_tensor(y), [xs], upstream, create_graph, unconnected)[0]


def gradients_of(y: Tensor, xs: list[Any], upstream: Any, create_graph: bool, unconnected: str) -> list[Tensor]:
    """Compute the gradients of a tensor with respect to a list; see `gradients`."""
    if not is_float(y.dtype):
        passed = f"a {y.dtype.name} result to be differentiated"
        raise DTypeError(passed, "a real float", "cast it, or differentiate before rounding or comparing")
    order, detached = tracked_ancestors(y)
    leaves = [_leaf(x, order, i) for i, x in enumerate(xs)]
    targets = {leaf.serial for leaf in leaves}
    active = reach(order, targets)
    _check_no_complex_path(order, active)
    if detached & targets:
        raise _detached_error(xs[next(i for i, leaf in enumerate(leaves) if leaf.serial in detached)], y)
    seed = _seed(y, upstream)
    nested = bool(running.leaves - targets) and any(
        n.serial in running.leaves and n.serial not in targets for n in order
    )
    narrow = any(n.spec.narrow for n in order)  # only the records' plans, not bare arrays, compute in float32
    if create_graph or nested or narrow or y.symbolic or seed.symbolic:
        upstreams = _reverse_on_nodes(y, order, active, targets, seed)
    else:
        with np.errstate(all="ignore"):
            upstreams = reverse(
                order, {y.serial: seed.value} if y.serial in active else {}, active, targets, arrays, array_of
            )
    results = []
    source_info = current_source_info()
    others = frozenset(n.serial for n in order if n.operation.leaf and n.tracked and n.serial not in running.leaves)
    tracked = Detached(others) if others else False
    for i, leaf in enumerate(leaves):
        g = upstreams.get(leaf.serial)
        if g is None:
            if unconnected == "error" and y.serial not in reach(order, {leaf.serial}):
                raise _no_path_error(y, xs[i], i, order)
            g = ops.zeros(leaf.shape, leaf.dtype)
        if not isinstance(g, Tensor):
            build = _deferred_build(y, leaf, order, active, targets, seed)
            g = Tensor(GRADIENT, (), {"build": build}, leaf.spec, g, tracked, source_info)
        results.append(g)
    return results


def _deferred_build(
    y: Tensor, leaf: Tensor, order: list[Node], active: set[int], targets: set[int], seed: Tensor
) -> Callable[[], Node]:
    """Return the function that builds the gradient's graph when it is needed (`graph.resolve`)."""
    return lambda: _reverse_on_nodes(y, order, active, targets, seed)[leaf.serial]


def _reverse_on_nodes(
    y: Tensor, order: list[Node], active: set[int], targets: set[int], seed: Tensor
) -> dict[int, Any]:
    """Build the graph of the backward pass, and return the targets' gradients by serial."""
    for node in order:
        if node.spec.__class__ is Spec and None in node.spec.shape:
            passed = f"a graph with an unknown batch ({node.spec!r})"
            raise GraphError(passed, "concrete sizes", "make the symbolic inputs with a batch size", node.line)
    with np.errstate(all="ignore"):
        return reverse(order, {y.serial: seed} if y.serial in active else {}, active, targets, namespace(), None)


def _seed(y: Tensor, upstream: Any) -> Tensor:
    """Return the upstream of y, 1 by default."""
    if upstream is None:
        if y.size != 1:
            passed = f"a result of shape {y.shape} to be differentiated"
            mend = "reduce it with .sum() or .mean(), or pass `upstream`, or use chainrule.jacobian"
            raise ShapeError(passed, "one number, as a loss is", mend, y.line)
        return ops.ones(y.shape, y.dtype)
    seed = as_tensor(upstream).cast_to(y.dtype)
    if seed.shape != y.shape:
        passed = f"an upstream of shape {seed.shape}"
        raise ShapeError(passed, f"y's shape {y.shape}", "reshape or broadcast the upstream")
    return seed


def _leaf(x: Any, order: list[Node], i: int) -> Tensor:
    """Return the node of x in the graph: x itself, or the version of a variable that was read."""
    if isinstance(x, Variable):
        versions = [n for n in order if n.operation is VARIABLE and n.attributes["variable"] is x]
        if len(versions) > 1:
            passed = f"{len(versions)} versions of variable {x.name!r} in one graph"
            mend = "assign after the gradient is taken, or pass the tensor `variable.value` you mean"
            raise GraphError(passed, "one version", mend)
        x = versions[0] if versions else x.value
    if not isinstance(x, Tensor):
        passed = f"item {i} of xs, of type {type(x).__name__}"
        mend = "keep the tensor you computed with, and pass it"
        raise GraphError(passed, "a Variable or a tensor of the graph", mend)
    if not is_float(x.dtype):
        raise DTypeError(f"item {i} of xs, of dtype {x.dtype.name}", "a real float", "make it with a float dtype")
    return x


def _check_no_complex_path(order: list[Node], active: set[int]) -> None:
    """Raise `DTypeError` if a path from a target goes through complex numbers and back to real ones."""
    if not any(n.spec.__class__ is Spec and n.spec.dtype.kind == "c" for n in order):
        return
    lost: set[int] = set()
    for node in order:
        if node.operation.stops_gradient or not any(p.serial in active or p.serial in lost for p in node.inputs):
            continue
        if node.spec.floating and any(p.serial in lost for p in node.inputs):
            passed = f"{node.operation.name}, which makes real numbers of complex ones, on the way to be differentiated"
            mend = "compute with real and imaginary parts, or make the complex numbers constants with t.numpy()"
            raise DTypeError(passed, "real numbers alone: complex ones are not differentiated", mend, node.line)
        if node.spec.__class__ is Spec and node.spec.dtype.kind == "c":
            lost.add(node.serial)


def _detached_error(x: Any, y: Tensor) -> GraphError:
    name = (x.value if isinstance(x, Variable) else x).attributes.get("name", "x")
    passed = f"a result made from a gradient that depends on {name!r} itself but kept no history of it"
    mend = "make that gradient with gradients(..., create_graph=True), or make it a constant with ops.stop_gradient(g)"
    return GraphError(passed, "a graph with every path from the result to it", mend, y.line)


def _no_path_error(y: Tensor, x: Any, i: int, order: list[Node]) -> GraphError:
    leaf = x.value if isinstance(x, Variable) else x
    name = leaf.attributes.get("name") or f"item {i} of xs"
    if leaf.operation.leaf and not leaf.tracked:
        return GraphError(
            f"{name!r}, a constant that is not watched",
            "a variable or watched tensor",
            "make it a chainrule.Variable or tensor(data, watch=True) before computing with it, or use "
            "chainrule.grad(f)",
            leaf.line,
        )
    ends = [n for n in order if any(p is leaf for p in n.inputs)]
    blocked = next((n for n in order if not n.spec.floating and n.inputs), None)
    if ends and blocked is not None:
        why = f"the path ends at {blocked.operation.name} ({blocked.spec!r}), through which no gradient flows"
    else:
        why = "y was computed without it (or from an earlier version, before it was assigned)"
    passed = f"no path from y to {name!r}: {why}"
    return GraphError(passed, "a y that depends on it", "compute y from it, or pass unconnected='zero'", y.line)
