"""The XLA engine: the only room that knows JAX, by its public API alone. Loaded when it is first asked for.

`lower` makes a graph a function of JAX arrays, by the records' own values; `lax` and `calls` hold what JAX must be told
otherwise; `kernels` the same for CPUs with C++; `fit` compiles steps; `devices` shares them among devices and
processes; `settings` says how many threads, and where programs are kept.

May import: `graph`, `ops`, `readings` (the step), `tensor`, `engine`, `distribution`.
"""

from __future__ import annotations

from ...transforms.trace import Step
from ..engine import Engine
from . import devices
from .calls import REPLACED
from .fit import XlaProgram
from .kernels import replaced
from .lower import lower
from .settings import configure_jax


class XlaEngine:
    """Compiles steps with XLA (`engine.Engine`)."""

    name = "xla"

    def __init__(self) -> None:
        configure_jax()
        devices.start()

    def program(self, step: Step) -> XlaProgram:
        alone = devices.mesh() is None  # kernels are not split among devices
        return XlaProgram(step, replaced() if alone else REPLACED)

    def with_expected_runs(self, runs: int | None) -> Engine:
        return self

    def resolved_for(self, step: Step) -> Engine:
        return self


__all__ = ["XlaEngine", "XlaProgram", "lower"]
