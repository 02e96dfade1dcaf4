"""Trigonometric and hyperbolic functions of each entry, and their inverses."""

from __future__ import annotations

from .elementwise import BETWEEN_MINUS_1_AND_1, TRANSCENDENTAL, binary, transcendental

sin = transcendental(
    "sin",
    lambda xp, x: xp.sin(x),
    lambda xp, x, y: xp.cos(x),
    "The sine of x in radians (``keras.ops.sin``).\n\n>>> ops.sin([0.0, 1.5707964])\ntensor([0., 1.])",
    gradient_note="the slope of sin is cos",
)
cos = transcendental(
    "cos",
    lambda xp, x: xp.cos(x),
    lambda xp, x, y: -xp.sin(x),
    "The cosine of x in radians (``keras.ops.cos``).\n\n>>> ops.cos([0.0])\ntensor([1.])",
    gradient_note="the slope of cos is -sin",
)
tan = transcendental(
    "tan",
    lambda xp, x: xp.tan(x),
    lambda xp, x, y: 1 + y * y,
    "The tangent of x in radians (``keras.ops.tan``).\n\n>>> ops.tan([0.0])\ntensor([0.])",
    gradient_note="the slope of tan is 1 + tan^2",
    samples=[0.5, -1.2, 0.0],
)
arcsin = transcendental(
    "arcsin",
    lambda xp, x: xp.arcsin(x),
    lambda xp, x, y: 1 / xp.sqrt(1 - x * x),
    "The angle in radians whose sine is x (``keras.ops.arcsin``).\n\n"
    ">>> ops.arcsin([0.0, 1.0])\ntensor([0.       , 1.5707964])",
    gradient_note="the slope of arcsin is 1/sqrt(1 - x^2)",
    samples=BETWEEN_MINUS_1_AND_1,
)
arccos = transcendental(
    "arccos",
    lambda xp, x: xp.arccos(x),
    lambda xp, x, y: -1 / xp.sqrt(1 - x * x),
    "The angle in radians whose cosine is x (``keras.ops.arccos``).\n\n>>> ops.arccos([1.0])\ntensor([0.])",
    gradient_note="the slope of arccos is -1/sqrt(1 - x^2)",
    samples=BETWEEN_MINUS_1_AND_1,
)
arctan = transcendental(
    "arctan",
    lambda xp, x: xp.arctan(x),
    lambda xp, x, y: 1 / (1 + x * x),
    "The angle in radians whose tangent is x (``keras.ops.arctan``).\n\n"
    ">>> ops.arctan([0.0, 1.0])\ntensor([0.       , 0.7853982])",
    gradient_note="the slope of arctan is 1/(1 + x^2)",
)
arctan2 = binary(
    "arctan2",
    lambda xp, x, y: xp.arctan2(x, y),
    (lambda xp, x, y, r: y / (x * x + y * y), lambda xp, x, y, r: -x / (x * x + y * y)),
    "The angle in radians of the point (x2, x1) (``keras.ops.arctan2``).\n\n"
    ">>> ops.arctan2([1.0], [0.0])\ntensor([1.5707964])",
    gradient_note="arctan2 passes x2/(x1^2+x2^2) to the first and -x1/(x1^2+x2^2) to the second",
    kind="float",
    cost=TRANSCENDENTAL,
    samples=[(0.5, 2.0), (-1.0, 1.0), (3.0, -0.5)],
)
sinh = transcendental(
    "sinh",
    lambda xp, x: xp.sinh(x),
    lambda xp, x, y: xp.cosh(x),
    "The hyperbolic sine (``keras.ops.sinh``).\n\n>>> ops.sinh([0.0])\ntensor([0.])",
    gradient_note="the slope of sinh is cosh",
)
cosh = transcendental(
    "cosh",
    lambda xp, x: xp.cosh(x),
    lambda xp, x, y: xp.sinh(x),
    "The hyperbolic cosine (``keras.ops.cosh``).\n\n>>> ops.cosh([0.0])\ntensor([1.])",
    gradient_note="the slope of cosh is sinh",
)
tanh = transcendental(
    "tanh",
    lambda xp, x: xp.tanh(x),
    lambda xp, x, y: 1 - y * y,
    "The hyperbolic tangent, between -1 and 1 (``keras.ops.tanh``).\n\n>>> ops.tanh([0.0, 20.0])\ntensor([0., 1.])",
    gradient_note="the slope of tanh at x is 1 - tanh(x)^2",
    samples=[0.0, -1.5, 3.0, 20.0],
)
arcsinh = transcendental(
    "arcsinh",
    lambda xp, x: xp.arcsinh(x),
    lambda xp, x, y: 1 / xp.sqrt(x * x + 1),
    "The inverse of sinh (``keras.ops.arcsinh``).\n\n>>> ops.arcsinh([0.0])\ntensor([0.])",
    gradient_note="the slope of arcsinh is 1/sqrt(x^2 + 1)",
)
arccosh = transcendental(
    "arccosh",
    lambda xp, x: xp.arccosh(x),
    lambda xp, x, y: 1 / xp.sqrt(x * x - 1),
    "The inverse of cosh, from 1 up (``keras.ops.arccosh``).\n\n>>> ops.arccosh([1.0])\ntensor([0.])",
    gradient_note="the slope of arccosh is 1/sqrt(x^2 - 1)",
    samples=[1.5, 2.0, 7.0],
)
arctanh = transcendental(
    "arctanh",
    lambda xp, x: xp.arctanh(x),
    lambda xp, x, y: 1 / (1 - x * x),
    "The inverse of tanh, between -1 and 1 (``keras.ops.arctanh``).\n\n>>> ops.arctanh([0.0])\ntensor([0.])",
    gradient_note="the slope of arctanh is 1/(1 - x^2)",
    samples=BETWEEN_MINUS_1_AND_1,
)
