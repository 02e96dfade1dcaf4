"""The specs of what a model takes."""

from __future__ import annotations

from typing import Any

from ..tensors.tree import flatten


def input_specs(model: Any) -> Any:
    """Return the specs of the inputs, nested as the model takes them; ``None`` before a subclassed model is called."""
    if model._functional is not None:
        flat, build = flatten(model._functional.inputs)
        return build([t.spec for t in flat])
    return model._called_with
