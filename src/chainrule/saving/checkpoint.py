"""All that a training run needs to go on bit for bit: weights, optimizer, random streams, place, metrics, callbacks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..callbacks import CallbackList
from ..core.errors import ChainruleError, GraphError, ValueProblem
from ..models import Model
from ..ops import random
from ..serialization.registry import to_snake_case
from ..tensors.tensor import Variable
from . import archive, safetensors
from .model_file import assign
from .names import variables_of


class Checkpoint:
    """A checkpoint that was read, for the `fit` that goes on from it.

    Attributes:
        position: the epoch, and the step in it, that come next. logs: the numbers of the step before, if it was of the
            same epoch. stop_training: whether a callback had decided to stop.
        stream: the words from which orders of examples are drawn. sources: where the data, and the validation data,
            stood. callbacks: their states.
    """

    def __init__(self, state: dict[str, Any], arrays: dict[str, Any], where: str) -> None:
        self.arrays, self.where = arrays, where
        epoch, step = state["position"]
        self.position = (int(epoch), int(step))
        self.logs: dict[str, Any] = dict(state["logs"])
        self.stop_training = bool(state["stop_training"])
        self.stream = None if state["stream"] is None else np.array(state["stream"], np.uint32).reshape(3)
        self.sources: list[Any] = list(state["sources"])
        self.callbacks: dict[str, Any] = dict(state["callbacks"])
        given = state["random"]
        self.random = {
            "seed": int(given["seed"]),
            "words": np.array(given["words"], np.uint32).reshape(3),
            "derived": {str(name): int(count) for name, count in given["derived"].items()},
        }

    def restore(self, model: Model, metrics: bool = True) -> None:
        """Give the model, its optimizer, its metrics (made by the first step) and the streams the numbers kept here.

        Raises:
            ChainruleError: if the model, the optimizer or the metrics are others; nothing is changed then.
        """
        arrays = {n: a for n, a in self.arrays.items() if metrics or not n.startswith("metrics/")}
        assign(_variables(model, metrics), arrays, self.where, exact=True)
        random.set_state(self.random)


def save_checkpoint(model: Model, filepath: Any, callbacks: CallbackList | None = None) -> None:
    """Write where training stands. `callbacks` are those of the `fit` in progress, unless given.

    Raises:
        ChainruleError: for a model that is not built and compiled, a callback or data set whose state is no data, or
            a file that cannot be written; what was there before stays.
    """
    hooks = callbacks if callbacks is not None else model._hooks_now
    stream = next((s.stream for s in model._sources if s.stream is not None), None)
    arrays: dict[str, Any] = {name: v.numpy() for name, v in _variables(model).items()}
    state = {
        "position": model._position,
        "logs": model._logs or {},
        "stop_training": bool(model.stop_training),
        "stream": None if stream is None else stream.state.numpy().tolist(),
        "sources": [source.standing() for source in model._sources],
        "callbacks": hooks.get_state() if hooks is not None else {},
        "random": random.get_state(),
    }
    members = {
        "metadata.json": archive.metadata("checkpoint"),
        "state.json": archive.dumped(_without_arrays(state, arrays)),
        "arrays.safetensors": safetensors.dumps(arrays),
    }
    archive.write(filepath, members)


def load_checkpoint(model: Model, filepath: Any) -> None:
    """Take up what `save_checkpoint` wrote, into a model built and compiled as it was; the next `fit` goes on there.

    Raises:
        ChainruleError: for a file that is no whole checkpoint, or one of another model; nothing is changed then.
    """
    where = archive.named(filepath).replace("the file", "the checkpoint", 1)
    members = archive.read(filepath, "checkpoint", {"state.json", "arrays.safetensors"}, set())
    arrays, _ = safetensors.loads(members["arrays.safetensors"], where)
    try:
        state = _with_arrays(archive.parsed(members["state.json"], "state.json", where), arrays)
        own = {n: a for n, a in arrays.items() if not n.startswith("state/")}
        found = Checkpoint(state, own, where)
    except ChainruleError:
        raise
    except Exception as error:
        raise ValueProblem(
            f"{where}, whose state is not as it is written ({type(error).__name__}: {error})",
            "a file as it was saved",
            "remove it to begin anew",
        ) from None
    found.restore(model, metrics=False)
    model._resume = found


def _variables(model: Model, metrics: bool = True) -> dict[str, Variable]:
    """All variables of a run, by places and kinds that do not hang on names made up in this process."""
    if not model.compiled:
        raise GraphError("a checkpoint of a model that was not compiled", "compile to come first", "compile the model")
    if not model._all_built():
        raise GraphError(
            "a checkpoint of a model without weights yet", "a model that is built", "call it once, or begin with Input"
        )
    found = {f"model/{name}": v for name, v in variables_of(model).items()}
    if model.optimizer is not None:
        model.optimizer.build(model.trainable_weights)
    for k, optimizer in enumerate(model._optimizers):
        place = f"optimizer_{k}" if k else "optimizer"
        found.update({f"{place}/{i}_{v.name}": v for i, v in enumerate(optimizer.variables)})
    for i, metric in enumerate(model.metrics if metrics else ()):
        kind = to_snake_case(type(metric).__name__)
        found.update({f"metrics/{i}_{kind}/{k}_{v.name}": v for k, v in enumerate(metric.variables)})
    return found


def _without_arrays(x: Any, arrays: dict[str, Any]) -> Any:
    """`x` with its arrays moved into `arrays`, and their names in their places; nan and infinity as words."""
    if isinstance(x, np.ndarray | np.generic):
        name = f"state/{len(arrays)}"
        arrays[name] = x
        return {"__array__": name} if isinstance(x, np.ndarray) else {"__number__": name}
    if isinstance(x, float) and not np.isfinite(x):
        return {"__float__": repr(x)}
    if isinstance(x, dict) and all(isinstance(k, str) for k in x):
        return {k: _without_arrays(v, arrays) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [_without_arrays(v, arrays) for v in x]
    if x is None or isinstance(x, bool | int | float | str):
        return x
    raise ValueProblem(
        f"{x!r:.80} in the state of a callback or data set",
        "numbers, words, None, arrays, lists, and dictionaries by words",
        "change what its get_state gives",
    )


def _with_arrays(x: Any, arrays: dict[str, Any]) -> Any:
    if isinstance(x, dict):
        if set(x) == {"__array__"}:
            return arrays[x["__array__"]]
        if set(x) == {"__number__"}:
            return arrays[x["__number__"]][()]
        if set(x) == {"__float__"}:
            return float(x["__float__"])
        return {k: _with_arrays(v, arrays) for k, v in x.items()}
    return [_with_arrays(v, arrays) for v in x] if isinstance(x, list) else x
