"""Control flow as Python: loops are unrolled into the graph, choices that depend on data become `where`.

Lengths and loop conditions must be known while the graph is built. Structures are tuples, lists and dictionaries,
nested as you like.
"""

from __future__ import annotations

import re
from builtins import all as all_of
from builtins import any as any_of
from builtins import max as builtin_max
from builtins import min as builtin_min
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from ...core.errors import ShapeError, SymbolicError, ValueProblem
from ...tensors.tensor import Tensor, as_tensor
from .. import elementwise
from ..rules import normal_axis
from .indexing import where
from .shape import broadcast_to, concatenate, flip, reshape, stack


def _mapped(f: Callable[..., Any], *trees: Any) -> Any:
    """`f` of the leaves that stand at the same place in each structure."""
    first = trees[0]
    if isinstance(first, list | tuple | dict):
        if any_of(type(t) is not type(first) or _keys(t) != _keys(first) for t in trees[1:]):
            raise ValueProblem(
                "structures of different form: " + ", ".join(_form(t) for t in trees),
                "the same tuples, lists and dictionaries from each branch or step",
                "return the same form everywhere",
            )
        inner = {key: _mapped(f, *[t[key] for t in trees]) for key in _keys(first)}
        if isinstance(first, dict):
            return inner
        return type(first)(*inner.values()) if hasattr(first, "_fields") else type(first)(inner.values())
    return None if all_of(t is None for t in trees) else f(*trees)


def _keys(tree: Any) -> Any:
    return list(tree) if isinstance(tree, dict) else list(range(len(tree)))


def _form(tree: Any) -> str:
    return f"{type(tree).__name__} of {len(tree)}" if isinstance(tree, list | tuple | dict) else "a tensor"


def _leaves(tree: Any) -> list[Tensor]:
    found: list[Tensor] = []
    _mapped(lambda x: found.append(as_tensor(x)), tree)
    return found


def _known(x: Any, what: str, mend: str) -> Any:
    """The one number of a tensor or Python number."""
    found = as_tensor(x)
    if found.symbolic:
        raise SymbolicError(f"{what} that is a symbolic tensor", "a number known while the graph is built", mend)
    return found.item()


def _whole(x: Any, what: str) -> int:
    found = _known(x, what, "give a Python integer; loop over a fixed length and choose with where")
    if isinstance(found, float):
        raise ValueProblem(f"{what} {found}", "a whole number", "round it")
    return int(found)


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """``true_fn()`` if `pred` holds, else ``false_fn()`` (``keras.ops.cond``).

    Args:
        pred: one truth value. With a value, only the branch it chooses runs; symbolic, both are built and each pair
            of their tensors, of one shape, is joined by `where`: neither may fail, or divide by zero where its
            gradient is wanted.

    >>> ops.cond(True, lambda: ops.ones(2), lambda: ops.zeros(2))
    tensor([1., 1.])
    """
    choice = as_tensor(pred)
    if choice.size != 1:
        raise ShapeError(f"a condition of shape {choice.shape}", "one truth value", "reduce it, or use where")
    if not choice.symbolic:
        return true_fn() if choice.item() else false_fn()
    return _chosen(reshape(choice, ()), true_fn(), false_fn())


def _chosen(choice: Tensor, yes: Any, no: Any) -> Any:
    def one(a: Any, b: Any) -> Any:
        a, b = as_tensor(a), as_tensor(b)
        if a.shape != b.shape:
            raise ShapeError(
                f"branches of shapes {a.shape} and {b.shape}", "one shape from every branch", "make them the same"
            )
        return where(choice, a, b)

    return _mapped(one, yes, no)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """The branch at `index`, called with the operands (``keras.ops.switch``).

    Args:
        index: a whole number, cut to the branches there are. Symbolic, every branch is built, as in `cond`.

    >>> ops.switch(1, [ops.sin, ops.square], 3.0)
    tensor(9.0)
    """
    if not branches:
        raise ValueProblem("no branches", "at least one function", "give a list of functions")
    place = as_tensor(index)
    last = len(branches) - 1
    if not place.symbolic:
        return branches[builtin_min(builtin_max(_whole(place, "an index"), 0), last)](*operands)
    found = branches[last](*operands)
    for i in range(last - 1, -1, -1):
        found = _chosen(elementwise.less_equal(place, i), branches[i](*operands), found)
    return found


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """``val = body_fun(i, val)`` for i from `lower` up to, never reaching, `upper` (``keras.ops.fori_loop``).

    >>> ops.fori_loop(1, 4, lambda i, total: total + i, 0.0)
    tensor(6.0)
    """
    found = _mapped(as_tensor, init_val)
    for i in range(_whole(lower, "a lower bound"), _whole(upper, "an upper bound")):
        found = body_fun(i, found)
    return found


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)`` holds (``keras.ops.while_loop``).

    Args:
        loop_vars: a tuple or list of structures, or one tensor. maximum_iterations: where to stop at the latest.

    Raises:
        SymbolicError: if the condition depends on symbolic tensors: a graph has no loops of unknown length.

    >>> ops.while_loop(lambda x: x < 100, lambda x: x * 3, 1)
    tensor(243, dtype=int32)
    """
    several = isinstance(loop_vars, list | tuple)
    found: tuple[Any, ...] = tuple(_mapped(lambda x: as_tensor(x).cast_weak(), v) for v in _several(loop_vars))
    mend = "loop a fixed number of times with fori_loop or scan, and keep the old values by where once it is done"
    steps = 0
    while (maximum_iterations is None or steps < maximum_iterations) and _known(cond(*found), "a condition", mend):
        new = _several(body(*found))
        if len(new) != len(found):
            raise ValueProblem(f"{len(new)} results of the body", f"as many as loop_vars, {len(found)}", "return all")
        found, steps = new, steps + 1
    return found if several else found[0]


def _several(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, list | tuple) else (x,)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> tuple[Any, Any]:
    """``carry, y = f(carry, x)`` for each slice x along the first axis (``keras.ops.scan``, ``jax.lax.scan``).

    Args:
        f: the step. init: the first carry. xs: a structure of tensors of one length, or ``None`` with `length`.
        reverse: from the last slice to the first. unroll: every step is unrolled here, so it changes nothing.

    Returns: the last carry, and the ys stacked in the order of xs (``None`` where f gives ``None``).

    >>> ops.scan(lambda total, x: (total + x, total), 0.0, ops.array([1.0, 2.0, 3.0]))
    (tensor(6.0), tensor([0., 1., 3.]))
    """
    rows = _mapped(as_tensor, xs)
    n = _length(_leaves(rows), 0, length)
    carry, ys = _mapped(as_tensor, init), []
    for i in range(n)[:: -1 if reverse else 1]:
        result = f(carry, _mapped(lambda x, i=i: x[i], rows))
        if not isinstance(result, tuple) or len(result) != 2:
            raise ValueProblem("a step that does not return a pair", "(carry, y)", "return carry, None to keep no y")
        carry = result[0]
        ys.append(result[1])
    return carry, _mapped(lambda *each: stack(each), *(ys[::-1] if reverse else ys))


def _length(leaves: list[Tensor], axis: int, length: Any = None) -> int:
    """The one size that all share along `axis`."""
    sizes = {x.shape[normal_axis(axis, x.ndim)] for x in leaves}
    if length is not None:
        sizes.add(_whole(length, "a length"))
    if len(sizes) != 1 or not builtin_max([n or 0 for n in sizes]):
        raise ShapeError(
            f"lengths {sorted(str(n) for n in sizes)} along axis {axis}" if sizes else "neither xs nor a length",
            "one known length, at least 1",
            "give tensors of one length, or the number of steps as length",
        )
    return sizes.pop()


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """`f` of each slice along the first axis, stacked (``keras.ops.map``).

    One slice after the other: `chainrule.vectorize` builds the batched graph instead.

    >>> ops.map(lambda x: x * x, ops.array([1.0, 2.0, 3.0]))
    tensor([1., 4., 9.])
    """
    return scan(lambda carry, x: (carry, f(x)), (), xs)[1]


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """`map`, under the name and with the results of ``keras.ops.vectorized_map``.

    >>> ops.vectorized_map(lambda pair: pair[0] @ pair[1], [ops.ones((3, 2)), ops.ones((3, 2))])
    tensor([2., 2., 2.])
    """
    return map(function, elements)


def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """All running results of an associative `f` along `axis`, in log2(n) rounds (``keras.ops.associative_scan``).

    Args:
        f: takes two structures of tensors with many entries along `axis` and joins them entry by entry.

    >>> ops.associative_scan(lambda a, b: a + b, ops.array([1.0, 2.0, 3.0]))
    tensor([1., 3., 6.])
    """
    rows = _mapped(as_tensor, elems)
    n = _length(_leaves(rows), axis)

    def turn(x: Tensor) -> Tensor:
        return flip(x, normal_axis(axis, x.ndim)) if reverse else x

    def cut(x: Tensor, start: int, stop: int) -> Tensor:
        return x[(*[slice(None)] * normal_axis(axis, x.ndim), slice(start, stop))]

    rows, step = _mapped(turn, rows), 1
    while step < n:  # each entry joins with the one `step` before, whose result covers `step` entries
        before, behind = (_mapped(lambda x, a=a, b=b: cut(x, a, b), rows) for a, b in ((0, n - step), (step, n)))
        joined = f(before, behind)
        rows = _mapped(lambda x, y, step=step: concatenate([cut(x, 0, step), y], axis=axis), rows, joined)
        step *= 2
    return _mapped(turn, rows)


def vectorize(pyfunc: Callable[..., Any], excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """`pyfunc`, written for single entries, as a function of tensors that broadcast (``keras.ops.vectorize``).

    Args:
        excluded: numbers of the arguments that are handed over as they are.
        signature: axes that each call takes and gives, e.g. ``"(n),(n)->()"``; all others are looped over.

    One call an entry; `chainrule.vectorize` builds the batched graph instead.

    >>> ops.vectorize(lambda a, b: a + b)([1.0, 2.0], [[1.0], [3.0]])
    tensor([[2., 3.],
            [4., 5.]])
    """
    left_out = set(excluded or ())
    written = "" if signature is None else signature.replace(" ", "")
    if signature is not None and not re.fullmatch(r"(\([\w,]*\),?)+->(\([\w,]*\),?)+", written):
        raise ValueProblem(f"signature {signature!r}", "one like '(n,m),(m)->(n)'", "write the axes in parentheses")
    cores = [len(re.findall(r"\w+", part)) for part in re.findall(r"\(([\w,]*)\)", written.partition("->")[0])]

    def batched(*args: Any) -> Any:
        places = [i for i in range(len(args)) if i not in left_out]
        given = [as_tensor(args[i]) for i in places]
        ranks = cores if signature is not None else [0] * len(given)
        if len(ranks) != len(given) or not given or any_of(x.ndim < r for x, r in zip(given, ranks, strict=True)):
            raise ShapeError(
                f"arguments of shapes {[x.shape for x in given]}",
                f"at least one, with the axes of {signature!r}" if signature else "at least one",
                "check the signature",
            )
        try:
            loop = np.broadcast_shapes(*[x.shape[: x.ndim - r] for x, r in zip(given, ranks, strict=True)])
        except ValueError:
            raise ShapeError(
                f"arguments of shapes {[x.shape for x in given]}", "shapes that broadcast", "reshape them"
            ) from None
        wide = [broadcast_to(x, (*loop, *x.shape[x.ndim - r :])) for x, r in zip(given, ranks, strict=True)]
        results = []
        for at in product(*[range(n) for n in loop]):
            new = dict(zip(places, [x[at] for x in wide], strict=True))
            results.append(pyfunc(*[new.get(i, arg) for i, arg in enumerate(args)]))
        if not results:
            raise ShapeError(f"a loop over no entries, {loop}", "at least one entry", "check the shapes")

        def joined(*each: Any) -> Tensor:
            whole = stack(each)
            return reshape(whole, (*loop, *whole.shape[1:]))

        return _mapped(joined, *results)

    return batched
