"""Descent: the loss over a plane of the weights, and the ways that optimizers take across it from one start.

The plane is that of two weights; or, of a larger model, of the two principal directions of the ways taken (Lorch 2016),
or of two random directions scaled weight by weight (Li et al., arXiv:1712.09913).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import optimizers
from ..core.display import Figure
from ..core.errors import GraphError, ValueProblem
from ..core.messages import LazyMessage
from ..draw.table import to_dataframe
from ..engines.compile import compile as compiled
from ..ops import random
from ..tensors.tensor import constant, recording
from ..tensors.tree import flatten, plain
from ..training.data_adapter import one_batch
from ..transforms.trace import StateOverlay

GRID, MARGIN, FAR = 41, 0.25, 1e6  # points a side; room around the ways; where a way counts as lost
SMALL = 1_000_000  # numbers that a loss touches: below it NumPy is done before a program is compiled


@dataclass
class Way:
    """One optimizer's way: its places in the plane, and the loss of all data after each update, a row a seed."""

    name: str
    rate: float
    batch_size: int | None
    points: Any
    losses: Any


@dataclass(repr=False)
class Descent(Figure):
    """A surface and the ways across it.

    Attributes:
        axes: what the plane's two directions are. xs, ys: the grid's places. surface: the loss, (ys, xs).
        ways: by name. start, best: the place of the start; the lowest place that any way reached.
    """

    name: str
    axes: tuple[str, str]
    xs: Any
    ys: Any
    surface: Any
    ways: dict[str, Way]
    start: tuple[float, float]
    best: tuple[float, float]

    _renderer_module, _height = "descent", 900

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        ways = {
            w.name: {
                "rate": w.rate,
                "batch_size": w.batch_size,
                "points": w.points.tolist(),
                "losses": w.losses.tolist(),
            }
            for w in self.ways.values()
        }
        grid = {"xs": self.xs.tolist(), "ys": self.ys.tolist(), "surface": self.surface.tolist()}
        found: dict[str, Any] = plain({"name": self.name, "axes": list(self.axes), **grid, "ways": ways})
        return found

    def to_pandas(self) -> Any:
        """A row an update: way, seed, update, loss. Needs pandas."""
        rows = []
        for way in self.ways.values():
            for seed, losses in enumerate(way.losses):
                rows += [{"way": way.name, "seed": seed, "update": k, "loss": float(v)} for k, v in enumerate(losses)]
        return to_dataframe(rows)


def descent(
    model: Any,
    x: Any,
    y: Any,
    ways: dict[str, tuple[Any, int | None]] | None = None,
    *,
    learning_rate: float = 0.05,
    learning_rates: Sequence[float] | None = None,
    updates: int = 60,
    plane: Any = None,
    seeds: int = 1,
) -> Descent:
    """Take several ways down from the model's present weights, and draw them over the loss. The model stays as it is.

    Args:
        model: compiled, for its loss; a copy is trained.
        ways: by name, an optimizer and the batch size (``None``: all data). By default full-batch, stochastic and
            mini-batch descent (1 and 32 examples), momentum and Adam.
        learning_rate: of the default ways. learning_rates: instead, full-batch descent at each of these.
        updates: of each way.
        plane: two weights, ``("dense/kernel", (0, 0)), ("dense/bias", 0)``; ``"principal"`` or ``"random"``. By
            default the two weights of a model that has two, else the principal directions.
        seeds: orders of the data that each way is taken with; the band around a loss curve is their spread.

    >>> import chainrule as cr
    >>> model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1, name="d")])
    >>> model.compile(loss="mse")
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> found = descent(model, x, 2 * x + 1, learning_rate=0.3, updates=20)
    >>> found.axes, bool(found.ways["full batch"].losses[0, -1] < 0.01)
    (('d/kernel[0, 0]', 'd/bias[0]'), True)
    """
    _checked(updates=updates, seeds=seeds)
    if not hasattr(model, "_must_be_compiled"):
        raise ValueProblem(f"descent of {model!r:.60}", "a model", "e.g. descent(model, x, y)")
    if learning_rates is not None:
        if not isinstance(learning_rates, Sequence) or not all(isinstance(r, int | float) for r in learning_rates):
            raise ValueProblem(f"learning_rates={learning_rates!r}", "a list of numbers", "e.g. [0.001, 0.1, 2.0]")
        ways = {LazyMessage("rate {rate:g}", rate=rate): (optimizers.SGD(rate), None) for rate in learning_rates}
    ways = _default(learning_rate) if ways is None else ways
    if not isinstance(ways, dict):
        raise ValueProblem(f"ways={ways!r:.60}", "a dictionary", 'e.g. {"mine": (SGD(0.1), 32)}')
    for name, given in ways.items():
        fits = isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], optimizers.Optimizer)
        if not fits or not (given[1] is None or (isinstance(given[1], int) and given[1] > 0)):
            raise ValueProblem(
                f"the way {name!r}: {given!r}",
                "an optimizer and a batch size from 1, or None",
                'e.g. {"mine": (SGD(0.1), 32)}',
            )
    if not ways:
        raise ValueProblem("no way to take", "at least one", "leave `ways` and `learning_rates` out for the usual ones")
    model._must_be_compiled("descent")
    batch = one_batch(x, y, None, None, model._float_dtype())
    model._prepare(batch, training=True)
    if not model.trainable_weights:
        raise GraphError(f"descent of {model.name!r}, which has no trainable weight", "weights to move", "add a layer")
    loss = _loss_of(model, batch)
    start = [w.numpy().astype(np.float64) for w in model.trainable_weights]
    stream = random.get_state()
    taken = {
        name: [_taken(model, batch, optimizer, size, updates, seed, loss) for seed in range(seeds)]
        for name, (optimizer, size) in ways.items()
    }
    random.set_state(stream)  # layers may have drawn from it
    axes, first, second = _plane(model, start, taken, plane)
    found: dict[str, Way] = {}
    for name, runs in taken.items():
        points = np.array([_place(weights, start, first, second) for weights, _ in runs[0]])
        losses = np.full((len(runs), updates + 1), np.nan)  # nan once a way is lost
        for row, run in zip(losses, runs, strict=True):
            row[: len(run)] = [value for _, value in run]
        optimizer, size = ways[name]
        found[name] = Way(name, float(np.asarray(optimizer.learning_rate)), size, points, losses)
    origin = _place(start, start, first, second)
    lowest = min(((way.losses[0][k], tuple(p)) for way in found.values() for k, p in enumerate(way.points)
                  if np.isfinite(way.losses[0][k])), default=(0.0, tuple(origin)))  # fmt: skip
    xs, ys = _grid(found, origin, np.array(lowest[1]))
    surface = np.array([[loss(_moved(start, first, second, a, b)) for a in xs] for b in ys])
    shift = _labels_start(start, first, second, plane is None or not isinstance(plane, str))
    for way in found.values():
        way.points = way.points + shift
    place = (float(origin[0] + shift[0]), float(origin[1] + shift[1]))
    best = (float(lowest[1][0] + shift[0]), float(lowest[1][1] + shift[1]))
    return Descent(model.name, axes, xs + shift[0], ys + shift[1], surface, found, place, best)


def _checked(**given: Any) -> None:
    for name, value in given.items():
        if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
            raise ValueProblem(f"{name}={value!r}", "a whole number from 1", f"e.g. {name}=10")


def _default(rate: float) -> dict[str, tuple[Any, int | None]]:
    return {
        LazyMessage("full batch"): (optimizers.SGD(rate), None),
        LazyMessage("stochastic"): (optimizers.SGD(rate), 1),
        LazyMessage("mini-batch"): (optimizers.SGD(rate), 32),
        LazyMessage("momentum"): (optimizers.SGD(rate, momentum=0.9), 32),
        "Adam": (optimizers.Adam(rate), 32),
    }


def _loss_of(model: Any, batch: Any) -> Callable[[Sequence[Any]], float]:
    """The loss of all data as a function of the trainable weights."""
    weights = model.trainable_weights
    flat, build = flatten(batch[:2])
    x, y = build([None if a is None else constant(a) for a in flat])
    numbers = sum(w.size for w in weights) * _rows(batch)

    def of(*values: Any) -> Any:
        aside = StateOverlay()
        aside.current = {id(w): v for w, v in zip(weights, values, strict=True)}
        with recording(aside):
            found = model.compute_loss(x, y, model(x, training=False), None, False)
        model._forget_losses()
        return found

    program = compiled(of, engine="numpy" if numbers < SMALL else None)
    return lambda values: float(program(*[v.astype(w.dtype) for v, w in zip(values, weights, strict=True)]))


def _taken(
    model: Any, batch: Any, optimizer: Any, size: int | None, updates: int, seed: int, loss: Any
) -> list[tuple[list[Any], float]]:
    """The weights and the loss at the start and after each update, until they are lost."""
    walker = copy.deepcopy(model)
    walker.compile(
        **{**model._compiled, "optimizer": copy.deepcopy(optimizer), "metrics": None, "weighted_metrics": None}
    )
    flat, build = flatten(batch[:2])
    rows = _rows(batch)
    rng = np.random.default_rng(seed)
    order: list[int] = []
    found = []
    for k in range(updates + 1):
        weights = [w.numpy().astype(np.float64) for w in walker.trainable_weights]
        if not all(np.isfinite(w).all() and (np.abs(w) < FAR).all() for w in weights):
            break
        found.append((weights, loss(weights)))
        if k == updates:
            break
        if size is None:
            walker.train_on_batch(*batch[:2])
            continue
        if len(order) < min(size, rows):
            order = rng.permutation(rows).tolist()
        chosen, order = order[:size], order[size:]
        walker.train_on_batch(*build([None if a is None else a[chosen] for a in flat]))
    return found


def _rows(batch: Any) -> int:
    return len(next(a for a in flatten(batch[0])[0] if a is not None))


def _plane(model: Any, start: list[Any], taken: Any, plane: Any) -> tuple[tuple[str, str], list[Any], list[Any]]:
    """The two directions, as long as the weights themselves, and what they are called."""
    count = sum(w.size for w in start)
    names = [w.path.removeprefix(f"{model.name}/") for w in model.trainable_weights]
    if plane is None and count == 2:
        entries = [(n, index) for n, w in zip(names, start, strict=True) for index in np.ndindex(w.shape)]
        plane = tuple(entries)
    if plane is None or plane == "principal":
        steps = [np.concatenate([w.ravel() for w in weights]) for run in taken.values() for weights, _ in run[0]]
        moved = np.array(steps) - np.concatenate([w.ravel() for w in start])
        _, _, directions = np.linalg.svd(moved, full_matrices=False)
        if len(directions) < 2:
            directions = np.eye(2, count)
        return (
            (LazyMessage("first principal direction"), LazyMessage("second principal direction")),
            _split(directions[0], start),
            _split(directions[1], start),
        )
    if plane == "random":
        rng = np.random.default_rng(0)
        drawn: Any = [[_like(rng.normal(size=w.shape), w) for w in start] for _ in range(2)]
        return (LazyMessage("first random direction"), LazyMessage("second random direction")), drawn[0], drawn[1]
    if (
        not isinstance(plane, list | tuple)
        or len(plane) != 2
        or any(not isinstance(which, list | tuple) or len(which) != 2 for which in plane)
    ):
        raise ValueProblem(f"plane={plane!r}", "two weights, 'principal' or 'random'", "see the examples")
    chosen = [_entry(names, start, *which) for which in plane]
    titles = [f"{name}[{', '.join(map(str, np.atleast_1d(index)))}]" for name, index in plane]
    return (titles[0], titles[1]), chosen[0], chosen[1]


def _entry(names: list[str], start: list[Any], name: str, index: Any) -> list[Any]:
    if name not in names:
        raise ValueProblem(f"the weight {name!r}", f"one of {names}", "check the name")
    found = [np.zeros_like(w) for w in start]
    try:
        found[names.index(name)][index] = 1.0
    except IndexError:
        raise ValueProblem(f"the entry {index} of {name!r}", "an entry inside it", "check its shape") from None
    return found


def _like(direction: Any, weight: Any) -> Any:
    """As long as the weight is."""
    norm = np.linalg.norm(direction)
    return direction * (np.linalg.norm(weight) / norm if norm else 0.0)


def _split(flat: Any, like: list[Any]) -> list[Any]:
    ends = np.cumsum([w.size for w in like])[:-1]
    return [part.reshape(w.shape) for part, w in zip(np.split(flat, ends), like, strict=True)]


def _place(weights: list[Any], start: list[Any], first: list[Any], second: list[Any]) -> Any:
    """Where the weights lie in the plane: the nearest point of it."""
    moved = np.concatenate([(w - s).ravel() for w, s in zip(weights, start, strict=True)])
    basis = np.stack([np.concatenate([d.ravel() for d in direction]) for direction in (first, second)], axis=1)
    found, *_ = np.linalg.lstsq(basis, moved, rcond=None)
    return found


def _moved(start: list[Any], first: list[Any], second: list[Any], a: float, b: float) -> list[Any]:
    return [s + a * f + b * g for s, f, g in zip(start, first, second, strict=True)]


def _labels_start(start: list[Any], first: list[Any], second: list[Any], own: bool) -> Any:
    """What the axes count from: the weights' own values where they are weights, else the start."""
    if not own or any(np.count_nonzero(np.concatenate([d.ravel() for d in g])) != 1 for g in (first, second)):
        return np.zeros(2)
    return np.array([sum(float((s * d).sum()) for s, d in zip(start, g, strict=True)) for g in (first, second)])


def _grid(ways: dict[str, Way], start: Any, best: Any) -> tuple[Any, Any]:
    """Around the start, the best, and what of the ways is not far beyond them."""
    reach = 2.0 * max(float(np.linalg.norm(best - start)), 1e-3)
    points = np.concatenate([way.points for way in ways.values()])
    near = points[np.linalg.norm(points - best, axis=1) <= reach]
    held = np.concatenate([near, [start], [best]])
    low, high = held.min(axis=0), held.max(axis=0)
    room = np.maximum(high - low, 0.2 * max((high - low).max(), 1e-3)) * MARGIN
    return tuple(np.linspace(low[k] - room[k], high[k] + room[k], GRID) for k in (0, 1))  # type: ignore[return-value]
