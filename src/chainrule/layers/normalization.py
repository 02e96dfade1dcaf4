"""Layers that normalise activations to mean 0 and deviation 1: over the batch, the example or groups of channels.

A constructor's ``*args`` are the arguments of the base class; signatures and configurations name them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from .. import ops
from ..core.arguments import at_least, whole_number
from ..core.errors import ShapeError, ValueProblem
from ..ops.rules import normalize_axes, normalize_axis
from ..tensors.tensor import Tensor
from .checks import any_whole_number, as_axis_list, axis_numbers, known_sizes
from .input_spec import InputSpec
from .layer import Layer
from .shape_chain import layer_label


class _ScaledNormalization(Layer):
    """A normalisation with a learned scale (gamma) and offset (beta), one number for each entry along its axes."""

    def __init__(
        self, center: bool = True, scale: bool = True, beta_initializer: Any = "zeros", gamma_initializer: Any = "ones",
        beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.center, self.scale = center, scale
        self.beta_initializer, self.gamma_initializer = beta_initializer, gamma_initializer
        self.beta_regularizer, self.gamma_regularizer = beta_regularizer, gamma_regularizer
        self.beta_constraint, self.gamma_constraint = beta_constraint, gamma_constraint
        self.supports_masking = True

    def add_scale(self, shape: Sequence[Any]) -> None:
        """Make gamma if the layer scales, and beta if it centers."""
        self.gamma = self._add_configured_weight("gamma", shape, autocast=False) if self.scale else None
        self.beta = self._add_configured_weight("beta", shape, autocast=False) if self.center else None

    def sizes_along(self, input_shape: Any, axes: Sequence[int]) -> list[int]:
        """Return the input's sizes along `axes`, and require them of every later input."""
        checked = [normalize_axis(a, len(input_shape)) for a in axes]
        sizes = known_sizes(input_shape, checked, f"known sizes along axis {list(axes)}")
        self.input_spec = InputSpec(ndim=len(input_shape), axes=dict(zip(axes, sizes, strict=True)))
        return sizes


def _promote_half(x: Any) -> Tensor:
    """Cast float16 and bfloat16 to float32, since sums over many entries would lose too much."""
    return ops.cast(x, "float32") if x.spec.narrow else x


class BatchNormalization(_ScaledNormalization):
    """Normalise each channel to mean 0 and deviation 1 over the batch, then scale and shift it.

    In training the batch's own statistics are used, and their moving averages updated; otherwise, and when
    ``trainable`` is false, the moving averages are used.

    Args:
        axis: the axis (or axes) whose entries have their own statistics, usually the channels.
        momentum: of the moving averages. epsilon: added to the variance.
        center, scale: whether beta, gamma are learned.
        renorm: batch renormalisation, which is not supported. synchronized: has no effect on one device.

    Source: Ioffe and Szegedy, arXiv:1502.03167. As in Keras the moving variance is that of the batch itself, not
    the unbiased estimate.

    >>> layer = BatchNormalization()
    >>> layer([[1.0], [3.0]], training=True).numpy().round(3).tolist()
    [[-1.0], [1.0]]
    >>> layer.moving_mean.numpy().round(3).tolist()
    [0.02]
    """

    def __init__(
        self, axis: Any = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros", moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, renorm: bool = False, renorm_clipping: Any = None,
        renorm_momentum: float = 0.99, synchronized: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        options = (beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint)
        super().__init__(center, scale, beta_initializer, gamma_initializer, *options, **kwargs)
        if renorm:
            passed = "renorm=True"
            raise ValueProblem(passed, "renorm=False", "use LayerNormalization or GroupNormalization for small batches")
        self.axis = axis_numbers(owner=layer_label(self), axis=axis)
        self.momentum, self.epsilon = float(momentum), float(epsilon)
        self.moving_mean_initializer = moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer

    def build(self, input_shape: Any) -> None:
        shape = self.sizes_along(input_shape, as_axis_list(self.axis))
        self.add_scale(shape)
        add = partial(self.add_weight, shape, trainable=False, autocast=False)
        self.moving_mean = add(self.moving_mean_initializer, name="moving_mean")
        self.moving_variance = add(self.moving_variance_initializer, name="moving_variance")

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Tensor:
        x = _promote_half(inputs)
        mean, variance = self.moving_mean.value, self.moving_variance.value
        if training and self.trainable:
            new_mean, new_variance = self._moments(x, mask)
            self.moving_mean.assign(mean * self.momentum + new_mean * (1 - self.momentum))
            self.moving_variance.assign(variance * self.momentum + new_variance * (1 - self.momentum))
            mean, variance = new_mean, new_variance
        out = ops.batch_normalization(x, mean, variance, self.axis, self.beta, self.gamma, self.epsilon)
        return ops.cast(out, self.compute_dtype)

    def _moments(self, x: Tensor, mask: Any) -> tuple[Tensor, Tensor]:
        """Return mean and variance over the other axes, of the entries that the mask keeps."""
        channel_axes = normalize_axes(tuple(as_axis_list(self.axis)), x.ndim)
        reduced_axes = tuple(i for i in range(x.ndim) if i not in channel_axes)
        if mask is None:
            return ops.moments(x, axes=reduced_axes)
        kept = ops.reshape(ops.cast(mask, "bool"), (*mask.shape, *(1,) * (x.ndim - mask.ndim)))
        kept = ops.broadcast_to(kept, x.shape)
        count = ops.sum(ops.cast(kept, x.dtype), axis=reduced_axes) + 1e-7
        mean = ops.sum(ops.where(kept, x, 0), axis=reduced_axes) / count
        shape = [x.shape[i] if i in channel_axes else 1 for i in range(x.ndim)]
        centred = ops.where(kept, x - ops.reshape(mean, shape), 0)
        return mean, ops.sum(centred * centred, axis=reduced_axes) / count


class LayerNormalization(_ScaledNormalization):
    """Normalise each example to mean 0 and deviation 1 over `axis`, then scale and shift it (arXiv:1607.06450).

    Args:
        rms_scaling: divide by the deviation without subtracting the mean, and multiply by gamma: what Keras computes
            under this name and advises against. `RMSNormalization` divides by the root of the mean square.

    >>> LayerNormalization(epsilon=0.0)([[1.0, 3.0]])
    tensor([[-1.,  1.]])
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-3, *args: Any, **kwargs: Any) -> None:
        self.rms_scaling = bool(kwargs.pop("rms_scaling", False))
        super().__init__(*args, **kwargs)
        if self.rms_scaling:
            self.center, self.scale = False, True
        self.axis, self.epsilon = axis_numbers(owner=layer_label(self), axis=axis), float(epsilon)

    def build(self, input_shape: Any) -> None:
        self.add_scale(self.sizes_along(input_shape, as_axis_list(self.axis)))

    def call(self, inputs: Any) -> Tensor:
        axes = tuple(as_axis_list(self.axis))
        x = _promote_half(inputs)
        if self.rms_scaling:
            deviation = ops.sqrt(ops.var(x, axis=axes, keepdims=True) + self.epsilon)
            kept = [a % x.ndim for a in axes]
            out = x / deviation * ops.reshape(self.gamma, [n if i in kept else 1 for i, n in enumerate(x.shape)])
        else:
            out = ops.layer_normalization(x, self.gamma, self.beta, axes, self.epsilon)
        return ops.cast(out, self.compute_dtype)


class GroupNormalization(_ScaledNormalization):
    """Normalise each example's groups of channels to mean 0 and deviation 1 (Wu and He, arXiv:1803.08494).

    Args:
        groups: their number, which must divide the channels; -1 for one group per channel (instance normalisation).

    >>> GroupNormalization(groups=2)(ops.ones((1, 3, 4))).shape
    (1, 3, 4)
    """

    def __init__(self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label = layer_label(self)
        self.groups = -1 if whole_number(groups) == -1 else at_least(1, owner=label, groups=groups)
        self.axis, self.epsilon = any_whole_number(owner=label, axis=axis), float(epsilon)

    def build(self, input_shape: Any) -> None:
        channels = self.sizes_along(input_shape, [self.axis])[0]
        if self.groups == -1:
            self.groups = channels
        if not channels or channels % self.groups:
            mend = f"e.g. GroupNormalization(groups={max(g for g in range(1, 33) if channels % g == 0)})"
            raise ShapeError(f"{channels} channels in {self.groups} groups", "groups that divide the channels", mend)
        self.add_scale([channels])

    def call(self, inputs: Any) -> Tensor:
        axis = self.axis % inputs.ndim
        n, channels = inputs.shape[0], inputs.shape[axis]
        split = [-1 if n is None else n, *inputs.shape[1:]]
        split[axis : axis + 1] = [self.groups, channels // self.groups]
        x = ops.reshape(_promote_half(inputs), split)
        reduced_axes = tuple(i for i in range(1, x.ndim) if i != axis)
        mean, variance = ops.moments(x, axes=reduced_axes, keepdims=True)
        x = ops.reshape((x - mean) * ops.rsqrt(variance + self.epsilon), (split[0], *inputs.shape[1:]))
        weight_shape = [channels if i == axis else 1 for i in range(inputs.ndim)]
        if self.gamma is not None:
            x = x * ops.reshape(self.gamma, weight_shape)
        if self.beta is not None:
            x = x + ops.reshape(self.beta, weight_shape)
        return ops.cast(x, self.compute_dtype)


class RMSNormalization(Layer):
    """Divide each example by its root mean square, and scale it (Zhang and Sennrich, arXiv:1910.07467).

    >>> RMSNormalization(epsilon=0.0)([[3.0, 3.0]])
    tensor([[1., 1.]])
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis, self.epsilon = axis_numbers(owner=layer_label(self), axis=axis), float(epsilon)

    def build(self, input_shape: Any) -> None:
        shape = [input_shape[normalize_axis(a, len(input_shape))] for a in as_axis_list(self.axis)]
        self.scale = self.add_weight(shape, "ones", autocast=False, name="scale")

    def call(self, inputs: Any) -> Tensor:
        out = ops.rms_normalization(_promote_half(inputs), self.scale, tuple(as_axis_list(self.axis)), self.epsilon)
        return ops.cast(out, self.compute_dtype)


class UnitNormalization(Layer):
    """Scale each example to length 1 along `axis`.

    >>> UnitNormalization()([[3.0, 4.0]])
    tensor([[0.6, 0.8]])
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis_numbers(owner=layer_label(self), axis=axis)
        self.supports_masking = True

    def call(self, inputs: Any) -> Tensor:
        squares = ops.sum(inputs * inputs, axis=tuple(as_axis_list(self.axis)), keepdims=True)
        return inputs * ops.rsqrt(ops.maximum(squares, 1e-24))
