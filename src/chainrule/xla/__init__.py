"""The XLA engine: the only room that knows JAX, by its public API alone. Loaded when it is first asked for.

`lower` makes a graph a function of JAX arrays, by the records' own values; `lax` and `calls` hold what JAX must be told
otherwise; `fit` compiles steps; `devices` shares them among devices and processes.

May import: `graph`, `ops`, `readings` (the step), `tensor`, `engine`, `distribution`.
"""

from __future__ import annotations

from ..engine import Engine
from ..readings.trace import Step
from . import devices
from .calls import REPLACED
from .fit import XlaProgram
from .lower import lower


class XlaEngine:
    """Compiles steps with XLA (`engine.Engine`)."""

    name = "xla"

    def __init__(self) -> None:
        devices.start()

    def program(self, step: Step) -> XlaProgram:
        return XlaProgram(step, REPLACED)

    def for_runs(self, runs: int | None) -> Engine:
        return self

    def settled(self, step: Step) -> Engine:
        return self


__all__ = ["XlaEngine", "XlaProgram", "lower"]
