"""The losses and metrics of `compile` as one loss and a list of metrics, for one output or several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .. import losses, metrics, ops
from ..core.errors import GraphError, ShapeError, ValueProblem
from ..losses import Loss
from ..losses.entries import ignore_missing
from ..metrics import Mean, Metric
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor


def outputs_of(y_pred: Any, names: Sequence[str] | None) -> dict[str, Tensor]:
    """Return the outputs by name: a dictionary's keys, the model's output names, or numbers."""
    if isinstance(y_pred, dict):
        return dict(y_pred)
    flat = list(y_pred) if isinstance(y_pred, list | tuple) else [y_pred]
    if any(y is None for y in flat):
        raise GraphError("None as a model's output", "tensors", "let call(self, inputs) return what it computes")
    if names is None or len(names) != len(flat):
        names = [f"output_{i}" for i in range(len(flat))]
    return dict(zip(names, flat, strict=True))


def by_output_name(values: Any, names: Sequence[str], what: str) -> dict[str, Any]:
    """Return `values` by output name: from a dictionary, a list in order, or one for all."""
    if isinstance(values, dict):
        unknown = [k for k in values if k not in names]
        if unknown:
            passed = f"{what} for {', '.join(map(repr, unknown))}"
            raise ValueProblem(passed, f"the outputs {', '.join(map(repr, names))}", "check the names")
        return {name: values.get(name) for name in names}
    if isinstance(values, list | tuple) and not (len(names) == 1 and len(values) != 1):
        if len(values) != len(names):
            passed = f"{len(values)} {what} for {len(names)} outputs"
            raise ValueProblem(passed, "one for each output", "give a list as long as the outputs")
        return dict(zip(names, values, strict=True))
    return dict.fromkeys(names, values)


class CompiledLoss:
    """The loss of all outputs: their own losses, weighted and added; with several, each is tracked by name.

    Args:
        ignore_missing: whether targets that are nan do not count.
    """

    def __init__(self, loss: Any, weights: Any, ignore_missing: bool = False) -> None:
        self.user_losses, self.weights, self.ignore_missing = loss, weights, ignore_missing
        self.per_output: dict[str, tuple[Loss | None, float]] | None = None
        self.trackers: dict[str, Mean] = {}
        if not isinstance(loss, list | tuple | dict):
            self.user_losses = losses.as_loss(loss)

    def build(self, names: Sequence[str]) -> None:
        """Assign the losses to the outputs."""
        by_name = by_output_name(self.user_losses, names, "losses")
        weights = by_output_name(1.0 if self.weights is None else self.weights, names, "loss weights")
        factors = {n: 1.0 if weights[n] is None else float(weights[n]) for n in names}
        self.per_output = {n: (losses.as_loss(by_name[n]), factors[n]) for n in names}
        if len(names) > 1:
            self.trackers = {n: Mean(name=f"{n}_loss") for n, (loss, _) in self.per_output.items() if loss is not None}

    def __call__(self, y: Any, y_pred: dict[str, Tensor], sample_weight: Any) -> Tensor | None:
        names = list(y_pred)
        if self.per_output is None:  # called by the user, before any fit
            self.build(names)
        assert self.per_output is not None
        targets, weights = targets_by_name(y, names, "targets"), targets_by_name(sample_weight, names, "sample weights")
        parts: list[Tensor] = []
        for name, (loss, share) in self.per_output.items():
            if loss is None:
                continue
            target = targets.get(name)
            if target is None:
                mend = f"check y, which names {', '.join(map(repr, targets))}" if targets else "pass y"
                raise ValueProblem(f"no targets for the output {name!r}", "targets for each output with a loss", mend)
            target = ignore_missing(target) if self.ignore_missing else target
            value = loss(target, y_pred[name], weights.get(name))
            if name in self.trackers:
                self.trackers[name].update_state(value, sample_weight=y_pred[name].shape[0])
            parts.append(value * share if share != 1.0 else value)
        return sum(parts[1:], parts[0]) if parts else None

    @property
    def checks_targets(self) -> bool:
        """Whether any of the losses refuses some targets by their values."""
        losses = [loss for loss, _ in (self.per_output or {}).values()]
        return any(loss is not None and type(loss).check_targets is not Loss.check_targets for loss in losses)

    def check_targets(self, y: Any) -> None:
        """Let the losses check targets, nested arrays of data."""
        targets = targets_by_name(y, list(self.per_output or {}), "targets")
        for name, (loss, _) in (self.per_output or {}).items():
            if loss is not None and targets.get(name) is not None:
                loss.check_targets(targets[name])


def targets_by_name(data: Any, names: Sequence[str], what: str) -> dict[str, Any]:
    """Return targets or weights by output name; one array is for all."""
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


class OutputMetric(NamedTuple):
    """A metric of an output, and the name of its result."""

    output: str
    metric: Metric
    weighted: bool
    name: str


class CompiledMetrics:
    """The metrics of all outputs, made when shapes are known; with several, their names begin with the output's."""

    def __init__(self, metrics: Any, weighted: Any, ignore_missing: bool = False) -> None:
        self.user_metrics, self.user_weighted_metrics, self.ignore_missing = metrics, weighted, ignore_missing
        self.per_output: list[OutputMetric] | None = None

    def build(self, y: Any, y_pred: dict[str, Tensor]) -> None:
        """Make the metrics, ``"accuracy"`` by the shapes of targets and outputs."""
        names = list(y_pred)
        targets = targets_by_name(y, names, "targets")
        self.per_output = []
        used: Counter[str] = Counter()
        for items, weighted in ((self.user_metrics, False), (self.user_weighted_metrics, True)):
            if items is None:
                continue
            if len(names) == 1 and isinstance(items, list | tuple):
                by_name: dict[str, Any] = {names[0]: list(_flatten(items))}
            else:
                by_name = by_output_name(items, names, "metrics")
            for name in names:
                listed = by_name[name] if isinstance(by_name[name], list | tuple) else [by_name[name]]
                for item in listed:
                    if item is not None and targets.get(name) is not None:
                        metric = metrics.resolve(item, targets[name], y_pred[name])
                        prefix = f"{name}_" if len(names) > 1 else ""
                        base = f"{prefix}{metric.name}"
                        if weighted and base in used:
                            base = f"{prefix}weighted_{metric.name}"
                        result_name = f"{base}_{used[base]}" if base in used else base
                        used[base] += 1
                        self.per_output.append(OutputMetric(name, metric, weighted, result_name))

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, in the order of their results."""
        return [entry.metric for entry in self.per_output or ()]

    @property
    def names(self) -> dict[int, str]:
        """The results' names, by the metrics' ids."""
        return {id(entry.metric): entry.name for entry in self.per_output or ()}

    def update(self, y: Any, y_pred: dict[str, Tensor], sample_weight: Any) -> None:
        """Update the metrics with a batch."""
        names = list(y_pred)
        targets, weights = targets_by_name(y, names, "targets"), targets_by_name(sample_weight, names, "sample weights")
        if self.per_output is None and targets:  # called by the user, before any fit
            self.build(y, y_pred)
        for name, metric, weighted, _ in self.per_output or ():
            target = targets.get(name)
            if target is None:
                continue
            target = ignore_missing(target) if self.ignore_missing else target
            if weighted:
                metric.update_state(target, y_pred[name], sample_weight=weights.get(name))
            else:
                metric.update_state(target, y_pred[name])


def _flatten(items: Any) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list | tuple):
            yield from _flatten(item)
        else:
            yield item


def total(parts: Sequence[Any]) -> Tensor:
    """Return the sum of losses, 0 if there are none."""
    values = [ops.sum(as_tensor(p)) if as_tensor(p).ndim else as_tensor(p) for p in parts]
    return sum(values[1:], values[0]) if values else ops.zeros(())
