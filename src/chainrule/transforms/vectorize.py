"""Vectorize: a function written for one example becomes one for a batch, by rewriting its graph.

The function is traced on one example with symbolic tensors, loops and all, and each node that depends on
the example is replaced by what its record's batch rule builds. Nothing is run in a loop over examples but
for the few operations whose record says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from .. import ops
from ..core.errors import ShapeError, ValueProblem
from ..graph import Graph, Node, SourceInfo, source_info_scope
from ..graph.source_info import state
from ..ops.record import GET_OUTPUT, attributes_of
from ..ops.rules import normal_axis
from ..tensors.tensor import Tensor, as_tensor, symbolic
from ..tensors.tree import flatten


def vectorize(
    f: Callable[..., Any], in_axes: int | Sequence[int | None] | None = 0, out_axes: int = 0
) -> Callable[..., Any]:
    """`f`, written for one example, as a function of a batch (``jax.vmap``, ``torch.func.vmap``).

    Args:
        f: takes tensors (or lists or dictionaries of them) of one example and returns tensors.
        in_axes: the batch axis of each argument, or of all; ``None`` for an argument shared by the batch.
        out_axes: where the batch axis stands in the results.

    Raises:
        ShapeError: if the arguments' batch sizes differ.
        SymbolicError: if f asks for an example's numbers (`if`, `float`): use `ops.where` instead.

    >>> import chainrule as cr
    >>> def dot(w, x):                       # loops over the entries of one example
    ...     total = 0.0
    ...     for j in range(3):
    ...         total = total + w[j] * x[j]
    ...     return total
    >>> cr.vectorize(dot, in_axes=(None, 0))([1.0, 2.0, 3.0], cr.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))
    tensor([1., 6.])
    """

    @wraps(f)
    def batched(*args: Any, **kwargs: Any) -> Any:
        axes = (in_axes,) * len(args) if in_axes is None or isinstance(in_axes, int) else tuple(in_axes)
        if len(axes) != len(args):
            raise ValueProblem(
                f"in_axes {axes} for {len(args)} arguments", "one entry an argument", "give an axis or None for each"
            )
        given, examples, inputs = [], [], []
        for arg, axis in zip(args, axes, strict=True):
            if axis is None:
                is_array = isinstance(arg, list | tuple) and not flatten(arg, lists_are_arrays=True)[0][1:]
                examples.append(as_tensor(arg) if is_array else arg)
                continue
            leaves, build = flatten(arg, lists_are_arrays=True)
            tensors = [_front(as_tensor(x), axis) for x in leaves]
            one = [symbolic(t.shape[1:], t.dtype) for t in tensors]
            given += tensors
            inputs += one
            examples.append(build(list(one)))
        sizes = {t.shape[0] for t in given}
        if len(sizes) != 1:
            raise ShapeError(
                f"batch sizes {sorted(sizes)}" if sizes else "no batched argument",
                "one batch size in all batched arguments",
                "check in_axes, and give None for what all examples share",
            )
        (size,) = sizes
        before, state.one_example = state.one_example, True
        try:
            results, shape = flatten(f(*examples, **kwargs), lists_are_arrays=True)
        finally:
            state.one_example = before
        outputs = [as_tensor(r) for r in results]
        made = _batch(Graph(inputs, outputs), given, [True] * len(given), size)
        return shape([_placed(*made[t.serial], size, out_axes) for t in outputs])

    return batched


def _front(x: Tensor, axis: int) -> Tensor:
    at = normal_axis(axis, x.ndim, "in_axes")
    return ops.moveaxis(x, at, 0) if at else x


def _placed(x: Any, batched: bool, size: int, axis: int) -> Tensor:
    found: Tensor = x if batched else ops.broadcast_to(x, (size, *x.shape))
    return ops.moveaxis(found, 0, axis) if axis else found


def _batch(
    graph: Graph, inputs: Sequence[Any], flags: Sequence[bool], size: int, scope: str = ""
) -> dict[int, tuple[Any, bool]]:
    """For every node, by serial, what stands for it and whether that has the batch axis.

    A call node is opened: its entry is a dictionary of its places.
    """
    made: dict[int, tuple[Any, bool]] = {n.serial: (x, b) for n, x, b in zip(graph.inputs, inputs, flags, strict=True)}
    for node in graph.nodes:
        operation: Any = node.operation
        parents = [made[n.serial] for n in node.inputs]
        if operation is GET_OUTPUT and isinstance(parents[0][0], dict):
            made[node.serial] = parents[0][0][node.attributes["position"]]
        elif not any(b for _, b in parents) and (node.value is not None or not node.inputs):
            made[node.serial] = (node, False)
        else:
            with source_info_scope(_made(node, scope)):
                made[node.serial] = _one(node, operation, parents, size)
    return made


def _made(node: Node, scope: str) -> SourceInfo:
    old = node.source_info or SourceInfo("", None, 0)
    return old._replace(scope="/".join(part for part in (scope, old.scope) if part))


def _one(node: Node, operation: Any, parents: list[tuple[Any, bool]], size: int) -> tuple[Any, bool]:
    xs, flags = [x for x, _ in parents], [b for _, b in parents]
    if "body" in node.attributes:
        body: Graph = node.attributes["body"]
        inner = _batch(body, xs, flags, size, node.scope)
        positions = {body.position[serial]: found for serial, found in inner.items()}
        return {**positions, -1: inner[body.order[-1].serial]}, True
    if not any(flags):  # inside an opened body: symbolic there, known here
        return operation(*xs, **attributes_of(node)), False
    return operation.batch(operation, xs, flags, size, attributes_of(node)), True
