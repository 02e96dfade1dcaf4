"""Checks of `lint` of the data: numbers that are not finite, their scale, how they were split."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..graph import Graph
from ..ops.calls import is_product
from ..ops.record import operation_of
from ..tensors.tensor import Tensor
from .lint_case import CROSSENTROPIES, Case, Finding, error, is_one_hot, is_whole, warning

MIN_CACHED_BYTES = 2**24  # of an array that is checked only once, however often it is fitted
_known_finite: dict[int, weakref.ref[Any]] = {}


def finite(case: Case) -> Iterator[Finding]:
    """nan or infinity in the data."""
    for name, arrays in (("x", case.x), ("y", [case.y] if case.y is not None else [])):
        for a in arrays:
            if a.dtype.kind == "f" and not _all_finite(a):
                indices = np.argwhere(~np.isfinite(a) if name == "x" else _wrong_targets(case, a))
                if not len(indices):
                    continue
                what = f"{len(indices):,} entries of {name} are not finite, the first at {tuple(map(int, indices[0]))}"
                mend = "fill them in, or leave those rows out (np.isfinite(x).all(axis=1) keeps the good ones)"
                if name == "y" and np.isnan(a).any():
                    mend += "; compile(ignore_missing_targets=True) does not count targets that are nan"
                yield error("not-finite", what, mend)


def _wrong_targets(case: Case, y: Any) -> Any:
    """Return where targets are not finite and count."""
    wrong = ~np.isfinite(y)
    if case.ignores_missing:
        wrong &= ~np.isnan(y)
    if isinstance(case.weights, np.ndarray) and case.weights.ndim <= y.ndim:
        weights = case.weights.reshape(case.weights.shape + (1,) * (y.ndim - case.weights.ndim))
        wrong &= weights != 0
    return wrong


def _all_finite(a: Any, min_cached_bytes: int = MIN_CACHED_BYTES) -> bool:
    """Whether all numbers of an array are finite.

    The sum is one quick pass without memory; if it is not finite it may only have overflowed, and a second pass
    decides. A large array is checked once; nan that is written into it later is found by training.
    """
    key = id(a)
    if key in _known_finite and _known_finite[key]() is a:
        return True
    with np.errstate(all="ignore"):
        finite = bool(np.isfinite(a.sum()) or np.isfinite(a).all())
    if finite and a.nbytes >= min_cached_bytes:
        _known_finite[key] = weakref.ref(a, lambda _: _known_finite.pop(key, None))
    return finite


def pixels(case: Case) -> Iterator[Finding]:
    """Images left at 0 to 255."""
    if case.rows is None or case.rows.ndim < 3 or not case.inputs or case.graph is None:
        return
    sample = case.rows[:256]
    if sample.size and 50 < sample.max() <= 255 and sample.min() >= 0 and _reaches_weights(case.graph, case.inputs[0]):
        what = f"the pixels run from {sample.min():g} to {sample.max():g}"
        yield warning("pixels", what, "divide them by 255, or begin the model with layers.Rescaling(1 / 255)")


def columns(case: Case) -> Iterator[Finding]:
    """Columns of very different scale, for which there is no common learning rate."""
    if case.rows is None or case.rows.ndim != 2 or case.graph is None or not case.inputs:
        return
    if case.rows.dtype.kind not in "iuf":
        return
    if len(case.rows) < 10 or case.rows.shape[1] < 2 or not _reaches_weights(case.graph, case.inputs[0]):
        return
    largest = np.abs(case.rows[:1000].astype(np.float64)).max(axis=0)
    largest = largest[np.isfinite(largest) & (largest > 0)]
    if largest.size > 1 and largest.max() > 100 and largest.max() / largest.min() > 1000:
        what = f"the columns' largest entries run from {largest.min():.3g} to {largest.max():.3g}"
        mend = "bring each to mean 0 and deviation 1, e.g. with layers.Normalization and its adapt(x)"
        yield warning("unscaled-columns", what, mend)


def _reaches_weights(graph: Graph, x: Tensor) -> bool:
    """Whether x reaches a product with weights before any operation that may scale it."""
    unscaled = {x.serial}
    for node in graph.nodes:
        if any(p.serial in unscaled for p in node.inputs):
            if is_product(node):
                return True
            if node.call is not None or operation_of(node).is_move:
                unscaled.add(node.serial)
    return False


def shared_rows(train: Any, validation: Any) -> Iterator[Finding]:
    """Validation rows that are also training rows."""
    if not len(validation) or train.shape[1:] != validation.shape[1:] or train.dtype != validation.dtype:
        return
    if _repeats_by_chance(train):
        return
    train_rows = {r.tobytes() for r in train[:20_000]}
    sample = validation[:2000]
    shared = sum(r.tobytes() in train_rows for r in sample)
    if sample[0].size > 2 and shared > max(5, 0.2 * len(sample)):
        what = f"{shared} of the first {len(sample)} validation rows are also training rows"
        mend = "split the data before any of it is repeated or augmented, so that validation uses new rows"
        yield warning("shared-rows", what, mend)


def _repeats_by_chance(rows: Any) -> bool:
    """Whether there are so few possible rows, as in a table of yes and no, that some must occur twice."""
    possible = 1
    for column in rows[:500].reshape(min(len(rows), 500), -1).T:
        possible *= len(np.unique(column))
        if possible > 100 * len(rows):
            return False
    return True


def sorted_labels(case: Case, validation: Any) -> Iterator[Finding]:
    """Labels that are sorted, so that the validation part has few classes, or classes that are not trained on."""
    if case.loss not in CROSSENTROPIES or case.y is None:
        return
    if not isinstance(validation, np.ndarray) or len(validation) < 10:
        return
    train_labels, validation_labels = _classes(case.y), _classes(validation)
    if train_labels is None or validation_labels is None:
        return
    trained, validated = np.unique(train_labels), np.unique(validation_labels)
    is_sorted = bool((np.diff(np.concatenate([train_labels, validation_labels])) >= 0).all())
    if not np.isin(validated, trained).any() or (is_sorted and len(validated) < len(trained)):
        count = len(np.union1d(trained, validated))
        what = f"the rows are sorted by class: validation has {len(validated)} of {count} classes"
        yield warning("sorted-labels", what, "shuffle the rows before you split them")


def _classes(y: Any) -> Any:
    """Return one class for each row; ``None`` if these are not labels."""
    if not is_whole(y):
        return None
    if y.ndim == 2 and y.shape[1] > 1:
        return y.argmax(-1) if is_one_hot(y) else None
    return y.ravel() if y.size == len(y) else None
