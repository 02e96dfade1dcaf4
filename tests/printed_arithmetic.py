"""The arithmetic that explanations print, evaluated."""

import math
import re

import numpy as np
import scipy.special

from chainrule.analysis.explain.data import NOT_SELECTED

NAMES = {
    name: getattr(math, name)
    for name in [
        "exp",
        "log",
        "log2",
        "log10",
        "log1p",
        "expm1",
        "sqrt",
        "cbrt",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "erf",
        "erfc",
        "floor",
        "ceil",
        "trunc",
        "hypot",
        "copysign",
        "fmod",
        "inf",
    ]
} | {
    "abs": abs,
    "absolute": abs,
    "max": max,
    "min": min,
    "round": round,
    "erfinv": lambda x: float(scipy.special.erfinv(x)),
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "arctan2": math.atan2,
    "arcsinh": math.asinh,
    "arccosh": math.acosh,
    "arctanh": math.atanh,
    "sign": lambda x: float(np.sign(x)),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(-abs(x))) + max(x, 0),
    "relu": lambda x: max(x, 0),
    "where": lambda c, a, b: a if c else b,
    "clip": lambda x, a, b: min(max(x, a), b),
    "logaddexp": lambda a, b: float(np.logaddexp(a, b)),
    "nextafter": math.nextafter,
    "e": math.e,
    "gelu": lambda x, approximate=True: gelu(x, approximate),
    "gelu_slope": lambda x, approximate=True: gelu_slope(x, approximate),
    "i0": scipy.special.i0,
    "i1": scipy.special.i1,
    "mish_slope": lambda x: mish_slope(x),
    "pi": math.pi,
    "sinc": np.sinc,
    "sinc_slope": lambda x: (math.cos(math.pi * x) - np.sinc(x)) / x if x else 0.0,
    "True": True,
    "False": False,
    **{name: np.dtype(name).type for name in ("bool", "int32", "int64", "uint32", "float16", "float32", "float64")},
}


def gelu(x, approximate):
    z = math.sqrt(8 / math.pi) * (x + 0.044715 * x**3)
    return x / (1 + math.exp(-z)) if approximate else x * math.erfc(-x / math.sqrt(2)) / 2


def gelu_slope(x, approximate):
    if not approximate:
        return math.erfc(-x / math.sqrt(2)) / 2 + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    u, v = (math.sqrt(8 / math.pi) * w for w in (x + 0.044715 * x**3, 1 + 3 * 0.044715 * x * x))
    s = 1 / (1 + math.exp(-u))
    return s + x * v * s * (1 - s)


def mish_slope(x):
    t, s = math.tanh(math.log1p(math.exp(x))), 1 / (1 + math.exp(-x))
    return t + x * (1 - t * t) * s


def evaluate(text):
    text = re.sub(r"\(\d+ more, together ([^()]*)\)", r"(\1)", text)
    return 0.0 if text == NOT_SELECTED else eval(text, {"__builtins__": {}}, NAMES)
