"""Checks of `lint` of a model's outputs, its loss and the targets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..core.errors import ShapeError
from ..core.messages import TrainingWarning
from ..ops.calls import is_product
from ..tensors import tree
from .lint_case import CROSSENTROPIES, Case, Finding, error, is_one_hot, is_whole, warning


def shapes(case: Case) -> Iterator[Finding]:
    """Data that the model cannot be called on."""
    if case.error is not None:
        yield error("shapes", f"the model cannot be called on this data: {case.error}", case.error.mend)


def unflattened(case: Case) -> Iterator[Finding]:
    """A Dense layer on images, which mixes the channels of each pixel alone."""
    if case.graph is None or case.output is None or case.y is None or case.output.ndim < 3 or case.y.ndim >= 3:
        return
    for node in case.graph.nodes:
        if is_product(node) and [len(n.spec.shape) >= 4 for n in node.inputs[:2]] == [True, False]:
            layer = f"the layer at {node.scope!r} is a Dense on images of shape {tuple(node.inputs[0].spec.shape)}"
            what = f"{layer}: it mixes the channels of each pixel alone"
            yield error("unflattened", what, "put a Flatten() or a GlobalAveragePooling2D() before it")
            return


def labels(case: Case) -> Iterator[Finding]:
    """One-hot labels with the sparse loss, the reverse, and labels beyond the outputs."""
    y, out = case.labels, case.output
    if y is None or out is None:
        return
    width = out.shape[-1] if out.ndim else 1
    one_hot = y.ndim == out.ndim and y.ndim > 1 and y.shape[-1] > 1 and is_one_hot(y)
    if case.loss == "SparseCategoricalCrossentropy":
        if one_hot:
            what = f"the labels are one-hot, of shape {y.shape}, and the sparse loss takes whole numbers"
            yield error("one-hot-labels", what, 'use loss="categorical_crossentropy", or y.argmax(-1)')
        elif y.size and y.dtype.kind in "biuf" and (y.min() < 0 or y.max() >= width):
            outputs = f"{width} outputs, for labels from 0 to {width - 1}"
            what = f"the labels run from {y.min():g} to {y.max():g}, and the model ends with {outputs}"
            mend = f"end the model with {int(y.max()) + 1} outputs, or number the classes from 0"
            yield error("labels-beyond-outputs", what, mend)
        elif y.dtype.kind == "f" and not is_whole(y):
            yield error("labels-not-whole", "the labels are not whole numbers", "use a regression loss such as 'mse'")
    if case.loss == "CategoricalCrossentropy" and not one_hot and is_whole(y) and (y.ndim == 1 or y.shape[-1] == 1):
        what = f"the labels are whole numbers, of shape {y.shape}, and the loss takes one-hot rows"
        yield error("sparse-labels", what, 'use loss="sparse_categorical_crossentropy", or utils.to_categorical(y)')
    if case.loss == "BinaryCrossentropy" and y.size and (y.min() < 0 or y.max() > 1):
        what = f"the labels run from {y.min():g} to {y.max():g}, and the binary loss takes 0 and 1"
        yield error("labels-not-binary", what, "map them to 0 and 1, or use a sparse_categorical loss for more classes")


def spare_outputs(case: Case) -> Iterator[Finding]:
    """Many more outputs than classes."""
    if case.loss == "SparseCategoricalCrossentropy" and case.output is not None and is_whole(case.labels):
        width, classes = case.output.shape[-1], int(case.labels.max()) + 1
        if case.labels.size >= 100 and width > classes > 0 and width >= 2 * classes:
            what = f"the model ends with {width} outputs, and the labels name {classes} classes"
            mend = f"end the model with {classes} outputs, or check that all classes are in the data"
            yield warning("more-outputs-than-classes", what, mend)


def targets(case: Case) -> Iterator[Finding]:
    """Targets that the loss refuses beside these outputs. A loss of the user's own may take any."""
    y, out = case.y, case.output
    if y is None or out is None or not isinstance(case.target_problem, ShapeError):
        return
    target, output = y.shape[1:], tuple(out.shape[1:])
    if len(output) > len(target) + 1 or (len(output) >= 3 and len(target) <= 1):
        mend = "put a Flatten() or GlobalAveragePooling2D() before the last Dense layers"
    elif len(target) == len(output) == 1 or not target:
        mend = f"end the model with Dense({target[-1] if target else 1})"
    else:
        mend = "give one target for each output"
    yield error("targets", f"the targets have shape {y.shape}, and the model's outputs {tuple(out.shape)}", mend)


def broadcast_targets(case: Case) -> Iterator[Finding]:
    """Targets each of which counts for several outputs."""
    y, out = case.y, case.output
    if y is None or out is None or not isinstance(case.target_problem, TrainingWarning):
        return
    what = f"the targets have shape {y.shape}, and are broadcast against the model's outputs {tuple(out.shape)}"
    fits = len(y.shape) == len(out.shape) == 2
    mend = f"end the model with Dense({y.shape[1]})" if fits else "give one target for each output"
    yield warning("broadcast-targets", what, mend)


def logits_and_probabilities(case: Case) -> Iterator[Finding]:
    """A softmax before a loss that takes logits, or logits before one that takes probabilities."""
    operation, loss = case.last_operation, case.loss
    if operation is None or loss not in CROSSENTROPIES or case.output is None:
        return
    binary = loss == "BinaryCrossentropy"
    activation = "sigmoid" if binary else "softmax"
    last, probabilities = operation.name, operation.probabilities
    if case.logits and probabilities in ("distribution", "independent"):
        what = f"the model ends with {last}, and the loss {loss}(from_logits=True) applies one again"
        yield warning("probabilities-as-logits", what, "leave the last activation out, or set from_logits=False")
    elif not case.logits and not probabilities:
        what = f"the model ends with {last}, and the loss {loss} takes probabilities"
        mend = f'end the model with activation="{activation}", or use {loss}(from_logits=True)'
        yield warning("logits-as-probabilities", what, mend)
    elif not case.logits and binary and probabilities == "distribution" and case.output.shape[-1] != 1:
        what = "the model ends with softmax, and the binary loss takes each output as an independent yes or no"
        mend = 'use "categorical_crossentropy" (one-hot) or "sparse_categorical_crossentropy" (whole numbers)'
        yield warning("softmax-with-binary", what, mend)


def one_softmax(case: Case) -> Iterator[Finding]:
    """A softmax over a single output, which is always 1."""
    last = case.last_operation
    if last is None or case.output is None:
        return
    if last.probabilities == "distribution" and case.output.shape[-1] == 1:
        what = "the model ends with a softmax over one output, which is always 1"
        yield warning("softmax-of-one", what, 'use activation="sigmoid" for yes or no, or as many outputs as classes')


def constant_targets(case: Case) -> Iterator[Finding]:
    """Targets that are all the same."""
    if case.y is not None and len(case.y) >= 10 and case.y.size and np.all(case.y == case.y[:1]):
        yield warning("constant-targets", "all targets are the same", "check how y was loaded")


def accuracy_of_numbers(case: Case) -> Iterator[Finding]:
    """Accuracy as a metric of a regression."""
    if case.loss.lower().replace("_", "") not in ("meansquarederror", "meanabsoluteerror", "huber", "logcosh"):
        return
    compiled = case.model.compiled_metrics
    metrics = tree.leaves([compiled.user_metrics, compiled.user_weighted_metrics])
    names = [m if isinstance(m, str) else type(m).__name__ for m in metrics]
    if any(n == "acc" or n.lower().endswith("accuracy") for n in names) and not is_whole(case.y):
        what = "accuracy counts equal numbers, and these targets are not classes"
        yield warning("accuracy-of-regression", what, 'use metrics=["mae"] or ["r2_score"]')


def nothing_to_train(case: Case) -> Iterator[Finding]:
    """No weight that training changes."""
    if not case.model.trainable_weights and (case.graph is not None or not case.x):
        yield warning("nothing-to-train", "no weight is trainable", "set trainable = True on some layer, then compile")
