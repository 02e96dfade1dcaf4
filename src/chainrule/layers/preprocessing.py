"""Numbers made ready: rescaled, normalised, put into bins, written as one-hot vectors; layers one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .. import ops
from ..core.errors import DTypeError, GraphError, ShapeError, ValueProblem
from ..graph import as_dtype
from ..ops.resampling import check_one_of
from ..ops.rules import normal_axes
from ..tensors.tensor import Tensor, Variable, as_tensor
from .core import positive
from .layer import Layer


class Rescaling(Layer):
    """``inputs * scale + offset``, in the compute dtype (``keras.layers.Rescaling``).

    Args:
        scale, offset: numbers, or arrays that broadcast.

    >>> Rescaling(1 / 255)(np.array([0, 51, 255], np.uint8))
    tensor([0. , 0.2, 1. ])
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset
        self.supports_masking = True

    def call(self, inputs: Any) -> Tensor:
        x, scale, offset = (ops.cast(v, self.compute_dtype) for v in (inputs, self.scale, self.offset))
        return x * scale + offset


def _numeric(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    as_dtype(array.dtype)  # which refuses what is no number
    return array


def _batches(data: Any) -> Iterator[np.ndarray[Any, Any]]:
    """An array, or a list of numbers, as one batch; else the batches, of pairs (inputs, targets) the inputs."""
    numbers = isinstance(data, list) and not any(isinstance(b, tuple) or hasattr(b, "shape") for b in data)
    if numbers or isinstance(data, np.ndarray | Tensor | Variable) or hasattr(data, "__array__"):
        yield _numeric(np.asarray(data))
        return
    if not isinstance(data, Iterable) or isinstance(data, str | bytes | dict):
        raise DTypeError(f"{type(data).__name__} to adapt to", "an array, or batches of them", "convert it to an array")
    for batch in data:
        found = batch[0] if isinstance(batch, tuple) else batch
        if not hasattr(found, "shape"):
            raise DTypeError(f"{type(found).__name__} as a batch", "arrays", "convert it to an array")
        yield _numeric(np.asarray(found))


class Normalization(Layer):
    """``(inputs - mean) / sqrt(variance)``, with mean and variance of data (``keras.layers.Normalization``).

    Args:
        axis: the axis or axes with statistics of their own; ``None`` for one mean of everything.
        mean, variance: given here, or found by `adapt`. A deviation counts as 1e-7 at least.
        invert: ``mean + inputs * sqrt(variance)`` instead.

    Weights, where `adapt` finds them: mean, variance, and the number of examples seen, as in Keras's files.

    >>> layer = Normalization()
    >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
    >>> layer([[3.0, 10.0]])
    tensor([[ 1., -1.]])
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if not all(isinstance(a, int) for a in self.axis):
            raise ValueProblem(f"axis={axis!r}", "an axis, several, or None", "e.g. axis=-1")
        if (mean is None) != (variance is None) or np.shape(mean) != np.shape(variance):
            raise ValueProblem(
                f"mean={mean!r} and variance={variance!r}", "both, of one shape, or neither", "give both, or call adapt"
            )
        if np.ndim(mean) > len(self.axis):
            raise ShapeError(
                f"a mean of shape {np.shape(mean)} for axis {self.axis}",
                f"{len(self.axis)} axes at most",
                "give one number for each entry along axis",
            )
        self.invert, self.supports_masking = invert, True
        self.given_mean, self.given_variance = mean, variance

    def build(self, input_shape: Any) -> None:
        self.kept = sorted(normal_axes(self.axis, len(input_shape)))
        sizes = [input_shape[a] for a in self.kept]
        if None in sizes:
            raise ShapeError(
                f"an input of shape {input_shape}", f"known sizes along axis {self.kept}", "give the Input a shape"
            )
        self.broadcast_shape = [n if i in self.kept else 1 for i, n in enumerate(input_shape)]
        if self.given_mean is None:
            self.adapt_mean = self.add_weight(sizes, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(sizes, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", "int32", trainable=False, name="count")
        else:
            self._filled(self.given_mean)

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data: an array, or batches of any sizes; what was found before is forgotten.

        Means and variances of batches are joined as by Chan, Golub and LeVeque (1979), in float64.
        """
        if self.given_mean is not None:
            raise GraphError("adapt of a Normalization with mean and variance", "one of the two", "leave mean out")
        rows = count = 0
        mean: Any = 0.0
        squares: Any = 0.0
        for batch in _batches(data):
            if not batch.size:
                continue
            if not self.built:
                self.build((None, *batch.shape[1:]) if 0 not in normal_axes(self.axis, batch.ndim) else batch.shape)
            if [n if i in self.kept else 1 for i, n in enumerate(batch.shape)] != self.broadcast_shape:
                raise ShapeError(
                    f"a batch of shape {batch.shape}",
                    f"the sizes {self.broadcast_shape} along axis {self.kept}",
                    "give batches of one shape",
                )
            over = tuple(i for i in range(batch.ndim) if i not in self.kept)
            n = int(np.prod([batch.shape[i] for i in over]))
            x = batch.astype(np.float64)
            its_mean = x.mean(over)
            away = its_mean - mean
            squares = squares + x.var(over) * n + away**2 * (count * n / (count + n))
            mean = mean + away * (n / (count + n))
            rows, count = rows + len(batch), count + n
        if not count:
            raise ValueProblem("no data to adapt to", "one batch at least, not empty", "check the data")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(squares / count)
        self.count.assign(rows)

    @property
    def mean(self) -> Tensor:
        """The mean, in the compute dtype, shaped to broadcast with the inputs."""
        return self._filled(self.given_mean) if self.given_mean is not None else self._shaped(self.adapt_mean)

    @property
    def variance(self) -> Tensor:
        """The variance, shaped as the mean."""
        given = self.given_variance
        return self._filled(given) if given is not None else self._shaped(self.adapt_variance)

    def _filled(self, given: Any) -> Tensor:
        sizes = tuple(n for i, n in enumerate(self.broadcast_shape) if i in self.kept)
        try:
            filled = np.broadcast_to(np.asarray(given), sizes)
        except ValueError:
            raise ShapeError(
                f"a mean of shape {np.shape(given)} for {sizes} entries along axis {self.kept}",
                "as many numbers, or one",
                "check mean, variance and axis",
            ) from None
        return self._shaped(filled)

    def _shaped(self, statistic: Any) -> Tensor:
        return ops.reshape(ops.cast(statistic, self.compute_dtype), self.broadcast_shape)

    def call(self, inputs: Any) -> Tensor:
        x = ops.cast(inputs, self.compute_dtype)
        deviation = ops.maximum(ops.sqrt(self.variance), 1e-7)
        return self.mean + x * deviation if self.invert else (x - self.mean) / deviation


MODES = ("one_hot", "multi_hot", "count")


def encoded(indices: Tensor, mode: str, depth: int, dtype: str, weights: Any = None) -> Tensor:
    """Whole numbers from 0 up, below `depth`, as vectors of that length."""
    if mode == "one_hot":
        last = indices.ndim > 1 and indices.shape[-1] == 1
        return ops.one_hot(ops.squeeze(indices, -1) if last else indices, depth, dtype=dtype)
    axis = 1 if indices.ndim > 1 else 0
    vectors = ops.one_hot(ops.reshape(indices, (1,)) if indices.ndim == 0 else indices, depth, dtype=dtype)
    if mode == "multi_hot":
        return ops.max(vectors, axis=axis)
    return ops.sum(vectors if weights is None else vectors * ops.expand_dims(ops.cast(weights, dtype), -1), axis=axis)


def _dense(sparse: bool) -> None:
    if sparse:
        raise ValueProblem("sparse=True", "dense vectors", "leave the argument out")


class CategoryEncoding(Layer):
    """Whole numbers as vectors (``keras.layers.CategoryEncoding``).

    Args:
        num_tokens: the vectors' length; inputs are from 0 up, below it.
        output_mode: ``"one_hot"``, a vector for each number; ``"multi_hot"``, one for each row, 1 at the numbers in
            it; ``"count"``, how often each is in the row, or with ``count_weights`` the sum of its weights.

    >>> CategoryEncoding(4, "count")([[0, 1, 1], [3, 0, 0]]).tolist()
    [[1.0, 2.0, 0.0, 0.0], [2.0, 0.0, 0.0, 1.0]]
    """

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(autocast=False, **kwargs)
        _dense(sparse)
        self.num_tokens = positive(num_tokens, "num_tokens", self)
        self.output_mode = "multi_hot" if output_mode == "binary" else output_mode
        check_one_of(self.output_mode, MODES, "output_mode")

    def call(self, inputs: Any, count_weights: Any = None) -> Tensor:
        if count_weights is not None and self.output_mode != "count":
            raise ValueProblem(
                f"count_weights with output_mode {self.output_mode!r}", "output_mode='count'", "leave the weights out"
            )
        indices = as_tensor(inputs)
        if indices.dtype.kind not in "iu":
            indices = ops.cast(indices, "int32")
        if indices.value is not None and indices.size:
            low, high = int(indices.value.min()), int(indices.value.max())
            if low < 0 or high >= self.num_tokens:
                raise ValueProblem(
                    f"numbers from {low} to {high}",
                    f"whole numbers from 0 to {self.num_tokens - 1}",
                    f"give num_tokens={high + 1} or more, or check the numbers",
                )
        return encoded(indices, self.output_mode, self.num_tokens, self.compute_dtype, count_weights)


class Discretization(Layer):
    """Numbers as the bins they fall into (``keras.layers.Discretization``).

    Args:
        bin_boundaries: bin i holds the numbers from boundary i - 1 up, below boundary i; the first and the last are
            open. num_bins: instead, with as much data in each, found by `adapt`.
        epsilon: the share by which Keras's boundaries may be off; these are exact.
        output_mode: ``"int"``, bins as int32, or as in `CategoryEncoding`.

    >>> Discretization([0.0, 1.0, 2.0])([[-1.5, 1.0, 3.4, 0.5]]).tolist()
    [[0, 2, 3, 1]]
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        _dense(sparse)
        check_one_of(output_mode, ("int", *MODES), "output_mode")
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueProblem(
                f"bin_boundaries={bin_boundaries!r} and num_bins={num_bins!r}", "one of the two", "give one of them"
            )
        self.num_bins = None if num_bins is None else positive(num_bins, "num_bins", self)
        self.output_mode = output_mode
        self.bin_boundaries: list[float] | None = None if bin_boundaries is None else self._checked(bin_boundaries)

    def _checked(self, boundaries: Any) -> list[float]:
        found = np.asarray(boundaries)
        numbers = not found.size or found.dtype.kind in "iuf"
        if not numbers or found.ndim != 1 or not (found[:-1] <= found[1:]).all():
            raise ValueProblem(f"bin_boundaries {boundaries!r}", "a list of numbers that ascend", "sort them")
        return [float(v) for v in found]

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Put the boundaries where each bin gets as much of the data: an array, or batches, of which `steps` count.

        Boundary i of k bins is the i/k quantile, interpolated between the numbers in order (Hyndman and Fan's fourth).
        """
        if self.num_bins is None:
            raise GraphError("adapt of a Discretization with bin_boundaries", "num_bins", "give num_bins instead")
        parts = [b.ravel() for i, b in enumerate(_batches(data)) if steps is None or i < steps]
        values = np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)
        if not values.size:
            raise ValueProblem("no data to adapt to", "one batch at least, not empty", "check the data")
        shares = np.arange(1, self.num_bins) / self.num_bins
        self.bin_boundaries = np.quantile(values, shares, method="interpolated_inverted_cdf").tolist()

    def call(self, inputs: Any) -> Tensor:
        if self.bin_boundaries is None:
            raise GraphError(f"the layer {self.name!r} without boundaries", "adapt first", "call layer.adapt(data)")
        bins = ops.digitize(inputs, np.asarray(self.bin_boundaries, inputs.dtype if inputs.spec.floating else None))
        if self.output_mode == "int":
            return bins
        return encoded(bins, self.output_mode, len(self.bin_boundaries) + 1, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bin_boundaries": self.bin_boundaries}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        if config.get("num_bins") is None:
            return super().from_config(config)
        made = super().from_config({**config, "bin_boundaries": None})
        made.bin_boundaries = config.get("bin_boundaries")
        return made


class Pipeline(Layer):
    """Layers one after another, as one (``keras.layers.Pipeline``).

    >>> Pipeline([Rescaling(2.0), Rescaling(1.0, offset=1.0)])([3.0])
    tensor([7.])
    """

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(name=name)
        if not isinstance(layers, list | tuple) or not all(isinstance(layer, Layer) for layer in layers):
            raise ValueProblem(f"{layers!r} for a Pipeline", "a list of layers", "e.g. [Rescaling(1 / 255)]")
        self.layers = list(layers)
        self.supports_masking = True

    def call(self, inputs: Any, training: Any = True) -> Any:
        for layer in self.layers:
            inputs = layer(inputs, training=training)
        return inputs
