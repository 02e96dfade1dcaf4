"""Numbers as sums of two floats, for exponents: an error of one unit in x is one of x units in exp(x).

The functions take NumPy's or JAX's arrays of float32 or float64. They are exact however a compiler joins a product and
a sum into one instruction: all products that have to be exact are of short numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Pair = tuple[Any, Any]


def wide(x: Any) -> Any:
    """Return x, in float32 if its dtype is narrower: engines round the result once."""
    return x.astype("float32") if x.dtype.itemsize < 4 else x


def short(x: Any) -> Any:
    """Return x without the second half of its digits, so that the product of two such numbers is exact."""
    bits, dropped = ("int32", 12) if x.dtype.itemsize == 4 else ("int64", 27)
    return (x.view(bits) & -(1 << dropped)).view(x.dtype)


def split(x: Any) -> Pair:
    """Return a short number and what is left of x."""
    head = short(x)
    return head, x - head


def constant(value: float, rest: float = 0.0) -> Any:
    """Return the split of a constant for arrays like the argument of the result; `rest` is what float64 cannot hold."""
    heads = {4: 2.0**-11, 8: 2.0**-25}  # constants of this module are between 1/32 and 2

    def like(x: Any) -> Pair:
        unit = heads[x.dtype.itemsize]
        head = int(value / unit) * unit
        return head, (value - head) + rest

    return like


def renormalized(head: Any, tail: Any) -> Pair:
    """Return the rounded sum of a number and a much smaller one, and what rounding lost."""
    total = head + tail
    return total, tail - (total - head)


def square(x: Any) -> Pair:
    """Return x * x as a pair."""
    head, tail = split(x)
    return renormalized(head * head, tail * (x + head))


def difference(x: Any, y: Any) -> Pair:
    """Return x - y as a pair."""
    d = x - y
    back = d - x
    return d, (x - (d - back)) - (y + back)


def exp_minus(xp: Any, x: Any) -> Pair:
    """Return two factors of exp(-x), for x not below 0, neither too small for the dtype where their product is.

    NumPy has float64, whose exponentials are not too small for float32: the second factor is 1.
    """
    if xp is np and x.dtype.itemsize == 4:
        return np.exp(-x.astype("float64")), 1.0
    far = 64.0 if x.dtype.itemsize == 4 else 640.0
    is_far = xp.minimum(xp.floor(x * (1 / far)), 1.0)  # 0 or 1
    return xp.exp(is_far * far - x), xp.maximum(1 - is_far, math.exp(-far))


def exp_minus_square(xp: Any, x: Any, divisor: int = 1) -> Any:
    """Compute exp(-x^2 / divisor), the divisor 1 or 2."""
    head, tail = square(xp.minimum(xp.absolute(x), 60.0))
    return xp.exp(-head / divisor) * (1 - tail / divisor)


def product(xp: Any, x: Any, y: Any) -> Any:
    """Return x * y; 0 times infinity is 0."""
    return xp.where((x == 0) | (y == 0), xp.zeros_like(x), x * y)


def exp2(xp: Any, x: Any) -> Any:
    """Compute 2^x. XLA's own rounds x log(2); here only the fraction of x, which is exact, is multiplied by it."""
    if xp is np:
        return np.exp2(x)
    whole = xp.round(x)
    fraction = xp.where(xp.isinf(x), xp.zeros_like(x), x - whole)
    return xp.ldexp(xp.exp(fraction * math.log(2.0)), xp.clip(whole, -5000.0, 5000.0).astype("int32"))
