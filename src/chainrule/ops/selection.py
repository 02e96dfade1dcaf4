"""Operations that select among entries of their inputs: the gradient goes to the one that was selected."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..graph import Spec, broadcast, spec_of
from .elementwise import binary
from .record import Operation
from .rules import elementwise_batch, elementwise_spec, per_entry, promote_inputs
from .sample import Sample

maximum = binary(
    "maximum",
    lambda xp, x, y: xp.maximum(x, y),
    (
        lambda xp, x, y, r: xp.cast(xp.logical_not(x < y), x.dtype) - 0.5 * xp.cast(x == y, x.dtype),
        lambda xp, x, y, r: xp.cast(xp.logical_not(y < x), x.dtype) - 0.5 * xp.cast(x == y, x.dtype),
    ),
    "The larger of two entries (``keras.ops.maximum``).\n\n>>> ops.maximum([1.0, 5.0], 3.0)\ntensor([3., 5.])",
    selects=True,
    gradient_note="max routes the gradient to the larger input (half to each at a tie)",
    format="max({0}, {1})",
    samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 3.0)],
)
minimum = binary(
    "minimum",
    lambda xp, x, y: xp.minimum(x, y),
    (
        lambda xp, x, y, r: xp.cast(xp.logical_not(x > y), x.dtype) - 0.5 * xp.cast(x == y, x.dtype),
        lambda xp, x, y, r: xp.cast(xp.logical_not(y > x), x.dtype) - 0.5 * xp.cast(x == y, x.dtype),
    ),
    "The smaller of two entries (``keras.ops.minimum``).\n\n>>> ops.minimum([1.0, 5.0], 3.0)\ntensor([1., 3.])",
    selects=True,
    gradient_note="min routes the gradient to the smaller input (half to each at a tie)",
    format="min({0}, {1})",
    samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 3.0)],
)
clip = Operation.define(
    "clip",
    lambda xp, x, x_min, x_max: xp.minimum(xp.maximum(x, x_min), x_max),
    spec=elementwise_spec(),
    casts=promote_inputs,
    batch=elementwise_batch,
    cost=per_entry(other=2),
    local=(
        lambda xp, x, low, high, r: (x >= low) & (x <= high),
        lambda xp, x, low, high, r: (x < low) & (low <= high),
        lambda xp, x, low, high, r: (x > high) | (low > high),
    ),
    selects=True,
    probabilities="possible",
    gradient_note="clip passes the gradient inside its bounds and stops it outside",
    format="clip({0}, {1}, {2})",
    samples=[
        Sample([-3.0, -1.0, 0.5, 2.0, 7.0], -1.0, 2.0),
        Sample(0.5, 0.0, 1.0),
        Sample([[0.5, 3.0]], [[0.0], [1.0]], 2.5),
        Sample([1.0, 2.0], [1.0, 2.0, 3.0], 0.0, error=ShapeError),
    ],
    doc="x between x_min and x_max (``keras.ops.clip``).\n\n"
    ">>> ops.clip([-1.0, 0.5, 9.0], 0.0, 1.0)\ntensor([0. , 0.5, 1. ])",
)


def _where_casts(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
    return (np.dtype(bool), *promote_inputs(specs[1:]))


def _where_spec(specs: tuple[Spec, ...]) -> Spec:
    return spec_of(broadcast([s.shape for s in specs]), specs[1].dtype)


where_record = Operation.define(
    "where",
    lambda xp, condition, x1, x2: xp.where(condition, x1, x2),
    spec=_where_spec,
    casts=_where_casts,
    batch=elementwise_batch,
    cost=per_entry(other=1),
    local=(None, lambda xp, c, x, y, r: c, lambda xp, c, x, y, r: xp.logical_not(c)),
    selects=True,
    gradient_note="where routes the gradient to the branch it took",
    format="where({0}, {1}, {2})",
    samples=[
        Sample([True, False, True], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]),
        Sample([[True], [False]], [1.0, 2.0, 3.0], 0.0),
        Sample(False, 1.0, 2.0),
        Sample([True, False], [1.0, 2.0, 3.0], 0.0, error=ShapeError),
    ],
    doc="x1 where the condition holds, x2 elsewhere (``numpy.where``).\n\n"
    ">>> ops.where([True, False], [1.0, 2.0], 0.0)\ntensor([1., 0.])",
)
