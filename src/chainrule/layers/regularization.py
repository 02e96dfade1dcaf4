"""Layers that act in training only: dropout and noise. Otherwise they return their input."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from .. import ops
from ..core.arguments import not_nan
from ..core.errors import ShapeError, ValueProblem
from ..ops import random
from ..ops.composite import SELU_ALPHA, SELU_SCALE
from ..ops.random import SeedGenerator, fork_seed
from ..regularizers import L1L2
from ..serialization.registry import Registry
from ..tensors.tensor import Tensor
from .checks import shape_sizes
from .layer import Layer
from .reshaping import _Spatial
from .shape_chain import layer_label

# so that a configuration may have a generator as its seed
Registry("ops", "random stream", SeedGenerator).add(SeedGenerator)


class _RandomLayer(Layer):
    """A layer with its own generator of random numbers."""

    def __init__(self, seed: int | SeedGenerator | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        seed = fork_seed(type(self).__name__) if seed is None else seed
        self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(seed)
        self.supports_masking = True

    def _normal(self, inputs: Tensor, mean: float, stddev: float) -> Tensor:
        """Draw normal numbers for the inputs, floats for whole numbers too."""
        dtype = inputs.dtype if inputs.spec.floating else self.compute_dtype
        return random.normal(inputs.shape, mean, stddev, dtype, self.seed_generator)


def _check_rate(rate: Any, layer: Layer, below_one: bool = False) -> float:
    """Check that a rate is a number from 0 to 1, or from 0 up and below 1."""
    is_number = isinstance(rate, Real) and not isinstance(rate, bool)
    if not is_number or not 0 <= rate <= 1 or (below_one and rate == 1):
        passed = f"rate={rate!r} for {layer_label(layer)}"
        raise ValueProblem(passed, f"a fraction from 0 {'up, below' if below_one else 'to'} 1", "e.g. 0.5 to drop half")
    return float(rate)


def _mask_shape(noise_shape: tuple[int | None, ...] | None, inputs: Tensor) -> tuple[int, ...]:
    """Return the shape of the mask: `noise_shape`, with the inputs' size in place of ``None``."""
    shape = tuple(inputs.shape) if noise_shape is None else noise_shape
    if len(shape) != inputs.ndim or any(m not in (None, 1, n) for m, n in zip(shape, inputs.shape, strict=False)):
        passed = f"noise_shape {shape} for an input of shape {inputs.shape}"
        raise ShapeError(passed, "for each axis 1, its size, or None", "count the batch's axis too")
    return tuple(n if m is None else m for m, n in zip(shape, inputs.shape, strict=True))


class Dropout(_RandomLayer):
    """In training, set each entry to 0 with probability `rate` and divide the others by 1 - rate.

    Args:
        noise_shape: the mask's shape: 1 for an axis whose entries are dropped together, ``None`` for the input's size.
        seed: default a generator for this layer, seeded by `set_random_seed`.

    Source: Srivastava et al., JMLR 15 (2014).

    >>> Dropout(0.5)([[1.0, 2.0]])
    tensor([[1., 2.]])
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | SeedGenerator | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = _check_rate(rate, self)
        self.noise_shape = None if noise_shape is None else shape_sizes(noise_shape, "noise_shape", 1, unknown=True)

    def mask_shape(self, inputs: Tensor) -> Any:
        """Return the shape of the random mask."""
        return _mask_shape(self.noise_shape, inputs)

    def call(self, inputs: Any, training: Any = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return random.dropout(inputs, self.rate, self.mask_shape(inputs), self.seed_generator)


class _SpatialDropout(Dropout, _Spatial):
    """In training, drop whole channels."""

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | SeedGenerator | None = None,
        name: str | None = None, dtype: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(rate, seed=seed, data_format=data_format, name=name, dtype=dtype, **kwargs)

    def mask_shape(self, inputs: Tensor) -> Any:
        n, ones = inputs.shape[0], (1,) * self.rank
        return (n, inputs.shape[1], *ones) if self.channels_first else (n, *ones, inputs.shape[-1])


class SpatialDropout1D(_SpatialDropout, rank=1):
    """In training, drop whole channels of a sequence.

    >>> SpatialDropout1D(0.5)(ops.ones((1, 3, 2))).shape
    (1, 3, 2)
    """

    def __init__(
        self, rate: float, seed: int | SeedGenerator | None = None, name: str | None = None, dtype: Any = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(rate, None, seed, name, dtype, **kwargs)


class SpatialDropout2D(_SpatialDropout, rank=2):
    """In training, drop whole channels of an image (Tompson et al., arXiv:1411.4280).

    >>> SpatialDropout2D(0.5)(ops.ones((1, 3, 4, 2))).shape
    (1, 3, 4, 2)
    """


class SpatialDropout3D(_SpatialDropout, rank=3):
    """In training, drop whole channels of a volume.

    >>> SpatialDropout3D(0.5)(ops.ones((1, 3, 4, 5, 2))).shape
    (1, 3, 4, 5, 2)
    """


class GaussianNoise(_RandomLayer):
    """In training, add normal numbers with mean 0.

    >>> GaussianNoise(0.1)([[1.0]])
    tensor([[1.]])
    """

    def __init__(self, stddev: float, seed: int | SeedGenerator | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        not_nan(least=0, owner=layer_label(self), stddev=stddev)
        self.stddev = stddev

    def call(self, inputs: Any, training: Any = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        return inputs + self._normal(inputs, 0.0, self.stddev)


class GaussianDropout(_RandomLayer):
    """In training, multiply by normal numbers with mean 1 and deviation sqrt(rate / (1 - rate)).

    >>> GaussianDropout(0.5)([[1.0]])
    tensor([[1.]])
    """

    def __init__(self, rate: float, seed: int | SeedGenerator | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = _check_rate(rate, self, below_one=True)

    def call(self, inputs: Any, training: Any = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        deviation = math.sqrt(self.rate / (1 - self.rate))
        return inputs * self._normal(inputs, 1.0, deviation)


class AlphaDropout(_RandomLayer):
    """Dropout that keeps mean and variance of selu activations (Klambauer et al., arXiv:1706.02515).

    >>> AlphaDropout(0.5)([[1.0]])
    tensor([[1.]])
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | SeedGenerator | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = _check_rate(rate, self, below_one=True)
        self.noise_shape = None if noise_shape is None else shape_sizes(noise_shape, "noise_shape", 1, unknown=True)

    def call(self, inputs: Any, training: Any = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        shape = _mask_shape(self.noise_shape, inputs)
        low = -SELU_ALPHA * SELU_SCALE
        kept = random.uniform(shape, seed=self.seed_generator) >= self.rate
        scale = ((1 - self.rate) * (1 + self.rate * low**2)) ** -0.5
        return scale * ops.where(kept, inputs, low) - scale * low * self.rate


class ActivityRegularization(Layer):
    """Return the input, and add a penalty on it to the loss.

    >>> ActivityRegularization(l1=0.1)([[1.0]])
    tensor([[1.]])
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1, l2), **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs
