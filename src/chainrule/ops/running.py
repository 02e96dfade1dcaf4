"""Running sums and products along an axis, in the order of the entries, and the recurrence that their gradients are."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..graph import Spec, spec_of
from ..tensors.tensor import Tensor
from .record import Operation
from .rules import all_batched, axis_batch, normalize_axis, per_input_entry, promote_inputs, shift_axis
from .sample import Draw, Sample


def _running_spec(specs: tuple[Spec, ...], axis: int) -> Spec:
    normalize_axis(axis, len(specs[0].shape))
    return spec_of(specs[0].shape, specs[0].dtype)


cumsum_record = Operation.define(
    "cumsum",
    lambda xp, x, axis=0: xp.cumsum(x, axis=axis, dtype=x.dtype),
    spec=_running_spec,
    casts=promote_inputs,
    batch=axis_batch,
    cost=per_input_entry(adds=1),
    transpose=(lambda xp, u, x, axis: xp.flip(xp.cumsum(xp.flip(u, axis=axis), axis=axis), axis=axis),),
    gradient_note="cumsum gives each entry the sum of the gradients from its position on",
    samples=[
        Sample(Draw(5)),
        Sample(Draw(3, 4), axis=1),
        Sample(Draw(2, 3, 4), axis=-2),
        Sample(np.zeros((0, 3))),
        Sample(1.0, error=ShapeError),
    ],
    doc="The running sum along `axis` (``keras.ops.cumsum``).\n\n>>> ops.cumsum([1.0, 2.0, 3.0])\ntensor([1., 3., 6.])",
    wide=True,
)


def _delayed(xp: Any, x: Any, axis: int, first: float) -> Any:
    """Return for each entry the one before it, `first` before the first."""
    axis = axis % x.ndim
    head = (slice(None),) * axis
    start = x[(*head, slice(None, 1))]
    filler = xp.ones_like(start) if first else xp.zeros_like(start)
    return xp.concatenate([filler, x[(*head, slice(None, -1))]], axis=axis)


def _sum_from_here(xp: Any, u: Any, a: Any, axis: int) -> Any:
    """Compute s with s[i] = u[i] + a[i + 1] s[i + 1]: the transpose of `linear_recurrence` in its second input."""
    backwards = _delayed(xp, xp.flip(a, axis=axis), axis, 0.0)
    return xp.flip(xp.linear_recurrence(backwards, xp.flip(u, axis=axis), axis=axis), axis=axis)


def _linear_recurrence(a: Any, b: Any, axis: int) -> Any:
    if not b.shape[axis]:
        return b
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    results = [b[0]]
    for factor, term in zip(a[1:], b[1:], strict=True):
        results.append(factor * results[-1] + term)
    return np.moveaxis(np.stack(results), 0, axis)


def _recurrence_spec(specs: tuple[Spec, ...], axis: int) -> Spec:
    if specs[0].shape != specs[1].shape:
        passed = f"factors of shape {specs[0].shape} and terms of shape {specs[1].shape}"
        raise ShapeError(passed, "one shape", "broadcast them")
    return _running_spec(specs, axis)


def _recurrence_batch(
    op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]
) -> Tensor:
    examples = all_batched(xs, batched, size)
    return op(*examples, axis=shift_axis(attributes["axis"], examples[0].ndim - 1))


linear_recurrence = Operation.define(
    "linear_recurrence",
    lambda xp, a, b, axis=0: _linear_recurrence(a, b, axis),
    spec=_recurrence_spec,
    casts=promote_inputs,
    batch=_recurrence_batch,
    cost=per_input_entry(multiplies=1, adds=1),
    transpose=(
        lambda xp, u, a, b, axis: (
            _sum_from_here(xp, u, a, axis) * _delayed(xp, xp.linear_recurrence(a, b, axis=axis), axis, 0.0)
        ),
        lambda xp, u, a, b, axis: _sum_from_here(xp, u, a, axis),
    ),
    tangent=(
        lambda xp, t, a, b, axis: xp.linear_recurrence(
            a, t * _delayed(xp, xp.linear_recurrence(a, b, axis=axis), axis, 0.0), axis=axis
        ),
        None,
    ),
    gradient_note="linear_recurrence gives each term the gradients from its position on, times the factors up to them",
    format="linear_recurrence({0}, {1})",
    samples=[
        Sample(Draw(5), Draw(5)),
        Sample([np.inf, 2.0, 0.0, -1.5], [0.0, 1.0, 2.0, 3.0]),
        Sample(Draw(3, 4), Draw(3, 4), axis=1),
        Sample(Draw(2, 3, 2), Draw(2, 3, 2), axis=-2),
        Sample(np.zeros((0, 3)), np.zeros((0, 3))),
        Sample(Draw(3), Draw(4), error=ShapeError),
    ],
    doc="y with y[i] = a[i] y[i-1] + b[i] along `axis`, from y[0] = b[0].\n\n"
    ">>> ops.running.linear_recurrence([0.0, 2.0, 3.0], [1.0, 0.0, 1.0])\ntensor([1., 2., 7.])",
    wide=True,
)

cumprod_record = Operation.define(
    "cumprod",
    lambda xp, x, axis=0: xp.cumprod(x, axis=axis, dtype=x.dtype),
    spec=_running_spec,
    casts=promote_inputs,
    batch=axis_batch,
    cost=per_input_entry(multiplies=1),
    transpose=(
        lambda xp, u, x, axis: _sum_from_here(xp, u, x, axis) * _delayed(xp, xp.cumprod(x, axis=axis), axis, 1.0),
    ),
    tangent=(
        lambda xp, t, x, axis: xp.linear_recurrence(
            x, t * _delayed(xp, xp.cumprod(x, axis=axis), axis, 1.0), axis=axis
        ),
    ),
    gradient_note="cumprod gives each entry the product of those before it, times what follows it",
    samples=[
        Sample(Draw(5)),
        Sample([2.0, 0.0, 3.0, 0.0]),
        Sample(Draw(3, 4), axis=1),
        Sample(Draw(2, 3, 2), axis=-2),
        Sample(np.zeros((2, 0)), axis=1),
        Sample(1.0, error=ShapeError),
    ],
    doc="The running product along `axis`, in order; its gradient is exact at zeros (``keras.ops.cumprod``).\n\n"
    ">>> ops.cumprod([1.0, 2.0, 3.0])\ntensor([1., 2., 6.])",
    wide=True,
)
