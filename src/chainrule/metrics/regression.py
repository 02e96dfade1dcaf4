"""How far outputs are from targets that are numbers: errors, similarities and correlations."""

from __future__ import annotations

from typing import Any

from .. import losses, ops
from ..core import arguments
from ..core.errors import ShapeError
from ..losses.align import same_shape, weighted
from ..losses.entries import values_of
from ..losses.functions import cosine
from ..tensors.tensor import Tensor
from .metric import Mean, MeanMetricWrapper, Metric, Sum, mask_of_pair


class MeanSquaredError(MeanMetricWrapper):
    """The mean of (target - output)².

    >>> float(MeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]]))
    5.0
    """

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class RootMeanSquaredError(Mean):
    """The root of the mean of (target - output)², in the targets' unit.

    >>> float(RootMeanSquaredError()([[0.0], [0.0]], [[3.0], [3.0]]))
    3.0
    """

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        target, output = same_shape(y_true, y_pred, self.dtype)
        self._add(ops.square(output - target), sample_weight, mask_of_pair(y_true, y_pred))

    def result(self) -> Tensor:
        return ops.sqrt(super().result())


class ResidualSumOfSquares(Sum):
    """The sum of (target - output)² over all examples: RSS (ours; Keras has no name for it).

    >>> float(ResidualSumOfSquares()([[0.0], [0.0]], [[1.0], [3.0]]))
    10.0
    """

    def __init__(self, name: str = "residual_sum_of_squares", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        target, output = same_shape(y_true, y_pred, self.dtype)
        self._add(ops.square(output - target), sample_weight, mask_of_pair(y_true, y_pred))


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of |target - output|.

    >>> float(MeanAbsoluteError()([[0.0], [0.0]], [[1.0], [3.0]]))
    2.0
    """

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of |target - output| / |target|, in percent.

    >>> float(MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [4.0]]))
    25.0
    """

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of (log(target + 1) - log(output + 1))².

    >>> float(MeanSquaredLogarithmicError()([[1.0]], [[1.0]]))
    0.0
    """

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanMetricWrapper):
    """The mean of log(cosh(output - target)).

    >>> float(LogCoshError()([[1.0]], [[1.0]]))
    0.0
    """

    def __init__(self, name: str = "logcosh", dtype: Any = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


@values_of("rows")
def _cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    return -losses.cosine_similarity(y_true, y_pred, axis)


class CosineSimilarity(MeanMetricWrapper):
    """The cosine between target and output along `axis`: 1 for the same direction (the loss is minus this).

    >>> float(CosineSimilarity()([[1.0, 0.0], [1.0, 0.0]], [[3.0, 0.0], [0.0, 2.0]]))
    0.5
    """

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(_cosine, name, dtype, axis=axis)


class R2Score(Metric):
    """1 - (residual sum of squares) / (sum of squares about the mean), the share of variance explained.

    Targets and outputs are (batch,) or (batch, outputs). Means and squares about them are merged batch by batch (Chan,
    Golub and LeVeque, 1979), so that large targets cost no digits. Where all targets are equal the score is 1 if the
    outputs are these targets, else 0, as in scikit-learn.

    Args:
        class_aggregation: how several outputs become one number: ``"uniform_average"``,
            ``"variance_weighted_average"``, or ``None`` for one score per output.
        num_regressors: the number of inputs p of the model; above 0 the score is adjusted to
            1 - (1 - R²)(n - 1)/(n - p - 1), if n > p + 1. As in Keras n is the number of targets, those of all outputs
            together; targets whose weight is 0 do not count.

    >>> float(R2Score()([[1.0], [2.0], [3.0]], [[1.0], [2.0], [4.0]]))
    0.5
    """

    def __init__(
        self, class_aggregation: str | None = "uniform_average", num_regressors: int = 0, name: str = "r2_score",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        options = (None, "uniform_average", "variance_weighted_average")
        self.class_aggregation = arguments.one_of(options, class_aggregation=class_aggregation)
        self.num_regressors = arguments.at_least(0, num_regressors=num_regressors)
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self.built = False

    def _build(self, outputs: int) -> None:
        self.count = self.add_variable((outputs,), "zeros", name="count")
        self.mean = self.add_variable((outputs,), "zeros", name="mean")
        self.about_mean = self.add_variable((outputs,), "zeros", name="about_mean")  # sum of squares about the mean
        self.residual = self.add_variable((outputs,), "zeros", name="residual")
        self.built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        target, output = same_shape(y_true, y_pred, self.dtype)
        if output.ndim == 1:
            target, output = ops.expand_dims(target, -1), ops.expand_dims(output, -1)
        if output.ndim != 2:
            raise ShapeError(f"outputs of shape {output.shape}", "(batch, outputs)", "flatten all axes but the first")
        if not self.built:
            self._build(output.shape[-1])
        target, weights = weighted(target, sample_weight, mask_of_pair(y_true, y_pred))
        weights = ops.ones_like(target) if weights is None else ops.broadcast_to(weights, target.shape)
        target, output = (ops.where(weights == 0, ops.zeros_like(t), t) for t in (target, output))
        n = ops.sum(weights, axis=0)
        mean = ops.divide_no_nan(ops.sum(weights * target, axis=0), n)
        delta, share = mean - self.mean, ops.divide_no_nan(n, self.count + n)
        about_mean = ops.sum(weights * ops.square(target - mean), axis=0)
        self.about_mean.assign_add(about_mean + ops.square(delta) * self.count * share)
        self.mean.assign_add(delta * share)
        self.count.assign_add(n)
        self.residual.assign_add(ops.sum(weights * ops.square(target - output), axis=0))
        self.num_samples.assign_add(ops.sum(ops.cast(weights != 0, weights.dtype)))

    def result(self) -> Tensor:
        if not self.built:
            return ops.zeros((), self.dtype)
        is_constant = ops.equal(self.about_mean, 0)
        is_perfect = ops.logical_and(ops.equal(self.residual, 0), ops.greater(self.count, 0))
        scores = 1 - ops.divide_no_nan(self.residual, self.about_mean)
        scores = ops.where(is_constant, ops.cast(is_perfect, scores.dtype), scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.divide_no_nan(ops.sum(self.about_mean * scores), ops.sum(self.about_mean))
        if not self.num_regressors:
            return scores
        degrees_of_freedom = self.num_samples - self.num_regressors - 1
        adjusted = 1 - ops.divide_no_nan((1 - scores) * (self.num_samples - 1), degrees_of_freedom)
        return ops.where(degrees_of_freedom > 0, adjusted, scores)


@values_of("rows")
def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return the correlation of target and output along `axis`, from -1 to 1; 0 where one of them is constant.

    >>> pearson_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]).numpy().round(6)
    array([1.], dtype=float32)
    """
    target, output = same_shape(y_true, y_pred)
    return cosine(_centred(target, axis), _centred(output, axis), axis)


def _centred(x: Tensor, axis: int) -> Tensor:
    """Return numbers minus their mean along `axis`; exact zeros where they are all the same."""
    x = x - ops.take(x, [0], axis=axis)
    return x - ops.mean(x, axis=axis, keepdims=True)


@values_of("rows")
def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return Lin's concordance correlation along `axis` (Biometrics 45, 1989): 1 only where output equals target.

    >>> concordance_correlation([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]])
    tensor([1.])
    """
    target, output = same_shape(y_true, y_pred)
    m, n = ops.mean(target, axis=axis, keepdims=True), ops.mean(output, axis=axis, keepdims=True)
    covariance = ops.mean((target - m) * (output - n), axis=axis)
    variances = ops.var(target, axis=axis) + ops.var(output, axis=axis)
    return ops.divide_no_nan(2 * covariance, variances + ops.squeeze(ops.square(m - n), axis))


class PearsonCorrelation(MeanMetricWrapper):
    """The mean correlation of target and output along `axis`.

    Each example is a row of numbers; where an example is one number use ``axis=0``, along the batch.

    >>> round(float(PearsonCorrelation()([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]])), 6)
    1.0
    """

    def __init__(self, name: str = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of Lin's concordance correlation of target and output along `axis`.

    >>> float(ConcordanceCorrelation()([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]]))
    1.0
    """

    def __init__(self, name: str = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
