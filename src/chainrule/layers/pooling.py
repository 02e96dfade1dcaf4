"""Pooling in one, two and three dimensions, over windows and over all positions.

A constructor's ``*args`` are the arguments of the base class; signatures and configurations name them.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..core.arguments import each_at_least
from ..tensors.tensor import Tensor
from .checks import padding_mode
from .reshaping import _Spatial
from .shape_chain import layer_label


class _Pooling(_Spatial):
    """Pooling over windows of the spatial axes."""

    pool: Any

    def __init__(
        self, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format, name=name, **kwargs)
        label = layer_label(self)
        strides = pool_size if strides is None else strides
        self.pool_size = each_at_least(1, self.rank, owner=label, pool_size=pool_size)
        self.strides = each_at_least(1, self.rank, owner=label, strides=strides)
        self.padding = padding_mode(padding, ["valid", "same"], owner=label)

    def call(self, inputs: Any) -> Tensor:
        return type(self).pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)

    def _advice(self, shape: Any) -> str:
        return "add the missing axis: x[..., None] for one channel, x[None, ...] for one example"


class _MaxPooling(_Pooling):
    """The largest entry of each window."""

    pool = staticmethod(ops.max_pool)


class MaxPooling1D(_MaxPooling, rank=1):
    """The largest entry of each window of steps.

    >>> MaxPooling1D(2)([[[1.0], [3.0], [2.0], [0.0]]]).tolist()
    [[[3.0], [2.0]]]
    """

    def __init__(self, pool_size: Any = 2, *args: Any, **kwargs: Any) -> None:
        super().__init__(pool_size, *args, **kwargs)


class MaxPooling2D(_MaxPooling, rank=2):
    """The largest entry of each window, channel by channel; the first in window order wins a tie.

    >>> MaxPooling2D()(ops.ones((1, 5, 6, 3))).shape
    (1, 2, 3, 3)
    """

    def __init__(self, pool_size: Any = (2, 2), *args: Any, **kwargs: Any) -> None:
        super().__init__(pool_size, *args, **kwargs)


class MaxPooling3D(_MaxPooling, rank=3):
    """The largest entry of each window of a volume.

    >>> MaxPooling3D()(ops.ones((1, 4, 4, 4, 3))).shape
    (1, 2, 2, 2, 3)
    """

    def __init__(self, pool_size: Any = (2, 2, 2), *args: Any, **kwargs: Any) -> None:
        super().__init__(pool_size, *args, **kwargs)


class _AveragePooling(_Pooling):
    """The mean of each window."""

    pool = staticmethod(ops.average_pool)


class AveragePooling1D(_AveragePooling, rank=1):
    """The mean of each window of steps; padding is not counted.

    >>> AveragePooling1D(2)([[[1.0], [3.0], [2.0], [0.0]]]).tolist()
    [[[2.0], [1.0]]]
    """


class AveragePooling2D(_AveragePooling, rank=2):
    """The mean of each window; padding is not counted.

    >>> AveragePooling2D(2)(ops.ones((1, 4, 6, 3))).shape
    (1, 2, 3, 3)
    """


class AveragePooling3D(_AveragePooling, rank=3):
    """The mean of each window of a volume.

    >>> AveragePooling3D(2)(ops.ones((1, 4, 4, 4, 3))).shape
    (1, 2, 2, 2, 3)
    """


class _GlobalPooling(_Spatial):
    """Pooling over all positions of the spatial axes."""

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.keepdims = keepdims


class _GlobalMaxPooling(_GlobalPooling):
    """The largest entry over all positions."""

    def call(self, inputs: Any) -> Tensor:
        return ops.max(inputs, axis=tuple(self.spatial()), keepdims=self.keepdims)


class _GlobalAveragePooling(_GlobalPooling):
    """The mean over all positions."""

    def call(self, inputs: Any) -> Tensor:
        return ops.mean(inputs, axis=tuple(self.spatial()), keepdims=self.keepdims)


class GlobalMaxPooling1D(_GlobalMaxPooling, rank=1):
    """The largest entry over all steps.

    >>> GlobalMaxPooling1D()(ops.ones((2, 5, 3))).shape
    (2, 3)
    """


class GlobalMaxPooling2D(_GlobalMaxPooling, rank=2):
    """The largest entry over all positions, channel by channel.

    >>> GlobalMaxPooling2D()(ops.ones((2, 5, 6, 3))).shape
    (2, 3)
    """


class GlobalMaxPooling3D(_GlobalMaxPooling, rank=3):
    """The largest entry over all positions of a volume.

    >>> GlobalMaxPooling3D()(ops.ones((2, 4, 5, 6, 3))).shape
    (2, 3)
    """


class GlobalAveragePooling1D(_GlobalAveragePooling, rank=1):
    """The mean over all steps, or over those that a mask keeps.

    >>> GlobalAveragePooling1D()(ops.ones((2, 5, 3))).shape
    (2, 3)
    """

    supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Tensor:
        if mask is None:
            return super().call(inputs)
        axis = self.spatial()[0]
        kept = ops.expand_dims(ops.cast(mask, "bool"), 2 if axis == 1 else 1)
        total = ops.sum(ops.where(kept, inputs, 0), axis=axis, keepdims=self.keepdims)
        return total / ops.sum(ops.cast(kept, inputs.dtype), axis=axis, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None


class GlobalAveragePooling2D(_GlobalAveragePooling, rank=2):
    """The mean over all positions, channel by channel (Lin et al., arXiv:1312.4400).

    >>> GlobalAveragePooling2D()(ops.ones((2, 5, 6, 3))).shape
    (2, 3)
    """


class GlobalAveragePooling3D(_GlobalAveragePooling, rank=3):
    """The mean over all positions of a volume.

    >>> GlobalAveragePooling3D()(ops.ones((2, 4, 5, 6, 3))).shape
    (2, 3)
    """


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalAvgPool1D = GlobalMaxPooling1D, GlobalAveragePooling1D
GlobalMaxPool2D, GlobalAvgPool2D = GlobalMaxPooling2D, GlobalAveragePooling2D
GlobalMaxPool3D, GlobalAvgPool3D = GlobalMaxPooling3D, GlobalAveragePooling3D
