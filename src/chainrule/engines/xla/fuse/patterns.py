"""Patterns: which groups of nodes one kernel computes, by the name of the operation at the group's root.

A pattern is a function of an `Index` and a node that returns rewrites, none where it does not apply or no kernel takes
the call. Rewrites of one group are returned together: each has in its call's inputs all that its kernel reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ....graph import CallNode, Node, spec_of
from ..calls import new_output
from .dense import dense_gradient, logistic_regression
from .gradients import computed, gradient_of, gradients_of, inputs_of_layer
from .pooling import max_pool
from .rewriting import Index, Pattern, Rewrite, value_of


def primitive(index: Index, node: Node) -> Sequence[Rewrite]:
    """Compute an operation by the kernel of its name."""
    call = index.accepted(node.operation.name, node.inputs, node.attributes, [node.spec], node)
    return [] if call is None else [Rewrite(call, {value_of(node): 0}, (node,))]


def matmul(index: Index, node: Node) -> Sequence[Rewrite]:
    """Multiply matrices; one that is the transpose of another is read from that."""
    (a, transpose_a), (b, transpose_b) = map(_untransposed, node.inputs)
    attributes = {"transpose_a": transpose_a, "transpose_b": transpose_b}
    call = index.accepted("matmul", (a, b), attributes, [node.spec], node)
    return [] if call is None else [Rewrite(call, {value_of(node): 0}, (node,))]


def _untransposed(node: Node) -> tuple[Node, bool]:
    """Return the matrix that a node is the transpose of, and true, or the node itself, and false."""
    is_transpose = node.operation.name == "transpose" and len(node.spec.shape) == 2
    if is_transpose and node.attributes["axes"] in ((1, 0), None):
        return node.inputs[0], True
    return node, False


def forward(index: Index, node: CallNode) -> Sequence[Rewrite]:
    """Compute the results of a call by the kernel of its name."""
    return index.replaced(node.operation.name, node.inputs, node)


def backward(index: Index, node: CallNode, by: Sequence[int] | None = None) -> Sequence[Rewrite]:
    """Compute a gradient from the call's inputs and the upstream; with `by`, that by these inputs alone."""
    gradient = gradient_of(index, node)
    if gradient is None:
        return []
    if by is not None:
        gradient = gradient._replace(positions={i: p for i, p in gradient.positions.items() if i in by})
    return computed(index, gradient, node.operation.name, [*gradient.inputs, gradient.upstream])


def dense(index: Index, node: CallNode) -> Sequence[Rewrite]:
    """Compute a dense layer, with its gradient where it is a logistic regression."""
    return logistic_regression(index, node) or forward(index, node)


def convolution_gradient(index: Index, node: CallNode) -> Sequence[Rewrite]:
    """Compute the gradient of a convolution from its input, kernel, output where it has a relu, and upstream."""
    gradient = gradient_of(index, node)
    inputs = None if gradient is None else inputs_of_layer(index, gradient)
    return [] if gradient is None or inputs is None else computed(index, gradient, node.operation.name, inputs)


def moments(index: Index, node: CallNode) -> Sequence[Rewrite]:
    """Compute a variance and the mean over the same axes in one pass, and the variance's gradient from the mean."""
    (x,), axis = node.inputs, node.attributes["axis"]
    means = [n for n in index.consumers(x) if n.operation.name == "mean" and n.attributes["axis"] == axis]
    specs = [spec_of(x.spec.shape[-1:], x.spec.dtype)] * 2
    call = index.accepted("moments", [x], node.attributes, specs, node, *means)
    if call is None:
        return []
    results = {value_of(index.result(node)): 1, **{value_of(mean): 0 for mean in means}}
    rewrites = [Rewrite(call, results, (node, *means))]
    for g in gradients_of(index, node):
        rewrites += computed(index, g, "moments_gradient", [x, new_output(call, 0), g.upstream])
    return rewrites


CALLS: dict[str, Pattern] = {
    "dense": dense,
    "dense_gradient": dense_gradient,
    "convolution": forward,
    "convolution_gradient": convolution_gradient,
    "max_pool": max_pool,
    "average_pool": forward,
    "average_pool_gradient": backward,
    "var": moments,
    "batch_normalization_gradient": backward,
    "roi_align": forward,
    "roi_align_gradient": partial(backward, by=(0,)),
    "adam_update": forward,
    "momentum_update": forward,
}
PRIMITIVES: dict[str, Pattern] = {
    "matmul": matmul,
    "conv": primitive,
    "conv_transpose": primitive,
    "conv_kernel_gradient": primitive,
    "random_permutation": primitive,
}
# calls that patterns of others read
READ = frozenset(
    {"binary_crossentropy", "binary_crossentropy_gradient", "max_pool_gradient", "var_gradient", "batch_normalization"}
)
