"""Features inside boxes, resized to one size: RoI pooling, warp and align."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..core.arguments import at_least, each_at_least
from ..core.errors import ShapeError
from ..tensors.tensor import Tensor
from .checks import any_whole_number
from .layer import Layer
from .shape_chain import layer_label


class _RoI(Layer):
    """A layer called on ``[features, boxes]``, or on ``[features, boxes, box_images]``."""

    rank = 2

    def __init__(self, output_size: Any, spatial_scale: float = 1.0, box_format: str = "xyxy", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_size = each_at_least(1, 2, owner=layer_label(self), output_size=output_size)
        self.spatial_scale, self.box_format = float(spatial_scale), box_format

    def pool(self, features: Tensor, boxes: Any, images: Any) -> Tensor:
        """Return the pooled entries of each box."""
        raise NotImplementedError

    def call(self, inputs: Any) -> Tensor:
        if not isinstance(inputs, list | tuple) or len(inputs) not in (2, 3):
            passed = f"{type(inputs).__name__} for {type(self).__name__}"
            expected = "[features, boxes] or [features, boxes, box_images]"
            raise ShapeError(passed, expected, f"call it as {type(self).__name__}(7)([features, boxes])")
        features, boxes = inputs[:2]
        return self.pool(features, boxes, inputs[2] if len(inputs) == 3 else None)


class RoIPooling(_RoI):
    """The largest entry of each bin of each box, with corners and bins rounded (Girshick, arXiv:1504.08083).

    Args:
        output_size: the bins, a number or (rows, columns). spatial_scale: the features' size over the image's, such as
            1/16, for boxes in image units; 1 for boxes in feature units. box_format: ``"xyxy"`` or ``"yxyx"``.

    Boxes are (batch, k, 4), giving (batch, k, rows, columns, channels); or (n, 4) with box_images (n,).

    >>> RoIPooling(2)([ops.ones((1, 8, 8, 3)), ops.convert_to_tensor([[[0.0, 0.0, 4.0, 4.0]]])]).shape
    (1, 1, 2, 2, 3)
    """

    def pool(self, features: Tensor, boxes: Any, images: Any) -> Tensor:
        return ops.roi_pool(features, boxes, self.output_size, self.spatial_scale, images, self.box_format)


class RoIAlign(_RoI):
    """The mean of interpolated samples in each bin, with nothing rounded (He et al., arXiv:1703.06870).

    Args:
        sampling_ratio: samples per bin along each axis; 0 or less: as many as a bin has entries.
        aligned: whether the entries' centres are at half units. The others as for `RoIPooling`.

    The boxes have a gradient too.

    >>> RoIAlign(2)([ops.ones((1, 8, 8, 3)), ops.convert_to_tensor([[[0.0, 0.0, 4.0, 4.0]]])]).shape
    (1, 1, 2, 2, 3)
    """

    def __init__(
        self, output_size: Any, spatial_scale: float = 1.0, sampling_ratio: int = 2, aligned: bool = True,
        box_format: str = "xyxy", **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(output_size, spatial_scale, box_format, **kwargs)
        self.sampling_ratio = any_whole_number(owner=layer_label(self), sampling_ratio=sampling_ratio)
        self.aligned = aligned

    def pool(self, features: Tensor, boxes: Any, images: Any) -> Tensor:
        bins = (self.output_size, self.spatial_scale, self.sampling_ratio)
        return ops.roi_align(features, boxes, *bins, self.aligned, images, self.box_format)


class RoIWarp(_RoI):
    """Between the two: corners rounded as in pooling, interpolated samples as in align (arXiv:1512.04412).

    Args:
        sampling_ratio: samples per bin along each axis. The others as for `RoIPooling`.

    >>> RoIWarp(2)([ops.ones((1, 8, 8, 3)), ops.convert_to_tensor([[[0.0, 0.0, 4.0, 4.0]]])]).shape
    (1, 1, 2, 2, 3)
    """

    def __init__(
        self, output_size: Any, spatial_scale: float = 1.0, sampling_ratio: int = 1, box_format: str = "xyxy",
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(output_size, spatial_scale, box_format, **kwargs)
        self.sampling_ratio = at_least(1, owner=layer_label(self), sampling_ratio=sampling_ratio)

    def pool(self, features: Tensor, boxes: Any, images: Any) -> Tensor:
        bins = (self.output_size, self.spatial_scale, self.sampling_ratio)
        return ops.roi_warp(features, boxes, *bins, images, self.box_format)
