"""What `compile` was given, brought to one loss and a list of metrics, for one output or several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import losses as loss_words
from .. import metrics as metric_words
from .. import ops
from ..core.errors import GraphError, ShapeError, ValueProblem
from ..losses import Loss
from ..metrics import Mean, Metric
from ..tensors.tensor import Tensor, as_tensor


def outputs_of(y_pred: Any, names: Sequence[str] | None) -> dict[str, Tensor]:
    """The outputs by name: a dictionary's keys, the model's output names, or numbers."""
    if isinstance(y_pred, dict):
        return dict(y_pred)
    flat = list(y_pred) if isinstance(y_pred, list | tuple) else [y_pred]
    if any(y is None for y in flat):
        raise GraphError("None as a model's output", "tensors", "let call(self, inputs) return what it computes")
    if names is None or len(names) != len(flat):
        names = [f"output_{i}" for i in range(len(flat))]
    return dict(zip(names, flat, strict=True))


def spread(given: Any, names: Sequence[str], what: str, single: bool = True) -> dict[str, Any]:
    """`given` by output name: from a dictionary, a list in order, or one for all."""
    if isinstance(given, dict):
        unknown = [k for k in given if k not in names]
        if unknown:
            raise ValueProblem(
                f"{what} for {', '.join(map(repr, unknown))}",
                f"the outputs {', '.join(map(repr, names))}",
                "check the names",
            )
        return {name: given.get(name) for name in names}
    if isinstance(given, list | tuple) and not (single and len(names) == 1 and len(given) != 1):
        if len(given) != len(names):
            raise ValueProblem(
                f"{len(given)} {what} for {len(names)} outputs",
                "one for each output",
                "give a list as long as the outputs",
            )
        return dict(zip(names, given, strict=True))
    return dict.fromkeys(names, given)


class CompiledLoss:
    """The loss of all outputs: their own losses, weighted and added; with several, each is tracked by name."""

    def __init__(self, loss: Any, weights: Any) -> None:
        self.given, self.weights = loss, weights
        self.by_output: dict[str, tuple[Loss | None, float]] | None = None
        self.trackers: dict[str, Mean] = {}
        if not isinstance(loss, list | tuple | dict):
            self.given = loss_words.as_loss(loss)

    def build(self, names: Sequence[str]) -> None:
        """Settle which output has which loss."""
        losses = spread(self.given, names, "losses")
        weights = spread(1.0 if self.weights is None else self.weights, names, "loss weights")
        self.by_output = {
            n: (loss_words.as_loss(losses[n]), 1.0 if weights[n] is None else float(weights[n])) for n in names
        }
        if len(names) > 1:
            self.trackers = {n: Mean(name=f"{n}_loss") for n, (loss, _) in self.by_output.items() if loss is not None}

    def __call__(self, y: Any, y_pred: dict[str, Tensor], sample_weight: Any) -> Tensor | None:
        names = list(y_pred)
        if self.by_output is None:  # called by hand, before any fit
            self.build(names)
        assert self.by_output is not None
        targets, weights = by_name(y, names, "targets"), by_name(sample_weight, names, "sample weights")
        parts: list[Tensor] = []
        for name, (loss, share) in self.by_output.items():
            if loss is None:
                continue
            target = targets.get(name)
            if target is None:
                raise ValueProblem(
                    f"no targets for the output {name!r}",
                    "targets for each output with a loss",
                    f"check y, which names {', '.join(map(repr, targets))}" if targets else "pass y",
                )
            value = loss(target, y_pred[name], weights.get(name))
            if name in self.trackers:
                self.trackers[name].update_state(value, sample_weight=y_pred[name].shape[0])
            parts.append(value * share if share != 1.0 else value)
        return sum(parts[1:], parts[0]) if parts else None


def by_name(data: Any, names: Sequence[str], what: str) -> dict[str, Any]:
    """Targets or weights by output name; one array serves a single output."""
    if data is None:
        return {}
    if isinstance(data, dict):
        return data
    if isinstance(data, list | tuple) and len(names) > 1:
        if len(data) != len(names):
            raise ShapeError(f"{len(data)} {what} for {len(names)} outputs", "one for each output", "check the list")
        return dict(zip(names, data, strict=True))
    if isinstance(data, list | tuple) and len(data) == 1:
        data = data[0]
    return dict.fromkeys(names, data)


class Measured(NamedTuple):
    """A metric of an output, and the name of its result."""

    output: str
    metric: Metric
    weighted: bool
    name: str


class CompiledMetrics:
    """The metrics of all outputs, made once shapes are known; names carry the output's where there are several."""

    def __init__(self, metrics: Any, weighted: Any) -> None:
        self.given, self.weighted_given = metrics, weighted
        self.by_output: list[Measured] | None = None

    def build(self, y: Any, y_pred: dict[str, Tensor]) -> None:
        """Make the metrics, ``"accuracy"`` by the shapes of targets and outputs."""
        names = list(y_pred)
        targets = by_name(y, names, "targets")
        self.by_output = []
        taken: Counter[str] = Counter()
        for given, weighted in ((self.given, False), (self.weighted_given, True)):
            if given is None:
                continue
            if len(names) == 1 and isinstance(given, list | tuple):
                listed: dict[str, Any] = {names[0]: list(_flat(given))}
            else:
                listed = spread(given, names, "metrics")
            for name in names:
                wanted = listed[name] if isinstance(listed[name], list | tuple) else [listed[name]]
                for item in wanted:
                    if item is not None and targets.get(name) is not None:
                        metric = metric_words.resolve(item, targets[name], y_pred[name])
                        prefix = f"{name}_" if len(names) > 1 else ""
                        told = f"{prefix}{metric.name}"
                        if weighted and told in taken:
                            told = f"{prefix}weighted_{metric.name}"
                        numbered = f"{told}_{taken[told]}" if told in taken else told
                        taken[told] += 1
                        self.by_output.append(Measured(name, metric, weighted, numbered))

    @property
    def metrics(self) -> list[Metric]:
        return [found.metric for found in self.by_output or ()]

    @property
    def names(self) -> dict[int, str]:
        """The results' names, by the metrics' ids."""
        return {id(found.metric): found.name for found in self.by_output or ()}

    def update(self, y: Any, y_pred: dict[str, Tensor], sample_weight: Any) -> None:
        """Take in a batch."""
        names = list(y_pred)
        targets, weights = by_name(y, names, "targets"), by_name(sample_weight, names, "sample weights")
        if self.by_output is None and targets:  # called by hand, before any fit
            self.build(y, y_pred)
        for name, metric, weighted, _ in self.by_output or ():
            target = targets.get(name)
            if target is None:
                continue
            if weighted:
                metric.update_state(target, y_pred[name], sample_weight=weights.get(name))
            else:
                metric.update_state(target, y_pred[name])


def _flat(given: Any) -> Any:
    for item in given:
        if isinstance(item, list | tuple):
            yield from _flat(item)
        else:
            yield item


def total(parts: Sequence[Any]) -> Tensor:
    """The sum of losses, 0 if there are none."""
    values = [ops.sum(as_tensor(p)) if as_tensor(p).ndim else as_tensor(p) for p in parts]
    return sum(values[1:], values[0]) if values else ops.zeros(())
