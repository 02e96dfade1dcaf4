"""Functions into functions: gradients, Jacobians, Hessians, directional derivatives, to any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ... import ops
from ...core.errors import DTypeError, GraphError, ShapeError
from ...graph import ancestors, apply, current_source_info, floatx
from ...graph.spec import as_dtype, is_float
from ...tensors.tensor import WATCHED, Tensor, as_tensor
from ...tensors.tree import flatten, unflatten_parts
from .forward import tangents
from .reverse_mode import gradients_of, watching

Function = Callable[..., Any]


def _watched(x: Any, what: str) -> Tensor:
    """A leaf of its own that stands for x while a transformation runs."""
    given = as_tensor(x)
    if given.spec.weak:
        given = given.cast_to(as_dtype(floatx()))
    if not is_float(given.dtype):
        raise DTypeError(
            f"{what} of dtype {given.dtype.name}",
            "a real float to differentiate with respect to",
            "cast it to float32, or leave it out of argnums",
        )
    if given.tracked:
        leaf: Tensor = apply(ops.positive, (given,))
        return leaf
    return Tensor(
        WATCHED,
        (),
        given.attributes if given.operation is WATCHED else {},
        given.spec,
        given.value,
        True,
        current_source_info(),
    )


def _prepare(
    f: Function, argnums: Any, args: tuple[Any, ...]
) -> tuple[list[Tensor], list[Any], Callable[[list[Any]], Any]]:
    """Leaves for the chosen arguments, the arguments to call with, and how to shape the answer."""
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for n in chosen:
        if not -len(args) <= n < len(args):
            raise GraphError(
                f"argnums {argnums} for {len(args)} positional arguments",
                "numbers of arguments that are there",
                "pass the argument by position",
            )
    new = list(args)
    leaves: list[Tensor] = []
    builds = []
    for n in chosen:
        flat, build = flatten(args[n], lists_are_arrays=True)
        mine = [_watched(x, f"argument {n}") for x in flat]
        new[n] = build(list(mine))
        leaves += mine
        builds.append((mine, build))
    shape = lambda flat: (
        unflatten_parts(builds, flat)[0] if isinstance(argnums, int) else tuple(unflatten_parts(builds, flat))
    )
    return leaves, new, shape


def _free(y: Tensor, leaves: list[Tensor]) -> Tensor:
    """y without history to a finished transformation's leaves, unless others hold it in the graph."""
    own = {leaf.serial for leaf in leaves}
    if any(n.tracked and n.operation.leaf and n.serial not in own for n in ancestors([y])) or y.symbolic:
        return y
    return Tensor(y.operation, y.inputs, y.attributes, y.spec, y.value, False, y.source_info)


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
        with watching(leaves):
            result = f(*new, **kwargs)
            y, aux = result if has_aux else (result, None)
            y = as_tensor(y)
            found = gradients_of(y, list(leaves), None, False, "zero")
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
        with watching(leaves):
            y = as_tensor(f(*new, **kwargs))
            entries = [gradients_of(y, list(leaves), _one_entry(y, i), False, "zero") for i in range(y.size)]
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
        primals: f's arguments, in a list, or its only one. tangents_: a direction for each, in its shape.

    >>> import chainrule as cr
    >>> jvp(lambda x: x * x, [cr.tensor([1.0, 3.0])], [cr.tensor([1.0, 0.5])])
    (tensor([1., 9.]), tensor([2., 3.]))
    """
    if not isinstance(primals, list | tuple):
        primals, tangents_ = [primals], [tangents_]
    if len(primals) != len(tangents_):
        raise GraphError(
            f"{len(primals)} primals and {len(tangents_)} tangents",
            "one tangent for each primal",
            "give them as two lists of one length",
        )
    leaves = [_watched(x, f"primal {i}") for i, x in enumerate(primals)]
    seeds = {}
    for leaf, t in zip(leaves, tangents_, strict=True):
        direction = as_tensor(t).cast_to(leaf.dtype)
        if direction.shape != leaf.shape:
            raise ShapeError(
                f"a tangent of shape {direction.shape} for a primal of shape {leaf.shape}",
                "equal shapes",
                "reshape the tangent",
            )
        seeds[leaf.serial] = direction
    with watching(leaves):
        result = f(*leaves)
        outputs, build = flatten(result, lists_are_arrays=True)
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
