"""Weights by class: `class_weight` as weights of examples, pixels, tokens, or labels of several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.arguments import whole_number
from ..core.errors import ShapeError, ValueProblem
from ..graph import as_dtype
from ..losses import as_loss
from .adapter_base import DataAdapter
from .array_adapter import ArrayAdapter
from .arrays import Array, as_rows
from .compile_utils import CompiledLoss, by_output_name, targets_by_name

BINARY = {"binary_crossentropy", "binary_focal_crossentropy"}
SIGNED = {"hinge", "squared_hinge"}
Shape = Sequence[int | None]


class ClassWeights:
    """The weights of classes for a model's outputs.

    Args:
        class_weight: weights by class; for several outputs a dictionary or list of such.
        outputs: the outputs' shapes by name; ``None`` if they are not known. loss: what `compile` made of the losses.

    Raises:
        ValueProblem: for an output or class that there is not, or a weight below 0.
    """

    def __init__(
        self, class_weight: Any, outputs: Mapping[str, Shape] | None, loss: CompiledLoss | None, float_dtype: str
    ) -> None:
        self.outputs = {"output_0": None} if outputs is None else dict(outputs)
        self.float_dtype = float_dtype
        names = list(self.outputs)
        self.tables = _tables(class_weight, names)
        losses = {} if loss is None else by_output_name(loss.user_losses, names, "losses")
        self.rules = {name: _rule_of(losses.get(name)) for name in names}

    def weigh(self, y: Any, sample_weight: Any) -> Any:
        """Return the weights of a batch, or of all data: those of the classes times `sample_weight`, by output.

        Raises:
            ChainruleError: for targets that name no classes, or weights whose shapes do not fit together.
        """
        names = list(self.outputs)
        if y is None:
            raise ValueProblem("class_weight without targets", "y", "pass the labels as y")
        targets = targets_by_name(y, names, "targets")
        weights = targets_by_name(sample_weight, names, "sample weights")
        weighed: dict[str, Any] = {}
        for name in names:
            own = None if weights.get(name) is None else as_rows(weights[name], "sample_weight", self.float_dtype)
            if self.tables[name]:
                if targets.get(name) is None:
                    raise ValueProblem(f"class_weight for {name!r}, which has no targets", "targets", "pass them in y")
                by_class = self._by_class(name, as_rows(targets[name], "y", self.float_dtype))
                own = by_class if own is None else _product(by_class, own)
            if own is not None:
                weighed[name] = own
        return next(iter(weighed.values()), None) if len(names) == 1 else weighed

    def _by_class(self, name: str, target: Array) -> Array:
        """Return each label's weight: of an example, a pixel or token, or, with the binary losses, of each column."""
        rule, axis = self.rules[name]
        output = self.outputs[name]
        table, dtype = self.tables[name], as_dtype(self.float_dtype)
        if _names_classes_by_position(target.shape, output, axis):
            classes = range(target.shape[axis])
            _check_classes(table, classes, name)
            by_position = np.array([table.get(k, 1.0) for k in classes], dtype)
            if rule in BINARY:
                if target.ndim == 3:  # tokens with tags, or images of one channel: its shape does not tell
                    passed = f"class_weight for a binary loss of outputs of shape {tuple(output or target.shape)}"
                    mend = "give outputs and targets a last axis of 1 for labels of 0 and 1, or pass sample_weight"
                    raise ValueProblem(passed, "an axis for the classes that is known", mend)
                return np.broadcast_to(by_position, target.shape).copy()
            return _of_positions(target, axis, by_position)
        known = None if output is None else _known_classes(rule, output, axis)
        _check_classes(table, known, name)
        same_rank = target.ndim > 1 and (output is None or target.ndim == len(output))
        labels = np.squeeze(target, axis) if same_rank and target.shape[axis] == 1 else target
        weights = np.ones(labels.shape, dtype)
        rounded = np.round(labels) if labels.dtype.kind == "f" else labels
        for label, factor in table.items():
            weights[rounded == label] = factor
        return weights


def _tables(class_weight: Any, names: list[str]) -> dict[str, dict[int, float]]:
    """Return checked weights by class for each output, none for those without."""
    example = "e.g. class_weight={0: 1.0, 1: 5.0}"
    several = isinstance(class_weight, list | tuple)
    if isinstance(class_weight, dict):
        several = any(v is None or isinstance(v, dict) for v in class_weight.values())
    elif not several:
        raise ValueProblem(f"class_weight={class_weight!r}", "a weight by class", example)
    if not several and len(names) > 1 and class_weight:
        passed = f"one class_weight for the outputs {', '.join(map(repr, names))}"
        mend = f"e.g. class_weight={{{names[0]!r}: {{0: 1.0, 1: 5.0}}}}"
        raise ValueProblem(passed, "weights by class for each output that is to be weighted", mend)
    if isinstance(class_weight, list | tuple) and any(v is not None and not isinstance(v, dict) for v in class_weight):
        raise ValueProblem(f"class_weight={class_weight!r}", "a weight by class", "pass dict(enumerate(weights))")
    tables = by_output_name(class_weight, names, "class weights") if several else {names[0]: class_weight}
    return {name: _checked(tables.get(name) or {}) for name in names}


def _checked(table: Any) -> dict[int, float]:
    if not isinstance(table, dict):
        passed, mend = f"class_weight={table!r} for an output", "e.g. {0: 1.0, 1: 5.0}"
        raise ValueProblem(passed, "a weight by class", mend)
    checked: dict[int, float] = {}
    for label, weight in table.items():
        number = None if isinstance(label, bool | np.bool_) else whole_number(label)
        if number is None:
            mend = "number the classes from 0, as in y"
            raise ValueProblem(f"class_weight for the class {label!r}", "a whole number", mend)
        try:
            checked[number] = float(weight)
        except (TypeError, ValueError):
            checked[number] = float("nan")
        if not 0 <= checked[number] < float("inf"):
            passed = f"the class weight {weight!r} for class {number}"
            raise ValueProblem(passed, "a number from 0 up", "0 leaves a class out, 1 changes nothing")
    return checked


def _rule_of(loss: Any) -> tuple[str, int]:
    """Return the name of the loss's function, and the axis of its classes."""
    loss = as_loss(loss)
    axis = getattr(loss, "arguments", {}).get("axis", -1)
    return getattr(getattr(loss, "fn", None), "__name__", ""), axis if isinstance(axis, int) else -1


def _names_classes_by_position(target: Shape, output: Shape | None, axis: int) -> bool:
    """Whether targets have an axis for the classes, as one-hot rows do, and are not labels."""
    if len(target) < 2 or target[axis] == 1:
        return False
    return output is None or (len(target) == len(output) and target[axis] == output[axis])


def _known_classes(rule: str, output: Shape, axis: int) -> Sequence[int] | None:
    """Return the labels that there are, or ``None`` if any may be."""
    width = output[axis] if len(output) > 1 else 1
    if width is not None and width > 1 and rule not in BINARY | SIGNED:
        return range(width)
    return range(2) if rule in BINARY else (-1, 0, 1) if rule in SIGNED else None


def _check_classes(table: dict[int, float], classes: Sequence[int] | None, name: str) -> None:
    unknown = [label for label in table if classes is not None and label not in classes]
    if unknown and classes is not None:
        passed = f"class_weight for the class {unknown[0]}"
        known = f"classes from {classes[0]} to {classes[-1]}"
        raise ValueProblem(passed, f"{known}, of which the output {name!r} knows", "number the classes as in y")


def _of_positions(target: Array, axis: int, by_position: Array) -> Array:
    """Return the weight of each row's class, that with the largest entry; 1 for rows of zeros."""
    largest = target.max(axis=axis, keepdims=True)
    is_largest = target == largest
    empty = np.squeeze(largest <= 0, axis)
    if ((is_largest.sum(axis) > 1) & ~empty).any():
        mend = "use a binary loss for examples of several classes, or pass sample_weight"
        raise ValueProblem("class_weight with a target of several classes", "one class in each row", mend)
    weights = by_position[is_largest.argmax(axis)]
    return np.where(empty, np.ones_like(weights), weights)


def _product(by_class: Array, own: Array) -> Array:
    """Return the product of both weights; those of an example hold for all of its labels."""
    if own.ndim == by_class.ndim + 1 and own.shape[-1] == 1:
        own = own[..., 0]
    rank = max(by_class.ndim, own.ndim)
    weights = [w.reshape(w.shape + (1,) * (rank - w.ndim)) for w in (by_class, own)]
    try:
        product: Array = weights[0] * weights[1]
    except ValueError:  # NumPy's, of shapes that do not broadcast
        product = np.zeros(0)
    if not len(product) == len(by_class) == len(own):
        passed = f"sample weights of shape {own.shape} with class weights of shape {by_class.shape}"
        raise ShapeError(passed, "one weight for each example, or for each label", "give both one shape")
    return product


def weigh_by_class(source: DataAdapter, weights_for: Callable[[Any], ClassWeights]) -> DataAdapter:
    """Return data weighted by class: at once what is in memory, else batch by batch.

    Args:
        weights_for: returns the weights for a model that is called on such a batch.
    """
    if isinstance(source, ArrayAdapter) and source.targets_in_memory:
        first = source.unflatten(source.rows(0).batch(0))
        _, y, weight = source.unflatten(source.arrays)
        return source.with_weights(weights_for(first).weigh(y, weight))
    return ClassWeightAdapter(source, weights_for)


class ClassWeightAdapter(DataAdapter):
    """Another adapter's batches, weighted by class."""

    def __init__(self, inner: DataAdapter, weights_for: Callable[[Any], ClassWeights]) -> None:
        self.inner, self.weights_for = inner, weights_for
        self.weights: ClassWeights | None = None
        self.count, self.examples, self.resumable = inner.count, inner.examples, inner.resumable
        self.is_infinite, self.stream = inner.is_infinite, inner.stream
        self.ahead, self.reuses_buffers = inner.ahead, inner.reuses_buffers

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        for x, y, weight in self.inner.batches(epoch, first):
            if self.weights is None:
                self.weights = self.weights_for((x, y, weight))
            yield x, y, self.weights.weigh(y, weight)

    def end_epoch(self) -> None:
        self.inner.end_epoch()

    def get_state(self) -> Any:
        return self.inner.get_state()

    def set_state(self, state: Any) -> None:
        self.inner.set_state(state)
