"""The exact value and slopes of every operation on each entry, in arithmetic of 50 digits and more (mpmath).

``UNARY[name]`` is a value, a first and a second slope, functions of one number. ``BINARY[name]`` is a value, two first
slopes and three second ones (both by x, by x and y, both by y). ``nan`` stands outside of a function's domain, and
where there is no limit.
"""

from __future__ import annotations

from mpmath import mp

INF, NAN = mp.inf, mp.nan
HUGE = mp.mpf(10) ** 5000  # stands for infinity where mpmath has no limit
TINY = 1 / HUGE
FAR = 10**5  # beyond it exp is 0 or infinite in any dtype


def exp(x):
    return mp.exp(x) if abs(x) < FAR else INF if x > 0 else mp.zero


def sigmoid(x):
    return 1 / (1 + exp(-x)) if x > 0 else exp(x) / (1 + exp(x))


def sech2(x):
    """1 / cosh(x) ** 2."""
    e = exp(-2 * abs(x))
    return 4 * e / (1 + e) ** 2


def normal_density(x):
    return exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def erfc(x):
    return mp.erfc(x) if abs(x) < FAR else mp.mpf(0 if x > 0 else 2)


def normal(x):
    """The normal distribution function."""
    return erfc(-x / mp.sqrt(2)) / 2


def softplus(x):
    return mp.log1p(exp(-abs(x))) + max(x, 0)


def times(x, f):
    """x * f, 0 where f is: exponentials go to 0 faster than x to infinity."""
    return x * f if f else mp.zero


def oscillating(f):
    return lambda x: f(x) if abs(x) < HUGE else NAN


def constant(c):
    return lambda x: mp.mpf(c)


ZERO, ONE = constant(0), constant(1)


def piecewise(*parts, above):
    """Return a function that is `part` below `bound`, or up to and with it, for each (bound, with it, part)."""

    def f(x):
        for bound, closed, part in parts:
            if x < bound or (x == bound and closed):
                return part(x)
        return above(x)

    return f


def cancelling(f):
    """Evaluate with as many digits as the difference of two numbers may lose."""

    def g(x):
        with mp.workdps(60 + 4 * int(abs(mp.log10(abs(x)))) if 0 < abs(x) < HUGE else 60):
            return f(x)

    return g


GELU = lambda: mp.sqrt(2 / mp.pi)


def gelu_tanh(order):
    """x sigmoid(2 u) with u = sqrt(2/pi) (x + c x^3), and its slopes."""

    def f(x):
        c = mp.mpf(44715) / 10**6
        u, v, w = GELU() * (x + c * x**3), GELU() * (1 + 3 * c * x * x), GELU() * 6 * c * x
        s, d = sigmoid(2 * u), sech2(u) / 2  # the slope of sigmoid(2 u) by u
        if order == 0:
            return times(x, s)
        if order == 1:
            return s + times(x * v, d)
        return times(2 * v + x * w, d) - times(2 * x * v * v * mp.tanh(u), d)

    return f


def mish(order):
    def f(x):
        s, n = sigmoid(x), softplus(x)
        t, q = mp.tanh(n), sech2(n)
        first, second = times(s, q), times(s * sigmoid(-x), q) - times(2 * t * s * s, q)
        if order == 0:
            return times(x, t)
        return t + times(x, first) if order == 1 else 2 * first + times(x, second)

    return f


def silu(order):
    def f(x):
        s, d = sigmoid(x), sech2(x / 2) / 4
        if order == 0:
            return times(x, s)
        return s + times(x, d) if order == 1 else 2 * d - times(x * mp.tanh(x / 2), d)

    return f


def elu_like(scale, alpha, width):
    """scale * (x above 0, alpha (exp(x / width) - 1) elsewhere), and its slopes."""
    scale, alpha, width = map(mp.mpf, (scale, alpha, width))
    return (
        lambda x: scale * (x if x > 0 else alpha * mp.expm1(x / width) if x > -FAR else -alpha),
        lambda x: scale * (1 if x > 0 else alpha / width * exp(x / width)),
        lambda x: scale * (0 if x > 0 else alpha / width**2 * exp(x / width)),
    )


def sinc(order):
    def f(x):
        t, p = mp.pi * x, mp.pi
        if x == 0:
            return [mp.one, mp.zero, -p * p / 3][order]
        s, c = mp.sinpi(x), mp.cospi(x)
        return [s / t, p * (t * c - s) / t**2, p * p * ((2 - t * t) * s - 2 * t * c) / t**3][order]

    return cancelling(f)


def i0(order):
    def f(x):
        if abs(x) > FAR:
            return INF if order != 1 or x > 0 else -INF
        zero, one = mp.besseli(0, x), mp.besseli(1, x)
        return [zero, one, zero - one / x if x else mp.mpf(0.5)][order]

    return f


def squareplus(b):
    return (
        cancelling(lambda x: (x + mp.sqrt(x * x + b)) / 2 if x > -HUGE else mp.zero),
        cancelling(lambda x: (1 + x / mp.sqrt(x * x + b)) / 2 if x > -HUGE else mp.zero),
        lambda x: b / (2 * mp.sqrt(x * x + b) ** 3),
    )


def straight(*parts, above):
    """Straight lines, (bound, whether it belongs to the line, slope, offset): value, slope, second slope 0."""
    line = lambda a, b: lambda x: (a * x if a else 0) + mp.mpf(b)
    value = piecewise(*[(bound, closed, line(a, b)) for bound, closed, a, b in parts], above=line(*above))
    slope = piecewise(*[(bound, closed, constant(a)) for bound, closed, a, b in parts], above=constant(above[0]))
    return value, slope, ZERO


def open_end(f, at):
    """f, but `at` gives the values at these points."""
    return lambda x: at[x] if x in at else f(x)


SELU = "1.0507009873554804934193349852946", "1.6732632423543772848170429916717"
LN2, LN10 = (lambda: mp.log(2)), (lambda: mp.log(10))
TWO_OVER_SQRT_PI = lambda: 2 / mp.sqrt(mp.pi)


def erfinv(x):
    """By Newton's method on the logarithm of the tail."""
    size = abs(x)
    if size >= 1:
        return NAN if size > 1 else mp.sign(x) * INF
    if size < 0.5:
        return mp.erfinv(x)
    tail = 1 - size
    y = mp.sqrt(-mp.log(tail))
    for _ in range(60):
        q = mp.erfc(y)
        step = q * mp.log(q / tail) * mp.exp(y * y) / TWO_OVER_SQRT_PI()
        y += step
        if abs(step) < mp.mpf(10) ** -30 * y:
            break
    return mp.sign(x) * y


def erfinv_slope(x):
    y = erfinv(x)
    return exp(y * y) / TWO_OVER_SQRT_PI() if mp.isfinite(y) else abs(y)


def erfinv_second(x):
    y, d = erfinv(x), erfinv_slope(x)
    return 2 * y * d * d


def over(a, b):
    """a / b, and infinite where b is 0."""
    return a / b if b else mp.sign(a) * INF


def inside(f, low, high):
    """f between these bounds, nan outside."""
    return lambda x: f(x) if low <= x <= high else NAN


def on(low, high, *functions):
    return tuple(inside(f, low, high) for f in functions)


UNARY = {
    "absolute": (abs, mp.sign, ZERO),
    "negative": (lambda x: -x, constant(-1), ZERO),
    "positive": (lambda x: x, ONE, ZERO),
    "stop_gradient": (lambda x: x, ZERO, ZERO),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3),
    "square": (lambda x: x * x, lambda x: 2 * x, constant(2)),
    "sign": (mp.sign, ZERO, ZERO),
    "floor": (lambda x: mp.floor(x), ZERO, ZERO),
    "ceil": (lambda x: mp.ceil(x), ZERO, ZERO),
    "trunc": (lambda x: mp.floor(abs(x)) * mp.sign(x), ZERO, ZERO),
    "round": (lambda x: mp.nint(x), ZERO, ZERO),
    "cast": (lambda x: x, ONE, ZERO),
    "exp": (exp, exp, exp),
    "exp2": (lambda x: exp(x * LN2()), lambda x: LN2() * exp(x * LN2()), lambda x: LN2() ** 2 * exp(x * LN2())),
    "expm1": (lambda x: mp.expm1(x) if abs(x) < FAR else exp(x) - 1, exp, exp),
    "log": on(0, INF, mp.log, lambda x: 1 / x, lambda x: -1 / x**2),
    "log1p": on(-1, INF, mp.log1p, lambda x: over(mp.one, 1 + x), lambda x: over(-mp.one, (1 + x) ** 2)),
    "log2": on(0, INF, lambda x: mp.log(x) / LN2(), lambda x: 1 / x / LN2(), lambda x: -1 / x**2 / LN2()),
    "log10": on(0, INF, lambda x: mp.log(x) / LN10(), lambda x: 1 / x / LN10(), lambda x: -1 / x**2 / LN10()),
    "sqrt": on(0, INF, mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), lambda x: -1 / (4 * x * mp.sqrt(x))),
    "rsqrt": on(
        0, INF, lambda x: 1 / mp.sqrt(x), lambda x: -1 / (2 * x * mp.sqrt(x)), lambda x: 3 / (4 * x * x * mp.sqrt(x))
    ),
    "cbrt": (
        lambda x: mp.sign(x) * mp.cbrt(abs(x)),
        lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2),
        lambda x: -2 * mp.sign(x) / (9 * mp.cbrt(abs(x)) ** 5) if x else -INF,
    ),
    "sin": tuple(map(oscillating, (mp.sin, mp.cos, lambda x: -mp.sin(x)))),
    "cos": tuple(map(oscillating, (mp.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x)))),
    "tan": tuple(map(oscillating, (mp.tan, lambda x: mp.sec(x) ** 2, lambda x: 2 * mp.tan(x) * mp.sec(x) ** 2))),
    "arcsin": on(
        -1, 1, mp.asin, lambda x: over(mp.one, mp.sqrt(1 - x * x)), lambda x: over(x, mp.sqrt(1 - x * x) ** 3)
    ),
    "arccos": on(
        -1, 1, mp.acos, lambda x: over(-mp.one, mp.sqrt(1 - x * x)), lambda x: over(-x, mp.sqrt(1 - x * x) ** 3)
    ),
    "arctan": (mp.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
    "sinh": (
        lambda x: mp.sinh(x) if abs(x) < FAR else mp.sign(x) * INF,
        lambda x: (exp(x) + exp(-x)) / 2,
        lambda x: mp.sinh(x) if abs(x) < FAR else mp.sign(x) * INF,
    ),
    "cosh": (
        lambda x: (exp(x) + exp(-x)) / 2,
        lambda x: mp.sinh(x) if abs(x) < FAR else mp.sign(x) * INF,
        lambda x: (exp(x) + exp(-x)) / 2,
    ),
    "tanh": (mp.tanh, sech2, lambda x: -2 * mp.tanh(x) * sech2(x)),
    "arcsinh": (
        lambda x: mp.asinh(x) if abs(x) < HUGE else mp.sign(x) * INF,
        lambda x: 1 / mp.sqrt(1 + x * x),
        lambda x: -x / mp.sqrt(1 + x * x) ** 3,
    ),
    "arccosh": on(
        1,
        INF,
        lambda x: mp.acosh(x) if abs(x) < HUGE else INF,
        lambda x: over(mp.one, mp.sqrt(x - 1) * mp.sqrt(x + 1)),
        lambda x: over(-x, (mp.sqrt(x - 1) * mp.sqrt(x + 1)) ** 3),
    ),
    "arctanh": on(
        -1,
        1,
        lambda x: mp.atanh(x) if abs(x) < 1 else mp.sign(x) * INF,
        lambda x: over(mp.one, (1 - x) * (1 + x)),
        lambda x: over(2 * x, ((1 - x) * (1 + x)) ** 2),
    ),
    "erf": (
        mp.erf,
        lambda x: TWO_OVER_SQRT_PI() * exp(-x * x),
        lambda x: -2 * times(x, TWO_OVER_SQRT_PI() * exp(-x * x)),
    ),
    "erfc": (
        erfc,
        lambda x: -TWO_OVER_SQRT_PI() * exp(-x * x),
        lambda x: 2 * times(x, TWO_OVER_SQRT_PI() * exp(-x * x)),
    ),
    "erfinv": on(-1, 1, erfinv, erfinv_slope, erfinv_second),
    "sigmoid": (sigmoid, lambda x: sech2(x / 2) / 4, lambda x: -mp.tanh(x / 2) * sech2(x / 2) / 4),
    "softplus": (softplus, sigmoid, lambda x: sech2(x / 2) / 4),
    "log_sigmoid": (lambda x: -softplus(-x), lambda x: sigmoid(-x), lambda x: -sech2(x / 2) / 4),
    "relu": straight((0, True, 0, 0), above=(1, 0)),
    "leaky_relu": straight((0, True, 0.2, 0), above=(1, 0)),
    "relu6": straight((0, True, 0, 0), (6, False, 1, 0), above=(0, 6)),
    "hard_sigmoid": (
        piecewise((-3, False, ZERO), (3, True, lambda x: (x + 3) / 6), above=ONE),
        piecewise((-3, False, ZERO), (3, True, lambda x: mp.one / 6), above=ZERO),
        ZERO,
    ),
    "hard_silu": (
        lambda x: x * min(max((x + 3) / 6, 0), 1) if x > -3 else mp.zero,
        piecewise((-3, False, ZERO), (3, True, lambda x: (2 * x + 3) / 6), above=ONE),
        piecewise((-3, False, ZERO), (3, True, lambda x: mp.one / 3), above=ZERO),
    ),
    "hard_tanh": straight((-1, False, 0, -1), (1, True, 1, 0), above=(0, 1)),
    "hard_shrink": straight((-0.5, False, 1, 0), (0.5, True, 0, 0), above=(1, 0)),
    "soft_shrink": straight((-0.5, False, 1, 0.5), (0.5, True, 0, 0), above=(1, -0.5)),
    "sparse_plus": (
        piecewise((-1, True, ZERO), (1, False, lambda x: (x + 1) ** 2 / 4), above=lambda x: x),
        piecewise((-1, True, ZERO), (1, False, lambda x: (x + 1) / 2), above=ONE),
        piecewise((-1, False, ZERO), (1, False, constant(0.5)), above=ZERO),
    ),
    "sparse_sigmoid": straight((-1, False, 0, 0), (1, True, 0.5, 0.5), above=(0, 1)),
    "silu": (silu(0), silu(1), silu(2)),
    "gelu": (gelu_tanh(0), gelu_tanh(1), gelu_tanh(2)),
    "gelu exact": (
        lambda x: times(x, normal(x)),
        lambda x: normal(x) + times(x, normal_density(x)),
        lambda x: times(2 - x * x, normal_density(x)),
    ),
    "elu": elu_like(1, 1, 1),
    "elu 0.75": elu_like(1, 0.75, 1),
    "celu": elu_like(1, 1, 1),
    "celu 0.75": elu_like(1, 0.75, 0.75),
    "selu": elu_like(*SELU, 1),
    "softsign": (
        lambda x: x / (1 + abs(x)),
        lambda x: 1 / (1 + abs(x)) ** 2,
        lambda x: -2 * mp.sign(x) / (1 + abs(x)) ** 3,
    ),
    "tanh_shrink": (
        cancelling(lambda x: x - mp.tanh(x)),
        lambda x: mp.tanh(x) ** 2,
        lambda x: 2 * mp.tanh(x) * sech2(x),
    ),
    "squareplus": squareplus(4),
    "squareplus 0.25": squareplus(mp.mpf(0.25)),
    "mish": (mish(0), mish(1), mish(2)),
    "sinc": (sinc(0), sinc(1), sinc(2)),
    "clip": straight((-1, False, 0, -1), (2, True, 1, 0), above=(0, 2)),
    "i0": (i0(0), i0(1), i0(2)),
}


def share(base):
    """base^x / (base^x + base^y)."""
    return lambda x, y: sigmoid((x - y) * mp.log(base))


def logaddexp(base):
    """log(base^x + base^y) to this base, and its slopes."""
    s = share(base)
    c = lambda x, y: mp.log(base) * s(x, y) * s(y, x)
    return (
        lambda x, y: max(x, y) + mp.log1p(exp(-abs(x - y) * mp.log(base))) / mp.log(base),
        s,
        lambda x, y: s(y, x),
        c,
        lambda x, y: -c(x, y),
        c,
    )


def distance(x, y):
    return mp.sqrt(x * x + y * y)


def power(x, y, less=0):
    """x^(y - less)."""
    with mp.workdps(400):  # y - less, exactly
        y = y - less
        if x < 0 and y != mp.floor(y):
            return NAN
        is_odd = y % 2 == 1
    if x == 0:
        return [INF, mp.one, mp.zero][int(mp.sign(y)) + 1]
    size = exp(y * mp.log(abs(x)))
    return -size if x < 0 and is_odd else size


def mixed_of_power(x, y):
    """The slope by x of the slope by y: below 0 that is taken as 0; at 0 the limit from above."""
    if x > 0:
        return power(x, y, 1) * (1 + y * mp.log(x))
    return NAN if x < 0 else mp.zero if y > 1 else -INF if y > 0 else INF


def rounded_quotient(x, y):
    with mp.workdps(700):
        return mp.floor(x / y)


def remainder(x, y):
    with mp.workdps(700):
        return x - mp.floor(x / y) * y


def truncated_quotient(x, y):
    with mp.workdps(700):
        quotient = x / y
        return mp.floor(quotient) if quotient >= 0 else mp.ceil(quotient)


def truncated_remainder(x, y):
    with mp.workdps(700):
        return x - truncated_quotient(x, y) * y


NOT, HALF = (lambda x, y: mp.zero), (lambda x, y: mp.mpf(0.5))


def chosen(x_wins):
    """The slopes of a choice between two: 1 for the one that wins, half for each at a tie."""
    f = lambda x, y: mp.mpf(x_wins(x, y)) if x != y else mp.mpf(0.5)
    return f, lambda x, y: 1 - f(x, y), NOT, NOT, NOT


BINARY = {
    "add": (lambda x, y: x + y, lambda x, y: mp.one, lambda x, y: mp.one, NOT, NOT, NOT),
    "subtract": (lambda x, y: x - y, lambda x, y: mp.one, lambda x, y: -mp.one, NOT, NOT, NOT),
    "multiply": (lambda x, y: x * y, lambda x, y: y, lambda x, y: x, NOT, lambda x, y: mp.one, NOT),
    "divide": (
        lambda x, y: x / y,
        lambda x, y: 1 / y,
        lambda x, y: -x / y**2,
        NOT,
        lambda x, y: -1 / y**2,
        lambda x, y: 2 * x / y**3,
    ),
    "floor_divide": (rounded_quotient, NOT, NOT, NOT, NOT, NOT),
    "mod": (remainder, lambda x, y: mp.one, lambda x, y: -rounded_quotient(x, y), NOT, NOT, NOT),
    "fmod": (truncated_remainder, lambda x, y: mp.one, lambda x, y: -truncated_quotient(x, y), NOT, NOT, NOT),
    "maximum": (max, *chosen(lambda x, y: x > y)),
    "minimum": (min, *chosen(lambda x, y: x < y)),
    "copysign": (
        lambda x, y: abs(x) if y >= 0 else -abs(x),
        lambda x, y: mp.sign(x) * (1 if y >= 0 else -1),
        NOT,
        NOT,
        NOT,
        NOT,
    ),
    "hypot": (
        distance,
        lambda x, y: x / distance(x, y),
        lambda x, y: y / distance(x, y),
        lambda x, y: y * y / distance(x, y) ** 3,
        lambda x, y: -x * y / distance(x, y) ** 3,
        lambda x, y: x * x / distance(x, y) ** 3,
    ),
    "arctan2": (
        mp.atan2,
        lambda x, y: y / (x * x + y * y),
        lambda x, y: -x / (x * x + y * y),
        lambda x, y: -2 * x * y / (x * x + y * y) ** 2,
        lambda x, y: (x - y) * (x + y) / (x * x + y * y) ** 2,
        lambda x, y: 2 * x * y / (x * x + y * y) ** 2,
    ),
    "logaddexp": logaddexp(mp.e),
    "logaddexp2": logaddexp(2),
    "power": (
        power,
        lambda x, y: y * power(x, y, 1) if y else mp.zero,
        lambda x, y: power(x, y) * mp.log(x) if x > 0 or (not x and y < 0) else mp.zero,
        lambda x, y: y * (y - 1) * power(x, y, 2) if y * (y - 1) else mp.zero,
        mixed_of_power,
        lambda x, y: power(x, y) * mp.log(x) ** 2 if x > 0 or (not x and y < 0) else mp.zero,
    ),
}
