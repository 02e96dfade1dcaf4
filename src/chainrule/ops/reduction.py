"""Reductions over axes, their index forms, and running sums.

``axis=None`` means every axis, several axes may be given as a tuple. Ties: the first entry wins. ``max``
and ``min`` are an index operation without gradient and then a gather, so explanations show the route.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..graph import Spec, promote_specs, spec_of
from ..said import Said
from .elementwise import FLAT
from .record import Composite, Cost, Draw, Operation, Sample
from .rules import (
    as_given,
    axis_batch,
    booleans,
    floated,
    normal_axes,
    normal_axis,
    per_input_entry,
    promoted,
    reduced_shape,
)


def _spec(dtype: str | None = None) -> Any:
    def spec(specs: tuple[Spec, ...], axis: Any = None, keepdims: bool = False) -> Spec:
        return spec_of(reduced_shape(specs[0].shape, axis, keepdims), np.dtype(dtype) if dtype else specs[0].dtype)

    return spec


def _summed(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
    """Small integers and booleans are added in 32 bits, as Keras does."""
    dtype = promote_specs(specs)
    if dtype.kind in "bi" and dtype.itemsize < 4:
        return (np.dtype("int32"),)
    if dtype.kind == "u" and dtype.itemsize < 4:
        return (np.dtype("uint32"),)
    return (dtype,)


def count_of(shape: tuple[int, ...], axis: Any) -> int:
    """How many entries each output entry gathers."""
    return math.prod(shape[a] for a in normal_axes(axis, len(shape)))


def _samples(*more: Sample) -> list[Sample]:
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


EMPTY = Sample(np.zeros((0, 3)), axis=0)

sum = Operation(
    "sum",
    lambda o, x, axis=None, keepdims=False: o.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype),
    spec=_spec(),
    casts=_summed,
    batch=axis_batch,
    cost=per_input_entry(adds=1),
    reduces=True,
    local=(1,),
    says="sum hands the gradient on to every entry",
    samples=_samples(EMPTY, Sample([[1, 2], [3, 4]], axis=1)),
    doc="The sum over `axis`; booleans and small integers are counted in 32 bits (``keras.ops.sum``).\n\n"
    ">>> ops.sum([[1.0, 2.0], [3.0, 4.0]], axis=0)\ntensor([4., 6.])",
)
mean = Operation(
    "mean",
    lambda o, x, axis=None, keepdims=False: o.mean(x, axis=axis, keepdims=keepdims),
    spec=_spec(),
    casts=floated,
    batch=axis_batch,
    cost=per_input_entry(adds=1),
    reduces=True,
    local=(lambda o, x, y, axis, keepdims: 1.0 / (count_of(x.shape, axis) or 1),),
    says="mean shares the gradient equally",
    samples=_samples(Sample([[1, 2], [3, 4]], axis=1)),
    doc="The mean over `axis`; integers become floatx (``keras.ops.mean``).\n\n"
    ">>> ops.mean([[1.0, 2.0], [3.0, 4.0]], axis=0)\ntensor([2., 3.])",
)


def _others(o: Any, x: Any, y: Any, axis: Any, keepdims: bool) -> Any:
    """The product of all the other entries, exact at zeros: products from the left times from the right."""
    rank = len(x.shape)
    axes = normal_axes(axis, rank)
    kept = tuple(i for i in range(rank) if i not in axes)
    moved = o.transpose(x, kept + axes)
    flat = o.reshape(moved, (*(x.shape[i] for i in kept), count_of(x.shape, axis)))
    if flat.shape[-1] == 0:
        return x
    ones = o.ones_like(flat[..., :1])
    left = o.cumprod(o.concatenate([ones, flat[..., :-1]], axis=-1), axis=-1)
    turned = o.flip(flat, axis=-1)
    right = o.flip(o.cumprod(o.concatenate([ones, turned[..., :-1]], axis=-1), axis=-1), axis=-1)
    back = tuple(int(i) for i in np.argsort(kept + axes))
    return o.transpose(o.reshape(left * right, moved.shape), back)


prod = Operation(
    "prod",
    lambda o, x, axis=None, keepdims=False: o.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype),
    spec=_spec(),
    casts=_summed,
    batch=axis_batch,
    cost=per_input_entry(multiplies=1),
    reduces=True,
    local=(_others,),
    says="prod gives each entry the product of all the others",
    samples=_samples(EMPTY, Sample([[0.0, 2.0, 3.0], [0.0, 0.0, 3.0]], axis=1), Sample([0.0, 2.0])),
    doc="The product over `axis` (``keras.ops.prod``).\n\n>>> ops.prod([2.0, 3.0, 4.0])\ntensor(24.0)",
)


def _logsumexp(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = o.max(x, axis=axis, keepdims=True)
    top = o.where(o.isfinite(top), top, o.zeros_like(top))
    inner = o.log(o.sum(o.exp(x - top), axis=axis, keepdims=True)) + top
    return inner if keepdims else o.sum(inner, axis=axis)


def _nonempty(specs: tuple[Spec, ...], axis: Any, keepdims: bool = False) -> Spec:
    if 0 in [specs[0].shape[a] for a in normal_axes(axis, len(specs[0].shape))]:
        raise ShapeError(
            f"an empty axis (shape {specs[0].shape}, axis {axis})",
            "at least one entry to choose from",
            "check the data before reducing it",
        )
    return spec_of(reduced_shape(specs[0].shape, axis, keepdims), specs[0].dtype)


logsumexp = Operation(
    "logsumexp",
    lambda o, x, axis=None, keepdims=False: _logsumexp(o, x, axis, keepdims),
    spec=_nonempty,
    casts=floated,
    batch=axis_batch,
    cost=per_input_entry(adds=2, other=8),
    reduces=True,
    local=(lambda o, x, y, axis, keepdims: o.exp(x - y),),
    says="logsumexp shares the gradient as softmax does",
    samples=_samples(Sample([1000.0, 1000.0]), Sample(np.zeros((0, 2)), axis=0, error=ShapeError)),
    doc="log(sum(exp(x))) without overflow (``keras.ops.logsumexp``).\n\n"
    ">>> ops.logsumexp([1000.0, 1000.0])\ntensor(1000.6931)",
)

# ---- choosing by index: no gradient of their own


def _index_spec(specs: tuple[Spec, ...], axis: Any, keepdims: bool) -> Spec:
    spec = _nonempty(specs, axis, keepdims) if specs[0].shape else spec_of((), specs[0].dtype)
    return spec_of(spec.shape, np.dtype("int32"))


def _arg(name: str) -> Any:
    return lambda o, x, axis=None, keepdims=False: getattr(o, name)(x, axis=axis, keepdims=keepdims).astype(o.int32)


def _index_batch(op: Operation, xs: list[Any], batched: list[bool], size: int, attributes: dict[str, Any]) -> Any:
    if attributes["axis"] is None:  # counted in the flattened example
        flat = xs[0].reshape(size, -1)
        found = op(flat, axis=1)
        return found.reshape((size,) + (1,) * (xs[0].ndim - 1)) if attributes["keepdims"] else found
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
argmax = Operation(
    "argmax",
    _arg("argmax"),
    spec=_index_spec,
    casts=as_given,
    batch=_index_batch,
    cost=per_input_entry(other=1),
    says=FLAT,
    written="argmax({0})",
    samples=_INDEX_SAMPLES,
    doc="The index of the largest entry along `axis` (of the flattened tensor if ``None``), the first at a "
    "tie, as int32 (``keras.ops.argmax``).\n\n>>> ops.argmax([1.0, 5.0, 5.0])\ntensor(1, dtype=int32)",
)
argmin = Operation(
    "argmin",
    _arg("argmin"),
    spec=_index_spec,
    casts=as_given,
    batch=_index_batch,
    cost=per_input_entry(other=1),
    says=FLAT,
    written="argmin({0})",
    samples=_INDEX_SAMPLES,
    doc="The index of the smallest entry along `axis`, the first at a tie, as int32 (``keras.ops.argmin``).\n\n"
    ">>> ops.argmin([1.0, -5.0, 5.0])\ntensor(1, dtype=int32)",
)


def _argsort_value(o: Any, x: Any, axis: Any, descending: bool) -> Any:
    if not descending:
        return o.argsort(x, axis=axis, stable=True).astype(o.int32)
    # stable and from the largest: sort the turned tensor ascending and turn back
    n = x.shape[axis]
    turned = o.argsort(o.flip(x, axis=axis), axis=axis, stable=True)
    return (n - 1 - o.flip(turned, axis=axis)).astype(o.int32)


def _sorted_spec(specs: tuple[Spec, ...], axis: int, descending: bool) -> Spec:
    normal_axis(axis, len(specs[0].shape))
    return spec_of(specs[0].shape, np.dtype("int32"))


def _sort_cost(specs: tuple[Spec, ...], out: Spec, axis: int, descending: bool) -> Cost:
    n = specs[0].shape[axis] or 1
    steps = specs[0].size * (math.ceil(math.log2(n)) or 1) if n else 0
    sizes = {"entries": specs[0].size, "n": n, "count": steps}
    return Cost(other=steps, formula=Said("{entries} entries × log2({n}) comparisons = {count:,}", **sizes))


argsort_record = Operation(
    "argsort",
    lambda o, x, axis=-1, descending=False: _argsort_value(o, x, axis, descending),
    spec=_sorted_spec,
    casts=as_given,
    batch=axis_batch,
    cost=_sort_cost,
    says=FLAT,
    written="argsort({0})",
    samples=[
        Sample(Draw(3, 4)),
        Sample([2.0, 1.0, 2.0, 1.0]),
        Sample([2.0, 1.0, 2.0, 1.0], descending=True),
        Sample(Draw(2, 3, 4), axis=1, descending=True),
        Sample(np.zeros((2, 0))),
        Sample([3, 1, 2]),
        Sample(1.0, error=ShapeError),
    ],
    doc="The order that sorts x along `axis`, equal entries as they stood, as int32 (``keras.ops.argsort``).\n\n"
    ">>> ops.argsort([3.0, 1.0, 2.0])\ntensor([1, 2, 0], dtype=int32)",
)


def _truth(name: str) -> Operation:
    return Operation(
        name,
        lambda o, x, axis=None, keepdims=False: getattr(o, name)(x, axis=axis, keepdims=keepdims),
        spec=_spec("bool"),
        casts=booleans,
        batch=axis_batch,
        cost=per_input_entry(other=1),
        says=FLAT,
        written=name + "({0})",
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


all, any = _truth("all"), _truth("any")

# ---- running sums


def _running_spec(specs: tuple[Spec, ...], axis: int) -> Spec:
    normal_axis(axis, len(specs[0].shape))
    return spec_of(specs[0].shape, specs[0].dtype)


cumsum_record = Operation(
    "cumsum",
    lambda o, x, axis=0: o.cumsum(x, axis=axis, dtype=x.dtype),
    spec=_running_spec,
    casts=promoted,
    batch=axis_batch,
    cost=per_input_entry(adds=1),
    transpose=(lambda o, u, x, axis: o.flip(o.cumsum(o.flip(u, axis=axis), axis=axis), axis=axis),),
    says="cumsum gives each entry the sum of the gradients from its place on",
    written="cumsum({0})",
    samples=[
        Sample(Draw(5)),
        Sample(Draw(3, 4), axis=1),
        Sample(Draw(2, 3, 4), axis=-2),
        Sample(np.zeros((0, 3))),
        Sample(1.0, error=ShapeError),
    ],
    doc="The running sum along `axis` (``keras.ops.cumsum``).\n\n>>> ops.cumsum([1.0, 2.0, 3.0])\ntensor([1., 3., 6.])",
)


def _cumprod(o: Any, x: Any, axis: int = 0) -> Any:
    """log2(n) rounds of multiplying by the entry 1, 2, 4 ... places before, so zeros need no special case."""
    axis = normal_axis(axis, x.ndim)
    step, n = 1, x.shape[axis]
    while step < n:
        head = (slice(None),) * axis
        before = o.concatenate(
            [o.ones_like(x[(*head, slice(None, step))]), x[(*head, slice(None, n - step))]], axis=axis
        )
        x = x * before
        step *= 2
    return o.positive(x)


cumprod_record = Composite(
    "cumprod",
    _cumprod,
    casts=promoted,
    says="cumprod multiplies in rounds; each round's multiply switches",
    written="cumprod({0})",
    samples=[Sample(Draw(5)), Sample([2.0, 0.0, 3.0, 0.0]), Sample(Draw(3, 4), axis=1), Sample(Draw(2, 3, 2), axis=-2)],
    doc="The running product along `axis`, its gradient exact at zeros (``keras.ops.cumprod``).\n\n"
    ">>> ops.cumprod([1.0, 2.0, 3.0])\ntensor([1., 2., 6.])",
)

# ---- composites


def _choose(which: str) -> Any:
    def value(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """The index of the winner among the flattened axes, then a gather."""
        axes = normal_axes(axis, x.ndim)
        if not axes:
            return o.positive(x)
        kept = tuple(i for i in range(x.ndim) if i not in axes)
        shape = reduced_shape(x.shape, axis, keepdims)
        if 0 in [x.shape[a] for a in axes]:
            raise ShapeError(
                f"an empty axis (shape {x.shape}, axis {axis})",
                "at least one entry to choose from",
                "check the data before reducing it",
            )
        moved = x if kept + axes == tuple(range(x.ndim)) else o.transpose(x, kept + axes)
        rows = math.prod(x.shape[i] for i in kept)
        flat = o.reshape(moved, (rows, count_of(x.shape, axis)))
        winner = getattr(o, which)(flat, axis=1)
        return o.reshape(flat[o.arange(rows), winner], shape)

    return value


def _choice(name: str, which: str, word: str) -> Composite:
    return Composite(
        name,
        _choose(which),
        casts=as_given,
        says=f"{name} routes the gradient to the {word} entry (the first at a tie)",
        written=name + "({0})",
        samples=_samples(
            Sample([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], axis=1),
            Sample([2, 7, 7]),
            Sample(np.zeros((0, 2)), axis=0, error=ShapeError),
        ),
        doc=f"The {word} entry along `axis`, the first at a tie (``keras.ops.{name}``).\n\n"
        f">>> ops.{name}([[1.0, 2.0], [3.0, 0.0]], axis=(0, 1)).shape\n()",
    )


max_record, min_record = _choice("max", "argmax", "largest"), _choice("min", "argmin", "smallest")


def _var(o: Any, x: Any, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> Any:
    centred = x - o.mean(x, axis=axis, keepdims=True)
    total = o.sum(centred * centred, axis=axis, keepdims=keepdims)
    left = count_of(x.shape, axis) - ddof
    return total / (left if left > 0 else 0)  # nan where nothing is left, as NumPy


var = Composite(
    "var",
    _var,
    casts=floated,
    says="var gives each entry twice its distance from the mean over the count",
    written="var({0})",
    samples=_samples(Sample(Draw(3, 4), axis=1, ddof=1)),
    doc="The variance over `axis`, divided by the count less `ddof` (``keras.ops.var``; ``ddof`` as NumPy).\n\n"
    ">>> ops.var([1.0, 2.0, 3.0, 4.0])\ntensor(1.25)",
)
std = Composite(
    "std",
    lambda o, x, axis=None, keepdims=False, ddof=0: o.sqrt(_var(o, x, axis, keepdims, ddof)),
    casts=floated,
    says="std gives each entry its distance from the mean over the count and std",
    written="std({0})",
    samples=[
        Sample(Draw(3, 4)),
        Sample(Draw(3, 4), axis=1, ddof=1),
        Sample(Draw(2, 3, 4), axis=(0, -1), keepdims=True),
    ],
    doc="The standard deviation over `axis` (``keras.ops.std``; ``ddof`` as NumPy).\n\n"
    ">>> ops.std([1.0, 3.0])\ntensor(1.0)",
)


def _norm(o: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Vector norms over one axis; over two axes or all, the Frobenius norm."""
    one = x.ndim == 1 if axis is None else isinstance(axis, int) or len(axis) == 1
    if ord is None or ord == "fro" or (ord == 2 and one):
        # the inner where keeps the slope at the zero vector 0 instead of nan
        total = o.sum(x * x, axis=axis, keepdims=keepdims)
        zero = total == 0
        return o.where(zero, o.zeros_like(total), o.sqrt(o.where(zero, o.ones_like(total), total)))
    if not one:
        raise ShapeError(
            f"norm of order {ord!r} over {x.ndim if axis is None else len(axis)} axes",
            "order None or 'fro' there",
            "name one axis, or leave ord out",
        )
    size = o.absolute(x)
    if ord == 1:
        return o.sum(size, axis=axis, keepdims=keepdims)
    if ord == math.inf:
        return o.max(size, axis=axis, keepdims=keepdims)
    if ord == -math.inf:
        return o.min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return o.sum(o.cast(x != 0, x.dtype), axis=axis, keepdims=keepdims)
    return o.power(o.sum(o.power(size, ord), axis=axis, keepdims=keepdims), 1.0 / ord)


norm = Composite(
    "norm",
    _norm,
    casts=floated,
    says="norm gives each entry its share x/norm (0 for the zero vector, in order 2)",
    written="norm({0})",
    samples=[
        Sample(Draw(4)),
        Sample(Draw(3, 4)),
        Sample(Draw(3, 4), axis=1, keepdims=True),
        Sample(Draw(3, 4), ord=1, axis=0),
        Sample(Draw(5), ord=math.inf),
        Sample(Draw(5), ord=-math.inf),
        Sample(Draw(5, kind="positive"), ord=3),
        Sample([0.0, 0.0, 0.0]),
        Sample(Draw(3, 4), ord=1, error=ShapeError),
    ],
    doc="The vector norm along `axis` (orders 0, 1, 2, any number, inf), or the Frobenius norm "
    "(``keras.ops.norm``).\n\n"
    ">>> ops.norm([3.0, 4.0])\ntensor(5.0)",
)
