"""What the checks of `lint` look at: a `Case`, a model with its loss and data; and what they yield: a `Finding`."""

from __future__ import annotations

import warnings
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import ChainruleError
from ..core.messages import TrainingWarning
from ..graph import Graph
from ..layers.layer import flatten_layers, forget_losses
from ..losses import Loss, LossFunctionWrapper
from ..ops.record import Operation, operation_of
from ..serialization.names import module_name_of
from ..tensors import tree
from ..tensors.convert import symbolic
from ..tensors.tensor import Tensor
from ..tensors.tree import flatten
from ..tensors.variable import StateOverlay, recording
from ..training.batch import specs_of
from ..training.state import TracedForward
from ..training.trace_cache import Fingerprint
from ..transforms.trace import StateRecorder

CROSSENTROPIES = ("BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy")
CLASS_OF_FUNCTION = {
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
}


class Finding(NamedTuple):
    """A probable mistake. ``level`` is ``"error"`` where training makes no sense, else ``"warning"``."""

    level: str
    name: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.level}: {self.what}. To mend it: {self.mend}."


warning, error = partial(Finding, "warning"), partial(Finding, "error")


class Case:
    """A model, its loss, and data.

    Attributes:
        x: the input arrays. rows: the first of them. y: the targets, if they are one array.
        weights: of the targets. ignores_missing: whether targets that are nan do not count.
        loss: the name of the loss's class. own_loss: whether it is the user's own. logits: whether it takes logits.
        labels: the targets it does not ignore.
        inputs, graph: the model as a graph on symbolic inputs. output: its output, if it has only one.
        error: what the model raised when it was called on this data.
    """

    def __init__(self, model: Any, x: list[Any], y: Any, batch: Any, weights: Any = None) -> None:
        self.model, self.x, self.y, self.weights = model, x, y, weights
        self.ignores_missing = model.compiled_loss is not None and model.compiled_loss.ignore_missing
        self.rows = x[0] if x else None
        self.loss_object = _loss_of(model)
        self.loss, self.own_loss = _name_of_loss(self.loss_object)
        self.logits = bool(getattr(self.loss_object, "from_logits", False))
        ignored_class = getattr(self.loss_object, "ignore_class", None)
        self.labels = y[y != ignored_class] if y is not None and ignored_class is not None else y
        if self.ignores_missing and self.labels is not None and self.labels.dtype.kind == "f":
            missing = np.isnan(self.labels)
            has_rows = missing.ndim > 1 and missing.shape[-1] > 1
            self.labels = self.labels[~missing.any(-1)] if has_rows else self.labels[~missing]
        self.output: Tensor | None = None
        self.inputs: list[Tensor] = []
        self.graph: Graph | None = None
        self.error: ChainruleError | None = None
        if batch is not None:
            self._trace(batch)

    def _trace(self, batch: Any) -> None:
        """Set the graph, its inputs and its output; those of the last case if model and shapes are the same."""
        specs, self.unflatten = flatten(specs_of(batch[0]))
        traced = self.model.training_state.traced_forward
        if traced is not None and traced.specs == specs and traced.fingerprint.is_unchanged():
            self.inputs, self.graph = traced.graph.inputs, traced.graph
        else:
            self.inputs = [symbolic(s.shape, s.dtype) for s in specs]
            try:
                with recording(StateRecorder()):
                    outputs = self.model(self.unflatten(list(self.inputs)), training=False)
            except ChainruleError as error:
                self.error = error
                return
            except NotImplementedError:  # a model without `call`, with only a `train_step`
                return
            finally:
                forget_losses(self.model)
            self.graph = Graph(self.inputs, [t for t in tree.leaves(outputs) if isinstance(t, Tensor)])
            layers = flatten_layers(self.model)
            fingerprint = Fingerprint(layers, self.model.trainable_weights, self.model.weights, ())
            self.model.training_state.traced_forward = TracedForward(specs, self.graph, fingerprint)
        tensors = self.graph.outputs
        self.output = tensors[0] if len(tensors) == 1 else None  # type: ignore[assignment]

    @cached_property
    def target_problem(self) -> ChainruleError | TrainingWarning | None:
        """What the library's loss says of one target beside one output: an error, its warning, or ``None``."""
        if self.loss_object is None or self.own_loss or self.y is None or not len(self.y) or self.output is None:
            return None
        output = np.ones((1, *self.output.shape[1:]), self.output.dtype)
        with recording(StateOverlay()), warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always")
            try:
                self.loss_object(self.y[:1], output)
            except ChainruleError as error:
                return error
        return next((w.message for w in raised if isinstance(w.message, TrainingWarning)), None)

    @property
    def last_operation(self) -> Operation | None:
        """The operation that computes the output's numbers."""
        node: Any = self.output
        while node is not None and node.inputs:
            operation = operation_of(node.source)
            if not operation.is_move:
                return operation
            node = node.inputs[0]
        return None


def _loss_of(model: Any) -> Loss | None:
    """Return the loss of `compile`; of several losses or none, ``None``."""
    loss = model.compiled_loss.user_losses if model.compiled_loss is not None else None
    if isinstance(loss, list | tuple | dict) and len(loss) == 1:
        loss = next(iter(loss.values() if isinstance(loss, dict) else loss))
    return loss if isinstance(loss, Loss) else None


def _name_of_loss(loss: Loss | None) -> tuple[str, bool]:
    """Return the name of a loss's class, empty for ``None``, and whether it is the user's own class or function."""
    if loss is None:
        return "", False
    function = getattr(loss, "fn", None) if isinstance(loss, LossFunctionWrapper) else None
    own = not module_name_of(type(loss) if function is None else function)
    name = type(loss).__name__
    if name == "LossFunctionWrapper":
        name = CLASS_OF_FUNCTION.get(getattr(function, "__name__", ""), getattr(function, "__name__", ""))
    return name, own


def is_whole(y: Any) -> bool:
    """Whether targets are whole numbers."""
    return y is not None and y.size > 0 and (y.dtype.kind in "biu" or bool(np.all(y == np.round(y))))


def is_one_hot(y: Any) -> bool:
    """Whether labels are one-hot along the last axis."""
    return bool(np.isin(y, (0, 1)).all() and (y.sum(-1) == 1).all())
