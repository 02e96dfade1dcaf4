"""Losses as classes, with Keras's arguments and defaults; each calls the function of its name."""

from __future__ import annotations

from typing import Any

from ..core.errors import ValueProblem
from . import crossentropies as ce
from . import functions as f
from .loss import LossFunctionWrapper

OVER_BATCH = "sum_over_batch_size"


class MeanSquaredError(LossFunctionWrapper):
    """The mean of (target - output)².

    >>> MeanSquaredError()(ops.zeros((2, 1)), 2 * ops.ones((2, 1)))
    tensor(4.0)
    """

    def __init__(self, reduction: str | None = OVER_BATCH, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(f.mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """The mean of |target - output|.

    >>> MeanAbsoluteError()(ops.zeros((2, 1)), 2 * ops.ones((2, 1)))
    tensor(2.0)
    """

    def __init__(
        self, reduction: str | None = OVER_BATCH, name: str = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(f.mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """The mean of |target - output| / |target|, in percent.

    >>> MeanAbsolutePercentageError()(ops.ones((2, 1)), 2 * ops.ones((2, 1)))
    tensor(100.0)
    """

    def __init__(
        self, reduction: str | None = OVER_BATCH, name: str = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(f.mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The mean of (log(target + 1) - log(output + 1))².

    >>> MeanSquaredLogarithmicError()(ops.ones((2, 1)), ops.ones((2, 1)))
    tensor(0.0)
    """

    def __init__(
        self, reduction: str | None = OVER_BATCH, name: str = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(f.mean_squared_logarithmic_error, reduction, name, dtype)


class LogCosh(LossFunctionWrapper):
    """The mean of log(cosh(output - target)).

    >>> LogCosh()(ops.ones((2, 1)), ops.ones((2, 1)))
    tensor(0.0)
    """

    def __init__(self, reduction: str | None = OVER_BATCH, name: str = "log_cosh", dtype: Any = None) -> None:
        super().__init__(f.log_cosh, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """The mean of output - target log(output).

    >>> Poisson()(ops.zeros((2, 1)), 2 * ops.ones((2, 1)))
    tensor(2.0)
    """

    def __init__(self, reduction: str | None = OVER_BATCH, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(f.poisson, reduction, name, dtype)


class KLDivergence(LossFunctionWrapper):
    """The sum of target log(target / output).

    >>> KLDivergence()(ops.ones((2, 1)), ops.ones((2, 1)))
    tensor(0.0)
    """

    def __init__(self, reduction: str | None = OVER_BATCH, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(f.kl_divergence, reduction, name, dtype)


class Hinge(LossFunctionWrapper):
    """The mean of max(0, 1 - target output), for labels -1 and 1 (or 0 and 1).

    >>> Hinge()(ops.ones((2, 1)), ops.ones((2, 1)))
    tensor(0.0)
    """

    def __init__(self, reduction: str | None = OVER_BATCH, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(f.hinge, reduction, name, dtype)


class SquaredHinge(LossFunctionWrapper):
    """The mean of max(0, 1 - target output)².

    >>> SquaredHinge()(ops.ones((2, 1)), ops.zeros((2, 1)))
    tensor(1.0)
    """

    def __init__(self, reduction: str | None = OVER_BATCH, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(f.squared_hinge, reduction, name, dtype)


class CategoricalHinge(LossFunctionWrapper):
    """max(0, 1 + best wrong score - right score), for one-hot labels.

    >>> CategoricalHinge()(ops.ones((2, 1)), ops.zeros((2, 1)))
    tensor(1.0)
    """

    def __init__(self, reduction: str | None = OVER_BATCH, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(f.categorical_hinge, reduction, name, dtype)


class ResidualSumOfSquares(LossFunctionWrapper):
    """The sum of (target - output)² over the whole batch: RSS (ours; Keras has no name for it).

    >>> ResidualSumOfSquares()(ops.zeros((3, 1)), 2 * ops.ones((3, 1)))
    tensor(12.0)
    """

    def __init__(self, reduction: str | None = "sum", name: str = "residual_sum_of_squares", dtype: Any = None) -> None:
        super().__init__(f.residual_sum_of_squares, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine between target and output along `axis`.

    >>> CosineSimilarity()(ops.ones((2, 1)), ops.ones((2, 1)))
    tensor(-1.0)
    """

    def __init__(
        self, axis: int = -1, reduction: str | None = OVER_BATCH, name: str = "cosine_similarity", dtype: Any = None
    ) -> None:
        super().__init__(f.cosine_similarity, reduction, name, dtype, axis=axis)


class Huber(LossFunctionWrapper):
    """Half the square of errors up to `delta`, a straight line beyond.

    >>> Huber()(ops.zeros((1, 1)), 3 * ops.ones((1, 1)))
    tensor(2.5)
    """

    def __init__(
        self, delta: float = 1.0, reduction: str | None = OVER_BATCH, name: str = "huber_loss", dtype: Any = None
    ) -> None:
        super().__init__(f.huber, reduction, name, dtype, delta=delta)


class BinaryCrossentropy(LossFunctionWrapper):
    """-log of the probability of the true class, for targets of 0 and 1.

    Args:
        from_logits: whether outputs are scores, before a sigmoid.

    >>> round(float(BinaryCrossentropy()(ops.ones((1, 1)), 0.5 * ops.ones((1, 1)))), 4)
    0.6931
    """

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = OVER_BATCH, name: str = "binary_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(ce.binary_crossentropy, reduction, name, dtype, **arguments)
        self.from_logits = from_logits


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Binary cross-entropy, weighted so that easy examples count little.

    >>> round(float(BinaryFocalCrossentropy()(ops.ones((1, 1)), 0.5 * ops.ones((1, 1)))), 4)
    0.1733
    """

    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
        label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = OVER_BATCH,
        name: str = "binary_focal_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        focus = {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(ce.binary_focal_crossentropy, reduction, name, dtype, **focus, **arguments)
        self.from_logits = from_logits


class CategoricalCrossentropy(LossFunctionWrapper):
    """-log of the probability of the true class, for one-hot targets.

    Args:
        from_logits: whether outputs are scores, before a softmax.

    >>> round(float(CategoricalCrossentropy()(ops.eye(2), 0.5 * ops.ones((2, 2)))), 4)
    0.6931
    """

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = OVER_BATCH, name: str = "categorical_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(ce.categorical_crossentropy, reduction, name, dtype, **arguments)
        self.from_logits = from_logits


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Categorical cross-entropy, weighted so that easy examples count little.

    >>> round(float(CategoricalFocalCrossentropy()(ops.eye(2), 0.5 * ops.ones((2, 2)))), 4)
    0.0433
    """

    def __init__(
        self, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0,
        axis: int = -1, reduction: str | None = OVER_BATCH, name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        focus = {"alpha": alpha, "gamma": gamma}
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(ce.categorical_focal_crossentropy, reduction, name, dtype, **focus, **arguments)
        self.from_logits = from_logits


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """-log of the probability of the true class, for targets that are whole numbers from 0 up.

    Args:
        from_logits: whether outputs are scores, before a softmax. ignore_class: a label that does not count.
        label_smoothing: the share by which the targets, as one-hot rows, move towards 1 / classes.

    >>> import numpy as np
    >>> round(float(SparseCategoricalCrossentropy()(np.array([1, 0]), 0.5 * ops.ones((2, 2)))), 4)
    0.6931
    """

    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None, reduction: str | None = OVER_BATCH,
        axis: int = -1, name: str = "sparse_categorical_crossentropy", dtype: Any = None, label_smoothing: float = 0.0,
    ) -> None:  # fmt: skip
        arguments: dict[str, Any] = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        arguments["label_smoothing"] = label_smoothing
        super().__init__(ce.sparse_categorical_crossentropy, reduction, name, dtype, **arguments)
        self.from_logits, self.ignore_class = from_logits, ignore_class


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """(1 - p^q) / q with p the true class's probability; robust to wrong labels.

    >>> import numpy as np
    >>> CategoricalGeneralizedCrossEntropy(q=0.5)(np.array([1]), 0.25 * ops.ones((1, 2)))
    tensor(1.0)
    """

    def __init__(
        self, q: float = 0.5, reduction: str | None = OVER_BATCH, name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        if not 0 < q < 1:
            raise ValueProblem(f"q={q}", "a number between 0 and 1", "e.g. q=0.7")
        super().__init__(ce.categorical_generalized_cross_entropy, reduction, name, dtype, q=q)


class CTC(LossFunctionWrapper):
    """-log of the probability of a label sequence shorter than the outputs; class 0 is the blank.

    >>> import numpy as np
    >>> round(float(CTC()(np.array([[1]]), ops.zeros((1, 2, 2)))), 4)
    0.2877
    """

    def __init__(self, reduction: str | None = OVER_BATCH, name: str = "ctc", dtype: Any = None) -> None:
        super().__init__(ce.ctc, reduction, name, dtype)

    def check_targets(self, y_true: Any) -> None:
        ce.check_ctc_labels(y_true)


class Dice(LossFunctionWrapper):
    """1 - twice the overlap of two masks over the sum of both.

    >>> round(float(Dice()(ops.ones((2, 2)), ops.ones((2, 2)))), 5)
    0.0
    """

    def __init__(
        self, reduction: str | None = OVER_BATCH, name: str = "dice", axis: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(f.dice, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """`Dice` with weights for what is missed and what is added.

    >>> round(float(Tversky()(ops.ones((2, 2)), ops.ones((2, 2)))), 5)
    0.0
    """

    def __init__(
        self, alpha: float = 0.5, beta: float = 0.5, reduction: str | None = OVER_BATCH, name: str = "tversky",
        axis: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(f.tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


class Circle(LossFunctionWrapper):
    """A loss that pulls unit vectors of a class together and pushes others apart; examples of loss 0 do not count.

    >>> import numpy as np
    >>> float(Circle()(np.array([0, 0, 1]), ops.eye(3))) > 0
    True
    """

    def __init__(
        self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True,
        reduction: str | None = OVER_BATCH, name: str = "circle", dtype: Any = None,
    ) -> None:  # fmt: skip
        arguments = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(f.circle, reduction, name, dtype, **arguments)
