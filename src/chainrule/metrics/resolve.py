"""Words of ``compile`` that mean a metric only once the shapes of targets and outputs are known."""

from __future__ import annotations

from typing import Any

from .accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from .metric import Metric
from .probabilistic import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy

BY_KIND: dict[str, dict[str, Any]] = {
    "accuracy": {
        "binary": BinaryAccuracy,
        "sparse_categorical": SparseCategoricalAccuracy,
        "categorical": CategoricalAccuracy,
    },
    "crossentropy": {
        "binary": BinaryCrossentropy,
        "sparse_categorical": SparseCategoricalCrossentropy,
        "categorical": CategoricalCrossentropy,
    },
}
SHORT = {"acc": "accuracy", "ce": "crossentropy"}


def kind_of(y_true: Any, y_pred: Any) -> str:
    """What targets and outputs of these shapes are: ``"binary"``, ``"sparse_categorical"`` or ``"categorical"``.

    One output, or one number, an example is binary; fewer axes in the target, or a last one of 1, mean labels.

    >>> from chainrule.tensors.tensor import symbolic
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
    """The metric that ``"accuracy"``, ``"acc"``, ``"crossentropy"`` or ``"ce"`` means here, under that name.

    ``None`` for any other word. Follows ``keras.Model.compile``.

    Args:
        y_true, y_pred: anything with a shape.

    >>> from chainrule.tensors.tensor import symbolic
    >>> by_shape("acc", symbolic((None, 1)), symbolic((None, 1)))
    <BinaryAccuracy name=acc>
    """
    low = word.lower()
    found = BY_KIND.get(SHORT.get(low, low))
    return None if found is None else found[kind_of(y_true, y_pred)](name=word)
