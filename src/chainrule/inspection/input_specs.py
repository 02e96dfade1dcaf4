"""The specs of a model's inputs."""

from __future__ import annotations

from typing import Any

from ..tensors import tree


def input_specs(model: Any) -> Any:
    """Return the specs of the inputs, nested as the model takes them; ``None`` before a subclassed model is called."""
    if model._functional is not None:
        return tree.map(lambda t: t.spec, model._functional.inputs)
    return model._call_specs
