"""Sums of products: matmul and einsum, linear in each operand with the others held."""

from __future__ import annotations

import math
from typing import Any

from ..core.errors import ShapeError
from ..core.messages import LazyMessage
from ..graph import Spec, broadcast, may_be_equal, spec_of
from ..tensors.tensor import Tensor
from .movement import sum_to_shape
from .record import Cost, Operation, namespace
from .rules import align, contraction, promote_inputs, times
from .sample import Draw, Sample


def _matmul_shape(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the shape of a product of matrices or vectors of these shapes."""
    problem = ShapeError(
        f"shapes {a} and {b} to be multiplied as matrices",
        f"the last axis of the first ({a[-1] if a else 'none'}) to equal the last but one of the second "
        f"({b[-2] if len(b) > 1 else b[-1] if b else 'none'})",
        "transpose or reshape one of them; for numbers use *",
    )
    if not a or not b:
        raise problem
    left = a if len(a) > 1 else (1, *a)
    right = b if len(b) > 1 else (*b, 1)
    if not may_be_equal(left[-1], right[-2]):
        raise problem
    shape = (*broadcast([left[:-2], right[:-2]], "the batches of a matrix product"), left[-2], right[-1])
    if len(a) == 1:
        shape = (*shape[:-2], shape[-1])
    if len(b) == 1:
        shape = shape[:-1]
    return shape


def _transposed(xp: Any, x: Any) -> Any:
    """Transpose each matrix."""
    rank = len(x.shape)
    return xp.transpose(x, (*range(rank - 2), rank - 1, rank - 2))


def _as_matrices(xp: Any, u: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Turn vectors into one-row or one-column matrices, and the upstream to match."""
    if len(a.shape) == 1:
        a = xp.reshape(a, (1, a.shape[0]))
        u = xp.expand_dims(u, len(u.shape) - (1 if len(b.shape) > 1 else 0))
    if len(b.shape) == 1:
        b = xp.reshape(b, (b.shape[0], 1))
        u = xp.expand_dims(u, len(u.shape))
    return u, a, b


def _matmul_left(xp: Any, u: Any, a: Any, b: Any) -> Any:
    u2, _, b2 = _as_matrices(xp, u, a, b)
    gradient = xp.matmul(u2, _transposed(xp, b2))
    return xp.reshape(sum_to_shape(xp, gradient, a.shape if len(a.shape) > 1 else (1, *a.shape)), a.shape)


def _matmul_right(xp: Any, u: Any, a: Any, b: Any) -> Any:
    u2, a2, _ = _as_matrices(xp, u, a, b)
    gradient = xp.matmul(_transposed(xp, a2), u2)
    return xp.reshape(sum_to_shape(xp, gradient, b.shape if len(b.shape) > 1 else (*b.shape, 1)), b.shape)


def _matmul_batch(
    op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]
) -> Tensor:
    """Turn vectors into matrices first, so that both operands can have a batch axis in front."""
    xp = namespace()
    a, b = xs
    ranks = [x.ndim - f for x, f in zip(xs, batched, strict=True)]
    if ranks[0] == 1:
        a = xp.expand_dims(a, -2)
    if ranks[1] == 1:
        b = xp.expand_dims(b, -1)
    out = op(*align([a, b], batched))
    if ranks[1] == 1:
        out = xp.squeeze(out, -1)
    if ranks[0] == 1:
        out = xp.squeeze(out, -1 if ranks[1] == 1 else -2)
    return out


def _matmul_cost(specs: tuple[Spec, ...], out: Spec) -> Cost:
    return contraction(out.shape, (specs[0].shape[-1],))


matmul = Operation.define(
    "matmul",
    lambda xp, x1, x2: xp.matmul(x1, x2),
    spec=lambda specs: spec_of(_matmul_shape(specs[0].shape, specs[1].shape), specs[0].dtype),
    casts=promote_inputs,
    batch=_matmul_batch,
    cost=_matmul_cost,
    transpose=(_matmul_left, _matmul_right),
    gradient_note="matmul switches: each side's gradient is the upstream times the other side, transposed",
    format="{0} @ {1}",
    samples=[
        Sample(Draw(3, 4), Draw(4, 2)),
        Sample(Draw(4), Draw(4)),
        Sample(Draw(3, 4), Draw(4)),
        Sample(Draw(4), Draw(4, 2)),
        Sample(Draw(5, 3, 4), Draw(4, 2)),
        Sample(Draw(5, 1, 3, 4), Draw(2, 4, 3)),
        Sample(Draw(4), Draw(2, 4, 3)),
        Sample(Draw(2, 3, 4), Draw(4)),
        Sample(Draw(0, 4), Draw(4, 2)),
        Sample(Draw(3, 0), Draw(0, 2)),
        Sample(Draw(3, 4), Draw(3, 4), error=ShapeError),
        Sample(2.0, Draw(3), error=ShapeError),
    ],
    doc="The matrix product over the last axis of x1 and the last but one of x2, batches broadcast "
    "(``keras.ops.matmul``).\n\n>>> ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])\ntensor([[11.]])",
)

# ---- einsum: the record takes subscripts in which every letter is in the output or in another operand


def _split_subscripts(subscripts: str) -> tuple[list[str], str]:
    """Split subscripts into those of each operand and those of the output."""
    left, _, right = subscripts.partition("->")
    return left.split(","), right


def _letter_sizes(subscripts: str, shapes: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Return the size that each letter means."""
    parts, _ = _split_subscripts(subscripts)
    sizes: dict[str, Any] = {}
    for part, shape in zip(parts, shapes, strict=True):
        if len(part) != len(shape):
            passed = f"subscripts {part!r} for shape {shape}"
            raise ShapeError(passed, "one letter for each axis", "add or remove letters")
        for letter, n in zip(part, shape, strict=True):
            if not may_be_equal(sizes.setdefault(letter, n), n):
                passed = f"sizes {sizes[letter]} and {n} for the letter {letter!r} in {subscripts!r}"
                passed = f"shapes {', '.join(map(str, shapes))}: {passed}"
                raise ShapeError(passed, "one size for each letter", "check the order of the axes")
    return sizes


def _einsum_spec(specs: tuple[Spec, ...], subscripts: str) -> Spec:
    sizes = _letter_sizes(subscripts, [s.shape for s in specs])
    return spec_of(tuple(sizes[c] for c in _split_subscripts(subscripts)[1]), specs[0].dtype)


def _einsum_transpose(xp: Any, i: int, u: Any, *xs: Any, subscripts: str) -> Any:
    parts, out = _split_subscripts(subscripts)
    other_parts = [p for j, p in enumerate(parts) if j != i]
    others = [x for j, x in enumerate(xs) if j != i]
    return xp.einsum(",".join([out, *other_parts]) + "->" + parts[i], u, *others)


def _einsum_batch(
    op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]
) -> Tensor:
    parts, out = _split_subscripts(attributes["subscripts"])
    batch = next(c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in attributes["subscripts"])
    batch_parts = [(batch if b else "") + p for p, b in zip(parts, batched, strict=True)]
    return op(*xs, subscripts=",".join(batch_parts) + "->" + batch + out)


def _einsum_cost(specs: tuple[Spec, ...], out: Spec, subscripts: str) -> Cost:
    sizes = _letter_sizes(subscripts, [s.shape for s in specs])
    output = _split_subscripts(subscripts)[1]
    if len(specs) == 1:
        return Cost(formula=LazyMessage("0: axes are moved"))
    cost = contraction(tuple(sizes[c] for c in output), tuple(n for c, n in sizes.items() if c not in output))
    more = len(specs) - 1
    parts = {"shape": times(tuple(sizes.values())), "more": more, "count": math.prod(sizes.values()) * more}
    formula = LazyMessage("{shape} index values × {more} = {count:,} multiplies", **parts)
    return cost._replace(multiplies=cost.multiplies * more, formula=formula)


einsum_record = Operation.define(
    "einsum",
    lambda xp, *xs, subscripts="": xp.einsum(subscripts, *xs, optimize=len(xs) > 2),
    spec=_einsum_spec,
    casts=promote_inputs,
    batch=_einsum_batch,
    cost=_einsum_cost,
    transpose=_einsum_transpose,
    gradient_note="einsum gives each operand the upstream summed against the others",
    format="einsum({0}, {1})",
    samples=[
        Sample(Draw(3, 4), Draw(4, 2), subscripts="ij,jk->ik"),
        Sample(Draw(2, 3, 4), subscripts="abc->cab"),
        Sample(Draw(3, 4), Draw(5, 3), Draw(4, 5), subscripts="ij,ki,jk->k"),
        Sample(Draw(3), Draw(4), subscripts="i,j->ji"),
        Sample(Draw(3, 4), Draw(3, 4), subscripts="ij,ij->"),
        Sample(Draw(3, 4), Draw(3, 2), subscripts="ij,jk->ik", error=ShapeError),
    ],
    doc="Sums of products by letters, each letter in the output or in another operand.",
)
