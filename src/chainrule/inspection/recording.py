"""A run that can be looked at again: at sampled moments of a fit its losses, weights, gradients, activations, filters,
and, where the input has two columns, the decision boundary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..callbacks import Callback
from ..core.display import Figure
from ..core.errors import ValueProblem
from ..draw.table import to_dataframe
from ..graph.spec import is_float
from ..tensors.tensor import Tensor
from ..tensors.tree import flatten

MOMENTS, MOST = 24, 100  # sampled by default; at the most, which keeps the page below 5 MB
HELD = 4096  # numbers of an array that are kept; larger ones are held as their statistics alone
PROBES, GRID, POINTS = 64, 48, 200  # examples looked at; the boundary's points a side; examples drawn on it
MAPS, SIDE = 8, 24  # channels of a feature map; about so many of its rows and columns


@dataclass
class Moment:
    """What was seen after so many updates.

    Attributes:
        weights, gradients: small ones whole, by path. sizes: for each weight its norm and its gradient's.
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


@dataclass(repr=False)
class Recording(Figure):
    """All moments of a fit; a page that can be scrubbed through, data, a table."""

    name: str
    moments: list[Moment] = field(default_factory=list)
    plane: tuple[Any, Any] | None = None  # the boundary's axes
    points: Any = None  # examples on it: two columns, and the target

    _renderer_module, _height = "recording", 700

    def to_dict(self) -> dict[str, Any]:
        """All moments as plain data; large arrays as their shape, mean and extremes."""
        from ..tensors.tree import plain

        return {"name": self.name, "moments": [plain(m) for m in self.moments]}

    def to_pandas(self) -> Any:
        """A row for each moment and weight: its norm and its gradient's. Needs pandas."""
        rows = []
        for m in self.moments:
            for path, (weight, gradient) in m.sizes.items():
                rows.append({"step": m.step, "epoch": m.epoch, **m.logs, "weight": path, "norm": weight,
                             "gradient": gradient})  # fmt: skip
        return to_dataframe(rows)


class Recorder(Callback):
    """Samples a fit at the ends of epochs.

    Args:
        at: the epochs, counted from 0, after which to look. batch: the examples looked at. x, y: the data, of which
            some is drawn on a decision boundary.
    """

    def __init__(self, at: set[int], batch: Any, x: Any, y: Any) -> None:
        self.at, self.batch = at, _first(batch, PROBES)
        self.x, self.y = x, y
        self.recording = Recording("")
        self.epoch, self.begun = 0, 0

    def on_train_begin(self, logs: Any = None) -> None:
        self.recording = Recording(self.model.name)
        self.begun = self._updates()
        self._prepare_plane()
        self.look({})

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        if epoch in self.at:
            self.look(logs or {})

    def on_train_end(self, logs: Any = None) -> None:
        self.model.history.recording = self.recording

    def look(self, logs: dict[str, Any]) -> None:
        """Add a moment."""
        from .values import gradients, named_weights, values

        x, y, w = self.batch
        found = values(self.model, x, training=False)
        slopes = gradients(self.model, x, y, w) if y is not None else {}
        weights, held, sizes = {}, {}, {}
        for path, variable in named_weights(self.model).items():
            value = variable.numpy()
            sizes[path] = (float(np.linalg.norm(value)), float(np.linalg.norm(slopes.get(path, 0.0))))
            if value.size <= HELD:
                weights[path] = np.array(value)
                if path in slopes:
                    held[path] = np.array(slopes[path])
        activations, maps = {}, {}
        for name, value in found.items():
            if is_float(value.dtype) and value.size:
                value = value.astype(np.float32) if value.dtype.kind != "f" else value
                activations[name] = (float(value.mean()), float(value.std()), float((value == 0).mean()))
                if value.ndim == 4:
                    every = max(1, max(value.shape[1:3]) // SIDE)
                    maps[name] = np.array(value[0, ::every, ::every, :MAPS])
        self.recording.moments.append(
            Moment(
                self._updates() - self.begun,
                self.epoch,
                _numbers(logs),
                weights,
                sizes,
                activations,
                maps,
                self._boundary(),
                held,
            )
        )

    def _updates(self) -> int:
        return int(self.model.optimizer.iterations) if self.model.optimizer is not None else 0

    def _prepare_plane(self) -> None:
        flat = flatten(self.batch[0])[0]
        targets = flatten(self.batch[1])[0] if self.batch[1] is not None else []
        if len(flat) != 1 or len(targets) != 1 or flat[0].ndim != 2 or flat[0].shape[1] != 2:
            return
        x = np.asarray(self.x if isinstance(self.x, np.ndarray) else flat[0], dtype=float)[:POINTS]
        y = np.asarray(self.y if isinstance(self.y, np.ndarray) else self.batch[1], dtype=float)[:POINTS]
        low, high = x.min(axis=0), x.max(axis=0)
        room = 0.1 * np.maximum(high - low, 1e-6)
        axes = [np.linspace(low[k] - room[k], high[k] + room[k], GRID) for k in (0, 1)]
        target = y.reshape(len(y), -1)
        self.recording.plane = (axes[0], axes[1])
        self.recording.points = (x, target.argmax(axis=1) if target.shape[1] > 1 else target[:, 0])

    def _boundary(self) -> Any:
        if self.recording.plane is None:
            return None
        xs, ys = np.meshgrid(*self.recording.plane)
        out = self.model.predict_on_batch(np.stack([xs.ravel(), ys.ravel()], axis=1).astype("float32"))
        if not isinstance(out, np.ndarray) or out.ndim != 2:
            return None
        return (out[:, 0] if out.shape[1] == 1 else out.argmax(axis=1).astype(float)).reshape(xs.shape)


class StepRecorder(Recorder):
    """Samples a fit after single steps: a short fit has few epochs.

    Args:
        at: the steps of this fit, counted from 1 through all epochs, after which to look.
    """

    taken = 0

    def on_train_begin(self, logs: Any = None) -> None:
        self.taken = 0
        super().on_train_begin(logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.taken += 1
        if self.taken in self.at:
            self.look(logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        if self.taken in self.at:  # what only the whole epoch tells, such as a val_loss
            self.recording.moments[-1].logs |= _numbers(logs or {})


def _numbers(logs: dict[str, Any]) -> dict[str, float]:
    return {k: float(v) for k, v in logs.items() if np.ndim(v) == 0}


def recorder(record: Any, batch: Any, x: Any, y: Any, epochs: range, steps: int | None) -> Recorder:
    """The callback for ``fit(..., record=...)``."""
    count = MOMENTS if record is True else record
    if isinstance(count, bool) or not hasattr(count, "__index__") or not 1 <= count <= MOST:
        raise ValueProblem(f"record={record!r}", f"True, or how many moments, 1 to {MOST}", "e.g. record=True")
    if steps is None or len(epochs) >= count:
        chosen = {int(k) for k in np.linspace(epochs.stop - 1, epochs.start, int(count)).round()}
        return Recorder(chosen, batch, x, y)
    total = steps * len(epochs)
    return StepRecorder({int(k) for k in np.linspace(total, 1, int(count)).round()}, batch, x, y)


def _first(batch: Any, count: int) -> Any:
    flat, build = flatten(batch)
    return build([None if a is None else np.asarray(a.numpy() if isinstance(a, Tensor) else a)[:count] for a in flat])
