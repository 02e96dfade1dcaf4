"""How an operation is done: the three ways of `ways`, their source, that they give the same, how long each takes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..core.clock import timed
from ..core.display import Figure
from ..core.errors import ValueProblem
from ..core.messages import LazyMessage
from ..draw.table import to_dataframe
from ..engines.compile import compile as compiled
from ..engines.engine import xla_installed
from .implementations import IMPLEMENTATIONS

NAMES = ("loop", "vectorised", "compiled")
PATIENCE = 1.0  # seconds: a way that took longer is not tried on a larger size


@dataclass
class Size:
    """One size: seconds by way (``None``: not tried), and the largest difference from the vectorised result."""

    n: int
    seconds: dict[str, float | None]
    difference: float


@dataclass(repr=False)
class ImplementationComparison(Figure):
    """One operation three ways."""

    name: str
    what: LazyMessage
    sources: dict[str, str]
    sizes: list[Size]

    _renderer_module = "how"

    def to_dict(self) -> dict[str, Any]:
        """Source and times as plain data."""
        return {"name": self.name, "what": self.what, "sources": self.sources, "sizes": [vars(s) for s in self.sizes]}

    def to_pandas(self) -> Any:
        """A row a size. Needs pandas."""
        return to_dataframe([{"n": s.n, **s.seconds, "difference": s.difference} for s in self.sizes])


def _repeat(run: Callable[[], Any], count: int) -> None:
    for _ in range(count):
        run()


def how(name: str, sizes: Sequence[int] | None = None, seconds: float = 0.05) -> ImplementationComparison:
    """An operation with loops, vectorised and compiled: the source of each, that they agree, the times as size grows.

    Args:
        name: ``"conv2d"``, ``"max pooling"``, ``"dense"``, ``"softmax"`` or ``"logistic regression"``.
        sizes: to try; by default four. seconds: of timing for each way and size.

    The third way runs on XLA where it is installed, else on NumPy. Results may differ by rounding.

    >>> found = how("softmax", sizes=[5], seconds=0.001)
    >>> found.sizes[0].difference < 1e-12
    True
    """
    if name not in IMPLEMENTATIONS:
        raise ValueProblem(f"how({name!r})", f"one of {', '.join(map(repr, IMPLEMENTATIONS))}", 'e.g. how("conv2d")')
    ways = IMPLEMENTATIONS[name]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise ValueProblem(f"seconds={seconds!r}", "a number more than 0", "e.g. seconds=0.05")
    tried = list(ways.sizes if sizes is None else sizes) if sizes is None or isinstance(sizes, Sequence) else []
    if not tried or any(isinstance(n, bool) or not hasattr(n, "__index__") or n < 4 for n in tried):
        raise ValueProblem(f"sizes={sizes!r}", "whole numbers from 4", "e.g. sizes=[8, 64]")
    fast = compiled(ways.compiled, engine="xla" if xla_installed() else "numpy")
    found: list[Size] = []
    slow: set[str] = set()  # ways that are not tried any more
    for n in tried:
        data = [np.asarray(a) for a in ways.data(int(n))]
        lists = [a.tolist() for a in data]
        runs = {
            "loop": partial(ways.loop, *lists),
            "vectorised": partial(ways.vectorised, *data),
            "compiled": partial(fast, *data),
        }
        right = np.asarray(runs["vectorised"]())
        apart = 0.0
        times: dict[str, float | None] = dict.fromkeys(NAMES)
        for way in NAMES:
            if way in slow:
                continue
            apart = max(apart, float(np.max(np.abs(np.asarray(runs[way]()) - right))))
            spent = timed(partial(_repeat, runs[way]), seconds)
            times[way] = spent
            if spent > PATIENCE:
                slow.add(way)
        found.append(Size(int(n), times, apart))
    sources = {way: inspect.getsource(getattr(ways, way)) for way in NAMES}
    return ImplementationComparison(name, ways.what, sources, found)
