"""``chainrule vectorization``: one cost and gradient with two loops, one loop, no loop and by `vectorize`."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...core.arguments import at_least, between
from ...core.terminal import echo
from ...draw.format import format_ratio
from ...draw.locale import translator
from ...draw.text import pad
from ...tensors.variable import Variable
from ...transforms.differentiate import gradients
from ...transforms.vectorize import vectorize
from .perceptron import split

INTRODUCTION = """\
logistic regression on Boston's houses: does a house cost more than the median? 13 columns
cost J = -mean(t log a + (1-t) log(1-a)), a = sigmoid(w · x + b); dw = dJ/dw, db = dJ/db
two loops: over examples and columns, in Python's numbers
one loop: over examples; each of its steps calls NumPy on 13 numbers. A call takes about as long as Python takes to
    multiply and add 13 numbers, so one loop may well be slower than two; with longer vectors it is faster
no loop: a few calls of NumPy for all examples together
vectorize: the loss of one example, written with a loop, is traced, its graph vectorized and differentiated, which
    takes the same time for any number of examples
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule vectorization`` to its parser."""
    add = parser.add_argument
    about = "number of houses, from 2 to 506 (default 50 200 506)"
    add("-m", type=int, nargs="+", default=[50, 200, 506], metavar="EXAMPLES", help=about)
    add("--repeats", type=int, default=3, help="number of timings, of which the fastest is shown (default 3)")


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule vectorization`` and return the exit status."""
    from ...datasets.boston import load

    for m in args.m:
        between(2, 506, **{"-m": m})
    at_least(1, **{"--repeats": args.repeats})
    table = load()
    houses, _ = split(table.x, table.y, seed=0, share=1.0)
    w = [0.01 * (j + 1) for j in range(13)]
    translate = translator()
    echo(translate(INTRODUCTION))
    titles = {"two loops": translate("two loops"), "one loop": translate("one loop"), "no loop": translate("no loop")}
    for m in args.m:
        x = houses.x[:m]
        t = (houses.y[:m] > sorted(houses.y[:m])[m // 2]).astype(float)
        head = pad(translate("{count} examples", count=m), 24) + pad(translate("cost J"), 18, True)
        echo(f"{head}{'dw[0]':>18}{'db':>18}{pad(translate('time'), 12, True)}")
        slowest = None
        for name, function in IMPLEMENTATIONS.items():
            seconds, (cost, dw, db) = _time(function, x, t, w, 0.1, args.repeats)
            slowest = slowest or seconds
            times = f"{1e3 * seconds:>9.3f} ms{format_ratio(slowest / seconds):>8}×"
            echo(f"  {pad(titles.get(name, name), 22)}{cost:>18.12f}{float(dw[0]):>18.12f}{db:>18.12f}{times}")
        echo()
    return 0


def _time(function: Callable[..., Any], x: Any, t: Any, w: Any, b: float, repeats: int) -> tuple[float, Any]:
    """Return the shortest time in seconds, and the result."""
    best, result = math.inf, None
    for _ in range(repeats):
        start = time.perf_counter()
        result = function(x, t, w, b)
        best = min(best, time.perf_counter() - start)
    return best, result


def two_loops(x: Any, t: Any, w: Any, b: float) -> tuple[float, list[float], float]:
    """Compute it with a loop over examples and in it a loop over columns, in Python numbers."""
    m, n = len(x), len(w)
    rows, targets = x.tolist(), t.tolist()
    cost, dw, db = 0.0, [0.0] * n, 0.0
    for i in range(m):
        z = b
        for j in range(n):
            z += w[j] * rows[i][j]
        a = 1 / (1 + math.exp(-z))
        cost -= targets[i] * math.log(a) + (1 - targets[i]) * math.log(1 - a)
        dz = a - targets[i]
        for j in range(n):
            dw[j] += rows[i][j] * dz
        db += dz
    return cost / m, [d / m for d in dw], db / m


def one_loop(x: Any, t: Any, w: Any, b: float) -> tuple[float, Any, float]:
    """Compute it with a loop over examples, the columns as vectors."""
    w = np.asarray(w)
    cost, dw, db = 0.0, np.zeros(len(w)), 0.0
    for row, target in zip(x, t, strict=True):
        a = 1 / (1 + np.exp(-(w @ row + b)))
        cost -= target * np.log(a) + (1 - target) * np.log(1 - a)
        dz = a - target
        dw += row * dz
        db += dz
    return float(cost / len(t)), dw / len(t), float(db / len(t))


def no_loop(x: Any, t: Any, w: Any, b: float) -> tuple[float, Any, float]:
    """Compute it with matrices; the gradient is still derived by hand."""
    a = 1 / (1 + np.exp(-(x @ np.asarray(w) + b)))
    cost = -np.mean(t * np.log(a) + (1 - t) * np.log(1 - a))
    dz = a - t
    return float(cost), x.T @ dz / len(t), float(dz.mean())


def by_vectorize(x: Any, t: Any, w: Any, b: float) -> tuple[float, Any, float]:
    """Write one example's loss with a loop over its columns, vectorize it for the batch and differentiate it."""
    weights, bias = Variable(w, dtype="float64", name="w"), Variable(b, dtype="float64", name="b")

    def loss(row: Any, target: Any) -> Any:
        z = bias.value
        for j in range(len(w)):
            z = z + weights[j] * row[j]
        return ops.softplus(z) - target * z  # -(t log a + (1-t) log(1-a)), without overflow

    cost = ops.mean(vectorize(loss)(x, t))
    dw, db = gradients(cost, [weights, bias])
    return float(cost), dw.numpy(), float(db)


IMPLEMENTATIONS: dict[str, Callable[..., Any]] = {
    "two loops": two_loops, "one loop": one_loop, "no loop": no_loop, "vectorize": by_vectorize,
}  # fmt: skip
