"""Descent: the loss over a plane of the weights, and the trajectories of optimizers across it from one start.

The plane is that of two weights; or, of a larger model, of the two principal directions of the trajectories (Lorch
2016), or of two random directions scaled weight by weight (Li et al., arXiv:1712.09913).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import optimizers
from ..core.arguments import at_least, whole_number
from ..core.display import Figure, to_dataframe
from ..core.errors import GraphError, ValueProblem
from ..core.messages import LazyMessage
from ..core.progress import progress
from ..engines.compile import compile as compiled
from ..layers.layer import forget_losses
from ..ops import random
from ..tensors import tree
from ..tensors.tensor import constant
from ..tensors.tree import to_json_data
from ..tensors.variable import StateOverlay, recording
from ..training import Trainer
from ..training.compilable import loss_of_batch
from ..training.data_adapter import one_batch
from ..training.preparation import float_dtype_of, prepare, require_compiled

GRID_SIZE, MARGIN, MAX_WEIGHT = 41, 0.25, 1e6  # points a side; around the trajectories; more counts as diverged
MAX_NUMPY_SIZE = 1_000_000  # numbers that a loss touches: below it NumPy is done before a program is compiled


@dataclass
class Trajectory:
    """One optimizer's trajectory.

    Attributes:
        rate: the learning rate. batch_size: ``None``: all data.
        points: the points in the plane, of the first seed: (updates + 1, 2); fewer once it diverged.
        losses: the loss of all data after each update, a row for each seed; nan once a run diverged.
    """

    name: str
    rate: float
    batch_size: int | None
    points: Any
    losses: Any

    def mean_loss(self) -> Any:
        """Return the mean over seeds after each update, up to the last that any of them reached."""
        return np.nanmean(self._reached(), axis=0)

    def loss_range(self) -> tuple[Any, Any] | None:
        """Return the least and the greatest loss of all seeds after each update; ``None`` of one seed."""
        losses = self._reached()
        return (np.nanmin(losses, axis=0), np.nanmax(losses, axis=0)) if len(losses) > 1 else None

    def final_loss(self) -> float:
        """Return the mean over seeds of the last finite loss."""
        return float(np.mean([run[np.isfinite(run)][-1] for run in self.losses if np.isfinite(run).any()]))

    @property
    def diverged(self) -> bool:
        """Whether any seed diverged."""
        return any(np.isnan(run[-1]) for run in self.losses)

    def _reached(self) -> Any:
        return self.losses[:, ~np.isnan(self.losses).all(axis=0)]


@dataclass(repr=False)
class Descent(Figure):
    """A loss surface and the trajectories across it.

    Attributes:
        axes: the names of the plane's two directions. xs, ys: the grid's coordinates. surface: the loss, (ys, xs).
        trajectories: by name. start, best: the point of the start; the lowest point of all trajectories.
    """

    name: str
    axes: tuple[str, str]
    xs: Any
    ys: Any
    surface: Any
    trajectories: dict[str, Trajectory]
    start: tuple[float, float]
    best: tuple[float, float]

    _renderer_module, _height = "descent", 900

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        trajectories = {}
        for t in self.trajectories.values():
            arrays = {"points": t.points.tolist(), "losses": t.losses.tolist()}
            trajectories[t.name] = {"rate": t.rate, "batch_size": t.batch_size, **arrays}
        grid = {"xs": self.xs.tolist(), "ys": self.ys.tolist(), "surface": self.surface.tolist()}
        return to_json_data({"name": self.name, "axes": list(self.axes), **grid, "ways": trajectories})

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each update: way, seed, update, loss."""
        rows = []
        for t in self.trajectories.values():
            for seed, losses in enumerate(t.losses):
                rows += [{"way": t.name, "seed": seed, "update": k, "loss": float(v)} for k, v in enumerate(losses)]
        return to_dataframe(rows)


@progress("walking down the loss")
def descent(
    model: Any, x: Any, y: Any, ways: dict[str, tuple[Any, int | None]] | None = None, *, learning_rate: float = 0.05,
    learning_rates: Sequence[float] | None = None, updates: int = 60, plane: Any = None, seeds: int = 1,
) -> Descent:  # fmt: skip
    """Train copies of a model with several optimizers from its present weights, and draw their trajectories over the
    loss. The model is not changed.

    Args:
        model: compiled, for its loss; a copy is trained.
        ways: by name, an optimizer and the batch size (``None``: all data). By default full-batch, stochastic and
            mini-batch descent (1 and 32 examples), momentum and Adam.
        learning_rate: of the default optimizers. learning_rates: instead, full-batch descent at each of these.
        updates: how many updates each optimizer takes.
        plane: two weights, ``("dense/kernel", (0, 0)), ("dense/bias", 0)``; ``"principal"`` or ``"random"``. By
            default the two weights of a model that has two, else the principal directions.
        seeds: how many orders of the data each optimizer is run with; the band around a loss curve is their range.

    >>> import chainrule as cr
    >>> model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1, name="d")])
    >>> model.compile(loss="mse")
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> result = descent(model, x, 2 * x + 1, learning_rate=0.3, updates=20)
    >>> result.axes, bool(result.trajectories["full batch"].losses[0, -1] < 0.01)
    (('d/kernel[0, 0]', 'd/bias[0]'), True)
    """
    updates, seeds = at_least(1, updates=updates), at_least(1, seeds=seeds)
    if not isinstance(model, Trainer):
        raise ValueProblem(f"descent of {model!r:.60}", "a model", "e.g. descent(model, x, y)")
    if learning_rates is not None:
        if not isinstance(learning_rates, Sequence) or not all(isinstance(r, int | float) for r in learning_rates):
            raise ValueProblem(f"learning_rates={learning_rates!r}", "a list of numbers", "e.g. [0.001, 0.1, 2.0]")
        ways = {LazyMessage("rate {rate:g}", rate=rate): (optimizers.SGD(rate), None) for rate in learning_rates}
    ways = _default_ways(learning_rate) if ways is None else ways
    if not isinstance(ways, dict):
        raise ValueProblem(f"ways={ways!r:.60}", "a dictionary", 'e.g. {"mine": (SGD(0.1), 32)}')
    for name, way in ways.items():
        fits = isinstance(way, tuple) and len(way) == 2 and isinstance(way[0], optimizers.Optimizer)
        if not fits or not (way[1] is None or (whole_number(way[1]) or 0) > 0):
            passed = f"ways[{name!r}]={way!r}"
            raise ValueProblem(passed, "an optimizer and a batch size from 1, or None", 'e.g. {"mine": (SGD(0.1), 32)}')
    if not ways:
        raise ValueProblem("ways={}", "at least one optimizer", "leave it out for the defaults")
    require_compiled(model, "descent")
    batch = one_batch(x, y, None, float_dtype_of(model))
    prepare(model, batch, training=True)
    if not model.trainable_weights:
        raise GraphError(f"descent of {model.name!r}, which has no trainable weight", "weights to move", "add a layer")
    loss = _loss_of(model, batch)
    start = [w.numpy().astype(np.float64) for w in model.trainable_weights]
    stream = random.get_state()
    runs = {
        name: [_train(model, batch, optimizer, size, updates, seed, loss) for seed in range(seeds)]
        for name, (optimizer, size) in ways.items()
    }
    random.set_state(stream)  # layers may have drawn from it
    axes, first, second = _plane(model, start, runs, plane)
    trajectories: dict[str, Trajectory] = {}
    for name, runs_of_seeds in runs.items():
        points = np.array([_project(weights, start, first, second) for weights, _ in runs_of_seeds[0]])
        losses = np.full((len(runs_of_seeds), updates + 1), np.nan)
        for row, run in zip(losses, runs_of_seeds, strict=True):
            row[: len(run)] = [value for _, value in run]
        optimizer, size = ways[name]
        trajectories[name] = Trajectory(name, float(np.asarray(optimizer.learning_rate)), size, points, losses)
    origin = _project(start, start, first, second)
    lowest = min(((t.losses[0][k], tuple(p)) for t in trajectories.values() for k, p in enumerate(t.points)
                  if np.isfinite(t.losses[0][k])), default=(0.0, tuple(origin)))  # fmt: skip
    xs, ys = _grid(trajectories, origin, np.array(lowest[1]))
    surface = np.array([[loss(_step_along(start, first, second, a, b)) for a in xs] for b in ys])
    offset = _axis_offset(start, first, second, plane is None or not isinstance(plane, str))
    for t in trajectories.values():
        t.points = t.points + offset
    start_point = (float(origin[0] + offset[0]), float(origin[1] + offset[1]))
    best = (float(lowest[1][0] + offset[0]), float(lowest[1][1] + offset[1]))
    return Descent(model.name, axes, xs + offset[0], ys + offset[1], surface, trajectories, start_point, best)


def _default_ways(rate: float) -> dict[str, tuple[Any, int | None]]:
    return {
        LazyMessage("full batch"): (optimizers.SGD(rate), None),
        LazyMessage("stochastic"): (optimizers.SGD(rate), 1),
        LazyMessage("mini-batch"): (optimizers.SGD(rate), 32),
        LazyMessage("momentum"): (optimizers.SGD(rate, momentum=0.9), 32),
        "Adam": (optimizers.Adam(rate), 32),
    }


def _loss_of(model: Any, batch: Any) -> Callable[[Sequence[Any]], float]:
    """Return the loss of all data as a function of the trainable weights."""
    weights = model.trainable_weights
    x, y = tree.map(lambda a: None if a is None else constant(a), batch[:2])
    size = sum(w.size for w in weights) * _row_count(batch)

    def loss_at(*values: Any) -> Any:
        overlay = StateOverlay()
        overlay.current = {id(w): v for w, v in zip(weights, values, strict=True)}
        with recording(overlay):
            loss = loss_of_batch(model, x, y, model(x, training=False), None, False)
        forget_losses(model)
        return loss

    program = compiled(loss_at, engine="numpy" if size < MAX_NUMPY_SIZE else None)
    return lambda values: float(program(*[v.astype(w.dtype) for v, w in zip(values, weights, strict=True)]))


def _train(
    model: Any, batch: Any, optimizer: Any, size: int | None, updates: int, seed: int, loss: Any
) -> list[tuple[list[Any], float]]:
    """Train a copy of the model; return the weights and the loss at the start and after each update, until the weights
    diverge."""
    trained = copy.deepcopy(model)
    changes = {"optimizer": copy.deepcopy(optimizer), "metrics": None, "weighted_metrics": None}
    trained.compile(**{**model.compile_arguments, **changes})
    rows = _row_count(batch)
    rng = np.random.default_rng(seed)
    order: list[int] = []
    run = []
    for k in range(updates + 1):
        weights = [w.numpy().astype(np.float64) for w in trained.trainable_weights]
        if not all(np.isfinite(w).all() and (np.abs(w) < MAX_WEIGHT).all() for w in weights):
            break
        run.append((weights, loss(weights)))
        if k == updates:
            break
        if size is None:
            trained.train_on_batch(*batch[:2])
            continue
        if len(order) < min(size, rows):
            order = rng.permutation(rows).tolist()
        chosen, order = order[:size], order[size:]
        trained.train_on_batch(*tree.map(partial(_take_rows, chosen), batch[:2]))
    return run


def _take_rows(rows: list[int], array: Any) -> Any:
    return None if array is None else array[rows]


def _row_count(batch: Any) -> int:
    return len(tree.leaves(batch[0])[0])


def _plane(
    model: Any, start: list[Any], runs: Mapping[str, Any], plane: Any
) -> tuple[tuple[str, str], list[Any], list[Any]]:
    """Return the names of the plane's two directions, and the directions, each a list of arrays like the weights."""
    count = sum(w.size for w in start)
    names = [w.path.removeprefix(f"{model.name}/") for w in model.trainable_weights]
    if plane is None and count == 2:
        plane = [(n, index) for n, w in zip(names, start, strict=True) for index in np.ndindex(w.shape)]
    if plane is None or plane == "principal":
        visited = [np.concatenate([w.ravel() for w in weights]) for run in runs.values() for weights, _ in run[0]]
        differences = np.array(visited) - np.concatenate([w.ravel() for w in start])
        _, _, directions = np.linalg.svd(differences, full_matrices=False)
        if len(directions) < 2:
            directions = np.eye(2, count)
        a, b = (_split(direction, start) for direction in directions[:2])
        return (LazyMessage("first principal direction"), LazyMessage("second principal direction")), a, b
    if plane == "random":
        rng = np.random.default_rng(0)
        a, b = ([_scale_to_norm(rng.normal(size=w.shape), w) for w in start] for _ in range(2))
        return (LazyMessage("first random direction"), LazyMessage("second random direction")), a, b
    pairs = [plane, *plane] if isinstance(plane, list | tuple) else [plane]
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise ValueProblem(f"plane={plane!r}", "two weights, 'principal' or 'random'", "see the examples")
    first, second = (_unit_direction(names, start, *entry) for entry in plane)
    titles = [f"{name}[{', '.join(map(str, np.atleast_1d(index)))}]" for name, index in plane]
    return (titles[0], titles[1]), first, second


def _unit_direction(names: list[str], start: list[Any], name: str, index: Any) -> list[Any]:
    """Return the direction of one entry of one weight."""
    if name not in names:
        raise ValueProblem(f"the weight {name!r}", f"one of {names}", "check the name")
    direction = [np.zeros_like(w) for w in start]
    try:
        direction[names.index(name)][index] = 1.0
    except IndexError:
        raise ValueProblem(f"the entry {index} of {name!r}", "an entry inside it", "check its shape") from None
    return direction


def _scale_to_norm(direction: Any, weight: Any) -> Any:
    """Return a direction scaled to the norm of a weight."""
    norm = np.linalg.norm(direction)
    return direction * (np.linalg.norm(weight) / norm if norm else 0.0)


def _split(flat: Any, like: list[Any]) -> list[Any]:
    """Return a flat array split into arrays of the shapes of `like`."""
    ends = np.cumsum([w.size for w in like])[:-1]
    return [part.reshape(w.shape) for part, w in zip(np.split(flat, ends), like, strict=True)]


def _project(weights: list[Any], start: list[Any], first: list[Any], second: list[Any]) -> Any:
    """Return the coordinates of the point of the plane that is nearest to the weights."""
    difference = np.concatenate([(w - s).ravel() for w, s in zip(weights, start, strict=True)])
    basis = np.stack([np.concatenate([d.ravel() for d in direction]) for direction in (first, second)], axis=1)
    coordinates, *_ = np.linalg.lstsq(basis, difference, rcond=None)
    return coordinates


def _step_along(start: list[Any], first: list[Any], second: list[Any], a: float, b: float) -> list[Any]:
    """Return the weights at the point (a, b) of the plane."""
    return [s + a * f + b * g for s, f, g in zip(start, first, second, strict=True)]


def _axis_offset(start: list[Any], first: list[Any], second: list[Any], own: bool) -> Any:
    """Return what is added to the plane's coordinates for the axes' labels: the weights' values at the start where the
    directions are single weights, else 0."""
    if not own or any(np.count_nonzero(np.concatenate([d.ravel() for d in g])) != 1 for g in (first, second)):
        return np.zeros(2)
    return np.array([sum(float((s * d).sum()) for s, d in zip(start, g, strict=True)) for g in (first, second)])


def _grid(trajectories: dict[str, Trajectory], start: Any, best: Any) -> tuple[Any, Any]:
    """Return the grid's coordinates: around the start, the best point, and the points that are not far from it."""
    reach = 2.0 * max(float(np.linalg.norm(best - start)), 1e-3)
    points = np.concatenate([t.points for t in trajectories.values()])
    near = points[np.linalg.norm(points - best, axis=1) <= reach]
    shown = np.concatenate([near, [start], [best]])
    low, high = shown.min(axis=0), shown.max(axis=0)
    margin = np.maximum(high - low, 0.2 * max((high - low).max(), 1e-3)) * MARGIN
    xs, ys = (np.linspace(low[k] - margin[k], high[k] + margin[k], GRID_SIZE) for k in (0, 1))
    return xs, ys
