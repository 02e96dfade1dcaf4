"""How an operation is done: the three ways of `ways`, their source, that they give the same, how long each takes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..compiling import compile as compiled
from ..draw.curves import Line, Panel, svg
from ..draw.page import page as whole_page
from ..draw.text import clean
from ..engine import xla_installed
from ..errors import ValueProblem
from ..said import Said
from ..seen import Drawn
from ..utils.clock import timed
from . import table
from .ways import WAYS
from .words import Say, catalogue

NAMES = ("loop", "vectorised", "compiled")
PATIENCE = 1.0  # seconds: a way that took longer is not tried on a larger size


@dataclass
class Size:
    """One size: seconds by way (``None``: not tried), and the largest difference from the vectorised result."""

    n: int
    seconds: dict[str, float | None]
    difference: float


@dataclass(repr=False)
class How(Drawn):
    """One operation three ways."""

    name: str
    what: Said
    sources: dict[str, str]
    sizes: list[Size]

    _figure = "how"

    def to_dict(self) -> dict[str, Any]:
        """Source and times as plain data."""
        return {"name": self.name, "what": self.what, "sources": self.sources, "sizes": [vars(s) for s in self.sizes]}

    def to_pandas(self) -> Any:
        """A row a size. Needs pandas."""
        return table.frame([{"n": s.n, **s.seconds, "difference": s.difference} for s in self.sizes])

    def to_svg(self, language: str | None = None) -> str:
        """Time against size."""
        say = catalogue(language)
        words = _words(say)
        lines = []
        for way in NAMES:
            points = [(s.n, seconds) for s in self.sizes if (seconds := s.seconds[way]) is not None]
            lines.append(Line(words[way], [n for n, _ in points], [1e3 * t for _, t in points]))
        return svg([Panel(say(self.what), "n", "ms", lines, log_x=True)], self.name, 620, 360)

    def to_html(self, language: str | None = None) -> str:
        """A page: source, table, picture."""
        say = catalogue(language)
        words = _words(say)
        parts = [f"<h1>{clean(self.name)}</h1><p>{clean(say(self.what))}</p>"]
        for way in NAMES:
            parts.append(f"<h2>{clean(words[way])}</h2><pre>{clean(self.sources[way])}</pre>")
        parts.append(f"<h2>{clean(say('how long it takes'))}</h2>{table.html(*self._table(say))}")
        parts.append(f"<figure>{self.to_svg(language)}</figure>")
        return whole_page(self.name, "".join(parts), say.language, script=False)

    def to_text(self, language: str | None = None) -> str:
        """For a terminal: source, table."""
        say = catalogue(language)
        words, (heads, rows) = _words(say), self._table(say)
        shown = [f"{words[way]}:\n{self.sources[way]}" for way in NAMES]
        return "\n".join([f"{self.name}: {say(self.what)}\n", *shown, table.aligned([heads, *rows], 0)])

    def _table(self, say: Say) -> tuple[list[str], list[list[str]]]:
        words = _words(say)
        heads = ["n", *(f"{words[way]}, ms" for way in NAMES), say("loop over compiled"), say("largest difference")]
        rows = []
        for s in self.sizes:
            times = ["-" if (t := s.seconds[way]) is None else f"{1e3 * t:.4g}" for way in NAMES]
            loop, fast = s.seconds["loop"], s.seconds["compiled"]
            ratio = f"{loop / fast:.3g}×" if loop is not None and fast else "-"
            rows.append([f"{s.n:,}", *times, ratio, f"{s.difference:.1e}"])
        return heads, rows


def _words(say: Say) -> dict[str, str]:
    return {"loop": say("with loops"), "vectorised": say("vectorised"), "compiled": say("compiled")}


def _repeat(run: Callable[[], Any], count: int) -> None:
    for _ in range(count):
        run()


def how(name: str, sizes: Sequence[int] | None = None, seconds: float = 0.05) -> How:
    """An operation with loops, vectorised and compiled: the source of each, that they agree, the times as size grows.

    Args:
        name: ``"conv2d"``, ``"max pooling"``, ``"dense"``, ``"softmax"`` or ``"logistic regression"``.
        sizes: to try; by default four. seconds: of timing for each way and size.

    The third way runs on XLA where it is installed, else on NumPy. Results may differ by rounding.

    >>> found = how("softmax", sizes=[5], seconds=0.001)
    >>> found.sizes[0].difference < 1e-12
    True
    """
    if name not in WAYS:
        raise ValueProblem(f"how({name!r})", f"one of {', '.join(map(repr, WAYS))}", 'e.g. how("conv2d")')
    ways = WAYS[name]
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
    return How(name, ways.what, sources, found)
