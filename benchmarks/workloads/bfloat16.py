"""W3b to W6b: chainrule in mixed bfloat16 over chainrule in float32; faster where the processor has AMX."""

from dataclasses import replace
from typing import Any

from contestants import OURS

from . import cnn, inception, mlp, resnet


def with_bfloat16(work: Any) -> Any:
    """Return a workload in mixed bfloat16, compared with float32 only."""
    return replace(
        work,
        key=work.key + "b",
        name=work.name + "-bfloat16",
        title=work.title + ", mixed bfloat16 over our own float32",
        policy="mixed_bfloat16",
        tolerance=0.05,  # bfloat16 has eight bits of mantissa
        bar=0.6,
        floor=False,  # the floor is for float32
        contestants=(OURS, "chainrule float32"),
    )


WORKS = tuple(with_bfloat16(module.WORKS[0]) for module in (mlp, cnn, inception, resnet))
