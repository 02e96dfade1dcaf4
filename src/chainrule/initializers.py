"""Initial values of weights, under Keras's names. They are drawn with NumPy, on every engine.

An initializer without a seed draws from a stream of its own, which depends on `set_random_seed` and on how many of its
kind were made before, not on the other layers of a model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import ops
from .core.arguments import not_nan, one_of
from .core.errors import ShapeError
from .core.missing_names import lookup
from .graph import as_dtype, floatx
from .ops import random
from .ops.random import SeedGenerator, fork_seed
from .serialization.configurable import Configurable
from .serialization.names import register_builtin
from .serialization.registry import Registry
from .tensors.tensor import Tensor

Shape = Sequence[int]
register_builtin(SeedGenerator, "ops", "random")


class Initializer(Configurable):
    """A function ``(shape, dtype) -> tensor``; inherit to write your own (``keras.initializers.Initializer``).

    >>> Ones()((2,))
    tensor([1., 1.])
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(shape, dtype)")

    def clone(self) -> Initializer:
        """Return a copy of this initializer."""
        return type(self).from_config(self.get_config())


class Zeros(Initializer):
    """All 0."""

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return ops.zeros(tuple(shape), dtype)


class Ones(Initializer):
    """All 1."""

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return ops.ones(tuple(shape), dtype)


class Constant(Initializer):
    """All `value`: a number, or an array that broadcasts to the shape."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return ops.broadcast_to(ops.cast(self.value, dtype or floatx()), tuple(shape))


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, 0 elsewhere."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        if len(shape) != 2:
            raise ShapeError(f"shape {tuple(shape)} for an identity", "a matrix", "choose another initializer")
        return self.gain * ops.eye(shape[0], shape[1], dtype=dtype)


class RandomInitializer(Initializer):
    """Draws random numbers: with a seed the same ones on every call, without one new ones."""

    def __init__(self, seed: int | SeedGenerator | None = None) -> None:
        self.seed = seed

    def stream(self) -> int | SeedGenerator:
        """Return the seed, or the next stream of this initializer's class."""
        return fork_seed(type(self).__name__) if self.seed is None else self.seed


class RandomNormal(RandomInitializer):
    """Normal numbers."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | SeedGenerator | None = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.normal(shape, self.mean, self.stddev, dtype, self.stream())


class TruncatedNormal(RandomInitializer):
    """Normal numbers, none further than two standard deviations from the mean."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | SeedGenerator | None = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.stream())


class RandomUniform(RandomInitializer):
    """Uniformly distributed numbers from `minval` to `maxval`."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | SeedGenerator | None = None) -> None:
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.uniform(shape, self.minval, self.maxval, dtype, self.stream())


def fans(
    shape: Shape, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """Return the fan-in and the fan-out, how many inputs reach one unit and how many outputs one input reaches.

    >>> fans((3, 3, 16, 32))
    (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[i] for i in input_axes), math.prod(shape[i] for i in output_axes)
    if len(shape) < 2:
        n = shape[0] if len(shape) else 1
        return n, n
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window


class VarianceScaling(RandomInitializer):
    """Numbers whose variance is `scale` over the fan named by `mode` (``keras.initializers.VarianceScaling``).

    Args:
        scale: a number above 0. mode: ``"fan_in"``, ``"fan_out"`` or ``"fan_avg"``.
        distribution: ``"truncated_normal"``, ``"untruncated_normal"`` or ``"uniform"``.
        input_axes, output_axes: the axes of inputs and outputs, if the shape is not that of a usual kernel.

    >>> VarianceScaling(seed=1)((3, 4)).shape
    (3, 4)
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal",
        seed: int | SeedGenerator | None = None, input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(seed)
        distribution = "truncated_normal" if distribution == "normal" else distribution
        distributions = ("truncated_normal", "untruncated_normal", "uniform")
        self.scale = not_nan(above=0, scale=scale)
        self.mode = one_of(("fan_in", "fan_out", "fan_avg"), mode=mode)
        self.distribution = one_of(distributions, distribution=distribution)
        self.input_axes, self.output_axes = input_axes, output_axes

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        fan_in, fan_out = fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random.uniform(shape, -limit, limit, dtype, self.stream())
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self.stream())
        # the truncated distribution's standard deviation is 0.8796 of the normal one's
        return random.truncated_normal(shape, 0.0, math.sqrt(variance) / 0.87962566103423978, dtype, self.stream())


def _scaled(name: str, scale: float, mode: str, distribution: str, doc: str) -> type[VarianceScaling]:
    """Make a class of `VarianceScaling` with this scale, mode and distribution."""

    def __init__(
        self: VarianceScaling, seed: int | SeedGenerator | None = None, input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        VarianceScaling.__init__(self, scale, mode, distribution, seed, input_axes, output_axes)

    return type(name, (VarianceScaling,), {"__init__": __init__, "__doc__": doc, "__module__": __name__})


_GLOROT = "Glorot and Bengio, https://proceedings.mlr.press/v9/glorot10a.html"
_HE = "He et al., https://arxiv.org/abs/1502.01852"
_LECUN = "LeCun et al., Efficient BackProp, 1998"
GlorotUniform = _scaled("GlorotUniform", 1.0, "fan_avg", "uniform", f"Uniform within sqrt(6/(in + out)) ({_GLOROT}).")
GlorotNormal = _scaled("GlorotNormal", 1.0, "fan_avg", "truncated_normal", f"Variance 2/(in + out) ({_GLOROT}).")
HeUniform = _scaled("HeUniform", 2.0, "fan_in", "uniform", f"Uniform within sqrt(6/in) ({_HE}).")
HeNormal = _scaled("HeNormal", 2.0, "fan_in", "truncated_normal", f"Variance 2/in ({_HE}).")
LecunUniform = _scaled("LecunUniform", 1.0, "fan_in", "uniform", f"Uniform within sqrt(3/in) ({_LECUN}).")
LecunNormal = _scaled("LecunNormal", 1.0, "fan_in", "truncated_normal", f"Variance 1/in ({_LECUN}).")


class Orthogonal(RandomInitializer):
    """A matrix with orthogonal columns (rows, if it has fewer rows), times `gain`; kernels are flattened to matrices.

    Source: Saxe et al., https://arxiv.org/abs/1312.6120.

    >>> q = Orthogonal(seed=1)((3, 3))
    >>> bool((abs(q.T @ q - ops.eye(3)) < 1e-5).all())
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | SeedGenerator | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        if len(shape) < 2:
            raise ShapeError(f"shape {tuple(shape)} to be orthogonal", "two axes or more", "choose another initializer")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        result_dtype = as_dtype(dtype or floatx())
        qr_dtype = result_dtype if result_dtype == "float64" else "float32"  # LAPACK has no half precision
        normal = random.normal((max(rows, columns), min(rows, columns)), dtype=qr_dtype, seed=self.stream())
        q, r = np.linalg.qr(normal.numpy())
        q = q * np.where(np.diag(r) < 0, -1, 1).astype(q.dtype)  # makes it uniform over all orthogonal matrices
        return self.gain * ops.cast(ops.reshape(q if rows >= columns else q.T, tuple(shape)), result_dtype)


IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal
zeros, ones, constant, identity, orthogonal = Zeros, Ones, Constant, Identity, Orthogonal
glorot_normal, glorot_uniform, he_normal, he_uniform = GlorotNormal, GlorotUniform, HeNormal, HeUniform
lecun_normal, lecun_uniform, variance_scaling = LecunNormal, LecunUniform, VarianceScaling
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal

ALIASES = {"normal": "RandomNormal", "uniform": "RandomUniform", "one": "Ones", "zero": "Zeros"}
ALIASES |= {"IdentityInitializer": "Identity", "OrthogonalInitializer": "Orthogonal"}
registry = Registry("initializers", "initializer", Initializer, ALIASES)
get, serialize, deserialize = registry.get, registry.serialize, registry.deserialize

__getattr__ = lookup("initializers")
__path__: list[str] = []  # so that imports of missing names look for a module, and so for advice
