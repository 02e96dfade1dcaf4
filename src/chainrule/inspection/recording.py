"""A recording of a fit: at sampled moments its losses, weights, gradients, activations, filters, and, where the input
has two columns, the decision boundary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..callbacks import Callback
from ..core.arguments import whole_number
from ..core.display import Figure, to_dataframe
from ..core.errors import ValueProblem
from ..graph.spec import is_float
from ..tensors import tree
from ..tensors.tensor import Tensor
from ..tensors.tree import flatten, to_json_data
from .probe import Probe
from .values import named_weights

DEFAULT_MOMENTS, MAX_MOMENTS = 24, 100  # the most keeps the page below 5 MB
MAX_ARRAY_SIZE = 4096  # of an array that is kept; of a larger one only its norm is
PROBE_SIZE = 64  # examples that values and gradients are computed on
GRID_SIZE, MAX_POINTS = 48, 200  # the boundary's points a side; examples drawn on it
MAX_CHANNELS, MAP_SIDE = 8, 24  # of a feature map; its rows and columns are subsampled to about so many


@dataclass
class Moment:
    """The state of a fit after some updates.

    Attributes:
        step: the updates so far. weights, gradients: small ones in full, by path.
        sizes: for each weight its norm and its gradient's.
        activations: for each layer mean, standard deviation and the share of entries that are 0.
        maps: the first example's feature maps, of layers whose output is an image.
        boundary: the output over the plane of two columns, (rows, columns).
    """

    step: int
    epoch: int
    logs: dict[str, float]
    weights: dict[str, Any]
    sizes: dict[str, tuple[float, float]]
    activations: dict[str, tuple[float, float, float]]
    maps: dict[str, Any]
    boundary: Any = None
    gradients: dict[str, Any] = field(default_factory=dict)

    def gradient_ratio(self, path: str) -> float | None:
        """Return the norm of a weight's gradient over the weight's; ``None`` if the weight is 0."""
        weight, gradient = self.sizes[path]
        return gradient / weight if weight else None


@dataclass(repr=False)
class Recording(Figure):
    """All moments of a fit; a page with a slider, data, a table.

    Attributes:
        plane: the coordinates of the boundary's two axes. points: examples on it: their two columns, and the target.
    """

    name: str
    moments: list[Moment] = field(default_factory=list)
    plane: tuple[Any, Any] | None = None
    points: Any = None

    _renderer_module, _height = "recording", 700

    def to_dict(self) -> dict[str, Any]:
        """Return all moments as plain data; large arrays as their shape, mean and extremes."""
        return {"name": self.name, "moments": [to_json_data(m) for m in self.moments]}

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each moment and weight: its norm and its gradient's."""
        rows = []
        for m in self.moments:
            for path, (weight, gradient) in m.sizes.items():
                rows.append({"step": m.step, "epoch": m.epoch, **m.logs, "weight": path, "norm": weight,
                             "gradient": gradient})  # fmt: skip
        return to_dataframe(rows)


class Recorder(Callback):
    """Record a fit at the ends of epochs.

    Args:
        at: the epochs, counted from 0, after which to record. batch: the examples that values and gradients are
            computed on. x, y: the data, of which some is drawn on a decision boundary.
    """

    def __init__(self, at: set[int], batch: Any, x: Any, y: Any) -> None:
        self.at, self.batch = at, _first_rows(batch, PROBE_SIZE)
        self.x, self.y = x, y
        self.recording = Recording("")
        self.epoch, self.first_update = 0, 0
        self.probe: Probe | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        self.recording, self.probe = Recording(self.model.name), None
        self.first_update = self._updates()
        self._prepare_plane()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        if not self.recording.moments:  # before the first step, on the fit's engine
            self.record({})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        if epoch in self.at:
            self.record(logs or {})

    def on_train_end(self, logs: Any = None) -> None:
        """Give the recording to the fit's history."""
        if not self.recording.moments:  # of a fit without epochs
            self.record({})
        self.model.history.recording = self.recording

    def record(self, logs: dict[str, Any]) -> None:
        """Record a moment."""
        if self.probe is None:
            engine = None if self.model.run_eagerly else self.model.training_state.engine
            self.probe = Probe(self.model, self.batch, engine)
        outputs, all_gradients = self.probe()
        weights, weight_gradients, sizes = {}, {}, {}
        for path, variable in named_weights(self.model).items():
            value = variable.numpy()
            sizes[path] = (float(np.linalg.norm(value)), float(np.linalg.norm(all_gradients.get(path, 0.0))))
            if value.size <= MAX_ARRAY_SIZE:
                weights[path] = np.array(value)
                if path in all_gradients:
                    weight_gradients[path] = np.array(all_gradients[path])
        activations, maps = {}, {}
        for name, value in outputs.items():
            if is_float(value.dtype) and value.size:
                value = value.astype(np.float32) if value.dtype.kind != "f" else value
                activations[name] = (float(value.mean()), float(value.std()), float((value == 0).mean()))
                if value.ndim == 4:
                    step = max(1, max(value.shape[1:3]) // MAP_SIDE)
                    maps[name] = np.array(value[0, ::step, ::step, :MAX_CHANNELS])
        step, boundary = self._updates() - self.first_update, self._boundary()
        moment = Moment(step, self.epoch, _scalars(logs), weights, sizes, activations, maps, boundary, weight_gradients)
        self.recording.moments.append(moment)

    def _updates(self) -> int:
        """Return how many updates the optimizer has made."""
        return int(self.model.optimizer.iterations) if self.model.optimizer is not None else 0

    def _prepare_plane(self) -> None:
        """Set the recording's plane and points, if the input has two columns."""
        inputs = flatten(self.batch[0])[0]
        targets = flatten(self.batch[1])[0] if self.batch[1] is not None else []
        if len(inputs) != 1 or len(targets) != 1 or inputs[0].ndim != 2 or inputs[0].shape[1] != 2:
            return
        x = np.asarray(self.x if isinstance(self.x, np.ndarray) else inputs[0], dtype=float)[:MAX_POINTS]
        y = np.asarray(self.y if isinstance(self.y, np.ndarray) else self.batch[1], dtype=float)[:MAX_POINTS]
        low, high = x.min(axis=0), x.max(axis=0)
        margin = 0.1 * np.maximum(high - low, 1e-6)
        axes = [np.linspace(low[k] - margin[k], high[k] + margin[k], GRID_SIZE) for k in (0, 1)]
        target = y.reshape(len(y), -1)
        self.recording.plane = (axes[0], axes[1])
        self.recording.points = (x, target.argmax(axis=1) if target.shape[1] > 1 else target[:, 0])

    def _boundary(self) -> Any:
        """Return the model's output over the plane: the single output, or the class of the largest."""
        if self.recording.plane is None:
            return None
        xs, ys = np.meshgrid(*self.recording.plane)
        out = self.model.predict_on_batch(np.stack([xs.ravel(), ys.ravel()], axis=1).astype("float32"))
        if not isinstance(out, np.ndarray) or out.ndim != 2:
            return None
        return (out[:, 0] if out.shape[1] == 1 else out.argmax(axis=1).astype(float)).reshape(xs.shape)


class StepRecorder(Recorder):
    """Record a fit after single steps, for fits of few epochs.

    Args:
        at: the steps of this fit, counted from 1 through all epochs, after which to record.
    """

    steps = 0  # of this fit so far

    def on_train_begin(self, logs: Any = None) -> None:
        self.steps = 0
        super().on_train_begin(logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1
        if self.steps in self.at:
            self.record(logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add the epoch's logs, such as ``val_loss``, to a moment at its end."""
        self.epoch = epoch
        if self.steps in self.at:
            self.recording.moments[-1].logs |= _scalars(logs or {})


def _scalars(logs: dict[str, Any]) -> dict[str, float]:
    """Return the logs that are single numbers."""
    return {k: float(v) for k, v in logs.items() if np.ndim(v) == 0}


def recorder(record: Any, batch: Any, x: Any, y: Any, epochs: range, steps: int | None) -> Recorder:
    """Return the callback for ``fit(..., record=...)``; `steps`: of an epoch, if known."""
    count = DEFAULT_MOMENTS if record is True else whole_number(record)
    if count is None or not 1 <= count <= MAX_MOMENTS:
        raise ValueProblem(f"record={record!r}", f"True, or how many moments, 1 to {MAX_MOMENTS}", "e.g. record=True")
    if steps is None or len(epochs) >= count:
        chosen = {int(k) for k in np.linspace(epochs.stop - 1, epochs.start, count).round()}
        return Recorder(chosen, batch, x, y)
    ends = {steps * (k + 1) for k in range(len(epochs))}  # which have the validation
    others = np.setdiff1d(np.arange(1, steps * len(epochs) + 1), list(ends))
    spread = np.linspace(0, len(others) - 1, min(count - len(ends), len(others))).round().astype(int)
    return StepRecorder({*ends, *others[spread].tolist()}, batch, x, y)


def _first_rows(batch: Any, count: int) -> Any:
    """Return the first rows of every array of a batch."""

    def first_rows(a: Any) -> Any:
        return None if a is None else np.asarray(a.numpy() if isinstance(a, Tensor) else a)[:count]

    return tree.map(first_rows, batch)
