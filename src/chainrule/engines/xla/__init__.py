"""The XLA engine: the only package that imports JAX, its public API alone. Loaded when it is first asked for.

`fuse` rewrites a graph: what a kernel computes becomes one call, other calls are opened; `lower` makes it a function
of JAX arrays, by the records' own values. `lax` and `calls` hold what is written another way for JAX; `kernels` what is
done in C++ on CPUs; `fit` compiles steps; `report` says which kernels run where; `devices` distributes steps over
devices and processes; `settings` chooses the number of threads, and the folder of compiled programs.
"""

from __future__ import annotations

from ...core.messages import LazyMessage
from ...transforms.trace import Step
from ..protocol import Engine, Work
from . import devices
from .calls import REPLACEMENTS
from .fit import XlaProgram
from .kernels import absence, replacements
from .lower import lower
from .settings import configure_jax


class XlaEngine:
    """Compiles steps with XLA (`engine.Engine`)."""

    name = "xla"

    def __init__(self) -> None:
        configure_jax()
        devices.start()

    def program(self, step: Step) -> XlaProgram:
        """Return the step's program."""
        if devices.current_mesh() is not None:
            return XlaProgram(step, REPLACEMENTS, LazyMessage("kernels are not split among devices"))
        return XlaProgram(step, replacements(), absence())

    def with_expected_runs(self, runs: int | None, work: Work) -> Engine:
        """Return this engine: the number of runs does not matter."""
        return self

    def resolved_for(self, step: Step) -> Engine:
        """Return this engine."""
        return self


__all__ = ["XlaEngine", "XlaProgram", "lower"]
