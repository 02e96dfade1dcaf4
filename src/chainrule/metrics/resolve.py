"""Names given to ``compile`` that mean a metric only once the shapes of targets and outputs are known."""

from __future__ import annotations

from typing import Any

from .accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from .metric import Metric
from .probabilistic import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy

KINDS = ("binary", "sparse_categorical", "categorical")
METRICS: dict[str, tuple[type[Metric], ...]] = {  # one for each kind
    "accuracy": (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy),
    "crossentropy": (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy),
}
ABBREVIATIONS = {"acc": "accuracy", "ce": "crossentropy"}


def kind_of(y_true: Any, y_pred: Any) -> str:
    """Return the kind of targets and outputs: ``"binary"``, ``"sparse_categorical"`` or ``"categorical"``.

    One output per example means binary; targets with fewer axes than outputs, or a last axis of 1, are labels.

    >>> from chainrule.tensors.convert import symbolic
    >>> kind_of(symbolic((None,)), symbolic((None, 10)))
    'sparse_categorical'
    """
    target, output = y_true.shape, y_pred.shape
    if len(output) < 2 or output[-1] == 1:
        return "binary"
    if len(target) < len(output) or target[-1] == 1:
        return "sparse_categorical"
    return "categorical"


def by_shape(word: str, y_true: Any, y_pred: Any) -> Metric | None:
    """Return the metric that ``"accuracy"``, ``"acc"``, ``"crossentropy"`` or ``"ce"`` means for these shapes.

    ``None`` for any other string. Follows ``keras.Model.compile``.

    Args:
        word: the string, which becomes the metric's name. y_true, y_pred: anything with a shape.

    >>> from chainrule.tensors.convert import symbolic
    >>> by_shape("acc", symbolic((None, 1)), symbolic((None, 1)))
    <BinaryAccuracy name=acc>
    """
    name = word.lower()
    metrics = METRICS.get(ABBREVIATIONS.get(name, name))
    return None if metrics is None else metrics[KINDS.index(kind_of(y_true, y_pred))](name=word)
