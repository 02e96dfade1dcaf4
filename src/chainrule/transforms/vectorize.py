"""Vectorize: turn a function of one example into one of a batch, by rewriting its graph.

The function is traced on one example with symbolic tensors, loops included, and each node that depends on
the example is replaced by what its record's batch rule builds. Only the few operations whose record asks for it
run in a loop over examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import ops
from ..core.derived_function import DerivedFunction
from ..core.errors import ShapeError, ValueProblem
from ..graph import CallNode, Graph, Node, SourceInfo, interpret, source_info_scope
from ..graph.source_info import state
from ..ops.record import operation_of
from ..ops.rules import normalize_axis
from ..tensors.convert import as_tensor, symbolic
from ..tensors.tensor import Tensor
from ..tensors.tree import flatten

Batched = tuple[Any, bool]  # a node, and whether it has the batch axis


def vectorize(
    f: Callable[..., Any], in_axes: int | Sequence[int | None] | None = 0, out_axes: int = 0
) -> Callable[..., Any]:
    """Return `f`, written for one example, as a function of a batch (``jax.vmap``, ``torch.func.vmap``).

    Args:
        f: takes tensors (or lists or dictionaries of them) of one example and returns tensors.
        in_axes: the batch axis of each argument, or of all; ``None`` for an argument shared by the batch.
        out_axes: the batch axis of the results.

    Raises:
        ShapeError: if the arguments' batch sizes differ.
        SymbolicError: if f needs an example's values (`if`, `float`): use `ops.where` instead.

    >>> import chainrule as cr
    >>> def dot(w, x):                       # loops over the entries of one example
    ...     total = 0.0
    ...     for j in range(3):
    ...         total = total + w[j] * x[j]
    ...     return total
    >>> cr.vectorize(dot, in_axes=(None, 0))([1.0, 2.0, 3.0], cr.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))
    tensor([1., 6.])
    """

    def batched(*args: Any, **kwargs: Any) -> Any:
        axes = (in_axes,) * len(args) if in_axes is None or isinstance(in_axes, int) else tuple(in_axes)
        if len(axes) != len(args):
            passed = f"in_axes {axes} for {len(args)} arguments"
            raise ValueProblem(passed, "one entry for each argument", "give an axis or None for each")
        batches, examples, inputs = [], [], []
        for arg, axis in zip(args, axes, strict=True):
            if axis is None:
                is_array = isinstance(arg, list | tuple) and not flatten(arg, lists_are_arrays=True)[0][1:]
                examples.append(as_tensor(arg) if is_array else arg)
                continue
            leaves, unflatten = flatten(arg, lists_are_arrays=True)
            tensors = [_batch_axis_first(as_tensor(x), axis) for x in leaves]
            example = [symbolic(t.shape[1:], t.dtype) for t in tensors]
            batches += tensors
            inputs += example
            examples.append(unflatten(list(example)))
        sizes = {t.shape[0] for t in batches}
        if len(sizes) != 1:
            passed = f"batch sizes {sorted(sizes)}" if sizes else "no batched argument"
            mend = "check in_axes, and give None for arguments that all examples share"
            raise ShapeError(passed, "one batch size in all batched arguments", mend)
        (size,) = sizes
        before, state.one_example = state.one_example, True
        try:
            results, unflatten = flatten(f(*examples, **kwargs), lists_are_arrays=True)
        finally:
            state.one_example = before
        graph = Graph(inputs, [as_tensor(r) for r in results])
        batched_nodes = _batch_graph(graph, [(x, True) for x in batches], size)
        outputs = [batched_nodes[graph.position[t.serial]] for t in graph.outputs]
        return unflatten([_with_batch_axis(x, flag, size, out_axes) for x, flag in outputs])

    return DerivedFunction(batched, f, vectorize, (f, in_axes, out_axes))


def _batch_axis_first(x: Tensor, axis: int) -> Tensor:
    source = normalize_axis(axis, x.ndim, "in_axes")
    return ops.moveaxis(x, source, 0) if source else x


def _with_batch_axis(x: Any, batched: bool, size: int, axis: int) -> Tensor:
    """Return a result with its batch axis at `axis`; one that does not depend on the example is repeated."""
    result: Tensor = x if batched else ops.broadcast_to(x, (size, *x.shape))
    return ops.moveaxis(result, 0, axis) if axis else result


def _batch_graph(graph: Graph, inputs: Iterable[Batched], size: int, scope: str = "") -> list[Any]:
    """Return for every position the node that replaces the one there, and whether that has the batch axis.

    A call node is opened: its entry is the list of its body's.
    """

    def visit(node: Node, parents: list[Any]) -> Any:
        if node.call is not None and isinstance(parents[0], list):
            return parents[0][node.position]
        if node.value is not None and not any(b for _, b in parents):
            return node, False
        with source_info_scope(_source_info(node, scope)):
            return _batch_node(node, parents, size)

    return interpret(graph, inputs, visit, lambda node: (node, False))


def _source_info(node: Node, scope: str) -> SourceInfo:
    """Return the node's source info, with `scope` around its own."""
    info = node.source_info or SourceInfo("", None, 0)
    return info._replace(scope="/".join(part for part in (scope, info.scope) if part))


def _batch_node(node: Node, parents: list[Any], size: int) -> Any:
    """Return the node or nodes that replace one node, and whether they have the batch axis."""
    if isinstance(node, CallNode):
        return _batch_graph(node.body, parents, size, node.scope)
    operation = operation_of(node)
    xs, flags = [x for x, _ in parents], [b for _, b in parents]
    if not any(flags):  # inside an opened body, where it is symbolic although its inputs have values
        return operation(*xs, **node.attributes), False
    return operation.batch(operation, xs, flags, size, node.attributes), True
