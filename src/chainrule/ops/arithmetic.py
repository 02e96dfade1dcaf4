"""Arithmetic on each entry; powers are in `powers`."""

from __future__ import annotations

import numpy as np

from ..graph import spec_of
from .elementwise import binary, unary
from .rules import per_entry

add = binary(
    "add",
    lambda xp, x, y: xp.add(x, y),
    (1, 1),
    "x1 + x2, broadcast; shapes and dtypes as NumPy and Keras (``keras.ops.add``).\n\n"
    ">>> ops.add([1.0, 2.0], 3.0)\ntensor([4., 5.])",
    is_sum=True,
    gradient_note="add passes the gradient to both",
    format="{0} + {1}",
    cost=per_entry(adds=1),
    samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 3.0)],
)
subtract = binary(
    "subtract",
    lambda xp, x, y: xp.subtract(x, y),
    (1, -1),
    "x1 - x2, broadcast (``keras.ops.subtract``).\n\n>>> ops.subtract([1.0, 2.0], 3.0)\ntensor([-2., -1.])",
    gradient_note="subtract passes the gradient to the first and its negative to the second",
    format="{0} - {1}",
    cost=per_entry(adds=1),
    kind="number",
    samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 3.0)],
)
multiply = binary(
    "multiply",
    lambda xp, x, y: xp.multiply(x, y),
    (lambda xp, x, y, r: y, lambda xp, x, y, r: x),
    "x1 * x2, entry by entry, broadcast (``keras.ops.multiply``).\n\n"
    ">>> ops.multiply([1.0, 2.0], 3.0)\ntensor([3., 6.])",
    gradient_note="multiply switches: each input's gradient is the upstream times the other input",
    format="{0} * {1}",
    cost=per_entry(multiplies=1),
    samples=[(1.5, 2.0), (0.0, -1.5), (3.0, 0.0), (0.0, 0.0)],
)
divide = binary(
    "divide",
    lambda xp, x, y: xp.true_divide(x, y),
    (lambda xp, x, y, r: 1 / y, lambda xp, x, y, r: -r / y),
    "x1 / x2, broadcast; integers become floatx (``keras.ops.divide``).\n\n"
    ">>> ops.divide([1, 2], 4)\ntensor([0.25, 0.5 ])",
    probabilities="possible",
    gradient_note="divide scales the first's gradient by 1/x2 and the second's by -(x1/x2)/x2",
    format="{0} / {1}",
    kind="float",
    samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 0.25)],
)
floor_divide = binary(
    "floor_divide",
    lambda xp, x, y: xp.floor_divide(x, y),
    (0, 0),
    "The largest whole number not above x1 / x2 (``keras.ops.floor_divide``).\n\n"
    ">>> ops.floor_divide([7, -7], 2)\ntensor([ 3, -4], dtype=int32)",
    gradient_note="floor_divide stops the gradient: it is flat between its steps",
    format="{0} // {1}",
    kind="counted",
    samples=[(7.0, 2.0), (-7.5, 2.0), (0.0, 3.0)],
)
mod = binary(
    "mod",
    lambda xp, x, y: xp.remainder(x, y),
    (1, lambda xp, x, y, r: -xp.floor_divide(x, y)),
    "The remainder of x1 / x2 with the sign of x2 (``keras.ops.mod``).\n\n"
    ">>> ops.mod([7, -7], 4)\ntensor([3, 1], dtype=int32)",
    gradient_note="mod passes the gradient to the first and -floor(x1/x2) of it to the second",
    format="{0} % {1}",
    kind="counted",
    samples=[(7.0, 2.0), (-7.5, 2.0), (0.5, 3.0)],
)
fmod = binary(
    "fmod",
    lambda xp, x, y: xp.fmod(x, y),
    (1, lambda xp, x, y, r: -xp.round((x - r) / y)),  # whole but for rounding
    "The remainder of x1 / x2 with the sign of x1, as in C (``keras.ops.fmod``).\n\n"
    ">>> ops.fmod([7.0, -7.0], 4.0)\ntensor([ 3., -3.])",
    gradient_note="fmod passes the gradient to the first and minus the whole part of x1/x2 of it to the second",
    kind="counted",
    samples=[(7.0, 2.0), (-7.5, 2.0), (0.5, -3.0)],
)
negative = unary(
    "negative",
    lambda xp, x: xp.negative(x),
    -1,
    "-x (``keras.ops.negative``).\n\n>>> ops.negative([1.0, -2.0])\ntensor([-1.,  2.])",
    gradient_note="negative flips the gradient's sign",
    format="-{0}",
    kind="number",
)
positive = unary(
    "positive",
    lambda xp, x: xp.copy(x),
    1,
    "x itself (``numpy.positive``).\n\n>>> ops.positive([1.0, -2.0])\ntensor([ 1., -2.])",
    is_move=True,
    gradient_note="positive passes the gradient unchanged",
    format="{0}",
    kind="same",
    cost=per_entry(),
)
stop_gradient = unary(
    "stop_gradient",
    lambda xp, x: xp.copy(x),
    0,
    "x itself, through which no gradient flows (``keras.ops.stop_gradient``).\n\n"
    ">>> ops.stop_gradient([1.0])\ntensor([1.])",
    gradient_note="stop_gradient stops it: the slope counts as 0",
    format="{0}",
    kind="same",
    cost=per_entry(),
    names=("variable",),
    stops_gradient=True,
)
reciprocal = unary(
    "reciprocal",
    lambda xp, x: xp.reciprocal(x),
    lambda xp, x, y: -y * y,
    "1 / x (``keras.ops.reciprocal``).\n\n>>> ops.reciprocal([2.0, -4.0])\ntensor([ 0.5 , -0.25])",
    gradient_note="the slope of 1/x is -1/x^2",
    format="1 / {0}",
    samples=[0.5, -1.5, 3.0],
)
square = unary(
    "square",
    lambda xp, x: xp.square(x),
    lambda xp, x, y: 2 * x,
    "x * x (``keras.ops.square``).\n\n>>> ops.square([3.0, -2.0])\ntensor([9., 4.])",
    gradient_note="the slope of x^2 is 2x",
    format="{0} ** 2",
    kind="counted",
    cost=per_entry(multiplies=1),
)
absolute = unary(
    "absolute",
    lambda xp, x: xp.absolute(x),
    lambda xp, x, y: xp.sign(x),
    "|x| (``keras.ops.absolute``); its slope at 0 is taken as 0.\n\n>>> ops.absolute([3.0, -2.0])\ntensor([3., 2.])",
    selects=True,
    gradient_note="absolute passes the gradient with the sign of x (0 at the kink x = 0)",
    format="abs({0})",
    kind="same",
    spec=lambda specs: spec_of(specs[0].shape, np.empty(0, specs[0].dtype).real.dtype),  # real for complex numbers
)
sign = unary(
    "sign",
    lambda xp, x: xp.sign(x),
    0,
    "-1, 0 or 1 (``keras.ops.sign``).\n\n>>> ops.sign([3.0, -2.0, 0.0])\ntensor([ 1., -1.,  0.])",
    gradient_note="sign stops the gradient: it is flat except at its jump",
    kind="number",
)
copysign = binary(
    "copysign",
    lambda xp, x, y: xp.copysign(x, y),
    (lambda xp, x, y, r: xp.sign(x) * xp.copysign(xp.ones_like(r), y), 0),
    "The size of x1 with the sign of x2 (``numpy.copysign``).\n\n>>> ops.copysign([3.0], [-1.0])\ntensor([-3.])",
    gradient_note="copysign passes the gradient with the sign it set",
    kind="float",
    samples=[(1.0, -2.0), (-3.0, 0.5), (2.0, 2.0)],
)
