"""The choice of an engine, which runs traced steps.

An engine sees a step graph, variables and rows of data; no layer, loss or optimizer.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache

from .. import distribution
from ..analysis.price import price
from ..core import arguments
from ..core.errors import ValueProblem
from ..core.providers import provider
from ..transforms.trace import Step
from .allocator import keep_freed_memory
from .numpy import NumpyEngine
from .protocol import Engine, Program, Work

STARTUP_SECONDS = 2.0  # of XLA: its import and a compilation


class Automatic:
    """NumPy, or XLA where it is installed and the work is worth a compilation; chosen for the first step.

    The choice depends on what a step costs (`analysis.price`), how often it will run, on the work that the model has
    been given before in this process, and on what is installed; never on a clock, nor on what is compiled already: the
    same script makes the same choices. For several processes or devices (`distribution`), it is XLA.
    """

    name = "automatic"

    def __init__(self, runs: int | None = None, work: Work | None = None) -> None:
        self.runs, self.work = runs, Work() if work is None else work
        self.chosen: Engine | None = None

    def with_expected_runs(self, runs: int | None, work: Work) -> Engine:
        """Return an engine that is chosen for so many runs after the work done before."""
        return Automatic(runs, work)

    def resolved_for(self, step: Step) -> Engine:
        """Return the chosen engine; choose it for this step if it is the first."""
        if self.chosen is None:
            distributed = distribution.process_count() > 1 or distribution.distribution() is not None
            fast = xla_installed() and (self._is_worth_compiling(step) or distributed)
            self.chosen = engine("xla") if fast else NumpyEngine()
        return self.chosen

    def program(self, step: Step) -> Program:
        """Return the step's program on the chosen engine."""
        return self.resolved_for(step).program(step)

    def _is_worth_compiling(self, step: Step) -> bool:
        runs = 1000 if self.runs is None else self.runs
        cost = price(list(step.graph.outputs)).total
        by_numpy = 5e-6 * len(step.graph.nodes) + cost.macs / 2e10 + cost.bytes / 4e9
        by_xla = cost.macs / 1e11 + cost.bytes / 2e10
        self.work.saved_by_xla += runs * max(by_numpy - by_xla, 0.0)
        return self.work.saved_by_xla > STARTUP_SECONDS


@cache
def xla_installed() -> bool:
    """Whether the extra ``chainrule[fast]`` is installed; JAX is not imported."""
    return importlib.util.find_spec("jax") is not None and importlib.util.find_spec("jaxlib") is not None


def _xla() -> Engine:
    if not xla_installed():
        raise ValueProblem("engine='xla' without JAX", "the extra chainrule[fast]", 'pip install "chainrule[fast]"')
    keep_freed_memory()
    return provider("xla").XlaEngine()


_ENGINES: dict[str, Callable[[], Engine]] = {"numpy": NumpyEngine, "xla": _xla}


def engine(name: str | None = None) -> Engine:
    """Return the engine of this name, ``"numpy"`` or ``"xla"``; default: by the work and what is installed.

    >>> engine("numpy").name
    'numpy'
    """
    if name is None:
        return Automatic()
    return _ENGINES[arguments.one_of(_ENGINES, engine=name)]()


__all__ = ["Automatic", "engine", "xla_installed"]
