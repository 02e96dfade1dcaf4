"""Compare the three implementations of an operation: their source, their results, their times."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from ..core.arguments import at_least, finite
from ..core.clock import median_seconds
from ..core.display import Figure, to_dataframe
from ..core.errors import ValueProblem
from ..core.messages import LazyMessage
from ..core.progress import progress
from ..engines.compile import compile as compiled
from ..engines.engine import xla_installed
from .implementations import IMPLEMENTATIONS, Implementations

NAMES = ("loop", "vectorised", "compiled")
MAX_SECONDS = 1.0  # an implementation that took longer is not run on a larger size


@dataclass
class Size:
    """One size: seconds by implementation (``None``: not run), and the largest difference from the vectorised one."""

    n: int
    seconds: dict[str, float | None]
    difference: float

    @property
    def speedup(self) -> float | None:
        """The time of the loop over that of the compiled operation."""
        loop, fast = self.seconds["loop"], self.seconds["compiled"]
        return loop / fast if loop is not None and fast else None


@dataclass(repr=False)
class ImplementationComparison(Figure):
    """One operation implemented with loops, vectorised and compiled."""

    name: str
    what: LazyMessage
    sources: dict[str, str]
    sizes: list[Size]

    _renderer_module = "how"

    def to_dict(self) -> dict[str, Any]:
        """Return source and times as plain data."""
        return {"name": self.name, "what": self.what, "sources": self.sources, "sizes": [vars(s) for s in self.sizes]}

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each size."""
        return to_dataframe([{"n": s.n, **s.seconds, "difference": s.difference} for s in self.sizes])


def _repeat(run: Callable[[], Any], count: int) -> None:
    for _ in range(count):
        run()


def how(name: str, sizes: Sequence[int] | None = None, seconds: float = 0.05) -> ImplementationComparison:
    """Compare an operation with loops, vectorised and compiled: the source of each, their agreement, the times as the
    size grows.

    Args:
        name: ``"conv2d"``, ``"max pooling"``, ``"dense"``, ``"softmax"``, ``"perceptron"`` (its residual sum of
            squares, RSS, and the gradient) or ``"logistic regression"``.
        sizes: to run; by default four. seconds: of timing for each implementation and size.

    The compiled operation runs on XLA where it is installed, else on NumPy. Results may differ by rounding.

    >>> comparison = how("softmax", sizes=[5], seconds=0.001)
    >>> comparison.sizes[0].difference < 1e-12
    True
    """
    key = name.lower().replace("_", " ") if isinstance(name, str) else name
    if not isinstance(name, str) or key not in IMPLEMENTATIONS:
        raise ValueProblem(f"how({name!r})", f"one of {', '.join(map(repr, IMPLEMENTATIONS))}", 'e.g. how("conv2d")')
    name, implementations = key, IMPLEMENTATIONS[key]
    seconds = finite(above=0, seconds=seconds)
    if sizes is None:
        sizes = implementations.sizes
    if not isinstance(sizes, Sequence) or not sizes:
        raise ValueProblem(f"sizes={sizes!r}", "a list of whole numbers from 4 up", "e.g. sizes=[8, 64]")
    sizes = [at_least(4, sizes=n) for n in sizes]
    fast = compiled(implementations.compiled, engine="xla" if xla_installed() else "numpy")
    with progress(f"running {name}") as show:
        results = _measured(implementations, fast, sizes, seconds, lambda text: show(f"running {name}: {text}"))
    sources = {key: inspect.getsource(getattr(implementations, key)) for key in NAMES}
    return ImplementationComparison(name, implementations.what, sources, results)


def _measured(
    implementations: Implementations, fast: Callable[..., Any], sizes: Sequence[int], seconds: float,
    show: Callable[[str], None],
) -> list[Size]:  # fmt: skip
    """Run and time the implementations on each size; one that took long is run no further."""
    results: list[Size] = []
    too_slow: set[str] = set()
    for n in sizes:
        show(f"data of size {n}")
        data = [np.asarray(a) for a in implementations.data(n)]
        lists = [a.tolist() for a in data]
        runs = {
            "loop": partial(implementations.loop, *lists),
            "vectorised": partial(implementations.vectorised, *data),
            "compiled": partial(fast, *data),
        }
        expected = np.asarray(runs["vectorised"]())
        difference = 0.0
        times: dict[str, float | None] = dict.fromkeys(NAMES)
        for implementation in NAMES:
            if implementation in too_slow:
                continue
            show(f"{implementation}, size {n}")
            start = perf_counter()
            result = np.asarray(runs[implementation]())
            time = perf_counter() - start
            difference = max(difference, float(np.max(np.abs(result - expected))))
            if time <= MAX_SECONDS or implementation == "compiled":  # whose first run compiles
                time = median_seconds(partial(_repeat, runs[implementation]), seconds)
            times[implementation] = time
            if time > MAX_SECONDS:
                too_slow.add(implementation)
        results.append(Size(n, times, difference))
    return results
