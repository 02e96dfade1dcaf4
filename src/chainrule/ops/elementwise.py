"""Operations on each entry: arithmetic, exponentials, trigonometry, rounding, comparison, logic, bits.

Kinks, the same everywhere: the slope of ``abs`` and ``relu`` at 0 is 0; ``maximum`` and ``minimum`` share
equally at ties; ``clip`` hands the gradient on at its bounds; rounding has slope 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import DTypeError, ShapeError
from ..graph import Spec, as_dtype, broadcast, spec_of
from .record import Operation, Sample
from .rules import (
    elementwise_batch,
    elementwise_spec,
    per_entry,
    preserve_dtype,
    promote_inputs,
    promote_to_float,
    to_bool,
    whole,
)

_CASTS = {"same": promote_inputs, "float": promote_to_float, "bool": promote_inputs, "whole": whole, "logic": to_bool}


def unary(
    name: str,
    value: Any,
    local: Any,
    doc: str,
    *,
    gradient_note: str,
    format: str | None = None,
    kind: str = "float",
    cost: Any = None,
    samples: list[Any],
) -> Operation:
    """A record for a function of each entry. `kind`: ``same``, ``float`` (integers become floatx), ``bool``..."""
    listed = [Sample(samples), Sample(samples[0])]
    if len(samples) >= 2:
        listed.append(Sample([[samples[0]], [samples[1]]]))
    listed.append(Sample(np.zeros((0, 3), np.asarray(samples).dtype)))
    return Operation(
        name,
        value,
        spec=elementwise_spec("bool" if kind in ("bool", "logic") else None),
        casts=_CASTS[kind],
        local=None if local is None else (local,),
        batch=elementwise_batch,
        cost=cost or per_entry(other=1),
        gradient_note=gradient_note,
        format=format or name + "({0})",
        samples=listed,
        doc=doc,
    )


def binary(
    name: str,
    value: Any,
    local: Any,
    doc: str,
    *,
    gradient_note: str,
    format: str | None = None,
    kind: str = "same",
    cost: Any = None,
    samples: list[Any],
) -> Operation:
    """A record for a function of two entries, broadcast. `samples`: pairs of numbers."""
    left, right = [p[0] for p in samples], [p[1] for p in samples]
    listed = [
        Sample(left, right),
        Sample(left[0], right[0]),
        Sample([left], right[0]),
        Sample(np.asarray(left)[:, None], right),
        Sample(left[0], [[right[0]], [right[1]]]),
        Sample(np.zeros((0, 1), np.asarray(left).dtype), np.ones((3,), np.asarray(right).dtype)),
        Sample([left[0]] * 2, [right[0]] * 3, error=ShapeError),
    ]
    return Operation(
        name,
        value,
        spec=elementwise_spec("bool" if kind in ("bool", "logic") else None),
        casts=_CASTS[kind],
        local=local,
        batch=elementwise_batch,
        cost=cost or per_entry(other=1),
        gradient_note=gradient_note,
        format=format or name + "({0}, {1})",
        samples=listed,
        doc=doc,
        names=("x", "y") if kind == "whole" else ("x1", "x2"),
    )


FLAT = "it has no gradient: the result is not a real number that moves with the input"
PLAIN = [0.5, -1.5, 0.0, 3.0]
POSITIVE = [0.5, 1.0, 2.5, 7.0]
INSIDE = [0.0, 0.5, -0.75, 0.2]

# ---- arithmetic

add = binary(
    "add",
    lambda xp, x, y: xp.add(x, y),
    (1, 1),
    "x1 + x2, broadcast; shapes and dtypes as NumPy and Keras (``keras.ops.add``).\n\n"
    ">>> ops.add([1.0, 2.0], 3.0)\ntensor([4., 5.])",
    gradient_note="add hands the gradient on to both",
    format="{0} + {1}",
    cost=per_entry(adds=1),
    samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 3.0)],
)
subtract = binary(
    "subtract",
    lambda xp, x, y: xp.subtract(x, y),
    (1, -1),
    "x1 - x2, broadcast (``keras.ops.subtract``).\n\n>>> ops.subtract([1.0, 2.0], 3.0)\ntensor([-2., -1.])",
    gradient_note="subtract hands the gradient on to the first and its negative to the second",
    format="{0} - {1}",
    cost=per_entry(adds=1),
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
    samples=[(7.0, 2.0), (-7.5, 2.0), (0.0, 3.0)],
)
mod = binary(
    "mod",
    lambda xp, x, y: xp.remainder(x, y),
    (1, lambda xp, x, y, r: -xp.floor_divide(x, y)),
    "The remainder of x1 / x2 with the sign of x2 (``keras.ops.mod``).\n\n"
    ">>> ops.mod([7, -7], 4)\ntensor([3, 1], dtype=int32)",
    gradient_note="mod hands the gradient on to the first and -floor(x1/x2) of it to the second",
    format="{0} % {1}",
    samples=[(7.0, 2.0), (-7.5, 2.0), (0.5, 3.0)],
)
power = binary(
    "power",
    lambda xp, x, y: xp.power(x, y),
    (
        lambda xp, x, y, r: y * xp.power(x, xp.where((y == 0) & (x == 0), y * 0 + 1, y - 1)),
        lambda xp, x, y, r: xp.where(x > 0, r * xp.log(xp.where(x > 0, x, x * 0 + 1)), r * 0),
    ),
    "x1 to the power x2 (``keras.ops.power``). The slope on x2 is 0 where x1 is not positive.\n\n"
    ">>> ops.power([2.0, 3.0], 2)\ntensor([4., 9.])",
    gradient_note="power's slope is x2 * x1^(x2-1) on the base and x1^x2 * log(x1) on the exponent",
    format="{0} ** {1}",
    samples=[(1.5, 2.0), (2.0, -1.5), (3.0, 0.0), (1.0, 3.0), (0.0, 2.0), (-1.5, 3.0)],
)
negative = unary(
    "negative",
    lambda xp, x: xp.negative(x),
    -1,
    "-x (``keras.ops.negative``).\n\n>>> ops.negative([1.0, -2.0])\ntensor([-1.,  2.])",
    gradient_note="negative turns the gradient's sign",
    format="-{0}",
    kind="same",
    samples=PLAIN,
)
positive = unary(
    "positive",
    lambda xp, x: xp.positive(x),
    1,
    "x itself (``numpy.positive``).\n\n>>> ops.positive([1.0, -2.0])\ntensor([ 1., -2.])",
    gradient_note="positive hands the gradient on",
    format="{0}",
    kind="same",
    cost=per_entry(),
    samples=PLAIN,
)
stop_gradient = unary(
    "stop_gradient",
    lambda xp, x: xp.positive(x),
    0,
    "x itself, through which no gradient flows (``keras.ops.stop_gradient``).\n\n"
    ">>> ops.stop_gradient([1.0])\ntensor([1.])",
    gradient_note="stop_gradient stops it: the slope counts as 0",
    format="{0}",
    kind="same",
    cost=per_entry(),
    samples=PLAIN,
)
stop_gradient.names, stop_gradient.stops_gradient = ("variable",), True
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
    kind="same",
    cost=per_entry(multiplies=1),
    samples=PLAIN,
)
absolute = unary(
    "absolute",
    lambda xp, x: xp.absolute(x),
    lambda xp, x, y: xp.sign(x),
    "|x| (``keras.ops.absolute``); its slope at 0 is taken as 0.\n\n>>> ops.absolute([3.0, -2.0])\ntensor([3., 2.])",
    gradient_note="absolute hands the gradient on with the sign of x (0 at the kink x = 0)",
    format="abs({0})",
    kind="same",
    samples=PLAIN,
)
absolute.spec = lambda specs: spec_of(specs[0].shape, np.empty(0, specs[0].dtype).real.dtype)  # of complex: real
sign = unary(
    "sign",
    lambda xp, x: xp.sign(x),
    0,
    "-1, 0 or 1 (``keras.ops.sign``).\n\n>>> ops.sign([3.0, -2.0, 0.0])\ntensor([ 1., -1.,  0.])",
    gradient_note="sign stops the gradient: it is flat but for its jump",
    kind="same",
    samples=PLAIN,
)

# ---- exponentials and logarithms; a nominal 8 operations each

EIGHT = per_entry(other=8)
exp = unary(
    "exp",
    lambda xp, x: xp.exp(x),
    lambda xp, x, y: y,
    "e to the x; overflows to inf (``keras.ops.exp``).\n\n>>> ops.exp([0.0, 1.0])\ntensor([1.       , 2.7182817])",
    gradient_note="the slope of exp is exp(x) itself",
    cost=EIGHT,
    samples=PLAIN,
)
exp2 = unary(
    "exp2",
    lambda xp, x: xp.exp2(x),
    lambda xp, x, y: y * math.log(2.0),
    "2 to the x (``keras.ops.exp2``).\n\n>>> ops.exp2([0.0, 3.0])\ntensor([1., 8.])",
    gradient_note="the slope of 2^x is 2^x * log 2",
    format="2 ** {0}",
    cost=EIGHT,
    samples=PLAIN,
)
expm1 = unary(
    "expm1",
    lambda xp, x: xp.expm1(x),
    lambda xp, x, y: y + 1,
    "exp(x) - 1, exact near 0 (``keras.ops.expm1``).\n\n>>> ops.expm1([0.0, 1e-10])\ntensor([0.e+00, 1.e-10])",
    gradient_note="the slope of exp(x) - 1 is exp(x)",
    cost=EIGHT,
    samples=PLAIN,
)
log = unary(
    "log",
    lambda xp, x: xp.log(x),
    lambda xp, x, y: 1 / x,
    "The natural logarithm; -inf at 0, nan below (``keras.ops.log``).\n\n"
    ">>> ops.log([1.0, 7.389056])\ntensor([0., 2.])",
    gradient_note="the slope of log is 1/x",
    cost=EIGHT,
    samples=POSITIVE,
)
log1p = unary(
    "log1p",
    lambda xp, x: xp.log1p(x),
    lambda xp, x, y: 1 / (1 + x),
    "log(1 + x), exact near 0 (``keras.ops.log1p``).\n\n>>> ops.log1p([0.0, 1e-10])\ntensor([0.e+00, 1.e-10])",
    gradient_note="the slope of log(1 + x) is 1/(1 + x)",
    cost=EIGHT,
    samples=[0.5, -0.5, 0.0, 3.0],
)
log2 = unary(
    "log2",
    lambda xp, x: xp.log2(x),
    lambda xp, x, y: 1 / (x * math.log(2.0)),
    "The logarithm to base 2 (``keras.ops.log2``).\n\n>>> ops.log2([1.0, 8.0])\ntensor([0., 3.])",
    gradient_note="the slope of log2 is 1/(x log 2)",
    cost=EIGHT,
    samples=POSITIVE,
)
log10 = unary(
    "log10",
    lambda xp, x: xp.log10(x),
    lambda xp, x, y: 1 / (x * math.log(10.0)),
    "The logarithm to base 10 (``keras.ops.log10``).\n\n>>> ops.log10([1.0, 100.0])\ntensor([0., 2.])",
    gradient_note="the slope of log10 is 1/(x log 10)",
    cost=EIGHT,
    samples=POSITIVE,
)
sqrt = unary(
    "sqrt",
    lambda xp, x: xp.sqrt(x),
    lambda xp, x, y: 0.5 / y,
    "The square root; nan below 0, slope inf at 0 (``keras.ops.sqrt``).\n\n>>> ops.sqrt([4.0, 9.0])\ntensor([2., 3.])",
    gradient_note="the slope of sqrt is 1/(2 sqrt(x))",
    samples=POSITIVE,
)
rsqrt = unary(
    "rsqrt",
    lambda xp, x: 1 / xp.sqrt(x),
    lambda xp, x, y: -0.5 * y / x,
    "1 / sqrt(x) (``keras.ops.rsqrt``).\n\n>>> ops.rsqrt([4.0, 16.0])\ntensor([0.5 , 0.25])",
    gradient_note="the slope of x^(-1/2) is -x^(-3/2)/2",
    format="{0} ** -0.5",
    cost=per_entry(other=2),
    samples=POSITIVE,
)
cbrt = unary(
    "cbrt",
    lambda xp, x: xp.cbrt(x),
    lambda xp, x, y: 1 / (3 * y * y),
    "The cube root (``keras.ops.cbrt``).\n\n>>> ops.cbrt([8.0, -27.0])\ntensor([ 2., -3.])",
    gradient_note="the slope of the cube root is 1/(3 cbrt(x)^2)",
    cost=EIGHT,
    samples=[0.5, -1.5, 8.0],
)
logaddexp = binary(
    "logaddexp",
    lambda xp, x, y: xp.logaddexp(x, y),
    (lambda xp, x, y, r: xp.exp(x - r), lambda xp, x, y, r: xp.exp(y - r)),
    "log(exp(x1) + exp(x2)) without overflow (``keras.ops.logaddexp``).\n\n"
    ">>> ops.logaddexp([0.0], [0.0])\ntensor([0.6931472])",
    gradient_note="logaddexp shares the gradient as softmax does",
    kind="float",
    cost=per_entry(other=18),
    samples=[(0.5, 2.0), (0.0, 0.0), (30.0, -30.0)],
)

# ---- trigonometry

sin = unary(
    "sin",
    lambda xp, x: xp.sin(x),
    lambda xp, x, y: xp.cos(x),
    "The sine of x in radians (``keras.ops.sin``).\n\n>>> ops.sin([0.0, 1.5707964])\ntensor([0., 1.])",
    gradient_note="the slope of sin is cos",
    cost=EIGHT,
    samples=PLAIN,
)
cos = unary(
    "cos",
    lambda xp, x: xp.cos(x),
    lambda xp, x, y: -xp.sin(x),
    "The cosine of x in radians (``keras.ops.cos``).\n\n>>> ops.cos([0.0])\ntensor([1.])",
    gradient_note="the slope of cos is -sin",
    cost=EIGHT,
    samples=PLAIN,
)
tan = unary(
    "tan",
    lambda xp, x: xp.tan(x),
    lambda xp, x, y: 1 + y * y,
    "The tangent of x in radians (``keras.ops.tan``).\n\n>>> ops.tan([0.0])\ntensor([0.])",
    gradient_note="the slope of tan is 1 + tan^2",
    cost=EIGHT,
    samples=[0.5, -1.2, 0.0],
)
arcsin = unary(
    "arcsin",
    lambda xp, x: xp.arcsin(x),
    lambda xp, x, y: 1 / xp.sqrt(1 - x * x),
    "The angle in radians whose sine is x (``keras.ops.arcsin``).\n\n"
    ">>> ops.arcsin([0.0, 1.0])\ntensor([0.       , 1.5707964])",
    gradient_note="the slope of arcsin is 1/sqrt(1 - x^2)",
    cost=EIGHT,
    samples=INSIDE,
)
arccos = unary(
    "arccos",
    lambda xp, x: xp.arccos(x),
    lambda xp, x, y: -1 / xp.sqrt(1 - x * x),
    "The angle in radians whose cosine is x (``keras.ops.arccos``).\n\n>>> ops.arccos([1.0])\ntensor([0.])",
    gradient_note="the slope of arccos is -1/sqrt(1 - x^2)",
    cost=EIGHT,
    samples=INSIDE,
)
arctan = unary(
    "arctan",
    lambda xp, x: xp.arctan(x),
    lambda xp, x, y: 1 / (1 + x * x),
    "The angle in radians whose tangent is x (``keras.ops.arctan``).\n\n"
    ">>> ops.arctan([0.0, 1.0])\ntensor([0.       , 0.7853982])",
    gradient_note="the slope of arctan is 1/(1 + x^2)",
    cost=EIGHT,
    samples=PLAIN,
)
arctan2 = binary(
    "arctan2",
    lambda xp, x, y: xp.arctan2(x, y),
    (lambda xp, x, y, r: y / (x * x + y * y), lambda xp, x, y, r: -x / (x * x + y * y)),
    "The angle in radians of the point (x2, x1) (``keras.ops.arctan2``).\n\n"
    ">>> ops.arctan2([1.0], [0.0])\ntensor([1.5707964])",
    gradient_note="arctan2 hands on x2/(x1^2+x2^2) to the first and -x1/(x1^2+x2^2) to the second",
    kind="float",
    cost=EIGHT,
    samples=[(0.5, 2.0), (-1.0, 1.0), (3.0, -0.5)],
)
sinh = unary(
    "sinh",
    lambda xp, x: xp.sinh(x),
    lambda xp, x, y: xp.cosh(x),
    "The hyperbolic sine (``keras.ops.sinh``).\n\n>>> ops.sinh([0.0])\ntensor([0.])",
    gradient_note="the slope of sinh is cosh",
    cost=EIGHT,
    samples=PLAIN,
)
cosh = unary(
    "cosh",
    lambda xp, x: xp.cosh(x),
    lambda xp, x, y: xp.sinh(x),
    "The hyperbolic cosine (``keras.ops.cosh``).\n\n>>> ops.cosh([0.0])\ntensor([1.])",
    gradient_note="the slope of cosh is sinh",
    cost=EIGHT,
    samples=PLAIN,
)
tanh = unary(
    "tanh",
    lambda xp, x: xp.tanh(x),
    lambda xp, x, y: 1 - y * y,
    "The hyperbolic tangent, between -1 and 1 (``keras.ops.tanh``).\n\n>>> ops.tanh([0.0, 20.0])\ntensor([0., 1.])",
    gradient_note="the slope of tanh at x is 1 - tanh(x)^2",
    cost=EIGHT,
    samples=[0.0, -1.5, 3.0, 20.0],
)
arcsinh = unary(
    "arcsinh",
    lambda xp, x: xp.arcsinh(x),
    lambda xp, x, y: 1 / xp.sqrt(x * x + 1),
    "The inverse of sinh (``keras.ops.arcsinh``).\n\n>>> ops.arcsinh([0.0])\ntensor([0.])",
    gradient_note="the slope of arcsinh is 1/sqrt(x^2 + 1)",
    cost=EIGHT,
    samples=PLAIN,
)
arccosh = unary(
    "arccosh",
    lambda xp, x: xp.arccosh(x),
    lambda xp, x, y: 1 / xp.sqrt(x * x - 1),
    "The inverse of cosh, from 1 up (``keras.ops.arccosh``).\n\n>>> ops.arccosh([1.0])\ntensor([0.])",
    gradient_note="the slope of arccosh is 1/sqrt(x^2 - 1)",
    cost=EIGHT,
    samples=[1.5, 2.0, 7.0],
)
arctanh = unary(
    "arctanh",
    lambda xp, x: xp.arctanh(x),
    lambda xp, x, y: 1 / (1 - x * x),
    "The inverse of tanh, between -1 and 1 (``keras.ops.arctanh``).\n\n>>> ops.arctanh([0.0])\ntensor([0.])",
    gradient_note="the slope of arctanh is 1/(1 - x^2)",
    cost=EIGHT,
    samples=INSIDE,
)
hypot = binary(
    "hypot",
    lambda xp, x, y: xp.hypot(x, y),
    (lambda xp, x, y, r: x / xp.where(r == 0, r + 1, r), lambda xp, x, y, r: y / xp.where(r == 0, r + 1, r)),
    "sqrt(x1^2 + x2^2) without overflow (``keras.ops.hypot``).\n\n>>> ops.hypot([3.0], [4.0])\ntensor([5.])",
    gradient_note="hypot hands on each side's share x/hypot",
    kind="float",
    cost=per_entry(other=6),
    samples=[(3.0, 4.0), (0.5, -2.0), (0.0, 1.0)],
)

# ---- special functions and the activations that are primitives


def _each(function: Any) -> Any:
    apply = np.frompyfunc(function, 1, 1)
    return lambda x: np.asarray(apply(x), dtype=x.dtype)


_erf, _erfc = _each(math.erf), _each(math.erfc)
TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
erf = unary(
    "erf",
    lambda xp, x: _erf(x),
    lambda xp, x, y: TWO_OVER_ROOT_PI * xp.exp(-x * x),
    "The error function, by Python's exact `math.erf` (``keras.ops.erf``).\n\n"
    ">>> ops.erf([0.0, 5.0])\ntensor([0., 1.])",
    gradient_note="the slope of erf is 2/sqrt(pi) exp(-x^2)",
    cost=EIGHT,
    samples=PLAIN,
)
erfc = unary(
    "erfc",
    lambda xp, x: _erfc(x),
    lambda xp, x, y: -TWO_OVER_ROOT_PI * xp.exp(-x * x),
    "1 - erf(x), exact far out (``keras.ops.erfc``).\n\n>>> ops.erfc([0.0])\ntensor([1.])",
    gradient_note="the slope of erfc is -2/sqrt(pi) exp(-x^2)",
    cost=EIGHT,
    samples=PLAIN,
)

# Wichura's approximation to the normal quantile, good to 16 digits (Algorithm AS 241, Applied Statistics 37, 1988)
QUANTILE_MIDDLE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
QUANTILE_TAIL = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
)  # fmt: skip
QUANTILE_FAR = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
     0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
     0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0),
)  # fmt: skip


def ratio(x: Any, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> Any:
    """One polynomial over another, each from its highest coefficient down."""
    top, bottom = coefficients
    p, q = x * top[0] + top[1], x * bottom[0] + bottom[1]
    for a, b in zip(top[2:], bottom[2:], strict=True):
        p, q = p * x + a, q * x + b
    return p / q


def _erfinv(xp: Any, x: Any) -> Any:
    """The normal quantile of the share (1 + x) / 2, over the root of 2; float16 could not hold its coefficients."""
    dtype = x.dtype
    x = x.astype("float32") if dtype.itemsize < 4 else x
    size = xp.absolute(x)
    root = xp.sqrt(-xp.log(xp.where(size < 1, 1 - size, xp.ones_like(x)) / 2))
    tail = xp.where(root <= 5, ratio(root - 1.6, QUANTILE_TAIL), ratio(root - 5, QUANTILE_FAR))
    found = xp.where(size <= 0.85, x / 2 * ratio(0.180625 - x * x / 4, QUANTILE_MIDDLE), xp.sign(x) * tail)
    ends = xp.where(size == 1, xp.copysign(xp.full_like(x, math.inf), x), found * math.sqrt(0.5))
    return xp.where(size <= 1, ends, xp.full_like(x, math.nan)).astype(dtype)


erfinv = unary(
    "erfinv",
    _erfinv,
    lambda xp, x, y: xp.exp(y * y) / TWO_OVER_ROOT_PI,
    "The number whose erf is x: infinite at -1 and 1, nan beyond (``keras.ops.erfinv``).\n\n"
    ">>> ops.erfinv([0.0, 0.8427008])\ntensor([0., 1.])",
    gradient_note="the slope of erfinv is sqrt(pi)/2 exp(erfinv(x)^2)",
    cost=per_entry(other=40),
    samples=[0.5, -0.75, 0.0, 0.9, -0.99],
)


def _sigmoid(xp: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)) or exp(x) / (1 + exp(x)), whichever cannot overflow."""
    e = xp.exp(-xp.absolute(x))
    return xp.where(x < 0, e, xp.ones_like(e)) / (1 + e)


sigmoid = unary(
    "sigmoid",
    _sigmoid,
    lambda xp, x, y: y * (1 - y),
    "1 / (1 + exp(-x)), between 0 and 1, exact far out on both sides "
    "(``keras.ops.sigmoid``).\n\n"
    ">>> ops.sigmoid([0.0, 1.0])\ntensor([0.5      , 0.7310586])",
    gradient_note="the slope of sigmoid is s (1 - s)",
    format="sigmoid({0})",
    cost=per_entry(other=10),
    samples=[0.0, -1.5, 3.0, 1.0],
)
softplus = unary(
    "softplus",
    lambda xp, x: xp.logaddexp(x, xp.zeros_like(x)),
    lambda xp, x, y: xp.sigmoid(x),
    "log(1 + exp(x)), a smooth relu (``keras.ops.softplus``).\n\n"
    ">>> ops.softplus([0.0, 100.0])\ntensor([  0.6931472, 100.       ])",
    gradient_note="the slope of softplus is sigmoid(x)",
    cost=per_entry(other=18),
    samples=[0.0, -1.5, 3.0, 40.0],
)
relu = unary(
    "relu",
    lambda xp, x: xp.maximum(x, xp.zeros_like(x)),
    lambda xp, x, y: xp.cast(x > 0, x.dtype),
    "max(x, 0) (``keras.ops.relu``); its slope at 0 is taken as 0.\n\n>>> ops.relu([-1.0, 2.0])\ntensor([0., 2.])",
    gradient_note="relu is a switch: it hands the gradient on where x > 0 and stops it elsewhere",
    kind="same",
    samples=PLAIN,
)

# ---- choosing

maximum = binary(
    "maximum",
    lambda xp, x, y: xp.maximum(x, y),
    (
        lambda xp, x, y, r: xp.cast(x > y, x.dtype) + 0.5 * xp.cast(x == y, x.dtype),
        lambda xp, x, y, r: xp.cast(y > x, x.dtype) + 0.5 * xp.cast(x == y, x.dtype),
    ),
    "The larger of two entries (``keras.ops.maximum``).\n\n>>> ops.maximum([1.0, 5.0], 3.0)\ntensor([3., 5.])",
    gradient_note="max routes the gradient to the larger input (half to each at a tie)",
    format="max({0}, {1})",
    samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 3.0)],
)
minimum = binary(
    "minimum",
    lambda xp, x, y: xp.minimum(x, y),
    (
        lambda xp, x, y, r: xp.cast(x < y, x.dtype) + 0.5 * xp.cast(x == y, x.dtype),
        lambda xp, x, y, r: xp.cast(y < x, x.dtype) + 0.5 * xp.cast(x == y, x.dtype),
    ),
    "The smaller of two entries (``keras.ops.minimum``).\n\n>>> ops.minimum([1.0, 5.0], 3.0)\ntensor([1., 3.])",
    gradient_note="min routes the gradient to the smaller input (half to each at a tie)",
    format="min({0}, {1})",
    samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 3.0)],
)
clip = Operation(
    "clip",
    lambda xp, x, x_min, x_max: xp.minimum(xp.maximum(x, x_min), x_max),
    spec=elementwise_spec(),
    casts=promote_inputs,
    batch=elementwise_batch,
    cost=per_entry(other=2),
    local=(
        lambda xp, x, low, high, r: xp.cast((x >= low) & (x <= high), x.dtype),
        lambda xp, x, low, high, r: xp.cast((x < low) & (low <= high), x.dtype),
        lambda xp, x, low, high, r: xp.cast((x > high) | (low > high), x.dtype),
    ),
    gradient_note="clip hands the gradient on inside its bounds and stops it outside",
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


select_where = Operation(
    "where",
    lambda xp, condition, x1, x2: xp.where(condition, x1, x2),
    spec=_where_spec,
    casts=_where_casts,
    batch=elementwise_batch,
    cost=per_entry(other=1),
    local=(
        None,
        lambda xp, c, x, y, r: xp.cast(c, x.dtype),
        lambda xp, c, x, y, r: xp.cast(xp.logical_not(c), x.dtype),
    ),
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

# ---- rounding: flat between steps


def _rounding(name: str, what: str, example: str) -> Operation:
    return unary(
        name,
        lambda xp, x: xp.positive(x) if x.dtype.kind in "iu" else getattr(xp, name)(x),
        0,
        f"{what} (``keras.ops.{name}``).\n\n>>> ops.{name}([1.5, -1.5])\n{example}",
        gradient_note=f"{name} stops the gradient: it is flat between its steps",
        kind="same",
        samples=[0.25, -1.75, 2.6, -0.4],
    )


floor = _rounding("floor", "The largest whole number not above x", "tensor([ 1., -2.])")
ceil = _rounding("ceil", "The smallest whole number not below x", "tensor([ 2., -1.])")
trunc = _rounding("trunc", "x without its fraction", "tensor([ 1., -1.])")
round = Operation(
    "round",
    lambda xp, x, decimals=0: xp.round(x, decimals),
    spec=elementwise_spec(),
    casts=promote_inputs,
    batch=elementwise_batch,
    cost=per_entry(other=1),
    local=(0,),
    gradient_note="round stops the gradient: it is flat between its steps",
    format="round({0}, {decimals})",
    samples=[Sample([0.25, -1.75, 2.6, 0.5]), Sample([0.234, -1.756], decimals=1), Sample(2.6)],
    doc="The nearest number with this many decimals, halves to even (``keras.ops.round``).\n\n"
    ">>> ops.round([0.5, 1.5, 2.7])\ntensor([0., 2., 3.])",
)

# ---- comparison, logic, bits: no gradient


def _comparison(name: str, symbol: str, kind: str = "bool") -> Operation:
    return binary(
        name,
        lambda xp, x, y: getattr(xp, name)(x, y),
        None,
        f"x1 {symbol} x2, entry by entry, as booleans (``keras.ops.{name}``).\n\n"
        f">>> ops.{name}([1.0, 2.0], [1.0, 2.0]).dtype\ndtype('bool')",
        gradient_note=FLAT,
        format=f"{{0}} {symbol} {{1}}",
        kind=kind,
        samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 3.0), (0.0, 0.0)],
    )


equal = _comparison("equal", "==")
not_equal = _comparison("not_equal", "!=")
less = _comparison("less", "<")
less_equal = _comparison("less_equal", "<=")
greater = _comparison("greater", ">")
greater_equal = _comparison("greater_equal", ">=")
logical_and = _comparison("logical_and", "and", "logic")
logical_or = _comparison("logical_or", "or", "logic")
logical_xor = _comparison("logical_xor", "^", "logic")


def _test(name: str, what: str, kind: str = "bool") -> Operation:
    return unary(
        name,
        lambda xp, x: getattr(xp, name)(x),
        None,
        f"{what}, as booleans (``keras.ops.{name}``).\n\n>>> ops.{name}([1.0]).dtype\ndtype('bool')",
        gradient_note=FLAT,
        kind=kind,
        samples=[0.0, float("nan"), float("inf"), -float("inf"), 1.0],
    )


logical_not = _test("logical_not", "Whether x is zero or False", "logic")
isnan = _test("isnan", "Whether x is not a number")
isinf = _test("isinf", "Whether x is infinite")
isfinite = _test("isfinite", "Whether x is neither infinite nor nan")
signbit = _test("signbit", "Whether the sign bit is set, so also for -0.0")


def _bits(name: str, symbol: str) -> Operation:
    function = {"bitwise_left_shift": "left_shift", "bitwise_right_shift": "right_shift"}.get(name, name)
    return binary(
        name,
        lambda xp, x, y: getattr(xp, function)(x, y),
        None,
        f"x1 {symbol} x2, bit by bit, integers and booleans only (``keras.ops.{name}``).\n\n"
        f">>> ops.{name}([5], [1]).dtype\ndtype('int32')",
        gradient_note=FLAT,
        format=f"{{0}} {symbol} {{1}}",
        kind="whole",
        samples=[(5, 1), (0, 3), (12, 2)],
    )


bitwise_and = _bits("bitwise_and", "&")
bitwise_or = _bits("bitwise_or", "|")
bitwise_xor = _bits("bitwise_xor", "^")
bitwise_left_shift = _bits("bitwise_left_shift", "<<")
bitwise_right_shift = _bits("bitwise_right_shift", ">>")
bitwise_invert = unary(
    "bitwise_invert",
    lambda xp, x: xp.invert(x),
    None,
    "Every bit turned (``keras.ops.bitwise_invert``).\n\n>>> ops.bitwise_invert([5])\ntensor([-6], dtype=int32)",
    gradient_note=FLAT,
    format="~{0}",
    kind="whole",
    samples=[5, 0, -3],
)
gcd = binary(
    "gcd",
    lambda xp, x, y: xp.gcd(x, y),
    None,
    "The greatest common divisor of two whole numbers, 0 of two zeros (``keras.ops.gcd``).\n\n"
    ">>> ops.gcd([12, 0], [18, 5])\ntensor([6, 5], dtype=int32)",
    gradient_note=FLAT,
    kind="whole",
    samples=[(12, 18), (0, 5), (-4, 6), (0, 0)],
)
gcd.names = ("x1", "x2")
gcd.casts = lambda specs: tuple([np.dtype("int32") if d.kind == "b" else d for d in whole(specs)])
copysign = binary(
    "copysign",
    lambda xp, x, y: xp.copysign(x, y),
    (lambda xp, x, y, r: xp.sign(x) * xp.copysign(xp.ones_like(r), y), 0),
    "The size of x1 with the sign of x2 (``numpy.copysign``).\n\n>>> ops.copysign([3.0], [-1.0])\ntensor([-3.])",
    gradient_note="copysign hands the gradient on with the sign it gave",
    kind="float",
    samples=[(1.0, -2.0), (-3.0, 0.5), (2.0, 2.0)],
)
nextafter = binary(
    "nextafter",
    lambda xp, x, y: xp.nextafter(x, y),
    (1, 0),
    "The next floating-point number after x1 towards x2 (``keras.ops.nextafter``).\n\n"
    ">>> ops.nextafter([1.0], [1.0])\ntensor([1.])",
    gradient_note="nextafter hands the gradient on to the first",
    kind="float",
    samples=[(1.0, 2.0), (0.0, -1.5), (3.0, 3.0)],
)
nextafter.depends_on_ulp = True


def _cast_spec(specs: tuple[Spec, ...], dtype: str) -> Spec:
    return spec_of(specs[0].shape, as_dtype(dtype))


cast_record = Operation(
    "cast",
    lambda xp, x, dtype="float32": x.astype(dtype),
    spec=_cast_spec,
    casts=preserve_dtype,
    batch=elementwise_batch,
    cost=per_entry(),
    transpose=(lambda xp, u, x, dtype: xp.cast(u, x.dtype),),
    gradient_note="cast hands the gradient on, cast back",
    format="cast({0})",
    samples=[
        Sample([0.5, -1.75, 2.0], dtype="float32"),
        Sample([1.0, 0.0], dtype="int32"),
        Sample([2, 0], dtype="float64"),
        Sample([1.0, 0.0], dtype="bool"),
        Sample(np.zeros((0, 2)), dtype="float32"),
        Sample([1.0], dtype="str", error=DTypeError),
    ],
    doc="x as `dtype`; floats lose their fraction on the way to integers (``keras.ops.cast``).\n\n"
    ">>> ops.cast([1.7, -1.7], 'int32')\ntensor([ 1, -1], dtype=int32)",
)
