"""Operations on integers: their bits, and the greatest common divisor. They have no gradient."""

from __future__ import annotations

import numpy as np

from .elementwise import binary, unary
from .record import Operation
from .rules import NO_GRADIENT, integers_only


def _bitwise(name: str, symbol: str) -> Operation:
    """Make the record of an operation on the bits of two integers."""
    function = {"bitwise_left_shift": "left_shift", "bitwise_right_shift": "right_shift"}.get(name, name)
    return binary(
        name,
        lambda xp, x, y: getattr(xp, function)(x, y),
        None,
        f"x1 {symbol} x2, bit by bit, integers and booleans only (``keras.ops.{name}``).\n\n"
        f">>> ops.{name}([5], [1]).dtype\ndtype('int32')",
        gradient_note=NO_GRADIENT,
        format=f"{{0}} {symbol} {{1}}",
        kind="integer",
        samples=[(5, 1), (0, 3), (12, 2)],
        names=("x", "y"),
    )


bitwise_and = _bitwise("bitwise_and", "&")
bitwise_or = _bitwise("bitwise_or", "|")
bitwise_xor = _bitwise("bitwise_xor", "^")
bitwise_left_shift = _bitwise("bitwise_left_shift", "<<")
bitwise_right_shift = _bitwise("bitwise_right_shift", ">>")
bitwise_invert = unary(
    "bitwise_invert",
    lambda xp, x: xp.invert(x),
    None,
    "Every bit flipped (``keras.ops.bitwise_invert``).\n\n>>> ops.bitwise_invert([5])\ntensor([-6], dtype=int32)",
    gradient_note=NO_GRADIENT,
    format="~{0}",
    kind="integer",
    samples=[5, 0, -3],
)
gcd = binary(
    "gcd",
    lambda xp, x, y: xp.gcd(x, y),
    None,
    "The greatest common divisor of two whole numbers, 0 of two zeros (``keras.ops.gcd``).\n\n"
    ">>> ops.gcd([12, 0], [18, 5])\ntensor([6, 5], dtype=int32)",
    gradient_note=NO_GRADIENT,
    kind="integer",
    casts=lambda specs: tuple([np.dtype("int32") if d.kind == "b" else d for d in integers_only(specs)]),
    samples=[(12, 18), (0, 5), (-4, 6), (0, 0)],
)
