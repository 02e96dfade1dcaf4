"""Layers that bring activations to mean 0 and deviation 1: over the batch, the example, groups of channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..core.errors import ShapeError, ValueProblem
from ..ops.rules import normal_axes, normal_axis
from ..tensors.tensor import Tensor
from .core import positive
from .layer import InputSpec, Layer


def _axes(axis: Any) -> list[int]:
    return [axis] if isinstance(axis, int) else list(axis)


class _Scaled(Layer):
    """A normalisation with a learnt scale and offset, one number for each entry along its axes."""

    def __init__(
        self,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.center, self.scale = center, scale
        self.beta_initializer, self.gamma_initializer = beta_initializer, gamma_initializer
        self.beta_regularizer, self.gamma_regularizer = beta_regularizer, gamma_regularizer
        self.beta_constraint, self.gamma_constraint = beta_constraint, gamma_constraint
        self.supports_masking = True

    def add_scale(self, shape: Sequence[Any]) -> None:
        """Make gamma and beta, as far as they are wanted."""
        self.gamma = (
            self.add_weight(
                shape,
                self.gamma_initializer,
                autocast=False,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                name="gamma",
            )
            if self.scale
            else None
        )
        self.beta = (
            self.add_weight(
                shape,
                self.beta_initializer,
                autocast=False,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                name="beta",
            )
            if self.center
            else None
        )

    def sizes_along(self, input_shape: Any, axes: Sequence[int]) -> list[int]:
        """The input's sizes along `axes`; from now on every input must have them."""
        sizes = [input_shape[normal_axis(a, len(input_shape))] for a in axes]
        if None in sizes:
            raise ShapeError(
                f"an input of shape {input_shape}", f"known sizes along axis {list(axes)}", "give the Input a shape"
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes=dict(zip(axes, sizes, strict=True)))
        return sizes


def _wide(x: Any) -> Tensor:
    """x in float32 at least: sums over many entries lose too much in the half formats."""
    return ops.cast(x, "float32") if x.dtype.name in ("float16", "bfloat16") else x


class BatchNormalization(_Scaled):
    """Each channel to mean 0 and deviation 1 over the batch, then scaled and moved.

    In training the batch's own statistics serve, and moving averages of them are kept; otherwise, and when
    ``trainable`` is false, the moving averages serve.

    Args:
        axis: the axis (or axes) with statistics of their own, usually the channels. momentum: of the moving
            averages. epsilon: added to the variance. center, scale: whether beta, gamma are learnt.
        renorm and its kind, synchronized: not here: batch renormalisation raises, one device needs no synchronising.

    Source: Ioffe and Szegedy, arXiv:1502.03167. As in Keras the moving variance is that of the batch itself, not
    the unbiased estimate.

    >>> layer = BatchNormalization()
    >>> layer([[1.0], [3.0]], training=True).numpy().round(3).tolist()
    [[-1.0], [1.0]]
    >>> layer.moving_mean.numpy().round(3).tolist()
    [0.02]
    """

    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        if renorm:
            raise ValueProblem(
                "renorm=True", "renorm=False", "use LayerNormalization or GroupNormalization for small batches"
            )
        self.axis, self.momentum, self.epsilon = axis, float(momentum), float(epsilon)
        self.moving_mean_initializer = moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer

    def build(self, input_shape: Any) -> None:
        shape = self.sizes_along(input_shape, _axes(self.axis))
        self.add_scale(shape)
        self.moving_mean = self.add_weight(
            shape, self.moving_mean_initializer, trainable=False, autocast=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, trainable=False, autocast=False, name="moving_variance"
        )

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Tensor:
        x = _wide(inputs)
        mean, variance = self.moving_mean.value, self.moving_variance.value
        if training and self.trainable:
            new_mean, new_variance = self._moments(x, mask)
            self.moving_mean.assign(mean * self.momentum + new_mean * (1 - self.momentum))
            self.moving_variance.assign(variance * self.momentum + new_variance * (1 - self.momentum))
            mean, variance = new_mean, new_variance
        out = ops.batch_normalization(x, mean, variance, self.axis, self.beta, self.gamma, self.epsilon)
        return ops.cast(out, self.compute_dtype)

    def _moments(self, x: Tensor, mask: Any) -> tuple[Tensor, Tensor]:
        kept = normal_axes(tuple(_axes(self.axis)), x.ndim)
        over = tuple(i for i in range(x.ndim) if i not in kept)
        if mask is None:
            return ops.moments(x, axes=over)
        weights = ops.cast(mask, x.dtype)
        weights = ops.broadcast_to(ops.reshape(weights, (*mask.shape, *(1,) * (x.ndim - mask.ndim))), x.shape)
        count = ops.sum(weights, axis=over) + 1e-7
        mean = ops.sum(x * weights, axis=over) / count
        shape = [x.shape[i] if i in kept else 1 for i in range(x.ndim)]
        centred = x - ops.reshape(mean, shape)
        return mean, ops.sum(weights * centred * centred, axis=over) / count


class LayerNormalization(_Scaled):
    """Each example to mean 0 and deviation 1 over `axis`, then scaled and moved (Ba et al., arXiv:1607.06450).

    >>> LayerNormalization(epsilon=0.0)([[1.0, 3.0]])
    tensor([[-1.,  1.]])
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if "rms_scaling" in kwargs:
            raise ValueProblem("rms_scaling", "no such argument", "use RMSNormalization")
        super().__init__(
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.axis, self.epsilon = axis, float(epsilon)

    def build(self, input_shape: Any) -> None:
        self.add_scale(self.sizes_along(input_shape, _axes(self.axis)))

    def call(self, inputs: Any) -> Tensor:
        axes = tuple(_axes(self.axis))
        out = ops.layer_normalization(_wide(inputs), self.gamma, self.beta, axes, self.epsilon)
        return ops.cast(out, self.compute_dtype)


class GroupNormalization(_Scaled):
    """Each example's channels in `groups`, each group to mean 0 and deviation 1 (Wu and He, arXiv:1803.08494).

    Args:
        groups: must divide the channels; -1 for one a channel (instance normalisation).

    >>> GroupNormalization(groups=2)(ops.ones((1, 3, 4))).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.groups = groups if groups == -1 else positive(groups, "groups", self)
        self.axis, self.epsilon = axis, float(epsilon)

    def build(self, input_shape: Any) -> None:
        channels = self.sizes_along(input_shape, [self.axis])[0]
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise ShapeError(
                f"{channels} channels in {self.groups} groups",
                "groups that divide the channels",
                f"e.g. GroupNormalization(groups={max(g for g in range(1, 33) if channels % g == 0)})",
            )
        self.add_scale([channels])

    def call(self, inputs: Any) -> Tensor:
        axis = self.axis % inputs.ndim
        n, channels = inputs.shape[0], inputs.shape[axis]
        split = [-1 if n is None else n, *inputs.shape[1:]]
        split[axis : axis + 1] = [self.groups, channels // self.groups]
        x = ops.reshape(_wide(inputs), split)
        over = tuple(i for i in range(1, x.ndim) if i != axis)
        mean, variance = ops.moments(x, axes=over, keepdims=True)
        x = ops.reshape((x - mean) * ops.rsqrt(variance + self.epsilon), (split[0], *inputs.shape[1:]))
        along = [channels if i == axis else 1 for i in range(inputs.ndim)]
        if self.gamma is not None:
            x = x * ops.reshape(self.gamma, along)
        if self.beta is not None:
            x = x + ops.reshape(self.beta, along)
        return ops.cast(x, self.compute_dtype)


class RMSNormalization(Layer):
    """Each example over the root of its mean square, times a learnt scale (Zhang and Sennrich, arXiv:1910.07467).

    >>> RMSNormalization(epsilon=0.0)([[3.0, 3.0]])
    tensor([[1., 1.]])
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis, self.epsilon = axis, float(epsilon)

    def build(self, input_shape: Any) -> None:
        shape = [input_shape[normal_axis(a, len(input_shape))] for a in _axes(self.axis)]
        self.scale = self.add_weight(shape, "ones", autocast=False, name="scale")

    def call(self, inputs: Any) -> Tensor:
        out = ops.rms_normalization(_wide(inputs), self.scale, tuple(_axes(self.axis)), self.epsilon)
        return ops.cast(out, self.compute_dtype)


class UnitNormalization(Layer):
    """Each example to length 1 along `axis`.

    >>> UnitNormalization()([[3.0, 4.0]])
    tensor([[0.6, 0.8]])
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def call(self, inputs: Any) -> Tensor:
        squares = ops.sum(inputs * inputs, axis=tuple(_axes(self.axis)), keepdims=True)
        return inputs * ops.rsqrt(ops.maximum(squares, 1e-24))
