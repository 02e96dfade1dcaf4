"""Transformations of functions: gradients, Jacobians, Hessians, directional derivatives, to any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import ops
from ...core import memory
from ...core.derived_function import DerivedFunction
from ...core.errors import DTypeError, GraphError, ShapeError
from ...graph import Graph, ancestors, apply, current_source_info, floatx
from ...graph.spec import as_dtype, is_float
from ...tensors.convert import as_tensor
from ...tensors.tensor import WATCHED, Tensor
from ...tensors.tree import flatten, unflatten_parts
from ...tensors.watching import watching
from .forward import tangents
from .reverse_mode import gradients_of

Function = Callable[..., Any]


def _watched(x: Any, what: str) -> Tensor:
    """Return a new leaf in place of x, which is watched while a transformation runs."""
    source = as_tensor(x)
    if source.spec.weak:
        source = source.cast_to(as_dtype(floatx()))
    if not is_float(source.dtype):
        passed = f"{what} of dtype {source.dtype.name}"
        mend = "cast it to float32, or leave it out of argnums"
        raise DTypeError(passed, "a real float to differentiate with respect to", mend)
    if source.tracked:
        return apply(ops.positive, (source,))
    attributes = source.attributes if source.operation is WATCHED else {}
    return Tensor(WATCHED, (), attributes, source.spec, source.value, True, current_source_info())


def _prepare(
    f: Function, argnums: Any, args: tuple[Any, ...]
) -> tuple[list[Tensor], list[Any], Callable[[list[Any]], Any]]:
    """Return leaves for the chosen arguments, the arguments to call with, and a function that unflattens gradients."""
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for n in chosen:
        if not -len(args) <= n < len(args):
            passed = f"argnums {argnums} for {len(args)} positional arguments"
            raise GraphError(passed, "indices of positional arguments", "pass the argument by position")
    new_args = list(args)
    leaves: list[Tensor] = []
    parts = []
    for n in chosen:
        flat, unflatten = flatten(args[n], lists_are_arrays=True)
        watched = [_watched(x, f"argument {n}") for x in flat]
        new_args[n] = unflatten(list(watched))
        leaves += watched
        parts.append((watched, unflatten))
    choose = (lambda results: results[0]) if isinstance(argnums, int) else tuple
    return leaves, new_args, lambda flat: choose(unflatten_parts(parts, flat))


def _without_history(y: Tensor, leaves: list[Tensor]) -> Tensor:
    """Return y without its history to a finished transformation's leaves, unless it depends on other tracked leaves."""
    own = {leaf.serial for leaf in leaves}
    if any(n.tracked and n.operation.leaf and n.serial not in own for n in ancestors([y])) or y.symbolic:
        return y
    return Tensor(y.operation, y.inputs, y.attributes, y.spec, y.value, False, y.source_info)


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return a function that gives f's value and its gradient with respect to some arguments (``jax.value_and_grad``).

    Args:
        f: returns one number; with `has_aux` a pair of it and anything else.
        argnums: the argument to differentiate by, or several. An argument may be a list or dictionary of
            tensors; its gradient has the same structure.
        has_aux: whether `f` returns such a pair; the function then gives ``((value, aux), gradient)``.

    >>> import chainrule as cr
    >>> cr.value_and_grad(lambda a: a * a)(5.0)
    (tensor(25.0), tensor(10.0))
    """

    def both(*args: Any, **kwargs: Any) -> Any:
        leaves, new_args, unflatten = _prepare(f, argnums, args)
        with watching(leaves):
            result = f(*new_args, **kwargs)
            y, aux = result if has_aux else (result, None)
            y = as_tensor(y)
            gradients = gradients_of(y, list(leaves), None, False, "zero")
        value = _without_history(y, leaves)
        return ((value, aux) if has_aux else value), unflatten(list(gradients))

    return DerivedFunction(both, f, value_and_grad, (f, argnums, has_aux))


def grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return a function that gives the gradient of f (``jax.grad``), which can be differentiated again, to any order.

    The arguments are those of `value_and_grad`; with `has_aux` the function gives ``(gradient, aux)``.

    >>> import chainrule as cr
    >>> cube = lambda a: a ** 3
    >>> cr.grad(cube)(2.0), cr.grad(cr.grad(cube))(2.0)
    (tensor(12.0), tensor(12.0))
    """
    both = value_and_grad(f, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, result = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return DerivedFunction(gradient, f, grad, (f, argnums, has_aux))


def jacobian(f: Function, argnums: int = 0) -> Function:
    """Return a function that gives the derivative of every output entry by every input entry.

    Its result has the shape ``f(x).shape + x.shape`` (``jax.jacrev``, ``torch.func.jacrev``).

    >>> import chainrule as cr
    >>> cr.jacobian(lambda x: x * x)(cr.tensor([1.0, 3.0]))
    tensor([[2., 0.],
            [0., 6.]])
    """

    def rows(*args: Any, **kwargs: Any) -> Any:
        leaves, new_args, unflatten = _prepare(f, argnums, args)
        with watching(leaves):
            y = as_tensor(f(*new_args, **kwargs))
            for leaf in leaves:
                memory.require_array((*y.shape, *leaf.shape), leaf.dtype, "a jacobian")
            entries = [gradients_of(y, list(leaves), _unit_upstream(y, i), False, "zero") for i in range(y.size)]
        stacked = []
        for j, leaf in enumerate(leaves):
            if entries:
                stacked.append(ops.reshape(ops.stack([e[j] for e in entries]), (*y.shape, *leaf.shape)))
            else:
                stacked.append(ops.zeros((*y.shape, *leaf.shape), leaf.dtype))
        return unflatten(stacked)

    return DerivedFunction(rows, f, jacobian, (f, argnums))


def _unit_upstream(y: Tensor, i: int) -> Any:
    """Return an upstream of y that is 1 at its i-th entry and 0 elsewhere."""
    unit = np.zeros(y.size, y.dtype)
    unit[i] = 1
    return unit.reshape(y.shape)


def hessian(f: Function, argnums: int = 0) -> Function:
    """Return a function that gives the second derivatives of a scalar function (``jax.hessian``).

    Its result has the shape ``x.shape + x.shape``.

    >>> import chainrule as cr
    >>> cr.hessian(lambda x: (x ** 3).sum())(cr.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacobian(grad(f, argnums), argnums)


def jvp(f: Function, primals: Sequence[Any], tangents_: Sequence[Any]) -> tuple[Any, Any]:
    """Compute f's value and its derivative along a direction, in one forward pass (``keras.ops.jvp``, ``jax.jvp``).

    Args:
        primals: f's arguments, in a list, or its only one.
        tangents_: a direction for each, of its shape.

    >>> import chainrule as cr
    >>> jvp(lambda x: x * x, [cr.tensor([1.0, 3.0])], [cr.tensor([1.0, 0.5])])
    (tensor([1., 9.]), tensor([2., 3.]))
    """
    if not isinstance(primals, list | tuple):
        primals, tangents_ = [primals], [tangents_]
    if len(primals) != len(tangents_):
        passed = f"{len(primals)} primals and {len(tangents_)} tangents"
        raise GraphError(passed, "one tangent for each primal", "give them as two lists of one length")
    leaves = [_watched(x, f"primal {i}") for i, x in enumerate(primals)]
    seeds = []
    for leaf, t in zip(leaves, tangents_, strict=True):
        direction = as_tensor(t).cast_to(leaf.dtype)
        if direction.shape != leaf.shape:
            passed = f"a tangent of shape {direction.shape} for a primal of shape {leaf.shape}"
            raise ShapeError(passed, "equal shapes", "reshape the tangent")
        seeds.append(direction)
    with watching(leaves):
        result = f(*leaves)
        outputs, unflatten = flatten(result, lists_are_arrays=True)
        ys = [as_tensor(y) for y in outputs]
        graph = Graph(leaves, ys)
        with np.errstate(all="ignore"):
            directions = tangents(graph, seeds)
    derivatives = [directions[graph.position[y.serial]] for y in ys]
    dots = [
        ops.zeros_like(y) if t is None else _without_history(t, leaves) for y, t in zip(ys, derivatives, strict=True)
    ]
    return unflatten([_without_history(y, leaves) for y in ys]), unflatten(dots)


def hvp(f: Function, x: Any, v: Any) -> Any:
    """Compute the Hessian of a scalar function at x times v, forward over reverse, without building the Hessian.

    >>> import chainrule as cr
    >>> hvp(lambda x: (x ** 3).sum(), cr.tensor([1.0, 2.0]), cr.tensor([1.0, 1.0]))
    tensor([ 6., 12.])
    """
    return jvp(grad(f), [x], [v])[1]
