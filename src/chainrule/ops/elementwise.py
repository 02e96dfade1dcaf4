"""Makers, costs and samples of the records of operations on each entry.

The operations are in `arithmetic`, `exponential`, `trigonometric`, `plane`, `logistic`, `gates`, `error_function`,
`bessel`, `selection`, `rounding`, `comparison` and `integers`.

Kinks, the same everywhere: the slope of ``abs`` and ``relu`` at 0 is 0; ``maximum`` and ``minimum`` share the gradient
equally at ties; ``clip`` passes the gradient at its bounds; the slope of rounding is 0. Where one of these slopes
is 0, no gradient passes, not even 0 times infinity: that of ``sqrt(relu(x))`` at -1 is 0. (That of
``where(x > 0, sqrt(x), 0)`` at 0 is nan, as elsewhere: an infinite slope meets a gradient of 0. Select before the
root.)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ..core.errors import ShapeError
from .record import Operation, Rule
from .rules import (
    count_booleans,
    elementwise_batch,
    elementwise_spec,
    integers_only,
    numbers_only,
    per_entry,
    promote_inputs,
    promote_to_float,
    to_bool,
)
from .sample import Sample

REALS = [0.5, -1.5, 0.0, 3.0]
POSITIVE = [0.5, 1.0, 2.5, 7.0]
BETWEEN_MINUS_1_AND_1 = [0.0, 0.5, -0.75, 0.2]
TRANSCENDENTAL = per_entry(other=8)  # a nominal 8 operations an entry
_ONE = per_entry(other=1)

_CASTS = {  # by kind
    "same": promote_inputs,
    "counted": count_booleans,
    "float": promote_to_float,
    "bool": promote_inputs,
    "integer": integers_only,
    "logic": to_bool,
}
_SPECS = {kind: elementwise_spec("bool" if kind in ("bool", "logic") else None) for kind in (*_CASTS, "number")}


def _casts(kind: str, name: str) -> Rule:
    """Return the rule of this kind, for the operation of this name."""
    return numbers_only(name) if kind == "number" else _CASTS[kind]


def unary(
    name: str, value: Rule, local: Rule | int | None, doc: str, *, kind: str = "float", cost: Rule = _ONE,
    samples: Sequence[Any] = REALS, more_samples: Sequence[Sample] = (), spec: Rule | None = None, **options: Any,
) -> Operation:  # fmt: skip
    """Make the record of a function of each entry.

    Args:
        name, value, local, doc, cost, spec: as for `Operation`; `local` for the one input.
        kind: the dtypes. ``"same"``: the result has the input's; ``"number"``: so, and bool is refused; ``"counted"``:
            so, and bool becomes int32; ``"float"``: integers become floatx; ``"bool"``: the
            result is bool; ``"integer"``: integers only; ``"logic"``: input and result are bool.
        samples: two or more numbers, of which several samples are made; default `REALS`. more_samples: others.
        options: other arguments of `Operation`.
    """
    first, second = samples[:2]
    empty = np.zeros((0, 3), np.asarray(samples).dtype)
    return Operation.define(
        name,
        value,
        spec=spec or _SPECS[kind],
        casts=_casts(kind, name),
        local=None if local is None else (local,),
        batch=elementwise_batch,
        cost=cost,
        samples=[Sample(samples), Sample(first), Sample([[first], [second]]), Sample(empty), *more_samples],
        doc=doc,
        **options,
    )


transcendental = partial(unary, cost=TRANSCENDENTAL)


def slope_of(
    operation: Operation, value: Rule, local: Rule, *, formula: str, samples: Sequence[Any] = REALS, **options: Any
) -> Operation:
    """Make the record of an operation's slope, where it has to be computed from x: the result is rounded too soon.

    Args:
        local: the slope's own, the second slope. formula: what is computed, with ``{0}`` for x.
    """
    name = f"{operation.name}_slope"
    note = f"the slope of this is the second slope of {operation.name}"
    doc = f"The slope of {operation.name}: {formula.format('x', **operation.parameters)}."
    return transcendental(name, value, local, doc, gradient_note=note, format=formula, samples=samples, **options)


def binary(
    name: str, value: Rule, local: tuple[Rule | int, Rule | int] | None, doc: str, *, kind: str = "same",
    cost: Rule = _ONE, samples: list[tuple[Any, Any]], format: str = "", casts: Rule | None = None,
    names: tuple[str, str] = ("x1", "x2"), **options: Any,
) -> Operation:  # fmt: skip
    """Make the record of a function of two entries, broadcast.

    Args:
        samples: pairs of numbers. Others: as for `unary`.
    """
    left, right = [p[0] for p in samples], [p[1] for p in samples]
    inputs = [
        Sample(left, right),
        Sample(left[0], right[0]),
        Sample([left], right[0]),
        Sample(np.asarray(left)[:, None], right),
        Sample(left[0], [[right[0]], [right[1]]]),
        Sample(np.zeros((0, 1), np.asarray(left).dtype), np.ones((3,), np.asarray(right).dtype)),
        Sample([left[0]] * 2, [right[0]] * 3, error=ShapeError),
    ]
    return Operation.define(
        name,
        value,
        spec=_SPECS[kind],
        casts=casts or _casts(kind, name),
        local=local,
        batch=elementwise_batch,
        cost=cost,
        format=format or name + "({0}, {1})",
        samples=inputs,
        doc=doc,
        names=names,
        **options,
    )
