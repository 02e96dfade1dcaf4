"""W3b to W6b: ours in mixed bfloat16 over ours in float32. It pays where the processor has tiles for it (AMX)."""

from dataclasses import replace
from typing import Any

from contestants import OURS

from . import cnn, inception, mlp, resnet


def halved(work: Any) -> Any:
    return replace(
        work,
        key=work.key + "b",
        name=work.name + "-bfloat16",
        title=work.title + ", mixed bfloat16 over our own float32",
        policy="mixed_bfloat16",
        tolerance=0.05,  # eight bits of mantissa
        bar=0.6,
        floor=False,  # it is that of float32
        contestants=(OURS, "chainrule float32"),
    )


WORKS = tuple(halved(module.WORKS[0]) for module in (mlp, cnn, inception, resnet))
