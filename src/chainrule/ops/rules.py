"""Rules that many records share: casts, shapes, batches and costs."""

from __future__ import annotations

import math
from functools import partial, wraps
from typing import Any

import numpy as np

from ..core.arguments import whole_number
from ..core.errors import DTypeError, ShapeError
from ..core.messages import LazyMessage
from ..graph import Dim, Spec, broadcast, promote_specs, spec_of
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from .record import Cost, Operation, Rule, namespace

NO_GRADIENT = "it has no gradient: the result is not a real number that varies with the input"

# ---- casts: the dtypes to which operands are cast before `value` is computed


def promote_inputs(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
    """Cast all operands to their common dtype."""
    return (promote_specs(specs),) * len(specs)


def promote_to_float(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
    """Cast all operands to their common dtype, integers to floatx."""
    return (promote_specs(specs, floating=True),) * len(specs)


def numbers_only(name: str) -> Rule:
    """Return a rule that casts all operands to their common dtype, which must not be bool; `name`: the operation's."""

    def casts(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
        dtype = promote_specs(specs)
        if dtype.kind == "b":
            mend = "cast them to int32, or use logical_not, logical_xor and the like"
            raise DTypeError(f"booleans to {name}", "numbers", mend)
        return (dtype,) * len(specs)

    return casts


def count_booleans(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
    """Cast all operands to their common dtype, booleans to int32, as Keras does."""
    dtype = promote_specs(specs)
    return (np.dtype("int32") if dtype.kind == "b" else dtype,) * len(specs)


def to_bool(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
    """Cast all operands to bool."""
    return (np.dtype(bool),) * len(specs)


def integers_only(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
    """Cast all operands to their common dtype, which must be integer or bool."""
    dtype = promote_specs(specs)
    if dtype.kind not in "biu":
        raise DTypeError(f"operands of dtype {dtype.name}", "integers or booleans", "cast them to an integer dtype")
    return (dtype,) * len(specs)


def in_float32(function: Rule) -> Rule:
    """Compute a function of a tensor, and of arguments that are none, in float32 where the tensor is narrower.

    Its results are rounded once: what `wide` is for a record.
    """

    @wraps(function)
    def computed(x: Any, *args: Any, **kwargs: Any) -> Any:
        x = as_tensor(x)
        if not x.spec.narrow:
            return function(x, *args, **kwargs)
        result = function(x.cast_to(np.dtype("float32")), *args, **kwargs)
        parts = result if isinstance(result, tuple) else (result,)
        rounded = tuple([part.cast_to(x.dtype) for part in parts])
        return rounded if isinstance(result, tuple) else rounded[0]

    return computed


# ---- shapes


def elementwise_spec(dtype: str | None = None) -> Rule:
    """Return a shape rule that broadcasts the operands; `dtype` is the result's, default the operands'."""

    def spec(specs: tuple[Spec, ...], **attributes: Any) -> Spec:
        result = np.dtype(dtype) if dtype else specs[0].dtype
        if len(specs) == 1:
            return spec_of(specs[0].shape, result)
        return spec_of(broadcast([s.shape for s in specs]), result)

    return spec


def normalize_axis(axis: Any, rank: int, what: str = "axis") -> int:
    """Return `axis` counted from the front.

    Raises:
        ShapeError: if there is no such axis.
    """
    number = whole_number(axis)
    if number is None:
        raise DTypeError(f"{what} {axis!r}", "an integer", "name the axis by its number")
    if not -rank <= number < rank:
        passed = f"{what} {number} for a tensor with {rank} axes"
        raise ShapeError(passed, f"{-rank} to {rank - 1}" if rank else "no axis", "name one of its axes")
    return number % rank


def normalize_axes(axis: Any, rank: int) -> tuple[int, ...]:
    """Return `axis` (``None`` for all, an integer, or several) as a sorted tuple counted from the front."""
    if axis is None:
        return tuple(range(rank))
    axes = tuple(normalize_axis(a, rank) for a in (axis if isinstance(axis, tuple | list) else (axis,)))
    if len(set(axes)) != len(axes):
        raise ShapeError(f"axis {axis}", "each axis once", "remove the repeated axis")
    return tuple(sorted(axes))


def reduced_shape(shape: tuple[Any, ...], axis: Any, keepdims: bool) -> tuple[Any, ...]:
    """Return the shape after a reduction over `axis`."""
    axes = normalize_axes(axis, len(shape))
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def as_shape(shape: Any, least: int = 0, unknown: bool = False) -> tuple[Any, ...]:
    """Return a shape given as a whole number or a sequence of them as a tuple of Python integers.

    Args:
        least: the smallest size accepted. unknown: whether a size may be ``None``.

    Raises:
        ShapeError: for any other size.
    """
    size = whole_number(shape)
    try:
        values = tuple(shape) if size is None else (size,)
    except TypeError:  # no sequence
        values = (shape,)
    numbers = [n if isinstance(n, Dim) else whole_number(n) for n in values]
    if any(
        not isinstance(n, Dim) and (v is not None or not unknown if n is None else n < least)
        for n, v in zip(numbers, values, strict=True)
    ):
        raise ShapeError(f"the shape {shape}", f"sizes from {least} up", "give the size of each axis")
    return tuple(numbers)


# ---- batches: the same operation with a batch axis in front


def elementwise_batch(
    op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]
) -> Tensor:
    """Apply the operation to operands whose ranks are equal behind the batch axis."""
    return op(*align(xs, batched), **attributes)


def align(xs: list[Tensor], batched: list[bool]) -> list[Tensor]:
    """Insert axes of size 1 behind the batch axis of batched operands, so that all broadcast as their examples do."""
    xp = namespace()
    rank = max(x.ndim - b for x, b in zip(xs, batched, strict=True))
    return [
        xp.reshape(x, (x.shape[0],) + (1,) * (rank - x.ndim + 1) + x.shape[1:]) if b and x.ndim - 1 < rank else x
        for x, b in zip(xs, batched, strict=True)
    ]


def shift_axis(axis: Any, rank: int) -> Any:
    """Return the axes of an example of this rank as axes behind a batch axis; ``None`` means all of them."""
    if axis is None:
        return tuple(range(1, rank + 1))
    if isinstance(axis, tuple):
        return tuple(a % rank + 1 for a in axis)
    return axis % rank + 1


def axis_batch(op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]) -> Tensor:
    """Apply an operation of one operand with an attribute ``axis``, which moves behind the batch axis."""
    return op(xs[0], **{**attributes, "axis": shift_axis(attributes["axis"], xs[0].ndim - 1)})


def all_batched(xs: list[Tensor], batched: list[bool], size: int) -> list[Tensor]:
    """Broadcast operands that are the same for every example along the batch axis."""
    xp = namespace()
    return [x if b else xp.broadcast_to(x, (size, *x.shape)) for x, b in zip(xs, batched, strict=True)]


def loop_batch(op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]) -> Tensor:
    """Apply an operation without a batched form to one example at a time, and stack the results."""
    xp = namespace()
    results = [op(*[x[i] if b else x for x, b in zip(xs, batched, strict=True)], **attributes) for i in range(size)]
    return xp.stack(results, axis=0)


# ---- costs


def times(shape: tuple[Any, ...]) -> str:
    """Write a shape as ``28·28·32``; ``1`` for no axes."""
    return "·".join(str(n) for n in shape) or "1"


def per_entry(multiplies: int = 0, adds: int = 0, other: int = 0, of_input: bool = False) -> Rule:
    """Return a rule for a cost for each entry of the output, or `of_input`, as reductions have, of the first input."""

    def cost(specs: tuple[Spec, ...], out: Spec, **attributes: Any) -> Cost:
        entries, each = specs[0] if of_input else out, multiplies + adds + other
        n, sizes = entries.size, {"shape": times(entries.shape), "each": each, "count": entries.size * each}
        formula = LazyMessage("{shape} entries × {each} = {count:,}" if each else "0: no arithmetic", **sizes)
        return Cost(n * multiplies, n * adds, 0, n * other, formula)

    return cost


per_input_entry = partial(per_entry, of_input=True)
no_arithmetic = per_entry()  # data is moved, nothing is computed


def contraction(outputs: tuple[Any, ...], summed: tuple[Any, ...]) -> Cost:
    """Return the cost of `outputs` sums of `summed` products each."""
    n, k = math.prod(outputs), math.prod(summed)
    macs = n * k
    sizes = {"shape": times(outputs), "summed": times(summed), "count": macs}
    formula = LazyMessage("{shape} outputs × {summed} = {count:,} multiplies", **sizes)
    return Cost(macs, n * max(k - 1, 0), macs, 0, formula)
