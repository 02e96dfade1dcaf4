"""Reductions over axes, and their index forms.

``axis=None`` means every axis, several axes may be given as a tuple. Ties: the first entry wins. ``max``
and ``min`` are an index operation without gradient and then a gather, so explanations show the way of the gradient.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..core.messages import LazyMessage
from ..graph import Spec, promote_specs, spec_of
from ..tensors.tensor import Tensor
from .calls import Composite
from .record import Cost, Operation, freeze
from .rules import (
    NO_GRADIENT,
    axis_batch,
    normalize_axes,
    normalize_axis,
    per_input_entry,
    promote_to_float,
    reduced_shape,
    to_bool,
)
from .sample import Draw, Sample


def _reduction_spec(dtype: str | None = None) -> Any:
    """Return the shape rule of a reduction; `dtype` is the result's, default the input's."""

    def spec(specs: tuple[Spec, ...], axis: Any = None, keepdims: bool = False) -> Spec:
        return spec_of(reduced_shape(specs[0].shape, axis, keepdims), np.dtype(dtype) if dtype else specs[0].dtype)

    return spec


def accumulator_dtype(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
    """Cast small integers and booleans to 32 bits, as Keras does."""
    dtype = promote_specs(specs)
    if dtype.kind in "bi" and dtype.itemsize < 4:
        return (np.dtype("int32"),)
    if dtype.kind == "u" and dtype.itemsize < 4:
        return (np.dtype("uint32"),)
    return (dtype,)


def reduced_count(shape: tuple[int, ...], axis: Any) -> int:
    """Count the entries that are reduced to each output entry."""
    return math.prod(shape[a] for a in normalize_axes(axis, len(shape)))


def _samples(*more: Sample) -> list[Sample]:
    """Return the samples of every reduction, and `more`."""
    return [
        Sample(Draw(3, 4)),
        Sample(Draw(3, 4), axis=0),
        Sample(Draw(2, 3, 4), axis=(0, -1), keepdims=True),
        Sample(Draw(5), axis=-1, keepdims=True),
        Sample(2.5),
        Sample([1.0, 1.0, -2.0, 0.0]),
        Sample(Draw(3, 4), axis=2, error=ShapeError),
        *more,
    ]


_EMPTY = Sample(np.zeros((0, 3)), axis=0)

sum = Operation.define(
    "sum",
    lambda xp, x, axis=None, keepdims=False: xp.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype),
    spec=_reduction_spec(),
    casts=accumulator_dtype,
    batch=axis_batch,
    cost=per_input_entry(adds=1),
    reduces=True,
    local=(1,),
    gradient_note="sum passes the gradient to every entry",
    samples=_samples(_EMPTY, Sample([[1, 2], [3, 4]], axis=1)),
    doc="The sum over `axis`; booleans and small integers are counted in 32 bits (``keras.ops.sum``).\n\n"
    ">>> ops.sum([[1.0, 2.0], [3.0, 4.0]], axis=0)\ntensor([4., 6.])",
    wide=True,
)
mean = Operation.define(
    "mean",
    lambda xp, x, axis=None, keepdims=False: xp.mean(x, axis=axis, keepdims=keepdims),
    spec=_reduction_spec(),
    casts=promote_to_float,
    batch=axis_batch,
    cost=per_input_entry(adds=1),
    reduces=True,
    local=(lambda xp, x, y, axis, keepdims: 1.0 / (reduced_count(x.shape, axis) or 1),),
    gradient_note="mean shares the gradient equally",
    entry_text=lambda writer, xs, **attributes: f"({writer.sum(xs)}) / {xs.size}",
    samples=_samples(Sample([[1, 2], [3, 4]], axis=1)),
    doc="The mean over `axis`; integers become floatx (``keras.ops.mean``).\n\n"
    ">>> ops.mean([[1.0, 2.0], [3.0, 4.0]], axis=0)\ntensor([2., 3.])",
    wide=True,
)


def _product_of_others(xp: Any, x: Any, y: Any, axis: Any, keepdims: bool) -> Any:
    """Multiply all the other entries, exactly at zeros: the products of those before times of those after."""
    rank = len(x.shape)
    axes = normalize_axes(axis, rank)
    remaining = tuple(i for i in range(rank) if i not in axes)
    moved = xp.transpose(x, remaining + axes)
    flat = xp.reshape(moved, (*(x.shape[i] for i in remaining), reduced_count(x.shape, axis)))
    if flat.shape[-1] == 0:
        return x
    ones = xp.ones_like(flat[..., :1])
    before = xp.cumprod(xp.concatenate([ones, flat[..., :-1]], axis=-1), axis=-1)
    reverse = xp.flip(flat, axis=-1)
    after = xp.flip(xp.cumprod(xp.concatenate([ones, reverse[..., :-1]], axis=-1), axis=-1), axis=-1)
    inverse = tuple(int(i) for i in np.argsort(remaining + axes))
    return xp.transpose(xp.reshape(before * after, moved.shape), inverse)


prod = Operation.define(
    "prod",
    lambda xp, x, axis=None, keepdims=False: xp.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype),
    spec=_reduction_spec(),
    casts=accumulator_dtype,
    batch=axis_batch,
    cost=per_input_entry(multiplies=1),
    reduces=True,
    local=(_product_of_others,),
    gradient_note="prod gives each entry the product of all the others",
    entry_text=lambda writer, xs, **attributes: writer.product(xs),
    samples=_samples(_EMPTY, Sample([[0.0, 2.0, 3.0], [0.0, 0.0, 3.0]], axis=1), Sample([0.0, 2.0])),
    doc="The product over `axis` (``keras.ops.prod``).\n\n>>> ops.prod([2.0, 3.0, 4.0])\ntensor(24.0)",
    wide=True,
)


def _logsumexp(xp: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    largest = xp.max(x, axis=axis, keepdims=True, initial=-math.inf)
    largest = xp.where(xp.isfinite(largest), largest, xp.zeros_like(largest))
    result = xp.log(xp.sum(xp.exp(x - largest), axis=axis, keepdims=True)) + largest
    return result if keepdims else xp.sum(result, axis=axis)


def _empty_axis(shape: tuple[Any, ...], axis: Any) -> ShapeError:
    passed = f"an empty axis (shape {shape}, axis {axis})"
    return ShapeError(passed, "at least one entry to choose from", "check the data before reducing it")


def _nonempty_spec(specs: tuple[Spec, ...], axis: Any, keepdims: bool = False) -> Spec:
    if 0 in [specs[0].shape[a] for a in normalize_axes(axis, len(specs[0].shape))]:
        raise _empty_axis(specs[0].shape, axis)
    return spec_of(reduced_shape(specs[0].shape, axis, keepdims), specs[0].dtype)


def _logsumexp_text(writer: Any, xs: Any, **attributes: Any) -> str:
    top = xs.max() if abs(xs.max()) > 100 else xs.dtype.type(0)  # exp of a large number overflows
    body = writer.terms(lambda k: f"exp({writer.number(xs[k] - top)})", np.exp(xs - top))
    return f"log({body})" + (f" + {writer.factor(top)}" if top else "")


logsumexp = Operation.define(
    "logsumexp",
    lambda xp, x, axis=None, keepdims=False: _logsumexp(xp, x, axis, keepdims),
    spec=_reduction_spec(),
    casts=promote_to_float,
    batch=axis_batch,
    cost=per_input_entry(adds=2, other=8),
    reduces=True,
    local=(lambda xp, x, y, axis, keepdims: xp.exp(x - y),),
    gradient_note="logsumexp shares the gradient as softmax does",
    entry_text=_logsumexp_text,
    samples=_samples(Sample([1000.0, 1000.0]), Sample(np.zeros((0, 2)), axis=0)),
    doc="log(sum(exp(x))) without overflow, -inf for no entries (``keras.ops.logsumexp``).\n\n"
    ">>> ops.logsumexp([1000.0, 1000.0])\ntensor(1000.6931)",
    wide=True,
)

# ---- indices, which have no gradient


def _index_spec(specs: tuple[Spec, ...], axis: Any, keepdims: bool) -> Spec:
    spec = _nonempty_spec(specs, axis, keepdims) if specs[0].shape else spec_of((), specs[0].dtype)
    return spec_of(spec.shape, np.dtype("int32"))


def _index_batch(op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]) -> Tensor:
    if attributes["axis"] is None:  # an index into the flattened example
        index = op(xs[0].reshape(size, -1), axis=1)
        return index.reshape((size,) + (1,) * (xs[0].ndim - 1)) if attributes["keepdims"] else index
    return axis_batch(op, xs, batched, size, attributes)


_INDEX_SAMPLES = [
    Sample(Draw(3, 4)),
    Sample(Draw(3, 4), axis=0),
    Sample([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], axis=1),
    Sample(Draw(2, 3, 4), axis=-1, keepdims=True),
    Sample([2, 7, 7]),
    Sample(1.5),
    Sample(np.zeros((0, 2)), axis=0, error=ShapeError),
]


def _index_of_extremum(name: str, adjective: str, example: str) -> Operation:
    """Make the record of argmax or argmin."""
    return Operation.define(
        name,
        lambda xp, x, axis=None, keepdims=False: getattr(xp, name)(x, axis=axis, keepdims=keepdims).astype(xp.int32),
        spec=_index_spec,
        batch=_index_batch,
        cost=per_input_entry(other=1),
        gradient_note=NO_GRADIENT,
        samples=_INDEX_SAMPLES,
        doc=f"The index of the {adjective} entry along `axis` (of the flattened tensor if ``None``), the first at a "
        f"tie, as int32 (``keras.ops.{name}``).\n\n>>> ops.{name}({example})\ntensor(1, dtype=int32)",
    )


argmax = _index_of_extremum("argmax", "largest", "[1.0, 5.0, 5.0]")
argmin = _index_of_extremum("argmin", "smallest", "[1.0, -5.0, 5.0]")


def _argsort_value(xp: Any, x: Any, axis: Any, descending: bool) -> Any:
    if not descending:
        return xp.argsort(x, axis=axis, stable=True).astype(xp.int32)
    # stable and from the largest: sort the reversed tensor from the smallest, and reverse the order
    order = xp.argsort(xp.flip(x, axis=axis), axis=axis, stable=True)
    return (x.shape[axis] - 1 - xp.flip(order, axis=axis)).astype(xp.int32)


def _argsort_spec(specs: tuple[Spec, ...], axis: int, descending: bool) -> Spec:
    normalize_axis(axis, len(specs[0].shape))
    return spec_of(specs[0].shape, np.dtype("int32"))


def _sort_cost(specs: tuple[Spec, ...], out: Spec, axis: int, descending: bool) -> Cost:
    n = specs[0].shape[axis] or 1
    steps = specs[0].size * (math.ceil(math.log2(n)) or 1) if n else 0
    sizes = {"entries": specs[0].size, "n": n, "count": steps}
    return Cost(other=steps, formula=LazyMessage("{entries} entries × log2({n}) comparisons = {count:,}", **sizes))


argsort_record = Operation.define(
    "argsort",
    lambda xp, x, axis=-1, descending=False: _argsort_value(xp, x, axis, descending),
    spec=_argsort_spec,
    batch=axis_batch,
    cost=_sort_cost,
    gradient_note=NO_GRADIENT,
    samples=[
        Sample(Draw(3, 4)),
        Sample([2.0, 1.0, 2.0, 1.0]),
        Sample([2.0, 1.0, 2.0, 1.0], descending=True),
        Sample(Draw(2, 3, 4), axis=1, descending=True),
        Sample(np.zeros((2, 0))),
        Sample([3, 1, 2]),
        Sample(1.0, error=ShapeError),
    ],
    doc="The indices that sort x along `axis`, equal entries in their old order, as int32 (``keras.ops.argsort``).\n\n"
    ">>> ops.argsort([3.0, 1.0, 2.0])\ntensor([1, 2, 0], dtype=int32)",
)


def _logical_reduction(name: str) -> Operation:
    """Make the record of ``all`` or ``any``."""
    return Operation.define(
        name,
        lambda xp, x, axis=None, keepdims=False: getattr(xp, name)(x, axis=axis, keepdims=keepdims),
        spec=_reduction_spec("bool"),
        casts=to_bool,
        batch=axis_batch,
        cost=per_input_entry(other=1),
        gradient_note=NO_GRADIENT,
        samples=[
            Sample([[True, False], [True, True]]),
            Sample([[True, False], [True, True]], axis=0),
            Sample([[True, False], [False, False]], axis=1, keepdims=True),
            Sample(np.zeros((0, 2), bool), axis=0),
            Sample(True),
        ],
        doc=f"Whether {name} of the entries along `axis` hold (``keras.ops.{name}``).\n\n"
        f">>> ops.{name}([True, True])\ntensor(True, dtype=bool)",
    )


all, any = _logical_reduction("all"), _logical_reduction("any")

# ---- composites


def _extremum_value(index_of: str) -> Any:
    """Return the value of max or min, given the name of argmax or argmin."""

    def value(xp: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """Find the winner's index among the flattened axes, and gather."""
        axes = normalize_axes(axis, x.ndim)
        if not axes:
            return xp.positive(x)
        remaining = tuple(i for i in range(x.ndim) if i not in axes)
        shape = reduced_shape(x.shape, axis, keepdims)
        if 0 in [x.shape[a] for a in axes]:
            raise _empty_axis(x.shape, axis)
        moved = x if remaining + axes == tuple(range(x.ndim)) else xp.transpose(x, remaining + axes)
        rows = math.prod(x.shape[i] for i in remaining)
        flat = xp.reshape(moved, (rows, reduced_count(x.shape, axis)))
        winner = getattr(xp, index_of)(flat, axis=1)
        return xp.reshape(flat[xp.arange(rows), winner], shape)

    return value


def _extremum(name: str, index_of: str, adjective: str) -> Composite:
    """Make the record of max or min."""
    return Composite.define(
        name,
        _extremum_value(index_of),
        gradient_note=f"{name} routes the gradient to the {adjective} entry (the first at a tie)",
        samples=_samples(
            Sample([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], axis=1),
            Sample([2, 7, 7]),
            Sample(np.zeros((0, 2)), axis=0, error=ShapeError),
        ),
        doc=f"The {adjective} entry along `axis`, the first at a tie (``keras.ops.{name}``).\n\n"
        f">>> ops.{name}([[1.0, 2.0], [3.0, 0.0]], axis=(0, 1)).shape\n()",
    )


max_record, min_record = _extremum("max", "argmax", "largest"), _extremum("min", "argmin", "smallest")


def _var(xp: Any, x: Any, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> Any:
    centred = x - xp.mean(x, axis=axis, keepdims=True)
    total = xp.sum(centred * centred, axis=axis, keepdims=keepdims)
    count = reduced_count(x.shape, axis) - ddof
    return total / (count if count > 0 else 0)  # nan where no count is left, as NumPy


def root(xp: Any, x: Any) -> Any:
    """Compute the square root, whose slope at 0 counts as 0: of a sum of squares, whose slope there is 0 too."""
    zero = x == 0
    return xp.where(zero, xp.zeros_like(x), xp.sqrt(xp.where(zero, xp.ones_like(x), x)))


var = Composite.define(
    "var",
    _var,
    casts=promote_to_float,
    gradient_note="var gives each entry twice its distance from the mean over the count",
    samples=_samples(Sample(Draw(3, 4), axis=1, ddof=1)),
    doc="The variance over `axis`, divided by the count less `ddof` (``keras.ops.var``; ``ddof`` as NumPy).\n\n"
    ">>> ops.var([1.0, 2.0, 3.0, 4.0])\ntensor(1.25)",
    wide=True,
)
std = Composite.define(
    "std",
    lambda xp, x, axis=None, keepdims=False, ddof=0: root(xp, _var(xp, x, axis, keepdims, ddof)),
    casts=promote_to_float,
    gradient_note="std gives each entry its distance from the mean over the count and std (0 if all are equal)",
    samples=[
        Sample(Draw(3, 4)),
        Sample(Draw(3, 4), axis=1, ddof=1),
        Sample(Draw(2, 3, 4), axis=(0, -1), keepdims=True),
        Sample([[2.0, 2.0], [1.0, 3.0]], axis=1),
    ],
    doc="The standard deviation over `axis` (``keras.ops.std``; ``ddof`` as NumPy).\n\n"
    ">>> ops.std([1.0, 3.0])\ntensor(1.0)",
    wide=True,
)


def _norm(xp: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Compute a vector norm over one axis, a matrix norm over two; over all without an order, the Frobenius norm."""
    ord, axis = freeze(ord, "the order of a norm"), freeze(axis, "the axis of a norm")
    count = len(normalize_axes(axis, x.ndim))
    if isinstance(ord, str) and (count != 2 or ord not in ("fro", "nuc")):
        raise _order_error(ord, count)
    if ord in (None, "fro") or (ord == 2 and count == 1):
        return root(xp, xp.sum(x * x, axis=axis, keepdims=keepdims))
    if count != 1:
        return _matrix_norm(xp, x, ord, axis, keepdims)
    magnitude = xp.absolute(x)
    if ord == 1:
        return xp.sum(magnitude, axis=axis, keepdims=keepdims)
    if ord == math.inf:
        return _largest(xp, magnitude, axis, keepdims)
    if ord == -math.inf:
        return xp.min(magnitude, axis=axis, keepdims=keepdims)
    if ord == 0:
        return xp.sum(xp.cast(x != 0, x.dtype), axis=axis, keepdims=keepdims)
    return _power_norm(xp, magnitude, ord, axis, keepdims)


def _power_norm(xp: Any, x: Any, ord: float, axis: Any, keepdims: bool) -> Any:
    """Compute sum(x^ord)^(1/ord) of numbers from 0 up; slopes at a 0, where they are infinite or nan, count as 0.

    An entry of 0 has the power 0, or infinity for an order below 0, and either makes the norm of the zero vector 0.
    """
    zero, at_zero = x == 0, 0.0 if ord > 0 else math.inf
    powers = xp.where(zero, at_zero, xp.power(xp.where(zero, xp.ones_like(x), x), ord))
    total = xp.sum(powers, axis=axis, keepdims=keepdims)
    none = total == at_zero
    return xp.where(none, xp.zeros_like(total), xp.power(xp.where(none, xp.ones_like(total), total), 1.0 / ord))


def _largest(xp: Any, x: Any, axis: Any, keepdims: bool = False) -> Any:
    """Compute the largest of numbers from 0 up: 0 if there are none."""
    empty = 0 in [x.shape[a] for a in normalize_axes(axis, x.ndim)]
    return xp.max(x, axis=axis, keepdims=keepdims, initial=0 if empty else None)


def _matrix_norm(xp: Any, x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    """Compute the norm of matrices: the largest or smallest sum of a row or column, or of their singular values."""
    axes = tuple(range(x.ndim)) if axis is None else tuple(normalize_axis(a, x.ndim) for a in axis)
    if len(axes) != 2 or ord not in (1, -1, 2, -2, math.inf, -math.inf, "nuc"):
        raise _order_error(ord, len(axes))
    x = xp.moveaxis(x, axes, (-2, -1))
    if ord in (1, -1):
        parts = xp.sum(xp.absolute(x), axis=-2)
    elif ord in (math.inf, -math.inf) or (ord != -2 and 0 in x.shape[-2:]):
        parts = xp.sum(xp.absolute(x), axis=-1)
    else:
        parts = xp.svd(x, compute_uv=False)
    if ord == "nuc":
        result = xp.sum(parts, axis=-1)
    else:
        result = _largest(xp, parts, -1) if ord > 0 else xp.min(parts, axis=-1)
    for kept in sorted(axes) if keepdims else ():
        result = xp.expand_dims(result, kept)
    return result


def _order_error(ord: Any, count: int) -> ShapeError:
    passed = f"norm of order {ord!r} over {count} axes"
    expected = "any number over one axis, or None, 'fro', 'nuc', ±1, ±2, ±inf over two"
    return ShapeError(passed, expected, "name one axis or two, or leave ord out")


norm = Composite.define(
    "norm",
    _norm,
    casts=promote_to_float,
    gradient_note="norm gives each entry its share x/norm (0 for the zero vector)",
    samples=[
        Sample(Draw(4)),
        Sample(Draw(3, 4)),
        Sample(Draw(3, 4), axis=1, keepdims=True),
        Sample(Draw(3, 4), ord=1, axis=0),
        Sample(Draw(5), ord=math.inf),
        Sample(Draw(5), ord=-math.inf),
        Sample(Draw(5, kind="positive"), ord=3),
        Sample(Draw(5), ord=-2.5),
        Sample([0.0, 0.0, 0.0]),
        *[Sample(Draw(3, 4), ord=order) for order in (1, -1, 2, -2, math.inf, -math.inf, "nuc", "fro")],
        Sample(Draw(2, 3, 4), ord=1, axis=(2, 0), keepdims=True),
        Sample(Draw(2, 3, 4), ord="nuc", axis=(0, 2)),
        Sample([0.0, 0.0], ord=3),
        Sample(Draw(3, 4), ord=3, error=ShapeError),
        Sample(Draw(4), ord="fro", error=ShapeError),
        Sample(Draw(2, 3, 4), ord=1, error=ShapeError),
    ],
    doc="The vector norm along one axis (orders 0, 1, 2, any number, ±inf), or the matrix norm over two (orders ±1, "
    "±2, ±inf, 'fro', 'nuc'); without an order, the root of the sum of squares over all axes (``keras.ops.norm``).\n\n"
    ">>> ops.norm([3.0, 4.0])\ntensor(5.0)",
    wide=True,
)
