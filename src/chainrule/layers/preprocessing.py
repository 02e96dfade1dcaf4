"""Preprocessing of numbers: rescaling, normalisation, bins, one-hot vectors; and pipelines of layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .. import ops
from ..core import memory
from ..core.arguments import at_least, one_of
from ..core.errors import DTypeError, GraphError, ShapeError, ValueProblem
from ..graph import as_dtype
from ..ops.rules import normalize_axes
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable
from .checks import as_axis_list, axis_numbers, known_sizes
from .core import as_indices
from .layer import Layer
from .shape_chain import layer_label


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
    """Return an array of numbers unchanged; any other raises."""
    as_dtype(array.dtype)
    return array


def _batches(data: Any) -> Iterator[np.ndarray[Any, Any]]:
    """Yield an array or a list of numbers as one batch, or each of several batches; of (inputs, targets) the inputs."""
    is_list_of_numbers = isinstance(data, list) and not any(isinstance(b, tuple) or hasattr(b, "shape") for b in data)
    if is_list_of_numbers or isinstance(data, np.ndarray | Tensor | Variable) or hasattr(data, "__array__"):
        yield _numeric(np.asarray(data))
        return
    if not isinstance(data, Iterable) or isinstance(data, str | bytes | dict):
        raise DTypeError(f"{type(data).__name__} to adapt to", "an array, or batches of them", "convert it to an array")
    for batch in data:
        inputs = batch[0] if isinstance(batch, tuple) else batch
        if not hasattr(inputs, "shape"):
            raise DTypeError(f"{type(inputs).__name__} as a batch", "arrays", "convert it to an array")
        yield _numeric(np.asarray(inputs))


class Normalization(Layer):
    """``(inputs - mean) / sqrt(variance)``, with the mean and variance of data (``keras.layers.Normalization``).

    Args:
        axis: the axis or axes whose entries have their own statistics; ``None`` for one mean of everything.
        mean, variance: default those that `adapt` computes. Deviations below 1e-7 count as 1e-7.
        invert: whether to compute ``mean + inputs * sqrt(variance)`` instead.

    Weights, if `adapt` computes them: mean, variance, and the number of examples, as in Keras's files.

    >>> layer = Normalization()
    >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
    >>> layer([[3.0, 10.0]])
    tensor([[ 1., -1.]])
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else tuple(as_axis_list(axis_numbers(owner=layer_label(self), axis=axis)))
        if (mean is None) != (variance is None) or np.shape(mean) != np.shape(variance):
            passed = f"mean={mean!r} and variance={variance!r}"
            raise ValueProblem(passed, "both, of one shape, or neither", "give both, or call adapt")
        if np.ndim(mean) > len(self.axis):
            passed = f"a mean of shape {np.shape(mean)} for axis {self.axis}"
            raise ShapeError(passed, f"{len(self.axis)} axes at most", "give one number for each entry along axis")
        self.invert, self.supports_masking = invert, True
        self.fixed_mean, self.fixed_variance = mean, variance

    def build(self, input_shape: Any) -> None:
        self.kept_axes = sorted(normalize_axes(self.axis, len(input_shape)))
        sizes = known_sizes(input_shape, self.kept_axes, f"known sizes along axis {self.kept_axes}")
        self.broadcast_shape = [n if i in self.kept_axes else 1 for i, n in enumerate(input_shape)]
        if self.fixed_mean is None:
            self.adapt_mean = self.add_weight(sizes, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(sizes, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", "int32", trainable=False, name="count")
        else:
            self._broadcast(self.fixed_mean)

    def adapt(self, data: Any) -> None:
        """Compute mean and variance of data, an array or batches of any sizes, in place of earlier ones.

        Means and variances of batches are combined as in Chan, Golub and LeVeque (1979), in float64.
        """
        if self.fixed_mean is not None:
            raise GraphError("adapt of a Normalization with mean and variance", "one of the two", "leave mean out")
        rows = count = 0
        mean: Any = 0.0
        squares: Any = 0.0
        for batch in _batches(data):
            if not batch.size:
                continue
            if not self.built:
                self.build((None, *batch.shape[1:]) if 0 not in normalize_axes(self.axis, batch.ndim) else batch.shape)
            if [n if i in self.kept_axes else 1 for i, n in enumerate(batch.shape)] != self.broadcast_shape:
                expected = f"the sizes {self.broadcast_shape} along axis {self.kept_axes}"
                raise ShapeError(f"a batch of shape {batch.shape}", expected, "give batches of one shape")
            reduced_axes = tuple(i for i in range(batch.ndim) if i not in self.kept_axes)
            n = int(np.prod([batch.shape[i] for i in reduced_axes]))
            x = batch.astype(np.float64)
            difference = x.mean(reduced_axes) - mean
            squares = squares + x.var(reduced_axes) * n + difference**2 * (count * n / (count + n))
            mean = mean + difference * (n / (count + n))
            rows, count = rows + len(batch), count + n
        if not count:
            raise ValueProblem("no data to adapt to", "one batch at least, not empty", "check the data")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(squares / count)
        self.count.assign(rows)

    @property
    def mean(self) -> Tensor:
        """The mean, in the compute dtype, shaped to broadcast with the inputs."""
        return self._reshape(self.adapt_mean) if self.fixed_mean is None else self._broadcast(self.fixed_mean)

    @property
    def variance(self) -> Tensor:
        """The variance, with the mean's shape."""
        fixed = self.fixed_variance
        return self._reshape(self.adapt_variance) if fixed is None else self._broadcast(fixed)

    def _broadcast(self, statistic: Any) -> Tensor:
        """Return a mean or variance from the constructor, broadcast to the kept axes and shaped as the mean."""
        sizes = tuple(n for i, n in enumerate(self.broadcast_shape) if i in self.kept_axes)
        memory.require_array(sizes, np.float64, "a mean or variance")
        try:
            values = np.broadcast_to(np.asarray(statistic), sizes)
        except ValueError:
            passed = f"a mean of shape {np.shape(statistic)} for {sizes} entries along axis {self.kept_axes}"
            raise ShapeError(passed, "as many numbers, or one", "check mean, variance and axis") from None
        return self._reshape(values)

    def _reshape(self, statistic: Any) -> Tensor:
        """Return a statistic in the compute dtype, shaped to broadcast with the inputs."""
        return ops.reshape(ops.cast(statistic, self.compute_dtype), self.broadcast_shape)

    def call(self, inputs: Any) -> Tensor:
        x = ops.cast(inputs, self.compute_dtype)
        deviation = ops.maximum(ops.sqrt(self.variance), 1e-7)
        return self.mean + x * deviation if self.invert else (x - self.mean) / deviation


OUTPUT_MODES = ("one_hot", "multi_hot", "count")


def encode(indices: Tensor, mode: str, depth: int, dtype: str, weights: Any = None) -> Tensor:
    """Encode whole numbers from 0 to depth - 1 as vectors of length `depth`; see `CategoryEncoding`."""
    if mode == "one_hot":
        is_column = indices.ndim > 1 and indices.shape[-1] == 1
        return ops.one_hot(ops.squeeze(indices, -1) if is_column else indices, depth, dtype=dtype)
    axis = 1 if indices.ndim > 1 else 0
    vectors = ops.one_hot(ops.reshape(indices, (1,)) if indices.ndim == 0 else indices, depth, dtype=dtype)
    if mode == "multi_hot":
        return ops.max(vectors, axis=axis)
    return ops.sum(vectors if weights is None else vectors * ops.expand_dims(ops.cast(weights, dtype), -1), axis=axis)


def _refuse_sparse(sparse: bool) -> None:
    """Raise if sparse vectors are requested, which are not supported."""
    if sparse:
        raise ValueProblem("sparse=True", "dense vectors", "leave the argument out")


class CategoryEncoding(Layer):
    """Encode whole numbers as vectors (``keras.layers.CategoryEncoding``).

    Args:
        num_tokens: the length of a vector; inputs are from 0 to num_tokens - 1.
        output_mode: ``"one_hot"``: a vector for each number. ``"multi_hot"``: one for each row, 1 at the numbers in
            it. ``"count"``: how often each number is in the row, or with ``count_weights`` the sum of its weights.

    >>> CategoryEncoding(4, "count")([[0, 1, 1], [3, 0, 0]]).tolist()
    [[1.0, 2.0, 0.0, 0.0], [2.0, 0.0, 0.0, 1.0]]
    """

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(autocast=False, **kwargs)
        _refuse_sparse(sparse)
        label = layer_label(self)
        self.num_tokens = at_least(1, owner=label, num_tokens=num_tokens)
        output_mode = "multi_hot" if output_mode == "binary" else output_mode
        self.output_mode = one_of(OUTPUT_MODES, owner=label, output_mode=output_mode)

    def call(self, inputs: Any, count_weights: Any = None) -> Tensor:
        if count_weights is not None and self.output_mode != "count":
            passed = f"count_weights with output_mode {self.output_mode!r}"
            raise ValueProblem(passed, "output_mode='count'", "leave the weights out")
        indices = as_indices(inputs, self.num_tokens, "num_tokens")
        return encode(indices, self.output_mode, self.num_tokens, self.compute_dtype, count_weights)


class Discretization(Layer):
    """Replace numbers by the index of their bin (``keras.layers.Discretization``).

    Args:
        bin_boundaries: bin i has the numbers from boundary i - 1 (included) to boundary i (excluded); the first and
            the last bin are unbounded.
        num_bins: instead of boundaries: `adapt` then computes them so that each bin has as much data.
        epsilon: the error of Keras's boundaries; these are exact.
        output_mode: ``"int"`` for indices as int32, or a mode of `CategoryEncoding`.

    >>> Discretization([0.0, 1.0, 2.0])([[-1.5, 1.0, 3.4, 0.5]]).tolist()
    [[0, 2, 3, 1]]
    """

    def __init__(
        self, bin_boundaries: Any = None, num_bins: int | None = None, epsilon: float = 0.01, output_mode: str = "int",
        sparse: bool = False, dtype: Any = None, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype=dtype, name=name)
        _refuse_sparse(sparse)
        label = layer_label(self)
        self.output_mode = one_of(["int", *OUTPUT_MODES], owner=label, output_mode=output_mode)
        if (bin_boundaries is None) == (num_bins is None):
            passed = f"bin_boundaries={bin_boundaries!r} and num_bins={num_bins!r}"
            raise ValueProblem(passed, "one of the two", "give one of them")
        self.num_bins = None if num_bins is None else at_least(1, owner=label, num_bins=num_bins)
        self.bin_boundaries = None if bin_boundaries is None else self._check_boundaries(bin_boundaries)

    def _check_boundaries(self, boundaries: Any) -> list[float]:
        """Return boundaries as a list of floats; they must be numbers in ascending order."""
        array = np.asarray(boundaries)
        is_numeric = not array.size or array.dtype.kind in "iuf"
        if not is_numeric or array.ndim != 1 or not (array[:-1] <= array[1:]).all():
            raise ValueProblem(f"bin_boundaries {boundaries!r}", "a list of numbers in ascending order", "sort them")
        return [float(v) for v in array]

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Compute boundaries so that each bin has as much of the data: an array, or batches, of which `steps` are used.

        Boundary i of k bins is the i/k quantile by linear interpolation of the empirical distribution (Hyndman and
        Fan's method 4).
        """
        if self.num_bins is None:
            raise GraphError("adapt of a Discretization with bin_boundaries", "num_bins", "give num_bins instead")
        steps = None if steps is None else at_least(1, steps=steps)
        parts = [b.ravel() for i, b in enumerate(_batches(data)) if steps is None or i < steps]
        values = np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)
        if not values.size:
            raise ValueProblem("no data to adapt to", "one batch at least, not empty", "check the data")
        fractions = memory.arange(1, self.num_bins) / self.num_bins
        self.bin_boundaries = np.quantile(values, fractions, method="interpolated_inverted_cdf").tolist()

    def call(self, inputs: Any) -> Tensor:
        if self.bin_boundaries is None:
            raise GraphError(f"the layer {self.name!r} without boundaries", "adapt first", "call layer.adapt(data)")
        bins = ops.digitize(inputs, np.asarray(self.bin_boundaries, inputs.dtype if inputs.spec.floating else None))
        if self.output_mode == "int":
            return bins
        return encode(bins, self.output_mode, len(self.bin_boundaries) + 1, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the boundaries that `adapt` computed."""
        return {**super().get_config(), "bin_boundaries": self.bin_boundaries}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make a layer from `get_config`'s result, adapted as it was."""
        if config.get("num_bins") is None:
            return super().from_config(config)
        layer = super().from_config({**config, "bin_boundaries": None})
        layer.bin_boundaries = config.get("bin_boundaries")
        return layer


class Pipeline(Layer):
    """Apply layers one after another (``keras.layers.Pipeline``).

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
