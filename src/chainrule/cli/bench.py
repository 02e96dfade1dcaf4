"""``chainrule bench``: this machine's limits, and how near to them training comes on each engine."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

from ..core.clock import timed

ENGINES = ("numpy", "xla")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(WORKLOADS)} (default: all)")
    parser.add_argument("--engine", help="this engine alone (default: each that is installed)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of timed steps for each number (default 1)")


def command(args: argparse.Namespace) -> int:
    from ..core.errors import ValueProblem

    unknown = [name for name in args.names if name not in WORKLOADS]
    if unknown:
        raise ValueProblem(f"bench {' '.join(unknown)[:80]}", f"of {', '.join(WORKLOADS)}", "or no name, for all")
    if not args.seconds > 0:
        raise ValueProblem(f"--seconds {args.seconds}", "more than 0", "e.g. --seconds 1")
    engines = _installed(args.engine)
    found = limits()
    print(
        f"this machine: {found['gemm'] / 1e9:.0f} GFLOP/s in a float32 matrix product by NumPy, "
        f"{found['copy'] / 1e9:.1f} GB/s read and written by a large copy\n"
    )
    print(f"{'workload':<14}{'engine':<10}{'µs a step':>14}{'floor, µs':>14}{'of its speed':>14}{'first step, s':>16}")
    for name in args.names or WORKLOADS:
        for engine in engines:
            first, step, least = measure(name, engine, args.seconds, found)
            print(f"{name:<14}{engine:<10}{1e6 * step:>14,.1f}{1e6 * least:>14,.2f}{least / step:>14.1%}{first:>16.3f}")
    print("\nfloor: the products' arithmetic at the matrix rate, or the bytes that must move, whichever takes longer")
    return 0


def _installed(only: str | None) -> list[str]:
    """The engines to measure; one that is asked for by name must be there."""
    from ..core.errors import ChainruleError
    from ..engines.engine import engine

    if only is not None:
        return [engine(only).name]
    found = []
    for name in ENGINES:
        try:
            found.append(engine(name).name)
        except ChainruleError:
            print(f"left out: the engine {name!r}, which is not installed")
    return found


# ---- what is trained


def _perceptron(engine: str) -> tuple[Any, Any, Any, int]:
    from .. import layers, optimizers
    from ..models import Sequential

    model = Sequential([layers.Input((13,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.01), "mse", engine=engine)
    return model, *_rows((404, 13), 0), 32


def _mlp(engine: str) -> tuple[Any, Any, Any, int]:
    from .. import layers
    from ..models import Sequential

    dense = layers.Dense(512, "relu"), layers.Dense(256, "relu"), layers.Dense(10, "softmax")
    model = Sequential([layers.Input((784,)), *dense])
    model.compile("adam", "sparse_categorical_crossentropy", engine=engine)
    return model, *_rows((640, 784), 10), 64


def _cnn(engine: str) -> tuple[Any, Any, Any, int]:
    from .. import layers
    from ..models import Sequential

    model = Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, "relu"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", engine=engine)
    return model, *_rows((256, 28, 28, 1), 10), 64


WORKLOADS: dict[str, Callable[[str], tuple[Any, Any, Any, int]]] = {
    "perceptron": _perceptron,
    "mlp": _mlp,
    "cnn": _cnn,
}


def _rows(shape: tuple[int, ...], classes: int) -> tuple[Any, Any]:
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape, dtype=np.float32)
    return x, rng.integers(0, classes, shape[0]).astype(np.int32) if classes else x.sum(1, keepdims=True)


def measure(name: str, engine: str, seconds: float, limits: dict[str, float]) -> tuple[float, float, float]:
    """Seconds of the first step with all that precedes it, of a step in a long fit, and of the floor."""
    model, x, y, batch = WORKLOADS[name](engine)
    steps = -(-len(x) // batch)
    start = time.perf_counter()
    model.fit(x[:batch], y[:batch], batch_size=batch, verbose=0)
    first = time.perf_counter() - start
    step = timed(lambda epochs: model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0), seconds) / steps
    return first, step, floor(model, x[:batch], y[:batch], limits)


# ---- the machine's limits


def limits(seconds: float = 0.5) -> dict[str, float]:
    """``gemm``: FLOP/s of a float32 matrix product by NumPy. ``copy``: bytes read and written a second by a large copy.

    The best of many tries: a limit is what the machine can do when nobody disturbs it.

    >>> sorted(limits(0.01))
    ['copy', 'gemm']
    """
    import numpy as np

    n, size = 1024, 1 << 26
    a = np.ones((n, n), np.float32)
    out = np.empty_like(a)
    source, target = np.zeros(size, np.uint8), np.ones(size, np.uint8)
    gemm = _best(lambda: np.matmul(a, a, out=out), seconds)
    copy = _best(lambda: np.copyto(target, source), seconds)
    return {"gemm": 2 * n**3 / gemm, "copy": 2 * size / copy}


def _best(work: Callable[[], object], seconds: float) -> float:
    """The shortest of the times it takes, tried for so long."""
    found: list[float] = []
    work()
    while sum(found) < seconds:
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def floor(model: Any, x: Any, y: Any, limits: dict[str, float]) -> float:
    """The least seconds that a training step on this batch can take on a machine of these limits.

    The model has been trained for at least one step, so that its loss and its optimizer's slots are there.

    The multiply-accumulates of its products, forward and backward, by `price`, at the matrix rate; or what cannot stay
    in the processor, the batch read once and each weight and optimizer slot read and written, at the rate of a copy:
    whichever takes longer.
    """
    from ..analysis.price import price
    from ..tensors.tensor import tensor

    whole = price(
        lambda x, y: model.compute_loss(x, y, model(x, training=True)), tensor(x), tensor(y), backward=True
    ).total
    held = {id(v): v for v in (*model.weights, *model.optimizer.variables)}
    moved = x.nbytes + y.nbytes + 2 * sum(v.size * v.dtype.itemsize for v in held.values())
    return max(2 * whole.macs / limits["gemm"], moved / limits["copy"])
