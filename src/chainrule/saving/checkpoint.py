"""Checkpoints: all that a training run needs to continue bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..callbacks import CallbackList
from ..core.errors import ChainruleError, GraphError, ValueProblem
from ..models import Model
from ..ops import random
from ..serialization.names import to_snake_case
from ..tensors.variable import Variable
from ..training.preparation import is_built, optimizers_of
from . import archive, safetensors
from .model_file import assign
from .names import variables_of


class Checkpoint:
    """A checkpoint that was read, for the `fit` that continues from it.

    Attributes:
        position: the next epoch and the next step in it. first_epoch: that which began at the start of the data.
        work: what had been computed before the fit, by which its engine was chosen.
        logs: the numbers of the previous step, if it was of the same epoch. stop_training: whether a callback had
            decided to stop.
        stream: the state of the random stream that shuffles examples. sources: the positions in the data and the
            validation data. callbacks: their states.
    """

    def __init__(self, state: dict[str, Any], arrays: dict[str, Any], where: str) -> None:
        self.arrays, self.where = arrays, where
        epoch, step = state["position"]
        self.position = (int(epoch), int(step))
        self.first_epoch = int(state.get("first_epoch", 0))  # older files have none
        self.work = float(state.get("work", 0.0))
        self.logs: dict[str, Any] = dict(state["logs"])
        self.stop_training = bool(state["stop_training"])
        self.stream = None if state["stream"] is None else np.array(state["stream"], np.uint32).reshape(3)
        self.sources: list[Any] = list(state["sources"])
        self.callbacks: dict[str, Any] = dict(state["callbacks"])
        streams = state["random"]
        self.random = {
            "seed": int(streams["seed"]),
            "words": np.array(streams["words"], np.uint32).reshape(3),
            "derived": {str(name): int(count) for name, count in streams["derived"].items()},
        }

    def restore(self, model: Model, metrics: bool = True) -> None:
        """Restore the model, its optimizer, its metrics (created by the first step) and the random streams.

        Raises:
            ChainruleError: if the model, the optimizer or the metrics do not match; then nothing is changed.
        """
        arrays = {n: a for n, a in self.arrays.items() if metrics or not n.startswith("metrics/")}
        assign(_variables(model, metrics), arrays, self.where, exact=True)
        random.set_state(self.random)


def save_checkpoint(model: Model, filepath: Any, callbacks: CallbackList | None = None) -> None:
    """Write the state of training to a file. `callbacks`: default those of the `fit` in progress.

    Raises:
        ChainruleError: for a model that is not built and compiled, a callback or data set whose state is not plain
            data, or a file that cannot be written; a previous file is kept.
    """
    training = model.training_state
    hooks = callbacks if callbacks is not None else training.callbacks
    stream = next((s.stream for s in training.sources if s.stream is not None), None)
    arrays: dict[str, Any] = {name: v.numpy() for name, v in _variables(model).items()}
    state = {
        "position": training.position,
        "first_epoch": training.first_epoch,
        "logs": training.logs,
        "stop_training": bool(training.stop_training),
        "work": training.work.before_fit,
        "stream": None if stream is None else stream.state.numpy().tolist(),
        "sources": [source.state_to_save() for source in training.sources],
        "callbacks": hooks.get_state() if hooks is not None else {},
        "random": random.get_state(),
    }
    members = {
        "metadata.json": archive.metadata("checkpoint"),
        "state.json": archive.dump_json(_without_arrays(state, arrays)),
        "arrays.safetensors": safetensors.dumps(arrays),
    }
    archive.write(filepath, members)


def load_checkpoint(model: Model, filepath: Any) -> None:
    """Read what `save_checkpoint` wrote into an equally built and compiled model; the next `fit` continues there.

    Raises:
        ChainruleError: for a file that is not a complete checkpoint, or one of another model; then nothing is changed.
    """
    where = archive.describe_source(filepath).replace("the file", "the checkpoint", 1)
    members = archive.read(filepath, "checkpoint", {"state.json", "arrays.safetensors"}, set())
    arrays, _ = safetensors.loads(members["arrays.safetensors"], where)
    try:
        state = _with_arrays(archive.parse_json(members["state.json"], "state.json", where), arrays)
        variables = {n: a for n, a in arrays.items() if not n.startswith("state/")}
        checkpoint = Checkpoint(state, variables, where)
    except ChainruleError:
        raise
    except Exception as error:
        passed = f"{where}, whose state is malformed ({type(error).__name__}: {error})"
        raise ValueProblem(passed, "a file as it was saved", "remove it to start again") from None
    checkpoint.restore(model, metrics=False)
    model.training_state.resume = checkpoint


def _variables(model: Model, metrics: bool = True) -> dict[str, Variable]:
    """Return all variables of a run, by names that do not depend on automatic names in this process."""
    if not model.compiled:
        raise GraphError("a checkpoint of a model that was not compiled", "a compiled model", "compile the model first")
    if not is_built(model):
        passed = "a checkpoint of a model without weights"
        raise GraphError(passed, "a model that is built", "call it once, or begin with Input")
    variables = {f"model/{name}": v for name, v in variables_of(model).items()}
    if model.optimizer is not None:
        model.optimizer.build(model.trainable_weights)
    for k, optimizer in enumerate(optimizers_of(model)):
        prefix = f"optimizer_{k}" if k else "optimizer"
        variables.update({f"{prefix}/{i}_{v.name}": v for i, v in enumerate(optimizer.variables)})
    for i, metric in enumerate(model.metrics if metrics else ()):
        kind = to_snake_case(type(metric).__name__)
        variables.update({f"metrics/{i}_{kind}/{k}_{v.name}": v for k, v in enumerate(metric.variables)})
    return variables


def _without_arrays(x: Any, arrays: dict[str, Any]) -> Any:
    """Move arrays inside `x` to `arrays`, and put their names in their places; nan and infinity become strings."""
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
    passed = f"{x!r:.80} in the state of a callback or data set"
    expected = "numbers, strings, None, arrays, lists, and dictionaries with string keys"
    raise ValueProblem(passed, expected, "change what its get_state returns")


def _with_arrays(x: Any, arrays: dict[str, Any]) -> Any:
    """Undo `_without_arrays`."""
    if isinstance(x, dict):
        if set(x) == {"__array__"}:
            return arrays[x["__array__"]]
        if set(x) == {"__number__"}:
            return arrays[x["__number__"]][()]
        if set(x) == {"__float__"}:
            return float(x["__float__"])
        return {k: _with_arrays(v, arrays) for k, v in x.items()}
    return [_with_arrays(v, arrays) for v in x] if isinstance(x, list) else x
