"""Sums of products, made of `matmul` and the `einsum` operation."""

from __future__ import annotations

import math
from typing import Any

from ...core.arguments import whole_number
from ...core.errors import ShapeError, ValueProblem
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import products
from .. import reduction as reductions
from ..rules import normalize_axis
from .creation import zeros_like
from .indexing import diagonal
from .shape import broadcast_to, moveaxis, ravel, reshape, stack, transpose


def dot(x1: Any, x2: Any) -> Tensor:
    """Multiply over the last axis of x1 and the last but one of x2; numbers multiply (``keras.ops.dot``).

    >>> ops.dot([1.0, 2.0], [3.0, 4.0])
    tensor(11.0)
    """
    a, b = as_tensor(x1), as_tensor(x2)
    if not a.ndim or not b.ndim:
        return a * b
    if a.ndim <= 2 and b.ndim <= 2:
        return products.matmul(a, b)
    return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 2 if b.ndim > 1 else 0,)))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """Sum products over the given axes: a number, or a list for each tensor (``keras.ops.tensordot``).

    >>> ops.tensordot([[1.0, 2.0]], [[3.0], [4.0]], axes=1)
    tensor([[11.]])
    """
    a, b = as_tensor(x1), as_tensor(x2)
    count = whole_number(axes)
    if count is not None:
        left, right = tuple(range(a.ndim - count, a.ndim)), tuple(range(count))
    else:
        axes = axes if isinstance(axes, list | tuple) and len(axes) == 2 else (axes, axes)
        left, right = (tuple(v) if isinstance(v, list | tuple) else (v,) for v in axes)
        left, right = tuple(normalize_axis(i, a.ndim) for i in left), tuple(normalize_axis(i, b.ndim) for i in right)
    if (
        len(left) != len(right)
        or any(i < 0 or i >= a.ndim for i in left)
        or any(i >= b.ndim for i in right)
        or any(a.shape[i] != b.shape[j] for i, j in zip(left, right, strict=True))
    ):
        passed = f"shapes {a.shape} and {b.shape} over axes {axes}"
        raise ShapeError(passed, "pairs of axes of equal size", "name other axes")
    free_a = [i for i in range(a.ndim) if i not in left]
    free_b = [i for i in range(b.ndim) if i not in right]
    n = math.prod(a.shape[i] for i in left)
    flat_a = reshape(transpose(a, (*free_a, *left)), (math.prod(a.shape[i] for i in free_a), n))
    flat_b = reshape(transpose(b, (*right, *free_b)), (n, math.prod(b.shape[i] for i in free_b)))
    return reshape(products.matmul(flat_a, flat_b), [a.shape[i] for i in free_a] + [b.shape[i] for i in free_b])


def outer(x1: Any, x2: Any) -> Tensor:
    """Multiply every entry of x1 by every entry of x2 (``keras.ops.outer``).

    >>> ops.outer([1.0, 2.0], [3.0, 4.0])
    tensor([[3., 4.],
            [6., 8.]])
    """
    return reshape(x1, (-1, 1)) * reshape(x2, (1, -1))


def inner(x1: Any, x2: Any) -> Tensor:
    """Sum products over both last axes (``keras.ops.inner``).

    >>> ops.inner([1.0, 2.0], [3.0, 4.0])
    tensor(11.0)
    """
    a, b = as_tensor(x1), as_tensor(x2)
    return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,))) if a.ndim and b.ndim else a * b


def vdot(x1: Any, x2: Any) -> Tensor:
    """Sum the products of all entries (``keras.ops.vdot``).

    >>> ops.vdot([[1.0, 2.0]], [[3.0, 4.0]])
    tensor(11.0)
    """
    return products.matmul(ravel(x1), ravel(x2))


def einsum(subscripts: str, *operands: Any) -> Tensor:
    """Sum products over axes denoted by letters, in Einstein's notation (``keras.ops.einsum``).

    Accepts ``"ij,jk->ik"``, the implicit form without ``->``, ``...`` for batch axes, and repeated letters.

    >>> ops.einsum("ij,jk", [[1.0, 2.0]], [[3.0], [4.0]])
    tensor([[11.]])
    """
    xs = [as_tensor(x) for x in operands]
    left, arrow, out = subscripts.replace(" ", "").partition("->")
    parts = left.split(",")
    if len(parts) != len(xs):
        passed = f"einsum subscripts {subscripts!r} for {len(xs)} operands"
        raise ValueProblem(passed, "as many parts as operands", "separate the parts by commas")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts]
    dots = [x.ndim - len(p) + 3 if "..." in p else 0 for p, x in zip(parts, xs, strict=True)]
    batch = "".join(spare[: max(dots, default=0)])
    parts = [p.replace("...", batch[len(batch) - d :]) for p, d in zip(parts, dots, strict=True)]
    if not arrow:
        once = sorted(c for c in set("".join(parts)) if "".join(parts).count(c) == 1 and c not in batch)
        out = batch + "".join(once)
    out = out.replace("...", batch)
    letters = "".join(parts)
    if not all(map(str.isalpha, letters + out)) or len(set(out)) != len(out) or not set(out) <= set(letters):
        passed = f"einsum subscripts {subscripts!r}"
        raise ValueProblem(passed, "letters, each of the output once and in some operand", "write e.g. 'ij,jk->ik'")
    xs, parts = _normalize_operands(xs, parts, out)
    if len(xs) == 1:
        order = [parts[0].index(c) for c in out]
        return transpose(xs[0], order) if order != list(range(len(order))) else xs[0]
    return products.einsum_record(*xs, subscripts=",".join(parts) + "->" + out)


def _normalize_operands(xs: list[Tensor], parts: list[str], out: str) -> tuple[list[Tensor], list[str]]:
    """Replace repeated letters by diagonals and sum letters of a single operand, so that the operation is linear."""
    operands, subscripts = [], []
    for i, (x, part) in enumerate(zip(xs, parts, strict=True)):
        if len(part) != x.ndim:
            passed = f"subscripts {part!r} for shape {x.shape}"
            raise ShapeError(passed, "one letter for each axis", "add or remove letters")
        while len(set(part)) < len(part):
            c = next(c for c in part if part.count(c) > 1)
            first, second = part.index(c), part.index(c, part.index(c) + 1)
            if x.shape[first] != x.shape[second]:
                passed = f"sizes {x.shape[first]} and {x.shape[second]} for the letter {c!r}"
                raise ShapeError(passed, "one size a letter", "check the order of the axes")
            x = diagonal(x, 0, first, second)
            part = part[:first] + part[first + 1 : second] + part[second + 1 :] + c
        # numpy's einsum broadcasts sizes of 1 under `...`; the operation needs equal sizes
        others = "".join(p for j, p in enumerate(parts) if j != i) + out
        single = tuple(j for j, c in enumerate(part) if c not in others)
        if single:
            x = reductions.sum(x, axis=single)
            part = "".join(c for j, c in enumerate(part) if j not in single)
        operands.append(x)
        subscripts.append(part)
    sizes: dict[str, int] = {}
    for x, part in zip(operands, subscripts, strict=True):
        for c, n in zip(part, x.shape, strict=True):
            sizes[c] = max(sizes.get(c, 1), n)
    for i, (x, part) in enumerate(zip(operands, subscripts, strict=True)):
        shape = [sizes[c] if c.isupper() and n == 1 else n for c, n in zip(part, x.shape, strict=True)]
        if shape != list(x.shape):
            operands[i] = broadcast_to(x, shape)
    return operands, subscripts


def kron(x1: Any, x2: Any) -> Tensor:
    """Replace each entry of x1 by itself times x2 (``keras.ops.kron``).

    >>> ops.kron([1.0, 2.0], [1.0, 10.0])
    tensor([ 1., 10.,  2., 20.])
    """
    a, b = as_tensor(x1), as_tensor(x2)
    rank = max(a.ndim, b.ndim)
    left, right = ((1,) * (rank - x.ndim) + x.shape for x in (a, b))
    a = reshape(a, [size for n in left for size in (n, 1)])
    b = reshape(b, [size for n in right for size in (1, n)])
    return reshape(a * b, [n * m for n, m in zip(left, right, strict=True)])


def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """Compute the vector orthogonal to both, of the length of their area (``keras.ops.cross``).

    Args:
        axisa, axisb: the axes of the 3 or 2 coordinates; a missing third one is 0. axisc: the axis in the result; of
            two plane vectors it is the third coordinate alone, without an axis. axis: for all three.

    >>> ops.cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    tensor([0., 0., 1.])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = as_tensor(x1), as_tensor(x2)
    a, b = moveaxis(x1, axisa, -1), moveaxis(x2, axisb, -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        passed = f"vectors of shapes {x1.shape} and {x2.shape}"
        raise ShapeError(passed, "3 or 2 coordinates", "name their axes with axisa and axisb")
    (a0, a1, *a2), (b0, b1, *b2) = ([x[..., i] for i in range(x.shape[-1])] for x in (a, b))
    third = a0 * b1 - a1 * b0
    if not a2 and not b2:
        return third
    az, bz = (z[0] if z else zeros_like(first) for z, first in ((a2, a0), (b2, b0)))
    return stack([a1 * bz - az * b1, az * b0 - a0 * bz, third], axis=axisc)
