"""``chainrule bench``: the speed of training on each engine, compared with this machine's limits."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..core.arguments import finite
from ..core.clock import median_seconds
from ..core.errors import ChainruleError, ValueProblem
from ..core.progress import progress
from ..core.terminal import echo
from ..draw.locale import translator
from ..draw.text import pad
from ..engines.compile import compile as compiled
from ..engines.engine import xla_installed
from ..tensors.convert import tensor

ENGINES = ("numpy", "xla")
MACHINE = (
    "this machine: {gemm} GFLOP/s in a float32 matrix product, the faster of NumPy's and XLA's, {copy} GB/s read and "
    "written by a large copy"
)
FLOOR = "floor: the time of the products at the matrix rate, or of the bytes that must move, whichever is longer"
RAISED = (
    "a step was faster than that: the machine reaches {gemm} GFLOP/s and {copy} GB/s; other programs slowed it down "
    "while it was measured, or the step's bytes fit into its caches"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule bench`` to its parser."""
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(WORKLOADS)} (default: all)")
    parser.add_argument("--engine", help="numpy or xla (default: every one that is installed)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long to time the steps of each row (default 1)")


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule bench`` and return the exit status."""
    if unknown := [name for name in args.names if name not in WORKLOADS]:
        passed = f"bench {' '.join(unknown)[:80]}"
        raise ValueProblem(passed, f"names out of {', '.join(WORKLOADS)}", "pass no name for all of them")
    finite(above=0, **{"--seconds": args.seconds})
    engines = _available_engines(args.engine)
    translate = translator()
    with progress(translate("measuring this machine")):
        rates = limits()
    measured = dict(rates)
    echo(translate(MACHINE, **_in_giga(rates)) + "\n")
    heads = [translate("workload"), translate("engine"), translate("µs a step"), translate("floor, µs")]
    heads += [translate("floor / step"), translate("first step, s")]
    widths = (14, 10, 14, 14, 14, 16)
    echo("".join(pad(head, width, k > 1) for k, (head, width) in enumerate(zip(heads, widths, strict=True))))
    for name in args.names or WORKLOADS:
        for engine in engines:
            with progress(translate("measuring {name} on {engine}", name=name, engine=engine)):
                first, step, bound = measure(name, engine, args.seconds, rates)
            echo(f"{name:<14}{engine:<10}{1e6 * step:>14,.1f}{1e6 * bound:>14,.2f}{bound / step:>14.1%}{first:>16.3f}")
    echo("\n" + translate(FLOOR))
    if rates != measured:
        echo(translate(RAISED, **_in_giga(rates)))
    return 0


def _in_giga(rates: dict[str, float]) -> dict[str, str]:
    return {"gemm": f"{rates['gemm'] / 1e9:.0f}", "copy": f"{rates['copy'] / 1e9:.1f}"}


def _available_engines(only: str | None) -> list[str]:
    """Return the names of the engines to measure: the one passed, or every one that is installed."""
    from ..engines.engine import engine

    if only is not None:
        return [engine(only).name]
    available, translate = [], translator()
    for name in ENGINES:
        try:
            available.append(engine(name).name)
        except ChainruleError:
            echo(translate("left out: the engine {name!r}, which is not installed", name=name))
    return available


# ---- workloads


def _perceptron(engine: str) -> tuple[Any, Any, Any, int]:
    from .. import layers, optimizers
    from ..models import Sequential

    model = Sequential([layers.Input((13,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.01), "mse", engine=engine)
    return model, *_random_data((404, 13), 0), 32


def _mlp(engine: str) -> tuple[Any, Any, Any, int]:
    from .. import layers
    from ..models import Sequential

    dense = layers.Dense(512, "relu"), layers.Dense(256, "relu"), layers.Dense(10, "softmax")
    model = Sequential([layers.Input((784,)), *dense])
    model.compile("adam", "sparse_categorical_crossentropy", engine=engine)
    return model, *_random_data((640, 784), 10), 64


def _cnn(engine: str) -> tuple[Any, Any, Any, int]:
    from .. import layers
    from ..models import Sequential

    convolutions = [layers.Conv2D(n, 3, padding="same", activation="relu") for n in (32, 64)]
    features = [layer for convolution in convolutions for layer in (convolution, layers.MaxPooling2D())]
    head = layers.Flatten(), layers.Dense(128, "relu"), layers.Dense(10, "softmax")
    model = Sequential([layers.Input((28, 28, 1)), *features, *head])
    model.compile("adam", "sparse_categorical_crossentropy", engine=engine)
    return model, *_random_data((256, 28, 28, 1), 10), 64


WORKLOADS: dict[str, Callable[[str], tuple[Any, Any, Any, int]]] = {"perceptron": _perceptron, "mlp": _mlp, "cnn": _cnn}


def _random_data(shape: tuple[int, ...], classes: int) -> tuple[Any, Any]:
    """Return random x and y: class indices, or for no classes the sums of the rows of x."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape, dtype=np.float32)
    return x, rng.integers(0, classes, shape[0]).astype(np.int32) if classes else x.sum(1, keepdims=True)


def measure(name: str, engine: str, seconds: float, limits: dict[str, float]) -> tuple[float, float, float]:
    """Return the seconds of the first step with its preparation, of a step in a long fit, and of the floor.

    A step that is faster than the floor shows that the machine is faster than was measured: `limits` are raised to it.
    """
    model, x, y, batch = WORKLOADS[name](engine)
    steps = -(-len(x) // batch)
    start = time.perf_counter()
    model.fit(x[:batch], y[:batch], batch_size=batch, verbose=0)
    first = time.perf_counter() - start
    step = median_seconds(lambda epochs: model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0), seconds) / steps
    _raise(limits, model, x[:batch], y[:batch], step)
    return first, step, floor(model, x[:batch], y[:batch], limits)


# ---- the machine's limits


def limits(seconds: float = 0.5) -> dict[str, float]:
    """Measure this machine's limits, each the best of many tries, as other programs may slow some of them down.

    ``gemm``: FLOP/s of a float32 matrix product, by NumPy and by XLA where it is installed. ``copy``: bytes read and
    written a second by a large copy.

    >>> sorted(limits(0.01))
    ['copy', 'gemm']
    """
    n, size = 1024, 1 << 26
    a = np.ones((n, n), np.float32)
    out = np.empty_like(a)
    source, target = np.zeros(size, np.uint8), np.ones(size, np.uint8)
    gemm = _best(lambda: np.matmul(a, a, out=out), seconds)
    if xla_installed():
        product = compiled(ops.matmul, engine="xla")
        gemm = min(gemm, _best(lambda: product(a, a).numpy(), seconds))
    copy = _best(lambda: np.copyto(target, source), seconds)
    return {"gemm": 2 * n**3 / gemm, "copy": 2 * size / copy}


def _best(work: Callable[[], object], seconds: float) -> float:
    """Return the shortest time of `work`, repeated until the times add up to `seconds`."""
    times: list[float] = []
    work()
    while sum(times) < seconds:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def floor(model: Any, x: Any, y: Any, limits: dict[str, float]) -> float:
    """Return a lower bound in seconds of a training step on this batch, on a machine with these limits.

    The longer of two times: that of `_flops_of_products` at the matrix rate, and that of `_moved_bytes` at the rate of
    a copy.

    The model must have been trained for at least one step, so that its optimizer's slots exist.
    """
    return max(_flops_of_products(model, x, y) / limits["gemm"], _moved_bytes(model, x, y) / limits["copy"])


def _raise(limits: dict[str, float], model: Any, x: Any, y: Any, step: float) -> None:
    """Raise the limits to what a step of so many seconds reaches."""
    limits["gemm"] = max(limits["gemm"], _flops_of_products(model, x, y) / step)
    limits["copy"] = max(limits["copy"], _moved_bytes(model, x, y) / step)


def _flops_of_products(model: Any, x: Any, y: Any) -> float:
    """Return twice the multiply-accumulates of the products, forward and backward, counted by `price`."""
    from ..analysis.price import price

    loss = lambda x, y: model.compute_loss(x, y, model(x, training=True))
    return float(2 * price(loss, tensor(x), tensor(y), backward=True).total.macs)


def _moved_bytes(model: Any, x: Any, y: Any) -> float:
    """Return the memory traffic that cannot be avoided: the batch read once, and each weight and optimizer slot read
    and written once."""
    variables = {id(v): v for v in (*model.weights, *model.optimizer.variables)}
    return float(x.nbytes + y.nbytes + 2 * sum(v.size * v.dtype.itemsize for v in variables.values()))
