"""The order of operations that do not depend on each other."""

from __future__ import annotations

from .record import Operation
from .rules import loop_batch, per_entry
from .sample import Draw, Sample

after = Operation.define(
    "after",
    lambda xp, x, other: x[...],
    spec=lambda specs: specs[0],
    local=(1, None),
    batch=loop_batch,
    cost=per_entry(),
    is_view=True,
    is_barrier=True,
    gradient_note="after passes the gradient to its first input",
    format="{0}",
    samples=[Sample(Draw(2, 3), Draw(4)), Sample([1, 2], 0.5), Sample([True, False], [1, 2, 3])],
    doc="x itself, computed after `other`; no engine merges it with what was computed before.\n\n"
    ">>> ops.after([1.0, 2.0], 5.0)\ntensor([1., 2.])",
)
