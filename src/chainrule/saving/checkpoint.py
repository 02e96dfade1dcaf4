"""All that a training run needs to go on bit for bit: weights, optimizer, random streams, place, metrics, callbacks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..callbacks import CallbackList
from ..errors import GraphError
from ..models import Model
from ..ops import random
from . import archive, safetensors
from .model_file import assign
from .names import variables_of


def save_checkpoint(model: Model, filepath: Any, callbacks: CallbackList | None = None) -> None:
    """Write where training stands. `callbacks` are those of the `fit` in progress, unless given."""
    hooks = callbacks if callbacks is not None else model._hooks_now
    source = model._source
    stream = getattr(source, "stream", None)
    arrays: dict[str, Any] = {name: v.numpy() for name, v in _variables(model).items()}
    state = {
        "position": list(model._position),
        "stop_training": bool(model.stop_training),
        "stream": None if stream is None else stream.state.numpy().tolist(),
        "source": source.get_state() if source is not None else None,
        "callbacks": _without_arrays(hooks.get_state() if hooks is not None else {}, arrays),
        "random": random.get_state(),
    }
    members = {
        "metadata.json": archive.metadata("checkpoint"),
        "state.json": archive.dumped(state),
        "arrays.safetensors": safetensors.dumps(arrays),
    }
    archive.write(filepath, members)


def load_checkpoint(model: Model, filepath: Any) -> None:
    """Take up what `save_checkpoint` wrote, into a model built and compiled as it was; the next `fit` goes on there."""
    members = archive.read(filepath, "checkpoint", {"state.json", "arrays.safetensors"}, set())
    where = f"the checkpoint {str(filepath)!r}"
    state = archive.parsed(members["state.json"], "state.json", where)
    arrays, _ = safetensors.loads(members["arrays.safetensors"], where)
    if not model.compiled:
        raise GraphError("a checkpoint for a model that was not compiled", "compile to come first", "compile the model")
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_weights)
    own = {name: a for name, a in arrays.items() if not name.startswith("callbacks/")}
    assign(_variables(model), own, where)
    random.set_state(state["random"])
    model._resume = {**state, "callbacks": _with_arrays(state["callbacks"], arrays)}


def _variables(model: Model) -> dict[str, Any]:
    found = {f"model/{name}": v for name, v in variables_of(model).items()}
    if model.optimizer is not None and model.optimizer.built:
        found.update({f"optimizer/{i}": v for i, v in enumerate(model.optimizer.variables)})
    for i, metric in enumerate(model.metrics):
        found.update({f"metrics/{i}/{k}": v for k, v in enumerate(metric.variables)})
    return found


def _without_arrays(x: Any, arrays: dict[str, Any]) -> Any:
    """`x` with its arrays moved into `arrays`, and their names in their places; nan and infinity as words."""
    if isinstance(x, np.ndarray):
        name = f"callbacks/{len(arrays)}"
        arrays[name] = x
        return {"__array__": name}
    if isinstance(x, np.generic):
        return _without_arrays(x.item(), arrays)
    if isinstance(x, float) and not np.isfinite(x):
        return {"__float__": repr(x)}
    if isinstance(x, dict):
        return {str(k): _without_arrays(v, arrays) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [_without_arrays(v, arrays) for v in x]
    return x


def _with_arrays(x: Any, arrays: dict[str, Any]) -> Any:
    if isinstance(x, dict):
        if set(x) == {"__array__"}:
            return arrays[x["__array__"]]
        if set(x) == {"__float__"}:
            return float(x["__float__"])
        return {k: _with_arrays(v, arrays) for k, v in x.items()}
    return [_with_arrays(v, arrays) for v in x] if isinstance(x, list) else x
