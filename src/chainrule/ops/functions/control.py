"""Control flow in Python: loops are unrolled into the graph, choices that depend on data become `where`.

Lengths and loop conditions must be known while the graph is built. Structures are tuples, lists and dictionaries,
nested in any way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from ...core.errors import ShapeError, SymbolicError, ValueProblem
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import comparison
from ..recorded import with_unknown_sizes
from ..rules import normalize_axis
from .indexing import where
from .shape import broadcast_to, concatenate, flip, reshape, stack


def _map_structures(f: Callable[..., Any], *trees: Any) -> Any:
    """Apply `f` to the corresponding leaves of structures of one form; ``None`` in all of them stays ``None``."""
    first = trees[0]
    if isinstance(first, list | tuple | dict):
        if any(type(t) is not type(first) or _keys(t) != _keys(first) for t in trees[1:]):
            passed = "structures of different form: " + ", ".join(_describe(t) for t in trees)
            mend = "return the same form everywhere"
            raise ValueProblem(passed, "the same tuples, lists and dictionaries from each branch or step", mend)
        inner = {key: _map_structures(f, *[t[key] for t in trees]) for key in _keys(first)}
        if isinstance(first, dict):
            return inner
        return type(first)(*inner.values()) if hasattr(first, "_fields") else type(first)(inner.values())
    return None if all(t is None for t in trees) else f(*trees)


def _keys(tree: Any) -> Any:
    return list(tree) if isinstance(tree, dict) else list(range(len(tree)))


def _describe(tree: Any) -> str:
    return f"{type(tree).__name__} of {len(tree)}" if isinstance(tree, list | tuple | dict) else "a tensor"


def _leaves(tree: Any) -> list[Tensor]:
    leaves: list[Tensor] = []
    _map_structures(lambda x: leaves.append(as_tensor(x)), tree)
    return leaves


def _concrete_number(x: Any, what: str, mend: str) -> Any:
    """Return the number in a tensor or Python number; it must not be symbolic."""
    number = as_tensor(x)
    if number.symbolic:
        raise SymbolicError(f"{what} that is a symbolic tensor", "a number known while the graph is built", mend)
    return number.item()


def _concrete_integer(x: Any, what: str) -> int:
    """Return the whole number in a tensor or Python number; it must not be symbolic."""
    number = _concrete_number(x, what, "pass a Python integer; loop over a fixed length and choose with where")
    if isinstance(number, float):
        raise ValueProblem(f"{what} {number}", "a whole number", "round it")
    return int(number)


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Return ``true_fn()`` if `pred` holds, else ``false_fn()`` (``keras.ops.cond``).

    Args:
        pred: one truth value. If it is known, only the chosen branch runs; if it is symbolic, both are built and each
            pair of their tensors, of one shape, is joined by `where`: neither may fail, or divide by zero where
            its gradient is needed.

    >>> ops.cond(True, lambda: ops.ones(2), lambda: ops.zeros(2))
    tensor([1., 1.])
    """
    choice = as_tensor(pred)
    if choice.size != 1:
        raise ShapeError(f"a condition of shape {choice.shape}", "one truth value", "reduce it, or use where")
    if not choice.symbolic:
        return true_fn() if choice.item() else false_fn()
    return _select(reshape(choice, ()), true_fn(), false_fn())


def _select(choice: Tensor, yes: Any, no: Any) -> Any:
    """Select between two structures by `where`."""

    def select(a: Any, b: Any) -> Any:
        a, b = as_tensor(a), as_tensor(b)
        if a.shape != b.shape:
            passed = f"branches of shapes {a.shape} and {b.shape}"
            raise ShapeError(passed, "one shape from every branch", "make them the same")
        return where(choice, a, b)

    return _map_structures(select, yes, no)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Call the branch at `index` with the operands (``keras.ops.switch``).

    Args:
        index: a whole number, clipped to the existing branches. If symbolic, every branch is built, as in `cond`.

    >>> ops.switch(1, [ops.sin, ops.square], 3.0)
    tensor(9.0)
    """
    if not branches:
        raise ValueProblem("no branches", "at least one function", "give a list of functions")
    position = as_tensor(index)
    last = len(branches) - 1
    if not position.symbolic:
        return branches[min(max(_concrete_integer(position, "an index"), 0), last)](*operands)
    result = branches[last](*operands)
    for i in range(last - 1, -1, -1):
        result = _select(comparison.less_equal(position, i), branches[i](*operands), result)
    return result


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Repeat ``val = body_fun(i, val)`` for i from `lower` to `upper` - 1 (``keras.ops.fori_loop``).

    >>> ops.fori_loop(1, 4, lambda i, total: total + i, 0.0)
    tensor(6.0)
    """
    value = _map_structures(as_tensor, init_val)
    for i in range(_concrete_integer(lower, "a lower bound"), _concrete_integer(upper, "an upper bound")):
        value = body_fun(i, value)
    return value


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """Repeat ``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)`` holds (``keras.ops.while_loop``).

    Args:
        loop_vars: a tuple or list of structures, or one tensor. maximum_iterations: the largest number of iterations.

    Raises:
        SymbolicError: if the condition depends on symbolic tensors: a graph has no loops of unknown length.

    >>> ops.while_loop(lambda x: x < 100, lambda x: x * 3, 1)
    tensor(243, dtype=int32)
    """
    is_sequence = isinstance(loop_vars, list | tuple)
    values = tuple(_map_structures(lambda x: as_tensor(x).cast_weak(), v) for v in _as_tuple(loop_vars))
    mend = "loop a fixed number of times with fori_loop or scan, and keep the old values with where after the end"
    steps = 0
    while maximum_iterations is None or steps < maximum_iterations:
        if not _concrete_number(cond(*values), "a condition", mend):
            break
        new = _as_tuple(body(*values))
        if len(new) != len(values):
            raise ValueProblem(f"{len(new)} results of the body", f"as many as loop_vars, {len(values)}", "return all")
        values, steps = new, steps + 1
    return values if is_sequence else values[0]


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, list | tuple) else (x,)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]], init: Any, xs: Any = None, length: int | None = None,
    reverse: bool = False, unroll: Any = 1,
) -> tuple[Any, Any]:  # fmt: skip
    """Repeat ``carry, y = f(carry, x)`` for each slice x along the first axis (``keras.ops.scan``, ``jax.lax.scan``).

    Args:
        f: the step. init: the first carry. xs: a structure of tensors of one length, or ``None`` with `length`.
        reverse: from the last slice to the first. unroll: has no effect, as every step is unrolled here.

    Returns: the last carry, and the ys stacked in the order of xs (``None`` where f returns ``None``).

    >>> ops.scan(lambda total, x: (total + x, total), 0.0, ops.array([1.0, 2.0, 3.0]))
    (tensor(6.0), tensor([0., 1., 3.]))
    """
    rows = _map_structures(as_tensor, xs)
    n = _common_length(_leaves(rows), 0, length)
    carry, ys = _map_structures(as_tensor, init), []
    for i in range(n)[:: -1 if reverse else 1]:
        result = f(carry, _map_structures(lambda x, i=i: x[i], rows))
        if not isinstance(result, tuple) or len(result) != 2:
            raise ValueProblem("a step that does not return a pair", "(carry, y)", "return carry, None to keep no y")
        carry = result[0]
        ys.append(result[1])
    return carry, _map_structures(lambda *leaves: stack(leaves), *(ys[::-1] if reverse else ys))


def _common_length(leaves: list[Tensor], axis: int, length: Any = None) -> int:
    """Return the size that all leaves have along `axis`."""
    sizes = {x.shape[normalize_axis(axis, x.ndim)] for x in leaves}
    if length is not None:
        sizes.add(_concrete_integer(length, "a length"))
    if len(sizes) != 1 or not max([n or 0 for n in sizes]):
        passed = f"lengths {sorted(str(n) for n in sizes)} along axis {axis}" if sizes else "neither xs nor a length"
        mend = "give tensors of one length, or the number of steps as length"
        raise ShapeError(passed, "one known length, at least 1", mend)
    return sizes.pop()


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Apply `f` to each slice along the first axis and stack the results (``keras.ops.map``).

    The slices are computed one after the other: `chainrule.vectorize` builds the batched graph instead.

    >>> ops.map(lambda x: x * x, ops.array([1.0, 2.0, 3.0]))
    tensor([1., 4., 9.])
    """
    return scan(lambda carry, x: (carry, f(x)), (), xs)[1]


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Do the same as `map`, under the name and with the arguments of ``keras.ops.vectorized_map``.

    >>> ops.vectorized_map(lambda pair: pair[0] @ pair[1], [ops.ones((3, 2)), ops.ones((3, 2))])
    tensor([2., 2., 2.])
    """
    return map(function, elements)


def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Compute all prefix results of an associative `f` in log2(n) rounds (``keras.ops.associative_scan``).

    Args:
        f: combines two structures of tensors with many entries along `axis`, entry by entry.

    >>> ops.associative_scan(lambda a, b: a + b, ops.array([1.0, 2.0, 3.0]))
    tensor([1., 3., 6.])
    """
    rows = _map_structures(as_tensor, elems)
    n = _common_length(_leaves(rows), axis)

    def reverse_if_asked(x: Tensor) -> Tensor:
        return flip(x, normalize_axis(axis, x.ndim)) if reverse else x

    def cut(x: Tensor, start: int, stop: int) -> Tensor:
        return x[(*[slice(None)] * normalize_axis(axis, x.ndim), slice(start, stop))]

    rows, step = _map_structures(reverse_if_asked, rows), 1
    while step < n:  # each entry is combined with the one `step` before, whose result covers `step` entries
        left, right = (_map_structures(lambda x, a=a, b=b: cut(x, a, b), rows) for a, b in ((0, n - step), (step, n)))
        combined = f(left, right)
        rows = _map_structures(lambda x, y, step=step: concatenate([cut(x, 0, step), y], axis=axis), rows, combined)
        step *= 2
    return _map_structures(reverse_if_asked, rows)


def vectorize(pyfunc: Callable[..., Any], excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """Make `pyfunc`, written for single entries, a function of tensors that broadcast (``keras.ops.vectorize``).

    Args:
        excluded: indices of the arguments that are passed unchanged.
        signature: axes of the arguments and results of each call, e.g. ``"(n),(n)->()"``; all others are looped over.

    One call for each entry; `chainrule.vectorize` builds the batched graph instead.

    >>> ops.vectorize(lambda a, b: a + b)([1.0, 2.0], [[1.0], [3.0]])
    tensor([[2., 3.],
            [4., 5.]])
    """
    excluded_indices = set(excluded or ())
    pattern = "" if signature is None else signature.replace(" ", "")
    if signature is not None and not re.fullmatch(r"(\([\w,]*\),?)+->(\([\w,]*\),?)+", pattern):
        raise ValueProblem(f"signature {signature!r}", "one like '(n,m),(m)->(n)'", "write the axes in parentheses")
    core_ranks = [len(re.findall(r"\w+", part)) for part in re.findall(r"\(([\w,]*)\)", pattern.partition("->")[0])]

    def batched(*args: Any) -> Any:
        positions = [i for i in range(len(args)) if i not in excluded_indices]
        tensors = [as_tensor(args[i]) for i in positions]
        ranks = core_ranks if signature is not None else [0] * len(tensors)
        if len(ranks) != len(tensors) or not tensors or any(x.ndim < r for x, r in zip(tensors, ranks, strict=True)):
            passed = f"arguments of shapes {[x.shape for x in tensors]}"
            expected = f"at least one, with the axes of {signature!r}" if signature else "at least one"
            raise ShapeError(passed, expected, "check the signature")
        try:
            loop = np.broadcast_shapes(*[x.shape[: x.ndim - r] for x, r in zip(tensors, ranks, strict=True)])
        except ValueError:
            passed = f"arguments of shapes {[x.shape for x in tensors]}"
            raise ShapeError(passed, "shapes that broadcast", "reshape them") from None
        broadcasted = [broadcast_to(x, (*loop, *x.shape[x.ndim - r :])) for x, r in zip(tensors, ranks, strict=True)]
        results = []
        for index in product(*[range(n) for n in loop]):
            entries = dict(zip(positions, [x[index] for x in broadcasted], strict=True))
            results.append(pyfunc(*[entries.get(i, arg) for i, arg in enumerate(args)]))
        if not results:
            raise ShapeError(f"a loop over no entries, {loop}", "at least one entry", "check the shapes")

        def stack_over_loop(*leaves: Any) -> Tensor:
            stacked = stack(leaves)
            return reshape(stacked, (*loop, *stacked.shape[1:]))

        return _map_structures(stack_over_loop, *results)

    return with_unknown_sizes("", batched)
