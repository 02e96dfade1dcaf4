"""Rounding, the neighbouring float, and casts to other dtypes."""

from __future__ import annotations

import numpy as np

from ..core.errors import DTypeError
from ..graph import Spec, as_dtype, spec_of
from .elementwise import binary, unary
from .record import Operation
from .rules import count_booleans, elementwise_batch, elementwise_spec, per_entry
from .sample import Sample


def _rounding(name: str, description: str, example: str) -> Operation:
    """Make the record of a function that rounds to whole numbers."""
    return unary(
        name,
        lambda xp, x: xp.copy(x) if x.dtype.kind in "biu" else getattr(xp, name)(x),
        0,
        f"{description} (``keras.ops.{name}``).\n\n>>> ops.{name}([1.5, -1.5])\n{example}",
        gradient_note=f"{name} stops the gradient: it is flat between its steps",
        kind="same",
        samples=[0.25, -1.75, 2.6, -0.4],
    )


floor = _rounding("floor", "The largest whole number not above x", "tensor([ 1., -2.])")
ceil = _rounding("ceil", "The smallest whole number not below x", "tensor([ 2., -1.])")
trunc = _rounding("trunc", "x without its fraction", "tensor([ 1., -1.])")
round = Operation.define(
    "round",
    lambda xp, x, decimals=0: xp.round(x, decimals),
    spec=elementwise_spec(),
    casts=count_booleans,
    batch=elementwise_batch,
    cost=per_entry(other=1),
    local=(0,),
    gradient_note="round stops the gradient: it is flat between its steps",
    format="round({0}, {decimals})",
    samples=[Sample([0.25, -1.75, 2.6, 0.5]), Sample([0.234, -1.756], decimals=1), Sample(2.6)],
    doc="The nearest number with this many decimals, halves to even (``keras.ops.round``).\n\n"
    ">>> ops.round([0.5, 1.5, 2.7])\ntensor([0., 2., 3.])",
)
nextafter = binary(
    "nextafter",
    lambda xp, x, y: xp.nextafter(x, y),
    (1, 0),
    "The next floating-point number after x1 towards x2 (``keras.ops.nextafter``).\n\n"
    ">>> ops.nextafter([1.0], [1.0])\ntensor([1.])",
    gradient_note="nextafter passes the gradient to the first",
    kind="float",
    samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 3.0)],
    depends_on_ulp=True,
)


def _cast_spec(specs: tuple[Spec, ...], dtype: str) -> Spec:
    return spec_of(specs[0].shape, as_dtype(dtype))


cast_record = Operation.define(
    "cast",
    lambda xp, x, dtype="float32": x.astype(dtype),
    spec=_cast_spec,
    batch=elementwise_batch,
    cost=per_entry(),
    transpose=(lambda xp, u, x, dtype: xp.cast(u, x.dtype),),
    gradient_note="cast passes the gradient, cast back",
    entry_text=lambda writer, x, dtype: f"{dtype}({writer.number(x)})",
    is_move=True,
    samples=[
        Sample([0.5, -1.75, 2.0], dtype="float32"),
        Sample([1.0, 0.0], dtype="int32"),
        Sample([2, 0], dtype="float64"),
        Sample([1.0, 0.0], dtype="bool"),
        Sample(np.zeros((0, 2)), dtype="float32"),
        Sample([1.0], dtype="str", error=DTypeError),
    ],
    doc="x as `dtype`; floats become integers without their fraction (``keras.ops.cast``).\n\n"
    ">>> ops.cast([1.7, -1.7], 'int32')\ntensor([ 1, -1], dtype=int32)",
)
