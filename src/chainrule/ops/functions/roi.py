"""Regions of interest: boxes of any size in images become blocks of one size, channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core import arguments, memory
from ...core.errors import IndexProblem, ShapeError, SymbolicError, ValueProblem
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import roi
from ..convolution import per_axis
from ..movement import squeeze
from ..record import Operation, freeze, namespace
from .creation import zeros
from .indexing import take
from .shape import concatenate, expand_dims


def _concatenate_boxes(boxes: Any, batch: int | None) -> tuple[Tensor, Any]:
    """Return the boxes as one tensor, and the image index of each if they are a list of one set for each image."""
    if not isinstance(boxes, list | tuple):
        return as_tensor(boxes), None
    sets = [as_tensor(b) for b in boxes]
    if sets and all(s.ndim == 1 and s.size for s in sets):  # rows of plain numbers
        return as_tensor(boxes), None
    sets = [zeros((0, 4)) if s.shape == (0,) else s for s in sets]
    wrong = [s.shape for s in sets if s.ndim != 2 or s.shape[-1] != 4 or s.shape[0] is None]
    if wrong or (sets and len(sets) != batch):
        raise ShapeError(
            f"a list of {len(sets)} sets of boxes for {batch} images" + (f", one of shape {wrong[0]}" if wrong else ""),
            "for each image a set of shape (n, 4); n may be 0",
            "pass one set for each image, or one tensor with box_images",
        )
    images = np.repeat(memory.arange(len(sets), dtype=np.int32), [s.shape[0] for s in sets])
    return concatenate(sets) if sets else zeros((0, 4)), images


def _check_values(boxes: Tensor, images: Tensor | None, batch: int | None) -> None:
    """Check known values; in a graph without values a box that is not finite gives 0."""
    if not boxes.symbolic and boxes.dtype.kind == "f" and not np.isfinite(boxes.numpy()).all():
        raise ValueProblem("boxes with nan or infinite coordinates", "finite numbers", "drop these boxes, or clip them")
    if images is None or images.symbolic or batch is None or not images.size or images.dtype.kind not in "iu":
        return
    low, high = int(images.numpy().min()), int(images.numpy().max())
    if low < 0 or high >= batch:
        passed = f"box_images from {low} to {high} for {batch} images"
        raise IndexProblem(passed, f"0 to {batch - 1}", "number the images of the batch")


def _apply_record(
    record: Operation, features: Any, boxes: Any, output_size: Any, spatial_scale: Any, box_images: Any,
    box_format: str, sampling: Callable[..., Any] | None = None, **attributes: Any,
) -> Tensor:  # fmt: skip
    """Apply the record to boxes as (x1, y1, x2, y2), each with its image; `sampling` computes the ratio from them."""
    arguments.one_of(("xyxy", "yxyx"), box_format=box_format)
    spatial_scale = arguments.finite(above=0, spatial_scale=spatial_scale)
    x = as_tensor(features)
    batch = x.shape[0] if x.ndim else None
    corners, images = _concatenate_boxes(boxes, batch)
    if box_images is not None and (images is not None or corners.ndim != 2):
        passed = "box_images for boxes in one set for each image"
        raise ValueProblem(passed, "one of the two", "leave box_images out, or pass boxes of shape (n, 4)")
    images = None if images is box_images is None else as_tensor(box_images if images is None else images).cast_weak()
    _check_values(corners, images, batch)
    if box_format == "yxyx" and corners.ndim and corners.shape[-1] == 4:
        corners = take(corners, [1, 0, 3, 2], axis=-1)
    single = images is None and corners.ndim == 2 and batch == 1  # all boxes are in the only image
    if images is None and corners.ndim == 2 and not single:
        passed = f"boxes of shape {corners.shape} for {batch} images"
        raise ShapeError(passed, "the image of each box", "pass box_images, (n,)")
    attributes |= {"output_size": per_axis(freeze(output_size), 2, "output_size"), "spatial_scale": spatial_scale}
    if sampling is not None:
        attributes["sampling_ratio"] = sampling(corners, attributes)
    out: Tensor = record(
        x, expand_dims(corners, 0) if single else corners, *[] if images is None else [images], **attributes
    )
    return squeeze(out, 0) if single else out


def roi_pool(
    features: Any, boxes: Any, output_size: Any, spatial_scale: float = 1.0, box_images: Any = None,
    box_format: str = "xyxy",
) -> Tensor:  # fmt: skip
    """Return the largest entry of each bin of each box (Fast R-CNN, Girshick, arXiv:1504.08083).

    Corners are rounded to whole entries, halves away from zero, both ends included; bin p of P covers
    floor(p size / P) to ceil((p + 1) size / P), clipped to the features. At a tie the first in window order gets the
    gradient, an empty bin is 0, a reversed box counts as one entry. Gradients reach the features; that of the boxes is
    0, because of the rounding.

    Args:
        features: (batch, height, width, channels).
        boxes: (n, 4) with `box_images`, or without them for a batch of one; or (batch, k, 4); or a list of the boxes of
            each image, (n_i, 4), n_i from 0.
        output_size: the bins down and across, one number or two.
        spatial_scale: entries of the features for each unit of the boxes, e.g. 1/16.
        box_images: (n,) whole numbers, the index in the batch of each box's image.
        box_format: ``"xyxy"`` (left, top, right, bottom) or ``"yxyx"``.

    Returns:
        (n, *output_size, channels), (batch, k, *output_size, channels), or (sum of n_i, *output_size, channels).

    Raises:
        ShapeError: for other shapes. ValueProblem: for boxes that are not finite, or an invalid argument.
        IndexProblem: for an image outside the batch.

    >>> x = ops.reshape(ops.arange(16.0), (1, 4, 4, 1))
    >>> ops.roi_pool(x, [[0.0, 0.0, 2.0, 2.0]], 2)[..., 0].tolist()
    [[[5.0, 6.0], [9.0, 10.0]]]
    """
    return _apply_record(roi.roi_pool_record, features, boxes, output_size, spatial_scale, box_images, box_format)


def roi_align(
    features: Any, boxes: Any, output_size: Any, spatial_scale: float = 1.0, sampling_ratio: int = 2,
    aligned: bool = True, box_images: Any = None, box_format: str = "xyxy",
) -> Tensor:  # fmt: skip
    """Average interpolated samples of each bin, without rounding (Mask R-CNN, He et al., arXiv:1703.06870).

    Each bin is the mean of `sampling_ratio` times `sampling_ratio` bilinear samples at the centres of its equal parts,
    as in torchvision's ``roi_align``. A sample more than one entry outside the features is 0, nearer ones are moved to
    the border. Gradients reach the features and the boxes. Arguments, results and errors are those of `roi_pool`, and:

    Args:
        sampling_ratio: default 2, the paper's four samples for each bin. 0 or less: the length of the bin in entries,
            rounded up, box by box. The largest box determines the shapes, so the boxes must have values.
        aligned: entry i covers i to i + 1, so its centre is i + 0.5. ``False``: its centre is i, as in the first
            releases, and a box is at least one entry wide and high. A reversed box is read backwards if aligned.

    Raises:
        SymbolicError: for a `sampling_ratio` of 0 or less and boxes without values.

    >>> x = ops.reshape(ops.arange(16.0), (1, 4, 4, 1))
    >>> ops.roi_align(x, [[0.5, 0.5, 2.5, 2.5]], 2)[..., 0].tolist()
    [[[2.5, 3.5], [6.5, 7.5]]]
    """

    def sampling(corners: Tensor, attributes: dict[str, Any]) -> Any:
        ratio = arguments.whole_number(sampling_ratio)
        if ratio is None:
            raise ValueProblem(f"sampling_ratio={sampling_ratio!r:.80}", "a whole number", "e.g. sampling_ratio=2")
        if ratio > 0:
            return ratio
        if corners.symbolic:
            passed = f"sampling_ratio {ratio} for boxes without values"
            mend = "pass a sampling_ratio from 1 up"
            raise SymbolicError(passed, "values, since the number of samples follows from them", mend)
        extent = roi.box_extent(namespace(), as_tensor(corners.numpy()), attributes["spatial_scale"], aligned)[2:]
        bins = attributes["output_size"]
        return tuple(int(np.ceil((size / n).numpy()).max(initial=1)) for size, n in zip(extent, bins, strict=True))

    return _apply_record(
        roi.roi_align_record, features, boxes, output_size, spatial_scale, box_images, box_format, sampling,
        aligned=bool(aligned),
    )  # fmt: skip


def roi_warp(
    features: Any, boxes: Any, output_size: Any, spatial_scale: float = 1.0, sampling_ratio: int = 1,
    box_images: Any = None, box_format: str = "xyxy",
) -> Tensor:  # fmt: skip
    """Average interpolated samples of each bin of rounded boxes (Dai et al., arXiv:1512.04412).

    RoI warp is between `roi_pool` and `roi_align`. The paper samples a box without rounding; the authors' release, and
    so the RoIWarp that Mask R-CNN compares with, first rounds its corners as RoI pooling does. This function follows
    the release: rounded corners, halves away from zero, and P bilinear samples from the start of the box in
    steps of (end - start) / P, at least 0. A sample more than half an entry outside the features is 0, nearer
    ones are moved to the border. Gradients reach the features; that of the boxes is 0, because of the rounding (the
    release computes it as if they were not rounded). For boxes that are trained use `roi_align`.

    Arguments, results and errors are those of `roi_pool`, and:

    Args:
        sampling_ratio: default 1, the paper's single sample for each bin; r: the mean of r times r. For the paper's
            max pooling after the warp, warp to twice the size and use `max_pool`.

    >>> x = ops.reshape(ops.arange(16.0), (1, 4, 4, 1))
    >>> ops.roi_warp(x, [[0.0, 0.2, 2.8, 2.8]], 2)[..., 0].tolist()
    [[[0.0, 1.5], [6.0, 7.5]]]
    """

    def sampling(corners: Tensor, attributes: dict[str, Any]) -> int:
        return arguments.at_least(1, owner="roi_warp", sampling_ratio=sampling_ratio)

    return _apply_record(
        roi.roi_warp_record, features, boxes, output_size, spatial_scale, box_images, box_format, sampling
    )
